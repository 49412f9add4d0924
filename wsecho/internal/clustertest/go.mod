module example.com/wsecho/wsecho/internal/clustertest

go 1.26.0

replace (
	example.com/wsecho => ../../..
	example.com/wsecho/wsecho/hub/natslog => ../../hub/natslog
)

require (
	example.com/wsecho v0.0.0-00010101000000-000000000000
	example.com/wsecho/wsecho/hub/natslog v0.0.0-00010101000000-000000000000
	github.com/coder/websocket v1.8.15
	github.com/nats-io/nats-server/v2 v2.15.2
	github.com/nats-io/nats.go v1.55.0
)
