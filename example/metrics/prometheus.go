package metrics

import (
	"context"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/wsecho/wsecho"
)

// Prometheus is a Collector of h's figures. Register one for each Handler, each with labels of its own
// (prometheus.WrapRegistererWith) if there are several:
//
//	prometheus.MustRegister(metrics.Prometheus(h))
func Prometheus(h *wsecho.Handler) prometheus.Collector {
	desc := prometheus.NewDesc
	return &wsechoCollector{
		h:         h,
		open:      desc("wsecho_sessions_open", "Sessions that are open.", nil, nil),
		opened:    desc("wsecho_sessions_opened_total", "Sessions that were opened.", nil, nil),
		ended:     desc("wsecho_sessions_ended_total", "Sessions that ended, by cause.", []string{"cause"}, nil),
		refused:   desc("wsecho_handshakes_refused_total", "Handshakes that were refused, by the check they failed.", []string{"check"}, nil),
		messages:  desc("wsecho_messages_total", "Messages, by direction.", []string{"direction"}, nil),
		bytes:     desc("wsecho_message_bytes_total", "Bytes of messages, by direction.", []string{"direction"}, nil),
		queued:    desc("wsecho_queued_bytes", "Bytes that wait for slow peers.", nil, nil),
		maxQueued: desc("wsecho_queued_max_bytes", "Bytes that wait for the slowest peer.", nil, nil),
		latency:   desc("wsecho_latency_seconds", "Round trip of the sessions' latest pings, by percentile.", []string{"percentile"}, nil),
	}
}

// PrometheusSizes returns next as one that counts the size of each message first, and the histogram that does, to be
// registered. A nil next is wsecho.Echo.
//
//	sizes, onMessage := metrics.PrometheusSizes(hook)
//	prometheus.MustRegister(sizes)
//	h.OnMessage = onMessage
func PrometheusSizes(next wsecho.MessageFunc) (prometheus.Histogram, wsecho.MessageFunc) {
	if next == nil {
		next = wsecho.Echo
	}
	sizes := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "wsecho_message_size_bytes",
		Help:    "Sizes of the messages that peers sent.",
		Buckets: prometheus.ExponentialBuckets(64, 4, 8), // to 1 MiB, the default of ReadLimit
	})
	return sizes, func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		sizes.Observe(float64(len(p)))
		return next(ctx, s, typ, p)
	}
}

// wsechoCollector reads one Handler at each scrape.
type wsechoCollector struct {
	h *wsecho.Handler

	open, opened, ended, refused, messages, bytes, queued, maxQueued, latency *prometheus.Desc
}

// Describe sends what Collect may.
func (c *wsechoCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.open, c.opened, c.ended, c.refused, c.messages, c.bytes, c.queued, c.maxQueued, c.latency} {
		ch <- d
	}
}

// Collect runs at each scrape, and may run concurrently with itself.
func (c *wsechoCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.h.Stats() // one snapshot: the figures agree with one another
	gauge := func(d *prometheus.Desc, v float64, label ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label...)
	}
	counter := func(d *prometheus.Desc, v uint64, label ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), label...)
	}
	gauge(c.open, float64(s.Open))
	gauge(c.queued, float64(s.Queued))
	counter(c.opened, s.Opened)
	for cause, n := range s.Ended {
		counter(c.ended, n, cause)
	}
	for check, n := range s.Refused {
		counter(c.refused, n, check)
	}
	counter(c.messages, s.MessagesIn, "in")
	counter(c.messages, s.MessagesOut, "out")
	counter(c.bytes, s.BytesIn, "in")
	counter(c.bytes, s.BytesOut, "out")

	sessions := wsechoLook(c.h)
	gauge(c.maxQueued, float64(sessions.maxQueued))
	sessions.percentiles(func(percentile string, seconds float64) { gauge(c.latency, seconds, percentile) })
}
