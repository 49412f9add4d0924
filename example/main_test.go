package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long a test waits for anything before it gives up.
const patience = 20 * time.Second

// TestMain is also the service itself, for the tests that start it as a process; and it
// fails the run if a goroutine is left when all tests are done.
func TestMain(m *testing.M) {
	if os.Getenv("EXAMPLE_TEST_SERVICE") != "" {
		main()
		return
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if left := leaked(); left != "" {
		fmt.Fprintf(os.Stderr, "goroutines left:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of the goroutines besides this one, once they have had time to end.
func leaked() string {
	buf := make([]byte, 1<<20)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		_, others, _ := strings.Cut(string(buf[:runtime.Stack(buf, true)]), "\n\n")
		if others == "" || time.Now().After(deadline) {
			return others
		}
	}
}

// A process is the service as its users run it.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	url    string
	done   chan struct{} // closed when it has ended
}

// command prepares the service to run with args.
func command(t *testing.T, args ...string) *process {
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "EXAMPLE_TEST_SERVICE=1")
	p.cmd.Stderr = &p.stderr
	return p
}

// start runs the service with args on a free port, until it prints its URL.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := command(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	line, _ := out.ReadString('\n')
	p.url = strings.TrimSpace(line)
	go func() {
		defer close(p.done)
		io.Copy(io.Discard, out)
		p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
	})
	if !strings.HasPrefix(p.url, "http") {
		t.Fatalf("the service printed %q, not its URL", line)
	}
	return p
}

// exit waits for the service to end and returns its exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatal("the service does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// insecure is a client that takes the service's own certificate.
func insecure(t *testing.T) *http.Client {
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// within ends with the test, or when it has run out of patience.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// spoken is what clients offer, at whatever path.
var spoken = []string{"echo-protocol", "rooms.v1"}

// dial opens a WebSocket at url, which is http or https.
func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(within(t), url, &websocket.DialOptions{
		HTTPClient: insecure(t), Subprotocols: spoken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func write(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(within(t), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, p, err := c.Read(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// get returns the status and body of a GET.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := insecure(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestSignalDrains(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, args := range [][]string{nil, {"-tls"}, {"-spread", "20ms"}} {
			t.Run(fmt.Sprint(signal, args), func(t *testing.T) {
				p := start(t, args...)
				echo, ann := dial(t, p.url+"/ws"), enter(t, p.url, "lobby", "", "")
				write(t, echo, "hello")
				if got := read(t, echo); got != "hello" {
					t.Errorf("echo %q", got)
				}
				p.cmd.Process.Signal(signal)
				if _, _, err := echo.Read(within(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("the client saw %v, want 1001", err)
				}
				if code := ann.end(); code != websocket.StatusGoingAway {
					t.Errorf("who is in a room saw %d, want 1001", code)
				}
				if code := p.exit(); code != 0 {
					t.Errorf("exit %d: %s", code, p.stderr.String())
				}
			})
		}
	}
}

// While it drains the service is healthy and not ready; a second signal cuts it short.
func TestNotReadyWhileDraining(t *testing.T) {
	p := start(t, "-notice", "1h")
	c := dial(t, p.url+"/ws")
	if status, _ := get(t, p.url+"/readyz"); status != http.StatusOK {
		t.Errorf("/readyz says %d at first", status)
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	for deadline := time.Now().Add(patience); ; {
		if status, _ := get(t, p.url+"/readyz"); status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("/readyz never turns 503")
		}
	}
	if status, _ := get(t, p.url+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz says %d while the service drains", status)
	}
	write(t, c, "still here")
	if got := read(t, c); got != "still here" {
		t.Errorf("echo %q", got)
	}
	for sent := 0; sent < 100; sent++ { // one may come before the first has put the default back
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
			sent = 100
		case <-time.After(100 * time.Millisecond):
		}
	}
	if code := p.exit(); code == 0 {
		t.Error("exit 0, though the sessions were cut")
	}
}

func TestTakenPort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p := command(t, "-addr", ln.Addr().String())
	p.cmd.Run()
	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	said := p.stderr.String()
	if !strings.Contains(said, ln.Addr().String()) || !strings.Contains(said, "address already in use") || strings.Count(said, "\n") != 1 {
		t.Errorf("it said %q", said)
	}
}

func TestUnexpectedArgument(t *testing.T) {
	p := command(t, "8080")
	p.cmd.Run()
	if code := p.cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("exit %d, want 2", code)
	}
	if said := p.stderr.String(); !strings.Contains(said, `unexpected argument "8080"`) {
		t.Errorf("it said %q", said)
	}
}
