package main

import (
	"os"
	"testing"
)

// asProgram makes the test binary be the program.
const asProgram = "CLUSTER_AS_PROGRAM"

// TestMain runs the tests, or the program.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
