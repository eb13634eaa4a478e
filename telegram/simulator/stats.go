package simulator

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
)

// Stats counts what the simulator has done since its start or the last reset.
type Stats struct {
	Requests    map[string]int   `json:"requests"`     // by method
	Errors      map[string]int   `json:"errors"`       // answered, by method and error: "auth.signIn PHONE_CODE_INVALID"
	Unknown     map[string]int   `json:"unknown"`      // requests of methods that are not there
	FileBytes   map[string]int64 `json:"file_bytes"`   // served, by file: "document/17", "photo/18/y"
	BytesServed int64            `json:"bytes_served"` // of all files
	Open        int              `json:"open"`         // connections that are open now
	Accepted    int64            `json:"accepted"`     // connections
	Exchanges   int64            `json:"exchanges"`    // keys made
}

type stats struct {
	names map[uint32]string

	mu   sync.Mutex
	sum  Stats
	base mtproto.Stats // of the data centres at the last reset
}

func newStats() *stats {
	s := &stats{names: map[uint32]string{}}
	for id, name := range tg.TypesMap() {
		s.names[id], _, _ = strings.Cut(name, "#")
	}
	s.reset(mtproto.Stats{})
	return s
}

func (s *stats) reset(base mtproto.Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = base
	s.sum = Stats{Requests: map[string]int{}, Errors: map[string]int{}, Unknown: map[string]int{}, FileBytes: map[string]int64{}}
}

// request counts one and returns the method's name, or its id in hex.
func (s *stats) request(id uint32) string {
	name, ok := s.names[id]
	if !ok {
		name = fmt.Sprintf("%#08x", id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Requests[name]++
	return name
}

func (s *stats) unknown(id uint32) {
	name, ok := s.names[id]
	if !ok {
		name = fmt.Sprintf("%#08x", id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Unknown[name]++
}

func (s *stats) failed(name string, err error) {
	what := "INTERNAL"
	if rpc, ok := tgerr.As(err); ok {
		what = rpc.Message
	} else if errors.Is(err, mtproto.ErrDrop) {
		what = "dropped"
	} else if errors.Is(err, mtproto.ErrStall) {
		what = "stalled"
	} else if errors.Is(err, errStrange) {
		what = "unknown answer"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Errors[name+" "+what]++
}

// served counts bytes of the file that an upload.getFile asked for.
func (s *stats) served(request []byte, n int) {
	var in tg.UploadGetFileRequest
	if err := in.Decode(&bin.Buffer{Buf: request}); err != nil {
		return
	}
	file := fileName(in.Location)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.FileBytes[file] += int64(n)
	s.sum.BytesServed += int64(n)
}

// servedCDN counts bytes that an upload.getCdnFile asked for; the CDN knows
// files by their tokens only.
func (s *stats) servedCDN(request []byte, n int) {
	var in tg.UploadGetCDNFileRequest
	if err := in.Decode(&bin.Buffer{Buf: request}); err != nil || len(in.FileToken) < 8 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.FileBytes[fmt.Sprintf("cdn/%x", in.FileToken[:8])] += int64(n)
	s.sum.BytesServed += int64(n)
}

func fileName(l tg.InputFileLocationClass) string {
	name := ""
	switch l := l.(type) {
	case *tg.InputDocumentFileLocation:
		name = fmt.Sprintf("document/%d/%s", l.ID, l.ThumbSize)
	case *tg.InputPhotoFileLocation:
		name = fmt.Sprintf("photo/%d/%s", l.ID, l.ThumbSize)
	case *tg.InputPeerPhotoFileLocation:
		name = fmt.Sprintf("profile/%d", l.PhotoID)
	default:
		name = l.TypeName()
	}
	return strings.TrimSuffix(name, "/")
}

// snapshot copies the sums.
func (s *stats) snapshot(servers mtproto.Stats) Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.sum
	out.Requests, out.Errors = maps.Clone(out.Requests), maps.Clone(out.Errors)
	out.Unknown, out.FileBytes = maps.Clone(out.Unknown), maps.Clone(out.FileBytes)
	out.Open = servers.Open
	out.Accepted = servers.Accepted - s.base.Accepted
	out.Exchanges = servers.Exchanges - s.base.Exchanges
	return out
}
