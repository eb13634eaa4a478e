package sftp

import (
	"encoding/binary"
	"io"
	"path"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"telekeep/internal/durable"
)

// What may happen to a request.
type verdict int

const (
	pass     verdict = iota
	fail             // not carried out, answered with "failure"
	kept             // carried out, and answered with "failure" all the same
	cut              // not carried out, the connection is cut
	cutAfter         // carried out, the connection is cut instead of the answer
	hang             // never answered
	refuse           // not carried out, answered with "permission denied"
)

// A request is what a client wants, as a line: "write packs/ab/TEMP".
type request struct {
	line string
}

// The numbers of the protocol that matter here.
const (
	fxInit = 1 + iota
	fxVersion
	fxOpen
	fxClose
	fxRead
	fxWrite
	fxLstat
	fxFstat
	fxSetstat
	fxFsetstat
	fxOpendir
	fxReaddir
	fxRemove
	fxMkdir
	fxRmdir
	fxRealpath
	fxStat
	fxRename
)

const (
	fxStatus   = 101
	fxHandle   = 102
	fxExtended = 200
)

// A relay stands between a client and the SFTP server. It adds fsync@openssh.com, which
// the server in this process lacks.
type relay struct {
	server  *server
	conn    ssh.Conn
	client  io.ReadWriteCloser
	backend io.ReadWriteCloser

	sending sync.Mutex // to the client, which both ways do
	mu      sync.Mutex
	handles map[string]string              // by handle: the path
	answers map[uint32]func([]byte) []byte // by request: what to make of its answer; nil result: none
}

// up passes requests on.
func (r *relay) up() {
	for {
		packet, err := readPacket(r.client)
		if err != nil {
			return
		}
		if packet[0] == fxInit {
			r.send(r.backend, packet)
			continue
		}
		r.request(packet)
	}
}

// down passes answers on.
func (r *relay) down() {
	for {
		packet, err := readPacket(r.backend)
		if err != nil {
			return
		}
		if packet[0] == fxVersion {
			packet = r.version(packet)
		} else {
			id := binary.BigEndian.Uint32(packet[1:])
			r.mu.Lock()
			change := r.answers[id]
			delete(r.answers, id)
			r.mu.Unlock()
			if change != nil {
				packet = change(packet)
			}
		}
		if packet != nil {
			r.send(r.client, packet)
		}
	}
}

func (r *relay) version(packet []byte) []byte {
	if r.server.hide == nil {
		return appendText(appendText(packet, "fsync@openssh.com"), "1")
	}
	kept := packet[:5:5]
	for rest := packet[5:]; len(rest) > 0; {
		var name, value string
		name, rest = text(rest)
		value, rest = text(rest)
		if !r.server.hide[name] {
			kept = appendText(appendText(kept, name), value)
		}
	}
	if !r.server.hide["fsync@openssh.com"] {
		kept = appendText(appendText(kept, "fsync@openssh.com"), "1")
	}
	return kept
}

func (r *relay) request(packet []byte) {
	id := binary.BigEndian.Uint32(packet[1:])
	line, isSync := r.describe(packet)
	v := pass
	if r.server.handle != nil {
		v = r.server.handle(request{line})
	}
	if packet[0] == fxRead && r.server.shorten {
		_, rest := text(packet[5:])
		if binary.BigEndian.Uint64(rest) == partSize {
			r.send(r.client, status(id, 1))
			return
		}
	}
	switch v {
	case fail:
		r.send(r.client, status(id, 4))
		return
	case refuse:
		r.send(r.client, status(id, 3))
		return
	case hang:
		return
	case cut:
		r.conn.Close()
		return
	case kept:
		r.on(id, func([]byte) []byte { return status(id, 4) })
	case cutAfter:
		r.on(id, func([]byte) []byte { r.conn.Close(); return nil })
	case pass:
		if packet[0] == fxOpen || packet[0] == fxOpendir {
			name, _ := text(packet[5:])
			r.on(id, func(answer []byte) []byte { r.opened(name, answer); return answer })
		}
	}
	if isSync {
		answer := status(id, 0)
		r.mu.Lock()
		change := r.answers[id]
		delete(r.answers, id)
		r.mu.Unlock()
		if change != nil {
			answer = change(answer)
		}
		if answer != nil {
			r.send(r.client, answer)
		}
		return
	}
	r.send(r.backend, packet)
}

func (r *relay) on(id uint32, change func([]byte) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[id] = change
}

func (r *relay) opened(name string, answer []byte) {
	if answer[0] != fxHandle {
		return
	}
	handle, _ := text(answer[5:])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handles[handle] = name
}

// describe makes a line of a request.
func (r *relay) describe(packet []byte) (line string, isSync bool) {
	rest := packet[5:]
	first, rest := text(rest)
	switch packet[0] {
	case fxOpen:
		verb := "open"
		if binary.BigEndian.Uint32(rest)&8 != 0 {
			verb = "create"
		}
		return verb + " " + r.short(first), false
	case fxRename:
		second, _ := text(rest)
		return "rename " + r.short(first) + " " + r.short(second), false
	case fxExtended:
		return r.describeExtended(first, rest)
	}
	verbs := map[byte]string{fxClose: "close", fxRead: "read", fxWrite: "write", fxLstat: "lstat", fxFstat: "fstat", fxStat: "stat",
		fxOpendir: "opendir", fxReaddir: "readdir", fxRemove: "remove", fxMkdir: "mkdir", fxRmdir: "rmdir", fxSetstat: "setstat",
		fxFsetstat: "fsetstat", fxRealpath: "realpath"}
	switch packet[0] {
	case fxClose, fxRead, fxWrite, fxFstat, fxReaddir, fxFsetstat:
		first = r.handle(first)
	}
	return verbs[packet[0]] + " " + r.short(first), false
}

func (r *relay) describeExtended(name string, rest []byte) (string, bool) {
	first, rest := text(rest)
	verb, _, _ := strings.Cut(name, "@")
	switch verb {
	case "fsync":
		return "fsync " + r.short(r.handle(first)), true
	case "hardlink", "posix-rename":
		second, _ := text(rest)
		return verb + " " + r.short(first) + " " + r.short(second), false
	}
	return verb + " " + r.short(first), false
}

func (r *relay) handle(handle string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handles[handle]
}

// short makes a path relative to the vault and replaces what is random.
func (r *relay) short(name string) string {
	if durable.IsTemporary(name) {
		name = path.Join(path.Dir(name), "TEMP")
	}
	dir := r.server.dir
	if name == dir {
		return "."
	}
	return strings.TrimPrefix(name, dir+"/")
}

func (r *relay) send(w io.Writer, packet []byte) {
	if w == r.client {
		r.sending.Lock()
		defer r.sending.Unlock()
	}
	whole := binary.BigEndian.AppendUint32(nil, uint32(len(packet)))
	w.Write(append(whole, packet...)) // a connection that has ended is seen by who reads
}

func readPacket(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(from, packet)
	return packet, err
}

// text takes a string off the front of a packet.
func text(p []byte) (string, []byte) {
	if len(p) < 4 {
		return "", nil
	}
	n := binary.BigEndian.Uint32(p)
	return string(p[4 : 4+n]), p[4+n:]
}

func appendText(p []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(p, uint32(len(s))), s...)
}

func status(id uint32, code uint32) []byte {
	p := binary.BigEndian.AppendUint32([]byte{fxStatus}, id)
	p = binary.BigEndian.AppendUint32(p, code)
	return appendText(appendText(p, "as told"), "")
}
