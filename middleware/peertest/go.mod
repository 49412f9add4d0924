module example.com/wsecho/middleware/peertest

go 1.26.0

replace example.com/wsecho => ../..

require golang.org/x/net v0.62.0

require golang.org/x/text v0.43.0 // indirect
