package chunkstore

import "telekeep/crypto"

// A worker does the computing for one chunk after the other, on one core.
type worker struct {
	pipeline *pipeline
	hasher   *crypto.Hasher
}

func (w *worker) run() {
	for {
		j, ok := w.pipeline.next()
		if !ok {
			return
		}
		w.pipeline.done(j, w.do(j))
	}
}

// do names a chunk and, if it is new, stores it.
func (w *worker) do(j job) error {
	id := w.hasher.ID(j.data)
	j.stream.setID(j.number, id)
	mine, err := w.pipeline.claim(id)
	if err != nil || !mine {
		return err
	}
	c, err := w.pipeline.compressors.get()
	if err != nil {
		return err
	}
	defer w.pipeline.compressors.put(c) // it owns stored
	encoding, stored := c.encode(j.data)
	return w.pipeline.place(newChunk{id: id, encoding: encoding, stored: stored, raw: len(j.data)})
}
