package archive

import (
	"context"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// A store is what a Writer needs of the vault; chunkstore.Writer is the one.
type store interface {
	NewStream() stream
	Get(key string) ([]byte, bool, error)
	Set(key string, value []byte) error // nil deletes; durable with the next Commit
	Range(prefix string, f func(key string, value []byte) error) error
	// Head returns number and hash of the last commit, 0 and "" before the first.
	Head() (seq uint64, hash string)
	// LostUpTo returns the last commit whose changes of the state nobody knows, or 0.
	LostUpTo() uint64
	// Held returns about how many bytes of memory the next commit sets free.
	Held() int64
	// Tight reports whether the store needs a commit to have room for its own state.
	Tight() bool
	// FillReserve lets the store keep room for the next commit again.
	FillReserve()
	Commit(ctx context.Context, records []crypto.ID) (*chunkstore.Commit, error)
}

// A stream cuts bytes into chunks and stores them; chunkstore.Stream is the one.
type stream interface {
	Write(p []byte) (int, error)
	// Cuts returns the ids of the chunks cut so far and how many bytes they hold.
	Cuts() ([]crypto.ID, int64, error)
	// Close cuts what is left and returns the ids of all chunks.
	Close() ([]crypto.ID, error)
	Abort()
}

// A vaultStore is the store over a vault.
type vaultStore struct{ *chunkstore.Writer }

func (v vaultStore) NewStream() stream { return v.Writer.NewStream() }
