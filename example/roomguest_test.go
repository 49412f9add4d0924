package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/example/room"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A guest is a client in a room, with what it has been told.
type guest struct {
	t      *testing.T
	conn   *websocket.Conn
	me     room.Guest
	at     string   // the place that it has reached
	heard  []string // "name says", in order
	here   []string // names, sorted
	resets int
}

// frame is anything that a room tells.
type frame struct {
	At    string
	You   room.Guest
	Reset bool
	Data  *struct{ Name, Says string }

	Here, Joined, Left []struct {
		User string
		Info struct{ Name string }
	}
	Users *int
}

// enter opens a room, and reads who one is and which place one begins at.
func enter(t *testing.T, service, room, query, since string) *guest {
	t.Helper()
	g := &guest{t: t, conn: dial(t, fmt.Sprintf("%s/rooms/%s?%s&since=%s", service, room, query, since))}
	if g.me = g.read().You; g.me.User == "" {
		t.Fatal("the first frame does not say who one is")
	}
	if g.read(); g.at == "" {
		t.Fatal("the second frame does not say where one is")
	}
	return g
}

func (g *guest) say(id, text string) {
	g.t.Helper()
	p, err := json.Marshal(map[string]string{"id": id, "data": text})
	if err != nil {
		g.t.Fatal(err)
	}
	write(g.t, g.conn, string(p))
}

// read takes the next frame.
func (g *guest) read() frame {
	g.t.Helper()
	var f frame
	if err := json.Unmarshal([]byte(read(g.t, g.conn)), &f); err != nil {
		g.t.Fatal(err)
	}
	if f.At != "" {
		g.at = f.At
	}
	if f.Reset {
		g.resets++
	}
	if f.Data != nil {
		g.heard = append(g.heard, f.Data.Name+" "+f.Data.Says)
	}
	if f.Here != nil {
		g.here = nil
	}
	for _, p := range append(f.Here, f.Joined...) {
		g.here = append(g.here, p.Info.Name)
	}
	for _, p := range f.Left {
		g.here = slices.DeleteFunc(g.here, func(name string) bool { return name == p.Info.Name })
	}
	slices.Sort(g.here)
	return f
}

// until reads until ok. A quiet room goes on saying where it is, so that no single read need time out.
func (g *guest) until(ok func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(await.Patience); !ok(); {
		if g.read(); time.Now().After(deadline) {
			g.t.Fatalf("%s has heard %q, and sees %q", g.me.Name, g.heard, g.here)
		}
	}
}

// hears holds that these are all that it has heard, or hears now.
func (g *guest) hears(want ...string) {
	g.t.Helper()
	g.until(func() bool { return len(g.heard) >= len(want) })
	if !slices.Equal(g.heard, want) {
		g.t.Fatalf("%s heard %q, want %q", g.me.Name, g.heard, want)
	}
}

// sees waits until these are here.
func (g *guest) sees(want ...string) {
	g.t.Helper()
	g.until(func() bool { return slices.Equal(g.here, want) })
}

// end returns the code that the session ends with.
func (g *guest) end() websocket.StatusCode {
	g.t.Helper()
	for {
		if _, _, err := g.conn.Read(await.Within(g.t)); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}
