package hub_test

import (
	"testing"
	"time"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/logtest"
)

// What natslog is held against holds on the log of one process.
func TestLog(t *testing.T) {
	t.Run("one node", func(t *testing.T) {
		logtest.Run(t, func(*testing.T, int) []hub.Log { return []hub.Log{nil} })
	})
	t.Run("nodes", func(t *testing.T) {
		logtest.Run(t, func(_ *testing.T, nodes int) (logs []hub.Log) {
			log := hub.NewLocal(time.Minute)
			for range nodes {
				logs = append(logs, log)
			}
			return logs
		})
	})
}
