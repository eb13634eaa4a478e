package config

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each file in testdata/bad has one kind of mistake; beside it stands what the
// user is told.
func TestBadSettingsAreExplained(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %d files (%v): the examples are gone", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file)
			var bad *Error
			if !errors.As(err, &bad) {
				t.Fatalf("error is %v, want *Error", err)
			}
			got := strings.ReplaceAll(err.Error(), file, "FILE") + "\n"
			golden := strings.TrimSuffix(file, ".toml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("says\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(got, "struct") || strings.Contains(got, "config.") {
				t.Errorf("speaks of Go types: %s", got)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), FileName)); !errors.Is(err, ErrNotFound) {
		t.Fatalf("error is %v, want ErrNotFound", err)
	}
}

// What init writes is read back as the same settings.
func TestRenderIsReadBack(t *testing.T) {
	key := newKey(t)
	for name, c := range map[string]*Config{
		"little": {Vault: "vault", State: "state", Secrets: "secrets"},
		"all": {
			Vault: `/mnt/"drive" \ 1`, State: "/s", Secrets: "/x",
			Telegram: Telegram{APIID: 7, APIHash: "ab", Server: "127.0.0.1:1", DC: 4, Keys: []*rsa.PublicKey{key, key}},
			Accounts: []Account{{Name: "a", Phone: "+1"}, {Name: "b"}},
			Chats:    Chats{Include: []string{"channel*"}, Exclude: []string{"@x", "bot"}},
			Media: Media{Kinds: []string{"photo"}, MaxSize: "2 MB", From: "2020-01-31", Chats: []ChatMedia{
				{Chats: []string{"folder:Work"}, Until: "2021-01-01"}, {Chats: []string{"@x"}, Kinds: []string{"none"}, MaxSize: "1 kB"},
			}},
			Copies: []Copy{{Name: "a", URL: "/c"}, {Name: "b", URL: "s3://h.example/bucket/x", Credentials: "/cred", Region: "r", StorageClass: "C", Retention: "3d"}},
			Spool:  Spool{MaxSize: "1 GiB", Need: 2},
			Commit: Commit{Every: "1 GiB", After: "1h"},
			Daemon: Daemon{Reconcile: "30m", CommitAfter: "2h", Verify: "never", Scrub: "14d", Metrics: "127.0.0.1:1", Textfile: "/m/t.prom"},
			Alarm: Alarm{
				Account: "2d", Incomplete: "3d", Copy: "4d", Verify: "5d", Disk: "6d", Reserve: "2 GiB", Hook: []string{"/bin/tell", "me"}, Ping: "https://x.example/y",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			text := Render(c)
			got, err := Parse(path, text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			again, err := Parse(path, Render(got))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(withoutText(got), withoutText(again)) {
				t.Errorf("second reading differs:\n%+v\n%+v", got, again)
			}
			if got.Telegram.APIID != c.Telegram.APIID || got.Telegram.Server != c.Telegram.Server ||
				len(got.Telegram.Keys) != len(c.Telegram.Keys) || len(got.Copies) != len(c.Copies) || got.Spool.Need != max(1, c.Spool.Need) || !reflect.DeepEqual(got.Media.Kinds, append([]string{}, c.Media.Kinds...)) {
				t.Errorf("reads as %+v, was %+v", got, c)
			}
		})
	}
}

// withoutText drops the keys' text form, whose layout may differ.
func withoutText(c *Config) Config {
	d := *c
	d.Telegram.PublicKeys = nil
	return d
}

func TestPathsCountFromTheFile(t *testing.T) {
	dir := t.TempDir()
	c, err := Parse(filepath.Join(dir, FileName), []byte("vault = \"v\"\nstate = \"/abs\"\nsecrets = \"s/t\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Vault != filepath.Join(dir, "v") || c.State != "/abs" || c.Secrets != filepath.Join(dir, "s", "t") {
		t.Errorf("paths are %q %q %q", c.Vault, c.State, c.Secrets)
	}
}

func TestPublicKeyForms(t *testing.T) {
	key, dir := newKey(t), t.TempDir()
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(key)})
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "server.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "telegram.toml")
	text := "[telegram]\nserver = \"127.0.0.1:1\"\nextra = 1\npublic_keys = [\"server.pem\", \"\"\"" + string(pkcs1) + "\"\"\"]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, warnings, err := LoadFragment(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Telegram.Keys) != 2 || !f.Telegram.Keys[0].Equal(key) || !f.Telegram.Keys[1].Equal(key) {
		t.Errorf("keys are %v", f.Telegram.Keys)
	}
	if len(warnings) != 1 || warnings[0].Line != 3 {
		t.Errorf("warnings are %+v", warnings)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "500 MB": 500e6, "4GiB": 4 << 30, "1.5 kB": 1500, "7b": 7} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1", "1 XB", "9e99 TB", "1 2"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

// No text makes the reader panic, and what is wrong always has a sentence.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.toml")
	if len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(Render(&Config{Vault: "v", State: "s", Secrets: "x"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f.toml", data)
		if err == nil {
			if _, err := Parse("f.toml", Render(c)); err != nil {
				t.Fatalf("rendered settings are refused: %v", err)
			}
			return
		}
		if strings.TrimSpace(err.Error()) == "" {
			t.Fatal("an error without a sentence")
		}
	})
}

func newKey(t *testing.T) *rsa.PublicKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{"7d": 168 * time.Hour, "0d": 0, "90m": 90 * time.Minute, " 1h30m ": 90 * time.Minute} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "1.5d", "1", "-1h", "99999999d", "soon"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
