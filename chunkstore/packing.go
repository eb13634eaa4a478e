package chunkstore

import (
	"errors"
	"slices"

	"telekeep/crypto"
)

// enoughFull is the room in bytes below which a pack is closed: what comes is seldom
// shorter, and a pack that waits for it holds 32 MiB of memory.
const enoughFull = 256 << 10

// nearlyFull is the room in bytes below which it matters into which pack a chunk goes:
// too long for the one, it may just fit into the other.
const nearlyFull = 2 << 20

// An openPack takes chunks. Its builder belongs to whoever made it busy.
type openPack struct {
	builder *packBuilder
	busy    bool
	room    int64 // of the builder; what others may read while it is busy
	last    bool  // it takes nothing more: others are sealed to another key
	hash    packHash
	sealed  *sealedPack // when it is finished; all it waits for is its name
}

// place puts one chunk into a pack that is not busy and has room.
func (p *pipeline) place(c newChunk) error {
	k, err := p.reserve(int64(len(c.stored)))
	if err != nil {
		return err
	}
	err = k.builder.add(c)
	p.mu.Lock()
	defer p.mu.Unlock()
	k.busy, k.room, k.hash.sealed = false, k.builder.room(), k.builder.content.Sealed()
	if err != nil {
		return err
	}
	p.stats.ChunksNew++
	p.stats.BytesNew += int64(c.raw)
	p.changed.Broadcast()
	if full := k.room < enoughFull; full || k.last {
		p.closePack(k, full)
	} else {
		p.hash(k, false)
	}
	return p.fatal
}

// reserve returns a pack with room for n stored bytes, busy.
func (p *pipeline) reserve(n int64) (*openPack, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err := p.stopped(); err != nil {
			return nil, err
		}
		idle, soon := p.bestFit(n)
		switch {
		case idle != nil:
			idle.busy = true
			return idle, nil
		case !p.wantsPack(soon):
			p.changed.Wait() // for a busy pack
		case p.lent <= p.limits.openPacks:
			return p.startPack()
		case p.hashFinished(): // memory comes the sooner
		case !p.giveUpRoom(soon):
			p.changed.Wait() // for memory
		}
	}
}

// bestFit returns the idle pack that should take n stored bytes, and how many busy ones
// have room.
func (p *pipeline) bestFit(n int64) (idle *openPack, soon int) {
	for _, k := range p.open {
		switch {
		case k.room < n:
		case k.busy:
			soon++
		case idle == nil || p.before(k, idle):
			idle = k
		}
	}
	return idle, soon
}

// before reports whether a chunk should go into k rather than into another pack: into the
// fuller one if one is nearly full. Else packs are filled evenly, so that there always is
// something of both to be hashed together.
func (p *pipeline) before(k, other *openPack) bool {
	if !p.limits.hashTwo || min(k.room, other.room) < nearlyFull {
		return k.room < other.room
	}
	return len(k.hash.behind()) < len(other.hash.behind())
}

// wantsPack reports whether a chunk that fits into no idle pack should have another
// one opened, when soon busy ones will have room for it. If no chunk is waiting behind
// it the little that comes should not be spread over two; if there is one, a core would
// stand still while two workers take turns at one pack.
func (p *pipeline) wantsPack(soon int) bool {
	return soon == 0 || soon < p.limits.openPacks && len(p.jobs) > 0
}

// giveUpRoom makes memory come: there is enough for one pack more than OpenPacks, which
// is either on its way to the destination or is open because what came lately was too
// long for it. If nothing is on its way, or only one pack while the others have no room
// either, the fullest idle pack is closed as it is. It reports whether anything has
// changed.
func (p *pipeline) giveUpRoom(soon int) bool {
	full := p.fullestIdle()
	comes := len(p.finished)+len(p.sealed) > 0 && (soon > 0 || len(p.open) < p.limits.openPacks)
	if comes || full == nil {
		return false
	}
	p.closePack(full, true)
	return true
}

func (p *pipeline) fullestIdle() *openPack {
	var fullest *openPack
	for _, k := range p.open {
		if !k.busy && (fullest == nil || k.room < fullest.room) {
			fullest = k
		}
	}
	return fullest
}

// startPack opens a pack, busy. It unlocks while it does.
func (p *pipeline) startPack() (*openPack, error) {
	k := &openPack{busy: true, room: int64(p.limits.packSize), hash: newPackHash()}
	p.open = append(p.open, k) // the place is taken
	p.lent++
	var buf []byte
	if n := len(p.memory); n > 0 {
		buf, p.memory = p.memory[n-1], p.memory[:n-1]
	}
	to := p.sealTo
	p.mu.Unlock()
	var err error
	if buf == nil {
		buf, err = newPackMemory(p.limits.packSize)
	}
	if err == nil {
		k.builder, err = newPackBuilder(buf, to)
	}
	p.mu.Lock()
	if err != nil {
		p.forget(k)
		p.release(buf)
		return nil, err
	}
	k.room = k.builder.room()
	return k, nil
}

