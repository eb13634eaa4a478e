package chunkstore

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

func owner(t testing.TB, name string) (Owner, crypto.Identity) {
	t.Helper()
	id, err := crypto.NewIdentity()
	check(t, err)
	return Owner{Name: name, Recipient: id.Recipient()}, id
}

// testSSHKey was made for this test and protects nothing.
const testSSHKey = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACCYgRfStmod4RBDsVV5XSCohcxcQwSUy3b9Jv9ewLAr5QAAAIiffghun34I
bgAAAAtzc2gtZWQyNTUxOQAAACCYgRfStmod4RBDsVV5XSCohcxcQwSUy3b9Jv9ewLAr5Q
AAAEDA0BqYU3O3wH3+BxBIVv4LnGQnYJU0mnt7BKpT4Y+zVpiBF9K2ah3hEEOxVXldIKiF
zFxDBJTLdv0m/17AsCvlAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
`

func fixedNow() time.Time {
	return time.Date(2026, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600))
}

func TestCreate(t *testing.T) {
	dst := memory.New()
	o, id := owner(t, "owner")
	vault, secrets, err := Create(t.Context(), dst, CreateOptions{Owners: []Owner{o}, Now: fixedNow})
	check(t, err)
	w := secrets.WriterID
	want := []string{"README.txt", "keys/owner.age", "recover.sh", "vault.json", "writers/" + w + "/secrets.age", "writers/" + w + "/writer.json"}
	if got := dst.Names(); !slices.Equal(got, want) {
		t.Errorf("objects %q, want %q", got, want)
	}
	if vault.Created.Format(time.RFC3339Nano) != "2026-02-03T03:05:06Z" {
		t.Errorf("created %v", vault.Created)
	}
	if vault.ID != secrets.VaultID || len(vault.Writers) != 1 || vault.Writers[0].ID != w || len(vault.Faults) != 0 {
		t.Errorf("vault %+v, secrets of vault %s writer %s", vault, secrets.VaultID, w)
	}
	key, err := OpenVaultKey(t.Context(), dst, []crypto.Identity{id})
	check(t, err)
	if key.IDKey != secrets.IDKey || key.ChunkerKey != secrets.ChunkerKey || key.Identity.Recipient().String() != vault.Recipient.String() {
		t.Error("the vault key and the writer's secrets do not fit")
	}
	if !vault.Recipient.PostQuantum() || !vault.Writers[0].IndexRecipient.PostQuantum() {
		t.Error("a key that telekeep makes is not post-quantum")
	}
}

// The commit of a vault is vault.json: it comes last, and after a stop at any place before
// there is no vault. Each Put is lost or kept.
func TestCreateStopsAnywhere(t *testing.T) {
	o, _ := owner(t, "owner")
	second, _ := owner(t, "second")
	options := CreateOptions{Owners: []Owner{o, second}, Now: fixedNow}
	stop := errors.New("power cut")
	const puts = 7 // README.txt, recover.sh, two keys, secrets.age, writer.json, vault.json
	for n := 1; n <= puts; n++ {
		for _, kept := range []bool{false, true} {
			count := 0
			dst := memory.WithFaults(func(c memory.Call) error {
				if c.Op != memory.Put {
					return nil
				}
				if count++; count != n {
					return nil
				}
				if kept {
					return memory.Kept(stop)
				}
				return stop
			})
			_, _, err := Create(t.Context(), dst, options)
			wantError(t, err, stop)
			after := dst.CrashClone()
			_, err = OpenVault(t.Context(), after)
			if n == puts && kept {
				check(t, err)
				_, _, err = Create(t.Context(), after, options)
				wantError(t, err, ErrVaultExists)
				continue
			}
			wantError(t, err, ErrNoVault)
			leftovers := len(after.Names())
			_, _, err = Create(t.Context(), after, options)
			if leftovers == 0 {
				check(t, err)
			} else {
				wantError(t, err, ErrNotEmpty)
			}
		}
	}
}

func TestCreateRefusesAVault(t *testing.T) {
	f := newFixture(t, nil)
	before := f.dst.CrashClone()
	o, _ := owner(t, "owner")
	_, _, err := Create(t.Context(), f.dst, CreateOptions{Owners: []Owner{o}, Now: fixedNow})
	wantError(t, err, ErrVaultExists)
	for _, name := range f.dst.Names() {
		if !bytes.Equal(before.Object(name), f.dst.Object(name)) {
			t.Errorf("%s was changed", name)
		}
	}
}

func TestCreateRefusesOtherThings(t *testing.T) {
	o, _ := owner(t, "owner")
	for _, name := range []string{"README.txt", "packs/ab/x.age", "photo.jpg"} {
		dst := memory.New()
		check(t, dst.Put(t.Context(), name, []byte("x")))
		_, _, err := Create(t.Context(), dst, CreateOptions{Owners: []Owner{o}, Now: fixedNow})
		wantError(t, err, ErrNotEmpty)
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
		if got := dst.Names(); len(got) != 1 {
			t.Errorf("a refused Create made %q", got)
		}
	}
}

func TestCreateChecksOwners(t *testing.T) {
	good, _ := owner(t, "owner")
	for what, owners := range map[string][]Owner{
		"none":         nil,
		"no recipient": {{Name: "owner"}},
		"twice":        {good, good},
		"no name":      {{Recipient: good.Recipient}},
		"upper case":   {{Name: "Owner", Recipient: good.Recipient}},
		"a path":       {{Name: "../owner", Recipient: good.Recipient}},
		"a digit":      {{Name: "1owner", Recipient: good.Recipient}},
		"a space":      {{Name: "the owner", Recipient: good.Recipient}},
		"too long":     {{Name: strings.Repeat("a", 33), Recipient: good.Recipient}},
		"a device":     {{Name: "con", Recipient: good.Recipient}},
	} {
		dst := memory.New()
		if _, _, err := Create(t.Context(), dst, CreateOptions{Owners: owners, Now: fixedNow}); err == nil {
			t.Errorf("owners (%s) are accepted", what)
		}
		if _, err := OpenVault(t.Context(), dst); !errors.Is(err, ErrNoVault) {
			t.Errorf("owners (%s): a vault was made: %v", what, err)
		}
	}
}

// Whatever somebody holds, each owner key opens the same vault key.
func TestCreateForManyOwners(t *testing.T) {
	hybrid, hybridID := owner(t, "hybrid")
	classic, err := crypto.ParseIdentities(strings.NewReader(testSSHKey), nil)
	check(t, err)
	passphrase, err := crypto.PassphraseRecipient("correct horse battery")
	check(t, err)
	passphraseID, err := crypto.PassphraseIdentity("correct horse battery")
	check(t, err)
	owners := []Owner{hybrid, {"passphrase", passphrase.WithWorkFactor(1)}, {"ssh", classic[0].Recipient()}}
	ids := []crypto.Identity{hybridID, passphraseID, classic[0]}
	dst := memory.New()
	vault, _, err := Create(t.Context(), dst, CreateOptions{Owners: owners, Now: fixedNow})
	check(t, err)
	_, strangerID := owner(t, "stranger")
	for _, id := range ids {
		key, err := OpenVaultKey(t.Context(), dst, []crypto.Identity{strangerID, id})
		check(t, err)
		if key.VaultID != vault.ID {
			t.Errorf("%v opens another vault", id)
		}
	}
	_, err = OpenVaultKey(t.Context(), dst, []crypto.Identity{strangerID})
	wantError(t, err, crypto.ErrWrongKey)
}

// Nothing secret stands anywhere in the vault in the clear, and nothing tells the owner.
func TestCreateLeaksNothing(t *testing.T) {
	f := newFixture(t, nil)
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	secrets := map[string]string{
		"id key": f.secrets.IDKey.String(), "raw id key": string(f.secrets.IDKey[:]), "chunker key": f.secrets.ChunkerKey.String(),
		"signing key": strings.TrimPrefix(f.secrets.SigningKey.String(), "ed25519-secret:"), "index key": f.secrets.IndexIdentity.String(),
		"vault key": key.Identity.String(), "owner key": f.owner.String(), "owner's public key": f.owner.Recipient().String(),
	}
	for _, name := range f.dst.Names() {
		object := string(f.dst.Object(name))
		for what, secret := range secrets {
			if strings.Contains(object, secret) || strings.Contains(strings.ToLower(object), strings.ToLower(secret)) {
				t.Errorf("%s shows the %s", name, what)
			}
		}
	}
	for what, printed := range map[string]string{"vault key": fmt.Sprintf("%v %+v %#v", key, key, key), "secrets": fmt.Sprintf("%v %+v %#v", f.secrets, *f.secrets, f.secrets)} {
		for _, secret := range secrets {
			if strings.Contains(printed, secret) && secret != f.owner.Recipient().String() {
				t.Errorf("printing the %s shows a secret", what)
			}
		}
	}
}

// Two vaults share nothing by which somebody could tell that they are of one person.
func TestCreateTwice(t *testing.T) {
	a, b := newFixture(t, nil), newFixture(t, nil)
	if a.secrets.VaultID == b.secrets.VaultID || a.secrets.WriterID == b.secrets.WriterID ||
		a.secrets.IDKey == b.secrets.IDKey || a.secrets.ChunkerKey == b.secrets.ChunkerKey || a.secrets.IDKey == a.secrets.ChunkerKey {
		t.Error("two vaults share a key")
	}
}

func TestCreateOnDisk(t *testing.T) {
	dst, err := local.Create(t.TempDir())
	check(t, err)
	defer dst.Close()
	o, id := owner(t, "owner")
	vault, _, err := Create(t.Context(), dst, CreateOptions{Owners: []Owner{o}})
	check(t, err)
	if age := time.Since(vault.Created); age < 0 || age > time.Minute {
		t.Errorf("the default clock made a vault %v ago", age)
	}
	_, err = OpenVaultKey(t.Context(), dst, []crypto.Identity{id})
	check(t, err)
}
