package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/config"
	"telekeep/export"
)

func (a *app) restoreCommand() *cobra.Command {
	var keys keyFlags
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "restore",
		Short: "Write everything in the vault as plain files",
		Long: `Writes every stored file and every record as plain files, with a README and the
checksums of all of them (SHA256SUMS). Nothing that is in the archive is left out.

A restore into a new folder, from one copy, that ended whole is remembered as the day on which
that copy was proved to be restorable (see telekeep verify --drill).`,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usageError(c, "where to? --out is missing")
			}
			return a.restore(c.Context(), keys, out, asJSON)
		},
	}
	a.registerVault(c)
	keys.register(c)
	c.Flags().StringVar(&out, "out", "", "folder to write to; new, empty, or an earlier restore")
	c.Flags().BoolVar(&asJSON, "json", false, "print what was done as JSON")
	return c
}

func (a *app) restore(ctx context.Context, keys keyFlags, out string, asJSON bool) error {
	ids, err := a.identities(keys)
	if err != nil {
		return err
	}
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	r, err := a.openSnapshot(ctx, cfg, ids, true, archive.SnapshotOptions{Media: true})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.keepEarlier(out, "records"); err != nil {
		return err
	}
	bar := a.ui.progress("restore", a.now())
	result, err := export.Restore(ctx, r.snapshot, out, export.RestoreOptions{
		Progress: func(p export.RestoreProgress) {
			bar.show(a.now(), int64(p.Records), int64(r.snapshot.Len()), plural(p.Files, "file", "files")+", "+size(p.Bytes))
		},
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("cannot restore: %w", err)
	}
	lost, problems := withFailures(r.lost(), result.Failures)
	a.rememberRestore(cfg, r, result, problems)
	if asJSON {
		return errors.Join(a.ui.json(restoreReport{result, problems == 0, r.lost()}), damageFailure(problems))
	}
	a.printLost(lost, problems)
	a.printf("%s: %s, %s written (%s), %s in place\n", out, plural(result.Records, "record", "records"),
		plural(result.Written, "file", "files"), size(result.Bytes), count(result.Kept))
	return damageFailure(problems)
}

// rememberRestore counts a restore as a proof that its copy can be restored, if all of it came
// from one copy, and now.
func (a *app) rememberRestore(cfg *config.Config, r *restorer, result *export.Restored, problems int) {
	if len(cfg.AllCopies()) != 1 || result.Kept > 0 {
		return
	}
	a.saveDrill(cfg, cfg.AllCopies()[0].Name, drillProof{
		Vault: r.reader.Vault().ID, How: howRestore, Files: result.Written, Messages: result.Records, Bytes: result.Bytes, Problems: problems,
	})
}

// A restoreReport is what restore --json prints.
type restoreReport struct {
	*export.Restored
	OK    bool          `json:"ok"`
	Vault []problemLine `json:"vault_problems"` // found before anything was read
}
