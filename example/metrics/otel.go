package metrics

import (
	"context"
	"errors"

	"github.com/coder/websocket"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"example.com/wsecho/wsecho"
)

// OpenTelemetry observes h's figures each time that m's reader collects, until the Registration is
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
	maxQueued, err8 := m.Int64ObservableGauge("wsecho.queued.max", metric.WithUnit("By"))
	latency, err9 := m.Float64ObservableGauge("wsecho.latency", metric.WithUnit("s"))
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
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

		sessions := wsechoLook(h)
		observe(maxQueued, int64(sessions.maxQueued))
		sessions.percentiles(func(percentile string, seconds float64) {
			o.ObserveFloat64(latency, seconds, metric.WithAttributes(attrs...), metric.WithAttributes(attribute.String("percentile", percentile)))
		})
		return nil
	}, open, opened, ended, refused, messages, bytes, queued, maxQueued, latency)
}

// OpenTelemetrySizes returns next as one that counts the size of each message first. A nil next is wsecho.Echo.
//
//	h.OnMessage, err = metrics.OpenTelemetrySizes(otel.Meter("example.com/wsecho"), hook)
func OpenTelemetrySizes(m metric.Meter, next wsecho.MessageFunc, attrs ...attribute.KeyValue) (wsecho.MessageFunc, error) {
	if next == nil {
		next = wsecho.Echo
	}
	sizes, err := m.Int64Histogram("wsecho.message.size", metric.WithUnit("By"),
		metric.WithExplicitBucketBoundaries(64, 256, 1<<10, 4<<10, 16<<10, 64<<10, 256<<10, 1<<20)) // the last is the default of ReadLimit
	if err != nil {
		return nil, err
	}
	of := metric.WithAttributeSet(attribute.NewSet(attrs...))
	return func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		sizes.Record(ctx, int64(len(p)), of)
		return next(ctx, s, typ, p)
	}, nil
}
