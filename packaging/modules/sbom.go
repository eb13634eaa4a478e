package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// The parts of CycloneDX 1.6 that are used: https://cyclonedx.org/docs/1.6/json/.
type bom struct {
	Format       string      `json:"bomFormat"`
	SpecVersion  string      `json:"specVersion"`
	Serial       string      `json:"serialNumber"`
	Version      int         `json:"version"`
	Metadata     metadata    `json:"metadata"`
	Components   []component `json:"components"`
	Dependencies []dependsOn `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	Licences   []licence  `json:"licenses,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type licence struct {
	Licence struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependsOn struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// writeSBOM writes what a program says it was linked from, with the modules' licences.
func writeSBOM(out io.Writer, program string, modules []*Module) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	known := make(map[string]*Module)
	for _, m := range modules {
		known[m.Path] = m
	}
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	b.Metadata.Component = component{Type: "application", Ref: "telekeep", Name: "telekeep", Licences: licences("MIT")}
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "CGO_ENABLED" || s.Key == "vcs.revision" {
			b.Metadata.Component.Properties = append(b.Metadata.Component.Properties, property{"go:" + s.Key, s.Value})
		}
	}
	version := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = []component{{Type: "library", Ref: "std", Name: "std", Version: version, Licences: licences("BSD-3-Clause"), PURL: "pkg:golang/std@" + version}}
	for _, d := range info.Deps {
		m := known[d.Path]
		if m == nil {
			return fmt.Errorf("%s is linked into %s, but is no module of this source code", d.Path, program)
		}
		if d.Replace != nil {
			return fmt.Errorf("%s is replaced: no list of modules would say what is in the program", d.Path)
		}
		b.Components = append(b.Components, component{
			Type: "library", Ref: d.Path, Name: d.Path, Version: d.Version, Licences: licences(m.Licences...),
			PURL: "pkg:golang/" + d.Path + "@" + d.Version, Properties: []property{{"go:sum", d.Sum}},
		})
	}
	all := dependsOn{Ref: "telekeep"}
	for _, c := range b.Components {
		all.DependsOn = append(all.DependsOn, c.Ref)
	}
	b.Dependencies = []dependsOn{all}
	return b.write(out)
}

func licences(names ...string) []licence {
	list := make([]licence, len(names))
	for i, name := range names {
		list[i].Licence.ID = name
	}
	return list
}

// write writes the document. Its serial number is made of its content, so that the same
// program has the same one.
func (b *bom) write(out io.Writer) error {
	plain, err := json.Marshal(b)
	if err != nil {
		return err
	}
	u := sha256.Sum256(plain)
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // version 8, of an own making: RFC 9562
	b.Serial = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:16])
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(b)
}
