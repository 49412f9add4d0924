package browsertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A kit is WebKitGTK's MiniBrowser, driven over WebDriver (https://w3c.github.io/webdriver): the engine of Safari,
// as far as Debian has it.
type kit struct {
	session string // its URL
}

var closeWebKit = func() {}

// webkit starts one browser for all tests, on a screen of its own.
var webkit = sync.OnceValues(func() (*kit, error) {
	browsers, err := filepath.Glob("/usr/lib/*/webkit2gtk-4*/MiniBrowser")
	if err != nil || len(browsers) == 0 {
		return nil, fmt.Errorf("no MiniBrowser: %v", err)
	}
	var started []*exec.Cmd
	closeWebKit = func() {
		for _, cmd := range started {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its children too
			cmd.Wait()
		}
	}
	run := func(cmd *exec.Cmd) error {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		err := cmd.Start()
		if err == nil {
			started = append(started, cmd)
		}
		return err
	}

	// The screen writes its number to descriptor 3 once it is there.
	number, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	screen := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	screen.ExtraFiles = []*os.File{w}
	if err := run(screen); err != nil {
		return nil, err
	}
	w.Close()
	display, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		return nil, err
	}

	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	driver := exec.Command("WebKitWebDriver", "--port="+port)
	driver.Env = append(os.Environ(), "DISPLAY=:"+strings.TrimSpace(display), "GDK_BACKEND=x11", "HOME="+scratch)
	if err := run(driver); err != nil {
		return nil, err
	}

	k := &kit{session: "http://127.0.0.1:" + port + "/session"}
	var session struct{ SessionID string }
	for deadline := time.Now().Add(await.Patience); ; time.Sleep(20 * time.Millisecond) {
		err = k.command("", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
			"acceptInsecureCerts":      true,
			"timeouts":                 map[string]int{"script": 120_000},
			"webkitgtk:browserOptions": map[string]any{"binary": browsers[0], "args": []string{"--automation"}},
		}}}, &session)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(deadline) {
			break
		}
	}
	k.session += "/" + session.SessionID
	return k, err
})

// run loads the page at url and returns the string that the script's promise gives.
func (k *kit) run(url, script string) (value string, err error) {
	if err := k.command("/url", map[string]string{"url": "about:blank"}, nil); err != nil { // or a new hash loads nothing
		return "", err
	}
	if err := k.command("/url", map[string]string{"url": url}, nil); err != nil {
		return "", err
	}
	err = k.command("/execute/async", map[string]any{
		"script": "const done = arguments[arguments.length - 1]; (" + strings.TrimRight(script, "; \n") + ").then(done, (err) => done('' + err));",
		"args":   []any{},
	}, &value)
	return value, err
}

// command has the browser do something, and waits until it has.
func (k *kit) command(path string, params, result any) error {
	body, err := json.Marshal(params)
	if err != nil {
		return err
	}
	resp, err := http.Post(k.session+path, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, text)
	}
	if result == nil {
		return nil
	}
	answer := struct{ Value any }{result}
	return json.Unmarshal(text, &answer)
}
