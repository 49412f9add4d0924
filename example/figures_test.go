package main

import (
	"encoding/json"
	"testing"

	"example.com/wsecho/wsecho"
)

func TestFigures(t *testing.T) {
	p := start(t)
	c := dial(t, p.url+"/ws")
	write(t, c, "12345")
	read(t, c)
	room := dial(t, p.url+"/rooms/lobby")
	read(t, room)

	_, body := get(t, p.url+"/debug/vars")
	var vars struct {
		Wsecho map[string]wsecho.Stats
	}
	if err := json.Unmarshal([]byte(body), &vars); err != nil {
		t.Fatal(err)
	}
	echo, rooms := vars.Wsecho["/ws"], vars.Wsecho["/rooms"]
	if echo.Open != 1 || echo.MessagesIn != 1 || echo.BytesOut != 5 {
		t.Errorf("/ws: %+v", echo)
	}
	if rooms.Open != 1 || rooms.MessagesIn != 0 || rooms.MessagesOut != 1 {
		t.Errorf("/rooms: %+v", rooms)
	}
}
