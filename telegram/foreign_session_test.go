package telegram

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// aSession is one that is not signed in anywhere.
func aSession(server string) *simulator.Session {
	return &simulator.Session{User: 100, DC: 4, Key: [256]byte(bytes.Repeat([]byte{0x5a}, 256)), Server: server}
}

func TestParseSession(t *testing.T) {
	const v4, v6, short = "149.154.167.91:443", "[2001:67c:4e8:f004::a]:443", "1.2.3.4:5"
	for _, c := range []struct {
		text    string
		program string
		server  string
		account string
	}{
		{aSession(v4).Telethon(), "Telethon", v4, ""},
		{aSession(v6).Telethon(), "Telethon", v6, ""},
		{aSession(v4).GramJS(), "GramJS", v4, ""}, // as long as Telethon's with IPv6
		{aSession(short).GramJS(), "GramJS", short, ""},
		{aSession("venus.web.telegram.org:443").GramJS(), "GramJS", "venus.web.telegram.org:443", ""},
		{aSession(v4).Pyrogram(7), "Pyrogram", "", "user100"},
		{"  \"" + aSession(v4).Telethon() + "\"\n", "Telethon", v4, ""},
		{strings.TrimRight(aSession(v4).GramJS(), "="), "GramJS", v4, ""},
	} {
		f, err := ParseSession(c.text)
		if err != nil {
			t.Errorf("%s at %s: %v", c.program, c.server, err)
			continue
		}
		if f.Program != c.program || f.Server != c.server || f.DC != 4 || string(f.Account) != c.account || f.key[0] != 0x5a || f.key[255] != 0x5a {
			t.Errorf("%s at %s became %v", c.program, c.server, f)
		}
	}
}

// What is no session is refused, and never repeated.
func TestParseSessionBad(t *testing.T) {
	good := aSession("149.154.167.91:443").Telethon()
	nobody := aSession("149.154.167.91:443")
	nobody.Key = [256]byte{}
	nowhere := aSession("149.154.167.91:443")
	nowhere.DC = 0
	for name, text := range map[string]string{
		"nothing": "", "a space": " \n", "cut": good[:300], "too long": good + "AAAA", "another version": "2" + good[1:],
		"words": "correct horse battery staple", "without a key": nobody.Telethon(), "of no data centre": nowhere.Telethon(),
	} {
		f, err := ParseSession(text)
		if !errors.Is(err, ErrForeignUnreadable) || f != nil {
			t.Errorf("%s: %v, error %v", name, f, err)
		}
		if part := strings.TrimSpace(text); len(part) > 8 && strings.Contains(err.Error(), part[:8]) {
			t.Errorf("%s: the error repeats it: %v", name, err)
		}
	}
	bot, _ := ParseSession(aSession("149.154.167.91:443").Pyrogram(7))
	if bot.Bot {
		t.Error("an account is taken for a bot")
	}
}

func FuzzParseSession(f *testing.F) {
	for _, s := range []string{aSession("1.2.3.4:5").Telethon(), aSession("a.b:5").GramJS(), aSession("").Pyrogram(7), "1AAAA", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := ParseSession(text); (got == nil) == (err == nil) {
			t.Errorf("%v, error %v", got, err)
		}
	})
}

func TestReadTData(t *testing.T) {
	dir := t.TempDir()
	one, two := aSession(""), aSession("")
	two.User, two.DC = 7_000_000_000, 2
	if err := simulator.WriteTData(filepath.Join(dir, "tdata"), "пароль", one, two); err != nil {
		t.Fatal(err)
	}
	for _, passcode := range []string{"", "x"} {
		if _, err := ReadTData(dir, passcode); !errors.Is(err, ErrPasscode) {
			t.Errorf("passcode %q: error %v", passcode, err)
		}
	}
	for _, folder := range []string{dir, filepath.Join(dir, "tdata")} {
		all, err := ReadTData(folder, "пароль")
		if err != nil || len(all) != 2 {
			t.Fatalf("%d accounts, error %v", len(all), err)
		}
		if all[0].Account != "user100" || all[0].DC != 4 || all[1].Account != "user7000000000" || all[1].DC != 2 || all[1].key[9] != 0x5a {
			t.Errorf("read %v and %v", all[0], all[1])
		}
	}
	if _, err := ReadTData(filepath.Join(dir, "elsewhere"), ""); !errors.Is(err, ErrForeignUnreadable) {
		t.Errorf("no folder: error %v", err)
	}
	// Damage of any byte is noticed.
	if err := simulator.WriteTData(filepath.Join(dir, "tdata"), "", one); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tdata", "D877F783D5D3EF8Cs")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 5, 9, len(data) / 2, len(data) - 1} {
		bad := bytes.Clone(data)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTData(dir, ""); err == nil {
			t.Errorf("byte %d of %d changed, and nobody noticed", i, len(data))
		}
	}
}

