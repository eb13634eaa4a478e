package crypto

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"
)

// A Share is one of n parts of a secret text; any k of them give it back, and fewer say
// nothing about it but how long it is. This is Shamir's scheme over the scalars of
// ristretto255, block by block:
//
//	text   31 bytes │ 31 bytes │ … zeros
//	         ▼           ▼              one polynomial of degree k-1 for each block
//	share  32 bytes │ 32 bytes │ …      its value at the share's number
type Share struct {
	Set    string // which split it is of: 8 letters and digits at random
	Number int    // 1 to 255
	Needed int    // k, 2 to 255
	values []byte // 32 bytes for each block
}

const (
	shareMagic  = "TELEKEEP-SHARE1"
	shareBlock  = 31 // bytes of text in one scalar, whose order is a little above 2^252
	shareScalar = 32
	maxShares   = 255
	maxShared   = 1 << 10 // bytes of a text
)

// ErrShares says that shares do not belong together or are too few.
var ErrShares = errors.New("the shares do not give a key")

// shareText writes bytes with capitals and digits, which are short in a QR code.
var shareText = base32.StdEncoding.WithPadding(base32.NoPadding)

// SplitSecret splits a text into n shares of which any needed ones give it back:
// 2 ≤ needed ≤ n ≤ 255. The text is 1 to 1,024 bytes long without a zero byte.
func SplitSecret(text string, needed, n int) ([]Share, error) {
	switch {
	case needed < 2 || needed > n || n > maxShares:
		return nil, fmt.Errorf("%w: %d of %d: at least 2, at most 255, and no more needed than there are", ErrShares, needed, n)
	case text == "" || len(text) > maxShared || strings.ContainsRune(text, 0):
		return nil, fmt.Errorf("%w: the text cannot be split", ErrShares)
	}
	set := make([]byte, 5)
	rand.Read(set)
	shares := make([]Share, n)
	for i := range shares {
		shares[i] = Share{Set: shareText.EncodeToString(set), Number: i + 1, Needed: needed}
	}
	for block := range slices.Chunk([]byte(text), shareBlock) {
		secret, err := scalarOf(append(slices.Clone(block), make([]byte, shareScalar-len(block))...))
		if err != nil {
			return nil, err
		}
		split := secretsharing.New(rand.Reader, uint(needed-1), secret)
		for i := range shares {
			at := group.Ristretto255.NewScalar().SetUint64(uint64(i + 1))
			value, err := split.ShareWithID(at).Value.MarshalBinary()
			if err != nil {
				return nil, fmt.Errorf("split a key: %w", err)
			}
			shares[i].values = append(shares[i].values, value...)
		}
	}
	return shares, nil
}

func scalarOf(b []byte) (group.Scalar, error) {
	s := group.Ristretto255.NewScalar()
	if err := s.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("%w: a share holds no number", ErrShares)
	}
	return s, nil
}

// JoinShares gives the text back that SplitSecret split. Shares of several splits, two that
// differ under one number, or too few of them, are ErrShares. Wrong shares give a wrong
// text: the caller checks that it is a key.
func JoinShares(shares []Share) (string, error) {
	var use []Share
	for _, s := range shares {
		i := slices.IndexFunc(use, func(o Share) bool { return o.Number == s.Number })
		switch {
		case i >= 0 && !slices.Equal(use[i].values, s.values):
			return "", fmt.Errorf("%w: two differ that have number %d", ErrShares, s.Number)
		case i >= 0:
		case len(use) > 0 && (s.Set != use[0].Set || s.Needed != use[0].Needed || len(s.values) != len(use[0].values)):
			return "", fmt.Errorf("%w: %s and %s are of different splits", ErrShares, use[0].Set, s.Set)
		default:
			use = append(use, s)
		}
	}
	if len(use) == 0 || len(use) < use[0].Needed {
		return "", fmt.Errorf("%w: there are too few: %d", ErrShares, len(use))
	}
	var text []byte
	for off := 0; off < len(use[0].values); off += shareScalar {
		block, err := joinBlock(use[:use[0].Needed], off)
		if err != nil {
			return "", err
		}
		text = append(text, block[:shareBlock]...)
	}
	return strings.TrimRight(string(text), "\x00"), nil
}

func joinBlock(use []Share, off int) ([]byte, error) {
	points := make([]secretsharing.Share, len(use))
	for i, s := range use {
		value, err := scalarOf(s.values[off : off+shareScalar])
		if err != nil {
			return nil, err
		}
		points[i] = secretsharing.Share{ID: group.Ristretto255.NewScalar().SetUint64(uint64(s.Number)), Value: value}
	}
	secret, err := secretsharing.Recover(uint(len(use)-1), points)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShares, err)
	}
	return secret.MarshalBinary()
}

// String returns the text of a share, which ParseShare reads: which split, number, how
// many are needed, the values, and a check that notices a slip of the hand.
//
//	TELEKEEP-SHARE1-A1B2C3D4-2-3-ABCDE…-CHECK7X
func (s Share) String() string {
	head := strings.Join([]string{shareMagic, s.Set, strconv.Itoa(s.Number), strconv.Itoa(s.Needed), shareText.EncodeToString(s.values)}, "-")
	return head + "-" + shareCheck(head)
}

// shareCheck is 40 bits of a hash over everything before it.
func shareCheck(head string) string {
	sum := sha256.Sum256([]byte(head))
	return shareText.EncodeToString(binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(sum[:]))[:5])
}

// ParseShare reads what String returns; spaces, line ends and small letters do not
// matter. Errors are ErrBadKey and repeat nothing of the text.
func ParseShare(text string) (Share, error) {
	text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	rest, ok := strings.CutPrefix(text, shareMagic+"-")
	fields := strings.Split(rest, "-")
	if !ok || len(fields) != 5 {
		return Share{}, fmt.Errorf("%w: a share begins with %s- and has five more parts", ErrBadKey, shareMagic)
	}
	if fields[4] != shareCheck(text[:len(text)-len(fields[4])-1]) {
		return Share{}, fmt.Errorf("%w: the share is mistyped or cut off: its last part does not fit the rest", ErrBadKey)
	}
	number, err1 := strconv.Atoi(fields[1])
	needed, err2 := strconv.Atoi(fields[2])
	values, err3 := shareText.DecodeString(fields[3])
	if errors.Join(err1, err2, err3) != nil || number < 1 || number > maxShares || needed < 2 || needed > maxShares || len(values) == 0 || len(values)%shareScalar != 0 {
		return Share{}, fmt.Errorf("%w: this share was made by another program", ErrBadKey)
	}
	return Share{Set: fields[0], Number: number, Needed: needed, values: values}, nil
}

// Format prints a placeholder for every verb: a share is a part of a secret.
func (s Share) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "(share %d of split %s)", s.Number, s.Set) }
