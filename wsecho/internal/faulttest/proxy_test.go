package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
)

// proxies start a proxy before the server at addr, with its configuration as documented but for the
// addresses and an idle timeout of 5 s (and more frequent checks). They return where it listens.
var proxies = map[string]func(t *testing.T, addr string, edits ...edit) string{
	"nginx": func(t *testing.T, addr string, edits ...edit) string {
		listen := reserve(t)
		part := configure(t, "nginx.conf", append(edits,
			edit{"listen 80;", "listen " + listen + ";"},
			edit{"127.0.0.1:8080", addr},
			edit{"proxy_read_timeout 60s;", "proxy_read_timeout 5s;"})...)
		dir := filepath.Dir(part)
		whole := filepath.Join(dir, "whole.conf")
		conf := fmt.Sprintf("daemon off; pid %s/pid; events {}\nhttp { access_log off;\n", dir)
		for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
			conf += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, dir, kind) // Debian's are root's
		}
		conf += "include " + part + ";\n}\n"
		if err := os.WriteFile(whole, []byte(conf), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(installed(t, "nginx"), "-e", "stderr", "-c", whole)
		return listens(t, cmd, listen)
	},
	"haproxy": func(t *testing.T, addr string, edits ...edit) string {
		listen := reserve(t)
		conf := configure(t, "haproxy.cfg", append(edits,
			edit{"bind :80", "bind " + listen},
			edit{"127.0.0.1:8080", addr},
			edit{"timeout tunnel 60s", "timeout tunnel 5s\n    timeout check 10s"}, // of a busy server; by itself it is inter
			edit{"inter 2s", "inter 500ms"})...)
		// -n: else it takes as many as the limit on open files allows, which may be millions.
		return listens(t, exec.Command(installed(t, "haproxy"), "-db", "-n", "400", "-f", conf), listen)
	},
}

func listens(t *testing.T, cmd *exec.Cmd, addr string) string {
	t.Helper()
	listening(t, child.Start(t, cmd), addr)
	return addr
}

// edit is what a test changes in a configuration.
type edit struct{ old, new string }

// configure writes an edited copy of a configuration and returns its path.
func configure(t *testing.T, name string, edits ...edit) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	conf := string(b)
	for _, e := range edits {
		if strings.Count(conf, e.old) != 1 {
			t.Fatalf("%s has %q %d times", name, e.old, strings.Count(conf, e.old))
		}
		conf = strings.Replace(conf, e.old, e.new, 1)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// behindEach runs f behind each proxy.
func behindEach(t *testing.T, f func(t *testing.T, name string)) {
	t.Parallel()
	for name := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, name)
		})
	}
}

// Pings keep a session that says nothing for longer than the proxy's idle timeout, and find the peer
// that is dead behind it.
func TestProxyIdle(t *testing.T) {
	behindEach(t, func(t *testing.T, name string) {
		s := serve(t, &wsecho.Handler{PingInterval: 800 * time.Millisecond, PongTimeout: 3 * time.Second})
		addr := proxies[name](t, s.addr)
		idle, mute := dial(t, addr, "idle"), dialMute(t, addr, "mute")
		s.endsWith(t, "mute", wsecho.ErrPongTimeout)
		mute.closes(t, "close:1011")
		idle.pinged(t, 8) // 6.4 s
		idle.echoes(t, "still here")
	})
}

// Without pings the proxy cuts it: the test above would see that.
func TestProxyIdleWithoutPings(t *testing.T) {
	behindEach(t, func(t *testing.T, name string) {
		s := serve(t, &wsecho.Handler{PingInterval: -1})
		c := dial(t, proxies[name](t, s.addr), "idle")
		c.echoes(t, "before")
		c.gets(t, "eof")
		s.counts(t, "lost")
	})
}

