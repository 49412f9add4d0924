package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// table is what a run prints: a caption, and the servers' medians as a Markdown table.
func table(p plan, r results) string {
	var b strings.Builder
	b.WriteString(caption(p) + "\n\n")
	head, rule := "| server |", "|---|"
	cols := tableColumns(p, r)
	for _, c := range cols {
		head += " " + c.head + " |"
		rule += "---:|"
	}
	b.WriteString(head + "\n" + rule + "\n")
	for _, peer := range p.peers {
		b.WriteString("| " + peer.name + " |")
		for _, c := range cols {
			b.WriteString(" " + c.cell(peer) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func caption(p plan) string {
	return fmt.Sprintf("Server CPU a message (fan-out: a delivery; handshake: a connection), its ratio to the best peer "+
		"(ping-pong: to the best with a goroutine a connection; handshake: to gorilla; over TLS: none), and how many a second. "+
		"Idle: heap and stacks after garbage collection, a session of %d. "+
		"Medians, rounds × time: %d × %v. %s, %s.",
		p.idlers, p.rounds, p.span, machine(), runtime.Version())
}

// machine names the processor where Linux tells it.
func machine() string {
	name := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if k, v, _ := strings.Cut(line, ":"); strings.TrimSpace(k) == "model name" {
			name = strings.TrimSpace(v)
			break
		}
	}
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), name, runtime.GOOS)
}

type tableColumn struct {
	head string
	cell func(peer) string
}

func tableColumns(p plan, r results) []tableColumn {
	var cols, last []tableColumn
	var echoing []column
	for _, c := range p.columns {
		best := p.best(c, r)
		cols = append(cols, tableColumn{c.title, func(peer peer) string {
			m, ok := r.median(c, peer)
			if !ok {
				return ""
			}
			cell := figure(c, m)
			if best > 0 {
				cell += " ×" + ratio(c.value(m)/best)
			}
			if !c.idle() {
				cell += " " + perSecond(m.rate)
			}
			return cell
		}})
		switch {
		case c.idle():
			last = append(last, tableColumn{"goroutines", func(peer peer) string {
				m, _ := r.median(c, peer)
				return fmt.Sprintf("%.2f", m.goroutines)
			}})
		case c.per == "message":
			echoing = append(echoing, c)
		}
	}
	if len(echoing) > 0 {
		last = append(last, tableColumn{"allocations: " + list(echoing, column.id), func(peer peer) string {
			return list(echoing, func(c column) string {
				m, ok := r.median(c, peer)
				if !ok {
					return "–"
				}
				return few(m.allocs)
			})
		}})
	}
	return append(cols, last...)
}
