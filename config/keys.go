package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// keysOf lists the dotted keys that the struct behind out takes, each with what
// its value must be, in words.
func keysOf(out any) map[string]string {
	keys := make(map[string]string)
	collect(keys, "", reflect.TypeOf(out).Elem())
	return keys
}

func collect(keys map[string]string, prefix string, t reflect.Type) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if name == "-" || name == "" {
			continue
		}
		key := prefix + name
		keys[key] = inWords(f.Type, name)
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			collect(keys, key+".", inner)
		}
	}
}

func inWords(t reflect.Type, name string) string {
	switch t.Kind() {
	case reflect.String:
		return `a text in quotes, as in ` + name + ` = "…"`
	case reflect.Int, reflect.Int64:
		return "a whole number, without quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "a section, [" + name + "]"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "a list of sections, [[" + name + "]]"
		}
		return "a list of texts, as in " + name + ` = ["…", "…"]`
	}
	return "something else"
}

// nearest returns the key that key was most likely meant to be, or "".
func nearest(key string, known map[string]string) string {
	best, bestCost := "", 3
	for k := range known {
		cost := distance(key, k)
		if cost < bestCost || cost == bestCost && best != "" && k < best {
			best, bestCost = k, cost
		}
	}
	return best
}

// distance is the number of letters to insert, drop or change to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// keyLines finds the line of every dotted key in a TOML text, so that a value
// which is well formed and still wrong can be pointed at. Of a key in a list of sections
// it finds the first, and that of each section by the name that inSection gives it.
func keyLines(data []byte) map[string]int {
	lines := make(map[string]int)
	p := unstable.Parser{}
	p.Reset(data)
	section := ""
	counts := make(map[string]int) // of sections, by their name
	for p.NextExpression() {
		e := p.Expression()
		key, line := "", 0
		for it := e.Key(); it.Next(); {
			node := it.Node()
			if key != "" {
				key += "."
			}
			key += string(node.Data)
			line = p.Shape(node.Raw).Start.Line
		}
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			section = key + "."
			if e.Kind == unstable.ArrayTable {
				counts[key]++
				lines[inSection(key+".", counts[key])] = line
			}
		case unstable.KeyValue:
			key = section + key
			if n := counts[strings.TrimSuffix(section, ".")]; n > 0 {
				lines[inSection(key, n)] = line
			}
		}
		if _, seen := lines[key]; !seen {
			lines[key] = line
		}
	}
	return lines
}

// inSection is the name in keyLines of a key in the n-th section of a list, counted from
// 1; of "section." it is the section itself.
func inSection(key string, n int) string { return fmt.Sprintf("%s#%d", key, n) }
