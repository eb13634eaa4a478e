package telegram

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// allFaults, set in the environment, has every method meet every fault, which
// takes some minutes.
const allFaults = "TELEKEEP_FAULTS"

// A faulty is a simulated Telegram with a small account, and what a backup of it
// holds that nothing disturbed. Each trial makes a vault of its own with the
// same login.
type faulty struct {
	*installation
	session []byte
	want    digest
	missing int      // files that cannot be had at all
	methods []string // that a sync calls
}

func newFaulty(t *testing.T, o world.Options) *faulty {
	t.Helper()
	w, err := world.FromSeed(world.SeedOptions{Options: o, Seed: 3, Messages: 260, MediaBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{installation: install(t, w)}
	f.options.CallTimeout = 5 * time.Second
	f.login()
	if f.session, err = os.ReadFile(filepath.Join(f.dir, "a.session")); err != nil {
		t.Fatal(err)
	}
	f.sim.ResetStats()
	f.missing = f.mustSync().MissingTotal
	f.want = digestOf(t, f.snapshot())
	for method := range f.sim.Stats().Requests {
		f.methods = append(f.methods, method)
	}
	slices.Sort(f.methods)
	return f
}

// trial is an installation with an empty vault.
func (f *faulty) trial(t *testing.T) *installation {
	t.Helper()
	i := *f.installation
	i.t, i.dst, i.dir = t, memory.New(), t.TempDir()
	owners := []chunkstore.Owner{{Name: "owner", Recipient: f.owner.Recipient()}}
	var err error
	if _, i.secrets, err = chunkstore.Create(t.Context(), i.dst, chunkstore.CreateOptions{Owners: owners}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.dir, "a.session"), f.session, 0o600); err != nil {
		t.Fatal(err)
	}
	return &i
}

// try syncs while something goes wrong and once more when it is over. What the
// first one stored is right, what it did not store it says, and the second one
// has everything.
func (f *faulty) try(t *testing.T, faults ...string) {
	t.Helper()
	i := f.trial(t)
	i.fault(faults...)
	i.sim.ResetStats()
	r, err := i.sync(t.Context(), SyncOptions{})
	t.Logf("answers: %v", i.sim.Stats().Errors)
	i.sim.ClearFaults()
	i.world.Faults().Reset()
	i.fault("back=4")
	got := f.within(t, i)
	complete := reflect.DeepEqual(got, f.want)
	said := err != nil || len(r.Failures)+len(r.Warnings) > 0 || r.MissingTotal > f.missing
	if !complete && !said {
		t.Errorf("not everything is stored, and nothing is said: %+v", r)
	}
	t.Logf("complete %v; failures %v, warnings %v, %d files missing, error %v", complete, r.Failures, r.Warnings, r.MissingTotal-f.missing, err)
	// A day later: what the server says it does not have is asked for once a day.
	i.options.Now = func() time.Time { return time.Now().Add(unavailableRetry + time.Hour) }
	again := i.mustSync()
	if got := digestOf(t, i.snapshot()); !reflect.DeepEqual(got, f.want) {
		t.Errorf("afterwards something is lost: %+v", again)
	}
}

// within reads what is stored and checks that it is part of what there is.
func (f *faulty) within(t *testing.T, i *installation) digest {
	t.Helper()
	s := i.snapshot()
	if len(s.Accounts()) == 0 {
		return digest{map[archive.PeerID]string{}, map[archive.MediaKey]string{}}
	}
	got := digestOf(t, s)
	for key, sum := range got.media {
		if f.want.media[key] != sum {
			t.Errorf("%s is stored and not what it should be", key)
		}
	}
	for chat, text := range got.messages {
		all := strings.Split(f.want.messages[chat], "\n")
		for _, line := range strings.Split(text, "\n") {
			if !slices.Contains(all, line) {
				t.Errorf("%s: stored %q", chat, line)
			}
		}
	}
	return got
}

// documented are errors that Telegram documents for methods of a sync, beside
// those that any method can have.
func documented() map[string][]string {
	channel := []string{"400:CHANNEL_INVALID", "406:CHANNEL_PRIVATE", "403:CHANNEL_PUBLIC_GROUP_NA", "400:MSG_ID_INVALID"}
	return map[string][]string{
		"messages.getHistory": append([]string{
			"400:CHAT_ID_INVALID", "400:PEER_ID_INVALID", "400:PEER_ID_NOT_SUPPORTED", "400:FROZEN_PARTICIPANT_MISSING", "500:HISTORY_GET_FAILED",
		}, channel...),
		"messages.getDialogs":     {"400:OFFSET_PEER_ID_INVALID", "400:FOLDER_ID_INVALID", "403:TAKEOUT_REQUIRED"},
		"messages.getPeerDialogs": channel,
		"channels.getChannels":    channel,
		"channels.getFullChannel": channel,
		"channels.getMessages":    channel,
		"messages.getMessages":    {"400:MSG_ID_INVALID"},
		"users.getUsers":          {"400:PEER_ID_INVALID", "400:USER_BANNED_IN_CHANNEL"},
		"updates.getState":        {"500:AUTH_RESTART"},
		"updates.getDifference":   {"400:PERSISTENT_TIMESTAMP_EMPTY", "400:PERSISTENT_TIMESTAMP_INVALID", "400:DATE_EMPTY", "403:CHAT_WRITE_FORBIDDEN"},
		"updates.getChannelDifference": append([]string{
			"400:PERSISTENT_TIMESTAMP_INVALID", "500:PERSISTENT_TIMESTAMP_OUTDATED", "400:RANGES_INVALID", "400:USER_BANNED_IN_CHANNEL",
		}, channel...),
		"upload.getFile": append([]string{
			"400:FILE_ID_INVALID", "400:FILE_REFERENCE_EMPTY", "400:FILE_REFERENCE_EXPIRED", "400:FILE_REFERENCE_0_EXPIRED", "406:FILEREF_UPGRADE_NEEDED",
			"400:LIMIT_INVALID", "400:LOCATION_INVALID", "400:OFFSET_INVALID", "400:CDN_METHOD_INVALID", "500:FILE_DOWNLOAD_FAILED",
		}, channel...),
		"upload.getFileHashes": {"400:LOCATION_INVALID"},
	}
}

// matrix is every fault at every method.
func (f *faulty) matrix() []string {
	var all []string
	for _, method := range f.methods {
		for _, fault := range []string{
			"flood=1 count=1", "premium=1 count=2", "drop count=1", "drop count=1 after=1", "error=500:RPC_CALL_FAIL count=1", "error=500:INTERDC_3_CALL_ERROR count=1 after=1",
			"error=-503:Timeout count=1", "error=400:TAKEOUT_INVALID count=1", "error=400:CONNECTION_LAYER_INVALID count=1", "error=420:FLOOD_WAIT_86400 count=1",
			"unknown count=1", "unknown count=1 after=1",
		} {
			all = append(all, method+" "+fault)
		}
		for _, err := range documented()[method] {
			for _, when := range []string{"count=1", "count=1 after=1", "count=200"} {
				if strings.HasPrefix(err, "5") && when == "count=200" {
					continue // is asked again and again, which takes long
				}
				all = append(all, fmt.Sprintf("%s error=%s %s", method, err, when))
			}
		}
	}
	return all
}

// Whatever goes wrong at whatever step, nothing is lost once it is over, nothing
// wrong is stored, and what is missing is said.
func TestFaults(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, world.Options{HomeDC: 2, FileDCs: []int{2}})
	cases := []string{
		"messages.getDialogs error=400:OFFSET_PEER_ID_INVALID count=1", "messages.getDialogs drop count=1",
		"messages.getHistory error=406:CHANNEL_PRIVATE count=2 after=2", "messages.getHistory error=400:PEER_ID_INVALID count=200",
		"messages.getHistory drop count=1 after=3", "messages.getHistory error=420:FLOOD_WAIT_86400 count=1 after=4",
		"messages.getHistory latency=7s count=1", "messages.getHistory error=500:HISTORY_GET_FAILED count=2",
		"updates.getState error=500:AUTH_RESTART count=1", "updates.getDifference error=400:PERSISTENT_TIMESTAMP_INVALID count=1",
		"channels.getFullChannel error=406:CHANNEL_PRIVATE count=200",
		"users.getUsers error=420:FLOOD_WAIT_86400 count=1", "users.getUsers error=-503:Timeout count=2",
		"upload.getFile error=400:LOCATION_INVALID count=200", "upload.getFile error=406:FILEREF_UPGRADE_NEEDED count=3",
		"upload.getFile error=400:FILE_REFERENCE_EXPIRED count=5 after=3", "upload.getFile premium=1 count=3",
		"upload.getFileHashes error=400:LOCATION_INVALID count=3", "upload.* drop every=7 count=5",
		"messages.getDialogs unknown count=1", "messages.getHistory unknown count=1 after=2", "upload.getFile unknown count=2",
		"short=2", "corrupt=2", "expire", "wrong-dc=2", "unavailable=2", "vanish=2",
	}
	if os.Getenv(allFaults) != "" {
		cases = append(cases, f.matrix()...)
	}
	for _, c := range cases {
		t.Run(c, func(t *testing.T) { f.try(t, c) })
	}
}

