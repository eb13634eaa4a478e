package telegram

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/gotd/td/crypto"

	"telekeep/archive"
)

// keySize is the size of an auth key in bytes, hostMost the longest name of a
// host that a session string may hold.
const (
	keySize  = len(crypto.Key{})
	hostMost = 255
)

// ParseSession reads a session string of Telethon, GramJS or Pyrogram; it tells
// them apart by their form:
//
//	Telethon  "1" base64url( data centre 1 | address 4 or 16 | port 2 | key 256 )
//	GramJS    "1" base64( data centre 1 | length 2 | address | port 2 | key 256 )
//	Pyrogram  base64url( data centre 1 | test 1 | key 256 | user 4 or 8 | bot 1 ), newer ones with an
//	          api_id of 4 bytes after the data centre
//
// Error: ErrForeignUnreadable, which never repeats what was read.
func ParseSession(text string) (*Foreign, error) {
	text = strings.Trim(strings.TrimSpace(text), `"'`)
	bad := func(why string) (*Foreign, error) { return nil, fmt.Errorf("%w: %s", ErrForeignUnreadable, why) }
	rest, versioned := strings.CutPrefix(text, "1")
	clean := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(rest, "="))
	data, err := base64.RawURLEncoding.DecodeString(clean)
	switch {
	case text == "":
		return bad("it is empty")
	case err != nil:
		return bad("it is no session string: it has other letters than those of base64")
	}
	var f *Foreign
	if versioned {
		f = versionedSession(data)
	} else {
		f = pyrogramSession(data)
	}
	switch {
	case f == nil:
		return bad(fmt.Sprintf("%d bytes are no session string of Telethon, GramJS or Pyrogram; was it copied whole?", len(data)))
	case f.DC < 1 || f.DC > 1000:
		return bad(fmt.Sprintf("it names data centre %d", f.DC))
	case f.key == crypto.Key{}:
		return bad("it holds no key")
	}
	return f, nil
}

// versionedSession reads what Telethon and GramJS write behind their "1"; nil if
// it is neither's. Addresses that could be both are GramJS's: an IPv6 address
// that begins with zeros is none of a server.
func versionedSession(data []byte) *Foreign {
	if len(data) < 3+2+keySize {
		return nil
	}
	host, program := "", ""
	address := data[1 : len(data)-2-keySize]
	if n := int(binary.BigEndian.Uint16(address)); n == len(address)-2 && n > 0 && n <= hostMost {
		host, program = string(address[2:]), "GramJS"
	} else if len(address) == net.IPv4len || len(address) == net.IPv6len {
		host, program = net.IP(address).String(), "Telethon"
	} else {
		return nil
	}
	end := data[1+len(address):]
	port := strconv.Itoa(int(binary.BigEndian.Uint16(end)))
	return &Foreign{Program: program, DC: int(data[0]), Server: net.JoinHostPort(host, port), key: crypto.Key(end[2:])}
}

// pyrogramSession reads what Pyrogram writes; nil if it is not Pyrogram's.
func pyrogramSession(data []byte) *Foreign {
	const first, test, bot = 1, 1, 1
	user := 8
	switch len(data) {
	case first + 4 + test + keySize + 8 + bot:
		data = append([]byte{data[0]}, data[first+4:]...)
	case first + test + keySize + 8 + bot:
	case first + test + keySize + 4 + bot:
		user = 4
	default:
		return nil
	}
	f := &Foreign{Program: "Pyrogram", DC: int(data[0]), Test: data[1] != 0, key: crypto.Key(data[2 : 2+keySize])}
	id := data[2+keySize:]
	f.Bot = id[user] != 0
	wide := append(make([]byte, 8-user), id[:user]...)
	if n := int64(binary.BigEndian.Uint64(wide)); n > 0 {
		f.Account = archive.NewPeerID(archive.PeerUser, n)
	}
	return f
}
