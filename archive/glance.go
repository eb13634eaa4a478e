package archive

import (
	"bytes"
	"errors"
	"hash/maphash"
	"strconv"
)

// A glimpse is what a snapshot has to know of a message until it is asked for.
type glimpse struct {
	account, chat PeerID
	id            int
	date          int64
	sum           uint32
	raw           int
}

// errImports says that messages cannot only be glanced at.
var errImports = errors.New("there are imported messages")

// glance reads the line of a message record as this version writes it, without taking the
// message apart, which costs ten times as much. false if it is anything else: then it is to
// be decoded.
//
//	{"v":1,"kind":"message","account":"A","seen":N,"chat":"C","layer":N,"message":{"id":N,"date":N…},"raw":N}
func glance(line []byte, seed maphash.Seed) (g glimpse, ok bool) {
	s := scan{rest: line, ok: true}
	s.expect(`{"v":1,"kind":"message","account":"`)
	g.account = PeerID(s.name())
	s.expect(`,"seen":`)
	s.number()
	s.expect(`,"chat":"`)
	g.chat = PeerID(s.name())
	if bytes.HasPrefix(s.rest, []byte(`,"layer":`)) {
		s.expect(`,"layer":`)
		s.number()
	}
	s.expect(`,"message":`)
	message := s.rest
	s.expect(`{"id":`)
	id := s.number()
	s.expect(`,"date":`)
	g.date = s.number()
	if !s.ok || !fitsID(int(id)) || bytes.Contains(message, []byte(`},"origin":`)) {
		return g, false
	}
	g.id = int(id)
	if message[len(message)-1] != '}' {
		return g, false // cut off
	}
	if end := bytes.LastIndex(message, []byte(`},"raw":`)); end >= 0 && isNumber(message[end+8:len(message)-1]) {
		g.raw, _ = strconv.Atoi(string(message[end+8 : len(message)-1]))
		message = message[:end+2]
	}
	if !bytes.HasSuffix(message, []byte(`}}`)) && g.raw == 0 || g.raw < 0 || g.raw > MaxRaw {
		return g, false
	}
	g.sum = uint32(maphash.Bytes(seed, message[:len(message)-1]))
	return g, true
}

func isNumber(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && len(text) < 12
}

// A scan goes through a line from left to right.
type scan struct {
	rest []byte
	ok   bool
}

func (s *scan) expect(text string) {
	if s.ok = s.ok && bytes.HasPrefix(s.rest, []byte(text)); s.ok {
		s.rest = s.rest[len(text):]
	}
}

// name takes what stands up to the next quotation mark, if nothing in it is escaped.
func (s *scan) name() string {
	end := bytes.IndexByte(s.rest, '"')
	if s.ok = s.ok && end > 0 && bytes.IndexByte(s.rest[:end], '\\') < 0; !s.ok {
		return ""
	}
	name := string(s.rest[:end])
	s.rest = s.rest[end+1:]
	return name
}

func (s *scan) number() int64 {
	end := 0
	for end < len(s.rest) && (s.rest[end] >= '0' && s.rest[end] <= '9' || end == 0 && s.rest[end] == '-') {
		end++
	}
	n, err := strconv.ParseInt(string(s.rest[:end]), 10, 64)
	s.ok = s.ok && err == nil
	s.rest = s.rest[end:]
	return n
}