// closePack finishes an idle pack. It goes to the putters when it is hashed: if it is full
// and others are being filled, what is behind is hashed together with what comes into
// them. It unlocks meanwhile. If it fails the pipeline is dead: chunks are lost.
func (p *pipeline) closePack(k *openPack, full bool) {
	k.busy = true
	k.room = 0 // nobody shall wait for it
	p.mu.Unlock()
	sealed, err := k.builder.finish(full)
	p.mu.Lock()
	p.forget(k)
	p.changed.Broadcast()
	if err != nil {
		p.release(k.builder.content.Sealed())
		p.fatal = err
		return
	}
	k.sealed, k.hash.sealed = sealed, sealed.data
	p.finished = append(p.finished, k)
	p.hash(k, !full || len(p.open) == 0)
}

// sealFrom has packs sealed to another key, and returns when those that are open take nothing
// more.
func (p *pipeline) sealFrom(to crypto.Recipient) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to.String() == p.sealTo.String() {
		return nil
	}
	p.sealTo = to
	p.working++ // flush leaves the open packs alone meanwhile
	defer func() {
		p.working--
		p.changed.Broadcast()
	}()
	for _, k := range p.open {
		k.last = true
	}
	for p.stopped() == nil {
		switch before, idle := p.ofBefore(); {
		case idle != nil:
			p.closePack(idle, false) // unlocks meanwhile
		case before:
			p.changed.Wait()
		default:
			return nil
		}
	}
	return p.stopped()
}

// ofBefore reports whether a pack is open that shall take nothing more, and returns one that is
// idle.
func (p *pipeline) ofBefore() (open bool, idle *openPack) {
	for _, k := range p.open {
		if k.last && !k.busy {
			return true, k
		}
		open = open || k.last
	}
	return open, nil
}

func (p *pipeline) forget(k *openPack) {
	p.open = slices.DeleteFunc(p.open, func(other *openPack) bool { return other == k })
}

// release takes the memory of a pack back.
func (p *pipeline) release(buf []byte) {
	p.lent--
	if buf != nil {
		p.memory = append(p.memory, buf[:0])
	}
	p.changed.Broadcast()
}

// freeMemory gives up what a writer that waits does not need: the memory of packs, which
// the system gets at once, buffers and compressors. All of it is made anew in
// milliseconds. It is called behind a commit, when no pack is open.
func (p *pipeline) freeMemory() error {
	p.buffers.forget()
	p.compressors.forget()
	p.mu.Lock()
	unused := p.memory
	p.memory = nil
	p.mu.Unlock()
	var err error
	for _, b := range unused {
		err = errors.Join(err, freePackMemory(b))
	}
	return err
}

// putSealed stores one sealed pack after the other.
func (p *pipeline) putSealed() {
	for {
		k := p.takeSealed()
		if k == nil {
			return
		}
		p.stored(k, p.store(k))
	}
}

// takeSealed waits for a pack to store; nil means that there will be none.
func (p *pipeline) takeSealed() *sealedPack {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed {
		if k := p.waiting(); k != nil {
			k.busy = true
			return k
		}
		p.changed.Wait()
	}
	return nil
}

// waiting returns the first pack that nobody is storing, if storing makes sense.
func (p *pipeline) waiting() *sealedPack {
	if p.failed() != nil {
		return nil
	}
	for _, k := range p.sealed {
		if !k.busy {
			return k
		}
	}
	return nil
}

// store makes one pack durable, then remembers it: in the other order a power cut
// could leave chunks that count as stored and are not.
func (p *pipeline) store(k *sealedPack) error {
	if err := p.put(packName(k.name), k.data); err != nil {
		return err
	}
	return p.state.addPending(Object{k.name, int64(len(k.data))}, k.dir)
}

// stored ends the way of a pack: from here on the state knows its chunks. After an
// error the pack stays, for retry.
func (p *pipeline) stored(k *sealedPack, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.busy = false
	if err != nil {
		p.putErr = err
		p.changed.Broadcast()
		return
	}
	p.sealed = slices.DeleteFunc(p.sealed, func(other *sealedPack) bool { return other == k })
	for i := range k.dir.len() {
		delete(p.claims, k.dir.entry(i).ID)
	}
	p.stats.Packs++
	p.stats.PackBytes += int64(len(k.data))
	p.release(k.data)
}
