//go:build linux

package sftp

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"telekeep/chunkstore/destination/suite"
)

// An openSSH is a real OpenSSH server on loopback: each connection gets an sshd of its
// own, as from inetd, so that no port has to be guessed and each can be stopped alone.
type openSSH struct {
	t       *testing.T
	program string
	files   string
	user    string
	port    int

	mu   sync.Mutex
	log  bytes.Buffer
	runs map[int]bool // process groups
}

// startOpenSSH starts a server for one user, with more lines of sshd_config(5).
func startOpenSSH(t *testing.T, user, subsystem string, lines ...string) *openSSH {
	t.Helper()
	program := os.Getenv("TELEKEEP_SSHD")
	if program == "" {
		t.Skip("TELEKEEP_SSHD does not name OpenSSH's server")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can run an SSH server for other users")
	}
	s := &openSSH{t: t, program: program, files: t.TempDir(), user: user, runs: make(map[int]bool)}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd goes to have nothing
		t.Fatal(err)
	}
	host, key := newKey(t), newKey(t)
	writeKey(t, s.file("host"), host, "")
	writeKey(t, s.file("key"), key, "")
	s.write("authorized_keys", string(ssh.MarshalAuthorizedKey(key.PublicKey())))
	s.write("sshd_config", strings.Join(append([]string{
		"HostKey " + s.file("host"), "AuthorizedKeysFile " + s.file("authorized_keys"), "StrictModes no", "UsePAM no",
		"PermitRootLogin yes", "PasswordAuthentication no", "Subsystem sftp " + subsystem,
	}, lines...), "\n")+"\n")
	for dir := s.files; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { // other users read the authorized keys
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	s.write("known_hosts", fmt.Sprintf("[127.0.0.1]:%d %s", s.port, ssh.MarshalAuthorizedKey(host.PublicKey())))
	var work sync.WaitGroup
	work.Go(func() { s.accept(listener, &work) })
	t.Cleanup(func() {
		listener.Close()
		s.signal(syscall.SIGKILL)
		work.Wait()
		if t.Failed() {
			t.Logf("sshd said:\n%s", &s.log)
		}
	})
	return s
}

func (s *openSSH) file(name string) string { return filepath.Join(s.files, name) }

func (s *openSSH) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(s.file(name), []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *openSSH) accept(listener net.Listener, work *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		socket, err := conn.(*net.TCPConn).File()
		conn.Close()
		if err != nil {
			s.t.Error(err)
			return
		}
		cmd := exec.Command(s.program, "-i", "-e", "-f", s.file("sshd_config"))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = socket, socket, s
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			s.t.Error(err)
			return
		}
		socket.Close()
		s.mu.Lock()
		s.runs[cmd.Process.Pid] = true
		s.mu.Unlock()
		work.Go(func() {
			cmd.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.runs, cmd.Process.Pid)
		})
	}
}

// Write takes what sshd says.
func (s *openSSH) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

// signal sends a signal to the server of every connection there is.
func (s *openSSH) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for group := range s.runs {
		syscall.Kill(-group, sig)
	}
}

func (s *openSSH) options(path string) Options {
	return Options{Host: "127.0.0.1", Port: s.port, User: s.user, Path: path, KeyFile: s.file("key"), KnownHosts: s.file("known_hosts")}
}

