package desktop

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"telekeep/archive"
)

// The facts about a version that the state keeps.
const (
	factStructured = 1 << iota // from JSON: the whole of the message and not its looks
	factFiles                  // a file of it was there
)

// Records of a batch, and how many bytes of text they may have about.
const (
	batchRecords = 512
	batchBytes   = 1 << 20
)

const (
	blockBits = 9  // of a message id: within a block
	entrySize = 11 // id within the block, gist, sum, facts
)

// A sink takes messages and other facts, passes over those that an earlier import took,
// and gives the others to the archive, many at once.
type sink struct {
	*importer
	records []*archive.Record
	state   map[string][]byte
	bytes   int
	added   int // messages in records
	lastKey string
	last    []byte // what the archive's state has for lastKey
	facts   int
	block   struct { // of the last message
		chat   archive.PeerID
		number int
		key    string
	}
}

func newSink(im *importer) *sink { return &sink{importer: im, state: map[string][]byte{}} }

// entry is what the state keeps of one version of a message.
type entry struct {
	low   uint16
	gist  uint32 // of when it was written and its words
	sum   uint32 // of all of it but its files
	facts byte
}

// message takes a message whose origin may have more than the others'.
func (s *sink) message(chat archive.PeerID, m *archive.Message, unknown map[string]json.RawMessage) error {
	s.result.Messages++
	e, encoded, err := s.entryOf(m)
	if err != nil {
		return err
	}
	key := s.blockKey(chat, m.ID>>blockBits)
	block, err := s.value(key)
	if err != nil {
		return err
	}
	if knows(block, e) {
		s.result.Known++
		return nil
	}
	if _, own := s.state[key]; !own { // it is the archive's
		block = append(make([]byte, 0, len(block)+32*entrySize), block...)
	}
	s.state[key] = appendEntry(block, e)
	r := s.record(archive.KindMessage)
	r.Chat, r.Message, r.Encoded, r.Origin.Unknown = chat, m, encoded, unknown
	s.records = append(s.records, r)
	s.added++
	s.bytes += len(m.Text.Text) + 256
	return s.flushFull()
}

// blockKey is the key of the state for a block of messages.
func (s *sink) blockKey(chat archive.PeerID, block int) string {
	if s.block.key == "" || s.block.chat != chat || s.block.number != block {
		s.block.chat, s.block.number = chat, block
		s.block.key = fmt.Sprintf("import/%s/%s/%d", s.account, chat, block)
	}
	return s.block.key
}

func (s *sink) flushFull() error {
	if len(s.records) < batchRecords && s.bytes < batchBytes {
		return nil
	}
	return s.flush()
}

// value is what the state has, or will have with the next batch.
func (s *sink) value(key string) ([]byte, error) {
	if value, ok := s.state[key]; ok {
		return value, nil
	}
	if key == s.lastKey { // the next message is of the same block
		return s.last, nil
	}
	value, _, err := s.to.Get(key)
	s.lastKey, s.last = key, value
	return value, archived(err)
}

// entryOf sums up a message, and returns its JSON if that does for the record too.
func (s *sink) entryOf(m *archive.Message) (entry, []byte, error) {
	e := entry{low: uint16(m.ID & (1<<blockBits - 1)), gist: gist(m)}
	files := filesOf(m)
	keys := make([]archive.MediaKey, len(files))
	for i, f := range files {
		keys[i] = f.Key
		if strings.HasPrefix(string(f.Key), archive.MediaSHA256) {
			e.facts |= factFiles
		}
		f.Key = ""
	}
	data, err := archive.EncodeMessage(m)
	for i, f := range files {
		f.Key = keys[i]
	}
	if err != nil {
		return e, nil, err
	}
	if s.origin.From != archive.OriginDesktopHTML {
		e.facts |= factStructured
	}
	summed := data
	if bytes.ContainsAny(data, "<>&") { // the sums are of what json.Marshal makes of a message
		var escaped bytes.Buffer
		json.HTMLEscape(&escaped, data)
		summed = escaped.Bytes()
	}
	e.sum = short(summed)
	if len(files) > 0 {
		data = nil
	}
	return e, data, nil
}

