package systemd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CredentialsVariable names the variable of the environment that holds the folder of
// credentials.
const CredentialsVariable = "CREDENTIALS_DIRECTORY"

// ErrNoCredential says that the manager handed over no credential of that name.
var ErrNoCredential = errors.New("no such credential")

// Credential returns the content of the credential name in dir, which is what
// CREDENTIALS_DIRECTORY says; "" means there are none. Errors: ErrNoCredential, or
// what the system says of the file.
func Credential(dir, name string) ([]byte, error) {
	if dir == "" {
		return nil, ErrNoCredential
	}
	if name != filepath.Base(name) || name == "." || name == ".." {
		return nil, fmt.Errorf("%w: %q is no name of one", ErrNoCredential, name)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoCredential
	}
	return data, err
}
