package clustertest

import "syscall"

// notOrphaned lets a process end with the one that started it, so that it does not outlive a test that was killed.
func notOrphaned() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
