package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"telekeep/config"
	"telekeep/systemd"
)

// The secrets of a copy come from the service manager, from the kernel's keyring if the settings
// say so, from a file that they name, from a file among the secrets, or from the environment, in
// this order. Nothing of them
// stands in the settings or in an error.

// errNoSecret says that there is nothing of that kind for a copy.
var errNoSecret = errors.New("no secret for this copy")

// copySecret finds the secret of a copy that is called NAME.ending among the secrets. named
// is the file that the settings name, "" if none; path is where it was found, "" for the
// service manager.
func (a *app) copySecret(cfg *config.Config, one config.Copy, ending, named string) (data []byte, path string, err error) {
	name := one.Name + "." + ending
	from := cfg
	if ending == "key" { // of which only a file is of use, and the keyring has none
		from = &config.Config{}
	}
	data, err = a.credential(from, name)
	if !errors.Is(err, systemd.ErrNoCredential) {
		if err != nil {
			err = fmt.Errorf("cannot read the credential %s: %w", name, err)
		}
		return data, "", err
	}
	path = named
	if path == "" && cfg.Secrets != "" {
		path = filepath.Join(cfg.Secrets, name)
	}
	if path == "" {
		return nil, "", errNoSecret
	}
	data, err = readSecretFile(path)
	if errors.Is(err, fs.ErrNotExist) && named == "" {
		return nil, "", errNoSecret
	}
	if err != nil {
		return nil, path, err
	}
	return data, path, nil
}

// copySecretPaths are the files that may hold a secret of a copy.
func copySecretPaths(cfg *config.Config, one config.Copy) []string {
	var paths []string
	for _, s := range []struct{ ending, named, kind string }{
		{"key", one.Key, config.KindSFTP}, {"password", "", config.KindSFTP}, {"s3", one.Credentials, config.KindS3},
	} {
		if s.kind != one.Where.Kind {
			continue
		}
		path := s.named
		if path == "" {
			path = filepath.Join(cfg.Secrets, one.Name+"."+s.ending)
		}
		paths = append(paths, path)
	}
	return paths
}

// longestSecret is the most bytes that a file with a secret has.
const longestSecret = 64 << 10

// readSecretFile reads a file that nobody but its owner may read.
func readSecretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the secret: %w", err)
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular() || info.Size() > longestSecret:
		return nil, &failure{code: exitConfig, err: fmt.Errorf("%s holds no secret: it is no small file", path)}
	case mode.Perm()&0o077 != 0:
		return nil, &failure{
			code: exitConfig, err: fmt.Errorf("others can read or change %s (mode %03o)", path, mode.Perm()),
			hint: "chmod 600 " + shellWord(path) + "; if somebody may have read it, make a new secret",
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the secret: %w", err)
	}
	return data, nil
}

// An accessKey opens a bucket.
type accessKey struct{ id, secret, session string }

// bucketKey finds the access key of a bucket.
func (a *app) bucketKey(cfg *config.Config, one config.Copy) (accessKey, error) {
	data, path, err := a.copySecret(cfg, one, "s3", one.Credentials)
	if errors.Is(err, errNoSecret) {
		k := accessKey{a.getenv("AWS_ACCESS_KEY_ID"), a.getenv("AWS_SECRET_ACCESS_KEY"), a.getenv("AWS_SESSION_TOKEN")}
		if k.id != "" && k.secret != "" {
			return k, nil
		}
		if alone(cfg) {
			return k, &failure{code: exitConfig, err: errors.New("there is no access key for the bucket"), hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
		}
		return k, &failure{
			code: exitConfig, err: fmt.Errorf("there is no access key for copy %s", one.Name),
			hint: fmt.Sprintf("put it into %s (mode 600), in lines aws_access_key_id = … and aws_secret_access_key = …; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
				filepath.Join(cfg.Secrets, one.Name+".s3")),
		}
	}
	if err != nil {
		return accessKey{}, err
	}
	k := parseAccessKey(data)
	if k.id == "" || k.secret == "" {
		if path == "" {
			path = "the credential " + one.Name + ".s3"
		}
		return k, &failure{
			code: exitConfig, err: fmt.Errorf("%s holds no access key", path),
			hint: "it needs two lines: aws_access_key_id = … and aws_secret_access_key = …",
		}
	}
	return k, nil
}

// parseAccessKey reads a credentials file of the AWS tools: the section [default], or what
// stands before any section.
func parseAccessKey(data []byte) accessKey {
	var k accessKey
	ours := true
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "[") {
			ours = text == "[default]"
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok || !ours {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			k.id = value
		case "aws_secret_access_key":
			k.secret = value
		case "aws_session_token":
			k.session = value
		}
	}
	return k
}
