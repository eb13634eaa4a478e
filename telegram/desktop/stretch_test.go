package desktop

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
)

// A growing export is one of an account that is made again and again in one folder.
type growing struct {
	dir      string
	random   *rand.Rand
	ids      []int
	text     map[int]string
	file     map[int]string
	from     map[int]int
	called   map[int]string // by user
	contacts string
	wrong    int // the message that says of its file what is not so
	next     int
}

func newGrowing(t testing.TB, seed uint64) *growing {
	g := &growing{dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 3)), text: map[int]string{}, file: map[int]string{}, from: map[int]int{}, called: map[int]string{}, next: 1}
	for user := 20; user < 26; user++ {
		g.called[user] = fmt.Sprintf("First%d Last%d", user, user)
	}
	g.called[7] = "Me"
	return g
}

func (g *growing) grow(t testing.TB, n int) {
	for range n {
		id := g.next
		g.next += 1 + g.random.IntN(2)
		g.ids, g.text[id], g.from[id] = append(g.ids, id), fmt.Sprintf("text %d of <%d>", g.random.IntN(1000), id), 20+g.random.IntN(6)
		if id == 1 { // the first message of a chat is always read: here, it does not tell whose chat it is
			g.from[id] = 7
		}
		if g.random.IntN(40) == 0 {
			g.file[id] = fmt.Sprintf("files/%d.jpg", id)
			writeFile(t, filepath.Join(g.dir, g.file[id]), fmt.Sprint("picture ", id))
		}
	}
}

// write writes result.json: one chat with a person, whose first name stands over it, and one with all.
func (g *growing) write(t testing.TB) {
	t.Helper()
	var one, all strings.Builder
	for _, id := range g.ids {
		file := ""
		if g.file[id] != "" {
			file = fmt.Sprintf("     \"photo\": %q,\n      \"width\": 2,\n     \"height\": 2,\n", g.file[id])
		}
		if g.wrong == id {
			file += "     \"photo_file_size\": 1,\n"
		}
		b := &all
		if g.from[id] == 20 || g.from[id] == 7 {
			b = &one
		}
		if b.Len() > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(b, "    {\n     \"id\": %d,\n     \"type\": \"message\",\n     \"date\": \"2021-01-01T00:00:00\",\n     \"date_unixtime\": \"%d\",\n     \"from\": %q,\n     \"from_id\": \"user%d\",\n%s     \"text\": %q\n    }",
			id, 1_600_000_000+id, g.called[g.from[id]], g.from[id], file, g.text[id])
	}
	writeFile(t, filepath.Join(g.dir, resultName), fmt.Sprintf(`{
 "personal_information": {"user_id": 7, "first_name": "Me", "last_name": "", "phone_number": "", "username": "", "bio": ""},
 "contacts": {"about": "", "list": [%s]},
 "chats": {"about": "", "list": [
  {
   "name": "First20",
   "type": "personal_chat",
   "id": 20,
   "messages": [
%s
   ]
  },
  {
   "name": "All of us",
   "type": "private_group",
   "id": 5,
   "messages": [
%s
   ]
  }
 ]}
}
`, g.contacts, one.String(), all.String()))
}

// change does one of the things that happen between two exports, and says which.
func (g *growing) change(t testing.TB, which int) string {
	at := g.random.IntN(len(g.ids))
	id := g.ids[at]
	switch which {
	case 0:
		g.text[id] += ", edited"
		return "edited"
	case 1:
		g.ids = append(g.ids[:at:at], g.ids[at+1:]...)
		return "deleted"
	case 2:
		g.called[20+g.random.IntN(6)] = fmt.Sprintf("Other%d Name", g.random.IntN(9))
		return "renamed"
	case 3:
		for _, name := range g.file {
			path := filepath.Join(g.dir, name)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, strings.Replace(string(readFile(t, path)), "picture", "Picture", 1))
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
			break
		}
		return "another picture of the same size and time"
	case 4:
		for id, name := range g.file {
			if err := os.Remove(filepath.Join(g.dir, name)); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(g.dir, name), "a new one")
			g.file[id] = name
			break
		}
		return "a file in the place of another"
	case 5:
		g.contacts = fmt.Sprintf(`{"user_id": 20, "first_name": "First20", "last_name": "Last20", "phone_number": "+%d", "date": "", "date_unixtime": "0"}`, 1000+g.random.IntN(1000))
		return "another number"
	}
	g.grow(t, 1+g.random.IntN(300))
	return "grown"
}

// An import that passes over what it knows leaves an archive that is the same, record for
// record, as the one of imports that read everything, whatever comes between them.
func TestStretchesChangeNothing(t *testing.T) {
	for seed := range uint64(2) {
		g := newGrowing(t, seed)
		g.grow(t, 2500)
		g.write(t)
		quick, slow := newVault(t), newVault(t)
		quick.trusts = true
		o := Options{Location: time.UTC}
		first := quick.mustImport(t, g.dir, o)
		slow.mustImport(t, g.dir, o)
		if first.Added != len(g.ids) || first.Remarks != 0 {
			t.Fatalf("%+v", first)
		}
		for round := range 14 {
			what := g.change(t, round%7)
			g.write(t)
			q, s := quick.mustImport(t, g.dir, o), slow.mustImport(t, g.dir, o)
			s.SHA256, s.File = q.SHA256, q.File
			if fmt.Sprintf("%+v", *q) != fmt.Sprintf("%+v", *s) {
				t.Errorf("seed %d, round %d, %s: passing over what is known:\n%+v\nreading all:\n%+v", seed, round, what, *q, *s)
			}
		}
		if a, b := records(t, quick), records(t, slow); a != b {
			t.Errorf("seed %d: the archives differ: %s", seed, firstOther(a, b))
		}
	}
}

