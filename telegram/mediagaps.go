package telegram

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// MediaPending is the reason of a file that was not tried yet; all others are
// archive.Missing….
const MediaPending = "pending"

// A MediaGap is a file of a message that is not stored.
type MediaGap struct {
	Message int              `json:"message"`
	Key     archive.MediaKey `json:"file"`
	Kind    string           `json:"kind"`
	Size    int64            `json:"size"`   // bytes, as declared
	Reason  string           `json:"reason"` // MediaPending or one of archive.Missing…
	Detail  string           `json:"detail,omitempty"`
	At      int64            `json:"last_try,omitempty"` // Unix seconds
	Tries   int              `json:"tries,omitempty"`    // that failed
	Next    int64            `json:"next_try,omitempty"` // Unix seconds; 0: with the next sync, or when what forbids it changes
}

// MediaGaps is what of a chat's files is stored and what is not.
type MediaGaps struct {
	Messages int        `json:"messages"` // with files
	Stored   int        `json:"stored"`   // of them: with all files stored
	Files    []MediaGap `json:"files,omitempty"`
	// Missing counts Files and their bytes by reason.
	Missing map[string]MediaCount `json:"missing,omitempty"`
}

// A MediaCount is a number of files and their bytes as declared.
type MediaCount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// mediaGaps lists the files that are not stored, by chat, in the order of their
// messages. Chat "" has what stands in no message.
func mediaGaps(s State, account archive.PeerID) (map[archive.PeerID][]MediaGap, error) {
	out := map[archive.PeerID][]MediaGap{}
	for _, list := range []string{listFetch, listLater} {
		err := s.Range(workPrefix(list, account), func(key string, value []byte) error {
			var w work
			if err := json.Unmarshal(value, &w); err != nil {
				return fmt.Errorf("state %s: %w", key, err)
			}
			for _, f := range w.Files {
				gap, open, err := mediaGap(s, account, f)
				if err != nil {
					return err
				}
				chat := w.Chat
				if f.Source != "" || f.Emoji {
					chat = "" // it stands in no message
				}
				if open {
					out[chat] = append(out[chat], gap)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	emoji, err := emojiGaps(s, account)
	if err != nil {
		return nil, err
	}
	if len(emoji) > 0 {
		out[""] = append(out[""], emoji...)
	}
	for chat, gaps := range out {
		slices.SortFunc(gaps, func(a, b MediaGap) int {
			return cmp.Or(cmp.Compare(a.Message, b.Message), strings.Compare(string(a.Key), string(b.Key)))
		})
		out[chat] = slices.CompactFunc(gaps, func(a, b MediaGap) bool { return a.Message == b.Message && a.Key == b.Key })
	}
	return out, nil
}

// emojiGaps lists the custom emoji that the server was asked for and does not know.
// They are on no list of work: there is nothing to fetch.
func emojiGaps(s State, account archive.PeerID) ([]MediaGap, error) {
	var gaps []MediaGap
	prefix := emojiPrefix(account)
	err := s.Range(prefix, func(key string, value []byte) error {
		var state emojiState
		if err := json.Unmarshal(value, &state); err != nil {
			return fmt.Errorf("state %s: %w", key, err)
		}
		if state.Found || state.Asked == 0 {
			return nil
		}
		f := workFile{FileRef: normal.FileRef{Key: archive.MediaKey(strings.TrimPrefix(key, prefix)), Kind: normal.KindSticker}, Why: archive.MissingUnavailable}
		gap, open, err := mediaGap(s, account, f)
		if open {
			gaps = append(gaps, gap)
		}
		return err
	})
	return gaps, err
}

// mediaGap says why a file is not stored; false if another message has brought it
// in the meantime.
func mediaGap(s State, account archive.PeerID, f workFile) (MediaGap, bool, error) {
	gap := MediaGap{Message: f.Message, Key: f.Key, Kind: f.Kind, Size: f.Size, Reason: f.Why}
	_, stored, err := s.Get(archive.StoredKey(f.Key))
	if err != nil || stored {
		return gap, false, err
	}
	var known missingState
	had, err := loadFrom(s, missingKey(account, f.Key), &known)
	if err != nil {
		return gap, false, err
	}
	switch {
	case gap.Reason == "" && had && (known.Reason == archive.MissingFailed || known.Reason == archive.MissingUnavailable),
		gap.Reason != "" && had && known.Reason == gap.Reason:
		gap.Reason, gap.Detail, gap.At, gap.Tries, gap.Next = known.Reason, known.Detail, known.At, known.Tries, known.Next
	case gap.Reason == "":
		gap.Reason = MediaPending
	}
	return gap, true, nil
}

// newMediaGaps counts the files that are not stored.
func newMediaGaps(files []MediaGap, excluded bool) MediaGaps {
	m := MediaGaps{Files: files, Missing: map[string]MediaCount{}}
	m.tally(excluded)
	return m
}

// count adds the messages with files of one block of the ledger; files are those of this
// block and of later ones that are not stored. It returns those of later ones.
func (m *MediaGaps) count(first int, with idSet, files []MediaGap) []MediaGap {
	m.Messages += with.count()
	m.Stored += with.count()
	last := 0
	for len(files) > 0 && files[0].Message < first+blockIDs {
		if id := files[0].Message; id != last && id >= first && with.has(id-first) {
			m.Stored--
		}
		last, files = files[0].Message, files[1:]
	}
	return files
}

// tally counts the files by reason. In an excluded chat nothing is fetched.
func (m *MediaGaps) tally(excluded bool) {
	for i := range m.Files {
		f := &m.Files[i]
		if excluded && f.Reason == MediaPending {
			f.Reason = archive.MissingExcluded
		}
		n := m.Missing[f.Reason]
		m.Missing[f.Reason] = MediaCount{n.Files + 1, n.Bytes + f.Size}
	}
}
