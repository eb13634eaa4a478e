package chunkstore

import "telekeep/crypto"

// A worker does the computing for one chunk after the other, on one core.
type worker struct {
	pipeline   *pipeline
	hasher     *crypto.Hasher
	compressor *compressor
	id         crypto.ID // of the chunk at hand
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
	w.id = w.hasher.ID(j.data)
	j.stream.setID(j.number, w.id)
	mine, err := w.pipeline.claim(w.id)
	if err != nil || !mine {
		return err
	}
	return w.pipeline.place(j, w)
}