func (s *openSSH) open(t *testing.T, path string, change ...func(*Options)) *Destination {
	t.Helper()
	o := s.options(path)
	for _, c := range change {
		c(&o)
	}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestOpenSSH(t *testing.T) {
	s := startOpenSSH(t, "root", "/usr/lib/openssh/sftp-server")
	// Each fsync goes to a disk here: what makes hundreds of them is left to the others.
	suite.Test(t, func(t *testing.T) suite.Destination { return s.open(t, t.TempDir()) },
		"ListMany", "ConcurrentNames", "ConcurrentSame", "ConcurrentOther", "NeverHalf", "ReplaceNeverHalf")
	t.Run("Syncs", func(t *testing.T) {
		found, err := s.open(t, t.TempDir()).Syncs(t.Context())
		if err != nil || found != (Durability{Bytes: true, Names: true}) {
			t.Errorf("Syncs = %+v, %v", found, err)
		}
	})
}

// A login that can do nothing but SFTP, and sees nothing but one folder, is enough.
func TestOpenSSHChroot(t *testing.T) {
	jail, err := os.MkdirTemp("/run", "telekeep-chroot-") // every folder above must be root's
	if err != nil {
		t.Skipf("no place for a chroot: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(jail) })
	s := startOpenSSH(t, "nobody", "internal-sftp", "ChrootDirectory "+jail, "ForceCommand internal-sftp", "AllowTcpForwarding no", "PermitTTY no")
	n := 0
	newFolder := func(t *testing.T) string {
		n++
		path := fmt.Sprintf("/vault%d", n)
		const nobody = 65534
		if err := errors.Join(os.Chmod(jail, 0o755), os.Mkdir(jail+path, 0o700), os.Chown(jail+path, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	suite.Test(t, func(t *testing.T) suite.Destination { return s.open(t, newFolder(t)) })
	t.Run("NotWritable", func(t *testing.T) {
		if err := os.Mkdir(jail+"/roots", 0o755); err != nil {
			t.Fatal(err)
		}
		d := s.open(t, "/roots")
		if err := d.Put(t.Context(), "vault.json", []byte("{}")); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "nobody") {
			t.Errorf("Put = %v", err)
		}
		if _, err := Create(t.Context(), s.options("/roots/new")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Create = %v", err)
		}
		if _, err := Open(t.Context(), s.options("/none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open of a missing folder = %v", err)
		}
	})
}

func TestOpenSSHReadOnly(t *testing.T) {
	s := startOpenSSH(t, "root", "/usr/lib/openssh/sftp-server -R")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "vault.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := s.open(t, dir)
	if got, err := get(t.Context(), d, "vault.json"); err != nil || string(got) != "{}" {
		t.Errorf("Get = %q, %v", got, err)
	}
	for what, err := range map[string]error{
		"Put":           d.Put(t.Context(), "a", []byte("x")),
		"Put in folder": d.Put(t.Context(), "packs/ab/a", []byte("x")),
		"Replace":       d.Replace(t.Context(), "vault.json", []byte("x")),
		"Remove":        d.Remove(t.Context(), "vault.json"),
	} {
		if what == "Replace" && errors.Is(err, errors.ErrUnsupported) {
			continue // newer servers do not even offer it then
		}
		if !errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s = %v, want fs.ErrPermission", what, err)
		}
	}
	if err := d.Put(t.Context(), "vault.json", []byte("{}")); err != nil {
		t.Errorf("Put of what is there = %v", err)
	}
}

// mount mounts a file system of memory.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// A full file system is known as one though the protocol only says "failure". What was
// written of an object is taken away again, and with room the same Put succeeds.
func TestOpenSSHNoSpace(t *testing.T) {
	s := startOpenSSH(t, "root", "internal-sftp")
	for what, options := range map[string]string{"bytes": "size=4m", "files": "size=64m,nr_inodes=8"} {
		t.Run(what, func(t *testing.T) {
			dir := mount(t, options)
			d := s.open(t, dir)
			var err error
			stored := 0
			for ; err == nil && stored < 100; stored++ {
				err = d.Put(t.Context(), fmt.Sprintf("packs/%d", stored), noise(uint64(stored), 1<<20))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("Put number %d = %v", stored, err)
			}
			stored--
			if files := onDisk(t, dir); len(files) != stored {
				t.Errorf("%d files, want %d", len(files), stored)
			}
			if err := d.Remove(t.Context(), "packs/0"); err != nil {
				t.Fatal(err)
			}
			if err := d.Put(t.Context(), fmt.Sprintf("packs/%d", stored), noise(uint64(stored), 1<<20)); err != nil {
				t.Errorf("with room again, Put = %v", err)
			}
		})
	}
	t.Run("read-only", func(t *testing.T) {
		dir := mount(t, "size=4m")
		d := s.open(t, dir)
		if err := d.Put(t.Context(), "a", []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{d.Put(t.Context(), "b", []byte("x")), d.Put(t.Context(), "packs/b", []byte("x")), d.Remove(t.Context(), "a")} {
			if !errors.Is(err, syscall.EROFS) {
				t.Errorf("on a read-only file system: %v", err)
			}
		}
	})
}

// The server's processes are killed over and over while objects are stored and read: at
// worst a call fails, and in the end everything is there and nothing else.
func TestOpenSSHKilled(t *testing.T) {
	s := startOpenSSH(t, "root", "internal-sftp")
	dir := t.TempDir()
	d := s.open(t, dir)
	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(60 * time.Millisecond):
				s.signal(syscall.SIGKILL)
			}
		}
	})
	const objects = 12
	failed := 0
	var work sync.WaitGroup
	var mu sync.Mutex
	for i := range objects {
		work.Go(func() {
			name := fmt.Sprintf("packs/%d/%d", i%3, i)
			n := putUntilItWorks(t, d, name, noise(uint64(i), 2<<20))
			mu.Lock()
			defer mu.Unlock()
			failed += n
		})
		if i == objects/2 {
			time.Sleep(400 * time.Millisecond)
		}
		if i == objects-1 {
			time.Sleep(600 * time.Millisecond)
			close(stop)
		}
	}
	work.Wait()
	killer.Wait()
	t.Logf("%d of the Puts failed", failed)
	putUntilItWorks(t, d, "packs/last", nil) // which also removes what the others could not
	files := onDisk(t, dir)
	for i := range objects {
		if name := fmt.Sprintf("packs/%d/%d", i%3, i); files[name] != string(noise(uint64(i), 2<<20)) {
			t.Errorf("%s is not what was put", name)
		}
	}
	if len(files) != objects+1 {
		t.Errorf("in the end there are %d files, want %d", len(files), objects+1)
	}
}

// putUntilItWorks stores an object although the server comes and goes. It returns how
// many times that failed.
func putUntilItWorks(t *testing.T, d *Destination, name string, data []byte) int {
	for try := 0; ; try++ {
		err := d.Put(t.Context(), name, data)
		if err == nil {
			return try
		}
		if !errors.Is(err, ErrUnreachable) || try == 600 {
			t.Errorf("Put(%s) = %v", name, err)
			return try
		}
		time.Sleep(50 * time.Millisecond) // a pause between connections is at most 30 s
	}
}

// A server that is stopped in the middle ends the call, and serves the next one when
// it goes on.
func TestOpenSSHStopped(t *testing.T) {
	s := startOpenSSH(t, "root", "internal-sftp")
	d := s.open(t, t.TempDir(), func(o *Options) { o.StallTimeout = 3 * time.Second })
	if err := d.Put(t.Context(), "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGSTOP)
	if err := d.Put(t.Context(), "b", noise(1, 1<<20)); err != nil {
		t.Errorf("with another connection, which is served: %v", err)
	}
	s.signal(syscall.SIGCONT)
	if err := d.Put(t.Context(), "c", []byte("x")); err != nil {
		t.Errorf("Put = %v", err)
	}
}

// A server with a drive as it is sold: objects get their names without hard links.
func TestOpenSSHOnExFAT(t *testing.T) {
	drive := suite.ExFAT(t)
	s := startOpenSSH(t, "root", "internal-sftp")
	n := 0
	suite.Test(t, func(t *testing.T) suite.Destination {
		n++
		d, err := Create(t.Context(), s.options(fmt.Sprintf("%s/%d", drive, n)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}, suite.NotOnExFAT)
}
