package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestRoom(t *testing.T) {
	url := serve(t)
	ann := dial(t, url+"/rooms/茶馆?name=Ann")
	expect(t, ann, `{"from":"Ann","does":"joined","own":true,"names":["Ann"],"here":1}`)
	bob := dial(t, url+"/rooms/茶馆")
	expect(t, ann, `{"from":"guest-2","does":"joined","here":2}`)
	expect(t, bob, `{"from":"guest-2","does":"joined","own":true,"names":["Ann","guest-2"],"here":2}`)
	eve := dial(t, url+"/rooms/elsewhere")
	expect(t, eve, `{"from":"guest-3","does":"joined","own":true,"names":["guest-3"],"here":1}`)

	write(t, ann, "在吗？")
	write(t, ann, `"quoted"`)
	expect(t, bob, `{"from":"Ann","says":"在吗？","here":2}`)
	expect(t, bob, `{"from":"Ann","says":"\"quoted\"","here":2}`)
	expect(t, ann, `{"from":"Ann","says":"在吗？","own":true,"here":2}`) // its receipt
	expect(t, ann, `{"from":"Ann","says":"\"quoted\"","own":true,"here":2}`)
	write(t, bob, "yes")
	expect(t, ann, `{"from":"guest-2","says":"yes","here":2}`)

	bob.Close(websocket.StatusNormalClosure, "")
	expect(t, ann, `{"from":"guest-2","does":"left","here":1}`)
	write(t, eve, "hello?")
	eve.Close(websocket.StatusNormalClosure, "")
	write(t, ann, "alone")
	expect(t, ann, `{"from":"Ann","says":"alone","own":true,"here":1}`)
	ann.Close(websocket.StatusNormalClosure, "")
}

// A name that cannot be shown is none.
func TestRoomNames(t *testing.T) {
	url := serve(t)
	for query, want := range map[string]string{
		"%20%E5%B0%8F%E6%98%8E%20": "小明", strings.Repeat("x", 30): strings.Repeat("x", 30),
		"": "guest-1", "%20": "guest-1", "a%0Ab": "guest-1", "%FF": "guest-1", strings.Repeat("x", 31): "guest-1",
	} {
		c := dial(t, url+"/rooms/lobby?name="+query)
		var got event
		if err := json.Unmarshal([]byte(read(t, c)), &got); err != nil {
			t.Fatal(err)
		}
		if want == "guest-1" && regexp.MustCompile(`^guest-\d+$`).MatchString(got.From) {
			want = got.From
		}
		if got.From != want {
			t.Errorf("who asks for %q is called %q, want %q", query, got.From, want)
		}
		c.CloseNow()
	}
}

func TestRoomTakesText(t *testing.T) {
	url := serve(t)
	c := dial(t, url+"/rooms/lobby")
	read(t, c)
	c.Write(await.Within(t), websocket.MessageBinary, []byte{1})
	if _, _, err := c.Read(await.Within(t)); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
		t.Errorf("after a binary message: %v, want 1003", err)
	}
}

func TestEmptyRoomsAreForgotten(t *testing.T) {
	rs := &rooms{}
	s := newService(options{})
	s.chat.OnOpen, s.chat.OnMessage, s.chat.OnClose = rs.join, rs.say, rs.leave
	url := serveService(t, s)
	for _, room := range []string{"a", "b", "b"} {
		c := dial(t, url+"/rooms/"+room)
		read(t, c)
		c.Close(websocket.StatusNormalClosure, "")
	}
	for deadline := time.Now().Add(await.Patience); ; time.Sleep(time.Millisecond) {
		rs.mu.Lock()
		left := len(rs.open)
		rs.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d rooms left", left)
		}
	}
}

// A room that is busy, and those who wait to join it, hold up no other room.
func TestRoomsDoNotWaitForEachOther(t *testing.T) {
	rs := &rooms{}
	s := newService(options{})
	s.chat.OnOpen, s.chat.OnMessage, s.chat.OnClose = rs.join, rs.say, rs.leave
	url := serveService(t, s)
	join := func(room string) *websocket.Conn {
		c := dial(t, url+"/rooms/"+room)
		read(t, c) // that it has joined
		return c
	}
	talker := join("busy")
	ann, bob := join("quiet"), join("quiet")
	read(t, ann) // that bob has joined

	rs.mu.Lock()
	busy := rs.open["busy"]
	rs.mu.Unlock()
	busy.mu.Lock() // as while it tells a thousand
	defer busy.mu.Unlock()
	write(t, talker, "a moment")
	dial(t, url+"/rooms/busy")
	for deadline := time.Now().Add(await.Patience); ; time.Sleep(time.Millisecond) {
		if rs.mu.TryLock() { // never, if one who waits for the room holds it
			waiting := busy.guests == 2
			rs.mu.Unlock()
			if waiting {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody waits to join the busy room")
		}
	}
	write(t, ann, "hello")
	expect(t, bob, `{"from":"guest-2","says":"hello","here":2}`)
	read(t, ann) // her own
	join("new").CloseNow()
	bob.Close(websocket.StatusNormalClosure, "")
	expect(t, ann, `{"from":"guest-3","does":"left","here":1}`)
}

// One who does not read is cut, and the others miss nothing.
func TestRoomCutsSlowMembers(t *testing.T) {
	url := serve(t)
	join := func() *websocket.Conn {
		c := dial(t, url+"/rooms/lobby")
		read(t, c) // that it has joined: a client is through before OnOpen runs
		return c
	}
	slow := join() // and reads no more
	loud, fast := join(), join()
	go func() { // who talks reads, too: what it says comes back
		for err := error(nil); err == nil; {
			_, _, err = loud.Read(t.Context())
		}
	}()
	long := strings.Repeat("x", 15_000)
	for sent := 0; ; sent++ {
		if sent > 10_000 {
			t.Fatal("the slow member is still there after 150 MB")
		}
		write(t, loud, long)
		said := read(t, fast)
		if strings.Contains(said, `"left"`) {
			said = read(t, fast)
		}
		if !strings.Contains(said, long) {
			t.Fatalf("the fast member heard %.100q", said)
		}
		if strings.Contains(said, `"here":2`) {
			break // the slow one has left
		}
	}
	for {
		if _, _, err := slow.Read(await.Within(t)); err != nil {
			// What was queued before has arrived, and then the reason.
			if websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
				t.Errorf("the slow member saw %v, want 1013", err)
			}
			return
		}
	}
}

func expect(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if got := read(t, c); got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
}
