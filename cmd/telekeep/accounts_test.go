package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Two accounts in the same channels: one settings file, one vault, each file
// fetched once; each is exported by itself, and one whose session was ended does
// not stop the other.
func TestTwoAccounts(t *testing.T) {
	sim := startSimulator(t, "--messages", "300", "--media", "6 MiB", "--members", "1")
	dir, key := filepath.Join(t.TempDir(), "t"), ""
	key = filepath.Join(dir, "owner.key")
	mustCall(t, "", "init", "--dir", dir, "--telegram", filepath.Join(sim.dir, "telegram.toml"))
	if o := call(t, sim.code+"\n", "login", "--dir", dir, "--phone", sim.phone); o.code != exitUsage || !strings.Contains(o.err, "--account") {
		t.Errorf("login without a choice: exit code %d, %s", o.code, o.err)
	}
	mustCall(t, sim.code+"\n", "login", "--dir", dir, "--account", "main", "--phone", sim.phone)
	if o := call(t, "", "login", "--dir", dir, "--account", "main", "--phone", "+1999"); o.code == 0 || !strings.Contains(o.err, "hint: add a section [[account]]") {
		t.Errorf("another number for the same account: exit code %d, %s", o.code, o.err)
	}
	mustCall(t, sim.code+"\n", "login", "--dir", dir, "--account", "account2") // whose number stands in the settings

	first := syncOf(t, mustCall(t, "", "sync", "--dir", dir, "--account", "main", "--json").out)[0]
	before := sim.served(t)
	second := syncOf(t, mustCall(t, "", "sync", "--dir", dir, "--account", "account2", "--json").out)[0]
	if again := sim.served(t) - before; again != 0 || second.Media != 0 || second.MediaKnown == 0 {
		t.Errorf("the second account fetched %d bytes, %d files; %d were known", again, second.Media, second.MediaKnown)
	}
	if first.Messages <= second.Messages || second.Messages == 0 {
		t.Errorf("%d and %d messages", first.Messages, second.Messages)
	}

	channel := channelOf(t, dir)
	// Only the first that asks is signed out: the main account.
	sim.control(t, "POST", "/faults", map[string]string{"fault": "users.getUsers revoke count=1"})
	sim.control(t, "POST", "/messages", map[string]any{"chat": channel, "text": "news", "silent": true})
	o := call(t, "", "sync", "--dir", dir, "--json")
	both := syncOf(t, o.out)
	if o.code != exitNotSignedIn || len(both) != 2 || !strings.Contains(both[0].Error, "the session was ended") || both[1].Error != "" || both[1].Messages != 1 {
		t.Fatalf("exit code %d, %s%s", o.code, o.out, o.err)
	}
	if n := strings.Count(o.err, "the session was ended"); n != 1 || !strings.Contains(o.err, "account main") || !strings.Contains(o.err, "hint: ") {
		t.Errorf("%d alarms: %s", n, o.err)
	}
	if out := mustCall(t, "", "status", "--dir", dir).out; !strings.HasPrefix(out, "account main is not backed up any more: the session was ended") {
		t.Errorf("status says %s", out)
	}
	var control struct{ Accounts []struct{ Phone string } }
	readJSON(t, filepath.Join(sim.dir, "control.json"), &control)
	o = call(t, sim.code+"\n", "login", "--dir", dir, "--account", "main", "--phone", control.Accounts[1].Phone)
	if o.code == 0 || !strings.Contains(o.err, "another account than the one before") || !strings.Contains(o.err, "hint: ") {
		t.Errorf("another account in the place of one that was signed out: exit code %d, %s", o.code, o.err)
	}
	var status struct{ Accounts []struct{ ID string } }
	if err := json.Unmarshal([]byte(mustCall(t, "", "status", "--dir", dir, "--json").out), &status); err != nil {
		t.Fatal(err)
	}
	other, err := strconv.ParseInt(strings.TrimPrefix(status.Accounts[1].ID, "user"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Telethon string }
	if err := json.Unmarshal(sim.control(t, "POST", "/sessions", map[string]any{"user": other}), &made); err != nil {
		t.Fatal(err)
	}
	o = call(t, made.Telethon+"\n", "login", "--dir", dir, "--account", "main", "--telethon") // does not say whose it is
	if o.code == 0 || !strings.Contains(o.err, "another account than the one before") {
		t.Errorf("a session of another account: exit code %d, %s", o.code, o.err)
	}
	mustCall(t, sim.code+"\n", "login", "--dir", dir, "--account", "main", "--phone", sim.phone)
	if both = syncOf(t, mustCall(t, "", "sync", "--dir", dir, "--json").out); both[0].Messages != 1 || both[0].Error != "" {
		t.Errorf("after another login: %+v", both[0])
	}
	if out := mustCall(t, "", "status", "--dir", dir).out; !strings.HasPrefix(out, "account main: complete up to") {
		t.Errorf("status says %s", out)
	}

	exportBoth(t, dir, key, sim.phone)
}

// exportBoth exports each account by itself.
func exportBoth(t *testing.T, dir, key, phone string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	o := call(t, "", "export", "--dir", dir, "-i", key, "--out", out)
	if o.code != exitUsage || !strings.Contains(o.err, "choose one with --account: there is user") {
		t.Errorf("without a choice: exit code %d, %s", o.code, o.err)
	}
	_, list, _ := strings.Cut(o.err, "there is ")
	messages := map[string]int{}
	for _, name := range strings.Split(strings.TrimSpace(list), ", ") {
		id, _, _ := strings.Cut(name, " (")
		mustCall(t, "", "export", "--dir", dir, "-i", key, "--account", id, "--out", out+id)
		for _, chat := range readDialogs(t, out+id) {
			messages[id] += len(chat["messages"].([]any))
		}
	}
	if len(messages) != 2 {
		t.Fatalf("exported %v", messages)
	}
	for id, n := range messages {
		if n == 0 {
			t.Errorf("%s has no messages", id)
		}
	}
	mustCall(t, "", "export", "--dir", dir, "-i", key, "--account", phone, "--out", out)
}

// syncOf reads what sync --json printed.
func syncOf(t *testing.T, out string) []syncReport {
	t.Helper()
	var run struct{ Accounts []syncReport }
	if err := json.Unmarshal([]byte(out), &run); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return run.Accounts
}

// channelOf is a channel that both accounts are in.
func channelOf(t *testing.T, dir string) string {
	t.Helper()
	var chats []struct{ ID, Type string }
	out := mustCall(t, "", "chats", "--dir", dir, "--account", "account2", "--json").out
	if err := json.Unmarshal([]byte(out), &chats); err != nil || len(chats) == 0 {
		t.Fatalf("%v in %s", err, out)
	}
	return chats[0].ID
}
