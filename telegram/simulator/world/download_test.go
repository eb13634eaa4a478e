package world

import (
	"bytes"
	"crypto/sha256"
	"os"
	"testing"

	"github.com/gotd/td/tg"
)

// shelfWorld has one document of 3 MiB and 5 bytes, in data centre 4, in a chat.
func shelfWorld(t testing.TB) (*village, *tg.Document, []byte) {
	t.Helper()
	v := newVillage(t, Options{FileDCs: []int{4}})
	const size = 3<<20 + 5
	id, err := v.AddMessage(0, NewMessage{Chat: v.friend.String(), FileName: "a.bin", FileSize: size, Silent: true})
	if err != nil {
		t.Fatal(err)
	}
	v.World.dcs = []int{2, 4}
	d := v.fresh(id)
	whole := make([]byte, size)
	v.World.shelf[d.ID].parts[""].ReadAt(whole, 0)
	v.call.DC = 4
	return v, d, whole
}

// fresh is the document of a message as the server shows it now.
func (v *village) fresh(id int) *tg.Document {
	v.t.Helper()
	m := v.messages(&tg.MessagesGetMessagesRequest{ID: []tg.InputMessageClass{&tg.InputMessageID{ID: id}}})
	return m.list[0].(*tg.Message).Media.(*tg.MessageMediaDocument).Document.(*tg.Document)
}

func (v *village) lastOf(p peer) int { return v.accounts[0].chats[p].lastID() }

func where(d *tg.Document) *tg.InputDocumentFileLocation {
	return &tg.InputDocumentFileLocation{ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference}
}

func (g *guest) part(l tg.InputFileLocationClass, offset int64, limit int) []byte {
	g.t.Helper()
	return ask(g, &tg.UploadGetFileRequest{Location: l, Offset: offset, Limit: limit}, into[tg.UploadFile]).Bytes
}

func TestFilesComeInParts(t *testing.T) {
	v, d, whole := shelfWorld(t)
	for _, limit := range []int{4096, 128 << 10, 512 << 10, 1 << 20} {
		var got []byte
		for {
			p := v.part(where(d), int64(len(got)), limit)
			got = append(got, p...)
			if len(p) < limit {
				break
			}
			if limit == 4096 && len(got) > 1<<18 {
				got = whole
				break
			}
		}
		if !bytes.Equal(got, whole) {
			t.Errorf("parts of %d: %d bytes differ", limit, len(got))
		}
	}
	if p := v.part(where(d), 4<<20, 4096); len(p) != 0 {
		t.Errorf("%d bytes past the end", len(p))
	}
}

func TestRulesForOffsetAndLimit(t *testing.T) {
	v, d, _ := shelfWorld(t)
	for _, tt := range []struct {
		offset  int64
		limit   int
		precise bool
		want    string
	}{
		{0, 1 << 20, false, ""}, {0, 1 << 20, true, ""}, {1024, 1024, true, ""}, {1 << 20, 1024 * 3, true, ""},
		{0, 0, false, "LIMIT_INVALID"}, {0, -4096, false, "LIMIT_INVALID"}, {0, 2 << 20, true, "LIMIT_INVALID"},
		{0, 1024, false, "LIMIT_INVALID"}, {0, 1000, true, "LIMIT_INVALID"}, {0, 12288, false, "LIMIT_INVALID"},
		{1024, 4096, false, "OFFSET_INVALID"}, {100, 1024, true, "OFFSET_INVALID"}, {-4096, 4096, false, "OFFSET_INVALID"},
		{4096, 1 << 20, false, "LIMIT_INVALID"}, {1 << 19, 1 << 20, true, "LIMIT_INVALID"},
	} {
		r := &tg.UploadGetFileRequest{Location: where(d), Offset: tt.offset, Limit: tt.limit, Precise: tt.precise}
		if tt.want == "" {
			ask(v.guest, r, into[tg.UploadFile])
			continue
		}
		v.refused(r, tt.want)
	}
}

