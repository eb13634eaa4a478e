package telegram

import (
	"context"
	"crypto/rsa"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// An installation is a vault in memory, what belongs to it on this machine, and
// a simulated Telegram to back up.
type installation struct {
	t       testing.TB
	world   *world.World
	sim     *simulator.Simulator
	dst     *memory.Destination
	owner   crypto.Identity
	secrets *chunkstore.WriterSecrets
	dir     string
	options Options // for the clients
}

// install starts a simulator and makes an empty vault.
func install(t testing.TB, w *world.World, faults ...simulator.Fault) *installation {
	t.Helper()
	return installAt(t, w, simulator.Options{Faults: faults})
}

// installAt is install with a simulator of one's own making.
func installAt(t testing.TB, w *world.World, o simulator.Options) *installation {
	t.Helper()
	o.World, o.Control = w, "off"
	sim, err := simulator.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	owner, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	i := &installation{t: t, world: w, sim: sim, dst: memory.New(), owner: owner, dir: t.TempDir()}
	owners := []chunkstore.Owner{{Name: "owner", Recipient: owner.Recipient()}}
	if _, i.secrets, err = chunkstore.Create(t.Context(), i.dst, chunkstore.CreateOptions{Owners: owners}); err != nil {
		t.Fatal(err)
	}
	info := sim.Info()
	i.options = Options{
		APIID: info.APIID, APIHash: info.APIHash, Server: info.Server, DC: info.DC, PublicKeys: []*rsa.PublicKey{info.PublicKey},
		ConnectTimeout: 30 * time.Second,
	}
	if testing.Verbose() && os.Getenv("DEBUG") != "" {
		i.options.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return i
}

// client opens the session and a client; the function closes it.
func (i *installation) client() (*Client, func()) {
	i.t.Helper()
	session, err := OpenSession(filepath.Join(i.dir, "a.session"), xorSealer(7))
	if err != nil {
		i.t.Fatal(err)
	}
	o := i.options
	o.Session = session
	c, err := New(o)
	if err != nil {
		i.t.Fatal(err)
	}
	return c, func() { _ = session.Close() }
}

// answers is an Asker that knows what to say.
type answers struct{ codes, passwords []string }

func (a *answers) Code(context.Context, Delivery) (string, error) { return pop(&a.codes) }
func (a *answers) Password(context.Context, string) (string, error) {
	return pop(&a.passwords)
}

var errNoAnswer = errors.New("no answer is left")

func pop(list *[]string) (string, error) {
	if len(*list) == 0 {
		return "", errNoAnswer
	}
	first := (*list)[0]
	*list = (*list)[1:]
	return first, nil
}

// login signs in to the world's first account with a session that is there already: agreeing
// on a key costs seconds of processor time, and what it does is the login tests' business.
func (i *installation) login() {
	i.t.Helper()
	made, err := i.sim.NewSession(0)
	if err != nil {
		i.t.Fatal(err)
	}
	f, err := ParseSession(made.Telethon())
	if err != nil {
		i.t.Fatal(err)
	}
	if _, err := i.importInto(f, ""); err != nil {
		i.t.Fatal(err)
	}
}

// archive opens the vault to write; the function closes it.
func (i *installation) archive() (*archive.Writer, func()) {
	i.t.Helper()
	store, err := chunkstore.OpenWriter(i.t.Context(), i.dst, chunkstore.WriterOptions{Secrets: i.secrets, StatePath: filepath.Join(i.dir, "index.db")})
	if err != nil {
		i.t.Fatal(err)
	}
	w, err := archive.OpenWriter(i.t.Context(), store, archive.WriterOptions{Journal: filepath.Join(i.dir, "journal"), Secrets: i.secrets})
	if err != nil {
		i.t.Fatal(err)
	}
	return w, func() {
		if err := errors.Join(w.Close(), store.Close()); err != nil {
			i.t.Error(err)
		}
	}
}

// sync runs one sync from opening to closing everything.
func (i *installation) sync(ctx context.Context, o SyncOptions) (*Result, error) {
	i.t.Helper()
	c, endClient := i.client()
	defer endClient()
	w, endArchive := i.archive()
	defer endArchive()
	return c.Sync(ctx, Into(w), o)
}

// mustSync is sync where everything should be archived.
func (i *installation) mustSync() *Result {
	i.t.Helper()
	r, err := i.sync(i.t.Context(), SyncOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	if !r.Complete() {
		i.t.Fatalf("not complete: %+v", r)
	}
	return r
}

// snapshot reads the vault as its owner does.
func (i *installation) snapshot() *archive.Snapshot {
	i.t.Helper()
	r, err := chunkstore.OpenReader(i.t.Context(), i.dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{i.owner}})
	if err != nil {
		i.t.Fatal(err)
	}
	s, err := archive.OpenSnapshot(i.t.Context(), r, archive.SnapshotOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	return s
}

func mustFault(t testing.TB, text string) simulator.Fault {
	t.Helper()
	f, err := simulator.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
