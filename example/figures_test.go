package main

import (
	"encoding/json"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

func TestFigures(t *testing.T) {
	p := start(t)
	c := dial(t, p.url+"/ws")
	write(t, c, "12345")
	read(t, c)
	enter(t, p.url, "lobby", "name=Ann", "").sees("Ann")

	_, body := get(t, p.url+"/debug/vars")
	var vars struct {
		Wsecho map[string]wsecho.Stats
		Hub    hub.Stats
	}
	if err := json.Unmarshal([]byte(body), &vars); err != nil {
		t.Fatal(err)
	}
	echo, rooms := vars.Wsecho["/ws"], vars.Wsecho["/rooms"]
	if echo.Open != 1 || echo.MessagesIn != 1 || echo.BytesOut != 5 {
		t.Errorf("/ws: %+v", echo)
	}
	if rooms.Open != 1 || rooms.MessagesIn != 0 || rooms.MessagesOut != 3 {
		t.Errorf("/rooms: %+v", rooms)
	}
	if vars.Hub.Members != 1 || vars.Hub.Topics != 1 {
		t.Errorf("the Hub: %+v", vars.Hub)
	}
}
