package local

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// errElsewhere says that the path of the folder leads somewhere else by now.
var errElsewhere = errors.New("the path of the folder leads somewhere else by now, or nowhere")

// Mounted returns nil as long as the path that was opened still leads to the folder that
// was opened: nothing was mounted over it and its drive was not unmounted.
func (d *Destination) Mounted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	opened, err := d.root.Stat(".")
	if err != nil {
		return fmt.Errorf("look at the folder: %w", err)
	}
	now, err := os.Stat(d.dir)
	if err != nil {
		return fmt.Errorf("look at the folder: %w", err)
	}
	if !os.SameFile(opened, now) {
		return fmt.Errorf("%s: %w", d.dir, errElsewhere)
	}
	return nil
}
