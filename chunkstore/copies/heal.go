package copies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"telekeep/chunkstore"
)

// Healing makes of several copies of a vault, each of which may be damaged, ones that are
// whole. It needs no key that opens anything:
//
//	what is good                                           who says so
//	a pack                                                 its name is its SHA-256, a good commit lists it
//	an index                                               a good commit lists its SHA-256
//	a commit                                               the writer's signature, by its entry
//	secrets.age                                            the writer's entry lists its SHA-256
//	a key file                                             the newest commits list its SHA-256
//	a writer's entry                                       the id key (which every writer has); else the copies' votes
//	vault.json, README.txt                                 their own rules, and the copies' votes
//
// Where votes decide, what this machine keeps by itself (Witness) decides before them, and
// what is disputed is named and left alone. A bad object is read twice before it counts as
// bad, its replacement is checked in memory before it is written and read back after.
//
// The bad bytes of small objects are set aside in the same place, below aside/: they are
// the evidence if somebody changed them. Those of packs and indexes are not: a hash says
// that they are nothing that was ever stored, the good bytes are there, and they are large.
//
// Nothing is deleted but what was set aside before. Retired packs are neither missed nor
// brought back.

// HealOptions says what Heal does.
type HealOptions struct {
	// Vault is the id of the vault; "" is what Secrets, Heads or most copies say.
	Vault string
	// Secrets are those of this machine's writer, if it has any: their id key tells
	// entries of writers that are genuine.
	Secrets *chunkstore.WriterSecrets
	// Heads are the last commits that this machine remembers to have made or seen.
	Heads []chunkstore.Head
	// Witness holds small objects as this machine keeps them by itself, out of reach of
	// the copies; it may hold only some, or be nil.
	Witness chunkstore.Destination
	// Look changes nothing.
	Look bool
	// Skim looks at the lengths of packs and indexes and does not read them.
	Skim bool
	// Suspects are names of packs and indexes that are read all the same.
	Suspects map[string]bool
	// Progress is told how many of the bytes to be read have been; it may be nil, and is
	// never called twice at once.
	Progress func(done, total int64)
	// Workers is how many packs are checked at once; for each that is healed one is in
	// memory. 0 means 2.
	Workers int
}

// Heal compares copies of a vault, and makes whole what one of them has whole. It never
// stops at the first fault. It fails, without a Comparison, only if nothing can be
// compared: chunkstore.ErrNoVault if no copy shows which vault it is of, an end of ctx.
func Heal(ctx context.Context, members []Member, o HealOptions) (*Comparison, error) {
	if o.Workers <= 0 {
		o.Workers = 2
	}
	h := &healer{o: o, writers: make(map[string]*line), packs: make(map[chunkstore.Hash]packWanted)}
	h.report = &Comparison{Faults: []*Fault{}, Notices: []*Fault{}, Copies: []string{}}
	for i := range members {
		h.members = append(h.members, &member{Member: members[i], lacks: make(map[string]bool)})
	}
	for _, step := range []func(context.Context) error{
		h.list, h.findVault, h.findWriters, h.findCommits, h.dismiss, h.findKeys, h.findPacks, h.findTails,
		h.mendSmall, h.mendPacks, h.mendCommits, h.strays,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	h.report.sort()
	return h.report, nil
}

// A healer is one run of Heal.
type healer struct {
	o       HealOptions
	members []*member
	vault   *chunkstore.Vault // its Writers are not used
	marker  []byte            // vault.json; nil if it is disputed
	writers map[string]*line
	keys    map[string]keyWanted // by object name
	// removedKeys are the names of the key files that an owner has removed.
	removedKeys map[string]bool
	// addedKeys are those that an owner added and that some place has as they were then.
	addedKeys map[string]bool
	packs     map[chunkstore.Hash]packWanted
	aside     []setAside
	total     int64
	rest      func(took time.Duration) // after each read of a pack; may be nil

	mu     sync.Mutex // guards report and done while packs are read
	report *Comparison
	done   int64
}

// A member is a place while it is compared.
type member struct {
	Member
	tails map[string]*tail // by writer: newest commits that it lacks

	mu    sync.Mutex
	sizes map[string]int64 // what lies there; nil: nothing is known, and it is left alone
	lacks map[string]bool  // objects that it should have and that others have
}

// has reports whether an object lies there.
func (m *member) has(name string) bool {
	_, ok := m.size(name)
	return ok
}

func (m *member) size(name string) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size, ok := m.sizes[name]
	return size, ok
}

