package telegram

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"telekeep/archive"
	"telekeep/telegram/normal"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// newTown makes a small made-up account with a chat of every kind.
func newTown(t testing.TB) *world.World {
	t.Helper()
	w, err := world.FromSeed(world.SeedOptions{Options: world.Options{FileDCs: []int{2}}, Seed: 5, Messages: 300, MediaBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// itemRecords counts the records of things by kind and name.
func itemRecords(t testing.TB, s *archive.Snapshot) map[string]int {
	t.Helper()
	found := map[string]int{}
	for r, err := range s.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Item == "" {
			continue
		}
		name := string(r.Kind) + " " + r.Item
		if r.Unlisted != nil {
			name = "unlisted " + string(r.Unlisted.Kind) + " " + r.Item
		}
		found[name]++
	}
	return found
}

// What an account holds besides chats is archived, with its files; again nothing;
// then one record for each thing that changed.
func TestHoldings(t *testing.T) {
	t.Parallel()
	i := install(t, newTown(t))
	i.login()
	r := i.mustSync()
	if len(r.Warnings) > 0 {
		t.Errorf("warnings %v", r.Warnings)
	}
	checkHoldings(t, i.snapshot())

	before, objects := itemRecords(t, i.snapshot()), i.dst.Names()
	i.sim.ResetStats()
	if r = i.mustSync(); r.Items != 0 || !slices.Equal(i.dst.Names(), objects) {
		t.Fatalf("the second sync: %+v", r)
	}
	requests := i.sim.Stats().Requests
	for method, n := range requests {
		if n > 1 && strings.Contains(method, ".get") && method != "updates.getChannelDifference" && method != "users.getUsers" {
			t.Errorf("the second sync called %s %d times", method, n)
		}
	}
	changeHoldings(t, i, before)
}

// holdingKinds are how many things of each kind the town's account has.
func holdingKinds() map[archive.Kind]int {
	return map[archive.Kind]int{
		archive.KindContact: 11, archive.KindTopPeers: 1, archive.KindStory: 3, archive.KindMusic: 2,
		archive.KindSession: 3, archive.KindWebSession: 1, archive.KindFolder: 2, archive.KindDraft: 2,
		archive.KindPinned: 1, archive.KindTopic: 5,
	}
}

func checkHoldings(t *testing.T, s *archive.Snapshot) {
	t.Helper()
	account := s.Accounts()[0].ID
	for kind, want := range holdingKinds() {
		if got := s.Items(account, kind); len(got) != want {
			t.Errorf("%d of %s, want %d", len(got), kind, want)
		}
	}
	own, shown := 0, 0
	for _, p := range s.Items(account, archive.KindPhoto) {
		if _, ok := s.Media(p.Photo.Photo.Key); !ok {
			t.Errorf("the picture %s is not stored", p.Item)
		}
		if p.Chat == "" {
			own++
		} else {
			shown++
		}
	}
	if own != 2 || shown < 3 {
		t.Errorf("%d pictures of the account, %d of chats", own, shown)
	}
	story := s.Items(account, archive.KindStory)[2].Story
	if story.ID != 3 || story.Caption.Text != "Low water at the harbour." || story.Views == nil || story.Views.Count != 40 || story.Views.Reactions != 10 {
		t.Errorf("the newest story: %+v, %+v", story, story.Views)
	}
	if _, ok := s.Media(story.Media.File.Key); !ok {
		t.Error("its picture is not stored")
	}
	for _, m := range s.Items(account, archive.KindMusic) {
		if _, ok := s.Media(m.Music.File.Key); !ok || m.Music.SongTitle == "" {
			t.Errorf("the music %+v", m.Music)
		}
	}
	for _, topic := range s.Items(account, archive.KindTopic) {
		if topic.Chat == account {
			if topic.Topic.Peer != account {
				t.Errorf("a topic of the saved messages: %+v", topic.Topic)
			}
			continue
		}
		if topic.Topic.Title == "" || topic.Topic.ID == 0 {
			t.Errorf("a topic of the forum: %+v", topic.Topic)
		}
	}
	if s.Unknown() != (archive.Unknown{}) {
		t.Errorf("records that the archive does not know: %+v", s.Unknown())
	}
}

// A holdingChange changes one thing; a sync then has the records.
type holdingChange struct {
	name string
	do   func() error
	want map[string]int // new records
}

func changeHoldings(t *testing.T, i *installation, before map[string]int) {
	t.Helper()
	w, account := i.world, i.snapshot().Accounts()[0].ID
	person := i.snapshot().Items(account, archive.KindContact)[0].Contact
	drafts := i.snapshot().Items(account, archive.KindDraft)
	friend, other := string(drafts[1].Chat), string(drafts[0].Chat)
	session := w.Sessions(0)[0]
	picture := ""
	changes := []holdingChange{
		{"a new story", func() error { _, err := w.AddStory(0, "new", 1); return err }, map[string]int{"story 4": 1}},
		{"a story was seen", func() error { return w.SeeStory(0, 4, 9) }, map[string]int{"story 4": 1}},
		{"a new contact", func() error { return w.AddContact(0, 4711, "Nia", "Nowak", "+1 555") }, map[string]int{"contact user4711": 1}},
		{"a contact's name", func() error { return w.AddContact(0, person.User.Num(), "Other", "Name", "") }, map[string]int{"contact " + string(person.User): 1}},
		{"a session ends", func() error { return w.EndSession(0, session) }, map[string]int{fmt.Sprintf("unlisted session %d", session): 1}},
		{"a draft", func() error { return w.SetDraft(0, friend, "another") }, map[string]int{"draft " + friend: 1}},
		{"a draft is sent", func() error { return w.SetDraft(0, friend, "") }, map[string]int{"unlisted draft " + friend: 1}},
		{"a draft again", func() error { return w.SetDraft(0, friend, "another") }, map[string]int{"draft " + friend: 1}},
		{"a folder", func() error { return w.SetFolder(0, 2, "Renamed", friend) }, map[string]int{"folder 2": 1}},
		{"a pin", func() error { return w.Pin(0, other, true) }, map[string]int{"pinned_chats 0": 1}},
		{"a picture", func() error { id, err := w.AddPicture(0); picture = fmt.Sprint("profile_photo photo:", id); return err }, nil},
	}
	var shown *archive.Item
	for _, p := range i.snapshot().Items(account, archive.KindPhoto) {
		if p.Chat.Kind() == archive.PeerChannel {
			shown = p
		}
	}
	changes = append(changes, holdingChange{"a chat's picture", func() error {
		id, err := w.SetPicture(0, string(shown.Chat))
		picture = fmt.Sprintf("profile_photo %s/photo:%d", shown.Chat, id)
		return err
	}, nil})
	total := maps.Clone(before)
	for _, change := range changes {
		if err := change.do(); err != nil {
			t.Fatalf("%s: %v", change.name, err)
		}
		if change.want == nil {
			change.want = map[string]int{picture: 1}
		}
		if change.name == "a chat's picture" {
			change.want["unlisted profile_photo "+shown.Item] = 1
		}
		if r := i.mustSync(); r.Items != len(change.want) {
			t.Errorf("%s: %d things in the result, want %d", change.name, r.Items, len(change.want))
		}
		for name, n := range change.want {
			total[name] += n
		}
	}
	after := itemRecords(t, i.snapshot())
	for name := range total {
		// What changes by itself came along; nothing else did.
		if after[name] != total[name] && !strings.HasPrefix(name, "session 0") {
			t.Errorf("%s: %d records, want %d", name, after[name], total[name])
		}
	}
	for name := range after {
		if total[name] == 0 {
			t.Errorf("an unexpected record: %s", name)
		}
	}
}

// Whatever a server refuses of it, the rest is archived, and the result says what
// was refused. Once it is allowed, it is there.
func TestHoldingsRefused(t *testing.T) {
	t.Parallel()
	i := install(t, newTown(t))
	i.login()
	refusals := []string{
		"photos.getUserPhotos error=400:USER_ID_INVALID", "contacts.getContacts error=403:CONTACTS_FORBIDDEN",
		"contacts.getTopPeers error=400:TYPES_EMPTY", "stories.getStoriesArchive error=403:PREMIUM_ACCOUNT_REQUIRED",
		"users.getSavedMusic flood=7200", "account.getAuthorizations error=406:FROZEN_METHOD_INVALID",
		"account.getWebAuthorizations error=420:FROZEN_METHOD_INVALID", "messages.getDialogFilters error=400:METHOD_INVALID",
		"messages.getAllDrafts error=500:RPC_CALL_FAIL", "messages.getSavedDialogs error=501:NOT_IMPLEMENTED",
		"messages.getForumTopics error=400:CHANNEL_FORUM_MISSING", "stories.getStoriesViews error=400:STORY_ID_INVALID",
		"channels.getFullChannel error=406:CHANNEL_PRIVATE",
	}
	for _, text := range refusals {
		f, err := simulator.ParseFault(text)
		if err == nil {
			err = i.sim.Fault(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := i.mustSync()
	for _, text := range refusals[:len(refusals)-1] {
		method, _, _ := strings.Cut(text, " ")
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, method+": ") }) {
			t.Errorf("no warning about %s in %v", method, r.Warnings)
		}
	}
	s := i.snapshot()
	account := s.Accounts()[0].ID
	if n := len(s.Items(account, archive.KindStory)); n != 1 {
		t.Errorf("%d stories, want the one on the profile", n)
	}
	if n := len(s.Items(account, archive.KindContact)); n != 0 {
		t.Errorf("%d contacts of a server that refused them", n)
	}
	if total := len(s.Chats(account)); r.Messages == 0 || total < 10 {
		t.Errorf("%d messages in %d chats", r.Messages, total)
	}
	i.sim.ClearFaults()
	if r = i.mustSync(); len(r.Warnings) > 0 {
		t.Errorf("warnings %v", r.Warnings)
	}
	later := i.snapshot()
	for kind, want := range holdingKinds() {
		if got := later.Items(account, kind); len(got) != want {
			t.Errorf("afterwards: %d of %s, want %d", len(got), kind, want)
		}
	}
}

// Floods, faults and dropped connections at every step, and references that
// expire: in the end everything is there once.
func TestHoldingsThroughFaults(t *testing.T) {
	t.Parallel()
	calm := install(t, newTown(t))
	calm.login()
	calm.mustSync()
	want := itemRecords(t, calm.snapshot())
	for _, faults := range [][]string{
		{"photos.* flood=1 count=1", "contacts.getTopPeers flood=1 count=1", "stories.* error=500:RPC_CALL_FAIL count=1"},
		{"account.* drop count=2", "users.getSavedMusic drop count=1", "messages.getDialogFilters error=-503:Timeout count=1", "short=3", "corrupt=3"},
		{"messages.getForumTopics drop count=1", "channels.getFullChannel flood=1 count=1", "upload.getFile error=400:FILE_REFERENCE_EXPIRED count=3"},
	} {
		t.Run(strings.Join(faults, ", "), func(t *testing.T) {
			t.Parallel()
			i := install(t, newTown(t))
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
			if r := i.mustSync(); len(r.Warnings) > 0 {
				t.Errorf("warnings %v", r.Warnings)
			}
			checkHoldings(t, i.snapshot())
			if got := itemRecords(t, i.snapshot()); !maps.Equal(got, want) {
				t.Errorf("records %v, want %v", got, want)
			}
		})
	}
}

// The rules on kinds of media hold for the files of things too.
func TestHoldingsByTheRules(t *testing.T) {
	t.Parallel()
	i := install(t, newTown(t))
	i.login()
	r, err := i.sync(t.Context(), SyncOptions{Rules: Rules{Kinds: []string{normal.KindVoice}}})
	if err != nil || r.Media != 0 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	account := i.snapshot().Accounts()[0].ID
	if n := len(i.snapshot().Items(account, archive.KindPhoto)); n != 2 {
		t.Errorf("%d pictures are known, want those of the profile", n)
	}
	if r = i.mustSync(); r.Media == 0 {
		t.Errorf("what the rules allow now is not fetched: %+v", r)
	}
	checkHoldings(t, i.snapshot())
}

// Inside a takeout the server also tells when contacts were added, numbers that
// belong to nobody, and chats that were left; outside of one that is no change.
func TestHoldingsInATakeout(t *testing.T) {
	t.Parallel()
	i := install(t, newTown(t))
	i.login()
	r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutAgain})
	if err != nil || !r.Complete() || len(r.Warnings) > 0 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	s := i.snapshot()
	account := s.Accounts()[0].ID
	nobody := 0
	contacts := s.Items(account, archive.KindContact)
	for _, c := range contacts {
		if c.Contact.Date == 0 {
			t.Errorf("%s has no date", c.Item)
		}
		if c.Contact.User == "" {
			nobody++
		}
	}
	if want := holdingKinds()[archive.KindContact] + 1; len(contacts) != want || nobody != 1 {
		t.Errorf("%d contacts, want %d; %d of them without a user", len(contacts), want, nobody)
	}
	left, own := 0, 0
	for _, c := range s.Chats(account) {
		if c.Dialog == nil || !c.Dialog.Left {
			continue
		}
		left++
		for m, err := range s.Messages(t.Context(), account, c.ID) {
			if err != nil || m.From != account {
				t.Errorf("a message of %s in a chat that was left, error %v", m.From, err)
			}
			own++
		}
	}
	if left != 1 || own == 0 {
		t.Errorf("%d chats that were left, with %d own messages", left, own)
	}
	packs := func() []string {
		return slices.DeleteFunc(i.dst.Names(), func(name string) bool { return !strings.HasPrefix(name, "packs/") })
	}
	before := packs()
	if r = i.mustSync(); r.Items+r.Messages != 0 || !slices.Equal(packs(), before) {
		t.Errorf("a sync without a takeout: %+v", r)
	}
	objects := i.dst.Names() // what the list of chats has not is noted once
	if i.mustSync(); !slices.Equal(i.dst.Names(), objects) {
		t.Error("another sync without a takeout wrote to the vault")
	}
	if r, err = i.sync(t.Context(), SyncOptions{Takeout: TakeoutAgain}); err != nil || r.Items+r.Messages != 0 {
		t.Errorf("another takeout: %+v, error %v", r, err)
	}
}

