package world

import (
	"encoding/binary"
	"errors"
	"io"
	"os"

	"github.com/gotd/td/tg"
)

// content is the bytes of one file. ReadAt follows io.ReaderAt.
type content interface {
	io.ReaderAt
	Size() int64
}

// errAbsent is what reading a file gives that the export does not have.
var errAbsent = errors.New("the file is not there")

// absent is a file of which only the size is known.
type absent int64

func (a absent) Size() int64                       { return int64(a) }
func (a absent) ReadAt([]byte, int64) (int, error) { return 0, errAbsent }

// onDisk is a file of an export folder, opened for each read.
type onDisk struct {
	path string
	size int64
}

func (d onDisk) Size() int64 { return d.size }

func (d onDisk) ReadAt(p []byte, off int64) (int, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(p, off)
}

// inMemory is a small file.
type inMemory []byte

func (m inMemory) Size() int64 { return int64(len(m)) }

func (m inMemory) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(m)) {
		return 0, io.EOF
	}
	return short(copy(p, m[off:]), len(p))
}

// short is what ReadAt returns for n of wanted bytes.
func short(n, wanted int) (int, error) {
	if n < wanted {
		return n, io.EOF
	}
	return n, nil
}

// made is a file that is a function of its seed: head, then noise.
type made struct {
	seed uint64
	size int64
	head []byte
}

func (m made) Size() int64 { return m.size }

func (m made) ReadAt(p []byte, off int64) (int, error) {
	if off >= m.size {
		return 0, io.EOF
	}
	var err error
	if rest := m.size - off; int64(len(p)) > rest {
		p, err = p[:rest], io.EOF
	}
	n := 0
	if off < int64(len(m.head)) {
		n = copy(p, m.head[off:])
	}
	m.noise(p[n:], off+int64(n))
	return len(p), err
}

// noise fills p with the bytes from offset off on, eight per number.
func (m made) noise(p []byte, off int64) {
	var word [8]byte
	for len(p) > 0 {
		x := (m.seed + uint64(off/8)) * 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint64(word[:], x^x>>31)
		n := copy(p, word[off%8:])
		p, off = p[n:], off+int64(n)
	}
}

// A file is a photo or a document. Its parts are named by the thumb_size that
// asks for them; "" is the document itself.
type file struct {
	id    int64
	photo bool
	date  int // 0: the file is a function of its id
	dc    int
	mime  string
	parts map[string]content
}

// referenceSize is the length of a file reference: generation, then proof.
const referenceSize = 4 + 8

// reference is the file reference of a generation. It is bound to the file, so
// that one file's reference opens no other.
func (w *World) reference(photo bool, id int64, generation uint32) []byte {
	kind := uint64(1)
	if photo {
		kind = 2
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, referenceSize), generation)
	return binary.BigEndian.AppendUint64(b, mix(w.key, kind, uint64(id), uint64(generation)))
}

// checkReference tells expired references from made-up ones.
func (w *World) checkReference(f *file, reference []byte) error {
	switch {
	case len(reference) == 0:
		return fail(400, "FILE_REFERENCE_EMPTY")
	case len(reference) != referenceSize:
		return fail(400, "FILE_REFERENCE_INVALID")
	}
	generation := binary.BigEndian.Uint32(reference)
	if string(reference) != string(w.reference(f.photo, f.id, generation)) {
		return fail(400, "FILE_REFERENCE_INVALID")
	}
	if generation != w.faults.currentGeneration() {
		return fail(400, "FILE_REFERENCE_EXPIRED")
	}
	return nil
}

// fileHash is the access hash of a file.
func (w *World) fileHash(id int64) int64 { return int64(mix(w.key, 'f', uint64(id)) >> 1) }

// A stamp writes the references of the moment into the files a message names.
// Stored messages have none.
type stamp struct {
	w          *World
	generation uint32
}

func (w *World) newStamp() stamp { return stamp{w, w.faults.currentGeneration()} }

func (s stamp) message(m tg.MessageClass) tg.MessageClass {
	switch m := m.(type) {
	case *tg.Message:
		s.media(m.Media)
		s.around(m)
	case *tg.MessageService:
		switch a := m.Action.(type) {
		case *tg.MessageActionChatEditPhoto:
			s.photo(a.Photo)
		case *tg.MessageActionSuggestProfilePhoto:
			s.photo(a.Photo)
		case *tg.MessageActionBotAllowed:
			if app, ok := a.App.(*tg.BotApp); ok {
				s.photo(app.Photo)
			}
		}
	}
	return m
}

func (s stamp) media(m tg.MessageMediaClass) {
	s.inner(m)
	switch m := m.(type) {
	case *tg.MessageMediaPhoto:
		s.photo(m.Photo)
	case *tg.MessageMediaDocument:
		s.document(m.Document)
		s.photo(m.VideoCover)
		for _, d := range m.AltDocuments {
			s.document(d)
		}
	case *tg.MessageMediaGame:
		s.photo(m.Game.Photo)
		s.document(m.Game.Document)
	case *tg.MessageMediaWebPage:
		if page, ok := m.Webpage.(*tg.WebPage); ok {
			s.photo(page.Photo)
			s.document(page.Document)
		}
	}
}

func (s stamp) photo(p tg.PhotoClass) {
	if p, ok := p.(*tg.Photo); ok {
		p.AccessHash = s.w.fileHash(p.ID)
		p.FileReference = s.w.reference(true, p.ID, s.generation)
	}
}

func (s stamp) document(d tg.DocumentClass) tg.DocumentClass {
	if d, ok := d.(*tg.Document); ok {
		d.AccessHash = s.w.fileHash(d.ID)
		d.FileReference = s.w.reference(false, d.ID, s.generation)
	}
	return d
}
