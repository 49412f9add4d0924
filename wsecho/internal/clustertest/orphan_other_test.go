//go:build !linux

package clustertest

import "syscall"

// notOrphaned does nothing: only Linux ends a process with the one that started it.
func notOrphaned() *syscall.SysProcAttr { return nil }
