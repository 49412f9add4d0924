package aroundtest

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	echo4 "github.com/labstack/echo/v4"
	echo4middleware "github.com/labstack/echo/v4/middleware"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"
)

// frameworks are routers with writers of their own: the handler is mounted in them.
var frameworks = []around{
	noting("gin", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			r := gin.New()
			r.Use(gin.LoggerWithWriter(w), gin.Recovery())
			r.Any("/ws", gin.WrapH(next))
			return r
		}
	}),
	noting("echo v4", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			e := echo4.New()
			e.Use(echo4middleware.RequestLoggerWithConfig(echo4middleware.RequestLoggerConfig{
				LogStatus: true,
				LogValuesFunc: func(_ echo4.Context, v echo4middleware.RequestLoggerValues) error {
					_, err := fmt.Fprintln(w, "status", v.Status)
					return err
				},
			}), echo4middleware.Recover())
			e.Any("/ws", echo4.WrapHandler(next))
			return e
		}
	}),
	noting("echo v5", func(w io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			e := echo.New()
			e.Logger = slog.New(slog.NewTextHandler(w, nil))
			e.Use(echomiddleware.RequestLogger(), echomiddleware.Recover())
			e.Any("/ws", echo.WrapHandler(next))
			return e
		}
	}),
	plain("echo v4 Gzip", func(next http.Handler) http.Handler {
		e := echo4.New()
		e.Use(echo4middleware.Gzip())
		e.Any("/ws", echo4.WrapHandler(next))
		return e
	}),
}
