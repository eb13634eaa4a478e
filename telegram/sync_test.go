package telegram

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// Everything a server has comes into the vault; again nothing; then what is new.
func TestSync(t *testing.T) {
	t.Parallel()
	w := newVillage(t, world.Options{Password: "secret", HomeDC: 2})
	i := install(t, w)
	i.login()
	r := i.mustSync()
	checkVillage(t, i, r)

	objects := i.dst.Names()
	i.sim.ResetStats()
	if r = i.mustSync(); r.Messages+r.Edited+r.Deleted+r.Media != 0 {
		t.Fatalf("the second sync: %+v", r)
	}
	if !slices.Equal(i.dst.Names(), objects) {
		t.Fatal("the second sync wrote to the vault")
	}
	if n := i.sim.Stats().Requests["messages.getHistory"]; n != 0 {
		t.Fatalf("the second sync asked for %d pages of messages", n)
	}
	changeVillage(t, i)
}

func checkVillage(t *testing.T, i *installation, r *Result) {
	t.Helper()
	s := i.snapshot()
	account := s.Accounts()[0]
	if account.ID != "user100" {
		t.Fatalf("account %s", account.ID)
	}
	want, files := map[archive.PeerID]int{}, 0
	for _, c := range villageChats {
		want[c.peer()] = c.messages
		files += c.files
	}
	total := 0
	for _, c := range s.Chats(account.ID) {
		extra := c.Messages - want[c.ID]
		switch {
		case c.Dialog == nil:
			t.Errorf("%s has no record of its own", c.ID)
		case c.Dialog.Type == archive.ChatPrivateGroup && c.ID != "chat103":
			if c.Messages < villageOld { // service messages come on top
				t.Errorf("%s, the old group: %d messages, want %d", c.ID, c.Messages, villageOld)
			}
		case extra < 0 || extra > 2:
			t.Errorf("%s: %d messages, want %d", c.ID, c.Messages, want[c.ID])
		}
		total += c.Messages
		delete(want, c.ID)
	}
	delete(want, "channel106") // has nothing to list it by
	if len(want) > 0 || total != r.Messages {
		t.Errorf("chats %v are not in the archive; %d messages there, %d in the result", want, total, r.Messages)
	}
	stored := 0
	for m := range s.AllMedia() {
		stored++
		if !m.Hashed {
			t.Errorf("%s was not compared with the server's hashes", m.Key)
		}
	}
	if stored != files || r.Media != files {
		t.Errorf("%d files, %d in the result, want %d", stored, r.Media, files)
	}
}