func TestWhoMayHaveAFile(t *testing.T) {
	v, d, _ := shelfWorld(t)
	try := func(want string, change func(*tg.InputDocumentFileLocation)) {
		t.Helper()
		l := where(d)
		change(l)
		v.refused(&tg.UploadGetFileRequest{Location: l, Limit: 4096}, want)
	}
	try("LOCATION_INVALID", func(l *tg.InputDocumentFileLocation) { l.ID++ })
	try("LOCATION_INVALID", func(l *tg.InputDocumentFileLocation) { l.AccessHash++ })
	try("LOCATION_INVALID", func(l *tg.InputDocumentFileLocation) { l.ThumbSize = "m" })
	try("FILE_REFERENCE_EMPTY", func(l *tg.InputDocumentFileLocation) { l.FileReference = nil })
	try("FILE_REFERENCE_INVALID", func(l *tg.InputDocumentFileLocation) { l.FileReference = []byte("x") })
	try("FILE_REFERENCE_INVALID", func(l *tg.InputDocumentFileLocation) { l.FileReference = v.reference(false, d.ID+1, 0) })
	v.refused(&tg.UploadGetFileRequest{Location: &tg.InputPhotoFileLocation{ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference}, Limit: 4096}, "LOCATION_INVALID")
	v.refused(&tg.UploadGetFileRequest{Location: &tg.InputStickerSetThumb{Stickerset: &tg.InputStickerSetEmpty{}}, Limit: 4096}, "LOCATION_INVALID")
	v.call.DC = 2
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "FILE_MIGRATE_4")
	v.refused(&tg.UploadGetFileHashesRequest{Location: where(d)}, "FILE_MIGRATE_4")
}

func TestReferencesExpire(t *testing.T) {
	v, d, _ := shelfWorld(t)
	v.Faults().ExpireReferences()
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "FILE_REFERENCE_EXPIRED")
	again := v.fresh(v.lastOf(v.friend))
	if bytes.Equal(again.FileReference, d.FileReference) {
		t.Fatal("the origin gives the same reference again")
	}
	v.part(where(again), 0, 4096)
	v.Faults().ExpireReferences()
	v.refused(&tg.UploadGetFileRequest{Location: where(again), Limit: 4096}, "FILE_REFERENCE_EXPIRED")
}

func TestFaultsOfFiles(t *testing.T) {
	v, d, whole := shelfWorld(t)
	f := v.Faults()
	f.ShortParts(1)
	if p := v.part(where(d), 0, 4096); len(p) != 2048 {
		t.Errorf("short part: %d bytes", len(p))
	}
	if p := v.part(where(d), 0, 4096); len(p) != 4096 {
		t.Errorf("after the short part: %d bytes", len(p))
	}
	f.CorruptParts(1)
	if p := v.part(where(d), 0, 4096); bytes.Equal(p, whole[:4096]) {
		t.Error("the part is not corrupt")
	}
	if p := v.part(where(d), 0, 4096); !bytes.Equal(p, whole[:4096]) {
		t.Error("the file stays corrupt")
	}
	f.WrongDC(1)
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "FILE_MIGRATE_2")
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "FILE_MIGRATE_2")
	v.call.DC = 2
	v.part(where(d), 0, 4096)
	f.Unavailable(1)
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "LOCATION_INVALID")
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "LOCATION_INVALID")
	f.Reset()
	v.call.DC = 4
	v.part(where(d), 0, 4096)
}

func TestHashesOfFiles(t *testing.T) {
	v, d, whole := shelfWorld(t)
	covered := int64(0)
	for {
		list := ask(v.guest, &tg.UploadGetFileHashesRequest{Location: where(d), Offset: covered}, into[tg.FileHashVector]).Elems
		if len(list) == 0 {
			break
		}
		for _, h := range list {
			if h.Offset != covered {
				t.Fatalf("a hash for %d, want %d", h.Offset, covered)
			}
			if sum := sha256.Sum256(whole[h.Offset : h.Offset+int64(h.Limit)]); !bytes.Equal(sum[:], h.Hash) {
				t.Errorf("the hash at %d is wrong", h.Offset)
			}
			covered += int64(h.Limit)
		}
	}
	if covered != int64(len(whole)) {
		t.Errorf("hashes cover %d of %d bytes", covered, len(whole))
	}
	v.refused(&tg.UploadGetFileHashesRequest{Location: where(d), Offset: -1}, "OFFSET_INVALID")
}

