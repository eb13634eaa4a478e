package archive

import (
	"bytes"
	"strconv"

	fastjson "github.com/go-json-experiment/json"
)

// message takes apart the line of a message's record as this version writes it: what stands around the
// message has known places, and where an import has brought many messages, the origin of one is that of the
// one before. false if it is anything else, or wrong: then the whole line is to be decoded.
func (p parser) message(line []byte) (*Record, bool) {
	s := scan{rest: line, ok: true}
	r := &Record{Version: RecordVersion, Kind: KindMessage}
	s.expect(`{"v":1,"kind":"message","account":"`)
	r.Account = PeerID(s.plain())
	s.expect(`,"seen":`)
	r.Seen = s.integer()
	s.expect(`,"chat":"`)
	r.Chat = PeerID(s.plain())
	if bytes.HasPrefix(s.rest, []byte(`,"layer":`)) {
		s.expect(`,"layer":`)
		layer := s.integer()
		r.Layer, s.ok = int(layer), s.ok && int64(int(layer)) == layer
	}
	s.expect(`,"message":`)
	own, found := s.rest, false
	if !s.ok || len(own) == 0 {
		return nil, false
	}
	if raw, end := rawLength(own); end > 0 {
		if r.RawLen = raw; strconv.Itoa(raw) != string(own[end+len(`,"raw":`):len(own)-1]) {
			return nil, false
		}
		own = own[:end]
	} else if own, found = bytes.CutSuffix(own, []byte(`}`)); !found {
		return nil, false
	}
	if message, origin, imported := bytes.Cut(own, []byte(`},"origin":{"from":`)); imported {
		own = own[:len(message)+1]
		var ok bool
		if r.Origin, ok = p.originOf(origin); !ok {
			return nil, false
		}
	}
	if len(own) == 0 || own[0] != '{' || own[len(own)-1] != '}' {
		return nil, false
	}
	r.Message = new(Message)
	return r, fastjson.Unmarshal(own, r.Message, p.strict) == nil
}

// A lastOrigin is the origin of the last record that had one, and how it was written.
type lastOrigin struct {
	text   []byte // behind {"from":
	origin *Origin
}

// originOf returns the origin that is written as {"from": and then text.
func (p parser) originOf(text []byte) (*Origin, bool) {
	if p.last.origin != nil && bytes.Equal(text, p.last.text) {
		return p.last.origin, true
	}
	whole := append([]byte(`{"from":`), text...)
	origin := new(Origin)
	if fastjson.Unmarshal(whole, origin, p.strict) != nil {
		return nil, false
	}
	if len(text) < 4<<10 { // what an export has that nobody knows differs from message to message
		*p.last = lastOrigin{whole[len(`{"from":`):], origin}
	}
	return origin, true
}

// plain takes what stands up to the next quotation mark, if it stands there as it is.
func (s *scan) plain() string {
	name := s.name()
	s.ok = s.ok && isPlain(name)
	return name
}

// integer takes a number, if it is written as this version writes one.
func (s *scan) integer() int64 {
	before := s.rest
	n := s.number()
	var text [20]byte
	s.ok = s.ok && string(before[:len(before)-len(s.rest)]) == string(strconv.AppendInt(text[:0], n, 10))
	return n
}
