// Package metrics hands what a Handler counts to Prometheus or OpenTelemetry. It is an example: copy prometheus.go or otel.go,
// and latency.go, into a package of yours and change their package line; their names are meant to meet no others. All
// read the Handler when they are asked, so that a message costs nothing more, but for its size where that is counted.
//
//	prometheus.go   for github.com/prometheus/client_golang
//	otel.go         for go.opentelemetry.io/otel/metric
//	latency.go      what both read of each session
//	dashboard.json  for Grafana, on what prometheus.go exports: Dashboards, New, Import
package metrics
