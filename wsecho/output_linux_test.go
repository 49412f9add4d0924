package wsecho_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// TestRepliesLeaveTogether counts the process's own calls of write: nobody else writes meanwhile.
func TestRepliesLeaveTogether(t *testing.T) {
	for _, over := range []sessiontest.Transport{overTCP, overUnix} {
		t.Run(over.Name, func(t *testing.T) {
			checkCompany(t, sessiontest.Start(t, over, new(wsecho.Handler), false), func() int64 { return writeCalls(t) })
		})
	}
}

func writeCalls(t *testing.T) (n int64) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "syscw: ")
	if _, err := fmt.Sscan(after, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