func (m *member) holds(name string, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sizes[name] = size
}

func (m *member) gone(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sizes, name)
}

func (m *member) misses(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lacks[name] = true
}

// A line is what all copies together know of one writer.
type line struct {
	entry   *chunkstore.WriterEntry
	text    []byte               // of the entry
	commits []*chunkstore.Commit // that any copy has good, ascending
	bySeq   map[uint64]*chunkstore.Commit
	forked  map[uint64]bool
	at      map[*member]map[uint64]chunkstore.Hash // the good commits of each member
	entries map[*member]bool                       // who has the entry as it should be
}

type packWanted struct {
	chunkstore.Object
	by *chunkstore.Commit
}

type keyWanted struct {
	chunkstore.Object
	by       string // the commit that lists it
	disputed bool   // others list it with other bytes
}

// fault notes what is wrong with a member.
func (h *healer) fault(m *member, kind FaultKind, object, detail string) *Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &Fault{Copy: m.Name, Kind: kind, Object: object, Detail: detail}
	h.report.Faults = append(h.report.Faults, f)
	return f
}

func (h *healer) notice(m *member, kind FaultKind, object, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.report.Notices = append(h.report.Notices, &Fault{Copy: m.Name, Kind: kind, Object: object, Detail: detail})
}

// there are the members that take part.
func (h *healer) there() []*member {
	return slices.DeleteFunc(slices.Clone(h.members), func(m *member) bool { return m.sizes == nil })
}

