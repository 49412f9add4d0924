package hub_test

import (
	"log/slog"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain proves that nothing leaks. What a Hub or a Handler without a Logger logs is dropped.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	leaktest.Main(m)
}
