package metrics_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"example.com/wsecho/example/metrics"
	"example.com/wsecho/wsecho"
)

// echoed sends one message to h and waits for its echo.
func echoed(h *wsecho.Handler, message string) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, srv.URL, &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}})
	if err != nil {
		panic(err)
	}
	c.Write(ctx, websocket.MessageText, []byte(message))
	c.Read(ctx)
	c.Close(websocket.StatusNormalClosure, "")
	h.Shutdown(ctx)
}

// A service registers with prometheus.DefaultRegisterer, as prometheus.MustRegister does.
func ExamplePrometheus() {
	h := &wsecho.Handler{}
	reg := prometheus.NewRegistry()
	reg.MustRegister(metrics.Prometheus(h))

	echoed(h, "hello")
	families, _ := reg.Gather()
	for _, f := range families {
		if f.GetName() == "wsecho_sessions_ended_total" {
			m := f.GetMetric()[0]
			fmt.Println(m.GetLabel()[0].GetValue(), m.GetCounter().GetValue())
		}
	}
	// Output: peer 1
}

func ExamplePrometheusSizes() {
	sizes, onMessage := metrics.PrometheusSizes(wsecho.Echo)
	h := &wsecho.Handler{OnMessage: onMessage}
	reg := prometheus.NewRegistry()
	reg.MustRegister(sizes, metrics.Prometheus(h))

	echoed(h, "hello")
	families, _ := reg.Gather()
	for _, f := range families {
		if f.GetName() == "wsecho_message_size_bytes" {
			fmt.Println(f.GetMetric()[0].GetHistogram().GetSampleSum(), "bytes")
		}
	}
	// Output: 5 bytes
}

// A service has the meter of otel.Meter, whose provider sends what it collects.
func ExampleOpenTelemetry() {
	reader := metric.NewManualReader()
	meter := metric.NewMeterProvider(metric.WithReader(reader)).Meter("example.com/wsecho")
	h := &wsecho.Handler{}
	reg, err := metrics.OpenTelemetry(meter, h)
	if err != nil {
		panic(err)
	}
	defer reg.Unregister()

	echoed(h, "hello")
	fmt.Println(sum(reader, "wsecho.sessions.opened"), "session")
	// Output: 1 session
}

func ExampleOpenTelemetrySizes() {
	reader := metric.NewManualReader()
	meter := metric.NewMeterProvider(metric.WithReader(reader)).Meter("example.com/wsecho")
	onMessage, err := metrics.OpenTelemetrySizes(meter, wsecho.Echo)
	if err != nil {
		panic(err)
	}
	echoed(&wsecho.Handler{OnMessage: onMessage}, "hello")
	fmt.Println(sum(reader, "wsecho.message.size"), "bytes")
	// Output: 5 bytes
}

// sum reads one instrument.
func sum(reader metric.Reader, name string) int64 {
	var all metricdata.ResourceMetrics
	reader.Collect(context.Background(), &all)
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			if m.Name == name {
				return data.DataPoints[0].Value
			}
		case metricdata.Histogram[int64]:
			if m.Name == name {
				return data.DataPoints[0].Sum
			}
		}
	}
	return -1
}
