package child

import (
	"os/exec"
	"syscall"
)

// grouped makes cmd and what it starts one group, to be killed as one, and ended should this process die first.
func grouped(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func killGroup(cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
