package clustertest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// logLines is what a Logger got.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write takes a line of the Logger's.
func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) contains(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}
