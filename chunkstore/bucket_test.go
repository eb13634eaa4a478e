package chunkstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"telekeep/chunkstore/destination/memory"
	"telekeep/chunkstore/destination/s3"
	"telekeep/crypto"
)

// Several machines add to one vault at the same time, and nobody holds a lock.
func TestManyMachines(t *testing.T) { testManyMachines(t, memory.New()) }

// The same in one bucket of a real server, each machine with a connection of its own.
func TestRealServerManyMachines(t *testing.T) {
	endpoint := os.Getenv("TELEKEEP_S3")
	if endpoint == "" {
		t.Skip("TELEKEEP_S3 names no server: .ci/s3/run starts one")
	}
	prefix := fmt.Sprintf("machines%d", time.Now().UnixNano())
	var places []Destination
	for range machines {
		d, err := s3.Open(t.Context(), s3.Options{
			Endpoint: endpoint, Plain: true, Bucket: os.Getenv("TELEKEEP_S3_BUCKET"), Prefix: prefix, Region: "us-east-1",
			AccessKey: os.Getenv("TELEKEEP_S3_ACCESS"), SecretKey: os.Getenv("TELEKEEP_S3_SECRET"),
		})
		check(t, err)
		defer d.Close()
		places = append(places, d)
	}
	testManyMachines(t, places...)
}

const machines = 4

// testManyMachines lets machines write at once, each over its own way to the same place.
func testManyMachines(t *testing.T, places ...Destination) {
	owner, err := crypto.NewIdentity()
	check(t, err)
	identities := []crypto.Identity{owner}
	now := func() time.Time { return time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC) }
	_, first, err := Create(t.Context(), places[0], CreateOptions{Owners: []Owner{{Name: "owner", Recipient: owner.Recipient()}}, Now: now})
	check(t, err)
	secrets := []*WriterSecrets{first}
	for len(secrets) < machines {
		s, err := AddWriter(t.Context(), places[0], identities, now)
		check(t, err)
		secrets = append(secrets, s)
	}
	chunks := make([][]crypto.ID, machines)
	var group errgroup.Group
	for i, s := range secrets {
		group.Go(func() error {
			w, err := OpenWriter(t.Context(), places[i%len(places)], WriterOptions{
				Secrets: s, StatePath: filepath.Join(t.TempDir(), "state.db"), PackSize: 8 << 20, Now: now,
			})
			if err != nil {
				return err
			}
			for round := range 3 {
				stream := w.NewStream()
				if _, err := stream.Write(noise(byte(10*i+round), 3<<20)); err != nil {
					return err
				}
				ids, err := stream.Close()
				if err != nil {
					return err
				}
				chunks[i] = append(chunks[i], ids...)
				if _, err := w.Commit(t.Context(), nil); err != nil {
					return err
				}
			}
			return w.Close()
		})
	}
	check(t, group.Wait())
	report, err := Verify(t.Context(), places[0], VerifyOptions{Identities: identities})
	check(t, err)
	if !report.OK() || report.Writers != machines || report.Commits != 3*machines || len(report.Orphans) > 0 {
		t.Errorf("%+v", report)
	}
	r, err := OpenReader(t.Context(), places[len(places)-1], ReaderOptions{Identities: identities})
	check(t, err)
	for i := range chunks {
		var want []byte
		for round := range 3 {
			want = append(want, noise(byte(10*i+round), 3<<20)...)
		}
		if !bytes.Equal(readAll(t, r, chunks[i]), want) {
			t.Errorf("the data of machine %d came back different", i)
		}
	}
}
