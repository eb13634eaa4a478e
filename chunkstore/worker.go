package chunkstore

import "telekeep/crypto"

// A worker does the computing for one chunk after the other, on one core.
type worker struct {
	pipeline   *pipeline
	hasher     *crypto.Hasher
	compressor *compressor
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
	encoding, stored := w.compressor.encode(j.data)
	return w.pipeline.place(newChunk{id: id, encoding: encoding, stored: stored, raw: len(j.data)})
}
