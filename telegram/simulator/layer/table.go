package layer

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// The tables. A line is about one constructor or method:
//
//	name oldid  what differs …         a constructor that has changed
//	= name oldid  -flags               a method that has only gained flags and optional fields
//	? name …                           constructors that were not there
//	button type oldid  fields …        a button of that type, as it was before types were
//	#                                  a remark
//
// and what differs is one of
//
//	-field        was not there (flags and flags2 are fields too)
//	field!        was always there, now it is optional
//	name:int>f    an int (or string) that is gone came after field f, "" for first: it is 0
//
//go:embed table
var tables embed.FS

// A table is what differs in one layer.
type table struct {
	types    map[string]*change // by name
	missing  map[string]bool    // by name
	requests map[uint32]oldRequest
	buttons  map[string]oldButton // by name of the type
}

// A change is how a constructor was.
type change struct {
	id     uint32
	drop   map[string]bool
	always map[string]bool
	after  map[string][]extra
}

// An extra is a field that today's layer does not have.
type extra string // its type

func (e extra) put(b *bin.Buffer) {
	if e == "string" {
		b.PutString("")
		return
	}
	b.PutInt(0)
}

// An oldRequest is a method that had another id.
type oldRequest struct {
	id      uint32 // today's
	noFlags bool
}

func readTables() (map[int]*table, error) {
	all := map[int]*table{}
	for _, layer := range []int{227, 198} {
		text, err := tables.ReadFile(fmt.Sprintf("table/%d.txt", layer))
		if err != nil {
			return nil, err
		}
		t := &table{
			types: map[string]*change{}, missing: map[string]bool{},
			requests: map[uint32]oldRequest{}, buttons: map[string]oldButton{},
		}
		for i, line := range strings.Split(string(text), "\n") {
			if err := t.line(strings.Fields(line)); err != nil {
				return nil, fmt.Errorf("layer %d, line %d: %w", layer, i+1, err)
			}
		}
		all[layer] = t
	}
	return all, nil
}

func (t *table) line(words []string) error {
	switch {
	case len(words) == 0 || words[0] == "#":
		return nil
	case words[0] == "?":
		for _, name := range words[1:] {
			t.missing[name] = true
		}
		return nil
	case words[0] == "=":
		return t.request(words[1:])
	case words[0] == "button":
		return t.addButton(words[1:])
	case len(words) < 2:
		return fmt.Errorf("%q", words)
	}
	id, err := number(words[1])
	if err != nil {
		return err
	}
	c := &change{
		id: id, drop: map[string]bool{}, always: map[string]bool{}, after: map[string][]extra{},
	}
	t.types[words[0]] = c
	for _, word := range words[2:] {
		if err := c.differs(word); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) differs(word string) error {
	if name, ok := strings.CutPrefix(word, "-"); ok {
		c.drop[name] = true
		return nil
	}
	if name, ok := strings.CutSuffix(word, "!"); ok {
		c.always[name] = true
		return nil
	}
	_, rest, ok := strings.Cut(word, ":")
	kind, before, found := strings.Cut(rest, ">")
	if !ok || !found || kind != "int" && kind != "string" {
		return fmt.Errorf("%q", word)
	}
	c.after[before] = append(c.after[before], extra(kind))
	return nil
}

func (t *table) request(words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("%q", words)
	}
	was, err := number(words[1])
	if err != nil {
		return err
	}
	now, ok := tg.NamesMap()[words[0]]
	if !ok {
		return fmt.Errorf("no method %s", words[0])
	}
	t.requests[was] = oldRequest{id: now, noFlags: len(words) > 2}
	return nil
}

func number(hex string) (uint32, error) {
	n, err := strconv.ParseUint(hex, 16, 32)
	return uint32(n), err
}
