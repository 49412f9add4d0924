package room

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestName is how many letters a name may have that a guest gives itself.
const longestName = 30

// A Guest is who a session is. A service with logins has its users instead: who a message is from never comes from the
// message, nor does User here.
type Guest struct {
	User string `json:"user"` // the same for as long as the client keeps its key, at every node and after a restart
	Name string `json:"name"` // what it calls itself: others may have the same
}

// guestOf returns who the query's name and guest say. guest is a key that only its client has: all see what it gives, and
// nobody can be that guest without it. Where there is none, each connection is another guest. A name that cannot be
// shown is none; one without a name is called guest- and a number that its key gives. (The access log has the queries: who
// reads it is trusted here. A service with logins has a cookie.)
func guestOf(query url.Values) Guest {
	key := query.Get("guest")
	if key == "" {
		key = rand.Text()
	}
	sum := sha256.Sum256([]byte(key))
	user := hex.EncodeToString(sum[:16])
	name := strings.TrimSpace(query.Get("name"))
	if name == "" || utf8.RuneCountInString(name) > longestName || !printable(name) {
		name = fmt.Sprintf("guest-%d", binary.BigEndian.Uint16(sum[16:]))
	}
	return Guest{User: user, Name: name}
}

// printable reports whether s is text without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
