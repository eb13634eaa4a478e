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
	if raw, end := rawLength(message); end > 0 {
		g.raw = raw
		message = message[:end+1]
	}
	if !bytes.HasSuffix(message, []byte(`}}`)) && g.raw == 0 || g.raw < 0 || g.raw > MaxRaw {
		return g, false
	}
	own, ok := messageOf(line)
	g.sum = uint32(maphash.Bytes(seed, own))
	return g, ok
}

// rawLength reads how many raw bytes follow a record's line, and where in the line it says
// that; 0 and 0 if there are none. The length ends the line, behind an object.
func rawLength(line []byte) (n, at int) {
	if len(line) == 0 {
		return 0, 0
	}
	end := len(line) - 1
	digits := end
	for digits > 0 && line[digits-1] >= '0' && line[digits-1] <= '9' {
		digits--
	}
	before, found := bytes.CutSuffix(line[:digits], []byte(`},"raw":`))
	if !found || !isNumber(line[digits:end]) {
		return 0, 0
	}
	n, _ = strconv.Atoi(string(line[digits:end]))
	return n, len(before) + 1
}

// messageOf returns the message's own part of the line of a record as this version writes it;
// false if it is not found.
func messageOf(line []byte) ([]byte, bool) {
	_, message, found := bytes.Cut(line, []byte(`,"message":{`))
	if _, at := rawLength(message); at > 0 {
		message = message[:at]
	} else if found = found && bytes.HasSuffix(message, []byte(`}}`)); found {
		message = message[:len(message)-1]
	}
	if own, _, imported := bytes.Cut(message, []byte(`},"origin":{"from":`)); imported {
		return own, found
	}
	return bytes.TrimSuffix(message, []byte(`}`)), found
}

// skim reads the line of a message record as this version writes it, if the message names no
// file: whose it is, and how many raw bytes follow. false if it is anything else: then it is to
// be decoded. A text that speaks of a key has \"key\": in its line.
func skim(line []byte) (account PeerID, raw int, ok bool) {
	s := scan{rest: line, ok: true}
	s.expect(`{"v":1,"kind":"message","account":"`)
	account = PeerID(s.name())
	s.expect(`,"seen":`)
	if !s.ok || bytes.Contains(s.rest, []byte(`"key":`)) || !bytes.HasSuffix(line, []byte(`}`)) {
		return "", 0, false
	}
	raw, at := rawLength(line)
	if at == 0 && !bytes.HasSuffix(line, []byte(`}}`)) || raw > MaxRaw {
		return "", 0, false
	}
	return account, raw, true
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
