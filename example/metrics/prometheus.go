package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"example.com/wsecho/wsecho"
)

// Prometheus is a Collector of h's Stats. Register one for each Handler, each with labels of its own
// (prometheus.WrapRegistererWith) if there are several:
//
//	prometheus.MustRegister(metrics.Prometheus(h))
func Prometheus(h *wsecho.Handler) prometheus.Collector { return collector{h} }

type collector struct{ h *wsecho.Handler }

var (
	open     = prometheus.NewDesc("wsecho_sessions_open", "Sessions that are open.", nil, nil)
	opened   = prometheus.NewDesc("wsecho_sessions_opened_total", "Sessions that were opened.", nil, nil)
	ended    = prometheus.NewDesc("wsecho_sessions_ended_total", "Sessions that ended, by cause.", []string{"cause"}, nil)
	refused  = prometheus.NewDesc("wsecho_handshakes_refused_total", "Handshakes that were refused, by the check they failed.", []string{"check"}, nil)
	messages = prometheus.NewDesc("wsecho_messages_total", "Messages, by direction.", []string{"direction"}, nil)
	bytes    = prometheus.NewDesc("wsecho_message_bytes_total", "Bytes of messages, by direction.", []string{"direction"}, nil)
	queued   = prometheus.NewDesc("wsecho_queued_bytes", "Bytes that wait for slow peers.", nil, nil)
)

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{open, opened, ended, refused, messages, bytes, queued} {
		ch <- d
	}
}

// Collect runs at each scrape, and may run concurrently with itself.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c.h.Stats() // one snapshot: the figures agree with one another
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	counter := func(d *prometheus.Desc, v uint64, label ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), label...)
	}
	gauge(open, float64(s.Open))
	gauge(queued, float64(s.Queued))
	counter(opened, s.Opened)
	for cause, n := range s.Ended {
		counter(ended, n, cause)
	}
	for check, n := range s.Refused {
		counter(refused, n, check)
	}
	counter(messages, s.MessagesIn, "in")
	counter(messages, s.MessagesOut, "out")
	counter(bytes, s.BytesIn, "in")
	counter(bytes, s.BytesOut, "out")
}
