package index

import (
	"context"
	"sync"
	"sync/atomic"
)

// Options says where an index lies.
type Options struct {
	// Vault is the id of the vault that the index is of.
	Vault string
	// Dir is a folder for the index; "" keeps it in memory. It is made if it is not there,
	// and must hold nothing but an index.
	Dir string
}

// An Index finds messages. All methods are safe for use by many goroutines at once, also
// during an Update; what it has taken so far is there.
type Index struct {
	db    *database
	ready atomic.Bool

	updating sync.Mutex // one Update at a time
}

// Open opens an index, or makes an empty one; Update fills it. ErrOtherVault, ErrBusy, or
// ErrForeign where the folder holds other things.
func Open(ctx context.Context, o Options) (*Index, error) {
	db, err := openDatabase(ctx, o.Dir, o.Vault)
	if err != nil {
		return nil, sortError(err)
	}
	return &Index{db: db}, nil
}

// Ready reports whether an Update has ended whole.
func (x *Index) Ready() bool { return x.ready.Load() }

// Close gives everything back. The memory of an index without a folder is gone.
func (x *Index) Close() error {
	x.updating.Lock()
	defer x.updating.Unlock()
	return x.db.close()
}
