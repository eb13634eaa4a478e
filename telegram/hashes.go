package telegram

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/gotd/td/tg"
)

// hashes compares parts of one file with the hashes that the server has of its
// blocks (128 KiB each at Telegram). They are asked for as they are needed.
type hashes struct {
	size   int64 // of the file
	before bool  // parts of an earlier run were not compared
	ask    func(ctx context.Context, off int64) ([]tg.FileHash, error)
	lacks  func(ctx context.Context) error // called when the first hash is missing

	turn    turn          // guards what follows
	list    []tg.FileHash // ascending
	lacking bool          // not every byte could be compared
	checked bool          // some byte was
}

// check compares data, which starts at off. Where the server has no hash, or
// one over more than this part, the part counts as right, and the file as one
// that was not compared.
func (h *hashes) check(ctx context.Context, off int64, data []byte) error {
	if err := h.turn.take(ctx); err != nil {
		return err
	}
	defer h.turn.give()
	for end := off + int64(len(data)); off < end; {
		block, err := h.block(ctx, off)
		if err != nil {
			return err
		}
		stop := min(block.Offset+int64(block.Limit), h.size)
		if block.Limit <= 0 || block.Offset != off || stop > end {
			return h.lack(ctx)
		}
		if sum := sha256.Sum256(data[:stop-off]); string(sum[:]) != string(block.Hash) {
			h.list = nil // the hash can be at fault: ask again
			return errDiffers
		}
		h.checked = true
		data, off = data[stop-off:], stop
	}
	return nil
}

// block finds the hash of the block that off is in; Limit 0 if there is none.
func (h *hashes) block(ctx context.Context, off int64) (tg.FileHash, error) {
	if block, ok := h.known(off); ok || h.lacking {
		return block, nil
	}
	list, err := h.ask(ctx, off)
	if err != nil {
		return tg.FileHash{}, err
	}
	h.list = append(h.list, list...)
	slices.SortFunc(h.list, func(a, b tg.FileHash) int { return int(min(1, max(-1, a.Offset-b.Offset))) })
	block, _ := h.known(off)
	return block, nil
}

func (h *hashes) known(off int64) (tg.FileHash, bool) {
	for _, block := range h.list {
		if block.Offset <= off && off < block.Offset+int64(block.Limit) {
			return block, true
		}
	}
	return tg.FileHash{}, false
}

func (h *hashes) lack(ctx context.Context) error {
	if h.lacking {
		return nil
	}
	if err := h.lacks(ctx); err != nil {
		return err
	}
	h.lacking = true
	return nil
}

// complete reports whether every byte was compared. It is for when all checks
// are over.
func (h *hashes) complete() bool {
	return h.checked && !h.lacking && !h.before
}
