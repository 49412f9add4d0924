package wsnet_test

import (
	"testing"

	"example.com/wsecho/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
