package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Limits of the record stream. They are part of the format: a decoder refuses
// what exceeds them, so that a forged stream cannot ask for memory without end.
const (
	// MaxLine is the largest JSON line in bytes, without its LF: the record of a
	// media file of 200,000 chunks (200 GB) fits.
	MaxLine = 16 << 20
	// MaxRaw is the largest TL object in bytes; MTProto itself stops at 16 MiB.
	MaxRaw = 16 << 20
)

// AppendRecord appends r to dst as it stands in a record stream. A Version of 0
// means RecordVersion; RawLen is taken from Raw. It returns ErrTooLarge, or an
// error if r is not a well-formed record of its kind; r is not changed.
func AppendRecord(dst []byte, r *Record) ([]byte, error) {
	if len(r.Raw) > MaxRaw {
		return dst, fmt.Errorf("%s record: %w: %d raw bytes", r.Kind, ErrTooLarge, len(r.Raw))
	}
	start := len(dst)
	line, err := appendLine(dst, r)
	if err != nil {
		return dst, fmt.Errorf("%s record: %w", r.Kind, err)
	}
	if n := len(line) - start - 1; n > MaxLine {
		return dst, fmt.Errorf("%s record: %w: a line of %d bytes", r.Kind, ErrTooLarge, n)
	}
	if len(r.Raw) == 0 {
		return line, nil
	}
	return append(append(line, r.Raw...), '\n'), nil
}

// appendLine appends the JSON line of r and its LF.
func appendLine(dst []byte, r *Record) ([]byte, error) {
	if r.Line != nil {
		if r.RawLen != len(r.Raw) || bytes.IndexByte(r.Line, '\n') >= 0 {
			return dst, fmt.Errorf("a line kept from elsewhere does not fit its raw bytes")
		}
		return append(append(dst, r.Line...), '\n'), nil
	}
	canonical := *r
	canonical.RawLen = len(r.Raw)
	if canonical.Version == 0 {
		canonical.Version = RecordVersion
	}
	if canonical.Version != RecordVersion {
		return dst, fmt.Errorf("version %d cannot be written", r.Version)
	}
	if reason := canonical.misfit(); reason != "" {
		return dst, fmt.Errorf("%s", reason)
	}
	if r.Kind == KindMessage && isPlain(string(r.Account)) && isPlain(string(r.Chat)) && r.Item == "" {
		return appendMessage(dst, &canonical)
	}
	return appendJSON(dst, &canonical)
}

// appendJSON appends what encoding/json makes of v, and a LF: fields in the order of the
// struct, no spaces.
func appendJSON(dst []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, err
	}
	return buf.Bytes(), nil
}

// isPlain reports whether s stands in JSON as it is.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendMessage is appendJSON for the record of a message, the kind of which there are many:
// most of the fields of a Record cannot be set in one, and looking at them all takes as long
// as writing the message.
func appendMessage(dst []byte, r *Record) ([]byte, error) {
	dst = append(dst, `{"v":`...)
	dst = strconv.AppendInt(dst, int64(r.Version), 10)
	dst = append(append(dst, `,"kind":"message","account":"`...), r.Account...)
	dst = strconv.AppendInt(append(dst, `","seen":`...), r.Seen, 10)
	if r.Chat != "" {
		dst = append(append(append(dst, `,"chat":"`...), r.Chat...), '"')
	}
	if r.Layer != 0 {
		dst = strconv.AppendInt(append(dst, `,"layer":`...), int64(r.Layer), 10)
	}
	dst = append(dst, `,"message":`...)
	var err error
	if r.Encoded != nil {
		dst = append(dst, r.Encoded...)
	} else if dst, err = appendJSON(dst, r.Message); err != nil {
		return dst, err
	} else {
		dst = dst[:len(dst)-1]
	}
	if r.Origin != nil {
		if dst, err = appendJSON(append(dst, `,"origin":`...), r.Origin); err != nil {
			return dst, err
		}
		dst = dst[:len(dst)-1]
	}
	if r.RawLen != 0 {
		dst = strconv.AppendInt(append(dst, `,"raw":`...), int64(r.RawLen), 10)
	}
	return append(dst, "}\n"...), nil
}

// EncodeMessage returns m as it stands in its record: see Record.Encoded.
func EncodeMessage(m *Message) ([]byte, error) {
	data, err := appendJSON(nil, m)
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	return data[:len(data)-1], nil
}

// misfit says what is wrong with the shape of r, or "" if exactly the pointer
// that belongs to its kind is set.
func (r *Record) misfit() string {
	own, known := r.holds(r.Kind)
	switch {
	case !known:
		return "unknown kind"
	case !own:
		return "the kind's own part is absent"
	}
	set := 0
	for _, part := range r.parts() {
		if part.set {
			set++
		}
	}
	switch {
	case set > 1:
		return "parts of another kind are present"
	case r.Kind.ofItems() && r.Item == "":
		return "nothing says which one it is"
	}
	return ""
}

// A part is one of a record's pointers: the kind it belongs to, and whether it is
// set.
type part struct {
	kind Kind
	set  bool
}

func (r *Record) parts() [21]part {
	return [...]part{
		{KindPeer, r.Profile != nil}, // and KindAccount
		{KindChat, r.Dialog != nil},
		{KindMessage, r.Message != nil},
		{KindDeletion, r.Deletion != nil},
		{KindMedia, r.Media != nil},
		{KindMissing, r.Missing != nil},
		{KindEmoji, r.Emoji != nil},
		{KindUndecoded, r.Undecoded != nil},
		{KindPhoto, r.Photo != nil},
		{KindContact, r.Contact != nil},
		{KindTopPeers, r.TopPeers != nil},
		{KindStory, r.Story != nil},
		{KindMusic, r.Music != nil},
		{KindSession, r.Session != nil},
		{KindWebSession, r.WebSession != nil},
		{KindFolder, r.Folder != nil},
		{KindPinned, r.Pinned != nil},
		{KindDraft, r.Draft != nil},
		{KindTopic, r.Topic != nil},
		{KindOther, r.Other != nil},
		{KindUnlisted, r.Unlisted != nil},
	}
}

// holds reports whether the pointer that belongs to kind is set, and whether
// kind is known at all.
func (r *Record) holds(kind Kind) (has, known bool) {
	if kind == KindAccount {
		kind = KindPeer
	}
	for _, part := range r.parts() {
		if part.kind == kind {
			return part.set, true
		}
	}
	return false, false
}
