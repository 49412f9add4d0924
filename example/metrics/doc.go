// Package metrics hands a Handler's Stats to Prometheus or OpenTelemetry. It is an example: copy the
// file you need. Both read Stats when they are asked, so that a message costs nothing more.
//
//	prometheus.go  for github.com/prometheus/client_golang
//	otel.go        for go.opentelemetry.io/otel/metric
package metrics
