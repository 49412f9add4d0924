// Package clustertest runs services of several nodes with real clients, and takes their parts away: nodes are drained,
// killed and stopped, NATS servers are killed one by one and all at once, and the log loses what it had. It holds
// package hub on package natslog against its promises: nothing missing, nothing twice, one order, no reset without a
// fault of the log.
//
//	go test ./...                            # the short form, some two minutes
//	go test -timeout 3h -long -rounds 10 .   # 300 clients, every fault of the table ten times, and its figures
//
// Processes are stopped and continued by signals, which Windows has not.
//
// It is a module of its own so that no user of natslog sees nats-server in a go.sum.
package clustertest
