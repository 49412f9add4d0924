package sessiontest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// Log keeps what a Handler logs.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Logger writes to the log, from level Debug up.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write takes one record.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all records, one a line.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Has says whether one record contains all of parts.
func (l *Log) Has(parts ...string) bool {
next:
	for line := range strings.Lines(l.String()) {
		for _, p := range parts {
			if !strings.Contains(line, p) {
				continue next
			}
		}
		return true
	}
	return false
}
