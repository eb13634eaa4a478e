package crypto

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestIdentityText(t *testing.T) {
	for _, id := range []Identity{newHybrid(t), newClassic(t)} {
		again, err := ParseIdentity(" " + id.String() + "\n")
		if err != nil {
			t.Fatal(err)
		}
		if again.String() != id.String() || again.Recipient().String() != id.Recipient().String() {
			t.Error("an identity does not survive its text")
		}
		if id.IsZero() || id.Recipient().IsZero() {
			t.Error("an identity is zero")
		}
	}
	if (Identity{}).IsZero() == false {
		t.Error("the zero identity is not zero")
	}
	if !newHybrid(t).Recipient().PostQuantum() {
		t.Error("NewIdentity is not post-quantum")
	}
}

func TestParseIdentityRefuses(t *testing.T) {
	id := newHybrid(t)
	for _, in := range []string{
		"", "AGE-SECRET-KEY-", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1", id.String()[:40], id.String() + "Q",
		strings.ToLower(id.String()), id.Recipient().String(), "AGE-PLUGIN-YUBIKEY-1QQQ", "ssh-ed25519 AAAA", "password",
	} {
		got, err := ParseIdentity(in)
		checkClass(t, "ParseIdentity", err, ErrBadKey)
		if !got.IsZero() {
			t.Error("an identity came with an error")
		}
		if err != nil && len(in) > 20 && strings.Contains(err.Error(), in[19:]) {
			t.Errorf("the error repeats the text: %v", err)
		}
	}
}

func TestIdentityFile(t *testing.T) {
	id := newHybrid(t)
	file := id.File(time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)))
	lines := strings.Split(string(file), "\n")
	if lines[0] != "# created: 2026-01-02T02:04:05Z" || lines[1] != "# public key: "+id.Recipient().String() || lines[2] != id.String() || lines[3] != "" {
		t.Errorf("key file:\n%.60s", file)
	}
	if again := parseOne(t, file, nil); again.String() != id.String() {
		t.Error("a key file does not parse back")
	}
}

// TestSecretsDoNotPrint prints every kind of secret in every way that happens by
// accident. Only a call of String by name may show it.
func TestSecretsDoNotPrint(t *testing.T) {
	id, key, signing := newHybrid(t), NewKey(), NewSigningKey()
	passphrase, err := PassphraseIdentity("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{id.String()[20:], key.String(), strings.TrimPrefix(signing.String(), signingPrefix), "correct horse", fmt.Sprintf("%d", [32]byte(key))}
	holder := struct {
		ID      Identity
		Key     Key
		Signing *SigningKey
		More    []any
	}{id, key, &signing, []any{passphrase, &id, &key}}
	for _, value := range []any{id, &id, key, &key, signing, &signing, passphrase, holder, &holder, []Key{key}} {
		var printed strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", value)
		}
		fmt.Fprintln(&printed, value)
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("oops", "value", value)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("oops", "value", value)
		data, err := json.Marshal(value)
		if err != nil {
			t.Errorf("json of %T: %v", value, err)
		}
		for _, secret := range secrets {
			for _, out := range []string{printed.String(), logged.String(), string(data)} {
				if strings.Contains(out, secret) || strings.Contains(out, strings.ToUpper(secret)) {
					t.Errorf("%T shows its secret:\n%.300s", value, out)
				}
			}
		}
	}
}

func TestPassphraseIdentity(t *testing.T) {
	if _, err := PassphraseIdentity(""); err == nil {
		t.Error("an empty passphrase is accepted")
	}
	id, err := PassphraseIdentity("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if id.String() != "" {
		t.Errorf("a passphrase has the text %q", id.String())
	}
	sealed := mustSeal(t, []byte("x"), id.Recipient().WithWorkFactor(1))
	if got, err := OpenBytes(sealed, id); err != nil || string(got) != "x" {
		t.Errorf("OpenBytes = %q, %v", got, err)
	}
}

// A file that asks for terabytes of memory must be refused before any is taken.
func TestHostileWorkFactor(t *testing.T) {
	id, err := PassphraseIdentity("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, nil, testPassphrase(t, "correct horse"))
	hostile := bytes.Replace(sealed, []byte(" 1\n"), []byte(" 30\n"), 1)
	if bytes.Equal(hostile, sealed) {
		t.Fatal("the work factor was not found")
	}
	_, err = OpenBytes(hostile, id)
	checkClass(t, "hostile work factor", err, ErrDamaged)
}
