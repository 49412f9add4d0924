package metrics_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
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
	"example.com/wsecho/internal/leaktest"
	"example.com/wsecho/wsecho"
)

// TestMain fails the run if anything is left when all tests are done.
func TestMain(m *testing.M) { leaktest.Main(m, http.DefaultClient.CloseIdleConnections) }

// busy is a Handler that has seen one of everything: a session that goes on, one that its peer has
// closed, and a handshake that was refused.
func busy(t *testing.T) *wsecho.Handler {
	h := &wsecho.Handler{}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { h.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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

	for h.Stats().Ended["peer"] == 0 { // the counts follow the close
		if ctx.Err() != nil {
			t.Fatalf("the session that was closed is still open: %+v", h.Stats())
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
	reg.MustRegister(metrics.Prometheus(busy(t)))
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
		if !strings.HasPrefix(line, "#") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`wsecho_handshakes_refused_total{check="upgrade"} 1`,
		`wsecho_message_bytes_total{direction="in"} 8`,
		`wsecho_message_bytes_total{direction="out"} 8`,
		`wsecho_messages_total{direction="in"} 2`,
		`wsecho_messages_total{direction="out"} 2`,
		`wsecho_queued_bytes 0`,
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
	reg, err := metrics.OpenTelemetry(provider.Meter("test"), busy(t), attribute.String("route", "/ws"))
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
		"wsecho.queued route=/ws":                           0,
	}
	if got := collect(t, reader); !maps.Equal(got, want) {
		t.Errorf("collected %v\nwant %v", got, want)
	}
	if err := reg.Unregister(); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, reader); len(got) > 0 {
		t.Errorf("collected %v after Unregister", got)
	}
}

// collect reads every point, named by its instrument and its attributes.
func collect(t *testing.T, reader metric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	points := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				t.Fatalf("%s is a %T", m.Name, m.Data)
			}
			for _, p := range sum.DataPoints {
				points[fmt.Sprintf("%s %s", m.Name, p.Attributes.Encoded(attribute.DefaultEncoder()))] = p.Value
			}
		}
	}
	return points
}
