package main

import (
	"fmt"
	"strings"
)

// table is the results in Markdown.
func table(p plan, r results) string {
	var b strings.Builder
	head, rule := "| server |", "| --- |"
	for _, c := range p.columns {
		for _, f := range c.figures {
			head += " " + f.title + " |"
			rule += " ---: |"
		}
	}
	fmt.Fprintln(&b, head)
	fmt.Fprintln(&b, rule)
	for _, s := range p.servers {
		fmt.Fprintf(&b, "| %s |", s.name)
		for _, c := range p.columns {
			for _, f := range c.figures {
				fmt.Fprintf(&b, " %s |", cell(r, c, s, p.servers[0], f))
			}
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// cell is a figure, and where that is wanted its ratio to what first has.
func cell(r results, c column, s, first server, f figure) string {
	m, ok := r.median(c, s, f)
	if !ok {
		return "-"
	}
	shown := f.show(m)
	if base, ok := r.median(c, first, f); ok && f.ratio {
		shown += fmt.Sprintf(" ×%.2f", m.server/base.server)
	}
	return shown
}

// show is the figure with its unit, and what the nats-server has of it behind a plus.
func (f figure) show(v spent) string {
	s := number(v.server * f.scale)
	if v.nats != 0 {
		s += " + " + number(v.nats*f.scale)
	}
	return s + " " + f.unit
}

// number is x to three digits, or whole where it has more.
func number(x float64) string {
	switch {
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}
