package simulator

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"upload.getFile flood=3 count=2":                {Method: "upload.getFile", Code: 420, Error: "FLOOD_WAIT_3", Count: 2},
		"* premium=4":                                   {Method: "*", Code: 420, Error: "FLOOD_PREMIUM_WAIT_4"},
		"messages.* error=500:INTERNAL":                 {Method: "messages.*", Code: 500, Error: "INTERNAL"},
		"* latency=60ms dc=4":                           {Method: "*", Latency: 60 * time.Millisecond, DC: 4},
		"* drop every=50 after=10":                      {Method: "*", Drop: true, Every: 50, After: 10},
		"users.getUsers lose-key":                       {Method: "users.getUsers", LoseKey: true},
		"users.getUsers revoke count=1":                 {Method: "users.getUsers", Revoke: true, Count: 1},
		"expire":                                        {Expire: true},
		"short=1 corrupt=2":                             {Short: 1, Corrupt: 2},
		"wrong-dc=3":                                    {WrongDC: 3},
		"unavailable=4":                                 {Unavailable: 4},
		"vanish=2 cdn=3 cold=4":                         {Vanish: 2, CDN: 3, Cold: 4},
		"upload.getFile drop latency=1s":                {Method: "upload.getFile", Drop: true, Latency: time.Second},
		"messages.getHistory delete=channel1:5 after=1": {Method: "messages.getHistory", Delete: "channel1:5", After: 1},
		"upload.getFile expire after=3":                 {Method: "upload.getFile", Expire: true, After: 3},
		"edit=user2:7 strange=chat1:3 close=channel4":   {Edit: "user2:7", Strange: "chat1:3", Close: "channel4"},
		"away=4 back=3 move=5 clock=-24h0m0s":           {Away: 4, Back: 3, Move: 5, Clock: -24 * time.Hour},
		"* stall count=1":                               {Method: "*", Stall: true, Count: 1},
		"users.getUsers unknown":                        {Method: "users.getUsers", Unknown: true},
		"auth.signIn error=400:A_B_7":                   {Method: "auth.signIn", Code: 400, Error: "A_B_7"},
	} {
		got, err := ParseFault(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
			continue
		}
		again, err := ParseFault(got.String())
		if err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("%q is written as %q, which is %+v, %v", text, got.String(), again, err)
		}
	}
	for _, text := range []string{
		"", "*", "upload.getFile", "flood=3", "drop", "* flood=x", "* flood=-1", "* latency=5", "* error=x:Y", "* error=1",
		"* nonsense", "* nonsense=4", "* short=1 drop", "count=4",
	} {
		if f, err := ParseFault(text); err == nil {
			t.Errorf("%q is taken for %+v", text, f)
		}
	}
}

func TestEveryFaultIsExplained(t *testing.T) {
	var f Fault
	words := []string{"flood", "premium", "error"}
	for _, w := range f.flags() {
		words = append(words, w.name)
	}
	for _, w := range f.names() {
		words = append(words, w.name)
	}
	for _, w := range f.durations() {
		words = append(words, w.name)
	}
	for _, w := range f.numbers() {
		words = append(words, w.name)
	}
	for _, word := range words {
		if !strings.Contains(FaultHelp, " "+word+" ") && !strings.Contains(FaultHelp, " "+word+"=") {
			t.Errorf("the help says nothing of %s", word)
		}
	}
}

func TestFaultsStrike(t *testing.T) {
	strikes := func(f Fault, names ...string) (at []int) {
		t.Helper()
		table := &faults{rules: []*rule{{Fault: f}}}
		for i, name := range names {
			if len(table.strike(name, 2)) > 0 {
				at = append(at, i)
			}
		}
		return at
	}
	six := []string{"a.b", "a.c", "a.b", "b.b", "a.b", "a.b"}
	for _, test := range []struct {
		fault Fault
		want  []int
	}{
		{Fault{Method: "a.b"}, []int{0, 2, 4, 5}},
		{Fault{Method: "a.*"}, []int{0, 1, 2, 4, 5}},
		{Fault{Method: "*", Count: 2}, []int{0, 1}},
		{Fault{Method: "*", Every: 2}, []int{1, 3, 5}},
		{Fault{Method: "*", After: 1, Every: 2, Count: 1}, []int{2}},
		{Fault{Method: "*", DC: 3}, nil},
		{Fault{Method: "*", DC: 2, After: 5}, []int{5}},
		{Fault{Method: "b"}, nil},
	} {
		if got := strikes(test.fault, six...); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%+v strikes %v, want %v", test.fault, got, test.want)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("upload.getFile flood=3 count=2")
	f.Add("short=1 corrupt=2")
	f.Add("* error=1 revoke")
	f.Add("* error=500:INTERNAL latency=1h2m drop revoke lose-key after=1 every=2 dc=3")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			return
		}
		again, err := ParseFault(fault.String())
		if err != nil || !reflect.DeepEqual(again, fault) {
			t.Errorf("%q is %+v, written %q, read %+v, %v", text, fault, fault.String(), again, err)
		}
	})
}
