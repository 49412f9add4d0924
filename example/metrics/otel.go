package metrics

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"example.com/wsecho/wsecho"
)

// OpenTelemetry observes h's Stats whenever m's reader collects, until the Registration is
// unregistered. Give each Handler attributes of its own if there are several:
//
//	reg, err := metrics.OpenTelemetry(otel.Meter("example.com/wsecho"), h)
func OpenTelemetry(m metric.Meter, h *wsecho.Handler, attrs ...attribute.KeyValue) (metric.Registration, error) {
	var errs []error
	gauge := func(name, unit, about string) metric.Int64Observable {
		g, err := m.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
		return g
	}
	_ = gauge
	return nil, errors.Join(errs...)
}

var _ = context.Background
