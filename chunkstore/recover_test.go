package chunkstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
)

// A ruin is a vault on disk that recover.sh reads.
type ruin struct {
	*fixture
	t       *testing.T
	bin     string // age
	dir     string // the vault
	key     string
	shell   []string // what runs the script, and the only folder where it finds programs; sh and all of them if empty
	second  *WriterSecrets
	film    []byte
	filmIDs []crypto.ID // of its chunks
	smallID []crypto.ID
	longIDs []crypto.ID // of the long stream
	commits []*Commit   // of the first writer: a film; a long stream with lies in it; the newest
}

// lie is a record that somebody wrote into a message, where raw bytes and lost chunks might
// let it pass for one.
const lie = "\n" + `{"v":1,"kind":"message","account":"user1","seen":1,"chat":"user2","message":{"id":666,"date":1,"text":{"text":"a lie"}}}` + "\n"

// place returns the pack file that holds a chunk of c, the longest one of those given, and where
// in the file its middle is, not counting what sealing puts before it: well inside of it.
func (r *ruin) place(c *Commit, ids []crypto.ID) (name string, middle int) {
	x, err := readWholeIndex([]byte(content(r.t, r.dir, indexName(c.Writer, c.Seq))), vaultKeyOf(r.t, r.fixture).identities()...)
	check(r.t, err)
	var longest uint32
	for i, dir := range x.dirs {
		for k := range dir.len() {
			if e := dir.entry(k); slices.Contains(ids, e.ID) && e.Stored > longest {
				name, middle, longest = packName(x.packs[i].Hash), int(e.Offset+e.Stored/2), e.Stored
			}
		}
	}
	if name == "" {
		r.t.Fatal("no pack of the commit holds that")
	}
	return name, middle
}

func fileRecord(key string, data []byte, chunks []crypto.ID) string {
	ids := make([]string, len(chunks))
	for i, id := range chunks {
		ids[i] = `"` + id.String() + `"`
	}
	return fmt.Sprintf(`{"v":1,"kind":"media","account":"","seen":1,"media":{"key":%q,"size":%d,"sha256":"%x","chunks":[%s]}}`+"\n", key, len(data), sha256.Sum256(data), strings.Join(ids, ","))
}

// messageRecord is a message with a file of that name, and raw bytes behind it.
func messageRecord(chat string, id int, words, file string, raw []byte) string {
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	line := fmt.Sprintf(`{"v":1,"kind":"message","account":"user1","seen":1,"chat":%s,"message":{"id":%d,"date":%d,"from":"user2","text":{"text":%s},`+
		`"media":{"kind":"document","file":{"key":"document:%d","size":5,"name":%s,"mime":"video/mp4"}}}`, quoted(chat), id, 1_700_000_000+id, quoted(words), id, quoted(file))
	if len(raw) == 0 {
		return line + "}\n"
	}
	return fmt.Sprintf("%s,\"raw\":%d}\n%s\n", line, len(raw), raw)
}

