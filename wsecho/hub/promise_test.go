package hub_test

import (
	"testing"

	"example.com/wsecho/wsecho/hub"
)

func TestSmoke(t *testing.T) {
	h := &hub.Hub{}
	defer h.Close()
	sv := service(h, nil)
	c, _ := dial(t, sv, "", "a", "b")
	say(t, h, "a", "1")
	say(t, h, "b", "2")
	say(t, h, "c", "0")
	say(t, h, "a", "3")
	c.wants("1", "2", "3")
	since := c.at
	say(t, h, "a", "4", "5")
	c.wants("4", "5")
	d, f := dial(t, sv, since, "a", "b")
	if f.At != since {
		t.Error(f)
	}
	d.wants("4", "5")
	say(t, h, "b", "6")
	d.wants("6")
	c.wants("6")
}
