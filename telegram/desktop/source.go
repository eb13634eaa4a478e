package desktop

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"telekeep/archive"
)

// The names of what is looked for in a folder.
const (
	resultName = "result.json"
	indexName  = "export_results.html"
	pageName   = "messages.html"
)

// ErrNoExport says that there is nothing that can be imported.
var ErrNoExport = errors.New("no export: neither a result.json nor a messages.html of Telegram Desktop, nor the JSON of tdl")

// An Export is one export, found and told apart, and not read yet.
type Export struct {
	// Kind is one of archive.Origin….
	Kind string
	// Path is what was opened; File is what is read first, below it.
	Path, File string
	// Exported is when it was made: by the date in its folder's name, or that of its file.
	Exported time.Time
	// Others are exports of other kinds at the same place, which are not read.
	Others []string

	files  fs.FS
	folder bool // files are those of a folder
	closer io.Closer
	pages  []string // of HTML: all that are read, in order
}

// Close gives the folder or the file back.
func (e *Export) Close() error {
	if e.closer == nil {
		return nil
	}
	return e.closer.Close()
}

// Open finds an export: a folder, a .zip of one, a result.json, a messages.html, or the
// JSON of tdl. want is "json" or "html" where a folder holds both; "" prefers JSON, which
// says more. Errors: ErrNoExport, what the file system says.
func Open(name, want string) (*Export, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	e := &Export{Path: name}
	switch {
	case info.IsDir():
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, err
		}
		e.files, e.closer, e.folder = root.FS(), root, true
		err = e.find(want)
		return e.opened(err)
	case strings.EqualFold(filepath.Ext(name), ".zip"):
		z, err := zip.OpenReader(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		e.files, e.closer = z, z
		err = e.find(want)
		return e.opened(err)
	}
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	e.files, e.closer, e.File = root.FS(), root, filepath.Base(name)
	return e.opened(e.sniff(e.File))
}

func (e *Export) opened(err error) (*Export, error) {
	if err == nil {
		err = e.date()
	}
	if err == nil && e.Kind == archive.OriginDesktopHTML {
		err = e.listPages()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", e.Path, err), e.Close())
	}
	return e, nil
}

// find looks for an export in the folder, or in the one folder that is in it, as zip
// files have it.
func (e *Export) find(want string) error {
	base := "."
	for range 3 {
		if err := e.findAt(base, want); !errors.Is(err, ErrNoExport) {
			return err
		}
		entries, err := fs.ReadDir(e.files, base)
		if err != nil {
			return err
		}
		entries = slices.DeleteFunc(entries, func(d fs.DirEntry) bool { return strings.HasPrefix(d.Name(), ".") || d.Name() == "__MACOSX" })
		if len(entries) != 1 || !entries[0].IsDir() {
			break
		}
		base = path.Join(base, entries[0].Name())
	}
	return ErrNoExport
}

func (e *Export) findAt(base, want string) error {
	var found []string
	for _, name := range []string{resultName, indexName, pageName} {
		isHTML := name != resultName
		if want == "json" && isHTML || want == "html" && !isHTML {
			continue
		}
		if info, err := fs.Stat(e.files, path.Join(base, name)); err == nil && info.Mode().IsRegular() {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return e.findTdl(base, want)
	}
	sub, err := fs.Sub(e.files, base)
	if err != nil {
		return err
	}
	e.files, e.File = sub, found[0]
	for _, other := range found[1:] {
		if found[0] == resultName {
			e.Others = append(e.Others, other)
		}
	}
	return e.sniff(e.File)
}

// findTdl takes a folder with one JSON file that is tdl's.
func (e *Export) findTdl(base, want string) error {
	if want == "html" {
		return ErrNoExport
	}
	names, err := fs.Glob(e.files, path.Join(base, "*.json"))
	if err != nil || len(names) != 1 {
		return ErrNoExport
	}
	sub, err := fs.Sub(e.files, base)
	if err != nil {
		return err
	}
	e.files, e.File = sub, path.Base(names[0])
	return e.sniff(e.File)
}

// sniff tells by the beginning of a file what it is.
func (e *Export) sniff(name string) error {
	f, err := e.files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := bufio.NewReaderSize(f, 64<<10).Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(head) == 0:
		return fmt.Errorf("%s: %w: it is empty", name, ErrNoExport)
	case head[0] == '<':
		e.Kind = archive.OriginDesktopHTML
		if !bytes.Contains(head, []byte("page_wrap")) {
			return fmt.Errorf("%s: %w", name, ErrNoExport)
		}
	case head[0] == '{' && isTdl(head):
		e.Kind = archive.OriginTdl
	case head[0] == '{':
		e.Kind = archive.OriginDesktopJSON
	default:
		return fmt.Errorf("%s: %w", name, ErrNoExport)
	}
	return nil
}

// dated is the date in the name of a folder that Telegram Desktop made.
var dated = regexp.MustCompile(`(?:Data|Chat)Export_(\d{4}-\d{2}-\d{2})`)

func (e *Export) date() error {
	info, err := fs.Stat(e.files, e.File)
	if err != nil {
		return err
	}
	e.Exported = info.ModTime()
	full, err := filepath.Abs(e.Path)
	if err != nil {
		return err
	}
	if m := dated.FindStringSubmatch(full); m != nil {
		if day, err := time.Parse(time.DateOnly, m[1]); err == nil {
			e.Exported = day
		}
	}
	return nil
}

// hash is the SHA-256 of what is read: of the file, or of the list of the hashes of
// several.
func (e *Export) hash(ctx context.Context) (string, error) {
	if len(e.pages) < 2 {
		return e.hashOf(ctx, e.File)
	}
	list := sha256.New()
	for _, page := range e.pages {
		sum, err := e.hashOf(ctx, page)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(list, "%s  %s\n", sum, page)
	}
	return hexSum(list), nil
}

func (e *Export) hashOf(ctx context.Context, name string) (string, error) {
	f, err := e.files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, stoppableReader{f, ctx.Err}); err != nil {
		return "", err
	}
	return hexSum(h), nil
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// A stoppableReader ends when it is told to.
type stoppableReader struct {
	r       io.Reader
	stopped func() error // why, or nil
}

func (s stoppableReader) Read(p []byte) (int, error) {
	if err := s.stopped(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
