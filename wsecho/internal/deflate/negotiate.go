package deflate

import (
	"iter"
	"strconv"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/header"
)

const (
	extensionName    = "permessage-deflate"
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverBits       = "server_max_window_bits"
	clientBits       = "client_max_window_bits"
)

// Negotiate answers the client's offers (section 7.1): it takes the first that it can meet. If there is
// none, or mode is disabled, z is nil and answer "".
func Negotiate(offers iter.Seq[header.Extension], mode websocket.CompressionMode) (z *Codec, answer string) {
	if mode == websocket.CompressionDisabled {
		return nil, ""
	}
	for extension := range offers {
		if extension.Name != extensionName {
			continue
		}
		if o, ok := parseOffer(extension); ok {
			return o.accept(mode == websocket.CompressionNoContextTakeover)
		}
	}
	return nil, ""
}

// offer is what one offer asks for.
type offer struct {
	serverNoTakeover, clientNoTakeover bool // no context takeover, of ours and of the client's
	serverBits                         int  // 2 to the power of it is how far back we may refer; 0: it does not say
}

// accept meets the offer; if noTakeover, without context takeover in either direction, whatever it asks for.
func (o offer) accept(noTakeover bool) (z *Codec, answer string) {
	z = &Codec{In: Inflater{keep: !noTakeover && !o.clientNoTakeover}, Out: Deflater{keep: !noTakeover && !o.serverNoTakeover, window: windowSize}}
	answer = extensionName
	if o.serverBits > 0 { // section 7.1.2.1: who accepts it says so
		z.Out.window = 1 << o.serverBits
		answer += "; " + serverBits + "=" + strconv.Itoa(o.serverBits)
	}
	if !z.Out.keep {
		answer += "; " + serverNoTakeover
	}
	if !z.In.keep {
		answer += "; " + clientNoTakeover
	}
	return z, answer
}

// parseOffer reads the parameters of one offer. It declines (ok is false) one with a parameter that it
// does not know, that stands twice or whose value is bad, as section 7.1 demands.
func parseOffer(extension header.Extension) (o offer, ok bool) {
	seen := map[string]bool{}
	for p := range extension.Params() {
		if seen[p.Name] || !o.set(p) {
			return offer{}, false
		}
		seen[p.Name] = true
	}
	return o, true
}

// set takes one parameter in.
func (o *offer) set(p header.Param) (ok bool) {
	switch p.Name {
	case serverNoTakeover:
		o.serverNoTakeover = true
		return !p.Valued
	case clientNoTakeover:
		o.clientNoTakeover = true
		return !p.Valued
	case serverBits:
		o.serverBits, ok = windowBits(p.Value)
		return ok
	case clientBits: // our window is the largest, so that it need not be answered (section 7.1.2.2)
		_, ok = windowBits(p.Value)
		return ok || !p.Valued
	}
	return false
}

// windowBits reads the number of a window's bits: 8 to 15, without a leading zero (section 7.1.2).
func windowBits(value string) (bits int, ok bool) {
	bits, err := strconv.Atoi(value)
	return bits, err == nil && 8 <= bits && bits <= 15 && strconv.Itoa(bits) == value
}