func TestFilesOfAnExport(t *testing.T) {
	dir := madeUpFolder(t)
	w, _ := fromExport(t, dir)
	g := visit(t, w)
	m := g.history(userPeer(700000002))
	checked, gone := 0, 0
	for _, one := range m.list {
		var locations []tg.InputFileLocationClass
		var sizes []int64
		dc := 0
		switch media := mediaOf(one).(type) {
		case *tg.MessageMediaPhoto:
			p, ok := media.Photo.(*tg.Photo)
			if !ok {
				continue
			}
			o := object{}
			photoFacts(o, p)
			name := sizeName(int(mustInt(o["width"])), int(mustInt(o["height"])))
			locations = append(locations, &tg.InputPhotoFileLocation{ID: p.ID, AccessHash: p.AccessHash, FileReference: p.FileReference, ThumbSize: name})
			sizes, dc = append(sizes, mustInt(o["photo_file_size"])), p.DCID
		case *tg.MessageMediaDocument:
			d := media.Document.(*tg.Document)
			locations, sizes, dc = append(locations, where(d)), append(sizes, d.Size), d.DCID
			for _, thumb := range d.Thumbs {
				if thumb, ok := thumb.(*tg.PhotoSize); ok {
					l := where(d)
					l.ThumbSize = thumb.Type
					locations, sizes = append(locations, l), append(sizes, int64(thumb.Size))
				}
			}
		}
		for i, l := range locations {
			g.call.DC = dc
			out, err := g.raw(&tg.UploadGetFileRequest{Location: l, Limit: 1 << 20})
			if err != nil {
				gone++
				continue
			}
			file, err := into[tg.UploadFile](out)
			if err != nil || int64(len(file.Bytes)) != sizes[i] {
				t.Errorf("message %d: %d bytes, want %d (%v)", one.GetID(), len(file.Bytes), sizes[i], err)
			}
			checked++
		}
	}
	if checked != 15 || gone != 3 {
		t.Errorf("%d files and thumbnails were there, %d were not", checked, gone)
	}
}

func TestAPathOutOfTheExportIsNotServed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "secret", []byte("do not serve"))
	write(t, dir, "export/result.json", []byte(`{"name": "N", "type": "personal_chat", "id": 5, "messages": [
		{"id": 1, "type": "message", "date": "2024-01-01T00:00:00", "from": "N", "from_id": "user5", "file": "../secret", "file_size": 12, "mime_type": "text/plain", "text": ""}]}`))
	w, warnings := fromExport(t, dir+"/export")
	if len(warnings) != 1 {
		t.Errorf("warnings: %v", warnings)
	}
	g := visit(t, w)
	d := mediaOf(g.history(userPeer(5)).list[0]).(*tg.MessageMediaDocument).Document.(*tg.Document)
	g.call.DC = d.DCID
	g.refused(&tg.UploadGetFileRequest{Location: where(d), Limit: 4096}, "LOCATION_INVALID")
}

func TestRealFilesAreServedWhole(t *testing.T) {
	if _, err := os.Stat(trantor); err != nil {
		t.Skip(noShared)
	}
	w, _ := fromExport(t, trantor)
	files := 0
	for _, f := range w.shelf {
		whole := f.parts[""]
		if f.photo {
			whole = largest(f)
		}
		on, ok := whole.(onDisk)
		if !ok {
			continue
		}
		files++
		data, err := os.ReadFile(on.path)
		got, err2 := readPart(whole, 0, int(on.size))
		if err != nil || err2 != nil || !bytes.Equal(data, got) {
			t.Errorf("%s differs", on.path)
		}
	}
	if files != 505 { // two of the 507 are the same as another
		t.Errorf("%d files, want 505", files)
	}
}

func TestThePictureOfAPeer(t *testing.T) {
	w := fromSeed(t, SeedOptions{})
	g := visit(t, w)
	seen := 0
	for p, place := range w.places {
		if place.photo == nil {
			continue
		}
		seen++
		g.call.DC = place.photo.dc
		l := &tg.InputPeerPhotoFileLocation{Big: true, Peer: g.input(p), PhotoID: place.photo.id}
		if data := g.part(l, 0, 1<<20); len(data) == 0 {
			t.Errorf("%s: no bytes", p)
		}
		l.PhotoID++
		g.refused(&tg.UploadGetFileRequest{Location: l, Limit: 4096}, "LOCATION_INVALID")
	}
	if seen == 0 {
		t.Error("no chat has a picture")
	}
}
