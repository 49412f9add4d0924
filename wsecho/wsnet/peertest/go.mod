module example.com/wsecho/wsecho/wsnet/peertest

go 1.26.0

replace example.com/wsecho => ../../..

require (
	example.com/wsecho v0.0.0-00010101000000-000000000000
	github.com/coder/websocket v1.8.15
	go.uber.org/goleak v1.3.0
	golang.org/x/net v0.62.0
)

require (
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	github.com/stretchr/testify v1.8.1 // indirect
)
