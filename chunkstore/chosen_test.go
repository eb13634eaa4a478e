package chunkstore

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"telekeep/crypto"
)

// A question is what somebody who can post in a chat that is backed up, and sees the vault, wants to know: whether a secret is there.
// They choose what they post, and know how much the vault grew by the commit that has it.
type question struct {
	name string
	// before is what was stored earlier, with the secret or without it; post is what the commit in question holds besides records.
	before func(w *Writer, there bool, r *rand.Rand)
	post   func(w *Writer, there bool, r *rand.Rand) []crypto.ID
	// promised: they learn nothing. open: they learn it nearly always, so the measure would see it.
	promised, open bool
}

// chosenVaults is how many vaults of each kind, with the secret and without it, the questions are put to.
func chosenVaults(t *testing.T) int {
	n := 32
	if s := os.Getenv("TELEKEEP_GAMES"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		check(t, err)
	}
	return n
}

// traffic is what others wrote into the same commit: up to most bytes, which nobody outside knows.
func traffic(t *testing.T, w *Writer, r *rand.Rand, most int) []crypto.ID {
	if most == 0 {
		return nil
	}
	b := make([]byte, 1+r.IntN(most)) // as media are, it does not compress
	rand.NewChaCha8([32]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}).Read(b)
	return store(t, w, b)
}

// fileQuestions: was this file, which they have in full, here before they posted it? Or this one, of which they have the first part.
func fileQuestions(t *testing.T) []question {
	var list []question
	for i, c := range []struct {
		size, posted, others int
		promised, open       bool
	}{
		{1_000, 1_000, 0, true, false}, {4_000, 4_000, 0, true, false}, {20_000, 20_000, 0, false, true},
		{4_000, 4_000, 50_000, false, false}, {20_000, 20_000, 50_000, false, false}, {200_000, 200_000, 50_000, false, true}, {200_000, 200_000, 2_000_000, false, false},
		{4_000_000, 3_000_000, 50_000, false, true},
	} {
		file := noise(byte(10+i), c.size)
		list = append(list, question{
			name: fmt.Sprintf("%d of a file's %d bytes, others send up to %d", c.posted, c.size, c.others),
			before: func(w *Writer, there bool, _ *rand.Rand) {
				if there {
					store(t, w, file)
				} else {
					store(t, w, noise(byte(100+i), c.size))
				}
			},
			post: func(w *Writer, _ bool, r *rand.Rand) []crypto.ID {
				traffic(t, w, r, c.others)
				store(t, w, file[:c.posted])
				return nil
			},
			promised: c.promised, open: c.open,
		})
	}
	return list
}

// code is a secret in a message, one of two, both of which they know.
func code(there bool) string {
	if there {
		return "the safe in the office opens with 7391-0264-5518, tell nobody"
	}
	return "see you at the station next to the old clock when it is dark."
}

func textRecord(words string) string {
	return `{"v":1,"kind":"message","account":"user1","seen":1,"chat":"user2","message":{"id":1,"date":1700000000,"text":{"text":"` + words + `"}}}` + "\n"
}

// codeQuestions: does one of the messages say this? They post their guess, and as much beside it as brings the pack to the edge of
// a bucket, which they look for in a vault of their own.
func codeQuestions(t *testing.T) []question {
	own := newFixture(t, nil)
	mine := own.writer()
	var list []question
	for i, q := range []struct {
		name           string
		together       bool // one commit holds the secret and the guess
		others         int
		promised, open bool
	}{
		{"a message of an earlier commit, all else known", false, 0, true, false},
		{"a message of the same commit, all else known", true, 0, false, true},
		{"a message of the same commit, others write up to 200 bytes", true, 200, false, false},
		{"a message of the same commit, others write up to 20000 bytes", true, 20_000, false, false},
	} {
		records := func(there bool, filler int, others string) []byte {
			said := textRecord("they met at the usual place, and nobody saw them but the dog.")
			if q.together {
				said = textRecord(code(there))
			}
			return []byte(said + textRecord(code(true)) + string(text(uint64(50+i), filler)) + "\n" + others)
		}
		grows := func(filler int) int64 {
			return growth(own, func() {
				commit(t, mine, append(store(t, mine, records(false, filler, "")), posted(t, mine, 200_000*i+filler)...))
			})
		}
		low, high := 130_000, 160_000 // there is an edge between them
		for least := grows(low); high-low > 1; {
			if middle := (low + high) / 2; grows(middle) > least {
				high = middle
			} else {
				low = middle
			}
		}
		list = append(list, question{
			name: q.name,
			before: func(w *Writer, there bool, _ *rand.Rand) {
				if !q.together {
					commit(t, w, store(t, w, []byte(textRecord(code(there)))))
				}
			},
			post: func(w *Writer, there bool, r *rand.Rand) []crypto.ID {
				filler := high + 100 // a guess that is right is on the other side
				others := ""
				if q.others > 0 {
					others = string(text(r.Uint64(), 1+r.IntN(q.others)))
				}
				return store(t, w, records(there, filler, others))
			},
			promised: q.promised, open: q.open,
		})
	}
	return list
}

// posted is the record that each commit has.
func posted(t *testing.T, w *Writer, n int) []crypto.ID {
	return store(t, w, []byte(textRecord(fmt.Sprintf("posted %06d", n))))
}

// growth is by how many bytes packs grow.
func growth(f *fixture, do func()) int64 {
	before := total(f, packsPrefix)
	do()
	return int64(total(f, packsPrefix) - before)
}

// Somebody posts in a chat that is backed up, sees the vault before and after, and guesses whether a secret is in the account. Over many vaults
// the guess is no better than a coin's where docs/threat-model.md promises that; where it says that nothing is promised the same measure sees it.
func TestChosenPlaintext(t *testing.T) {
	vaults := chosenVaults(t)
	questions := append(fileQuestions(t), codeQuestions(t)...)
	counts := make([][2][]float64, len(questions))
	for v := range vaults {
		for kind := range 2 {
			f, r := newFixture(t, nil), rand.New(rand.NewPCG(uint64(v), uint64(kind)))
			w := f.writer()
			for i, q := range questions {
				q.before(w, kind == 1, r)
				if _, err := w.Commit(t.Context(), store(t, w, []byte(textRecord(fmt.Sprint("commit ", i))))); err != nil {
					t.Fatal(err)
				}
				grown := growth(f, func() {
					commit(t, w, append(q.post(w, kind == 1, r), posted(t, w, 512_347+i)...))
				})
				counts[i][kind] = append(counts[i][kind], float64(grown))
			}
		}
	}
	for i, q := range questions {
		sigmas := guess(counts[i])
		advantage := sigmas / math.Sqrt(float64(2*(vaults-vaults/2)))
		t.Logf("%s: advantage %.2f, %.1f sigmas", q.name, advantage, sigmas)
		if q.promised && sigmas > 5 {
			t.Errorf("%s: the growth of packs tells whether it is there: advantage %.2f", q.name, advantage)
		}
		if q.open && advantage < 0.7 {
			t.Errorf("%s: the measure does not see what is there to be seen: advantage %.2f", q.name, advantage)
		}
	}
}
