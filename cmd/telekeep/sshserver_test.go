package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// sshserver DIR: an OpenSSH of this machine on a free port, with its keys in DIR: me is
// the one it lets in, known_hosts knows it. The variable SSH gets user@host:port.
func scriptSSHServer(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	for _, name := range []string{"host", "me"} {
		ts.Check(ts.Exec("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	address := l.Addr().(*net.TCPAddr)
	ts.Check(l.Close())
	config := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nStrictModes no\nSubsystem sftp internal-sftp\n",
		address.Port, filepath.Join(dir, "host"), filepath.Join(dir, "me.pub"))
	ts.Check(os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600))
	host, err := os.ReadFile(filepath.Join(dir, "host.pub"))
	ts.Check(err)
	known := fmt.Sprintf("[127.0.0.1]:%d %s\n", address.Port, strings.Join(strings.Fields(string(host))[:2], " "))
	ts.Check(os.WriteFile(filepath.Join(dir, "known_hosts"), []byte(known), 0o600))
	if os.Getuid() == 0 {
		ts.Check(os.MkdirAll("/run/sshd", 0o755)) // where sshd goes to have nothing
	}
	c := exec.Command("/usr/sbin/sshd", "-D", "-f", filepath.Join(dir, "sshd_config"), "-E", filepath.Join(dir, "log"))
	ts.Check(c.Start())
	ts.Defer(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	waitForPort(ts, address.String())
	me, err := user.Current()
	ts.Check(err)
	ts.Setenv("SSH", me.Username+"@"+address.String())
}

func waitForPort(ts *testscript.TestScript, address string) {
	for range 500 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("nothing answers at %s", address)
}