// changeVillage adds, edits and deletes, and syncs again.
func changeVillage(t *testing.T, i *installation) {
	t.Helper()
	private, super := "user101", "channel104"
	add := func(chat string, size int64) int {
		id, err := i.world.AddMessage(0, world.NewMessage{Chat: chat, Text: "new", FileName: "n.bin", FileSize: size, Silent: true})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	ids := map[string]int{private: add(private, 0), super: add(super, 1_500_000)}
	for chat, id := range map[string]int{private: 40, super: 5} {
		if err := i.world.EditMessage(0, chat, id, "changed", true); err != nil {
			t.Fatal(err)
		}
		if _, err := i.world.DeleteMessages(0, chat, []int{id + 1}, true); err != nil {
			t.Fatal(err)
		}
	}
	r := i.mustSync()
	if r.Messages != 2 || r.Edited != 2 || r.Deleted != 2 || r.Media != 1 || r.MediaBytes != 1_500_000 {
		t.Fatalf("after changes: %+v", r)
	}
	s := i.snapshot()
	for chat, id := range map[archive.PeerID]int{"user101": 40, "channel104": 5} {
		versions, err := s.Versions(t.Context(), "user100", chat, id)
		if err != nil || len(versions) != 2 || versions[1].Text.Text != "changed" || versions[0].Text.Text == "changed" {
			t.Errorf("%s: versions %v, error %v", chat, versions, err)
		}
		gone, err := s.Versions(t.Context(), "user100", chat, id+1)
		if err != nil || len(gone) != 1 || !gone[0].Deleted {
			t.Errorf("%s: deleted message %v, error %v", chat, gone, err)
		}
		if added, err := s.Versions(t.Context(), "user100", chat, ids[string(chat)]); err != nil || len(added) != 1 {
			t.Errorf("%s: new message %v, error %v", chat, added, err)
		}
	}
}

// Whatever goes wrong on the way, the backup is the same in the end.
func TestSyncThroughFaults(t *testing.T) {
	t.Parallel()
	near := world.Options{FileDCs: []int{2}} // at home: each other place costs an exchange of keys
	undisturbed := install(t, newVillage(t, near))
	undisturbed.login()
	undisturbed.mustSync()
	want := digestOf(t, undisturbed.snapshot())
	for _, faults := range [][]string{
		{"messages.getHistory flood=1 count=2", "messages.getDialogs flood=1 count=1", "upload.getFile premium=1 count=3"},
		{"upload.* drop every=9 count=12", "messages.* drop every=4 count=6"},
		{"users.getUsers error=500:INTERDC_2_CALL_ERROR count=2", "upload.getFile error=-503:Timeout every=5 count=10"},
		{"expire", "short=4", "corrupt=4", "wrong-dc=3"},
		{"upload.getFile error=400:FILE_REFERENCE_EXPIRED every=10 count=6"},
		{"upload.getFileHashes error=500:RPC_CALL_FAIL every=6 count=6", "* latency=2ms"},
		{"auth.importAuthorization error=500:RPC_CALL_FAIL count=1", "auth.exportAuthorization flood=1 count=1"},
		{"upload.getFile lose-key dc=4 after=5 count=1"},
	} {
		t.Run(strings.Join(faults, ", "), func(t *testing.T) {
			t.Parallel()
			o := near
			if text := strings.Join(faults, " "); strings.Contains(text, "dc=") || strings.Contains(text, "auth.") {
				o = world.Options{}
			}
			i := install(t, newVillage(t, o))
			i.login()
			for _, text := range faults {
				f, err := simulator.ParseFault(text)
				if err == nil {
					err = i.sim.Fault(f)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			start := time.Now()
			i.mustSync()
			t.Logf("took %v, errors %v", time.Since(start), i.sim.Stats().Errors)
			if got := digestOf(t, i.snapshot()); !reflect.DeepEqual(got, want) {
				t.Fatal("the backup differs from an undisturbed one")
			}
		})
	}
}

// Files that the server sends on to a content delivery network come from there,
// over connections with keys of its own, and the backup is the same.
func TestSyncFromContentNetwork(t *testing.T) {
	plain := settled(t)
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	for _, text := range []string{"cdn=12", "cold=3"} {
		f, err := simulator.ParseFault(text)
		if err == nil {
			err = i.sim.Fault(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	i.mustSync()
	if !reflect.DeepEqual(digestOf(t, i.snapshot()), digestOf(t, plain.snapshot())) {
		t.Fatal("the backup differs from one that came from the files' own data centre")
	}
	given, all := 0, i.sim.Stats()
	for name := range all.FileBytes {
		if strings.HasPrefix(name, "cdn/") {
			given++
		}
	}
	if given != 12 || all.Requests["upload.reuploadCdnFile"] == 0 {
		t.Fatalf("%d files came from the network; requests %v", given, all.Requests)
	}
}

// File references that expire while files are waiting are renewed.
func TestSyncRenewsReferences(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	expired := false
	r, err := i.sync(t.Context(), SyncOptions{Progress: func(e Event) {
		if e.Media == 10 && !expired {
			expired = true
			i.world.Faults().ExpireReferences()
		}
	}})
	if err != nil || !r.Complete() {
		t.Fatalf("result %+v, error %v", r, err)
	}
	checkVillage(t, i, r)
	if n := i.sim.Stats().Errors["upload.getFile FILE_REFERENCE_EXPIRED"]; n == 0 {
		t.Error("nothing had expired: the test shows nothing")
	}
}

// What is edited, deleted or new while a chat is being read is there after the
// next sync at the latest.
func TestSyncWhileTheChatChanges(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	changed := false
	_, err := i.sync(t.Context(), SyncOptions{Progress: func(e Event) {
		if e.Chat != "channel104" || e.Messages == 0 || changed {
			return
		}
		changed = true
		_, added := i.world.AddMessage(0, world.NewMessage{Chat: "channel104", Text: "late"})
		_, deleted := i.world.DeleteMessages(0, "channel104", []int{228, 7}, false)
		edited := errors.Join(
			i.world.EditMessage(0, "channel104", 227, "changed", false), i.world.EditMessage(0, "channel104", 8, "changed", false),
		)
		if err := errors.Join(added, deleted, edited); err != nil {
			t.Error(err)
		}
	}})
	if err != nil || !changed {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	i.mustSync()
	s := i.snapshot()
	found := map[string]bool{}
	for m, err := range s.Messages(t.Context(), "user100", "channel104") {
		if err != nil {
			t.Fatal(err)
		}
		found[m.Text.Text] = true
		if m.ID == 8 || m.ID == 227 {
			found[m.Text.Text+" "+strconv.Itoa(m.ID)] = true
		}
		if (m.ID == 228 || m.ID == 7) && !m.Deleted {
			t.Errorf("message %d counts as there", m.ID)
		}
	}
	for _, want := range []string{"late", "changed 8", "changed 227"} {
		if !found[want] {
			t.Errorf("%q is not in the archive", want)
		}
	}
}

// Stopped at any moment, a sync goes on where it was: in the end everything is
// there, and hardly anything was fetched twice.
func TestSyncStoppedAndResumed(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	stops := 0
	for pause := 10 * time.Millisecond; ; pause = pause * 5 / 4 {
		ctx, cancel := context.WithTimeout(t.Context(), pause)
		r, err := i.sync(ctx, SyncOptions{})
		cancel()
		if err == nil {
			if !r.Complete() {
				t.Fatalf("result %+v", r)
			}
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		stops++
	}
	full := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	full.login()
	r := full.mustSync()
	if got, want := digestOf(t, i.snapshot()), digestOf(t, full.snapshot()); !reflect.DeepEqual(got, want) {
		t.Fatal("the backup differs from an undisturbed one")
	}
	served := i.sim.Stats().BytesServed
	t.Logf("%d stops; %d bytes served for %d bytes of files", stops, served, r.MediaBytes)
	if stops < 5 {
		t.Errorf("only %d stops: the test shows little", stops)
	}
	if most := r.MediaBytes + int64(stops)*8*(512<<10); served > most {
		t.Errorf("%d bytes were served, more than %d", served, most)
	}
}
