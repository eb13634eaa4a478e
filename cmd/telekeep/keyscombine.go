package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/crypto"
	"telekeep/internal/durable"
)

func (a *app) keysCombineCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "combine [FILE…]",
		Short: "Put a key together from its shares",
		Long: `Reads shares that keys sheet --shares made, from files or from standard input, and
writes the key to a new file that only you can read. What else stands in the files does
not matter: a whole sheet will do. Needs no vault.`,
		Args: func(*cobra.Command, []string) error { return nil },
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usageError(c, "takes --out FILE, or --out - for standard output")
			}
			return a.keysCombine(args, out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "write the key to this new file, or - for standard output")
	return c
}

// maxSheet is the most that is read of one file with a share, in bytes.
const maxSheet = 1 << 20

func (a *app) keysCombine(files []string, out string) error {
	texts, err := a.readSheets(files)
	if err != nil {
		return err
	}
	var shares []crypto.Share
	for i, text := range texts {
		found, err := findShares(text)
		if err != nil {
			name := "standard input"
			if len(files) > 0 {
				name = files[i]
			}
			return &failure{code: exitKey, err: fmt.Errorf("%s: %w", name, err), hint: "type it again from the sheet: capitals and line breaks do not matter, every letter does"}
		}
		shares = append(shares, found...)
	}
	secret, err := crypto.JoinShares(shares)
	if err != nil {
		hint := "give as many shares of one split as the sheets say"
		if len(shares) > 0 {
			hint = fmt.Sprintf("%s needed, of one split: the sheets say which", plural(shares[0].Needed, "share is", "shares are"))
		}
		return &failure{code: exitKey, err: err, hint: hint}
	}
	id, err := crypto.ParseIdentity(secret)
	if err != nil {
		return &failure{code: exitKey, err: errors.New("the shares give no key: one of them is not what was printed"), hint: "try other shares, if there are more than are needed"}
	}
	if out == "-" {
		_, err = a.out.Write(id.File(a.now()))
		return err
	}
	if err := durable.CreateFile(out, id.File(a.now()), 0o600); err != nil {
		return fmt.Errorf("cannot write the key: %w", err)
	}
	a.printf("the key is in %s: telekeep keys test -i %s proves it\n", out, shellWord(out))
	return nil
}

func (a *app) readSheets(files []string) ([]string, error) {
	if len(files) == 0 {
		data, err := io.ReadAll(io.LimitReader(a.in, maxSheet))
		if err != nil {
			return nil, fmt.Errorf("cannot read standard input: %w", err)
		}
		return []string{string(data)}, nil
	}
	var texts []string
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, &failure{code: exitUsage, err: fmt.Errorf("cannot read the share: %w", err)}
		}
		data, err := io.ReadAll(io.LimitReader(f, maxSheet))
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("cannot read the share: %w", err)
		}
		texts = append(texts, string(data))
	}
	return texts, nil
}

// shareStart is how the text of a share begins.
const shareStart = "TELEKEEP-SHARE1-"

// findShares finds the shares in a text, each of which may go over several lines.
func findShares(text string) ([]crypto.Share, error) {
	parts := strings.Split(strings.ToUpper(text), shareStart)
	if len(parts) == 1 {
		_, err := crypto.ParseShare(text)
		return nil, err
	}
	var shares []crypto.Share
	for _, part := range parts[1:] {
		words, tried := strings.Fields(part), shareStart
		var s crypto.Share
		err := error(crypto.ErrBadKey)
		for _, w := range words {
			tried += w
			if s, err = crypto.ParseShare(tried); err == nil {
				break
			}
		}
		if err != nil {
			return nil, err
		}
		shares = append(shares, s)
	}
	return shares, nil
}
