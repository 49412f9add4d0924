//go:build unix

package wsecho_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// seeds are every shape of frame, legal and not, in every state and mode, cut in several ways.
func seeds(f *testing.F) {
	const (
		text, textPart, binary, binaryPart, ping, pong, closing, own, compressed, byHand, wrong, raw = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	)
	streams := map[string][]byte{
		"nothing":                  {},
		"every size":               everySize(text, binary),
		"every size in fragments":  everySize(textPart, textPart, text),
		"text cut at every byte":   slices.Concat(everyCut(textPart), []byte{text, 0, closing, 0}),
		"pings between fragments":  {textPart, 3, ping, 2, 'a', 'b', textPart, 4, pong, 0, ping, 0, text, 1, closing, 0},
		"the longest ping":         {ping, 253, pong, 253, text, 2, closing, 1},
		"empty fragments":          {binaryPart, 0, binaryPart, 0, binaryPart, 1, binary, 0, textPart, 0, text, 0, closing, 0},
		"exactly ReadLimit":        {binary, 21, binaryPart, 20, binary, 1, closing, 0},
		"over ReadLimit":           {text, 1, binaryPart, 21, binary, 1, text, 1},
		"over ReadLimit by header": {text, 1, wrong, 0x82, 3, text, 1},
		"no close frame":           {text, 4, binary, 13},
		"ends in a message":        {text, 4, textPart, 13},
		"ends in a frame":          {text, 4, wrong, 0x82, 0xa6},
		"ends in a header":         {text, 4, raw, 4, 0x82, 0xfe, 0, 200, 1},
		"ends in a length":         {raw, 2, 0x81, 0xff, 0},
		"frames after the close":   {text, 1, closing, 0, text, 1, closing, 0, ping, 0},
		"close without a body":     {closing, 1},
		"close in a message":       {textPart, 4, closing, 0},
		"close of one byte":        {closing, 8 + 4, 3},
		"close with a bad reason":  {closing, 24 + 4, 3, 232, 0xff},
		"close with a long reason": {closing, 3, 9},
		"random bytes":             {raw, 31, 'G', 'E', 'T', ' ', '/', '\r', '\n'},
	}
	for code := range byte(255) { // 990 to 1244
		if code < 30 || code == 254 {
			streams["close code "+string(rune(code))] = []byte{closing, 2, code, 'b', 'y', 'e'}
		}
	}
	firsts := []byte{0xc0, 0xa0, 0x90, 0xc1, 0xa1, 0x91, 0xc8, 0xa8, 0x98, 0xc9, 0xa9, 0x99}
	for op := range byte(16) {
		firsts = append(firsts, op, op|0x80)
	}
	for _, first := range firsts { // outside a message and inside one
		for how := range byte(8) {
			if how == 7 || bytes.IndexByte([]byte{0x80, 0x81, 0x02, 0x88, 0x89}, first) >= 0 {
				name := string([]byte{first, how})
				streams["wrong "+name] = []byte{text, 2, wrong, first, 3<<5 | how, text, 2, closing, 0}
				streams["wrong inside "+name] = []byte{textPart, 2, wrong, first, 3<<5 | how, text, 2, closing, 0}
			}
		}
	}
	for _, s := range []string{"\xff", "a\x80", "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f\x98a", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbd"} {
		for cut := range len(s) + 1 {
			streams["text "+s[:cut]+"|"+s[cut:]] = slices.Concat([]byte{own, byte(cut<<2 | 1)}, []byte(s[:cut]), []byte{own, byte((len(s) - cut) << 2)}, []byte(s[cut:]), []byte{closing, 0})
		}
	}
	squeezed := map[string][]byte{
		"every size":                      everySize(compressed),
		"uncompressed between compressed": {compressed, 15, 0x40, text, 15, compressed, 15, 0x40, closing, 0},
		"over ReadLimit after inflation":  {compressed, 21, 0x50, closing, 0},
		"nothing inflates to nothing":     {byHand, 1 << 2, 0, closing, 0},
		"no bytes":                        {byHand, 0, closing, 0},
		"a reserved block":                {byHand, 2 << 2, 7, 0, closing, 0},
		"a block cut short":               {byHand, 6 << 2, 0, 5, 0, 0xfa, 0xff, 'H', closing, 0},
		"a distance before the start":     {byHand, 5 << 2, 0xf2, 0, 0x11, 0, 0, closing, 0},
	}
	for how := 0; how < 256; how += 5 {
		squeezed["how "+string(rune(how))] = []byte{compressed, 10, byte(how), compressed, 14, 0x41, text, 3, closing, 0}
	}
	cuts := [][]byte{{}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {3, 5, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 9, 11, 7, 0, 10, 9, 9}}
	for _, cuts := range cuts { // without a ReadLimit
		f.Add([]byte{text, 1, binaryPart, 3, wrong, 0x80, 1<<5 | 4, text, 1}, cuts, uint8(0x40)) // fragments of 2^63+2 bytes
		f.Add([]byte{text, 1, wrong, 0x82, 1<<5 | 4, text, 1}, cuts, uint8(0x40))                // a frame of 2^63-1
		f.Add([]byte{compressed, 21, 0x50, binary, 21, binaryPart, 21, binaryPart, 21, binary, 21, closing, 0}, cuts, uint8(0x41))
	}
	n := uint8(0)
	for i, streams := range []map[string][]byte{streams, squeezed} {
		for _, name := range slices.Sorted(maps.Keys(streams)) {
			f.Add(streams[name], cuts[n/2%4], (n+uint8(i))%2+uint8(i)|n/8%2<<7)
			n++
		}
	}
}

// everySize is one step of each kind for every size, and a close frame.
func everySize(kinds ...byte) (b []byte) {
	for size := range byte(len(scriptSizes)) {
		for _, kind := range kinds {
			if b = append(b, kind, size); kind == 8 { // how it is compressed
				b = append(b, 0x40)
			}
		}
	}
	return append(b, 6, 0)
}

// everyCut is fragments of one byte, as many as the runes of a text have.
func everyCut(kind byte) (b []byte) {
	for range 2 * len(runeStream) {
		b = append(b, kind, 1)
	}
	return b
}
