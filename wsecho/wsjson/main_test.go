package wsjson_test

import (
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
