// The strict JSON reader (spec/envelope.md §3.1, §3.2). It refuses every text on which readers could disagree.

package main

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const (
	depthLimit   = 8
	namesLimit   = 256
	integerBound = int64(1) << 53
	jsonInvalid  = "json_invalid"
)

// Objects are object, lists []any, strings string, numbers int64, and null is nil.
type object map[string]any

type reader struct {
	text []byte
	at   int
}

// parseJSON returns the value that fills the text, white space aside.
func parseJSON(text []byte) any {
	demand(utf8.Valid(text), jsonInvalid)
	r := &reader{text: text}
	r.skipSpace()
	value := r.value(1)
	r.skipSpace()
	demand(r.at == len(text), jsonInvalid)
	return value
}

func (r *reader) value(depth int) any {
	switch c := r.peek(); {
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.list(depth)
	case c == '"':
		return r.string()
	case r.word("true"):
		return true
	case r.word("false"):
		return false
	case r.word("null"):
		return nil
	}
	return r.integer()
}

func (r *reader) object(depth int) object {
	members := object{}
	r.items('}', depth, func() {
		name := r.string()
		// Compared after unescaping: "a" and "\u0061" are one name.
		_, twice := members[name]
		demand(!twice && len(members) < namesLimit, jsonInvalid)
		r.skipSpace()
		r.expect(':')
		r.skipSpace()
		members[name] = r.value(depth + 1)
	})
	return members
}

func (r *reader) list(depth int) []any {
	values := []any{}
	r.items(']', depth, func() { values = append(values, r.value(depth+1)) })
	return values
}

// items reads the items of an object or list, from its opening to behind its closing bracket.
func (r *reader) items(close byte, depth int, item func()) {
	demand(depth <= depthLimit, jsonInvalid)
	r.at++
	r.skipSpace()
	for first := true; r.peek() != close; first = false {
		if !first {
			r.expect(',')
			r.skipSpace()
		}
		item()
		r.skipSpace()
	}
	r.at++
}

func (r *reader) string() string {
	r.expect('"')
	var text strings.Builder
	for {
		c := r.peek()
		demand(c >= 0x20, jsonInvalid)
		r.at++
		switch c {
		case '"':
			return text.String()
		case '\\':
			text.WriteRune(r.escape())
		default:
			text.WriteByte(c)
		}
	}
}

func (r *reader) escape() rune {
	letter := r.peek()
	r.at++
	if letter == 'u' {
		return r.unicodeEscape()
	}
	at := strings.IndexByte(`"\/bfnrt`, letter)
	demand(at >= 0, jsonInvalid)
	return rune("\"\\/\b\f\n\r\t"[at])
}

func (r *reader) unicodeEscape() rune {
	point := r.fourHex()
	if point >= 0xd800 && point < 0xdc00 {
		r.expect('\\')
		r.expect('u')
		low := r.fourHex()
		demand(low >= 0xdc00 && low < 0xe000, jsonInvalid)
		point = 0x10000 + (point-0xd800)<<10 + (low - 0xdc00)
	}
	demand(point != 0 && !(point >= 0xd800 && point < 0xe000), jsonInvalid)
	return point
}

func (r *reader) fourHex() (point rune) {
	for i := 0; i < 4; i++ {
		digit := strings.IndexByte("0123456789abcdef", lower(r.peek()))
		demand(digit >= 0, jsonInvalid)
		point = point<<4 | rune(digit)
		r.at++
	}
	return point
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}

func (r *reader) integer() int64 {
	negative := r.peek() == '-'
	if negative {
		r.at++
	}
	start, number := r.at, int64(0)
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		number = number*10 + int64(c-'0')
		demand(number < integerBound, jsonInvalid)
		r.at++
	}
	length := r.at - start
	demand(length > 0 && (length == 1 || r.text[start] != '0') && !(negative && number == 0), jsonInvalid)
	demand(strings.IndexByte(".eE", r.peek()) < 0, jsonInvalid)
	if negative {
		return -number
	}
	return number
}

func (r *reader) word(word string) bool {
	found := bytes.HasPrefix(r.text[r.at:], []byte(word))
	if found {
		r.at += len(word)
	}
	return found
}

func (r *reader) expect(c byte) {
	demand(r.peek() == c, jsonInvalid)
	r.at++
}

// peek returns 0 at the end of the text; a NUL in the text is nowhere allowed either.
func (r *reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *reader) skipSpace() {
	for r.at < len(r.text) && strings.IndexByte(" \t\n\r", r.text[r.at]) >= 0 {
		r.at++
	}
}
