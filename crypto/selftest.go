package crypto

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrSelfTest says that this machine, or this build, computes wrongly what was computed
// right when the answers were written down. The text behind it names what.
var ErrSelfTest = errors.New("the self-test failed")

// knownSealed is knownText sealed to selfTestIdentity by another machine.
//
//go:embed selftest.age
var knownSealed string

const (
	knownText = "telekeep: what was sealed once must open for ever.\n"
	// The key is known to everybody. Nothing but knownSealed was ever sealed to it.
	selfTestIdentity = "AGE-SECRET-KEY-PQ-10U9CDEP4L6ESNZQN2WCUGZ5MTUTLZXLEV55PZFH5KD5T6VUSKAGS44MCZJ"
	// selfTestSize is long enough for every way BLAKE3 takes, and for two blocks of age.
	selfTestSize = payloadBlock + 4321
)

// answers is what the self-test must come to.
type answers struct {
	id, short, mac string // of the sample, of its first byte, and of it for a purpose
	sealed, opened string // known bytes, and what is in them
	blocks         string // SHA-256 of the sample, sealed with a known file key
	signature      string // of the sample
}

func knownAnswers() answers {
	return answers{
		id:        "e1a25ee935127e960bd5b6226d220f7645d3496f31ad149ef9e3f5b78c4e321d",
		short:     "94b01b082575b65f043743a0a352ca152655d413d21254b735ba1d2996e50e99",
		mac:       "580edaa8a3122ea71832c8a070f3009295c1fe1c07628b5c593bf1f37c4d7fab",
		sealed:    knownSealed,
		opened:    knownText,
		blocks:    "0c06a734a09a60f9f812a5a8ea7ef2e6b420b2b1c5fda611a714930cd1c0cc7e",
		signature: "f678b83edd6c1854b216e06674b9a12ea66aa8a85817f787fd56e1ce960f661d6e8c8eb9fcdc31e3ccd2ffe4e32a366b2676a98a49643eb503e31421cbafeb0a",
	}
}

// SelfTest computes ids, a MAC, sealed bytes and a signature whose answers are known, opens
// bytes that were sealed long ago, and seals and opens some anew. It takes some
// milliseconds. What comes out wrong is ErrSelfTest: nothing this process
// computes is to be trusted then.
func SelfTest() error { return knownAnswers().check() }

func (a answers) check() error {
	sample := selfTestSample()
	for _, area := range []struct {
		name  string
		check func(sample []byte) error
	}{
		{"ids", a.checkIDs}, {"opening", a.checkOpening}, {"sealing", a.checkSealing}, {"signing", a.checkSigning},
	} {
		if err := area.check(sample); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrSelfTest, area.name, err)
		}
	}
	return nil
}

// selfTestSample is bytes without a pattern that a hash could trip over, from arithmetic
// that is not tested here.
func selfTestSample() []byte {
	b := make([]byte, selfTestSize)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// selfTestKey is bytes that count up from first.
func selfTestKey(first byte) (k Key) {
	for i := range k {
		k[i] = first + byte(i)
	}
	return k
}

func (a answers) checkIDs(sample []byte) error {
	key := selfTestKey(1)
	if got := key.ID(sample).String(); got != a.id {
		return unexpected("BLAKE3 of a long text", got, a.id)
	}
	if got := key.ID(sample[:1]).String(); got != a.short {
		return unexpected("BLAKE3 of a short text", got, a.short)
	}
	mac := key.MAC("telekeep self-test", sample)
	if got := hex.EncodeToString(mac[:]); got != a.mac {
		return unexpected("the MAC", got, a.mac)
	}
	if !key.CheckMAC("telekeep self-test", sample, mac[:]) || key.CheckMAC("telekeep self-test", sample[1:], mac[:]) {
		return errors.New("a MAC is not told from a wrong one")
	}
	return nil
}

// checkOpening opens what is known. The same bytes with one bit changed must not open.
func (a answers) checkOpening([]byte) error {
	identity, err := ParseIdentity(selfTestIdentity)
	if err != nil {
		return err
	}
	got, err := OpenBytes([]byte(a.sealed), identity)
	if err != nil {
		return fmt.Errorf("known bytes do not open: %w", err)
	}
	if string(got) != a.opened {
		return errors.New("known bytes open to others than were sealed")
	}
	changed := []byte(a.sealed)
	changed[len(changed)-payloadTag-1] ^= 1
	if _, err := OpenBytes(changed, identity); !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("changed bytes are not refused as damaged: %v", err) //nolint:errorlint // it is no cause
	}
	return nil
}

func (a answers) checkSealing(sample []byte) error {
	key := selfTestKey(65)
	aead, err := fileKey(key[:16]).cipher(key[16:])
	if err != nil {
		return err
	}
	known := &MemorySealer{buf: make([]byte, 0, len(sample)+2*payloadTag), aead: aead}
	if _, err := known.Write(sample); err != nil {
		return err
	}
	if err := known.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(known.Sealed())
	if got := hex.EncodeToString(sum[:]); got != a.blocks {
		return unexpected("the sealed blocks", got, a.blocks)
	}
	return sealAndOpen(sample)
}

// sealAndOpen goes the whole way to a recipient and back.
func sealAndOpen(sample []byte) error {
	identity, err := ParseIdentity(selfTestIdentity)
	if err != nil {
		return err
	}
	sealed, err := SealBytes(sample, identity.Recipient())
	if err != nil {
		return err
	}
	opened, err := OpenBytes(sealed, identity)
	if err != nil {
		return fmt.Errorf("what was just sealed does not open: %w", err)
	}
	if !bytes.Equal(opened, sample) {
		return errors.New("what was just sealed opens to something else")
	}
	return nil
}

func (a answers) checkSigning(sample []byte) error {
	key := SigningKeyOf(selfTestKey(129))
	signature := key.Sign(sample)
	if got := hex.EncodeToString(signature); got != a.signature {
		return unexpected("the signature", got, a.signature)
	}
	if !key.VerifyKey().Verify(sample, signature) {
		return errors.New("a good signature is refused")
	}
	if key.VerifyKey().Verify(sample[1:], signature) {
		return errors.New("a signature of something else is taken")
	}
	return nil
}

// unexpected tells of an answer in a few digits: they say whether two runs fail alike.
func unexpected(what, got, want string) error {
	return fmt.Errorf("%s is %.16s instead of %.16s", what, got, want)
}
