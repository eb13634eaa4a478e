package layer

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"
)

// ErrUnsayable: the object has no form in the client's layer.
var ErrUnsayable = errors.New("there is no such thing in the client's layer")

// A Translator speaks older layers. Safe for concurrent use.
type Translator struct {
	tables  map[int]*table // by layer, nil for those without
	layouts layouts
}

// New reads the tables; an error means that the program was built wrong.
func New() (*Translator, error) {
	tables, err := readTables()
	if err != nil {
		return nil, err
	}
	return &Translator{tables: tables}, nil
}

// Knows reports whether clients of a layer can be answered.
func (t *Translator) Knows(layer int) bool { return layer >= tg.Layer || t.tables[layer] != nil }

// For returns v as a client of a layer understands it. What it returns fails to
// encode with ErrUnsayable where there is no such form.
func (t *Translator) For(v bin.Encoder, layer int) bin.Encoder {
	table := t.tables[layer]
	if _, ok := v.(tdp.Object); !ok || table == nil {
		return v
	}
	return &translated{of: v, by: t, table: table}
}

type translated struct {
	of    bin.Encoder
	by    *Translator
	table *table
}

// Encode implements bin.Encoder.
func (v *translated) Encode(b *bin.Buffer) error {
	w := writer{b: b, table: v.table, layouts: &v.by.layouts}
	return w.whole(v.of)
}

// Request makes a request of an older layer one of today's: the result begins with
// today's id. It returns body itself where nothing differs. A body that is too
// short to be a request is left alone.
func (t *Translator) Request(body []byte, layer int) []byte {
	table := t.tables[layer]
	if table == nil || len(body) < bin.Word {
		return body
	}
	old, ok := table.requests[binary.LittleEndian.Uint32(body)]
	if !ok {
		return body
	}
	today := binary.LittleEndian.AppendUint32(make([]byte, 0, len(body)+bin.Word), old.id)
	if old.noFlags {
		today = append(today, 0, 0, 0, 0)
	}
	return append(today, body[bin.Word:]...)
}

func unsayable(name string) error { return fmt.Errorf("%w: %s", ErrUnsayable, name) }
