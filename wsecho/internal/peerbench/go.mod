module example.com/wsecho/wsecho/internal/peerbench

go 1.26.0

replace (
	example.com/wsecho => ../../..
	example.com/wsecho/middleware/peertest => ../../../middleware/peertest
)

require (
	example.com/wsecho v0.0.0-00010101000000-000000000000
	example.com/wsecho/middleware/peertest v0.0.0-00010101000000-000000000000
	github.com/coder/websocket v1.8.15
	github.com/gobwas/ws v1.5.0
	github.com/gorilla/websocket v1.5.3
	github.com/lesismal/nbio v1.6.8
	github.com/lxzan/gws v1.8.9
	github.com/olahol/melody v1.1.4
	golang.org/x/sync v0.25.0
)

require (
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/klauspost/compress v1.17.9 // indirect
	github.com/lesismal/llib v1.2.2 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
