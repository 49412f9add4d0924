package child

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain also is the child of these tests.
func TestMain(m *testing.M) {
	switch os.Getenv("CHILD_TEST_ROLE") {
	case "talks":
		fmt.Println("n: 1")
		fmt.Fprintln(os.Stderr, "n: 2")
		os.Exit(7)
	case "waits":
		fmt.Println("waiting")
		os.Stdin.Read(make([]byte, 1))
		select {}
	}
	leaktest.Main(m)
}

func as(role string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHILD_TEST_ROLE="+role)
	return cmd
}

func TestBothStreamsAndExitCode(t *testing.T) {
	p := Start(t, as("talks"))
	if first, second := p.Says(t, "n:", 1), p.Says(t, "n:", 2); first != "1" || second != "2" {
		t.Errorf("it said %q and %q", first, second)
	}
	if code := p.Ends(t); code != 7 {
		t.Errorf("exit %d", code)
	}
}

func TestKilledWithTheTest(t *testing.T) {
	var p *Process
	t.Run("the test", func(t *testing.T) {
		p = Start(t, as("waits"))
		p.Says(t, "waiting", 1)
	})
	select {
	case <-p.Done:
	default:
		t.Error("it lives on")
	}
}

// What runs alone has a process to itself, and its failure is the test's.
func TestAlone(t *testing.T) {
	if !Alone(t) {
		return
	}
	if os.Getenv(alone) != "TestAlone" || !strings.Contains(strings.Join(os.Args, " "), "-test.run=^TestAlone$") {
		t.Errorf("%q, %q", os.Getenv(alone), os.Args)
	}
}

// The child of TestAloneFails fails, which the test that a subprocess of this one runs must show.
func TestAloneFails(t *testing.T) {
	const fail = "CHILD_TEST_FAIL"
	if os.Getenv(fail) != "" {
		if Alone(t) {
			t.Error("on purpose")
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAloneFails$")
	cmd.Env = append(os.Environ(), fail+"=1")
	p, err := Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if code := p.Ends(t); code != 1 || !strings.Contains(p.Output(), "on purpose") {
		t.Errorf("exit %d: %s", code, p.Output())
	}
}
