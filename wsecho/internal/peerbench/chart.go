package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth  = 920
	chartMargin = 20
	panelGap    = 36
	panelWidth  = (chartWidth - 2*chartMargin - panelGap) / 2
	panelTitle  = 30
	barPitch    = 20
	barHeight   = 13
	nameWidth   = 64
	valueWidth  = 70
	barWidth    = panelWidth - nameWidth - valueWidth
)

// It paints its own background, so that it reads the same wherever it is embedded, in the colours that the reader prefers.
const chartStyle = `
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --ours: #0969da; --peer: #9aa4af; --floor: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --ours: #4493f8; --peer: #656c76; --floor: #3d444d }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink) }
  .paper { fill: var(--paper) }
  .title { font-weight: 600; font-size: 13px }
  .faint { fill: var(--faint) }
  .name { text-anchor: end }
  .us { font-weight: 600 }
  .ours { fill: var(--ours) }
  .peer { fill: var(--peer) }
  .floor { fill: var(--floor) }
`

// chart draws a panel for each column that has peers, as an SVG file that needs nothing else. In each the longest bar belongs to the
// largest value.
func chart(p plan, r results) string {
	columns := slices.DeleteFunc(slices.Clone(p.columns), func(c column) bool { return c.encrypted }) // one bar each: no comparison
	rows := (len(columns) + 1) / 2
	panelHeight := panelTitle + len(p.peers)*barPitch + 16
	height := 2*chartMargin + 34 + rows*panelHeight
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img">`+"\n", chartWidth, height)
	fmt.Fprintf(&b, "<title>What WebSocket servers cost: %s</title>\n", html.EscapeString(list(p.peers, peer.id)))
	fmt.Fprintf(&b, "<style>%s</style>\n", chartStyle)
	fmt.Fprintf(&b, `<rect class="paper" width="%d" height="%d"/>`+"\n", chartWidth, height)
	write(&b, chartMargin, chartMargin+14, "title", "What a WebSocket server costs: shorter is better")
	write(&b, chartMargin, chartMargin+32, "faint", "bare: sockets alone, no library; "+machine())
	for i, c := range columns {
		x := chartMargin + i%2*(panelWidth+panelGap)
		y := chartMargin + 40 + i/2*panelHeight
		panel(&b, x, y, c, p.peers, r)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func panel(b *strings.Builder, x, y int, c column, peers []peer, r results) {
	what := "CPU a " + c.per
	if c.idle() {
		what = "memory a " + c.per
	}
	fmt.Fprintf(b, `<text class="title" x="%d" y="%d">%s <tspan class="faint" font-weight="400">%s</tspan></text>`+"\n",
		x, y+20, html.EscapeString(c.title), what)
	most := 0.0
	for _, p := range peers {
		if m, ok := r.median(c, p); ok {
			most = max(most, c.value(m))
		}
	}
	for i, p := range peers {
		m, ok := r.median(c, p)
		if !ok {
			continue
		}
		middle := y + panelTitle + i*barPitch + barPitch/2
		width := 1.0
		if most > 0 {
			width = max(width, barWidth*c.value(m)/most)
		}
		class := map[kind]string{ours: "ours", floor: "floor"}[p.kind]
		us := ""
		if p.kind == ours {
			us = " us"
		}
		if class == "" {
			class = "peer"
		}
		write(b, x+nameWidth-6, middle+4, "name"+us, p.name)
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", class, x+nameWidth, middle-barHeight/2, width, barHeight)
		write(b, x+nameWidth+int(width)+6, middle+4, "value"+us, figure(c, m))
	}
}

func write(b *strings.Builder, x, y int, class, s string) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, html.EscapeString(s))
}
