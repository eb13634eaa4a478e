package main

import (
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"telekeep/daemon"
)

// Prometheus' own parser reads every number as it was meant, whatever the labels hold.
func TestNumbersAreForPrometheus(t *testing.T) {
	const strange = "a \"b\" \\ c\nd"
	text := string(numbers(daemon.Status{
		Well:     true,
		Accounts: []daemon.AccountStatus{{Name: strange, Age: 12.5, WholeAge: -1, Failing: 3}, {Name: "second", Age: 1e9}},
		Copies:   []daemon.CopyStatus{{Name: "vault", Free: 1 << 40}},
		Alarms:   []daemon.Alarm{{Kind: daemon.AlarmSession, Account: strange}},
		Held:     &daemon.Held{What: "media"},
	}))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(families) != len(gauges()) {
		t.Errorf("%d families of %d gauges", len(families), len(gauges()))
	}
	got := make(map[string]float64)
	for name, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue()
			name = f.GetName()
		}
	}
	for name, want := range map[string]float64{
		"telekeep_well": 1,
		"telekeep_account_age_seconds account=" + strange:           12.5,
		"telekeep_account_age_seconds account=second":               1e9,
		"telekeep_account_failing account=" + strange:               3,
		"telekeep_copy_free_bytes copy=vault":                       1 << 40,
		"telekeep_alarm kind=session account=" + strange + " copy=": 1,
		"telekeep_account_complete_age_seconds account=second":      0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%q: %v %v, want %v", name, v, ok, want)
		}
	}
	if _, ok := got["telekeep_account_complete_age_seconds account="+strange]; ok {
		t.Error("an age of what never was")
	}
}
