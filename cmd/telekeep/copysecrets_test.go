package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/config"
	"telekeep/systemd"
)

func TestAccessKeyIsRead(t *testing.T) {
	for text, want := range map[string]accessKey{
		"aws_access_key_id=a\naws_secret_access_key = \"b=c\"\n":                                                       {"a", "b=c", ""},
		"[other]\naws_access_key_id=x\naws_secret_access_key=y\n[default]\naws_access_key_id = a\naws_session_token=t": {"a", "", "t"},
		"# nothing\n": {},
	} {
		if got := parseAccessKey([]byte(text)); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// A secret comes from the service manager, from the file of the settings, from the file
// among the secrets or from the environment, in this order; one that others can read is
// refused; none of them stands in an error.
func TestWhereSecretsComeFrom(t *testing.T) {
	dir := t.TempDir()
	environment := map[string]string{}
	a := &app{getenv: func(name string) string { return environment[name] }}
	cfg := &config.Config{State: dir, Secrets: filepath.Join(dir, "secrets")}
	one := config.Copy{Name: "cloud"}
	write := func(name, key string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("aws_access_key_id="+key+"\naws_secret_access_key=hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	wants := func(id string) {
		t.Helper()
		if k, err := a.bucketKey(cfg, one); err != nil || k.id != id {
			t.Errorf("the key is %q, %v; want %q", k.id, err, id)
		}
	}
	refused := func(why string) {
		t.Helper()
		_, err := a.bucketKey(cfg, one)
		if err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "hunter2") || exitCode(err) != exitConfig {
			t.Errorf("the error is %v, want %q", err, why)
		}
	}
	refused("there is no access key for copy cloud")
	environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = "environment", "hunter2"
	wants("environment")
	path := write("secrets/cloud.s3", "secrets", 0o600)
	wants("secrets")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	refused("others can read or change")
	one.Credentials = filepath.Join(dir, "named")
	if _, err := a.bucketKey(cfg, one); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file of the settings that is not there: %v", err)
	}
	write("named", "", 0o600)
	refused("holds no access key")
	write("named", "named", 0o600)
	wants("named")
	write("credentials/cloud.s3", "manager", 0o400)
	environment[systemd.CredentialsVariable] = filepath.Join(dir, "credentials")
	wants("manager")
}
