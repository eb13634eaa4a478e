package copies

import (
	"context"

	"telekeep/chunkstore"
)

// keepSmall keeps in the spool what a Writer needs to be opened when every place is away.
func (s *Set) keepSmall(ctx context.Context) error {
	for _, folder := range []string{chunkstore.KeysFolder, chunkstore.WritersFolder, chunkstore.VaultName} {
		var names []string
		err := s.List(ctx, folder, func(name string, _ int64) error {
			names = append(names, name)
			return nil
		})
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := readSmall(ctx, s, name, chunkstore.MaxSmall)
			if err != nil {
				return err
			}
			if err := s.spool.keepObject(ctx, name, data); err != nil {
				return err
			}
		}
	}
	return nil
}
