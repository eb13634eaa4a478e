package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestWhereIsTakenApart(t *testing.T) {
	for text, want := range map[string]Where{
		"/mnt/drive":                      {Kind: KindFolder, Path: "/mnt/drive"},
		"drive":                           {Kind: KindFolder, Path: "drive"},
		"file:///mnt/a%20b/":              {Kind: KindFolder, Path: "/mnt/a b"},
		"sftp://me@nas/vault":             {Kind: KindSFTP, User: "me", Host: "nas", Path: "/vault"},
		"sftp://me@nas:2222/~/a/b":        {Kind: KindSFTP, User: "me", Host: "nas", Port: 2222, Path: "a/b"},
		"sftp://[::1]:22/v":               {Kind: KindSFTP, Host: "::1", Port: 22, Path: "/v"},
		"s3://s3.example.org/bucket":      {Kind: KindS3, Host: "s3.example.org", Bucket: "bucket"},
		"s3://127.0.0.1:9000/bucket/a/b/": {Kind: KindS3, Host: "127.0.0.1", Port: 9000, Bucket: "bucket", Path: "a/b"},
		"s3+http://minio:9000/bucket/a":   {Kind: KindS3, Host: "minio", Port: 9000, Bucket: "bucket", Path: "a", Plain: true},
	} {
		if got, err := ParseWhere(text); err != nil || got != want {
			t.Errorf("%s is %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestWhereRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"": "missing", "file://host/x": "names no machine", "ftp://h/x": "not known", "sftp://h": "no folder", "sftp://h/~": "no folder", "sftp:///x": "of the form",
		"sftp://me:hunter2@h/x": "password", "s3://key:hunter2@h.example/bucket": "password", "s3://hunter2@h.example/bucket": "a key",
		"s3://bucket/prefix": "names no server", "s3://h.example/": "no bucket", "s3://h.example/Bucket": "no bucket", "s3://h.example/bucket/a//b": "empty parts",
		"s3://h.example/bucket/../b": "empty parts", "sftp://h:99999/x": "port", "sftp://h/x?y": "%3F", "sftp://%zz/hunter2": "of the form",
	} {
		_, err := ParseWhere(text)
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q in it", text, err, why)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats a secret: %v", text, err)
		}
	}
}

const edited = `# mine
vault = "v" # the first
state = "s"
secrets = "x"

# the old drive
[[copy]]
name = "old" # red
url = "/old"

# what the bucket is for
[[copy]]
name = "bucket"
url = "s3://s3.example.org/bucket"
region = "eu"

# all chats
[chats]
include = []
`

// What is added is read back, and nothing else changes by it; what is removed leaves the
// comments of others.
func TestCopiesAreEdited(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	one := Copy{Name: "nas", URL: "sftp://me@nas/~/v", Key: "/k\"ey", KnownHosts: "hosts"}
	text, err := AddCopy(path, []byte(strings.TrimSuffix(edited, "\n")), one)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), edited) {
		t.Errorf("what was there changed:\n%s", text)
	}
	c, err := Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range c.AllCopies() {
		names = append(names, one.Name)
	}
	if want := []string{"vault", "old", "bucket", "nas"}; !reflect.DeepEqual(names, want) {
		t.Errorf("copies are %q, want %q", names, want)
	}
	if got := c.Copies[2]; got.Key != one.Key || got.KnownHosts != filepath.Join(filepath.Dir(path), "hosts") || got.Where.Path != "v" {
		t.Errorf("reads as %+v", got)
	}
	if text, err = RemoveCopy(path, text, "nas"); err != nil || string(text) != edited {
		t.Errorf("removing it again leaves (%v)\n%s", err, text)
	}
	if text, err = RemoveCopy(path, text, "old"); err != nil || string(text) != strings.Replace(edited, "\n[[copy]]\nname = \"old\" # red\nurl = \"/old\"\n", "\n", 1) {
		t.Errorf("removing old leaves (%v)\n%s", err, text)
	}
	text, err = RemoveCopy(path, text, VaultCopy)
	if err != nil || !strings.Contains(string(text), "# mine\n# vault = \"v\" # the first\nstate") {
		t.Errorf("removing the vault leaves (%v)\n%s", err, text)
	}
	if _, err := RemoveCopy(path, text, "bucket"); err == nil {
		t.Error("the last copy was removed")
	}
	if _, err := RemoveCopy(path, []byte(edited), "nobody"); !errors.Is(err, ErrNoCopy) {
		t.Errorf("removing nothing: %v", err)
	}
}

// Where the text cannot be cut at lines, it is left alone.
func TestCopiesThatAreNotEdited(t *testing.T) {
	const inline = "vault = \"v\"\nstate = \"s\"\nsecrets = \"x\"\ncopy = [{name = \"a\", url = \"/a\"}]\n"
	if _, err := RemoveCopy("f.toml", []byte(inline), "a"); !errors.Is(err, errByHand) {
		t.Errorf("removing says %v", err)
	}
	if text, err := AddCopy("f.toml", []byte(inline), Copy{Name: "b", URL: "/b"}); err == nil {
		t.Errorf("added:\n%s", text)
	}
	if _, err := AddCopy("f.toml", []byte(edited), Copy{Name: "old", URL: "/b"}); err == nil {
		t.Error("a name stands twice")
	}
}

func TestOneCopyIsChecked(t *testing.T) {
	if err := CheckCopy("/d/f.toml", &Copy{Name: "a", URL: "x:y"}); err != nil {
		t.Error(err)
	}
	one := Copy{Name: "b", URL: "sftp://h/x", Region: "r"}
	if err := CheckCopy("/d/f.toml", &one); err == nil || err.Error() != "region is for s3:// only" {
		t.Errorf("says %v", err)
	}
}
