package web

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/web/index"
)

// visitIndexed is a visitor of a Server with an index.
func visitIndexed(t *testing.T) *visitor {
	t.Helper()
	s := snapshot(t, records()...)
	ix, err := index.Open(t.Context(), index.Options{Vault: "v"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ix.Close() })
	v := visit(t, Options{
		Open:  func(context.Context, func(done, total int64)) (*archive.Snapshot, error) { return s, nil },
		Index: ix,
		Update: func(ctx context.Context, tell func(index.Progress)) error {
			_, err := ix.Update(ctx, recordLog(records()), tell)
			return err
		},
	}).login()
	for range 500 {
		var state struct{ Index progress }
		if v.get("/api/state", &state); state.Index.Ready {
			return v
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the index was not made")
	return nil
}

func TestSearch(t *testing.T) {
	v := visitIndexed(t)
	var found searchView
	v.get("/api/search?q=edi", &found)
	if len(found.Hits) != 1 || found.Hits[0].ID != 10 || found.Hits[0].Chat != friend || !found.Ready || found.Total != 1 || found.Peers[friend].Name == "" {
		t.Fatalf("%+v", found)
	}
	if got := fmt.Sprint(found.Hits[0].Snippet); got != "[{hello,  false} {edited true}]" {
		t.Errorf("the snippet is %s", got)
	}
	for query, want := range map[string]int{
		"q=hello": 501, "q=hello&deleted=only": 1, "q=hello&kind=video": 0, "kind=video": 1, "q=hello&chat=channel9": 0, "chat=channel9&topic=3": 3, "q=hello&sender=user1": 0,
		"chat=channel9&sender=user1": 9, "q=hello&from=1796400": 2, "q=hello&until=7200": 1, "q=" + url.QueryEscape(`"`) + "&chat=channel9": 9, "q=hello&kind=nonsense": 0,
	} {
		found = searchView{}
		v.get("/api/search?limit=5&"+query, &found)
		if found.Total != want || len(found.Hits) > 5 {
			t.Errorf("%s: %d", query, found.Total)
		}
	}
	// All pages together are everything, once.
	seen, next := make(map[string]bool), ""
	for pages := 0; pages == 0 || next != ""; pages++ {
		found = searchView{}
		v.get("/api/search?q=hello&limit=100&before="+url.QueryEscape(next), &found)
		for _, hit := range found.Hits {
			seen[fmt.Sprint(hit.ID, hit.Version)] = true
		}
		if next = string(found.Next); pages > 10 {
			t.Fatal("there is no end")
		}
	}
	if len(seen) != 501 {
		t.Errorf("%d messages on all pages", len(seen))
	}
	for _, query := range []string{"from=x", "until=1e5", "limit=x"} {
		if r, _ := v.ask("GET", "/api/search?"+query, "", nil); r.StatusCode != 400 {
			t.Errorf("%s: %d", query, r.StatusCode)
		}
	}
	for _, text := range []string{`"`, `AND`, `*`, `NEAR(`, `"a" OR`, `-`, `col:x`, "\x00", "😀", string(make([]byte, 5000))} {
		if r, body := v.ask("GET", "/api/search?q="+url.QueryEscape(text), "", nil); r.StatusCode != 200 {
			t.Errorf("%q: %d %s", text, r.StatusCode, body)
		}
	}
}

func TestFigures(t *testing.T) {
	v := visitIndexed(t)
	var f figuresView
	v.get("/api/figures", &f)
	sum := 0
	for i, d := range f.Days {
		sum += d.Messages
		if i > 0 && d.Day <= f.Days[i-1].Day {
			t.Errorf("%s comes behind %s", d.Day, f.Days[i-1].Day)
		}
	}
	if sum != 510 || !f.Ready {
		t.Errorf("%d messages on all days: %+v", sum, f)
	}
	v.get("/api/figures?chat=channel9", &f)
	if len(f.Days) != 1 || f.Days[0].Messages != 9 {
		t.Errorf("%+v", f.Days)
	}
	var s struct{ Senders []archive.PeerID }
	v.get("/api/senders?chat=channel9", &s)
	if len(s.Senders) != 1 || s.Senders[0] != me {
		t.Errorf("senders are %v", s.Senders)
	}
}
