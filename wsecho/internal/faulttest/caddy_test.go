package faulttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// caddy starts Caddy before the server at addr, as its documentation has it, and returns where it listens.
// It never cuts an idle session, and so is none of the proxies.
func caddy(t *testing.T, addr string) string {
	t.Helper()
	listen, dir := reserve(t), t.TempDir()
	conf := filepath.Join(dir, "Caddyfile")
	text := "{\n\tadmin off\n\tauto_https off\n}\nhttp://" + listen + " {\n\treverse_proxy " + addr + "\n}\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(installed(t, "caddy"), "run", "--config", conf, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	return listens(t, cmd, listen)
}
