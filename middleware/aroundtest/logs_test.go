package aroundtest

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/felixge/httpsnoop"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httplog/v3"
	"github.com/gorilla/handlers"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/hlog"
	sloghttp "github.com/samber/slog-http"
	"github.com/urfave/negroni"
	negroni3 "github.com/urfave/negroni/v3"
	"go.elastic.co/apm/apmtest"
	"go.elastic.co/apm/module/apmhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// logs are those that note the status of a response.
var logs = []around{
	noting("chi Logger", chiLogger),
	noting("chi Logger in otelhttp", inOTel(chiLogger)),
	noting("go-chi/httplog v3", httpLog),
	noting("go-chi/httplog v3 in otelhttp", inOTel(httpLog)),
	noting("felixge/httpsnoop", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				fmt.Fprintln(w, "status", httpsnoop.CaptureMetrics(next, rw, r).Code)
			})
		}
	}),
	noting("gorilla/handlers Logging", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler { return handlers.CombinedLoggingHandler(w, next) }
	}),
	noting("zerolog hlog", func(w io.Writer) func(http.Handler) http.Handler {
		note := hlog.AccessHandler(func(r *http.Request, status, size int, _ time.Duration) {
			hlog.FromRequest(r).Info().Int("status", status).Send()
		})
		return func(next http.Handler) http.Handler {
			return hlog.NewHandler(zerolog.New(w))(note(hlog.RequestIDHandler("id", "Request-Id")(next)))
		}
	}),
	noting("samber/slog-http", func(w io.Writer) func(http.Handler) http.Handler {
		return sloghttp.New(slog.New(slog.NewTextHandler(w, nil)))
	}),
	noting("negroni v1", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			logger := negroni.NewLogger()
			logger.ALogger = log.New(w, "", 0)
			n := negroni.New(negroni.NewRecovery(), logger)
			n.UseHandler(next)
			return n
		}
	}),
	noting("negroni v3", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			logger := negroni3.NewLogger()
			logger.ALogger = log.New(w, "", 0)
			n := negroni3.New(negroni3.NewRecovery(), logger)
			n.UseHandler(next)
			return n
		}
	}),
	noting("promhttp", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			reg := prometheus.NewRegistry()
			requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests"}, []string{"code", "method"})
			seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "seconds"}, []string{"code"})
			reg.MustRegister(requests)
			return after(promhttp.InstrumentHandlerCounter(requests, promhttp.InstrumentHandlerDuration(seconds, next)), func() {
				families, _ := reg.Gather()
				for _, f := range families {
					expfmt.MetricFamilyToText(w, f)
				}
			})
		}
	}),
	noting("otelhttp", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			reader := metric.NewManualReader()
			provider := metric.NewMeterProvider(metric.WithReader(reader))
			return after(otelhttp.NewHandler(next, "ws", otelhttp.WithMeterProvider(provider)), func() {
				var got metricdata.ResourceMetrics
				reader.Collect(context.Background(), &got)
				for _, scope := range got.ScopeMetrics {
					for _, m := range scope.Metrics {
						if h, ok := m.Data.(metricdata.Histogram[float64]); ok {
							for _, p := range h.DataPoints {
								code, _ := p.Attributes.Value("http.response.status_code")
								fmt.Fprintln(w, "status", code.AsInt64())
							}
						}
					}
				}
			})
		}
	}),
	noting("Elastic APM apmhttp", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			tracer := apmtest.NewRecordingTracer()
			return after(apmhttp.Wrap(next, apmhttp.WithTracer(tracer.Tracer)), func() {
				tracer.Flush(nil)
				for _, tx := range tracer.Payloads().Transactions {
					fmt.Fprintln(w, "status", tx.Context.Response.StatusCode)
				}
				tracer.Close()
			})
		}
	}),
}

func chiLogger(w io.Writer) func(http.Handler) http.Handler {
	return chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: log.New(w, "", 0), NoColor: true})
}

func httpLog(w io.Writer) func(http.Handler) http.Handler {
	return httplog.RequestLogger(slog.New(slog.NewTextHandler(w, nil)), &httplog.Options{RecoverPanics: true})
}

// inOTel puts otelhttp around what wrap makes.
func inOTel(wrap func(io.Writer) func(http.Handler) http.Handler) func(io.Writer) func(http.Handler) http.Handler {
	return func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler { return otelhttp.NewHandler(wrap(w)(next), "ws") }
	}
}