// A data centre goes away with the files that lie there, or accepts connections
// and is silent.
func TestFaultDataCentreAway(t *testing.T) {
	if os.Getenv(allFaults) == "" {
		t.Skip(allFaults + " is not set: a data centre is given up after half a minute, and a silent connection after more than one")
	}
	t.Parallel()
	f := newFaulty(t, world.Options{HomeDC: 2, FileDCs: []int{2, 4}})
	for _, c := range []string{
		"away=4", "upload.getFile away=4 after=3 count=1", "upload.getFile stall dc=4 count=2", "messages.getHistory stall count=1",
	} {
		t.Run(c, func(t *testing.T) { f.try(t, c) })
	}
}

// A chat turns private while it is read: what was stored stays, the others are
// read to their end, and the result names it. So every time.
func TestFaultChatTurnsPrivate(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 2, FileDCs: []int{2}}))
	i.login()
	closed, begun := false, -1
	r, err := i.sync(t.Context(), SyncOptions{Progress: func(e Event) {
		if e.Chat == "channel104" && begun < 0 {
			begun = e.Messages
		}
		if e.Chat == "channel104" && e.Messages > begun && !closed { // a page of it is stored
			closed = true
			if err := i.world.CloseChannel(0, "channel104"); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil || !closed || len(r.Failures) != 1 || r.Failures[0].Chat != "channel104" {
		t.Fatalf("closed %v, failures %v, error %v", closed, r.Failures, err)
	}
	before := digestOf(t, i.snapshot())
	if before.messages["channel104"] == "" || before.messages["user101"] == "" {
		t.Fatalf("stored of it %d, of another chat %d bytes", len(before.messages["channel104"]), len(before.messages["user101"]))
	}
	if _, err := i.sync(t.Context(), SyncOptions{}); err != nil {
		t.Fatal(err)
	}
	after := digestOf(t, i.snapshot())
	if after.messages["channel104"] != before.messages["channel104"] {
		t.Error("what was stored of it changed")
	}
}

// The clock here is a day before the server's, or behind it: the error says so,
// and when it is right again nothing is missing.
func TestFaultClock(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	i := installAt(t, newVillage(t, world.Options{HomeDC: 2, FileDCs: []int{2}}), simulator.Options{Now: now})
	i.login()
	usual := i.options.ConnectTimeout
	wrong := func(by time.Duration) {
		t.Helper()
		ahead.Store(int64(by))
		i.options.ConnectTimeout = 3 * time.Second
		if _, err := i.sync(t.Context(), SyncOptions{}); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "clock") {
			t.Errorf("%v: error %v", by, err)
		}
	}
	wrong(-24 * time.Hour)
	ahead.Store(0)
	i.options.ConnectTimeout = usual
	i.mustSync()
	wrong(24 * time.Hour) // last: a server's message ids never go back
}
