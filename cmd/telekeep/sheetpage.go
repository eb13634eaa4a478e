package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"rsc.io/qr"
)

// A page is one recovery sheet: a whole key, or one share of it.
type page struct {
	Vault  string
	Made   string
	Copies []string // folders and URLs
	Secret string   // of the key or the share

	Number, Needed, Of int    // of a share; 0 for a whole key
	Set                string // which split it is of
}

// lines are the words around the secret, above and below it.
func (p page) lines() (title string, above, below []string) {
	above = []string{"vault   " + p.Vault, "made    " + p.Made}
	for _, c := range p.Copies {
		above = append(above, "copy    "+printable(c))
	}
	if p.Number > 0 {
		return fmt.Sprintf("telekeep: share %d of %d of an owner key", p.Number, p.Of),
			append(above, fmt.Sprintf("split   %s; any %d of the %d shares give the key back", p.Set, p.Needed, p.Of), "", "This is the share, a part of a secret; it ends with a check of itself:"),
			[]string{
				"What to do with it, on any computer that telekeep runs on:",
				fmt.Sprintf("1. Get %d of the shares together. Scan the codes, or type the text, each into", p.Needed),
				"   a file of its own. Capitals and line breaks do not matter.",
				"2. telekeep keys combine share1.txt share2.txt … --out owner.key",
				"3. Go on as with the key:  telekeep restore --vault COPY -i owner.key --out FOLDER",
				"",
				fmt.Sprintf("Fewer than %d shares say nothing. Keep yours where nobody finds the others.", p.Needed),
			}
	}
	return "telekeep: recovery sheet of an owner key", append(above, "", "This is the key. Whoever has it and a copy of the vault can read everything:"),
		[]string{
			"What to do with it, on any computer that telekeep runs on:",
			"1. Scan the code, or type the text above in one line, into a file owner.key.",
			"2. Take any copy of the vault: the drive, the NAS, the bucket.",
			"3. telekeep restore --vault COPY -i owner.key --out FOLDER     gets everything back",
			"   telekeep adopt COPY -i owner.key                           goes on backing up from there",
			"Without telekeep: README.txt in the vault says how, with the programs age and zstd.",
			"",
			"Try it once a year: telekeep keys test -i owner.key. Nobody can reset this key.",
			"Keep it apart from the drive with the vault.",
		}
}

// sheetWidth is how many letters of a secret stand on a line of a page.
const sheetWidth = 64

func wrapSecret(text string) []string {
	var lines []string
	for len(text) > sheetWidth {
		lines, text = append(lines, text[:sheetWidth]), text[sheetWidth:]
	}
	return append(lines, text)
}

func (p page) text() string {
	title, above, below := p.lines()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", title, strings.Join(above, "\n"))
	fmt.Fprintf(&b, "%s\n\n%s\n\n", p.Secret, strings.Join(below, "\n"))
	return b.String()
}

// render makes the bytes of a file.
func (p page) render(format string) ([]byte, error) {
	if format == sheetText {
		return []byte(p.text()), nil
	}
	code, err := qr.Encode(p.Secret, qr.M)
	if err != nil {
		return nil, fmt.Errorf("cannot draw the QR code: %w", err)
	}
	if format == sheetPNG {
		code.Scale = 8
		return code.PNG(), nil
	}
	return p.svg(code), nil
}

// svg draws a page of A4, in millimetres.
func (p page) svg(code *qr.Code) []byte {
	const left, codeSize = 20.0, 80.0
	title, above, below := p.lines()
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm" viewBox="0 0 210 297">` + "\n" +
		`<rect width="210" height="297" fill="#fff"/>` + "\n")
	y := 28.0
	put := func(size float64, font, text string) {
		fmt.Fprintf(&b, `<text x="%g" y="%.1f" font-family="%s" font-size="%g" fill="#000" xml:space="preserve">`, left, y, font, size)
		_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
		b.WriteString("</text>\n")
		y += size * 1.5
	}
	put(7, "sans-serif", title)
	y += 3
	for _, line := range above {
		put(3.6, "monospace", line)
	}
	y += 2
	for _, line := range wrapSecret(p.Secret) {
		put(4.2, "monospace", line)
	}
	module := codeSize / float64(code.Size+2*qrQuiet)
	fmt.Fprintf(&b, `<path transform="translate(%g %.1f) scale(%g)" fill="#000" shape-rendering="crispEdges" d="%s"/>`+"\n",
		left+module*qrQuiet, y+module*qrQuiet, module, qrPath(code))
	y += codeSize + 6
	for _, line := range below {
		put(3.6, "monospace", line)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// qrPath draws the black modules, run by run.
func qrPath(code *qr.Code) string {
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, run, run)
				x += run
			}
		}
	}
	return b.String()
}
