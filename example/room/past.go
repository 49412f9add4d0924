package room

import (
	"encoding/json"

	"example.com/wsecho/wsecho"
)

// shown is how many of the messages before it a newcomer is shown, as far as the Hub has them.
const shown = 50

// beginPast tells s the first of the last messages, and returns its place: Join goes on from there with the others, so that
// none is missed or doubled between the past and what comes. "": there are none.
func (rs Rooms) beginPast(s *wsecho.Session, topic string) (place string, err error) {
	past := rs.Hub.Recent(topic, shown)
	if len(past) == 0 {
		return "", nil
	}
	m := past[0].Message
	return past[0].At, tell(s, struct {
		At    string          `json:"at"`
		Topic string          `json:"topic"`
		ID    string          `json:"id"`
		From  string          `json:"from"`
		Data  json.RawMessage `json:"data"`
	}{past[0].At, m.Topic, m.ID, m.From, m.Data})
}
