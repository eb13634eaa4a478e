package main

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
)

// mostKeyBytes is more than a key file and the owners' words about it are long.
const mostKeyBytes = 16 << 10

// A keyOwner is somebody who has a key of some kind.
type keyOwner struct {
	t     *testing.T
	dir   string   // what they keep
	add   []string // how the key is given to keys add
	typed string   // what is typed when it is added, and when it is used
	use   []string // how the key is given to whatever reads
	then  func()   // what is done with the key once it is added; nil: nothing
}

// run runs telekeep as a command on the path, so that it finds plugins there.
func (o *keyOwner) run(stdin string, args ...string) outcome {
	o.t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command("telekeep", args...)
	c.Env = append(os.Environ(), "TZ=UTC")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		o.t.Fatal(err)
	}
	return outcome{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

// expect runs telekeep, which must end with an exit code.
func (o *keyOwner) expect(code int, stdin string, args ...string) outcome {
	o.t.Helper()
	got := o.run(stdin, args...)
	if got.code != code {
		o.t.Fatalf("telekeep %s ended with %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.out, got.err)
	}
	return got
}

func (o *keyOwner) file(name string, data []byte) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

func (o *keyOwner) fatal(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *keyOwner) copyInstallation(to, from string) {
	o.t.Helper()
	o.fatal(os.CopyFS(to, os.DirFS(from)))
	o.fatal(os.Chmod(filepath.Join(to, "secrets", writerKeyName), 0o600))
}

// ssh has the key be one of OpenSSH's.
func (o *keyOwner) ssh(private any, public any) {
	block, err := ssh.MarshalPrivateKey(private, "")
	o.fatal(err)
	line, err := ssh.NewPublicKey(public)
	o.fatal(err)
	o.use = []string{"-i", o.file("id", pem.EncodeToMemory(block))}
	o.add = []string{"--recipient", o.file("id.pub", ssh.MarshalAuthorizedKey(line))}
}

// Every kind of owner key goes the whole way: it is added, proved, restores everything alone on a
// machine that has nothing else, and is removed. Adding and removing write a few kilobytes beside
// the packs and touch nothing that lies there. A removed key opens no fresh copy; whoever kept
// its file reads what was stored until there is a new vault key, and nothing behind that.
func TestOwnerKeyKinds(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	owner := &keyOwner{t: t, dir: base}
	install := filepath.Join(base, "t")
	owner.expect(0, "", "init", "--dir", install)
	ownerKey := filepath.Join(base, "owner.key")
	owner.fatal(os.Rename(filepath.Join(install, "owner.key"), ownerKey))
	owner.export("before", 300_000)
	owner.expect(0, "", "import", "--dir", install, filepath.Join(base, "before"), "--account", "user7")
	owner.export("later", 1000)
	owner.expect(0, "", "restore", "--vault", filepath.Join(install, "vault"), "-i", ownerKey, "--out", filepath.Join(base, "restored"))
	want := treeText(t, filepath.Join(base, "restored"))
	if !strings.Contains(want, " 300000 ") {
		t.Fatalf("the owner restores\n%s", want)
	}

	for kind, prepare := range map[string]func(o *keyOwner){
		"passphrase": func(o *keyOwner) {
			o.typed = "correct horse battery staple\n"
			o.add, o.use = []string{"--new-passphrase"}, []string{"--passphrase"}
		},
		"x25519": func(o *keyOwner) {
			id, err := age.GenerateX25519Identity()
			o.fatal(err)
			o.add, o.use = []string{"--recipient", id.Recipient().String()}, []string{"-i", o.file("key", []byte(id.String()+"\n"))}
		},
		"hybrid": func(o *keyOwner) {
			key := filepath.Join(o.dir, "key")
			o.add, o.use = []string{"--generate", key}, []string{"-i", key}
		},
		"ssh-ed25519": func(o *keyOwner) {
			public, private, err := ed25519.GenerateKey(rand.Reader)
			o.fatal(err)
			o.ssh(private, public)
		},
		"ssh-rsa": func(o *keyOwner) {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			o.fatal(err)
			o.ssh(key, &key.PublicKey)
		},
		"tktest": func(o *keyOwner) { // a plugin's
			pair, err := exec.Command("age-plugin-tktest").Output()
			o.fatal(err)
			_, recipient, _ := strings.Cut(string(pair), "# public key: ")
			recipient, _, _ = strings.Cut(recipient, "\n")
			allow := []string{"--plugin", "tktest"}
			o.add, o.use = append([]string{"--recipient", recipient}, allow...), append([]string{"-i", o.file("key", pair)}, allow...)
		},
		"shares": func(o *keyOwner) {
			key, back, part := filepath.Join(o.dir, "key"), filepath.Join(o.dir, "back"), filepath.Join(o.dir, "part.txt")
			o.add, o.use = []string{"--generate", key}, []string{"-i", back}
			o.then = func() {
				o.expect(0, "", "keys", "sheet", "--vault", filepath.Join(o.dir, "t", "vault"), "-i", key, "--shares", "2/3", "--out", part)
				o.fatal(os.Remove(key))
				o.expect(0, "", "keys", "combine", filepath.Join(o.dir, "part-3.txt"), filepath.Join(o.dir, "part-1.txt"), "--out", back)
			}
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := &keyOwner{t: t, dir: t.TempDir()}
			dir := filepath.Join(o.dir, "t")
			o.copyInstallation(dir, install)
			prepare(o)
			o.wholeWay(dir, ownerKey, filepath.Join(base, "later"), map[string]string{"shares": "hybrid"}[kind], want)
		})
	}
}

// wholeWay adds the key to the vault of an installation, uses it and removes it. shown is what
// kind it is shown as, if not the name of the test.
func (o *keyOwner) wholeWay(dir, ownerKey, later, shown, want string) {
	t, vault := o.t, filepath.Join(dir, "vault")
	shown = cmp.Or(shown, filepath.Base(t.Name()))
	keyFile := filepath.Join("keys", "new.age")
	before := lookAtFiles(t, vault)
	o.expect(0, o.typed, append([]string{"keys", "add", "new", "--dir", dir, "-i", ownerKey}, o.add...)...)
	if o.then != nil {
		o.then()
	}
	added := lookAtFiles(t, vault)
	o.small("adding", before, added, []string{keyFile, "keys/new.*.added"}, nil)
	if got := o.expect(0, o.typed, append([]string{"keys", "test", "--dir", dir}, o.use...)...).out; !strings.Contains(got, "new ("+shown+"): opens the vault") {
		t.Errorf("the proof of the key says\n%s", got)
	}
	o.restores(vault, want)

	kept := filepath.Join(o.dir, "kept")
	o.fatal(os.CopyFS(kept, os.DirFS(vault)))
	o.expect(0, "", "keys", "remove", "new", "--dir", dir, "-i", ownerKey)
	o.small("removing", added, lookAtFiles(t, vault), []string{"keys/new.*.removed"}, []string{keyFile})
	o.expect(exitKey, o.typed, append([]string{"restore", "--vault", vault, "--out", filepath.Join(o.dir, "nothing")}, o.use...)...)
	o.restores(kept, want) // nothing is forgotten

	// What is stored later, at a copy that is new: with the key file that was kept, until there is another vault key.
	if shown == "x25519" {
		again := filepath.Join(o.dir, "again")
		o.copyInstallation(again, dir)
		o.later(again, later, keyFile, kept, true)
	}
	o.expect(0, "", "keys", "rotate", "--dir", dir, "-i", ownerKey)
	o.later(dir, later, keyFile, kept, false)
}

// later stores something more and looks at it on a fresh copy of the vault: with the key alone, then with the
// key file put back there.
func (o *keyOwner) later(dir, export, keyFile, kept string, reads bool) {
	o.t.Helper()
	o.expect(0, "", "import", "--dir", dir, export, "--account", "user7")
	fresh := filepath.Join(dir, "fresh")
	o.expect(0, "", "copy", "add", "fresh", fresh, "--dir", dir)
	o.expect(exitKey, o.typed, append([]string{"keys", "test", "--vault", fresh}, o.use...)...)
	file, err := os.ReadFile(filepath.Join(kept, keyFile))
	o.fatal(err)
	o.fatal(os.WriteFile(filepath.Join(fresh, keyFile), file, 0o600))
	out := filepath.Join(dir, "out")
	got := o.run(o.typed, append([]string{"export", "--vault", fresh, "--out", out}, o.use...)...)
	text, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil && (reads || !os.IsNotExist(err)) {
		o.t.Errorf("%v; it says\n%s%s", err, got.out, got.err)
	}
	if there := bytes.Contains(text, []byte("text of later")); there != reads || reads != (got.code == 0) {
		o.t.Errorf("what was stored later can be read: %v, want %v; exit code %d\n%s%s", there, reads, got.code, got.out, got.err)
	}
}

// restores restores everything with nothing but the key and a vault.
func (o *keyOwner) restores(vault, want string) {
	o.t.Helper()
	out := filepath.Join(o.t.TempDir(), "restored")
	o.expect(0, o.typed, append([]string{"restore", "--vault", vault, "--out", out}, o.use...)...)
	if got := treeText(o.t, out); got != want {
		o.t.Errorf("restored from %s:\n%s\nwant\n%s", filepath.Base(vault), got, want)
	}
}

// A fileLook is what the files below a folder are.
type fileLook struct {
	info fs.FileInfo
	sum  string
}

func lookAtFiles(t *testing.T, dir string) map[string]fileLook {
	t.Helper()
	all := map[string]fileLook{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		name, _ := filepath.Rel(dir, path)
		sum, _ := fileSum(t, path)
		all[name] = fileLook{info, sum}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// small checks that nothing came but what is expected, by patterns, nothing else went, and that all
// else is the same file with the same bytes that nobody wrote to.
func (o *keyOwner) small(what string, before, after map[string]fileLook, came, went []string) {
	o.t.Helper()
	var news []string
	var written, packs int64
	for _, name := range slices.Sorted(maps.Keys(after)) {
		is, was := after[name], before[name]
		if strings.HasPrefix(name, "packs") {
			packs += is.info.Size()
		}
		switch {
		case was.info == nil:
			news, written = append(news, name), written+is.info.Size()
		case !os.SameFile(is.info, was.info) || !is.info.ModTime().Equal(was.info.ModTime()) || is.sum != was.sum:
			o.t.Errorf("%s writes %s anew", what, name)
		}
	}
	for name := range before {
		if _, there := after[name]; !there && !slices.Contains(went, name) {
			o.t.Errorf("%s takes %s away", what, name)
		}
	}
	matched := len(news) == len(came)
	for _, pattern := range came {
		matched = matched && slices.ContainsFunc(news, func(name string) bool {
			ok, err := filepath.Match(pattern, name)
			return ok && err == nil
		})
	}
	if !matched || written > mostKeyBytes || packs < 10*mostKeyBytes {
		o.t.Errorf("%s writes %q, %d bytes beside packs of %d", what, news, written, packs)
	}
	o.t.Logf("%s writes %d bytes in %d files beside packs of %d", what, written, len(news), packs)
}

// treeText is every file below a folder, with its length and sum.
func treeText(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	all := lookAtFiles(t, dir)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s %d %s\n", name, all[name].info.Size(), all[name].sum)
	}
	return text.String()
}

// export writes an export of one chat with a file of so many bytes, as Telegram Desktop does.
func (o *keyOwner) export(name string, size int) {
	dir := filepath.Join(o.dir, name)
	o.fatal(os.MkdirAll(filepath.Join(dir, "files"), 0o700))
	data := make([]byte, size)
	rand.Read(data)
	o.fatal(os.WriteFile(filepath.Join(dir, "files", "picture.jpg"), data, 0o600))
	o.fatal(os.WriteFile(filepath.Join(dir, "result.json"), fmt.Appendf(nil, `{"name":"Ann","type":"personal_chat","id":9,"messages":[
 {"id":%d,"type":"message","date":"2020-11-22T10:11:12","from":"Ann Lee","from_id":4294967305,"file":"files/picture.jpg","text":"text of %s"}]}`, len(name), name), 0o600))
}
