package clustertest

import (
	"testing"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/logtest"
	"example.com/wsecho/wsecho/hub/natslog"
)

// TestLog holds natslog against what a Hub relies on, on a server of its own for each test.
func TestLog(t *testing.T) {
	logtest.Run(t, func(t *testing.T, nodes int) []hub.Log {
		url := startServer(t).ClientURL()
		var logs []hub.Log
		for range nodes {
			nc, err := natslog.Connect(url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(nc.Close)
			logs = append(logs, &natslog.Log{Conn: nc, Name: "test", Manage: true})
		}
		return logs
	})
}
