package export

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"telekeep/archive"
)

// otherData writes what else the server holds of the account, with the keys in
// alphabetical order, as Telegram Desktop does.
func (r *run) otherData(o *object) {
	items, known := r.items(archive.KindOther)
	if !known || len(items) == 0 {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(items[0].Other.JSON))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return // the archive takes nothing that is not JSON
	}
	o.key("other_data")
	o.w.any(o.indent+1, value)
}

// any writes a value that was read from JSON, its closing bracket indented by
// indent spaces.
func (w *buffer) any(indent int, value any) {
	switch value := value.(type) {
	case map[string]any:
		o := beginObject(w, indent)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			o.key(key)
			w.any(indent+1, value[key])
		}
		o.end()
	case []any:
		l := beginList(w, indent)
		for _, one := range value {
			l.item()
			w.any(indent+1, one)
		}
		l.end()
	case string:
		w.quote(value)
	case json.Number:
		w.put(value.String())
	case bool:
		w.boolean(value)
	default:
		w.put("null")
	}
}
