package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/crypto"
	"telekeep/internal/durable"
)

type keySheetFlags struct {
	keys   keyFlags
	out    string
	shares string
}

func (a *app) keysSheetCommand() *cobra.Command {
	var f keySheetFlags
	c := &cobra.Command{
		Use:   "sheet",
		Short: "Print a key on paper, whole or in shares",
		Long: `Makes a recovery sheet of one owner key: the key as text and as a QR code, and what to
do with it in plain words. The key is tried on the vault first. On a terminal the sheet is
shown there; --out writes it to a file that only you can read:

  --out sheet.svg    a page of A4 for a browser or printer, also to PDF
  --out sheet.txt    text
  --out code.png     the QR code alone
  --out -            standard output, such as for | lpr

--shares 3/5 splits the key into five sheets, any three of which give it back (keys
combine), and two of which say nothing about it: for people who each keep one. The files
are called sheet-1.svg to sheet-5.svg then.

A printer may remember what it printed. Keep the sheet where you keep papers that matter,
not beside the drive with the vault: whoever has both can read everything.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.keysSheet(c.Context(), f) },
	}
	f.keys.register(c)
	a.registerVault(c)
	c.Flags().StringVar(&f.out, "out", "", "write to this file (.svg, .txt, .png), or - for standard output")
	c.Flags().StringVar(&f.shares, "shares", "", "split the key: 3/5 makes five shares, three of which are needed")
	return c
}

func (a *app) keysSheet(ctx context.Context, f keySheetFlags) error {
	if f.out == "" && !isTerminal(a.out) {
		return &failure{code: exitUsage, err: errors.New("a secret key is shown on a terminal only"), hint: "write the sheet to a file with --out sheet.svg, or to standard output with --out -"}
	}
	format, err := sheetFormat(f.out)
	if err != nil {
		return err
	}
	needed, n, err := parseShares(f.shares)
	if err != nil {
		return err
	}
	r, err := a.openKeyRoom(ctx, f.keys)
	if err != nil {
		return err
	}
	defer r.Close() // nothing was written
	secret, err := secretOf(r.ids)
	if err != nil {
		return err
	}
	p := page{Vault: r.key.VaultID, Made: a.now().UTC().Format("2006-01-02"), Secret: secret}
	for _, one := range r.config.AllCopies() {
		p.Copies = append(p.Copies, one.URL)
	}
	pages, err := splitPage(p, needed, n)
	if err != nil {
		return err
	}
	return a.putPages(pages, f.out, format)
}

// secretOf returns the text of the one key that is printed.
func secretOf(ids []crypto.Identity) (string, error) {
	const hint = "make a key for the sheet: telekeep keys add paper -i KEY --generate paper.key, then telekeep keys sheet -i paper.key"
	if len(ids) != 1 {
		return "", &failure{code: exitUsage, err: errors.New("one sheet holds one key"), hint: "name one key file with one key in it"}
	}
	text := ids[0].String()
	if text == "" {
		return "", &failure{code: exitUsage, err: errors.New("only a key of the form AGE-SECRET-KEY-… can stand on a sheet: no passphrase, no SSH key, no key in hardware"), hint: hint}
	}
	return text, nil
}

// parseShares reads "3/5"; 0 and 0 for "".
func parseShares(text string) (needed, n int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	first, second, ok := strings.Cut(text, "/")
	needed, err1 := strconv.Atoi(first)
	n, err2 := strconv.Atoi(second)
	if !ok || errors.Join(err1, err2) != nil || needed < 2 || n < needed || n > 255 {
		return 0, 0, &failure{code: exitUsage, err: fmt.Errorf("--shares %s: write how many are needed and how many there are, such as 3/5", printable(text))}
	}
	return needed, n, nil
}

// splitPage makes a page for each share; needed 0 means the key whole.
func splitPage(p page, needed, n int) ([]page, error) {
	if needed == 0 {
		return []page{p}, nil
	}
	shares, err := crypto.SplitSecret(p.Secret, needed, n)
	if err != nil {
		return nil, err
	}
	pages := make([]page, n)
	for i, s := range shares {
		pages[i] = p
		pages[i].Secret, pages[i].Number, pages[i].Needed, pages[i].Of, pages[i].Set = s.String(), s.Number, needed, n, s.Set
	}
	return pages, nil
}

// The forms of a sheet.
const (
	sheetText = ".txt"
	sheetSVG  = ".svg"
	sheetPNG  = ".png"
)

func sheetFormat(out string) (string, error) {
	if out == "" || out == "-" {
		return sheetText, nil
	}
	switch ext := strings.ToLower(filepath.Ext(out)); ext {
	case sheetText, sheetSVG, sheetPNG:
		return ext, nil
	}
	return "", &failure{code: exitUsage, err: fmt.Errorf("--out %s: the name must end in .svg, .txt or .png", printable(out))}
}

func (a *app) putPages(pages []page, out, format string) error {
	for i, p := range pages {
		if out == "" || out == "-" {
			if err := a.showPage(p, out == ""); err != nil {
				return err
			}
			if i+1 < len(pages) {
				a.printf("\f\n")
			}
			continue
		}
		data, err := p.render(format)
		if err != nil {
			return err
		}
		path := out
		if len(pages) > 1 {
			path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(out, filepath.Ext(out)), p.Number, filepath.Ext(out))
		}
		if err := durable.CreateFile(path, data, 0o600); err != nil {
			return fmt.Errorf("cannot write the sheet: %w", err)
		}
		a.printf("written: %s\n", path)
	}
	if out != "" && out != "-" {
		a.ui.hint("it holds a secret: print it and delete it here. Prove it later from paper: telekeep keys test")
	}
	return nil
}

// showPage prints a page with its code; on a terminal in colours.
func (a *app) showPage(p page, colours bool) error {
	a.printf("%s", p.text())
	lines, err := drawQR(p.Secret)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if !colours {
			line = strings.TrimSuffix(strings.TrimPrefix(line, qrColours), qrReset)
		}
		a.printf("%s\n", line)
	}
	return nil
}
