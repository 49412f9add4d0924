package child

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"strings"
)

// What the driver may ask, one line each, over the standard input of a server. Every answer is one line of JSON.
const (
	askUsage   = "usage"   // answers a Usage
	askMemory  = "memory"  // answers a Footprint
	askProfile = "profile" // takes a file name; profiles the CPU until the next usage
)

// A greeting is the first thing a server says.
type greeting struct{ Addr string }

// Answer says that a server listens at addr and answers what the driver asks. It returns nil when the driver has
// hung up.
func Answer(addr string, control io.Reader, answers io.Writer) error {
	out := json.NewEncoder(answers)
	if err := out.Encode(greeting{addr}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(control); lines.Scan(); {
		var a any
		ask, arg, _ := strings.Cut(lines.Text(), " ")
		switch ask {
		case askUsage:
			pprof.StopCPUProfile()
			a = used()
		case askMemory:
			a = held()
		case askProfile:
			f, err := os.Create(arg)
			if err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
			a = struct{}{}
		default:
			return fmt.Errorf("unknown question %q", ask)
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return nil
}
