package main

import (
	"io"
	"log"
	"net/http"
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
)

// accessLog is chi's Logger for a service with long sessions. chi leaves a request's entry in the request's
// context, whose values a session keeps, and the entry keeps the request: 14 KB of headers and the line in
// the log would live as long as the session.
func accessLog(to io.Writer) func(http.Handler) http.Handler {
	return chimiddleware.RequestLogger(briefly{
		&chimiddleware.DefaultLogFormatter{Logger: log.New(to, "", log.LstdFlags)},
	})
}

// briefly makes entries that keep nothing once they are written.
type briefly struct{ chimiddleware.LogFormatter }

// NewLogEntry is called by chi when a request begins.
func (b briefly) NewLogEntry(r *http.Request) chimiddleware.LogEntry {
	return &briefEntry{b.LogFormatter.NewLogEntry(r)}
}

// briefEntry is an entry until it is written. While a session's hooks run it must not be used: it may be gone.
type briefEntry struct{ chimiddleware.LogEntry }

// Write is called by chi when the handler has returned: behind it is a session, or nothing.
func (e *briefEntry) Write(status, bytes int, header http.Header, elapsed time.Duration, extra any) {
	e.LogEntry.Write(status, bytes, header, elapsed, extra)
	e.LogEntry = nil
}
