package http2test

import (
	"testing"

	"example.com/wsecho/wsecho/internal/sessiontest"
)

func TestSessions(t *testing.T) {
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			sessiontest.Run(t, over)
		})
	}
}
