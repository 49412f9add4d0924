package faulttest

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// roles are what this program does, instead of testing, as a child of its own tests.
var roles = map[string]func(args []string){
	"phone":  phone,
	"server": starvedServer,
}

const roleVariable = "FAULTTEST_ROLE"

var scratch string // a directory for what the tests build

// TestMain proves that nothing leaks.
func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		role(os.Args[1:])
		return
	}
	var err error
	if scratch, err = os.MkdirTemp("", "faulttest-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	leaktest.Main(m, toxiproxy.stop, func() { os.RemoveAll(scratch) },
		http.DefaultClient.CloseIdleConnections) // toxiproxy's client uses it
}
