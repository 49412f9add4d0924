package wsnet_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsnet"
)

// Sessions are accepted in the order of their handshakes; one that has ended before is not.
func TestAcceptInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{}
		l := wsnet.NewListener(h, binary)
		var clients []*websocket.Conn
		for range 4 {
			clients = append(clients, wsechotest.Dial(t, h, "/", nil))
			synctest.Wait()
		}
		clients[0].CloseNow()
		clients[2].Close(websocket.StatusNormalClosure, "")
		synctest.Wait()
		for _, i := range []int{1, 3} {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c.Write([]byte{byte(i)})
			if got := wsechotest.ReadWithin(t, clients[i], time.Second); got[0] != byte(i) {
				t.Errorf("client %d is session %d", i, got[0])
			}
		}
	})
}

// What a session sends before it is accepted waits, and keeps it: even if it has closed by then.
func TestSentBeforeAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{}
		l := wsnet.NewListener(h, binary)
		c := wsechotest.Dial(t, h, "/", nil)
		c.Write(t.Context(), binary, []byte("hello"))
		go c.Close(websocket.StatusNormalClosure, "")
		time.Sleep(time.Second)
		got, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if p, err := io.ReadAll(got); string(p) != "hello" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
}

// Close ends every Accept, the sessions that wait for one, and those that come; the accepted go on.
func TestListenerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{}
		l := wsnet.NewListener(h, binary)
		accepted := wsechotest.Dial(t, h, "/", nil)
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		waits := wsechotest.Dial(t, h, "/", nil)
		synctest.Wait()
		waits.Write(t.Context(), binary, []byte("anybody?"))
		synctest.Wait()
		for range 2 {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		late := wsechotest.Dial(t, h, "/", nil)
		for name, c := range map[string]*websocket.Conn{"the one that waits": waits, "the late one": late} {
			if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Errorf("%s: %v", name, err)
			}
		}
		if c, err := l.Accept(); c != nil || err != net.ErrClosed {
			t.Errorf("Accept: %v, %v", c, err)
		}
		conn.Write([]byte("still here"))
		if got := wsechotest.ReadWithin(t, accepted, time.Second); got != "still here" {
			t.Errorf("%q", got)
		}
		time.Sleep(10 * time.Second) // the closes are through
		if got := h.Stats().Open; got != 1 {
			t.Errorf("%d are open", got)
		}
	})
}

// Many clients, many goroutines that accept, a Close in the middle: each session is given once or ended.
func TestManyAccepts(t *testing.T) {
	h := &wsecho.Handler{}
	l := wsnet.NewListener(h, binary)
	var accepts, clients sync.WaitGroup
	for range 4 {
		accepts.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				accepts.Go(func() { io.Copy(c, c); c.Close() })
			}
		})
	}
	const n = 40
	echoed, refused := make(chan bool, n), make(chan bool, n)
	for range n {
		clients.Go(func() {
			c := wsechotest.Dial(t, h, "/", nil)
			c.Write(t.Context(), binary, []byte("hello"))
			if _, p, err := c.Read(t.Context()); string(p) == "hello" {
				echoed <- true
			} else if websocket.CloseStatus(err) == websocket.StatusGoingAway {
				refused <- true
			}
			c.Close(websocket.StatusNormalClosure, "")
			if len(echoed) > n/2 {
				l.Close()
			}
			runtime.Gosched()
		})
	}
	clients.Wait()
	l.Close()
	accepts.Wait()
	if len(echoed)+len(refused) != n || len(echoed) <= n/2 {
		t.Errorf("%d echoed, %d refused of %d", len(echoed), len(refused), n)
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMisuse(t *testing.T) {
	open := func(*wsecho.Session, *http.Request) error { return nil }
	ended := func(context.Context, *wsecho.Session, error) {}
	for _, row := range []struct {
		h    *wsecho.Handler
		typ  websocket.MessageType
		want string
	}{
		{&wsecho.Handler{OnOpen: open}, binary, "wsnet.NewListener: the Handler has hooks"},
		{&wsecho.Handler{OnMessage: wsecho.Echo}, binary, "wsnet.NewListener: the Handler has hooks"},
		{&wsecho.Handler{OnClose: ended}, binary, "wsnet.NewListener: the Handler has hooks"},
		{&wsecho.Handler{}, 0, "wsnet.NewListener: the type is neither text nor binary"},
	} {
		func() {
			defer func() {
				if got := recover(); got != row.want {
					t.Errorf("panic %v, want %q", got, row.want)
				}
			}()
			wsnet.NewListener(row.h, row.typ)
		}()
	}
}
