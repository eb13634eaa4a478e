package telegram

import (
	"bufio"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/session"
	gotd "github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/telegram/downloader"
	"github.com/gotd/td/tg"
	"golang.org/x/sys/unix"

	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// servesEnv makes the test binary a simulator for BenchmarkBesideGotd: in a process of its own
// it does not count. It ends with its standard input.
const servesEnv = "TELEKEEP_BENCH_SERVES"

// besideSize is the size of the file that both fetch, in bytes.
const besideSize = 256 << 20

// besideChat is the channel it lies in, as rules and as the server know it.
const (
	besideChat   = "channel105"
	besideChatID = 105
)

// Served is how the clients reach the simulator.
type served struct {
	Server  string
	DC      int
	Key     []byte // PKCS #1
	APIID   int
	APIHash string
	Session [2]string // as Telethon writes it: ours, gotd's
}

// serveBeside serves the village and the file. Only a testing.B makes a village.
func serveBeside() {
	testing.Benchmark(func(b *testing.B) {
		if err := serveUntilEOF(newVillage(b, world.Options{FileDCs: []int{2}})); err != nil {
			b.Fatal(err)
		}
	})
}

func serveUntilEOF(w *world.World) error {
	if _, err := w.AddMessage(0, world.NewMessage{Chat: besideChat, FileName: "large", FileSize: besideSize}); err != nil {
		return err
	}
	sim, err := simulator.Start(context.Background(), simulator.Options{World: w, Control: "off"})
	if err != nil {
		return err
	}
	info := sim.Info()
	s := served{Server: info.Server, DC: info.DC, Key: x509.MarshalPKCS1PublicKey(info.PublicKey), APIID: info.APIID, APIHash: info.APIHash}
	for n := range s.Session {
		made, err := sim.NewSession(0)
		if err != nil {
			return err
		}
		s.Session[n] = made.Telethon()
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, sim.Close())
}

// startServed starts the simulator's process.
func startServed(b *testing.B) (s served) {
	b.Helper()
	c := exec.CommandContext(b.Context(), os.Args[0])
	c.Env = append(os.Environ(), servesEnv+"=1")
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(line, &s); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkBesideGotd fetches one file in turn: with gotd's own downloader, which throws it
// away, without and with its check of the server's hashes; with a sync that checks the server's hashes and throws it away; and with one into a
// vault in memory. Each connects anew. The simulator's processor time is not in it.
func BenchmarkBesideGotd(b *testing.B) {
	s := startServed(b)
	key, err := x509.ParsePKCS1PublicKey(s.Key)
	if err != nil {
		b.Fatal(err)
	}
	i := installFor(b, s, key)
	var plain, checked, synced, stored time.Duration
	for b.Loop() {
		plain += processorTime(b, func() error { return gotdDownload(b.Context(), s, key, false) })
		checked += processorTime(b, func() error { return gotdDownload(b.Context(), s, key, true) })
		synced += processorTime(b, func() error {
			benchmarkSync(b, i, Rules{Include: []string{besideChat}})
			return nil
		})
		fresh := installFor(b, s, key)
		stored += processorTime(b, func() error {
			r, err := fresh.sync(b.Context(), SyncOptions{Rules: Rules{Include: []string{besideChat}}})
			if err == nil && !r.Complete() {
				err = errors.New("not complete")
			}
			return err
		})
	}
	rate := func(d time.Duration) float64 { return float64(besideSize) * float64(b.N) / 1e6 / d.Seconds() }
	b.ReportMetric(rate(plain), "gotd-MB/cpu-s")
	b.ReportMetric(rate(checked), "gotd-checked-MB/cpu-s")
	b.ReportMetric(rate(synced), "sync-MB/cpu-s")
	b.ReportMetric(rate(stored), "stored-MB/cpu-s")
	b.ReportMetric(plain.Seconds()/synced.Seconds(), "sync/gotd")
	b.ReportMetric(checked.Seconds()/synced.Seconds(), "sync/gotd-checked")
}

// installFor makes an empty vault and the session, for the simulator elsewhere.
func installFor(b *testing.B, s served, key *rsa.PublicKey) *installation {
	b.Helper()
	i := install(b, newVillage(b, world.Options{})) // for its vault
	i.options.APIID, i.options.APIHash, i.options.Server, i.options.DC, i.options.PublicKeys = s.APIID, s.APIHash, s.Server, s.DC, []*rsa.PublicKey{key}
	f, err := ParseSession(s.Session[0])
	if err != nil {
		b.Fatal(err)
	}
	if _, err := i.importInto(f, ""); err != nil {
		b.Fatal(err)
	}
	return i
}

// processorTime is what this process spends in f, the collector included.
func processorTime(b *testing.B, f func() error) time.Duration {
	b.Helper()
	before := spent(b)
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return spent(b) - before
}

func spent(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// gotdDownload fetches the file as a program on gotd would.
func gotdDownload(ctx context.Context, s served, key *rsa.PublicKey, check bool) error {
	host, port, err := net.SplitHostPort(s.Server)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	data, err := session.TelethonSession(s.Session[1])
	if err != nil {
		return err
	}
	storage := &session.StorageMemory{}
	if err := (&session.Loader{Storage: storage}).Save(ctx, data); err != nil {
		return err
	}
	c := gotd.NewClient(s.APIID, s.APIHash, gotd.Options{
		DC: s.DC, DCList: dcs.List{Options: []tg.DCOption{{ID: s.DC, IPAddress: host, Port: number}}},
		PublicKeys: []gotd.PublicKey{{RSA: key}}, SessionStorage: storage, NoUpdates: true,
	})
	return c.Run(ctx, func(ctx context.Context) error {
		at, err := besideFile(ctx, c.API())
		if err != nil {
			return err
		}
		pool, err := c.Pool(besideConns)
		if err != nil {
			return err
		}
		defer func() { _ = pool.Close() }()
		var to nowhere
		_, err = downloader.NewDownloader().Download(tg.NewClient(pool), at).WithThreads(besideConns).WithVerify(check).Parallel(ctx, &to)
		if err == nil && to.bytes.Load() != besideSize {
			err = errors.New("not the whole file")
		}
		return err
	})
}

// besideConns is how many connections, and requests at once, gotd's downloader has.
const besideConns = 4

// Nowhere forgets what is written to it, and knows how much it was.
type nowhere struct{ bytes atomic.Int64 }

func (n *nowhere) WriteAt(p []byte, _ int64) (int, error) {
	n.bytes.Add(int64(len(p)))
	return len(p), nil
}

// besideFile finds the file on the server.
func besideFile(ctx context.Context, api *tg.Client) (tg.InputFileLocationClass, error) {
	dialogs, err := api.MessagesGetDialogs(ctx, &tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100})
	if err != nil {
		return nil, err
	}
	list, ok := dialogs.AsModified()
	if !ok {
		return nil, errors.New("no dialogs")
	}
	for _, chat := range list.GetChats() {
		channel, ok := chat.(*tg.Channel)
		if !ok || channel.ID != besideChatID {
			continue
		}
		history, err := api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{Peer: channel.AsInputPeer(), Limit: 1})
		if err != nil {
			return nil, err
		}
		return besideDocument(history)
	}
	return nil, errors.New("the channel is not there")
}

func besideDocument(history tg.MessagesMessagesClass) (tg.InputFileLocationClass, error) {
	page, ok := history.AsModified()
	if !ok || len(page.GetMessages()) == 0 {
		return nil, errors.New("no messages")
	}
	m, _ := page.GetMessages()[0].(*tg.Message)
	if m == nil {
		return nil, errors.New("not a message")
	}
	media, _ := m.Media.(*tg.MessageMediaDocument)
	if media == nil {
		return nil, errors.New("no file")
	}
	document, ok := media.Document.AsNotEmpty()
	if !ok || document.Size != besideSize {
		return nil, errors.New("not the file")
	}
	return document.AsInputDocumentFileLocation(""), nil
}
