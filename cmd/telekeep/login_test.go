package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// control calls the simulator's control API.
func (s *simulated) control(t testing.TB, method, path string, body any) []byte {
	t.Helper()
	var info struct{ Control string }
	readJSON(t, filepath.Join(s.dir, "control.json"), &info)
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, info.Control+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s (%v)", method, path, answer.Status, out.String(), err)
	}
	return out.Bytes()
}

// A QR code is scanned, the password asked for; then the login works, and a
// second process cannot use it at the same time; then it is ended.
func TestLoginQRAndLogout(t *testing.T) {
	sim := startSimulator(t, "--messages", "20", "--media", "1 MiB", "--password", "hunter2")
	dir := filepath.Join(t.TempDir(), "t")
	mustCall(t, "", "init", "--dir", dir, "--telegram", filepath.Join(sim.dir, "telegram.toml"))
	c := program(t, "login", "--qr", "--dir", dir)
	c.Stdin = strings.NewReader("hunter2\n")
	var out bytes.Buffer
	c.Stdout = &out
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(errs)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "tg://login?token=") {
			sim.control(t, "POST", "/accept-login", map[string]string{"token": lines.Text()})
		}
	}
	if err := c.Wait(); err != nil || !strings.HasPrefix(out.String(), "signed in as ") {
		t.Fatalf("%v: %s", err, out.String())
	}
	if o := mustCall(t, "", "login", "--qr", "--dir", dir); !strings.HasPrefix(o.out, "signed in already as ") {
		t.Errorf("a second time: %s", o.out)
	}

	sim.control(t, "DELETE", "/stats", nil)
	sim.control(t, "POST", "/faults", map[string]string{"fault": "users.getUsers latency=3s"})
	first := program(t, "sync", "--dir", dir)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(string(sim.control(t, "GET", "/stats", nil)), `"users.getUsers"`); {
		if time.Now().After(deadline) {
			t.Fatal("the first process did not get anywhere")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if o := call(t, "", "logout", "--dir", dir); o.code != exitBusy {
		t.Errorf("while another process uses the session: exit code %d, %s", o.code, o.err)
	}
	sim.control(t, "DELETE", "/faults", nil)
	if err := first.Wait(); err != nil {
		t.Errorf("the process that was first: %v", err)
	}

	mustCall(t, "", "logout", "--dir", dir)
	if o := call(t, "", "sync", "--dir", dir); o.code != exitNotSignedIn || !strings.Contains(o.err, "hint: run telekeep login") {
		t.Errorf("after the logout: exit code %d, %s", o.code, o.err)
	}
}

// Sessions of other programs are taken over: a folder of Telegram Desktop with a
// passcode, and a string. What does not work leaves what there is.
func TestLoginImports(t *testing.T) {
	sim := startSimulator(t, "--messages", "20", "--media", "1 MiB")
	dir, tdata := filepath.Join(t.TempDir(), "t"), filepath.Join(t.TempDir(), "tdata")
	mustCall(t, "", "init", "--dir", dir, "--telegram", filepath.Join(sim.dir, "telegram.toml"))
	var made struct{ Telethon, GramJS, Pyrogram string }
	answer := sim.control(t, "POST", "/sessions", map[string]string{"tdata": tdata, "passcode": "open sesame"})
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	if o := call(t, "x\n", "login", "--dir", dir, "--tdata", tdata); o.code == 0 || !strings.Contains(o.err, "hint: it is the one that Telegram Desktop asks for") {
		t.Errorf("a wrong passcode: exit code %d, %s", o.code, o.err)
	}
	if o := call(t, "", "login", "--dir", dir, made.Telethon); o.code != exitUsage || strings.Contains(o.err+o.out, made.Telethon[:20]) {
		t.Errorf("a string on the command line: exit code %d, %s%s", o.code, o.out, o.err)
	}
	o := mustCall(t, "open sesame\n", "login", "--dir", dir, "--tdata", filepath.Dir(tdata))
	if !strings.HasPrefix(o.out, "signed in as ") || !strings.Contains(o.err, "never use it there again") {
		t.Errorf("it says %s%s", o.out, o.err)
	}
	mustCall(t, "", "chats", "--dir", dir)
	if o := call(t, made.GramJS, "login", "--telethon", "--dir", dir); o.code == 0 || !strings.Contains(o.err, "signed in already") {
		t.Errorf("over one that works: exit code %d, %s", o.code, o.err)
	}
	sim.control(t, "POST", "/revoke", struct{}{})
	if o := call(t, made.Telethon+"\n", "login", "--telethon", "--dir", dir); o.code != exitNotSignedIn || !strings.Contains(o.err, "not signed in any more") {
		t.Errorf("a string that was ended: exit code %d, %s", o.code, o.err)
	}
	if err := json.Unmarshal(sim.control(t, "POST", "/sessions", struct{}{}), &made); err != nil {
		t.Fatal(err)
	}
	mustCall(t, made.Telethon+"\n", "login", "--telethon", "--dir", dir)
	mustCall(t, "", "sync", "--dir", dir)
}

// The drawn code has its quiet frame, and where a reader is at hand, it reads
// the link.
func TestDrawQR(t *testing.T) {
	const link = "tg://login?token=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
	lines, err := drawQR(link)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]rune
	for _, line := range lines {
		inner, ok := strings.CutPrefix(line, qrColours)
		inner, ends := strings.CutSuffix(inner, qrReset)
		if !ok || !ends || len([]rune(inner)) != qrWidth(lines) {
			t.Fatalf("line %q", line)
		}
		rows = append(rows, []rune(inner))
	}
	if len(rows) > 22 || qrWidth(lines) > 60 {
		t.Errorf("%d lines of %d columns do not fit on a small terminal", len(rows), qrWidth(lines))
	}
	for y, row := range rows {
		for x, r := range row {
			edge := y < qrQuiet/2 || y >= len(rows)-qrQuiet/2 || x < qrQuiet || x >= len(row)-qrQuiet
			if edge && r != ' ' {
				t.Fatalf("%q in the frame, line %d column %d", r, y, x)
			}
		}
	}
	reader, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg (package zbar-tools) is not there to read the code")
	}
	path := filepath.Join(t.TempDir(), "qr.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, picture(rows)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	read, err := exec.CommandContext(t.Context(), reader, "-q", "--raw", path).Output()
	if err != nil || strings.TrimSpace(string(read)) != link {
		t.Errorf("it reads %q (%v)", read, err)
	}
}

// picture is what a terminal shows: each letter twice as high as wide.
func picture(rows [][]rune) image.Image {
	const pixels = 4
	img := image.NewGray(image.Rect(0, 0, len(rows[0])*pixels, len(rows)*2*pixels))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			r, upper := rows[y/pixels/2][x/pixels], y/pixels%2 == 0
			if r == '█' || r == '▀' && upper || r == '▄' && !upper {
				continue // black
			}
			img.SetGray(x, y, color.Gray{255})
		}
	}
	return img
}
