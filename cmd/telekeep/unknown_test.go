package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/telegram"
)

// What this version has no words for is in the report of a run and in status.
func TestStatusCountsTheUnknown(t *testing.T) {
	report := newSyncReport("main", &telegram.Result{Unknown: map[string]int{"messageNew": 2, "mediaNew": 1}}, chunkstore.Stats{}, chunkstore.Stats{})
	report.Finished = time.Unix(1, 0)
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out}}
	a.printStatus(&statusReport{Accounts: []accountStatus{{Name: "main", SignedIn: true, LastSync: report}}}, gapOptions{})
	if want := "  unknown      3 records of kinds that this version does not know (mediaNew, messageNew), kept as they came\n"; !strings.Contains(out.String(), want) {
		t.Errorf("status says:\n%s", out.String())
	}
}
