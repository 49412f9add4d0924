package peer

import (
	"errors"
	"slices"
)

// Inflate inflates what p holds behind window, block after block (RFC 1951), and says how far back it
// refers at most. compress/flate cannot say that. After a final block it goes on with the next byte.
func Inflate(window, p []byte) (out []byte, farthest int, err error) {
	z := &inflation{in: p, out: append([]byte(nil), window...)}
	defer func() {
		out, farthest = z.out[len(window):], z.farthest
		switch e := recover().(type) {
		case nil:
		case badDeflate:
			err = errors.New(string(e))
		default:
			panic(e)
		}
	}()
	for len(z.in)*8 > z.at {
		z.block()
	}
	return nil, 0, nil // the deferred function sets them
}

// badDeflate is what is wrong; thrown, as any bit may be.
type badDeflate string

// inflation is a stream that is being inflated.
type inflation struct {
	in       []byte
	at       int // bits of it that have been read
	out      []byte
	farthest int
}

func (z *inflation) bits(n int) (v int) {
	for i := range n {
		if z.at>>3 == len(z.in) {
			panic(badDeflate("cut short"))
		}
		v |= int(z.in[z.at>>3]>>(z.at&7)&1) << i
		z.at++
	}
	return v
}

// align goes on with the next byte.
func (z *inflation) align() { z.at = (z.at + 7) &^ 7 }

func (z *inflation) block() {
	final, kind := z.bits(1), z.bits(2)
	switch kind {
	case 0:
		z.align()
		n, inverse := z.bits(16), z.bits(16)
		if n != inverse^0xffff {
			panic(badDeflate("the lengths of a stored block do not agree"))
		}
		for range n {
			z.out = append(z.out, byte(z.bits(8)))
		}
	case 1:
		z.symbols(newCode(slices.Concat(repeat(8, 144), repeat(9, 112), repeat(7, 24), repeat(8, 8))), newCode(repeat(5, 30)))
	case 2:
		z.symbols(z.tables())
	default:
		panic(badDeflate("a reserved block type"))
	}
	if final == 1 {
		z.align()
	}
}

func repeat(length, n int) []int { return slices.Repeat([]int{length}, n) }

// code is a canonical Huffman code: how many symbols each length has, and the symbols in order.
type code struct {
	count   [16]int
	symbols []int
}

func newCode(lengths []int) (c code) {
	for n := range c.count {
		for symbol, length := range lengths {
			if length == n && n > 0 {
				c.count[n]++
				c.symbols = append(c.symbols, symbol)
			}
		}
	}
	return c
}

func (z *inflation) symbol(c code) int {
	v, first, index := 0, 0, 0
	for _, n := range c.count[1:] {
		v |= z.bits(1)
		if v-first < n {
			return c.symbols[index+v-first]
		}
		index += n
		first = (first + n) << 1
		v <<= 1
	}
	panic(badDeflate("no such code"))
}

// tables reads the codes of a block that brings its own (RFC 1951 section 3.2.7).
func (z *inflation) tables() (literals, distances code) {
	nLiterals, nDistances, n := z.bits(5)+257, z.bits(5)+1, z.bits(4)+4
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	lengths := make([]int, len(order))
	for _, symbol := range order[:n] {
		lengths[symbol] = z.bits(3)
	}
	c := newCode(lengths)
	lengths = nil
	for len(lengths) < nLiterals+nDistances {
		length, n := z.symbol(c), 1
		switch length {
		case 16:
			if len(lengths) == 0 {
				panic(badDeflate("nothing to repeat"))
			}
			length, n = lengths[len(lengths)-1], 3+z.bits(2)
		case 17:
			length, n = 0, 3+z.bits(3)
		case 18:
			length, n = 0, 11+z.bits(7)
		}
		for range n {
			lengths = append(lengths, length)
		}
	}
	if len(lengths) > nLiterals+nDistances {
		panic(badDeflate("too many lengths"))
	}
	return newCode(lengths[:nLiterals]), newCode(lengths[nLiterals:])
}

// symbols reads a block's data (RFC 1951 section 3.2.5).
func (z *inflation) symbols(literals, distances code) {
	for {
		symbol := z.symbol(literals)
		if symbol < 256 {
			z.out = append(z.out, byte(symbol))
			continue
		}
		if symbol == 256 {
			return
		}
		length := z.length(symbol - 257)
		distance := z.distance(z.symbol(distances))
		if distance > len(z.out) {
			panic(badDeflate("a distance before the start"))
		}
		z.farthest = max(z.farthest, distance)
		for range length {
			z.out = append(z.out, z.out[len(z.out)-distance])
		}
	}
}

func (z *inflation) length(symbol int) int {
	switch {
	case symbol < 8:
		return 3 + symbol
	case symbol == 28:
		return 258
	case symbol > 28:
		panic(badDeflate("no such length"))
	}
	extra := symbol/4 - 1
	return 3 + (4+symbol%4)<<extra + z.bits(extra)
}

func (z *inflation) distance(symbol int) int {
	switch {
	case symbol < 2:
		return 1 + symbol
	case symbol > 29:
		panic(badDeflate("no such distance"))
	}
	extra := symbol/2 - 1
	return 1 + (2+symbol%2)<<extra + z.bits(extra)
}
