package telegram

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// What else a server holds is archived if it is whole, and once.
func TestOtherData(t *testing.T) {
	long := `{"list":["` + strings.Repeat("x", otherPart+100) + `"]}`
	for name, test := range map[string]struct {
		data   string
		refuse error
		want   error
		stored bool
	}{
		"of several parts": {data: long, stored: true},
		"small":            {data: `{}`, stored: true},
		"cut short":        {data: long[:otherPart+50], want: errOtherJSON},
		"none":             {refuse: rpcError(400, "TAKEOUT_FILE_EMPTY")},
		"without an end":   {data: strings.Repeat(" ", otherMost+2*otherPart), want: errOtherSize},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFakeServer(func(in any) (bin.Encoder, error) {
				get := in.(*tg.UploadGetFileRequest)
				from := min(int(get.Offset), len(test.data))
				part := test.data[from:min(from+get.Limit, len(test.data))]
				return &tg.UploadFile{Type: &tg.StorageFileUnknown{}, Bytes: []byte(part)}, test.refuse
			})
			a := newFakeArchive()
			for range 2 {
				r := newFakeRun(t, s, a)
				if err := r.otherData(t.Context()); err != nil || len(a.records) != 0 && !test.stored {
					t.Fatalf("outside of a takeout: %v, %d records", err, len(a.records))
				}
				r.link.takeout.id.Store(1)
				if err := r.otherData(t.Context()); !errors.Is(err, test.want) {
					t.Fatalf("%v, want %v", err, test.want)
				}
			}
			records := a.of(archive.KindOther)
			switch {
			case !test.stored && len(records) != 0, test.stored && len(records) != 1:
				t.Errorf("%d records", len(records))
			case test.stored && !bytes.Equal(records[0].Other.JSON, []byte(test.data)):
				t.Error("the record differs")
			}
		})
	}
}
