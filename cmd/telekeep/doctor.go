package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/daemon"
)

// The states of a finding. Only failures have an exit code.
const (
	findingOK      = "ok"
	findingWarning = "warning"
	findingFailure = "failure"
	findingSkipped = "skipped" // it could not be looked at; the text says why
)

// A finding is one line of doctor.
type finding struct {
	Check   string `json:"check"`             // name in the table
	Subject string `json:"subject,omitempty"` // what of several: an account, a file, a copy
	State   string `json:"state"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"` // what to do

	code int // that doctor ends with, of a failure
}

// A doctorReport is what doctor --json prints.
type doctorReport struct {
	Verdict  string    `json:"verdict"`
	Failures int       `json:"failures"`
	Warnings int       `json:"warnings"`
	Findings []finding `json:"findings"`
}

// A check looks at one thing and changes nothing. It returns what it found, one line
// each: also where there is nothing to find fault with.
type check struct {
	name string
	run  func(ctx context.Context, p *patient) []finding
}

// checks is all of them, in the order of the report: what the others stand on first.
func checks() []check {
	return []check{
		{"config", checkConfig},
		{"keys", checkKeys},
		{"clock", checkClock},
		{"network", checkNetwork},
		{"api_id", checkAPIID},
		{"session", checkSessions},
		{"space", checkSpace},
		{"copies", checkCopies},
		{"service", checkService},
	}
}

// A patient is an installation that is looked at, with what several checks need.
type patient struct {
	app     *app
	offline bool
	place   place
	// config is nil where there are no settings that can be read; then loadErr says why.
	config  *config.Config
	loadErr error
	// secrets are nil where there are none that can be read; then secretsErr says why.
	secrets    *chunkstore.WriterSecrets
	secretsErr error
	// vault is what status knows of it, and copies are all places that hold it.
	vault  vaultStatus
	copies []copyStatus
	// daemon is how the one that runs here is, nil if none answers.
	daemon *daemon.Status
	// reach is what the servers answered, by number of the data centre; see probe.
	reach map[int]reached
	// whose is what the servers said to each account's session; see askServers.
	whose map[string]answered
	// systemctl calls the program of that name; nil where there is no systemd.
	systemctl func(ctx context.Context, args ...string) (string, error)
}

func (a *app) doctorCommand() *cobra.Command {
	var asJSON, offline bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that a backup needs, and say what to do",
		Long: `Looks at the settings, the keys, the clock, the network, the api_id, the sessions, the
free space, the copies of the vault and the service, before any of them makes trouble.
Each gets a line: ok, warning, failure, or skipped where it could not be looked at; below
it stands what to do.

It changes nothing: it writes no file, keeps no lock and sends no message. A session that a
running telekeep uses is left alone. It works without network, login, vault and settings.

The exit code is 0 if there is no failure; else it is that of the first failure, as the
failing command would end with (telekeep --help lists them).`,
		RunE: func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), offline, asJSON) },
	}
	c.Flags().BoolVar(&offline, "offline", false, "leave out what needs the network")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) doctor(ctx context.Context, offline, asJSON bool) error {
	p := a.examine(ctx, offline)
	r := diagnose(ctx, p, checks())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if asJSON {
		if err := a.ui.json(r); err != nil {
			return err
		}
	} else {
		a.printDoctor(r)
	}
	for _, f := range r.Findings {
		if f.State == findingFailure {
			return &failure{code: f.code, err: errors.New(r.Verdict)}
		}
	}
	return nil
}

// examine finds out what several checks need.
func (a *app) examine(ctx context.Context, offline bool) *patient {
	p := &patient{app: a, offline: offline, systemctl: findSystemctl()}
	if p.place, p.loadErr = a.place(); p.loadErr == nil {
		p.config, p.loadErr = a.settings()
	}
	if p.config == nil {
		return p
	}
	p.secrets, p.secretsErr = a.readWriterSecrets(p.config)
	p.vault, p.copies = a.vaultStatus(ctx, p.config), a.glance(ctx, p.config)
	if d := running(p.config); d != nil {
		p.daemon, _ = d.status(ctx) // one that does not answer is as good as none
		p.hear(ctx, d)
	}
	if !offline {
		p.probe(ctx)
		p.askServers(ctx)
	}
	return p
}

// hear puts what the daemon has against a copy over what a glance shows: it knows the file
// system and the chains of each.
func (p *patient) hear(ctx context.Context, d *remote) {
	ctx, cancel := context.WithTimeout(ctx, glanceLimit)
	defer cancel()
	list, err := d.copies(ctx)
	if err != nil || len(list.Copies) != len(p.copies) {
		return // with other settings than these, or too busy
	}
	for i, s := range list.Copies {
		if wrongCopy(s) && s.Name == p.copies[i].Name {
			p.copies[i] = s
		}
	}
}

// wrongCopy reports whether a copy is there and does not do what it should.
func wrongCopy(s copyStatus) bool {
	return slices.Contains([]copies.State{copies.Refused, copies.Failing, copies.Full, copies.ReadOnly}, copies.State(s.State))
}

// diagnose makes all checks and counts what they found.
func diagnose(ctx context.Context, p *patient, all []check) *doctorReport {
	r := &doctorReport{Findings: []finding{}}
	for _, c := range all {
		for _, f := range c.run(ctx, p) {
			f.Check, f.Text = c.name, printable(f.Text)
			switch f.State {
			case findingFailure:
				r.Failures++
				if f.code == exitOK {
					f.code = exitFailure
				}
			case findingWarning:
				r.Warnings++
			}
			r.Findings = append(r.Findings, f)
		}
	}
	switch {
	case r.Failures > 0:
		r.Verdict = plural(r.Failures, "failure", "failures") + ", " + plural(r.Warnings, "warning", "warnings")
	case r.Warnings > 0:
		r.Verdict = "no failure, " + plural(r.Warnings, "warning", "warnings")
	default:
		r.Verdict = "nothing is wrong"
	}
	return r
}

func (a *app) printDoctor(r *doctorReport) {
	for _, f := range r.Findings {
		text := f.Text
		if f.Subject != "" {
			text = f.Subject + ": " + text
		}
		a.printf("%-8s %-8s %s\n", f.State, f.Check, text)
		if f.Hint != "" {
			a.printf("%18s-> %s\n", "", f.Hint)
		}
	}
	a.printf("\n%s\n", r.Verdict)
}

func ok(format string, args ...any) finding {
	return finding{State: findingOK, Text: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) finding {
	return finding{State: findingSkipped, Text: fmt.Sprintf(format, args...)}
}

func warning(hint, format string, args ...any) finding {
	return finding{State: findingWarning, Text: fmt.Sprintf(format, args...), Hint: hint}
}

func failing(code int, hint, format string, args ...any) finding {
	return finding{State: findingFailure, Text: fmt.Sprintf(format, args...), Hint: hint, code: code}
}

// failed is a failure because of err, with the words and the code that any command has
// for it.
func failed(err error) finding {
	code, hint := classify(err)
	return failing(code, hint, "%s", oneLine(err))
}

func (f finding) of(subject string) finding {
	f.Subject = subject
	return f
}

// noSettings is what a check says that needs settings where there are none.
func noSettings() []finding { return []finding{skipped("needs settings that can be read")} }
