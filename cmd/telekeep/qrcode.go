package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"rsc.io/qr"
)

// qrQuiet is the width of the empty frame that readers need around a code.
const qrQuiet = 4

// qrFooter is how many lines stand below a code.
const qrFooter = 2

// Black on white in the 256 colours, whose last ones no theme changes, and the
// way back: a code shows alike on dark and on light terminals.
const (
	qrColours = "\x1b[38;5;16;48;5;231m"
	qrReset   = "\x1b[0m"
)

// drawQR makes a QR code of text for a terminal, two rows of the code to a line:
// half blocks are as high as they are wide.
func drawQR(text string) ([]string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("cannot draw the QR code: %w", err)
	}
	var lines []string
	for y := -qrQuiet; y < code.Size+qrQuiet; y += 2 {
		var b strings.Builder
		b.WriteString(qrColours)
		for x := -qrQuiet; x < code.Size+qrQuiet; x++ {
			b.WriteString(halfBlock(code.Black(x, y), code.Black(x, y+1)))
		}
		b.WriteString(qrReset)
		lines = append(lines, b.String())
	}
	return lines, nil
}

func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}

// qrWidth is how many columns a drawn code takes.
func qrWidth(lines []string) int {
	return utf8.RuneCountInString(strings.TrimSuffix(strings.TrimPrefix(lines[0], qrColours), qrReset))
}
