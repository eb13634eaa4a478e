package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// The page in docs is what the modules' licence files say today.
func TestLicencesAreCurrent(t *testing.T) {
	t.Chdir("../..")
	page, err := os.ReadFile("docs/licences.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := run(t.Context(), &want, []string{"licences"}); err != nil {
		t.Fatal(err)
	}
	if want.String() != string(page) {
		t.Error("docs/licences.md is not current: make licences")
	}
	if strings.Count(want.String(), "| MIT |") < 5 {
		t.Errorf("few licences were found:\n%s", want.String())
	}
}

func TestIdentify(t *testing.T) {
	const bsd = "Redistribution and use in source and binary\n forms, with or without modification"
	for text, want := range map[string]string{
		"Permission is hereby granted, free of\n\tcharge, to any person obtaining a copy": "MIT",
		bsd:                                 "BSD-2-Clause",
		bsd + " Neither the name of Google": "BSD-3-Clause",
		"Apache License\n Version 2.0, January 2004":                             "Apache-2.0",
		"GNU GENERAL PUBLIC LICENSE Version 3":                                   "GPL",
		"Mozilla Public License Version 2.0 " + secondary:                        "MPL-2.0",
		"Mozilla Public License, version 2.0, or the GNU General Public License": "GPL MPL-2.0",
		"All rights reserved.":                                                   "",
	} {
		if got := strings.Join(identify(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLicencesThatDoNotFit(t *testing.T) {
	for _, names := range [][]string{nil, {"GPL"}, {"AGPL", "MIT"}, {"LGPL"}} {
		if err := (&Module{Path: "m", Licences: names}).check(); err == nil {
			t.Errorf("%v is let through", names)
		}
	}
	if err := (&Module{Path: "m", Licences: []string{"Apache-2.0", "MIT"}}).check(); err != nil {
		t.Error(err)
	}
}

// The SBOM of this test's own program names what is linked into it, twice the same.
func TestSBOM(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := writeSBOM(out, program, nil); err != nil {
			t.Fatal(err)
		}
	}
	var b bom
	if err := json.Unmarshal(first.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || b.Format != "CycloneDX" || len(b.Serial) != 45 {
		t.Errorf("%s", first.String())
	}
	if !slices.ContainsFunc(b.Components, func(c component) bool { return strings.HasPrefix(c.PURL, "pkg:golang/std@1.") }) {
		t.Errorf("Go's own library is not named: %v", b.Components)
	}
	if err := writeSBOM(&first, "modules_test.go", nil); err == nil {
		t.Error("a text passes for a program")
	}
}
