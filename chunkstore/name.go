package chunkstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// The folders of a vault that grow. docs/format.md is normative.
const (
	packsPrefix   = "packs/"
	indexPrefix   = "index/"
	commitsPrefix = "commits/"
	maxSeq        = 99_999_999
)

// A Hash is the SHA-256 of the bytes of an object. The zero Hash stands for none.
type Hash [32]byte

// String returns 64 lower-case hex digits, or "" for the zero Hash.
func (h Hash) String() string {
	if h.IsZero() {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// IsZero reports whether h is the zero Hash.
func (h Hash) IsZero() bool { return h == Hash{} }

// ParseHash reads what String returns.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if s == "" {
		return h, nil
	}
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return h, fmt.Errorf("%q is not 64 lower-case hex digits", shorten(s))
	}
	_, err := hex.Decode(h[:], []byte(s))
	if err == nil && h.IsZero() {
		err = fmt.Errorf("a hash of zeros")
	}
	return h, err
}

// shorten keeps a text from outside from filling an error message.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// packName returns "packs/ab/ab….age".
func packName(h Hash) string {
	s := h.String()
	return packsPrefix + s[:2] + "/" + s + ".age"
}

// parsePackName is the reverse of packName.
func parsePackName(name string) (Hash, bool) {
	s, ok := strings.CutPrefix(name, packsPrefix)
	if !ok || len(s) != 2+1+64+4 {
		return Hash{}, false
	}
	h, err := ParseHash(s[3 : 3+64])
	return h, err == nil && packName(h) == name
}

// indexName returns "index/<writer>/<seq>.age".
func indexName(writer string, seq uint64) string {
	return fmt.Sprintf("%s%s/%08d.age", indexPrefix, writer, seq)
}

// commitName returns "commits/<writer>/<seq>.json".
func commitName(writer string, seq uint64) string {
	return fmt.Sprintf("%s%s/%08d.json", commitsPrefix, writer, seq)
}

// parseCommitName is the reverse of commitName.
func parseCommitName(name string) (writer string, seq uint64, ok bool) {
	return parseSeqName(name, commitsPrefix, ".json", commitName)
}

// parseIndexName is the reverse of indexName.
func parseIndexName(name string) (writer string, seq uint64, ok bool) {
	return parseSeqName(name, indexPrefix, ".age", indexName)
}

func parseSeqName(name, prefix, suffix string, format func(string, uint64) string) (string, uint64, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", 0, false
	}
	writer, number, _ := strings.Cut(rest, "/")
	seq, err := strconv.ParseUint(strings.TrimSuffix(number, suffix), 10, 32)
	if err != nil || seq < 1 || seq > maxSeq || !isHexID(writer) {
		return "", 0, false
	}
	return writer, seq, format(writer, seq) == name
}

// hashOf returns the hash of the bytes of an object.
func hashOf(data []byte) Hash { return sha256.Sum256(data) }
