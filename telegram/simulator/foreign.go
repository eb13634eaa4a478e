package simulator

import (
	"encoding/base64"
	"encoding/binary"
	"net"
	"slices"
)

// A Session is a login that another program could have made, with all that it
// would know of it.
type Session struct {
	User   int64
	DC     int
	Key    [256]byte // the auth key
	Server string    // host:port of the data centre
}

// NewSession signs a user in with a key of its own; user 0 is the first account.
func (s *Simulator) NewSession(user int64) (*Session, error) {
	a, err := s.named(user)
	if err != nil {
		return nil, err
	}
	dc := s.homeOf(a)
	out := &Session{User: a.UserID, DC: dc, Key: [256]byte(randomBytes(256)), Server: s.info.Addresses[dc]}
	id := s.centres[dc].keys.Add(out.Key, s.o.Now())
	s.logins.add(login{Key: id, DC: dc, User: a.UserID})
	return out, nil
}

// Telethon is the session as Telethon's StringSession has it:
//
//	"1" base64url( data centre 1 | address 4 or 16 | port 2 | key 256 )
func (s *Session) Telethon() string {
	host, port := hostPort(s.Server)
	ip := net.ParseIP(host)
	if four := ip.To4(); four != nil {
		ip = four
	}
	data := slices.Concat([]byte{byte(s.DC)}, ip, binary.BigEndian.AppendUint16(nil, uint16(port)), s.Key[:])
	return "1" + base64.URLEncoding.EncodeToString(data)
}

// GramJS is the session as GramJS's StringSession has it:
//
//	"1" base64( data centre 1 | length 2 | address | port 2 | key 256 )
func (s *Session) GramJS() string {
	host, port := hostPort(s.Server)
	data := binary.BigEndian.AppendUint16([]byte{byte(s.DC)}, uint16(len(host)))
	data = append(data, host...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(port)), s.Key[:]...)
	return "1" + base64.StdEncoding.EncodeToString(data)
}

// Pyrogram is the session as Pyrogram's session string has it, with the api_id
// of the program:
//
//	base64url( data centre 1 | api_id 4 | test 1 | key 256 | user 8 | bot 1 ) without padding
func (s *Session) Pyrogram(apiID int) string {
	data := binary.BigEndian.AppendUint32([]byte{byte(s.DC)}, uint32(apiID))
	data = append(append(data, 0), s.Key[:]...)
	data = append(binary.BigEndian.AppendUint64(data, uint64(s.User)), 0)
	return base64.RawURLEncoding.EncodeToString(data)
}