func newRuin(t *testing.T) *ruin {
	for _, tool := range []string{"zstd", "sha256sum", "openssl", "b3sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	r := &ruin{t: t, bin: stockAge(t), fixture: newFixture(t, nil)}
	work := t.TempDir()
	r.dir, r.key = filepath.Join(work, "the -vault' $(touch x)"), filepath.Join(work, "owner.key")
	check(t, os.WriteFile(r.key, []byte(r.owner.String()+"\n"), 0o600))
	r.single = true // chunks lie in packs in the order in which they were stored: what is damaged costs what lies behind it
	w := r.writer()
	r.film = noise(1, 3<<20)
	film := store(t, w, r.film)
	small := store(t, w, []byte("small"))
	r.filmIDs, r.smallID = film, small
	r.commits = append(r.commits, commit(t, w, store(t, w, []byte(
		`{"v":1,"kind":"peer","account":"user1","seen":1,"profile":{"id":"user2","first_name":"../../Eve/\u202e\n","last_name":"O'Neil"}}`+"\n"+
			messageRecord("user2", 1, "before \"raw\":7}\nit was edited", "../../../etc/passwd", []byte(lie+"\x00\x01\n\n"))+
			fileRecord("document:1", r.film, film)+
			messageRecord("user2", 2, "two", "-rf ~ `id` $(id) \u202egpj.exe\n\\x", nil)+
			fileRecord("document:2", []byte("small"), small)+
			messageRecord("user2", 3, "three", strings.Repeat("ä", 300)+".mp4", nil)+
			fileRecord("document:3", nil, nil)+
			messageRecord("user2", 4, "four", "taken out.mp4", nil)+
			fileRecord("document:4", []byte("small"), small),
	))))
	var long strings.Builder
	for i := range longStream {
		long.WriteString(messageRecord("../chat7", 100+i, fmt.Sprint("number ", i), "x", append(noise(byte(i), 300_000), lie...)))
	}
	r.longIDs = store(t, w, []byte(long.String()))
	r.commits = append(r.commits, commit(t, w, r.longIDs))
	r.addSecond()
	r.commits = append(r.commits, commit(t, w, store(t, w, []byte(
		messageRecord("user2", 1, "after", "../../../etc/passwd", nil)+
			`{"v":1,"kind":"deletion","account":"user1","seen":1,"deletion":{"ids":[2,77]}}`+"\n"+
			`{"v":1,"kind":"missing","account":"","seen":1,"missing":{"key":"document:4","size":5,"reason":"pruned"}}`+"\n"+
			`{"v":1,"new":{"raw":5},"kind":"of tomorrow","account":"","seen":1,"raw":3,"more":{"raw":9}}`+"\nabc\n",
	))))
	return r
}

// addSecond lets another writer commit between the others.
func (r *ruin) addSecond() {
	secrets, err := AddWriter(r.t.Context(), r.dst, []crypto.Identity{r.owner}, r.now)
	check(r.t, err)
	w, err := OpenWriter(r.t.Context(), r.dst, WriterOptions{Secrets: secrets, StatePath: filepath.Join(r.t.TempDir(), "second.db"), Now: r.now})
	check(r.t, err)
	defer w.Close()
	r.second = secrets
	commit(r.t, w, store(r.t, w, []byte(messageRecord("user3", 9, "of the second", "second.mp4", nil))))
}

// recover writes the vault to disk and runs the script; damage may change the folder
// before. It returns the folder that came out, what was said, and the exit code.
func (r *ruin) recover(damage func()) (out, said string, code int) {
	r.t.Helper()
	check(r.t, os.RemoveAll(r.dir))
	dst, err := local.Create(r.dir)
	check(r.t, err)
	for _, name := range r.dst.Names() {
		check(r.t, dst.Put(r.t.Context(), name, r.dst.Object(name)))
	}
	check(r.t, dst.Close())
	check(r.t, filepath.WalkDir(r.dir, func(path string, e fs.DirEntry, err error) error {
		return os.Chmod(path, 0o700)
	}))
	damage()
	work := r.t.TempDir()
	out = filepath.Join(work, "what comes' out")
	shell, path := "sh", r.bin+string(os.PathListSeparator)+os.Getenv("PATH")
	if len(r.shell) > 0 {
		shell = r.shell[0]
	}
	if len(r.shell) > 1 {
		path = r.shell[1]
	}
	cmd := exec.Command(shell, filepath.Join(r.dir, "recover.sh"), "-i", r.key, out) // the vault is where the script is
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+path)
	text, _ := cmd.CombinedOutput()
	entries, err := os.ReadDir(work)
	check(r.t, err)
	if len(entries) != 1 {
		r.t.Errorf("beside the folder there is something else: %v", entries)
	}
	return out, string(text), cmd.ProcessState.ExitCode()
}

func files(t *testing.T, dir string) []string {
	var names []string
	check(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
			if !e.Type().IsRegular() {
				t.Errorf("%s is no file", path)
			}
		}
		return err
	}))
	return names
}