// gist sums up what every kind of export tells of a message.
func gist(m *archive.Message) uint32 {
	if m.Action != nil {
		return 0 // pages tell neither when it was nor, in words of a program, what
	}
	words := m.Text.Text
	text := make([]byte, 0, len(words)+24)
	text = append(strconv.AppendInt(text, m.Date, 10), ' ')
	for i := 0; i < len(words); {
		r, n := rune(words[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(words[i:])
		}
		if !unicode.IsSpace(r) {
			text = append(text, words[i:i+n]...)
		}
		i += n
	}
	return short(text)
}

func short(data []byte) uint32 {
	sum := sha256.Sum256(data)
	return binary.LittleEndian.Uint32(sum[:4])
}

// filesOf are the files of a message that the export can have or not.
func filesOf(m *archive.Message) []*archive.File {
	var files []*archive.File
	add := func(list ...*archive.File) {
		for _, f := range list {
			if f != nil {
				files = append(files, f)
			}
		}
	}
	if m.Media != nil {
		add(m.Media.File, m.Media.Thumb)
	}
	if m.Action != nil {
		add(m.Action.Photo)
	}
	return files
}

// knows reports whether a version in block says all that e says.
func knows(block []byte, e entry) bool {
	for ; len(block) >= entrySize; block = block[entrySize:] {
		if binary.LittleEndian.Uint16(block) != e.low || e.facts&^block[entrySize-1] != 0 {
			continue
		}
		same := binary.LittleEndian.Uint32(block[6:]) == e.sum
		if e.facts&factStructured == 0 { // pages tell less than what they were made of
			same = binary.LittleEndian.Uint32(block[2:]) == e.gist
		}
		if same {
			return true
		}
	}
	return false
}

// appendEntry adds e to a block.
func appendEntry(block []byte, e entry) []byte {
	out := binary.LittleEndian.AppendUint16(block, e.low)
	out = binary.LittleEndian.AppendUint32(out, e.gist)
	out = binary.LittleEndian.AppendUint32(out, e.sum)
	return append(out, e.facts)
}

// fact takes a record about a thing, unless the last import that told of it said the same.
func (s *sink) fact(thing string, r *archive.Record) error {
	key := fmt.Sprintf("import/%s/print/%s", s.account, thing)
	bare := *r
	bare.Seen, bare.Origin = 0, nil
	data, err := json.Marshal(&bare)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	print := base64.RawStdEncoding.EncodeToString(sum[:16])
	before, err := s.value(key)
	if err != nil || string(before) == print {
		return err
	}
	s.state[key] = []byte(print)
	s.records = append(s.records, r)
	s.facts++
	s.bytes += len(data)
	return s.flushFull()
}

// flush gives what was gathered to the archive.
func (s *sink) flush() error {
	if len(s.records) > 0 {
		if err := s.to.Apply(s.ctx, archive.Batch{Records: s.records, State: s.state}); err != nil {
			return archived(err)
		}
		s.result.Added += s.added
		s.result.Facts += s.facts
		s.lastKey, s.last = "", nil
		s.records, s.state, s.bytes, s.added, s.facts = nil, map[string][]byte{}, 0, 0, 0
	}
	s.tell()
	if s.to.Due() {
		return archived(s.to.Commit(s.ctx))
	}
	return nil
}

// settle is flush, also of a state that no record came with: it is worth no commit of its own.
func (s *sink) settle() error {
	if err := s.flush(); err != nil || len(s.state) == 0 {
		return err
	}
	err := archived(s.to.Apply(s.ctx, archive.Batch{State: s.state, Soft: true}))
	s.state = map[string][]byte{}
	return err
}

func (s *sink) tell() {
	if s.Progress != nil {
		s.Progress(Progress{Messages: s.result.Messages, Files: s.result.FilesAdded, Bytes: s.result.Bytes})
	}
}
