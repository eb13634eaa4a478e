package chunkstore

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"telekeep/crypto"
)

// FuzzParseKeyNote: a note that is not as telekeep writes it is refused by name; what one says
// that somebody with a key of their own signed is read as it was signed, and under its name only.
func FuzzParseKeyNote(f *testing.F) {
	key := testSigningKey(f)
	n := &KeyNote{Vault: "0123456789abcdef0123456789abcdef", Name: "anna", File: Object{Hash{1}, 900}, Time: time.Unix(1_700_000_000, 0)}
	name, data := n.sign(key)
	f.Add(data)
	f.Add(n.marshalValue())
	n.Removed = true
	_, data = n.sign(key)
	f.Add(data)
	f.Add(bytes.Replace(data, []byte("anna"), []byte("../a"), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := ParseKeyNote(name, data, n.Vault); (n == nil) == (err == nil) || err != nil && !isKnownFault(err) && !errors.Is(err, ErrForged) {
			t.Errorf("note %v, an error of no kind: %v", n, err)
		}
		value, err := parseNoteValue(name, data)
		if err != nil {
			if !isKnownFault(err) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		under, signed := value.sign(key)
		again, err := ParseKeyNote(under, signed, value.Vault)
		if err != nil || *again != *value {
			t.Fatalf("%+v was signed, %+v is read: %v", value, again, err)
		}
		if owner, removed, ok := parseNoteName(under); !ok || owner != value.Name || removed != value.Removed {
			t.Errorf("%s is of %q, %v, %v", under, owner, removed, ok)
		}
		if _, err := ParseKeyNote(under+"x", signed, value.Vault); !errors.Is(err, ErrForged) {
			t.Errorf("under another name: %v", err)
		}
	})
}

// FuzzChunk: what a stored chunk decompresses to is as long as the directory says, or refused,
// and takes no more memory than that.
func FuzzChunk(f *testing.F) {
	c, err := newCompressor()
	if err != nil {
		f.Fatal(err)
	}
	plain := bytes.Repeat([]byte("what somebody said "), 2000)
	f.Add(bytes.Clone(c.fast.EncodeAll(plain, nil)), uint32(len(plain)))
	f.Add(bytes.Clone(c.fast.EncodeAll(plain, nil)), uint32(5))
	f.Add(bytes.Clone(c.fast.EncodeAll(make([]byte, 8<<20), nil)), uint32(100))
	d, err := newDecompressor(1)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(d.close)
	f.Fuzz(func(t *testing.T, stored []byte, raw uint32) {
		e := dirEntry{Raw: raw%(1<<20) + 1, Stored: uint32(len(stored)), Encoding: encodingZstd}
		got, err := d.decode(e, stored)
		switch {
		case err != nil && !errors.Is(err, crypto.ErrDamaged):
			t.Errorf("an error of another kind: %v", err)
		case err != nil && got != nil:
			t.Errorf("%d bytes in spite of %v", len(got), err)
		case err == nil && (len(got) != int(e.Raw) || cap(got) > 2*int(e.Raw)+1024):
			t.Errorf("%d bytes in memory for %d, instead of %d", len(got), cap(got), e.Raw)
		}
	})
}

// FuzzTrailer: wherever a trailer puts the directory, it lies within the content.
func FuzzTrailer(f *testing.F) {
	good := packContent([]byte("hello"))
	f.Add(good[len(good)-packTrailerSize:], int64(len(good)))
	f.Add(good[len(good)-packTrailerSize:], int64(20))
	f.Add(bytes.Repeat([]byte{0xff}, 8), int64(1<<40))
	f.Fuzz(func(t *testing.T, b []byte, content int64) {
		s, err := parsePackTrailer(b, content)
		if err != nil {
			if !errors.Is(err, crypto.ErrDamaged) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if s.offset < packHeaderSize || s.count < 1 || s.count > maxPackChunks || s.offset+s.size()+packTrailerSize > content {
			t.Errorf("%+v in %d bytes", s, content)
		}
	})
}

// FuzzParseName: a name of an object is that of one object only, and leads nowhere else.
func FuzzParseName(f *testing.F) {
	writer := "0123456789abcdef0123456789abcdef"
	for _, name := range []string{
		packName(Hash{1}), indexName(writer, 7), commitName(writer, 123456789), writerName(writer), secretsName(writer),
		"keys/anna.age", "keys/anna.0123456789abcdef.added", vaultName, readmeName, recoverName, "commits/../00000001.json", "",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		o := ParseName(name)
		var again string
		switch o.Kind {
		case PackObject:
			again = packName(o.Hash)
		case IndexObject:
			again = indexName(o.Writer, o.Seq)
		case CommitObject:
			again = commitName(o.Writer, o.Seq)
		case WriterObject:
			again = writerName(o.Writer)
		case SecretsObject:
			again = secretsName(o.Writer)
		case KeyObject, NoteObject:
			if !validOwnerName(o.Owner) {
				t.Errorf("%q is of %q", name, o.Owner)
			}
			return
		default:
			return
		}
		if again != name {
			t.Errorf("%q is taken for %q", name, again)
		}
	})
}

// FuzzHead: what is remembered of a chain is read as it was written, or refused.
func FuzzHead(f *testing.F) {
	f.Add(head{7, Hash{1, 2}}.marshal())
	f.Add([]byte{})
	f.Add(make([]byte, 39))
	f.Fuzz(func(t *testing.T, value []byte) {
		h, err := parseHead(value)
		if err != nil {
			if !errors.Is(err, ErrStateDamaged) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if value != nil && !bytes.Equal(h.marshal(), value) {
			t.Errorf("%x became %+v", value, h)
		}
	})
}
