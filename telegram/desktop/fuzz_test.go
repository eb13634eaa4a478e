package desktop

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"telekeep/archive"
)

// A sinkhole is an archive that keeps nothing but checks that records can be written.
type sinkhole struct {
	t     *testing.T
	state map[string][]byte
}

func (s *sinkhole) Apply(_ context.Context, b archive.Batch) error {
	for _, r := range b.Records {
		if _, err := archive.AppendRecord(nil, r); err != nil {
			s.t.Errorf("a record that cannot be written: %v", err)
		}
	}
	for key, value := range b.State {
		s.state[key] = value
	}
	return nil
}

func (s *sinkhole) Get(key string) ([]byte, bool, error)           { v, ok := s.state[key]; return v, ok, nil }
func (s *sinkhole) Range(string, func(string, []byte) error) error { return nil }
func (s *sinkhole) HasMedia(archive.MediaKey) (int64, bool, error) { return 0, false, nil }
func (s *sinkhole) Due() bool                                      { return false }
func (s *sinkhole) Commit(context.Context) error                   { return nil }
func (s *sinkhole) Write(context.Context, []byte) error            { return nil }
func (s *sinkhole) Finish(context.Context) (*archive.MediaFile, bool, error) {
	return &archive.MediaFile{Key: archive.MediaSHA256 + ":00"}, true, nil
}
func (s *sinkhole) Abort()                                                       {}
func (s *sinkhole) RangeMedia(string, func(archive.MediaKey, int64) error) error { return nil }
func (s *sinkhole) StreamMedia(context.Context, int64, string) (MediaStream, error) {
	return s, nil
}

// fuzz imports one file twice: the second time nothing may be new that the first one took.
func fuzz(t *testing.T, name string, data []byte) {
	files := fstest.MapFS{name: {Data: data}, "p.jpg": {Data: []byte("picture")}, "messages2.html": {Data: []byte(page("x", ""))}}
	to := &sinkhole{t: t, state: map[string][]byte{}}
	run := func() (*Result, error) {
		e := &Export{Path: ".", File: name, files: files}
		if err := e.sniff(name); err != nil {
			return nil, err
		}
		if e.Kind == archive.OriginDesktopHTML {
			if err := e.listPages(); err != nil {
				return nil, err
			}
		}
		return Import(t.Context(), to, e, Options{Account: "user7", Chat: "user9", Location: time.UTC, Now: func() time.Time { return time.Unix(1, 0) }})
	}
	first, err := run()
	if _, ours := errors.AsType[*fs.PathError](err); ours {
		t.Errorf("an error without a place: %v", err)
	}
	second, again := run()
	if (err == nil) != (again == nil) {
		t.Fatalf("%v, and then %v", err, again)
	}
	if first != nil && second.Added != 0 && first.Added != 0 && first.Messages == first.Added {
		t.Errorf("the second import added %d of %d", second.Added, first.Added)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(one))
	f.Add([]byte(`{"id":1234,"messages":[{"id":5,"type":"message","file":"p.jpg","date":1606039872,"text":"see"}]}`))
	f.Add([]byte(`{"name":"G\x01","type":"private_group","id":5,"messages":[{"id":-999999999,"type":"service","actor":null,"actor_id":"user1","action":"invite_members","members":["a",null]}]}`))
	if paths, err := filepath.Glob(filepath.Join(madeUp, resultName)); err == nil {
		for _, path := range paths {
			f.Add(readFile(f, path))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, resultName, data) })
}

func FuzzPages(f *testing.F) {
	f.Add([]byte(page("Ann", said("1", "", "22.11.2020 10:11:12", `<div class="from_name">Ann</div><div class="text">a<br><b>c</b></div>`))))
	f.Add([]byte(page("Ann", said("1", " joined", "22.11.2020 10:11:12 UTC+02:00", `<div class="media_wrap"><a class="photo_wrap" href="p.jpg"></a></div><div class="reactions"><span class="reaction"></span></div>`))))
	f.Add([]byte(page("Ann", said("1", "", "22.11.2020 10:11:12", `<div class="forwarded body"><div class="media_wrap"><div class="media media_poll"><div class="answer">- a<span class="details">1 vote</span></div></div></div></div>`))))
	f.Add([]byte(page("Ann", `<div class="message service" id="message5"><div class="body details">x pinned this message<a href="#go_to_message1"></a></div></div>`)))
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, pageName, data) })
}
