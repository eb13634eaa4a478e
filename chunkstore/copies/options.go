package copies

import (
	"context"
	"errors"
	"io"
	"time"

	"telekeep/chunkstore"
)

// A Driver stores the objects of one place.
type Driver interface {
	chunkstore.Destination
	io.Closer
}

// A Place is where one copy of the vault lies.
type Place struct {
	// Name is what people call the copy. It is unique in a Set.
	Name string
	// Open opens the place. It fails if nothing is there; it is called again later
	// then, so it should be cheap, and must not make the folder.
	Open func(ctx context.Context) (Driver, error)
}

// What a Driver may be able to do besides.
type (
	// settler makes the names durable that a process gave which was killed before it did so itself:
	// they are seen, and a power cut may still take them.
	settler interface {
		Settle(ctx context.Context) error
	}
	// freer tells how many bytes the place still takes.
	freer interface {
		Free(ctx context.Context) (int64, error)
	}
	// identifier tells what the place is on: words such as "type=ext4" and "uuid=…"
	// that stay the same as long as the file system is the same. A kind of word that
	// is not known is left out.
	identifier interface {
		Identity(ctx context.Context) (string, error)
	}
	// writer tells, with an error, that the place takes nothing at all.
	writer interface {
		Writable(ctx context.Context) error
	}
	// mounter tells whether the path of the place still leads to what was opened: an
	// error if not.
	mounter interface {
		Mounted(ctx context.Context) error
	}
)

// Options say what a Set is made of. Vault and Places are needed.
type Options struct {
	// Vault is the id that every place must have in vault.json.
	Vault string
	// Places are the copies; the first is preferred for reading. There may be none if
	// there is a spool.
	Places []Place
	// Secrets of this machine's writer, if it has any: with them entries of writers are
	// checked to be genuine before they are copied to another place.
	Secrets *chunkstore.WriterSecrets
	// Spool is a folder of this Set's own, made if it is missing; "" means none, which
	// is right for whoever only reads.
	Spool string
	// SpoolMax is how many bytes of packs the spool takes. 0 means DefaultSpoolMax.
	SpoolMax int64
	// Need is how many places must hold an object durably until it counts as stored and
	// leaves the spool. 0 means 1.
	Need int
	// Reserve is how many bytes must stay free at places that tell what is free, so that
	// a full disk can still be repaired; packs that would need them are not stored
	// there. 0 means DefaultReserve; less means none.
	Reserve int64
	// Memory is how many bytes of packs a CatchUp holds in memory at most; one pack is
	// always held, whatever its length. 0 means DefaultMemory.
	Memory int64
	// State is the file of what is remembered of the places, made if it is missing; ""
	// means that nothing is remembered.
	State string
	// Now gives the time that is stored, and by which a place that failed is tried
	// again. Nil means time.Now.
	Now func() time.Time
	// Notice, if not nil, is told when something about a place changes. It may be called
	// from several goroutines, and must not call the Set.
	Notice func(Event)

	through throughTree // nil: nothing is in between
}

// What Options mean where they say nothing, in bytes.
const (
	DefaultSpoolMax = 2 << 30
	DefaultReserve  = 256 << 20
	DefaultMemory   = 96 << 20
)

func (o Options) withDefaults() (Options, error) {
	if o.SpoolMax == 0 {
		o.SpoolMax = DefaultSpoolMax
	}
	if o.Need == 0 {
		o.Need = 1
	}
	if o.Reserve == 0 {
		o.Reserve = DefaultReserve
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default
	}
	names := make(map[string]bool)
	for _, p := range o.Places {
		if p.Name == "" || names[p.Name] || p.Open == nil {
			return o, errors.New("every copy needs a name of its own and a way to open it")
		}
		names[p.Name] = true
	}
	switch {
	case o.Vault == "":
		return o, errors.New("a set of copies needs the id of its vault")
	case len(o.Places) == 0 && o.Spool == "":
		return o, errors.New("a set of copies needs a copy or a spool")
	}
	return o, nil
}
