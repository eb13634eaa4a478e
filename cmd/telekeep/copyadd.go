package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/chunkstore/destination/local"
	"telekeep/config"
	"telekeep/internal/durable"
)

// A copyAddReport is what copy add --json prints.
type copyAddReport struct {
	Name    string      `json:"name"`
	URL     string      `json:"url"`
	Adopted bool        `json:"adopted"` // the vault lay there already
	Lacks   lack        `json:"lacks"`   // before it was brought up to date
	Free    int64       `json:"free_bytes"`
	Sync    *copyResult `json:"sync,omitempty"` // unless --no-sync
}

func (a *app) copyAddCommand() *cobra.Command {
	var one config.Copy
	var noSync, asJSON bool
	c := &cobra.Command{
		Use:   "add NAME URL",
		Short: "Keep the vault at one more place",
		Long: `Makes a place hold the vault too: a folder on another drive or a mounted NAS, a folder
behind SSH (sftp://user@host[:port]/folder, /~/folder for one in the login's own), or a
bucket (s3://host[:port]/bucket/prefix).

The place must be empty, or hold this vault already: then it gets what it lacks. Before
anything is written it is looked at, and so is the room there. Then the copy stands in
the settings file, and gets everything.

Passwords and keys do not stand in the settings. The access key of a bucket lies in
NAME.s3 in the folder of secrets (mode 600), in lines aws_access_key_id = … and
aws_secret_access_key = …, or in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the key for
SSH in NAME.key, or in the SSH agent. Both can be credentials of the service manager.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError(c, "takes a name and a folder or URL")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			one.Name, one.URL = args[0], args[1]
			return a.copyAdd(c.Context(), one, noSync, asJSON)
		},
	}
	c.Flags().StringVar(&one.Key, "key", "", "sftp: file of the private key")
	c.Flags().StringVar(&one.KnownHosts, "known-hosts", "", "sftp: file of the host keys (default ~/.ssh/known_hosts)")
	c.Flags().StringVar(&one.Credentials, "credentials", "", "s3: file of the access key")
	c.Flags().StringVar(&one.Region, "region", "", "s3: region of the bucket")
	c.Flags().StringVar(&one.StorageClass, "storage-class", "", "s3: storage class of new objects")
	c.Flags().StringVar(&one.Retention, "retention", "", `s3: nobody can delete a new object for so long, such as "90d"; the bucket needs object lock`)
	c.Flags().BoolVar(&noSync, "no-sync", false, "do not bring it up to date now")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) copyAdd(ctx context.Context, one config.Copy, noSync, asJSON bool) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if err := fromHere(&one); err != nil {
		return err
	}
	if err := config.CheckCopy(p.config, &one); err != nil {
		return &failure{code: exitUsage, err: err, hint: "see telekeep copy add --help"}
	}
	there, err := standsThere(cfg, one)
	if err != nil {
		return err
	}
	if !there {
		if err := editSettings(cfg, p.config, one, true); err != nil {
			return err // nothing was written: whether it can be is asked first
		}
	}
	report, err := a.prepareCopy(ctx, cfg, one)
	if err != nil {
		return err
	}
	if !there {
		if err := editSettings(cfg, p.config, one, false); err != nil {
			return err
		}
	}
	if !asJSON {
		a.printAdded(report)
	}
	if lacks := a.serviceLacks(ctx); lacks != "" {
		a.ui.warn("the service: %s", lacks)
	}
	if !noSync {
		err = a.syncAdded(ctx, report, asJSON)
	} else if d := running(cfg); d != nil {
		err = d.tell(ctx, "reload", nil)
	}
	if asJSON {
		return errors.Join(a.ui.json(report), err)
	}
	return err
}

// standsThere reports whether the settings name this copy already: an earlier copy add did not
// get to its end, and this one goes on. Another place under its name is an error.
func standsThere(cfg *config.Config, one config.Copy) (bool, error) {
	for _, other := range cfg.AllCopies() {
		if other.Name != one.Name {
			continue
		}
		if other.Where == one.Where {
			return true, nil
		}
		return false, &failure{
			code: exitUsage, err: fmt.Errorf("there is a copy %s already, at %s; nothing was written", one.Name, printable(other.URL)),
			hint: "give the new one another name; telekeep copy list shows those that are there",
		}
	}
	return false, nil
}

// fromHere makes the paths that somebody typed absolute: in the settings they would count
// from that file.
func fromHere(one *config.Copy) error {
	where, err := config.ParseWhere(one.URL)
	if err == nil && where.Kind == config.KindFolder {
		if one.URL, err = filepath.Abs(where.Path); err != nil {
			return fmt.Errorf("folder %q: %w", where.Path, err)
		}
	}
	for _, path := range []*string{&one.Key, &one.KnownHosts, &one.Credentials} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return fmt.Errorf("file %q: %w", *path, err)
		}
	}
	return nil // what is wrong with the URL is said by who checks all of it
}

// editSettings adds a copy to the settings file; dry only tries whether that can be done.
func editSettings(cfg *config.Config, path string, one config.Copy, dry bool) error {
	return changeSettings(cfg, path, dry, func(text []byte) ([]byte, error) { return config.AddCopy(path, text, one) })
}

// changeSettings changes the settings file in one step. Its permissions stay; a link is
// followed, so that the file it leads to is the one that changes.
func changeSettings(cfg *config.Config, path string, dry bool, change func(text []byte) ([]byte, error)) error {
	if err := durable.MkdirPath(cfg.State, durable.PrivateDir); err != nil {
		return fmt.Errorf("cannot make the state folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(cfg.State, "settings.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("cannot lock the settings: %w", err)
	}
	defer lock.Close() // and so the lock ends
	if !durable.Lock(lock) {
		return &failure{code: exitBusy, err: errors.New("another telekeep changes the settings"), hint: "run the command again"}
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("cannot find the settings: %w", err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return fmt.Errorf("cannot read the settings: %w", err)
	}
	text, err := os.ReadFile(real)
	if err != nil {
		return fmt.Errorf("cannot read the settings: %w", err)
	}
	if text, err = change(text); err != nil || dry {
		return err
	}
	if err := durable.WriteFile(real, text, info.Mode().Perm()); err != nil {
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	return nil
}

// prepareCopy looks at the place and makes it one that holds the vault, if it is empty.
func (a *app) prepareCopy(ctx context.Context, cfg *config.Config, one config.Copy) (_ *copyAddReport, err error) {
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return nil, err
	}
	set, err := copies.Open(ctx, a.copyOptions(cfg, secrets.VaultID))
	if err != nil {
		return nil, fmt.Errorf("cannot look at the vault: %w", err)
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	d, err := a.openNew(ctx, cfg, one)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	report := &copyAddReport{Name: one.Name, URL: one.URL}
	if report.Adopted, err = holdsVault(ctx, d, one, secrets.VaultID); err != nil {
		return nil, err
	}
	if report.Lacks, err = lackOf(ctx, set, d); err != nil {
		return nil, err
	}
	if report.Free, err = freeOf(ctx, d); err != nil {
		return nil, copyFailure(one.Name, err)
	}
	if room := report.Free - report.Lacks.Bytes; report.Free >= 0 && room < copies.DefaultReserve {
		return nil, &failure{
			code: exitNoSpace, err: fmt.Errorf("%s are free at %s: the vault takes %s more, and %s must stay free", size(report.Free), one.URL, size(report.Lacks.Bytes), size(int64(copies.DefaultReserve))),
			hint: "nothing was written; make room there, or choose another place",
		}
	}
	a.warnSameDrive(cfg, one)
	if report.Adopted {
		return report, nil
	}
	return report, giveMarker(ctx, set, d)
}

// openNew opens the place of a new copy. A folder is made if the one it lies in is there.
func (a *app) openNew(ctx context.Context, cfg *config.Config, one config.Copy) (driver, error) {
	switch one.Where.Kind {
	case config.KindSFTP:
		return a.newSFTP(ctx, cfg, one)
	case config.KindS3:
		return a.openPlace(ctx, cfg, one)
	}
	dir := one.Where.Path
	if _, err := os.Stat(filepath.Dir(dir)); err != nil {
		return nil, &failure{
			code: exitVault, err: fmt.Errorf("the folder for copy %s is not there, nor the one that it lies in: %s", one.Name, filepath.Dir(dir)),
			hint: "is the drive plugged in and mounted?",
		}
	}
	if err := foreignFiles(dir); err != nil {
		return nil, err
	}
	if err := durable.MkdirPath(dir, durable.PrivateDir); err != nil {
		return nil, fmt.Errorf("cannot make the folder %s: %w", dir, err)
	}
	return local.Open(dir)
}

// foreignFiles refuses a folder that holds something else than a vault, by the name of it.
func foreignFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot look into %s: %w", dir, err)
	}
	if isVault(dir) {
		return nil
	}
	for _, e := range entries {
		if !local.Furniture(e.Name()) {
			return notEmpty(dir, e.Name())
		}
	}
	return nil
}

func notEmpty(place, name string) error {
	return &failure{
		code: exitFailure, err: fmt.Errorf("%s is not empty, and holds no vault: there is %q", place, name),
		hint: "give a folder of its own, such as " + place + "/telekeep; nothing was written",
	}
}

// holdsVault reports whether the vault lies at a place already. Another vault, and anything
// else, is an error.
func holdsVault(ctx context.Context, d driver, one config.Copy, id string) (bool, error) {
	vault, err := chunkstore.ReadVault(ctx, d)
	switch {
	case err == nil && vault.ID != id:
		return false, &failure{
			code: exitVault, err: fmt.Errorf("%s holds another vault: %s; this one is %s", one.URL, vault.ID, id),
			hint: "give an empty folder; nothing was written",
		}
	case err == nil:
		return true, nil
	case !errors.Is(err, chunkstore.ErrNoVault):
		return false, fmt.Errorf("cannot look at %s: %w", one.URL, err)
	}
	err = d.List(ctx, "", func(name string, _ int64) error { return notEmpty(one.URL, name) })
	return false, err
}

// lackOf is what a place lacks of the vault.
func lackOf(ctx context.Context, vault, place chunkstore.Destination) (lack, error) {
	there := make(map[string]bool)
	err := place.List(ctx, "", func(name string, _ int64) error {
		there[name] = true
		return nil
	})
	var l lack
	if err == nil {
		err = vault.List(ctx, "", func(name string, size int64) error {
			if kind := chunkstore.ParseName(name).Kind; !there[name] && kind != chunkstore.ForeignObject && kind != chunkstore.VaultObject {
				l.Objects, l.Bytes = l.Objects+1, l.Bytes+size
			}
			return nil
		})
	}
	if err != nil {
		return l, fmt.Errorf("cannot tell what it lacks: %w", err)
	}
	return l, nil
}

// giveMarker makes an empty place one that holds the vault, and nothing of it yet: the next
// copy add finds it so if this one is stopped.
func giveMarker(ctx context.Context, from chunkstore.Destination, to driver) error {
	r, err := from.Get(ctx, chunkstore.VaultName)
	if err != nil {
		return fmt.Errorf("cannot read vault.json: %w", err)
	}
	defer r.Close() // read only
	data, err := io.ReadAll(io.LimitReader(r, chunkstore.MaxSmall))
	if err == nil {
		_, err = chunkstore.ParseVault(data)
	}
	if err != nil {
		return fmt.Errorf("cannot read vault.json: %w", err)
	}
	if err := to.Put(ctx, chunkstore.VaultName, data); err != nil {
		return fmt.Errorf("cannot write to the new copy: %w", err)
	}
	return nil
}

// warnSameDrive warns of a copy that is lost together with another.
func (a *app) warnSameDrive(cfg *config.Config, one config.Copy) {
	dev, ok := deviceOf(one.Where.Path)
	if one.Where.Kind != config.KindFolder || !ok {
		return
	}
	for _, other := range cfg.AllCopies() {
		if other.Where.Kind != config.KindFolder || other.Name == one.Name {
			continue
		}
		if d, ok := deviceOf(other.Where.Path); ok && d == dev {
			a.ui.warn("copy %s lies on the same drive as copy %s: what breaks that drive takes both", one.Name, other.Name)
			return
		}
	}
}

func (a *app) printAdded(r *copyAddReport) {
	what := "is empty"
	if r.Adopted {
		what = "holds the vault already"
	}
	room := ""
	if r.Free >= 0 {
		room = ", " + size(r.Free) + " are free"
	}
	lacks := "lacks nothing"
	if r.Lacks.Objects > 0 {
		lacks = "lacks " + plural(r.Lacks.Objects, "file", "files") + " (" + size(r.Lacks.Bytes) + ")"
	}
	a.printf("%s: %s %s and %s%s; it stands in the settings now\n", r.Name, printable(r.URL), what, lacks, room)
}

// syncAdded brings the new copy up to date.
func (a *app) syncAdded(ctx context.Context, report *copyAddReport, quiet bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if d := running(cfg); d != nil {
		if err := d.tell(ctx, "reload", nil); err != nil {
			return err
		}
	}
	all := &copySyncReport{Copies: []*copyResult{}}
	err = a.catchUp(ctx, cfg, []string{report.Name}, all, quiet)
	if len(all.Copies) > 0 {
		report.Sync = all.Copies[0]
	}
	return err
}
