package room

import (
	"context"
	"encoding/json"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// shown is how many of the last messages a client is shown that has none, as far as the Hub has them.
const shown = 50

// beginPast tells s the first of the last messages, and returns its place: Join goes on from there with the others, so that
// none is missed or doubled between the past and what comes. "": there are none.
func (rs Rooms) beginPast(s *wsecho.Session, topic string) (place string, err error) {
	past := rs.Hub.Recent(topic, shown)
	if len(past) == 0 {
		return "", nil
	}
	return past[0].At, s.TryWrite(websocket.MessageText, frameOf(past[0]))
}

// tellPast tells s the last messages, without their places: it has had a reset, and has gone on behind them. What it has
// had anyway, or gets while this is on its way, it knows by its from and id.
func (rs Rooms) tellPast(ctx context.Context, s *wsecho.Session, topic string) error {
	for _, ev := range rs.Hub.Recent(topic, shown) {
		ev.At = ""
		if err := s.Write(ctx, websocket.MessageText, frameOf(ev)); err != nil {
			return err
		}
	}
	return nil
}

// frameOf returns the frame of a message, as the Hub makes it.
func frameOf(ev hub.Event) []byte {
	p, err := json.Marshal(struct {
		At    string          `json:"at,omitempty"`
		Topic string          `json:"topic"`
		ID    string          `json:"id"`
		From  string          `json:"from"`
		Data  json.RawMessage `json:"data"`
	}{ev.At, ev.Message.Topic, ev.Message.ID, ev.Message.From, ev.Message.Data})
	if err != nil {
		panic(err) // Say has marshalled the data
	}
	return p
}