func content(t *testing.T, parts ...string) string {
	data, err := os.ReadFile(filepath.Join(parts...))
	check(t, err)
	return string(data)
}

const (
	longStream = 18 // messages

	filmName   = "media/document_1_.._.._.._etc_passwd"
	smallName  = "media/document_2_-rf ~ `id` $(id) _gpj.exe__x"
	secondChat = "messages/user1-user3.txt"
	eveChat    = "messages/user1-user2 .._.._Eve___ O'Neil.txt"
	longChat   = "messages/user1-.._chat7.txt"
)

// TestRecover runs recover.sh on one vault in many states.
func TestRecover(t *testing.T) {
	r := newRuin(t)
	t.Run("whole", r.whole)
	t.Run("damaged", r.damaged)
	t.Run("refused", r.refused)
}

// What was stored comes out: by several writers, edited, deleted, pruned, with names that
// somebody chose who wishes us ill; and nothing else, nowhere else.
func (r *ruin) whole(t *testing.T) {
	r.t = t
	out, said, code := r.recover(func() {})
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	want := []string{"REPORT.txt", "SHA256SUMS", filmName, smallName, "media/document_3_" + strings.Repeat("ä", 72) + ".mp4", eveChat, longChat, secondChat, "records.jsonl", "records.stream"}
	slices.Sort(want)
	if got := files(t, out); !slices.Equal(got, want) {
		t.Errorf("files\n%q, want\n%q", got, want)
	}
	if content(t, out, filmName) != string(r.film) || content(t, out, smallName) != "small" {
		t.Error("a file has other bytes than were stored")
	}
	eve := content(t, out, eveChat)
	for _, words := range []string{"2023-11-14 22:13 .._.._Eve___ O'Neil: [document:1] after\n", "    [before it was edited] before \"raw\":7}\n    it was edited\n", "[deleted in Telegram] [document:2] two\n"} {
		if !strings.Contains(eve, words) {
			t.Errorf("the chat lacks %q:\n%s", words, eve)
		}
	}
	if lines := strings.Count(content(t, out, "records.jsonl"), "\n"); lines != 9+longStream+1+4 {
		t.Errorf("%d records:\n%s", lines, said)
	}
	for _, name := range files(t, out) {
		if name != "records.stream" && strings.Contains(content(t, out, name), "a lie") {
			t.Errorf("%s holds a record that was never one", name)
		}
	}
	if !strings.Contains(said, "1 files were taken out of the vault by prune") {
		t.Errorf("nothing is said of the file that was pruned:\n%s", said)
	}
}