// The check of the Origin is right behind a proxy: its own pages come in and no others.
func TestProxyOrigin(t *testing.T) {
	behindEach(t, func(t *testing.T, name string) {
		s := serve(t, &wsecho.Handler{})
		checkOrigins(t, proxies[name](t, s.addr), map[string]int{
			"wsecho.test|http://wsecho.test":            http.StatusSwitchingProtocols,
			"wsecho.test|https://wsecho.test":           http.StatusSwitchingProtocols, // TLS ended at the proxy
			"wsecho.test:8443|https://wsecho.test:8443": http.StatusSwitchingProtocols,
			"wsecho.test|https://evil.test":             http.StatusForbidden,
			"wsecho.test|https://wsecho.test.evil.test": http.StatusForbidden,
			"wsecho.test:8443|https://wsecho.test":      http.StatusForbidden, // another port is another origin
			"wsecho.test|https://service":               http.StatusForbidden, // the upstream's name is nobody's
			"wsecho.test|null":                          http.StatusForbidden,
			"wsecho.test|":                              http.StatusSwitchingProtocols, // no browser
		})
	})
}

// Why nginx.conf sets Host, and not to $host.
func TestProxyOriginOfOtherConfigurations(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{})
	line := "proxy_set_header Host $http_host;"
	checkOrigins(t, proxies["nginx"](t, s.addr, edit{line, ""}), map[string]int{
		"wsecho.test|https://wsecho.test": http.StatusForbidden,
	})
	checkOrigins(t, proxies["nginx"](t, s.addr, edit{line, "proxy_set_header Host $host;"}), map[string]int{
		"wsecho.test|https://wsecho.test":           http.StatusSwitchingProtocols,
		"wsecho.test:8443|https://wsecho.test:8443": http.StatusForbidden,
	})
}

// checkOrigins makes handshakes with "host|origin" and checks their status.
func checkOrigins(t *testing.T, addr string, want map[string]int) {
	t.Helper()
	for from, status := range want {
		host, origin, _ := strings.Cut(from, "|")
		lines := []string{"Host: " + host}
		if origin != "" {
			lines = append(lines, "Origin: "+origin)
		}
		_, answer, err := handshake(t, addr, "page", lines...)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("host|origin %s: %s, want %d", from, answer.Status, status)
		}
	}
}

// Clients behind a proxy are told that the service goes away.
func TestProxyDrain(t *testing.T) {
	behindEach(t, func(t *testing.T, name string) {
		s := serve(t, &wsecho.Handler{})
		addr := proxies[name](t, s.addr)
		clients := make([]*client, 100)
		for i := range clients {
			clients[i] = dial(t, addr, fmt.Sprint("client", i))
			clients[i].echoes(t, "before")
		}
		ctx, cancel := context.WithTimeout(t.Context(), await.Patience)
		defer cancel()
		if err := s.h.Shutdown(ctx); err != nil {
			t.Fatalf("shutdown: %v, %+v", err, s.h.Stats())
		}
		for _, c := range clients {
			c.closes(t, "close:1001")
			s.endsWith(t, c.name, wsecho.ErrShutdown)
		}
	})
}

// HAProxy sends nobody more to a service whose /readyz says 503, and leaves its sessions alone.
func TestProxyReadiness(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{PingInterval: time.Second})
	addr := proxies["haproxy"](t, s.addr)
	c := dial(t, addr, "early")
	s.draining.Store(true)
	await.Poll(t, "HAProxy refuses", func() bool {
		p, answer, err := handshake(t, addr, "late")
		if err != nil {
			return false
		}
		p.Close()
		return answer.StatusCode == http.StatusServiceUnavailable
	})
	// By its status: that an earlier one has come through may be counted only now.
	if _, answer, err := handshake(t, addr, "later"); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a handshake came through: %v, %v", answer, err)
	}
	c.echoes(t, "still here")
}

// A client behind a proxy that vanishes is noticed at once, without pings.
func TestProxyLost(t *testing.T) {
	behindEach(t, func(t *testing.T, name string) {
		s := serve(t, &wsecho.Handler{PingInterval: -1})
		c := dial(t, proxies[name](t, s.addr), "gone")
		c.echoes(t, "before")
		c.Reset()
		s.counts(t, "lost")
	})
}
