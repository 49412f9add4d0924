package wsecho

import "syscall"

const msgMore = 0x8000 // MSG_MORE, missing from package syscall

func write(fd int, p []byte, more bool) (int, error) {
	if more {
		return syscall.SendmsgN(fd, p, nil, nil, msgMore)
	}
	return syscall.Write(fd, p)
}
