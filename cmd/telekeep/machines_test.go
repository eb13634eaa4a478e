package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two machines back up one account to one vault at the same time, over and over, and one of them
// is killed now and then: nobody refuses, the vault is whole, and it holds everything.
func TestTwoMachinesAtOnce(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	sim := startSimulator(t, "--seed", "8", "--messages", "60", "--media", "1MiB")
	first := sim.install(t)
	chat := someChat(t, first)
	mustCall(t, "", "sync", "--dir", first)
	key := filepath.Join(filepath.Dir(first), "owner.key")
	if err := os.Rename(filepath.Join(first, "owner.key"), key); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(t.TempDir(), "t")
	mustCall(t, "", "adopt", filepath.Join(first, "vault"), "--dir", second, "-i", key, "--telegram", filepath.Join(sim.dir, "telegram.toml"))
	mustCall(t, sim.code+"\n"+sim.password+"\n", "login", "--dir", second, "--phone", sim.phone)
	served := sim.served(t)
	for round := range 6 {
		sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": fmt.Sprintf("in round %d", round)})
		killed := random.IntN(3) // 2: none
		done := make(chan error, 2)
		for i, dir := range []string{first, second} {
			var said bytes.Buffer
			c := program(t, "sync", "--dir", dir)
			c.Stderr = &said
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if i == killed {
				time.AfterFunc(time.Duration(random.IntN(150))*time.Millisecond, func() { _ = c.Process.Kill() })
			}
			go func() {
				if err := c.Wait(); err != nil && i != killed {
					done <- fmt.Errorf("machine %d: %w\n%s", i, err, said.String())
					return
				}
				done <- nil
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	}
	mustCall(t, "", "sync", "--dir", first)
	mustCall(t, "", "sync", "--dir", second)
	for _, dir := range []string{first, second} {
		if o := mustCall(t, "", "verify", "--dir", dir, "--deep", "-i", key); !strings.Contains(o.out, "no problem found") {
			t.Errorf("%s", o.out)
		}
	}
	if more := sim.served(t) - served; more > 0 {
		t.Errorf("%d bytes of media were fetched again", more)
	}
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--vault", filepath.Join(first, "vault"), "-i", key, "--out", out)
	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		if text := fmt.Sprintf(`"in round %d"`, round); !bytes.Contains(data, []byte(text)) {
			t.Errorf("the message %s is not in the vault", text)
		}
	}
}
