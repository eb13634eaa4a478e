package chunkstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"telekeep/crypto"
)

// answers is what the self-test of this package must come to.
type answers struct {
	cuts  []int  // lengths of the chunks of the sample
	table string // SHA-256 of the numbers that the rolling hash adds up
	zstd  string // a frame that was compressed once, in hex
	plain string // what is in it
	name  string // of the sample, as if it were a pack: SHA-256
}

// selfTestSize holds several chunks: cuts before normalCut, behind it, and a tail.
const selfTestSize = 4<<20 + 12345

// selfTestLine is what the text of the self-test repeats.
const selfTestLine = "telekeep: what was stored once must be found for ever. "

func knownAnswers() answers {
	return answers{
		cuts:  []int{894289, 929538, 1098295, 1000584, 283943},
		table: "3c84dfd43b3bd16dfa49523a03e0d248c72862e7e0f39bba111e04ed16e59e1a",
		zstd:  "28b52ffd60f829dd010072030c13a0290144a6d01d59ef2c5f8857ed7eb5ab940903d7a49f99cb4166ae70223aee70ecd2b3c4b1d259443a40daa246330154180531e7ab74",
		plain: strings.Repeat(selfTestLine, 200),
		name:  "467c3bcd381d23de02e5dadd114fda47bcc99008653fb37edcd5f69d04634b7b",
	}
}

// SelfTest computes what has known answers: all that crypto.SelfTest does, where a stream is
// cut, what a chunk compresses and decompresses to, and the name of a pack. It takes
// some tens of milliseconds and 12 MiB, which it gives back. What comes out wrong is
// crypto.ErrSelfTest: this machine, or this build, must not touch a vault.
func SelfTest() error {
	if err := crypto.SelfTest(); err != nil {
		return err
	}
	return knownAnswers().check()
}

func (a answers) check() error {
	sample := selfTestSample()
	for _, area := range []struct {
		name  string
		check func(sample []byte) error
	}{
		{"chunk cuts", a.checkCuts}, {"zstd", a.checkZstd}, {"names of packs", a.checkName},
	} {
		if err := area.check(sample); err != nil {
			return fmt.Errorf("%w: %s: %w", crypto.ErrSelfTest, area.name, err)
		}
	}
	return nil
}

// selfTestSample is bytes that do not compress, from arithmetic that is not tested here.
func selfTestSample() []byte {
	b := make([]byte, selfTestSize)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x>>24) ^ byte(x>>13)
	}
	return b
}

// selfTestTable is that of a key known to everybody.
func selfTestTable() *cutTable {
	var key crypto.Key
	for i := range key {
		key[i] = byte(i + 6)
	}
	return newCutTable(key)
}

func (a answers) checkCuts(sample []byte) error {
	table := selfTestTable()
	sum := sha256.New()
	for _, n := range table {
		fmt.Fprintf(sum, "%016x", n)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != a.table {
		return fmt.Errorf("the table of the rolling hash is %.16s instead of %.16s", got, a.table)
	}
	if got := cutLengths(table, sample, len(sample)); !slices.Equal(got, a.cuts) {
		return fmt.Errorf("a stream is cut into %v instead of %v", got, a.cuts)
	}
	// What arrives in odd pieces is cut alike.
	if got := cutLengths(table, sample, 100_003); !slices.Equal(got, a.cuts) {
		return fmt.Errorf("a stream in pieces is cut into %v instead of %v", got, a.cuts)
	}
	return nil
}

// cutLengths returns the lengths of the chunks of data that arrives in pieces of a size, with
// the rest at last.
func cutLengths(table *cutTable, data []byte, piece int) []int {
	var cuts []int
	c := chunker{table: table}
	start := 0
	for end := 0; end < len(data); {
		end = min(end+piece, len(data))
		for n := c.next(data[start:end]); n != 0; n = c.next(data[start:end]) {
			cuts, start = append(cuts, n), start+n
		}
	}
	return append(cuts, len(data)-start)
}

func (a answers) checkZstd(sample []byte) error {
	d, err := newDecompressor(1)
	if err != nil {
		return err
	}
	defer d.close()
	frame, err := hex.DecodeString(a.zstd)
	if err != nil {
		return err
	}
	got, err := d.decode(dirEntry{Encoding: encodingZstd, Raw: uint32(len(a.plain))}, frame)
	if err != nil {
		return fmt.Errorf("known bytes do not decompress: %w", err)
	}
	if string(got) != a.plain {
		return errors.New("known bytes decompress to something else")
	}
	c, err := newCompressor()
	if err != nil {
		return err
	}
	text := strings.Repeat(a.plain, 8) // long enough to be sampled
	if err := thereAndBack(c, d, encodingZstd, []byte(text)); err != nil {
		return err
	}
	return thereAndBack(c, d, encodingRaw, sample[:alwaysCompress+1])
}

// thereAndBack encodes a chunk, as it should be encoded, and decodes it.
func thereAndBack(c *compressor, d *decompressor, want encoding, chunk []byte) error {
	how, stored := c.encode(chunk)
	if how != want {
		return fmt.Errorf("%d bytes are stored with encoding %d instead of %d", len(chunk), how, want)
	}
	got, err := d.decode(dirEntry{Encoding: how, Raw: uint32(len(chunk))}, stored)
	if err != nil {
		return fmt.Errorf("what was just compressed does not decompress: %w", err)
	}
	if !bytes.Equal(got, chunk) {
		return errors.New("what was just compressed decompresses to something else")
	}
	return nil
}

func (a answers) checkName(sample []byte) error {
	sum := sha256.Sum256(sample)
	if got := hex.EncodeToString(sum[:]); got != a.name {
		return fmt.Errorf("SHA-256 is %.16s instead of %.16s", got, a.name)
	}
	return nil
}
