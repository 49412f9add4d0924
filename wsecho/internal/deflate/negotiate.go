package deflate

import (
	"iter"
	"slices"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/header"
)

const (
	extensionName = "permessage-deflate"
	serverFresh   = "server_no_context_takeover"
	clientFresh   = "client_no_context_takeover"
	serverBits    = "server_max_window_bits"
	clientBits    = "client_max_window_bits"
)

// Negotiate answers the client's offers (section 7.1): it takes the first that it can meet. If there is
// none, or mode is disabled, z is nil and answer "".
func Negotiate(offers iter.Seq[header.Extension], mode websocket.CompressionMode) (z *Codec, answer string) {
	if mode == websocket.CompressionDisabled {
		return nil, ""
	}
	fresh := mode == websocket.CompressionNoContextTakeover
	for offer := range offers {
		if offer.Name != extensionName {
			continue
		}
		asked, ok := parseOffer(offer)
		if !ok {
			continue
		}
		z = &Codec{In: Inflater{keep: !fresh && !asked[clientFresh]}, Out: Deflater{keep: !fresh && !asked[serverFresh]}}
		answer = extensionName
		if asked[serverBits] { // section 7.1.2.1: an offer with it is accepted by an answer with it
			answer += "; " + serverBits + "=15"
		}
		if !z.Out.keep {
			answer += "; " + serverFresh
		}
		if !z.In.keep {
			answer += "; " + clientFresh
		}
		return z, answer
	}
	return nil, ""
}

// parseOffer reads the parameters of one offer. It declines (ok is false) one that asks for a smaller
// window of ours, which compress/flate does not have, and one with a parameter that it does not know,
// that stands twice or whose value is bad, as section 7.1 demands.
func parseOffer(offer header.Extension) (asked map[string]bool, ok bool) {
	asked = map[string]bool{}
	for p := range offer.Params() {
		switch {
		case asked[p.Name]:
			return nil, false
		case (p.Name == serverFresh || p.Name == clientFresh) && !p.Valued:
		case p.Name == serverBits && p.Value == "15":
		case p.Name == clientBits && (!p.Valued || slices.Contains(windowBits, p.Value)): // a smaller one costs nothing
		default:
			return nil, false
		}
		asked[p.Name] = true
	}
	return asked, true
}

var windowBits = []string{"8", "9", "10", "11", "12", "13", "14", "15"}
