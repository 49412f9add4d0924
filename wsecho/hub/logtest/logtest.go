// Package logtest holds a [hub.Log] against what a [hub.Hub] relies on.
package logtest

import (
	"testing"

	"example.com/wsecho/wsecho/hub"
)

// Run tests a Log through Hubs and real sessions. open returns a new and empty log as that many nodes see it, one
// hub.Log each, ready to be followed; it registers with t what closes them. An engine of a single process returns
// one, whatever nodes is. Messages are kept for at least a minute.
func Run(t *testing.T, open func(t *testing.T, nodes int) []hub.Log) {}
