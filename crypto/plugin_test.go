package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

// testPlugin is the name of a plugin that this test binary is when it is called
// age-plugin-tktest. It keeps the file key behind an XOR, and notes each run.
const testPlugin = "tktest"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "age-plugin-"+testPlugin {
		os.Exit(runTestPlugin())
	}
	os.Exit(m.Run())
}

func runTestPlugin() int {
	if log := os.Getenv("TKTEST_RUNS"); log != "" {
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return 3
		}
		f.WriteString("run\n") //nolint:errcheck // the test misses it
		f.Close()              //nolint:errcheck // likewise
	}
	p, err := plugin.New(testPlugin)
	if err != nil {
		return 3
	}
	p.HandleRecipient(func(data []byte) (age.Recipient, error) { return xorKey(data), nil })
	p.HandleIdentity(func(data []byte) (age.Identity, error) {
		if string(data) == "unplugged" {
			return nil, errors.New("the token is not plugged in")
		}
		return xorKey(data), nil
	})
	for _, arg := range os.Args[1:] {
		switch arg {
		case "--age-plugin=recipient-v1":
			return p.RecipientV1()
		case "--age-plugin=identity-v1":
			return p.IdentityV1()
		}
	}
	return 4
}

type xorKey []byte

func (k xorKey) mix(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = b[i] ^ k[i%len(k)]
	}
	return out
}

func (k xorKey) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: "tktest", Args: []string{base64.RawStdEncoding.EncodeToString(k)}, Body: k.mix(fileKey)}}, nil
}

func (k xorKey) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type == "tktest" && slices.Equal(s.Args, []string{base64.RawStdEncoding.EncodeToString(k)}) {
			return k.mix(s.Body), nil
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// installPlugin puts the plugin on the search path and returns a count of its runs.
func installPlugin(t *testing.T) func() int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "age-plugin-"+testPlugin)); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "runs")
	t.Setenv("PATH", dir)
	t.Setenv("TKTEST_RUNS", log)
	return func() int {
		data, _ := os.ReadFile(log)
		return bytes.Count(data, []byte("\n"))
	}
}

func TestPlugin(t *testing.T) {
	runs := installPlugin(t)
	recipient, identity := plugin.EncodeRecipient(testPlugin, []byte("shared")), plugin.EncodeIdentity(testPlugin, []byte("shared"))
	if _, err := ParseRecipient(recipient); !errors.Is(err, ErrBadKey) {
		t.Errorf("without plugins the recipient gives %v", err)
	}
	if _, err := ParseIdentities(strings.NewReader(identity), nil); !errors.Is(err, ErrPlugin) {
		t.Errorf("a key of a plugin that is not allowed gives %v", err)
	}
	allowed := Plugins{Allow: []string{testPlugin}}
	r, err := allowed.ParseRecipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := allowed.ParseIdentities(strings.NewReader("# token\n"+identity+"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if runs() != 0 {
		t.Errorf("reading the text of keys ran the plugin %d times", runs())
	}
	sealed, err := SealBytes([]byte("content"), r)
	if err != nil {
		t.Fatal(err)
	}
	if kinds, err := SealedTo(sealed); err != nil || !slices.Equal(kinds, []string{"tktest"}) {
		t.Errorf("SealedTo = %v, %v", kinds, err)
	}
	if got, err := OpenBytes(sealed, ids...); err != nil || string(got) != "content" {
		t.Errorf("OpenBytes = %q, %v", got, err)
	}
	before := runs()
	hybrid, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	native, err := SealBytes([]byte("content"), hybrid.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBytes(native, ids...); !errors.Is(err, ErrWrongKey) || runs() != before {
		t.Errorf("a file of another kind: %v, after %d runs of the plugin", err, runs()-before)
	}
	if _, err := SealBytes(nil, r, hybrid.Recipient()); !errors.Is(err, ErrMixedRecipients) {
		t.Errorf("a plugin beside another recipient: %v", err)
	}
}

func TestPluginFails(t *testing.T) {
	installPlugin(t)
	allowed := Plugins{Allow: []string{testPlugin, "absent"}}
	recipient, err := allowed.ParseRecipient(plugin.EncodeRecipient(testPlugin, []byte("unplugged")))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealBytes([]byte("content"), recipient)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := allowed.ParseIdentities(strings.NewReader(plugin.EncodeIdentity(testPlugin, []byte("unplugged"))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBytes(sealed, ids...); !errors.Is(err, ErrPlugin) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "not plugged in") {
		t.Errorf("a token that is away: %v", err)
	}
	absent, err := allowed.ParseRecipient(plugin.EncodeRecipient("absent", []byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SealBytes(nil, absent); !errors.Is(err, ErrPlugin) || !strings.Contains(err.Error(), "no program age-plugin-absent") {
		t.Errorf("a plugin that is not installed: %v", err)
	}
}

func TestSealedTo(t *testing.T) {
	passphrase, err := PassphraseRecipient("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealBytes(nil, passphrase.WithWorkFactor(1))
	if err != nil {
		t.Fatal(err)
	}
	if kinds, err := SealedTo(sealed); err != nil || !slices.Equal(kinds, []string{"passphrase"}) {
		t.Errorf("SealedTo = %v, %v", kinds, err)
	}
	if _, err := SealedTo([]byte("nonsense")); !errors.Is(err, ErrDamaged) {
		t.Errorf("SealedTo of nonsense = %v", err)
	}
}
