package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// phrases tell licences by what only they say, in lower case with single spaces.
var phrases = []struct{ phrase, name string }{
	{"gnu affero general public license", "AGPL"},
	{"gnu lesser general public license", "LGPL"},
	{"gnu library general public license", "LGPL"},
	{"gnu general public license", "GPL"},
	{"mozilla public license version 2.0", "MPL-2.0"},
	{"mozilla public license, version 2.0", "MPL-2.0"},
	{"apache license version 2.0", "Apache-2.0"},
	{"apache license, version 2.0", "Apache-2.0"},
	{"permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"},
	{"permission to use, copy, modify, and distribute this software for any purpose with or without fee", "ISC"},
	{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee", "ISC"},
	{"cc0 1.0 universal", "CC0-1.0"},
	{"this is free and unencumbered software", "Unlicense"},
	{"may you do good and not evil", "blessing"}, // SQLite's
}

// allowed are the licences that ask for no more than to be told of. MPL-2.0 reaches to its
// own files, which are used unchanged, and to no other.
var allowed = map[string]bool{
	"MIT": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "ISC": true, "Apache-2.0": true,
	"CC0-1.0": true, "Unlicense": true, "blessing": true, "MPL-2.0": true,
}

// secondary is where the MPL names the licences that may be used in its place.
const secondary = `"secondary license" means either the gnu general public license, version 2.0, the gnu lesser general public license, ` +
	"version 2.1, the gnu affero general public license, version 3.0, or any later versions of those licenses."

// identify returns the SPDX names of the licences whose text this is, ascending.
func identify(text string) []string {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	text = strings.ReplaceAll(text, secondary, "")
	found := make(map[string]bool)
	for _, p := range phrases {
		if strings.Contains(text, p.phrase) {
			found[p.name] = true
		}
	}
	if strings.Contains(text, "redistribution and use in source and binary forms") {
		if strings.Contains(text, "neither the name") || strings.Contains(text, "to endorse or promote products") {
			found["BSD-3-Clause"] = true
		} else {
			found["BSD-2-Clause"] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// readLicences finds out under which licences a module is.
func (m *Module) readLicences() error {
	for _, file := range m.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, name := range identify(string(text)) {
			if !slices.Contains(m.Licences, name) {
				m.Licences = append(m.Licences, name)
			}
		}
	}
	slices.Sort(m.Licences)
	return m.check()
}

// check refuses licences that are not allowed, and modules without any.
func (m *Module) check() error {
	if len(m.Licences) == 0 {
		return fmt.Errorf("%s: no licence that is known in %v", m.Path, m.Files)
	}
	for _, name := range m.Licences {
		if !allowed[name] {
			return fmt.Errorf("%s: its licence %s does not go with telekeep's", m.Path, name)
		}
	}
	return nil
}