// importInto imports as a new process would.
func (i *installation) importInto(f *Foreign, phone string) (*Self, error) {
	c, end := i.client()
	defer end()
	return c.Import(i.t.Context(), f, phone)
}

// A session of another program works here, wherever the account lives; one that
// does not work changes nothing.
func TestImport(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 4}))
	made, err := i.sim.NewSession(0)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseSession(made.Pyrogram(7)) // which does not say where the server is
	if err != nil {
		t.Fatal(err)
	}
	ended, err := i.sim.NewSession(0)
	if err != nil {
		t.Fatal(err)
	}
	i.sim.Revoke()
	gone, err := ParseSession(ended.Telethon())
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := ParseSession(aSession("149.154.167.91:443").Telethon())
	if err != nil {
		t.Fatal(err)
	}
	unknown.DC = 2 // where it is known how to get to: to the others costs a key more
	nowhere := *unknown
	nowhere.DC = 77
	stranger := *f
	stored := func() *savedSession {
		t.Helper()
		saved, err := readSession(filepath.Join(i.dir, "a.session"), xorSealer(7))
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	refuse := func(when string, cases int) {
		t.Helper()
		before := stored()
		for _, c := range []struct {
			name  string
			f     *Foreign
			phone string
			want  error
		}{
			{"unknown to the server", unknown, "", ErrForeign},
			{"signed out", gone, "", ErrForeignEnded},
			{"of no data centre", &nowhere, "", ErrForeign},
			{"of a bot", &Foreign{Bot: true}, "", ErrForeign},
		}[:cases] {
			self, err := i.importInto(c.f, c.phone)
			if !errors.Is(err, c.want) || self != nil {
				t.Errorf("%s, %s: %v, error %v", when, c.name, self, err)
			}
			if c.want == ErrForeign && c.f == unknown && !strings.Contains(err.Error(), "149.154.167.91:443") {
				t.Errorf("%s: %v does not say where it is from", c.name, err)
			}
		}
		after := stored()
		if (before == nil) != (after == nil) {
			t.Fatalf("%s: the session changed", when)
		}
		if before == nil {
			return
		}
		if same, err := sameKey(before.Data, after.Data); !same || err != nil || before.Account != after.Account {
			t.Errorf("%s: the key changed, error %v", when, err)
		}
	}
	refuse("nobody is signed in", 4)

	if made, err = i.sim.NewSession(0); err != nil {
		t.Fatal(err)
	}
	if f, err = ParseSession(made.Pyrogram(7)); err != nil {
		t.Fatal(err)
	}
	if _, err := i.importInto(f, "+15559999999"); !errors.Is(err, ErrPhoneOther) {
		t.Errorf("another phone: error %v", err)
	}
	self, err := i.importInto(f, "+1 555 0100")
	if err != nil || self.ID != "user100" {
		t.Fatalf("%v, error %v", self, err)
	}
	if self, err = i.importInto(f, ""); !errors.Is(err, ErrSignedIn) || self.ID != "user100" {
		t.Errorf("a second time: %v, error %v", self, err)
	}
	stranger.Account = "user5"
	if _, err = i.importInto(&stranger, ""); !errors.Is(err, ErrAccountOther) {
		t.Errorf("another account: error %v", err)
	}
	c, end := i.client()
	if chats, err := c.Chats(t.Context(), Rules{}); err != nil || len(chats) < 5 {
		t.Errorf("%d chats, error %v", len(chats), err)
	}
	end()
	i.sim.Revoke() // an authorised key that was ended is not replaced by one that does not work
	refuse("a session is there that was ended", 1)
}