// list lists every place. One that cannot be listed takes no part.
func (h *healer) list(ctx context.Context) error {
	for _, m := range h.members {
		sizes := make(map[string]int64)
		err := m.Place.List(ctx, "", func(name string, size int64) error {
			sizes[name] = size
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			h.fault(m, FaultUnreadable, "", err.Error()).Why = "it cannot be listed"
			continue
		}
		m.sizes = sizes
	}
	return nil
}

// findVault finds out which vault this is about, and what its vault.json is.
func (h *healer) findVault(ctx context.Context) error {
	votes := make(map[string]int)
	texts := make(map[*member][]byte)
	for _, m := range h.there() {
		data, err := readSmall(ctx, m.Place, chunkstore.VaultName, chunkstore.MaxSmall)
		if err != nil {
			continue
		}
		if v, err := chunkstore.ParseVault(data); err == nil {
			texts[m] = data
			votes[v.ID]++
		}
	}
	id := h.vaultID(votes)
	if id == "" {
		return fmt.Errorf("no copy says which vault it is: %w", chunkstore.ErrNoVault)
	}
	h.report.Vault = id
	h.vault = &chunkstore.Vault{ID: id}
	var claims []claim
	for _, m := range h.there() {
		if v, err := chunkstore.ParseVault(texts[m]); err == nil && v.ID == id {
			claims = append(claims, claim{m, texts[m]})
		}
	}
	claims = h.withWitness(ctx, chunkstore.VaultName, claims, func(data []byte) error {
		v, err := chunkstore.ParseVault(data)
		if err == nil && v.ID != id {
			err = chunkstore.ErrOtherVault
		}
		return err
	})
	for _, c := range claims { // the recipient is bound to the id: any will do
		if v, err := chunkstore.ParseVault(c.data); err == nil {
			h.vault = v
		}
	}
	h.marker = h.settle(claims)
	return nil
}

// vaultID decides which vault this is about.
func (h *healer) vaultID(votes map[string]int) string {
	switch {
	case h.o.Vault != "":
		return h.o.Vault
	case h.o.Secrets != nil:
		return h.o.Secrets.VaultID
	}
	for _, head := range h.o.Heads {
		return head.Vault
	}
	ids := slices.Sorted(maps.Keys(votes))
	if len(ids) == 0 {
		return ""
	}
	return slices.MaxFunc(ids, func(a, b string) int { return cmp.Compare(votes[a], votes[b]) })
}

// A claim is a text that one side holds for an object that only its own rules, and no
// hash in a signed commit, speak for.
type claim struct {
	by   *member // nil: the witness
	data []byte
}

// withWitness adds what this machine keeps itself, if that is valid.
func (h *healer) withWitness(ctx context.Context, name string, claims []claim, valid func([]byte) error) []claim {
	if h.o.Witness == nil {
		return claims
	}
	data, err := readSmall(ctx, h.o.Witness, name, chunkstore.MaxSmall)
	if err != nil || valid(data) != nil {
		return claims
	}
	return append(claims, claim{nil, data})
}

// settle decides between valid claims: the witness, the only one, or most of all copies.
// nil if nothing decides.
func (h *healer) settle(claims []claim) []byte {
	votes := make(map[string]int)
	for _, c := range claims {
		if c.by == nil {
			return c.data
		}
		votes[string(c.data)]++
	}
	for text, n := range votes {
		if len(votes) == 1 || 2*n > len(h.there()) {
			return []byte(text)
		}
	}
	return nil
}

// dismiss leaves alone the places that hold nothing of this vault: an empty mount point, a
// drive with another one.
func (h *healer) dismiss(ctx context.Context) error {
	for _, m := range h.there() {
		data, err := readSmall(ctx, m.Place, chunkstore.VaultName, chunkstore.MaxSmall)
		v, parseErr := chunkstore.ParseVault(data)
		another := err == nil && parseErr == nil && v.ID != h.vault.ID
		if err == nil && parseErr == nil && !another || h.speaksOf(m, another) {
			h.report.Copies = append(h.report.Copies, m.Name)
			continue
		}
		h.forget(m)
		switch {
		case another:
			h.fault(m, FaultOtherVault, chunkstore.VaultName, "it is vault "+v.ID).Why = "nothing is written to another vault"
		case err == nil && errors.Is(parseErr, chunkstore.ErrUnknownFormat):
			h.fault(m, FaultVersion, chunkstore.VaultName, parseErr.Error()).Why = "this telekeep does not know the format"
		default:
			h.fault(m, FaultNoVault, "", "nothing of the vault is there").Why = "nothing is written where no vault is: it may be an empty mount point"
		}
		m.sizes = nil
	}
	if len(h.report.Copies) == 0 {
		return fmt.Errorf("no copy holds vault %s: %w", h.vault.ID, chunkstore.ErrNoVault)
	}
	return nil
}

// forget drops what was told of a place that takes no part.
func (h *healer) forget(m *member) {
	h.report.Faults = slices.DeleteFunc(h.report.Faults, func(f *Fault) bool { return f.Copy == m.Name })
	h.aside = slices.DeleteFunc(h.aside, func(a setAside) bool { return a.m == m })
}

// speaksOf reports whether a place without a good vault.json is one of the vault's all the
// same: it holds a commit or a writer's entry that is the vault's. Where vault.json is that
// of another vault it must be most commits: a few may have been mixed in.
func (h *healer) speaksOf(m *member, another bool) bool {
	there, all, entries := 0, 0, 0
	for id, l := range h.writers {
		there, all = there+len(l.at[m]), all+len(l.commits)
		if m.has(chunkstore.WriterName(id)) && l.entries[m] {
			entries++
		}
	}
	if another {
		return 2*there > all
	}
	return there+entries > 0
}
