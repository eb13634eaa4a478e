package memory

import (
	"bytes"
	"context"
)

// Replace stores a copy of data under name, whatever was there.
func (d *Destination) Replace(ctx context.Context, name string, data []byte) error {
	faultErr := d.begin(ctx, Call{Op: Replace, Name: name, Size: int64(len(data))})
	if isLost(faultErr) {
		return faultErr
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.objects[name] = bytes.Clone(data)
	d.counts.BytesIn += int64(len(data))
	return faultErr
}

// Remove removes an object; one that is not there is fine.
func (d *Destination) Remove(ctx context.Context, name string) error {
	faultErr := d.begin(ctx, Call{Op: Remove, Name: name})
	if isLost(faultErr) {
		return faultErr
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.objects, name)
	return faultErr
}

// Close does nothing: a closed Destination goes on, as a folder does that is opened
// again.
func (d *Destination) Close() error { return nil }
