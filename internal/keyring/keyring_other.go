//go:build !linux

package keyring

// Read returns ErrUnsupported.
func Read(string) ([]byte, error) { return nil, ErrUnsupported }
