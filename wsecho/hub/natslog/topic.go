package natslog

import (
	"strings"
	"unicode/utf8"
)

// maxTopic and maxSegments are the largest topic, in bytes and in segments between slashes: NATS advises
// subjects of at most 256 bytes and 16 tokens, of which "wsecho.<name>.log" takes three.
const (
	maxTopic    = 200
	maxSegments = 14
)

const upperHex = "0123456789ABCDEF"

// validTopic says whether topic is one that a Log takes.
func validTopic(topic string) bool {
	return topic != "" && len(topic) <= maxTopic && utf8.ValidString(topic) && strings.Count(topic, "/") < maxSegments
}

// encodeTopic writes topic as the tokens of a subject: a slash becomes a dot, and a byte that is no letter, digit,
// hyphen or underscore becomes =XX. So a name that a user has chosen is neither a wildcard nor one more token. A
// segment without a byte is "=", as NATS takes no empty token.
func encodeTopic(topic string) string {
	var b strings.Builder
	b.Grow(len(topic))
	for i, segment := range strings.Split(topic, "/") {
		if i > 0 {
			b.WriteByte('.')
		}
		if segment == "" {
			b.WriteByte('=')
		}
		for j := range len(segment) {
			if c := segment[j]; plain(c) {
				b.WriteByte(c)
			} else {
				b.WriteByte('=')
				b.WriteByte(upperHex[c>>4])
				b.WriteByte(upperHex[c&15])
			}
		}
	}
	return b.String()
}

// plain says whether c stands for itself in a token.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// decodeTopic reads what encodeTopic wrote. ok is false for any other tokens, also for a second spelling of a topic
// (=41 for A): whoever publishes in that subject would pass by rights that were given for the first.
func decodeTopic(tokens string) (topic string, ok bool) {
	var b strings.Builder
	b.Grow(len(tokens))
	for i, token := range strings.Split(tokens, ".") {
		if i > 0 {
			b.WriteByte('/')
		}
		if token == "=" {
			continue
		}
		for j := 0; j < len(token); j++ {
			if token[j] != '=' {
				b.WriteByte(token[j])
				continue
			}
			if j+2 >= len(token) {
				return "", false
			}
			high, low := strings.IndexByte(upperHex, token[j+1]), strings.IndexByte(upperHex, token[j+2])
			if high < 0 || low < 0 {
				return "", false
			}
			b.WriteByte(byte(high<<4 | low))
			j += 2
		}
	}
	topic = b.String()
	return topic, validTopic(topic) && encodeTopic(topic) == tokens
}