// records are all that an archive says, in the order in which it was told.
func records(t testing.TB, v *vault) string {
	t.Helper()
	var b strings.Builder
	for r, err := range v.snapshot(t).Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		r.Seen = 0
		if r.Media != nil {
			r.Media.Chunks = nil // their ids are each vault's own
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func firstOther(a, b string) string {
	other := strings.Split(b, "\n")
	for i, line := range strings.Split(a, "\n") {
		if i >= len(other) || line != other[i] {
			return fmt.Sprintf("line %d: %s\nand %s", i, line, strings.Join(other[min(i, len(other)-1):min(i+1, len(other))], ""))
		}
	}
	return "the second has more"
}

// Messages are passed over, and not only found to be known: what the archive forgot without
// telling the import stays away.
func TestStretchesAreNotRead(t *testing.T) {
	g := newGrowing(t, 1)
	g.grow(t, 3000)
	g.write(t)
	v := newVault(t)
	v.trusts = true
	o := Options{Location: time.UTC}
	v.mustImport(t, g.dir, o)
	forget := func() {
		v.write(t, func(w *archive.Writer) {
			state := map[string][]byte{}
			if err := w.Range("import/user7/", func(key string, _ []byte) error { state[key] = nil; return nil }); err != nil {
				t.Fatal(err)
			}
			if err := w.Apply(t.Context(), archive.Batch{State: state}); err != nil {
				t.Fatal(err)
			}
		})
	}
	forget()
	g.grow(t, 1)
	g.write(t)
	if r := v.mustImport(t, g.dir, o); r.Messages != len(g.ids) || r.Added < 1 || r.Added > 1500 {
		t.Errorf("%d of %d messages were read: %+v", r.Added, len(g.ids), r)
	}
	for name, change := range map[string]func(){
		"what was forgotten is told":   func() { v.write(t, func(w *archive.Writer) { forgetAll(t, w) }) },
		"everything is to be read":     func() { v.trusts = false },
		"it is another account's":      func() { o.Account = "user8" },
		"dates are of another place's": func() { o.Location = time.FixedZone("away", 3600) },
	} {
		v.trusts, o = true, Options{Location: time.UTC}
		v.mustImport(t, g.dir, o)
		forget()
		change()
		g.grow(t, 1)
		g.write(t)
		r, err := v.imports(t, g.dir, o)
		if _, other := errors.AsType[*AccountError](err); other && o.Account != "" {
			continue // it says whose it is
		}
		if err != nil || r.Added != len(g.ids) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func forgetAll(t testing.TB, w *archive.Writer) {
	state, err := Forget(Into(w))
	if err == nil {
		err = w.Apply(t.Context(), archive.Batch{State: state})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a stretch lacked, or remarked on, is read and told each time.
func TestIncompleteStretchIsReadAgain(t *testing.T) {
	g := newGrowing(t, 2)
	g.grow(t, 3000)
	var with []int
	for _, id := range g.ids {
		if g.file[id] != "" {
			with = append(with, id)
		}
	}
	gone := filepath.Join(g.dir, g.file[with[0]])
	g.wrong = with[1]
	data := readFile(t, gone)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	v := newVault(t)
	v.trusts = true
	o := Options{Location: time.UTC}
	for range 2 {
		g.grow(t, 1)
		g.write(t)
		if r := v.mustImport(t, g.dir, o); r.FilesMissing != 1 || r.Remarks < 2 {
			t.Errorf("%+v", r)
		}
	}
	writeFile(t, gone, string(data))
	g.grow(t, 1)
	g.write(t)
	if r := v.mustImport(t, g.dir, o); r.FilesAdded != 1 || r.Remarks != 1 {
		t.Errorf("%+v", r)
	}
}

// An import that ended before it told of people makes up for it, though the messages that named
// them are passed over.
func TestNamesOfStretches(t *testing.T) {
	g := newGrowing(t, 3)
	g.grow(t, 2500)
	g.write(t)
	v := newVault(t)
	v.trusts = true
	o := Options{Location: time.UTC}
	v.mustImport(t, g.dir, o)
	v.write(t, func(w *archive.Writer) { // as if it had ended there
		state := map[string][]byte{}
		if err := w.Range("import/user7/print/peer/", func(key string, _ []byte) error { state[key] = nil; return nil }); err != nil {
			t.Fatal(err)
		}
		if len(state) < 6 {
			t.Fatalf("%d people", len(state))
		}
		if err := w.Apply(t.Context(), archive.Batch{State: state}); err != nil {
			t.Fatal(err)
		}
	})
	g.grow(t, 1)
	g.write(t)
	if r := v.mustImport(t, g.dir, o); r.Added != 1 || r.Facts < 6 {
		t.Errorf("%+v", r)
	}
}
