package metrics_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"example.com/wsecho/example/metrics"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain fails the run if anything is left when all tests are done.
func TestMain(m *testing.M) { leaktest.Main(m, http.DefaultClient.CloseIdleConnections) }

// busy has h see one of everything: a session that goes on and has answered a ping, one that its peer has closed, and
// a handshake that was refused.
func busy(t *testing.T, h *wsecho.Handler) *wsecho.Handler {
	h.PingInterval = 10 * time.Millisecond
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { h.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), await.Patience)
	defer cancel()

	stays := dial(t, ctx, srv.URL)
	for _, p := range []string{"one", "three"} {
		if err := stays.Write(ctx, websocket.MessageText, []byte(p)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := stays.Read(ctx); err != nil || string(got) != p {
			t.Fatalf("echo of %q: %q, %v", p, got, err)
		}
	}
	if err := dial(t, ctx, srv.URL).Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(srv.URL) // no handshake
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()

	go stays.Read(context.Background()) // answers pings
	latency := func() (d time.Duration) {
		for s := range h.Sessions() {
			d = s.Latency()
		}
		return d
	}
	for h.Stats().Ended["peer"] == 0 || h.Stats().Open > 1 || latency() == 0 { // the counts follow the close
		if ctx.Err() != nil {
			t.Fatalf("the session that was closed is still open: %+v, latency %v", h.Stats(), latency())
		}
		time.Sleep(time.Millisecond)
	}
	return h
}

func dial(t *testing.T, ctx context.Context, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func TestPrometheus(t *testing.T) {
	reg := prometheus.NewPedanticRegistry() // checks what is collected against what is described
	sizes, onMessage := metrics.PrometheusSizes(nil)
	h := &wsecho.Handler{OnMessage: onMessage}
	reg.MustRegister(sizes, metrics.Prometheus(busy(t, h)))
	srv := httptest.NewServer(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	defer srv.Close()

	res, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	scraped, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("scrape: %s, %v\n%s", res.Status, err, scraped)
	}
	var got []string
	for line := range strings.Lines(string(scraped)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "wsecho_latency_seconds") {
			name, value, _ := strings.Cut(line, " ")
			if d, err := strconv.ParseFloat(value, 64); err != nil || d <= 0 || d > 10 {
				t.Errorf("%s", line)
			}
			line = name // it is another each time
		}
		if !strings.HasPrefix(line, "#") {
			got = append(got, line)
		}
	}
	want := []string{
		`wsecho_handshakes_refused_total{check="upgrade"} 1`,
		`wsecho_latency_seconds{percentile="100"}`,
		`wsecho_latency_seconds{percentile="50"}`,
		`wsecho_latency_seconds{percentile="99"}`,
		`wsecho_message_bytes_total{direction="in"} 8`,
		`wsecho_message_bytes_total{direction="out"} 8`,
		`wsecho_message_size_bytes_bucket{le="64"} 2`,
		`wsecho_message_size_bytes_bucket{le="256"} 2`,
		`wsecho_message_size_bytes_bucket{le="1024"} 2`,
		`wsecho_message_size_bytes_bucket{le="4096"} 2`,
		`wsecho_message_size_bytes_bucket{le="16384"} 2`,
		`wsecho_message_size_bytes_bucket{le="65536"} 2`,
		`wsecho_message_size_bytes_bucket{le="262144"} 2`,
		`wsecho_message_size_bytes_bucket{le="1.048576e+06"} 2`,
		`wsecho_message_size_bytes_bucket{le="+Inf"} 2`,
		`wsecho_message_size_bytes_sum 8`,
		`wsecho_message_size_bytes_count 2`,
		`wsecho_messages_total{direction="in"} 2`,
		`wsecho_messages_total{direction="out"} 2`,
		`wsecho_queued_bytes 0`,
		`wsecho_queued_max_bytes 0`,
		`wsecho_sessions_ended_total{cause="peer"} 1`,
		`wsecho_sessions_open 1`,
		`wsecho_sessions_opened_total 2`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("scraped\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOpenTelemetry(t *testing.T) {
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	defer provider.Shutdown(context.Background())
	route := attribute.String("route", "/ws")
	onMessage, err := metrics.OpenTelemetrySizes(provider.Meter("test"), wsecho.Echo, route)
	if err != nil {
		t.Fatal(err)
	}
	h := busy(t, &wsecho.Handler{OnMessage: onMessage})
	reg, err := metrics.OpenTelemetry(provider.Meter("test"), h, route)
	if err != nil {
		t.Fatal(err)
	}

	want := map[string]int64{
		"wsecho.sessions.open route=/ws":                    1,
		"wsecho.sessions.opened route=/ws":                  2,
		"wsecho.sessions.ended cause=peer,route=/ws":        1,
		"wsecho.handshakes.refused check=upgrade,route=/ws": 1,
		"wsecho.messages direction=in,route=/ws":            2,
		"wsecho.messages direction=out,route=/ws":           2,
		"wsecho.message.bytes direction=in,route=/ws":       8,
		"wsecho.message.bytes direction=out,route=/ws":      8,
		"wsecho.message.size route=/ws":                     8,
		"wsecho.queued route=/ws":                           0,
		"wsecho.queued.max route=/ws":                       0,
	}
	got := collect(t, reader)
	for _, percentile := range []string{"50", "99", "100"} {
		name := "wsecho.latency percentile=" + percentile + ",route=/ws"
		if d := got[name]; d <= 0 || d > int64(10*time.Second) {
			t.Errorf("%s: %d ns", name, d)
		}
		delete(got, name)
	}
	if !maps.Equal(got, want) {
		t.Errorf("collected %v\nwant %v", got, want)
	}
	if err := reg.Unregister(); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, reader); len(got) > 1 { // the sizes, which no Registration has
		t.Errorf("collected %v after Unregister", got)
	}
}

// collect reads every point, named by its instrument and its attributes: seconds in ns, of a histogram the sum.
func collect(t *testing.T, reader metric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	points := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			add := func(of attribute.Set, v int64) {
				points[fmt.Sprintf("%s %s", m.Name, of.Encoded(attribute.DefaultEncoder()))] = v
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, int64(p.Value*1e9))
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Sum)
				}
			default:
				t.Fatalf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	return points
}
