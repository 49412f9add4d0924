package metrics

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"example.com/wsecho/wsecho"
)

// OpenTelemetry observes h's Stats each time that m's reader collects, until the Registration is
// unregistered. Call it once for each Handler, with attributes that tell them apart if there are several:
//
//	reg, err := metrics.OpenTelemetry(otel.Meter("example.com/wsecho"), h)
func OpenTelemetry(m metric.Meter, h *wsecho.Handler, attrs ...attribute.KeyValue) (metric.Registration, error) {
	open, err1 := m.Int64ObservableUpDownCounter("wsecho.sessions.open", metric.WithUnit("{session}"))
	opened, err2 := m.Int64ObservableCounter("wsecho.sessions.opened", metric.WithUnit("{session}"))
	ended, err3 := m.Int64ObservableCounter("wsecho.sessions.ended", metric.WithUnit("{session}"))
	refused, err4 := m.Int64ObservableCounter("wsecho.handshakes.refused", metric.WithUnit("{handshake}"))
	messages, err5 := m.Int64ObservableCounter("wsecho.messages", metric.WithUnit("{message}"))
	bytes, err6 := m.Int64ObservableCounter("wsecho.message.bytes", metric.WithUnit("By"))
	queued, err7 := m.Int64ObservableUpDownCounter("wsecho.queued", metric.WithUnit("By"))
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return nil, err
	}
	return m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := h.Stats() // one snapshot: the figures agree with one another
		observe := func(i metric.Int64Observable, n int64, more ...attribute.KeyValue) {
			o.ObserveInt64(i, n, metric.WithAttributes(attrs...), metric.WithAttributes(more...))
		}
		observe(open, int64(s.Open))
		observe(queued, s.Queued)
		observe(opened, int64(s.Opened))
		for cause, n := range s.Ended {
			observe(ended, int64(n), attribute.String("cause", cause))
		}
		for check, n := range s.Refused {
			observe(refused, int64(n), attribute.String("check", check))
		}
		observe(messages, int64(s.MessagesIn), attribute.String("direction", "in"))
		observe(messages, int64(s.MessagesOut), attribute.String("direction", "out"))
		observe(bytes, int64(s.BytesIn), attribute.String("direction", "in"))
		observe(bytes, int64(s.BytesOut), attribute.String("direction", "out"))
		return nil
	}, open, opened, ended, refused, messages, bytes, queued)
}
