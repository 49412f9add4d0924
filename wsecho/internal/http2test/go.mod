module example.com/wsecho/wsecho/internal/http2test

go 1.26.0

replace (
	example.com/wsecho => ../../..
	example.com/wsecho/middleware/peertest => ../../../middleware/peertest
)

require (
	example.com/wsecho v0.0.0-00010101000000-000000000000
	example.com/wsecho/middleware/peertest v0.0.0-00010101000000-000000000000
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
	golang.org/x/net v0.62.0
)

require (
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