// What is damaged costs what is in it, and is named.
func (r *ruin) damaged(t *testing.T) {
	r.t = t
	at := func(name string) string { return filepath.Join(r.dir, name) }
	change := func(name string, f func(data []byte) []byte) {
		data, err := os.ReadFile(at(name))
		check(t, err)
		check(t, os.WriteFile(at(name), f(data), 0o600))
	}
	first, long, last := r.commits[0], r.commits[1], r.commits[2]
	commitFile := commitName(first.Writer, first.Seq)
	for i, k := range []struct {
		what   string
		damage func()
		says   []string
		whole  []string // are there all the same
		lacks  string   // is not
	}{
		{"a pack of records behind its first chunk", func() {
			pack, middle := r.place(long, r.longIDs[1:])
			change(pack, func(data []byte) []byte { data[middle]++; return data })
		}, []string{"DAMAGED: packs/", " chunks can be read", "LOST: records of commit " + long.Writer + "/00000002 in chunk "}, []string{filmName, smallName, longChat, secondChat}, ""},
		{"a pack that is gone", func() {
			pack, _ := r.place(first, r.smallID)
			check(t, os.Remove(at(pack)))
		}, []string{"LOST: packs/"}, []string{longChat, secondChat}, smallName},
		{"a pack whose end is cut off", func() {
			pack, middle := r.place(first, r.filmIDs)
			change(pack, func(data []byte) []byte { return data[:middle] })
		}, []string{"DAMAGED: packs/"}, []string{longChat, secondChat}, filmName},
		{"a commit that cannot be read", func() { change(commitFile, func(data []byte) []byte { return data[:100] }) },
			[]string{"DAMAGED: " + commitFile + " cannot be read", "saved: index/"}, []string{filmName, smallName, longChat, secondChat}, ""},
		{"a commit with another word in it", func() {
			change(commitFile, func(data []byte) []byte { return bytes.Replace(data, []byte("2026-01"), []byte("2026-02"), 1) })
		}, []string{"FORGED: " + commitFile}, []string{filmName, longChat, secondChat}, ""},
		{"a commit that is gone", func() { check(t, os.Remove(at(commitName(long.Writer, long.Seq)))) },
			[]string{"CHAIN: " + commitName(last.Writer, last.Seq)}, []string{filmName, secondChat}, longChat},
		{"an index that is another's", func() {
			change(indexName(long.Writer, long.Seq), func([]byte) []byte { return []byte(content(t, at(indexName(first.Writer, first.Seq)))) })
		}, []string{"DAMAGED: index/" + long.Writer}, []string{filmName, smallName, secondChat}, longChat},
		{"vault.json is gone", func() { check(t, os.Remove(at(vaultName))) },
			[]string{"DAMAGED: vault.json"}, []string{filmName, smallName, longChat, secondChat}, ""},
		{"an entry of a writer that is gone", func() { check(t, os.Remove(at(writerName(r.second.WriterID)))) },
			[]string{"DAMAGED: " + writerName(r.second.WriterID)}, []string{filmName, smallName, longChat, secondChat}, ""},
	} {
		t.Run(k.what, func(t *testing.T) {
			if i > 2 && os.Getenv("TELEKEEP_FAULTS") != "all" {
				t.Skip("takes seconds: TELEKEEP_FAULTS=all runs it")
			}
			out, said, code := r.recover(k.damage)
			if code != 1 {
				t.Errorf("exit code %d", code)
			}
			for _, words := range k.says {
				if !strings.Contains(said, words) {
					t.Errorf("it does not say %q", words)
				}
			}
			got := files(t, out)
			for _, name := range k.whole {
				if !slices.Contains(got, name) {
					t.Errorf("%s is not there", name)
				}
			}
			if k.lacks != "" && slices.Contains(got, k.lacks) {
				t.Errorf("%s is there", k.lacks)
			}
			if slices.Contains(got, longChat) && strings.Contains(content(t, out, "records.jsonl"), "a lie") {
				t.Error("a record was let in that was never one")
			}
			if t.Failed() {
				t.Logf("files %q; it says\n%s", got, said)
			}
		})
	}
}

// A key that opens nothing, a folder that holds something, a folder that is no vault: nothing is done.
func (r *ruin) refused(t *testing.T) {
	r.t = t
	_, said, code := r.recover(func() {
		other, err := crypto.NewIdentity()
		check(t, err)
		check(t, os.WriteFile(r.key, []byte(other.String()+"\n"), 0o600))
	})
	if code != 2 || !strings.Contains(said, "opens no file in") {
		t.Errorf("another's key: exit code %d: %s", code, said)
	}
	for what, args := range map[string][]string{
		"no vault":            {"-v", t.TempDir(), filepath.Join(t.TempDir(), "out")},
		"a folder in use":     {"-v", r.dir, filepath.Dir(r.key)},
		"inside of the vault": {"-v", r.dir, filepath.Join(r.dir, "out")},
		"no folder":           {"-v", r.dir},
	} {
		cmd := exec.Command("sh", append([]string{"recover.sh", "-i", r.key}, args...)...)
		cmd.Env = append(os.Environ(), "PATH="+r.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		text, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 2 {
			t.Errorf("%s: exit code %d: %s", what, cmd.ProcessState.ExitCode(), text)
		}
	}
}
