module example.com/wsecho/wsecho/wsnet/peertest

go 1.26.0

replace example.com/wsecho => ../../..

require (
	example.com/wsecho v0.0.0-00010101000000-000000000000
	github.com/coder/websocket v1.8.15
	github.com/mochi-mqtt/server/v2 v2.7.9
	golang.org/x/net v0.62.0
)

require (
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	github.com/gorilla/websocket v1.5.0 // indirect
	github.com/rs/xid v1.4.0 // indirect
	gopkg.in/check.v1 v1.0.0-20180628173108-788fd7840127 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
