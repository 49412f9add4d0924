package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"example.com/wsecho/wsecho/internal/peer"
)

// A tongue is what the clients of a server say.
type tongue struct {
	subprotocol string
	// target is what the handshake asks for.
	target func(rooms []string) string
	// greet is sent after the handshake; nil: the target says it all.
	greet func(rooms []string) []byte
	// answers is how many lines the server has to say before a client of n rooms is in them.
	answers func(n int) int
	// say is a message to a room, whose data is JSON.
	say func(room string, number int, data []byte) []byte
}

// rooms is what the members of a Hub say, and of the loop.
var rooms = tongue{
	subprotocol: "rooms.v1",
	target:      func(rooms []string) string { return "/?" + url.Values{"room": rooms}.Encode() },
	answers:     func(int) int { return 1 },
	say: func(room string, number int, data []byte) []byte {
		p, err := json.Marshal(said{Room: room, ID: "a." + strconv.Itoa(number), Data: data})
		if err != nil {
			panic(err) // data is JSON
		}
		return p
	},
}

// centrifugeJSON is centrifuge's JSON protocol: commands and replies, one a line.
var centrifugeJSON = tongue{
	subprotocol: "centrifuge-json",
	target:      func([]string) string { return "/" },
	greet: func(rooms []string) []byte {
		b := []byte(`{"id":1,"connect":{}}`)
		for i, room := range rooms {
			b = fmt.Appendf(b, "\n"+`{"id":%d,"subscribe":{"channel":%q}}`, i+2, room)
		}
		return b
	},
	answers: func(n int) int { return n + 1 },
	say: func(room string, number int, data []byte) []byte {
		return fmt.Appendf(nil, `{"id":%d,"publish":{"channel":%q,"data":%s}}`, number+1_000_000, room, data)
	},
}

// text is a text message.
func text(p []byte) []byte { return peer.Frame{First: peer.Fin | peer.OpText, Payload: p}.Bytes() }

// The data of every message is a string of dataSize bytes between quotes, with its number at the end.
const dataSize = 100

// dataOf is what message number says.
func dataOf(number int) []byte { return fmt.Appendf(nil, `"%0*d"`, dataSize, number) }

// dataField is what the data begins with in every tongue, and in nothing else that a server says.
var dataField = []byte(`"data":"`)

// numberIn returns the number of the message that a line is; ok is false if it is none but a reply, or a place.
func numberIn(line []byte) (number int, ok bool, err error) {
	if bytes.Contains(line, []byte(`"error"`)) || bytes.Contains(line, []byte(`"disconnect"`)) {
		return 0, false, fmt.Errorf("the server says %s", line)
	}
	i := bytes.Index(line, dataField)
	if i < 0 {
		return 0, false, nil
	}
	data := line[i+len(dataField):]
	if len(data) <= dataSize || data[dataSize] != '"' {
		return 0, false, fmt.Errorf("cut data: %s", line)
	}
	number, err = strconv.Atoi(string(data[:dataSize]))
	return number, true, err
}
