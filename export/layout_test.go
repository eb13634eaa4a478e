package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A node is a JSON value with the order of its keys.
type node struct {
	scalar string // as written: "\"text\"", "12", "true"; "" for the others
	keys   []string
	values []*node // of an object or an array
	array  bool
}

// layoutError parses a document, writes it again by the rules of Telegram
// Desktop's export and says where the two differ. It is written against the
// description of the format and shares no code with the writer.
func layoutError(doc []byte) error {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	n, err := parseNode(dec)
	if err != nil {
		return err
	}
	if dec.More() {
		return fmt.Errorf("something follows the document")
	}
	var out strings.Builder
	lay(&out, n, "", 0)
	again := out.String()
	if again == string(doc) {
		return nil
	}
	at := 0
	for at < min(len(again), len(doc)) && again[at] == doc[at] {
		at++
	}
	cut := func(s string) string { return s[max(0, at-80):min(len(s), at+60)] }
	return fmt.Errorf("differs at byte %d\nexpected %q\nfound    %q", at, cut(again), cut(string(doc)))
}

func parseNode(dec *json.Decoder) (*node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		n := &node{array: token == '['}
		for dec.More() {
			if !n.array {
				key, err := dec.Token()
				if err != nil {
					return nil, err
				}
				n.keys = append(n.keys, key.(string))
			}
			value, err := parseNode(dec)
			if err != nil {
				return nil, err
			}
			n.values = append(n.values, value)
		}
		_, err := dec.Token() // the closing bracket
		return n, err
	case string:
		return &node{scalar: scalarText(token)}, nil
	case nil:
		return &node{scalar: "null"}, nil
	}
	return &node{scalar: fmt.Sprint(token)}, nil
}

var layoutEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\u2028", `\u2028`, "\u2029", `\u2029`)

func scalarText(s string) string {
	s = layoutEscapes.Replace(s)
	for c := range byte(' ') {
		if strings.IndexByte(s, c) >= 0 {
			s = strings.ReplaceAll(s, string(rune(c)), fmt.Sprintf(`\u%04x`, c))
		}
	}
	return `"` + s + `"`
}

// lay writes a value that belongs to a key. n is how far its closing bracket is
// indented; the elements stand one deeper.
func lay(out *strings.Builder, v *node, key string, n int) {
	switch {
	case v.scalar != "":
		out.WriteString(v.scalar)
	case v.array && len(v.values) == 0 && key == "text_entities":
		out.WriteString("[]")
	case v.array:
		if key == "reactions" {
			n++
		}
		out.WriteString("[")
		for i, one := range v.values {
			newElement(out, i, n+1)
			lay(out, one, "", n+1)
		}
		newLine(out, n)
		out.WriteString("]")
	default:
		layObject(out, v, n)
	}
}

func layObject(out *strings.Builder, v *node, n int) {
	out.WriteString("{")
	for i, k := range v.keys {
		newElement(out, i, n+1)
		out.WriteString(scalarText(k) + ": ")
		lay(out, v.values[i], k, n+1)
	}
	newLine(out, n)
	out.WriteString("}")
}

func newElement(out *strings.Builder, i, n int) {
	if i > 0 {
		out.WriteString(",")
	}
	newLine(out, n)
}

func newLine(out *strings.Builder, n int) { out.WriteString("\n" + strings.Repeat(" ", n)) }
