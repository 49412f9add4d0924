package aroundtest

import (
	"testing"

	"github.com/gin-gonic/gin"

	_ "example.com/wsecho/middleware/xconnect"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode) // it prints its routes otherwise
	m.Run()
}
