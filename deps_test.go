package telekeep

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "telekeep/"

// A room is a package, or a tree of packages, and what it may import of ours.
type room struct {
	path   string // without the module; a trailing / covers everything below
	may    []string
	reason string
}

// law is the import law: the first room that fits a package speaks for it. Data
// flows one way; no package looks back up.
var law = []room{
	{"cmd/telekeep", []string{""}, "the wiring may see everything"},
	{"config", nil, "settings know nothing of what they set"},
	{"crypto", nil, "sealing and opening stand alone, so that they can be read alone"},
	{"packaging/modules", nil, "it looks at others' code, not at ours"},
	{"systemd", nil, "it tells the service manager what it is told to, and knows nothing of backups"},
	{"internal/", []string{"internal/"}, "helpers of every room depend on none"},
	{"chunkstore/destination/", []string{"internal/", "chunkstore/destination/"}, "a driver stores bytes under names; it never learns what they are"},
	{"chunkstore/copies", []string{"chunkstore", "crypto", "internal/", "chunkstore/destination/local"}, "it keeps several places alike; its own spool is a folder, of the others it knows no driver"},
	{"chunkstore", []string{"crypto", "internal/"}, "the vault knows chunks, not messages"},
	{"archive", []string{"chunkstore", "crypto", "internal/"}, "records go down into the chunk store and nowhere else"},
	{"telegram/simulator/", []string{"telegram/simulator/", "internal/"}, "the simulator must not share code with the client it tests"},
	{"telegram/simulator", []string{"telegram/simulator/", "internal/"}, "the simulator must not share code with the client it tests"},
	{"telegram/", []string{"archive", "internal/"}, "what is pulled goes into the archive"},
	{"telegram", []string{"telegram/normal", "archive", "internal/"}, "what is pulled goes into the archive"},
	{"export", []string{"archive", "internal/"}, "exports read snapshots"},
	{"web", []string{"archive", "web/index", "internal/"}, "the viewer reads snapshots"},
	{"web/index", []string{"archive", "internal/"}, "it is fed with records, and knows no vault"},
	{"bench/", nil, "what makes input for a benchmark knows nothing of what it measures"},
	{"daemon", []string{"archive"}, "it owns time and order; what it orders it knows by small interfaces of its own"},
}

// banned are foreign modules that only one room may know, so that they can be
// replaced there.
var banned = []struct {
	module string
	rooms  []string
	reason string
}{
	{"filippo.io/age", []string{"crypto"}, "one place decides how things are sealed"},
	{"github.com/cloudflare/circl", []string{"crypto"}, "keys are split where keys are made"},
	{"github.com/gotd/", []string{"telegram", "telegram/"}, "only telegram speaks MTProto"},
	{"github.com/zeebo/blake3", []string{"crypto", "chunkstore"}, "ids are made in one place"},
	{"modernc.org/sqlite", []string{"chunkstore", "chunkstore/copies", "web/index", "export"}, "what this machine remembers of vaults belongs to the chunk store; the viewer searches"},
	{"github.com/klauspost/compress", []string{"chunkstore", "telegram/simulator/"}, "compression is part of the pack format"},
	{"github.com/pelletier/go-toml", []string{"config", "telegram/simulator"}, "settings are read in one place"},
	{"github.com/coreos/go-systemd", []string{"systemd"}, "one place talks to the service manager"},
	{"github.com/minio/minio-go/", []string{"chunkstore/destination/s3"}, "only the driver speaks S3"},
	{"github.com/pkg/sftp", []string{"chunkstore/destination/sftp"}, "only the driver speaks SFTP"},
	{"github.com/spf13/cobra", []string{"cmd/telekeep"}, "only the command knows its command line"},
	{"github.com/godbus/dbus", []string{"internal/metered", "internal/metered/"}, "one place listens to the system bus"},
	{"github.com/fsnotify/", []string{"cmd/telekeep"}, "what watches files is wired, not built in"},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestImportLaw(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 10 {
		t.Fatalf("go list found %d packages: the test looks at the wrong place", len(packages))
	}
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		if p.ImportPath == strings.TrimSuffix(module, "/") {
			continue // this file's own package
		}
		at := slices.IndexFunc(law, func(r room) bool { return covers(r.path, name) })
		if at < 0 {
			t.Errorf("%s stands in no room of the law: add it to the table", name)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, law[at], name, imported)
		}
	}
}

func checkImport(t *testing.T, r room, name, imported string) {
	t.Helper()
	if ours, ok := strings.CutPrefix(imported, module); ok {
		if !slices.ContainsFunc(r.may, func(m string) bool { return covers(m, ours) }) {
			t.Errorf("%s imports %s: %s", name, ours, r.reason)
		}
		return
	}
	for _, b := range banned {
		if strings.HasPrefix(imported, b.module) && !slices.ContainsFunc(b.rooms, func(m string) bool { return covers(m, name) }) {
			t.Errorf("%s imports %s: %s", name, imported, b.reason)
		}
	}
}

// covers reports whether room path speaks for package name: the same name, or,
// where path ends in /, a package below it.
func covers(path, name string) bool {
	return path == "" || path == name || strings.HasSuffix(path, "/") && strings.HasPrefix(name, path)
}

// Nothing writes with the owner's key: the packages between Telegram and the
// vault never name an identity of the reading side.
func TestWritingSideKnowsNoReader(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{join .Imports \"\\n\"}}", "./telegram", "./telegram/normal").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if imported := strings.TrimSpace(line); imported == module+"crypto" || imported == module+"chunkstore" {
			t.Errorf("telegram imports %s: it must not be able to hold a key", imported)
		}
	}
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listedPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
