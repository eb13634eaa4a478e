package daemon

import (
	"encoding/json"
	"testing"
	"time"
)

// pocket is a memory that does not outlive the test.
type pocket []byte

func (p *pocket) Load() ([]byte, error)  { return *p, nil }
func (p *pocket) Save(data []byte) error { *p = data; return nil }

// FuzzMemory: whatever is found where a daemon kept what it knew, it begins, knows the accounts of its
// plan and no others, can say how it is, and remembers a pause again.
func FuzzMemory(f *testing.F) {
	f.Add([]byte(`{"wall":"2026-01-02T03:04:05Z","boot":5,"boot_id":"b","accounts":{"main":{"round":{"ago":60000000000,"wall":"2026-01-02T03:03:05Z"},"paused":true,"pause_left":3600000000000}},` +
		`"copies":{"drive":{"seen":{"ago":1},"history":[{"At":1,"Free":2}],"behind_files":3,"verified":{"ago":-5}}},"told":[{"alarm":{},"told":null}],"waited":[{"kind":"x","subject":"main","time":1}]}`))
	f.Add([]byte(`{"wall":"9999-12-31T23:59:59Z","boot":-9223372036854775808,"accounts":{"main":{"pause_left":9223372036854775807}},"pending":{"ago":-9223372036854775808}}`))
	f.Add([]byte(`null`))
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := pocket(data)
		d := New(Options{
			Plan:   Plan{Accounts: []string{"main"}},
			Clock:  Clock{Wall: func() time.Time { return now }, Boot: func() time.Duration { return 100 * time.Hour }, BootID: "b"},
			Memory: &kept,
		})
		if _, there := d.accounts["main"]; !there || len(d.accounts) != 1 {
			t.Errorf("%d accounts are known", len(d.accounts))
		}
		_ = d.Status()
		d.save(d.last)
		var m memory
		if err := json.Unmarshal(kept, &m); err != nil {
			return // nothing could be written, and nothing could be read before
		}
		again := pocket(kept)
		other := New(Options{Plan: d.o.Plan, Clock: d.o.Clock, Memory: &again})
		if a, b := d.accounts["main"].paused, other.accounts["main"].paused; a != b {
			t.Errorf("a pause that is %v is remembered as %v", a, b)
		}
	})
}
