package telegram

import (
	"bytes"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Answers that cannot be decoded are archived as they came, once for each place
// they stand in, and counted.
func TestUndecodedIsKept(t *testing.T) {
	h := &fakeHistory{ids: upTo(400), slice: true, poison: map[int]bool{1: true, 120: true, 121: true, 333: true, 400: true}}
	a := newFakeArchive()
	var b bin.Buffer
	if err := (garbage{}).Encode(&b); err != nil {
		t.Fatal(err)
	}
	counts := []int{len(h.poison), 0, 0}
	for i := range counts {
		r := newFakeRun(t, newFakeServer(h.answer), a)
		if err := r.restoreUnknown(); err != nil {
			t.Fatal(err)
		}
		c := fakeChat(400)
		if _, err := load(a, chatKey(testAccount, c.id), &c.state); err != nil {
			t.Fatal(err)
		}
		if err := r.chat(t.Context(), c); !undecodable(err) {
			t.Fatalf("error %v", err)
		}
		kept := a.of(archive.KindUndecoded)
		if i == 0 && len(kept) != counts[0] {
			t.Fatalf("%d answers are kept, want %d", len(kept), counts[0])
		}
		counts[i] = len(kept)
		if got := r.result.Unknown[undecodableAnswer]; got != len(kept) {
			t.Errorf("%d are counted, %d kept", got, len(kept))
		}
		for _, rec := range kept {
			if !bytes.Equal(rec.Raw, b.Buf) || rec.Chat != "user7" || rec.Undecoded.Below == 0 {
				t.Errorf("kept %+v with %x", rec.Undecoded, rec.Raw)
			}
		}
	}
	// The second look asks within narrower ranges; from then on nothing is new.
	if counts[1] > 2*counts[0] || counts[2] != counts[1] {
		t.Errorf("answers kept after each sync: %v", counts)
	}
}

// Messages with something that this version has no words for are archived whole,
// and the result of every sync says how many there are.
func TestUnknownIsCounted(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	s := newFakeServer(func(in any) (bin.Encoder, error) {
		answer, err := f.answer(in)
		if request, ok := in.(*tg.MessagesGetHistoryRequest); ok && !isChannel(request.Peer) {
			for _, m := range answer.(*tg.MessagesMessagesSlice).Messages {
				if full := m.(*tg.Message); full.ID > 240 {
					full.Media = &tg.MessageMediaUnsupported{}
				}
			}
		}
		return answer, err
	})
	for range 2 {
		r := newFakeRun(t, s, a)
		if err := r.sync(t.Context(), r.link); err != nil {
			t.Fatal(err)
		}
		if got := r.result.Unknown; len(got) != 1 || got["messageMediaUnsupported"] != 10 {
			t.Errorf("counted %v", got)
		}
	}
}
