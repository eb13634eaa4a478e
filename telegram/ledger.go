package telegram

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"telekeep/archive"
)

// The ledger says of every message id what became of it, in blocks of blockIDs
// ids, so that a page of messages changes a few small values:
//
//	ids/ACCOUNT/PEER/BLOCK   ledgerBlock
//
// Ids of users and basic groups are counted together, and the server does not say
// which chat a deleted one was in: those deletions stand under the peer "common".
func ledgerPrefix(account archive.PeerID, peer string) string {
	return "ids/" + string(account) + "/" + peer + "/"
}

const (
	blockIDs     = 1024
	ledgerCommon = "common"
)

// A ledgerBlock is three sets of message ids, counted from the block's first.
type ledgerBlock struct {
	Stored  idSet `json:"s,omitempty"` // archived
	Media   idSet `json:"m,omitempty"` // of those: with files, in the newest version
	Deleted idSet `json:"d,omitempty"` // the server said that they are deleted
}

// An idSet is a bitmap without the zeros at its end.
type idSet []byte

// set puts i into the set or takes it out.
func (s *idSet) set(i int, in bool) {
	for in && len(*s) <= i/8 {
		*s = append(*s, 0)
	}
	if i/8 >= len(*s) {
		return
	}
	if in {
		(*s)[i/8] |= 1 << (i % 8)
		return
	}
	(*s)[i/8] &^= 1 << (i % 8)
	for n := len(*s); n > 0 && (*s)[n-1] == 0; n-- {
		*s = (*s)[:n-1]
	}
}

func (s idSet) has(i int) bool { return i/8 < len(s) && s[i/8]&(1<<(i%8)) != 0 }

func (s idSet) count() int {
	n := 0
	for _, b := range s {
		n += bits.OnesCount8(b)
	}
	return n
}

// ledger is the block of b that id belongs to: as b has it already, or as the
// state does. One goroutine at a time may change the ledger of an account.
func (r *run) ledger(b *batch, peer string, id int) (*ledgerBlock, error) {
	key := fmt.Sprintf("%s%06x", ledgerPrefix(r.account, peer), id/blockIDs)
	if block, ok := b.ledger[key]; ok {
		return block, nil
	}
	block := new(ledgerBlock)
	if _, err := load(r.archive, key, block); err != nil {
		return nil, err
	}
	if b.ledger == nil {
		b.ledger = map[string]*ledgerBlock{}
	}
	b.ledger[key] = block
	return block, nil
}

// markStored notes in b that a message is archived, and whether it has files.
func (r *run) markStored(b *batch, chat archive.PeerID, id int, files bool) error {
	block, err := r.ledger(b, string(chat), id)
	if err != nil {
		return err
	}
	block.Stored.set(id%blockIDs, true)
	block.Media.set(id%blockIDs, files)
	return nil
}

// markDeleted notes in b which messages the server said are deleted; chat is ""
// for users and basic groups.
func (r *run) markDeleted(b *batch, chat archive.PeerID, ids []int) error {
	peer := string(chat)
	if chat == "" {
		peer = ledgerCommon
	}
	for _, id := range ids {
		block, err := r.ledger(b, peer, id)
		if err != nil {
			return err
		}
		block.Deleted.set(id%blockIDs, true)
	}
	return nil
}

// closeLedger puts the blocks of b into its state.
func (b *batch) closeLedger() error {
	for key, block := range b.ledger {
		if err := b.set(key, block); err != nil {
			return err
		}
	}
	b.ledger = nil
	return nil
}

// blocks visits the ledger of a peer, ascending; first is a block's first id.
func blocks(s State, account archive.PeerID, peer string, visit func(first int, b *ledgerBlock) error) error {
	prefix := ledgerPrefix(account, peer)
	return s.Range(prefix, func(key string, value []byte) error {
		n, err := strconv.ParseInt(strings.TrimPrefix(key, prefix), 16, 32)
		if err != nil {
			return fmt.Errorf("state %s: %w", key, err)
		}
		b := new(ledgerBlock)
		if err := json.Unmarshal(value, b); err != nil {
			return fmt.Errorf("state %s: %w", key, err)
		}
		return visit(int(n)*blockIDs, b)
	})
}

// ranges visits what the block says of its ids, ascending; common are the deletions of
// a chat that shares its ids with others.
func (b *ledgerBlock) ranges(first int, common idSet, visit func(GapRange)) {
	var r GapRange
	for i := range 8 * max(len(b.Stored), len(b.Deleted)) {
		stored, deleted := b.Stored.has(i), b.Deleted.has(i) || common.has(i)
		var class GapClass
		var reason string
		switch {
		case stored && deleted:
			class = GapDeleted
		case stored:
			class = GapStored
		case b.Deleted.has(i): // before it was fetched
			class, reason = GapNotThere, "deleted"
		}
		if class == r.Class && class != "" {
			r.To = first + i
			continue
		}
		if r.Class != "" {
			visit(r)
		}
		r = GapRange{From: first + i, To: first + i, Class: class, Reason: reason}
	}
	if r.Class != "" {
		visit(r)
	}
}
