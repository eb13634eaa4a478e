package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"telekeep/config"
	"telekeep/internal/durable"
)

// When a restore was last proved to work is kept in the state folder, for each copy: status
// shows it, and the daemon says so when that is too long ago.

// A drillProof is the outcome of one restore, of a sample or of everything.
type drillProof struct {
	Time     time.Time `json:"time"`
	Vault    string    `json:"vault"`
	How      string    `json:"how"` // "drill" or "restore"
	Files    int       `json:"files"`
	Messages int       `json:"messages"` // of a restore: records
	Bytes    int64     `json:"bytes"`    // of the files
	Problems int       `json:"problems"`
}

// copyDrills are those of one copy.
type copyDrills struct {
	Proven *drillProof `json:"proven,omitempty"` // the last that gave everything back that it tried
	Last   *drillProof `json:"last,omitempty"`   // the last
}

// drills are those of each copy, by its name.
type drills map[string]copyDrills

func drillPath(cfg *config.Config) string { return filepath.Join(cfg.State, "last-drill.json") }

// saveDrill remembers a restore from a copy of the settings, on a machine that writes.
func (a *app) saveDrill(cfg *config.Config, name string, p drillProof) {
	if a.vault != "" || p.Files+p.Messages+p.Problems == 0 { // nothing was there to restore
		return
	}
	p.Time = a.now().UTC().Truncate(time.Second)
	all := loadDrills(cfg)
	if all == nil {
		all = drills{}
	}
	one := copyDrills{Proven: all[name].Proven, Last: &p}
	if p.Problems == 0 {
		one.Proven = &p
	}
	all[name] = one
	data, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = durable.WriteFile(drillPath(cfg), data, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no state folder: nothing was written yet
		a.ui.warn("status will not know of this restore: %v", err)
	}
}

// loadDrills returns what is remembered; nothing if it cannot be read.
func loadDrills(cfg *config.Config) drills {
	if alone(cfg) {
		return nil
	}
	var all drills
	if data, err := os.ReadFile(drillPath(cfg)); err != nil || json.Unmarshal(data, &all) != nil {
		return nil
	}
	return all
}

// inWords says of each copy when it was proved that it can be restored.
func (d drills) inWords(all []config.Copy) []string {
	var lines []string
	for _, one := range all {
		name := ""
		if len(all) > 1 {
			name = " (copy " + one.Name + ")"
		}
		lines = append(lines, "restorable "+d[one.Name].inWords()+name)
	}
	return lines
}

func (d copyDrills) inWords() string {
	text := "never proven: telekeep verify --drill -i KEY"
	if p := d.Proven; p != nil {
		what := "restored whole"
		if p.How != howRestore {
			what = plural(p.Files, "file", "files") + " and " + plural(p.Messages, "message", "messages") + " restored"
		}
		text = moment(p.Time) + ", " + what
	}
	if l := d.Last; l != nil && l.Problems > 0 {
		text += "; the last try, " + moment(l.Time) + ", found " + plural(l.Problems, "problem", "problems")
	}
	return text
}

// How something was restored.
const (
	howDrill   = "drill"
	howRestore = "restore"
)
