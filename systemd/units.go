package systemd

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed units
var units embed.FS

// A Kind says whose manager runs the service.
type Kind int

const (
	// System is the manager of the machine: the service runs as a user of its own,
	// locked up as far as it goes.
	System Kind = iota
	// User is the manager of one person: the service runs as that person.
	User
)

// Names of the files that belong to the service.
const (
	ServiceName = "telekeep.service"
	FailureName = "telekeep-failure@.service"
	DropInName  = "10-installation.conf"
)

// What the units say when no drop-in says anything else.
const (
	DefaultProgram = "/usr/bin/telekeep"
	DefaultFolder  = "/var/lib/telekeep" // of the system's service
	DefaultUser    = "telekeep"          // of the system's service
)

// A File is one file to be written, 0644.
type File struct {
	Name string // without a folder
	Text []byte
}

// Units returns the units of that kind.
func Units(k Kind) []File {
	suffix := ""
	if k == User {
		suffix = ".user"
	}
	var files []File
	for _, name := range []string{ServiceName, FailureName} {
		from := strings.TrimSuffix(name, ".service") + suffix + ".service"
		files = append(files, File{Name: name, Text: stored(from)})
	}
	return files
}

// Sysusers returns the file that describes the user of the system's service to
// systemd-sysusers.
func Sysusers() File { return File{Name: "telekeep.conf", Text: stored("telekeep.sysusers")} }

// Tmpfiles returns the file that describes that user's folder to systemd-tmpfiles.
func Tmpfiles() File { return File{Name: "telekeep.conf", Text: stored("telekeep.tmpfiles")} }

func stored(name string) []byte {
	data, err := units.ReadFile(path.Join("units", name))
	if err != nil {
		panic(err) // it is in the program, or the program was built wrong
	}
	return data
}

// An Installation is what a drop-in says of the one that the service is for.
type Installation struct {
	Program string // path of telekeep; "" is DefaultProgram
	Folder  string // what --dir names; "" is what the unit says
	// Writable are folders outside of the user's own that the service writes to, such
	// as the vault's. One that is not there does not keep the service from starting.
	Writable []string
}

// DropIn returns the drop-in for units of that kind, nil if none is needed.
func DropIn(k Kind, in Installation) []File {
	if in.Program == "" {
		in.Program = DefaultProgram
	}
	folder := in.Folder
	if folder == "" && k == System {
		folder = DefaultFolder
	}
	other := in.Program != DefaultProgram || in.Folder != "" && (k == User || in.Folder != DefaultFolder)
	if !other && len(in.Writable) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Made by telekeep service install for the installation it was called for; taken away\n# by telekeep service uninstall. Run install again when the vault has moved.\n[Service]\n")
	if other {
		command := quoted(in.Program) // no variables are replaced in the first word
		if folder != "" {
			command += " --dir " + word(folder)
		}
		fmt.Fprintf(&b, "ExecStart=\nExecStart=%s daemon\n", command)
		fmt.Fprintf(&b, "ExecReload=\nExecReload=%s service reload\n", command)
	}
	for _, dir := range in.Writable {
		fmt.Fprintf(&b, "ReadWritePaths=%s\n", quoted("-"+dir))
	}
	return []File{{Name: DropInName, Text: []byte(b.String())}}
}

// FailureDropIn returns the drop-in that makes the failure unit call program, nil if
// it calls that anyway.
func FailureDropIn(k Kind, program string) []File {
	if program == "" || program == DefaultProgram {
		return nil
	}
	hook := "/etc/telekeep/on-failure"
	if k == User {
		hook = "%E/telekeep/on-failure"
	}
	text := fmt.Sprintf("# Made by telekeep service install.\n[Service]\nExecStart=\nExecStart=%s service failed --hook %s %%i\n", quoted(program), hook)
	return []File{{Name: DropInName, Text: []byte(text)}}
}

// word writes text as one word of a command line in a unit.
func word(text string) string { return quoted(strings.ReplaceAll(text, "$", "$$")) }

// quoted writes text so that a unit takes it for one word.
func quoted(text string) string {
	text = strings.NewReplacer(`%`, `%%`, `\`, `\\`, `"`, `\"`).Replace(text)
	if strings.ContainsAny(text, " \t;'\"\\") {
		return `"` + text + `"`
	}
	return text
}
