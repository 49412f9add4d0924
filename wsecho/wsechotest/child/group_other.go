//go:build !linux

package child

import "os/exec"

// grouped does nothing: elsewhere a child is killed alone.
func grouped(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { cmd.Process.Kill() }
