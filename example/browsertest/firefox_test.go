package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A fox is Firefox, driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi), which it speaks
// itself: chromedp's protocol is Chromium's alone.
type fox struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	conn *websocket.Conn
	tab  string // its browsing context
	last int    // command's number
}

var closeFirefox = func() {}

// firefox starts one browser for all tests.
var firefox = sync.OnceValues(func() (*fox, error) {
	profile := filepath.Join(scratch, "firefox")
	if err := os.MkdirAll(profile, 0o755); err != nil {
		return nil, err
	}
	f := &fox{done: make(chan struct{})}
	f.cmd = exec.Command("firefox-esr", "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	f.cmd.Env = append(os.Environ(), "HOME="+profile) // as root it takes nobody else's
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := f.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	closeFirefox = func() {
		syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL) // its children too
		<-f.done
	}
	address := make(chan string, 1)
	go func() {
		for lines, err := bufio.NewReader(stderr), error(nil); err == nil; {
			var line string
			line, err = lines.ReadString('\n')
			if _, url, ok := strings.Cut(line, "WebDriver BiDi listening on "); ok {
				address <- strings.TrimSpace(url)
			}
		}
		f.cmd.Wait()
		close(f.done)
	}()
	select {
	case url := <-address:
		return f, f.begin(url)
	case <-f.done:
		return nil, fmt.Errorf("it ended: %v", f.cmd.ProcessState)
	case <-time.After(await.Patience):
		return nil, errors.New("it does not listen")
	}
})

// begin begins the session with the browser at url, and finds its tab.
func (f *fox) begin(url string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	if f.conn, _, err = websocket.Dial(ctx, url+"/session", nil); err != nil {
		return err
	}
	f.conn.SetReadLimit(-1)
	capabilities := map[string]any{"alwaysMatch": map[string]any{"acceptInsecureCerts": true}}
	if err := f.command("session.new", map[string]any{"capabilities": capabilities}, nil); err != nil {
		return err
	}
	var tree struct{ Contexts []struct{ Context string } }
	if err := f.command("browsingContext.getTree", map[string]any{}, &tree); err != nil {
		return err
	}
	f.tab = tree.Contexts[0].Context
	return nil
}

// run loads the page at url and returns the string that the script's promise gives.
func (f *fox) run(url, script string) (string, error) {
	if err := f.command("browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil); err != nil {
		return "", err
	}
	var answer struct {
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := f.command("script.evaluate", map[string]any{
		"expression": script, "target": map[string]any{"context": f.tab}, "awaitPromise": true,
	}, &answer)
	if text := answer.ExceptionDetails.Text; text != "" {
		err = errors.New(text)
	}
	return answer.Result.Value, err
}

// command has the browser do something, and waits until it has.
func (f *fox) command(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	f.last++
	if err := wsjson.Write(ctx, f.conn, map[string]any{"id": f.last, "method": method, "params": params}); err != nil {
		return err
	}
	for {
		var answer struct {
			ID             int
			Error, Message string
			Result         json.RawMessage
		}
		switch err := wsjson.Read(ctx, f.conn, &answer); {
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case answer.ID != f.last: // an event
		case answer.Error != "":
			return fmt.Errorf("%s: %s: %s", method, answer.Error, answer.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(answer.Result, result)
		}
	}
}
