package battery

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDischarging(t *testing.T) {
	type supply map[string]string
	mains, off := supply{"type": "Mains", "online": "1"}, supply{"type": "Mains", "online": "0"}
	drains, charges := supply{"type": "Battery", "status": "Discharging"}, supply{"type": "Battery", "status": "Charging"}
	mouse := supply{"type": "Battery", "scope": "Device", "status": "Discharging"}
	for name, c := range map[string]struct {
		supplies []supply
		want     bool
	}{
		"nothing is known":                       {nil, false},
		"a server":                               {[]supply{mains}, false},
		"a laptop on its battery":                {[]supply{off, drains}, true},
		"without an adapter of that kind":        {[]supply{drains, {"type": "USB", "online": "1"}}, true},
		"a laptop on its adapter":                {[]supply{mains, charges}, false},
		"on an adapter that is too weak":         {[]supply{drains, mains}, false},
		"charged over USB":                       {[]supply{charges, {"type": "USB", "online": "1"}}, false},
		"full":                                   {[]supply{off, {"type": "Battery", "status": "Full"}}, false},
		"two batteries, one in use":              {[]supply{{"type": "Battery", "status": "Unknown"}, drains}, true},
		"a server with a mouse":                  {[]supply{mouse}, false},
		"a file that is missing says nothing":    {[]supply{{"type": "Battery"}, {"online": "1"}}, false},
		"an adapter that does not say is no one": {[]supply{{"type": "Mains"}, drains}, true},
	} {
		dir := t.TempDir()
		for i, s := range c.supplies {
			one := filepath.Join(dir, string(rune('a'+i)))
			if err := os.Mkdir(one, 0o700); err != nil {
				t.Fatal(err)
			}
			for file, text := range s {
				if err := os.WriteFile(filepath.Join(one, file), []byte(text+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := Discharging(dir); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if Discharging(filepath.Join(t.TempDir(), "not there")) {
		t.Error("without the folder it runs on a battery")
	}
}