// A server that refuses these lists in a takeout costs nothing else.
func TestHoldingsInATakeoutRefused(t *testing.T) {
	t.Parallel()
	i := install(t, newTown(t))
	i.login()
	for _, text := range []string{
		"contacts.getSaved error=403:TAKEOUT_REQUIRED", "channels.getLeftChannels error=403:TAKEOUT_REQUIRED",
	} {
		f, err := simulator.ParseFault(text)
		if err == nil {
			err = i.sim.Fault(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutAgain})
	if err != nil || !r.Complete() || len(r.Warnings) != 2 {
		t.Errorf("result %+v, error %v", r, err)
	}
	checkHoldings(t, i.snapshot())
}

// References of pictures, stories and music that expire are renewed where these
// came from.
func TestHoldingsRenewReferences(t *testing.T) {
	t.Parallel()
	i := install(t, newTown(t))
	i.login()
	slow, err := simulator.ParseFault("upload.getFile latency=200ms count=8")
	if err == nil {
		err = i.sim.Fault(slow)
	}
	if err != nil {
		t.Fatal(err)
	}
	expired := false
	r, err := i.sync(t.Context(), SyncOptions{Progress: func(e Event) {
		if e.Phase == PhaseUpdates && !expired {
			expired = true
			i.world.Faults().ExpireReferences()
		}
	}})
	if err != nil || !r.Complete() {
		t.Fatalf("result %+v, error %v", r, err)
	}
	checkHoldings(t, i.snapshot())
	stats := i.sim.Stats()
	if stats.Errors["upload.getFile FILE_REFERENCE_EXPIRED"] == 0 || stats.Requests["users.getSavedMusic"] < 2 && stats.Requests["stories.getStoriesByID"] == 0 {
		t.Errorf("nothing had expired: the test shows nothing: %v", stats.Requests)
	}
}
