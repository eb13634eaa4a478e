package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"telekeep/daemon"
	"telekeep/telegram"
)

// decodeStrict reads the one document that a command printed: no field that is not
// known, nothing after it.
func decodeStrict(t *testing.T, o outcome, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(o.out))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in\n%s\n%s", err, o.out, o.err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		t.Errorf("more than one document: %v\n%s", err, o.out)
	}
}

// TestJSON decodes what every command prints, also when it fails.
func TestJSON(t *testing.T) {
	sim := startSimulator(t, "--seed", "41", "--messages", "40", "--media", "1MiB")
	dir := sim.install(t)
	key := filepath.Join(dir, "owner.key")
	settings := filepath.Join(dir, "telekeep.toml")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	two := strings.Replace(string(text), "exclude = []", `exclude = ["nobody at all"]`, 1)
	two = strings.Replace(two, "[chats]", "[[account]]\nname = \"second\"\n\n[chats]", 1)
	if two == string(text) || os.WriteFile(settings, []byte(two), 0o600) != nil {
		t.Fatal("the settings cannot be changed")
	}

	var synced syncRun
	o := call(t, "", "sync", "--dir", dir, "--json")
	decodeStrict(t, o, &synced)
	if o.code != exitNotSignedIn || len(synced.Accounts) != 2 || synced.Messages < 30 || synced.Messages != synced.Accounts[0].Messages || synced.Accounts[1].Error == "" || synced.Error == "" {
		t.Errorf("sync ends with %d: %s", o.code, o.out)
	}
	if got := synced.Accounts[0].Unmatched; len(got) != 1 {
		t.Errorf("rules that mean no chat: %q", got)
	}
	var status statusReport
	decodeStrict(t, mustCall(t, "", "status", "--dir", dir, "--json"), &status)
	if len(status.Accounts) != 2 || status.Accounts[0].LastSync.Messages != synced.Messages {
		t.Errorf("status: %+v", status)
	}
	var chats []chatLine
	decodeStrict(t, mustCall(t, "", "chats", "--account", "main", "--dir", dir, "--json"), &chats)
	var log []logLine
	decodeStrict(t, mustCall(t, "", "log", "--dir", dir, "--json"), &log)
	if len(chats) < 3 || len(log) != 1 {
		t.Errorf("%d chats, %d commits", len(chats), len(log))
	}
	var verified verifyReport
	decodeStrict(t, mustCall(t, "", "verify", "--deep", "-i", key, "--dir", dir, "--json"), &verified)
	if !verified.OK || int(verified.Messages) != synced.Messages {
		t.Errorf("verify: %+v", verified)
	}
	// A Problem of the reports below has an encoding of its own, so these are looked at as they are.
	for _, verb := range []string{"export", "restore"} {
		var report map[string]any
		decodeStrict(t, mustCall(t, "", verb, "-i", key, "--out", filepath.Join(dir, verb), "--dir", dir, "--json"), &report)
		if report["ok"] != true || report["files_written"].(float64) < 1 {
			t.Errorf("%s: %v", verb, report)
		}
	}

	// A run that cannot begin has its document too.
	if err := os.RemoveAll(filepath.Join(dir, "vault")); err != nil {
		t.Fatal(err)
	}
	synced = syncRun{}
	o = call(t, "", "sync", "--dir", dir, "--json")
	decodeStrict(t, o, &synced)
	if o.code != exitVault || synced.Error == "" || synced.Accounts == nil {
		t.Errorf("sync without a vault ends with %d: %s", o.code, o.out)
	}
	verified = verifyReport{}
	o = call(t, "", "verify", "--dir", dir, "--json")
	decodeStrict(t, o, &verified)
	if o.code != exitVault || verified.OK || len(verified.Problems) != 1 {
		t.Errorf("verify without a vault ends with %d: %s", o.code, o.out)
	}
}

// TestJSONIsDocumented compares the fields of every document with docs/json.md.
func TestJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, v := range map[string]any{
		"sync": syncRun{}, "status": vaultAndAccounts{}, "status --watch": daemon.Event{}, "The daemon": daemon.Status{}, "chats": chatLine{}, "log": logLine{}, "doctor": doctorReport{},
		"verify": struct {
			verifyReport
			Other healReport
			Drill drillReport
		}{},
		"copy": struct {
			copyList
			Other copySyncReport
			copyAddReport
		}{},
		"export, restore": struct {
			exportReport
			Other restoreReport
		}{},
	} {
		_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
		if !ok {
			t.Errorf("no section %q", heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, name := range jsonFields(reflect.TypeOf(v)) {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("%s: `%s` is not documented", heading, name)
			}
		}
	}
}

// vaultAndAccounts is a statusReport without the reports of sync, which stand by themselves.
type vaultAndAccounts struct {
	Verdict  string      `json:"verdict"`
	Vault    vaultStatus `json:"vault"`
	Accounts []struct {
		Name     string `json:"name"`
		SignedIn bool   `json:"signed_in"`
		LastSync *int   `json:"last_sync"`
		ID       string `json:"id"`
		Complete *int   `json:"complete_until"`

		Holding holding              `json:"holding"`
		Gaps    []*telegram.ChatGaps `json:"gaps"`
		Others  telegram.MediaGaps   `json:"other_files"`
	} `json:"accounts"`
	OwnerKeyHere string `json:"owner_key_here"`
	Daemon       *int   `json:"daemon"`
}

func jsonFields(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() == "time" {
		return nil
	}
	var names []string
	for f := range t.Fields() {
		if !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
		names = append(names, jsonFields(f.Type)...)
	}
	return names
}
