package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"telekeep/daemon"
	"telekeep/internal/durable"
)

// textfileEvery is how often metrics are written to the file of the settings.
const textfileEvery = 5 * time.Minute

// textfileRest is the least time between two writings, whatever happens.
const textfileRest = 2 * time.Second

// A gauge is one number that a status holds, or one for each of its labels' values.
type gauge struct {
	name, help string
	labels     []string
	value      func(s *daemon.Status, emit func(value float64, label ...string))
}

// gauges are all numbers; ages of what never was are left out.
func gauges() []gauge {
	one := func(name, help string, labels []string, value func(*daemon.Status, func(float64, ...string))) gauge {
		return gauge{"telekeep_" + name, help, labels, value}
	}
	account := func(name, help string, value func(*daemon.AccountStatus) float64) gauge {
		return one(name, help, []string{"account"}, func(s *daemon.Status, emit func(float64, ...string)) {
			for i := range s.Accounts {
				if v := value(&s.Accounts[i]); v >= 0 {
					emit(v, s.Accounts[i].Name)
				}
			}
		})
	}
	copied := func(name, help string, value func(*daemon.CopyStatus) float64) gauge {
		return one(name, help, []string{"copy"}, func(s *daemon.Status, emit func(float64, ...string)) {
			for i := range s.Copies {
				if v := value(&s.Copies[i]); v >= 0 {
					emit(v, s.Copies[i].Name)
				}
			}
		})
	}
	return []gauge{
		one("well", "1 if all is well, 0 if not.", nil, func(s *daemon.Status, emit func(float64, ...string)) { emit(truth(s.Well)) }),
		one("alarm", "1 for each alarm that is on.", []string{"kind", "account", "copy"}, func(s *daemon.Status, emit func(float64, ...string)) {
			for _, a := range s.Alarms {
				emit(1, string(a.Kind), a.Account, a.Copy)
			}
		}),
		one("held", "1 while something waits for a link that costs nothing, or for mains power.", []string{"what"}, func(s *daemon.Status, emit func(float64, ...string)) {
			if s.Held != nil {
				emit(1, s.Held.What)
			}
		}),
		one("verify_age_seconds", "Since the last verification of the copy that was verified least recently.", nil, func(s *daemon.Status, emit func(float64, ...string)) {
			if s.Verify.Age >= 0 {
				emit(s.Verify.Age)
			}
		}),
		one("verify_problems", "What the last verification found.", nil, func(s *daemon.Status, emit func(float64, ...string)) { emit(float64(s.Verify.Problems)) }),
		account("account_age_seconds", "Since everything of the account was looked through.", func(a *daemon.AccountStatus) float64 { return a.Age }),
		account("account_complete_age_seconds", "Since everything of the account was backed up.", func(a *daemon.AccountStatus) float64 { return a.WholeAge }),
		account("account_live", "1 if the account is up to date and told of changes.", func(a *daemon.AccountStatus) float64 { return truth(a.State == daemon.StateLive) }),
		account("account_failing", "Things that are missing and tried again.", func(a *daemon.AccountStatus) float64 { return float64(a.Failing) }),
		account("account_messages", "Messages stored since the daemon began.", func(a *daemon.AccountStatus) float64 { return float64(a.Messages) }),
		account("account_files", "Files stored since the daemon began.", func(a *daemon.AccountStatus) float64 { return float64(a.Media) }),
		copied("copy_free_bytes", "Free space.", func(c *daemon.CopyStatus) float64 { return float64(c.Free) }),
		copied("copy_pending_seconds", "For how long something is not in the copy; 0 for nothing.", func(c *daemon.CopyStatus) float64 { return c.PendingAge }),
		copied("copy_there", "1 if the copy can be reached.", func(c *daemon.CopyStatus) float64 { return truth(c.There) }),
		copied("copy_seen_age_seconds", "Since the copy was there.", func(c *daemon.CopyStatus) float64 { return c.SeenAge }),
		copied("copy_current_age_seconds", "Since the copy had all that the others have.", func(c *daemon.CopyStatus) float64 { return c.CurrentAge }),
		copied("copy_behind_bytes", "What the copy lacks of what the others have.", func(c *daemon.CopyStatus) float64 { return float64(c.Bytes) }),
		copied("copy_verify_age_seconds", "Since the last verification of the copy that came to its end began.", func(c *daemon.CopyStatus) float64 { return c.Verify.Age }),
		copied("copy_verify_problems", "What the last verification of the copy found.", func(c *daemon.CopyStatus) float64 { return float64(c.Verify.Problems) }),
		copied("copy_proven_age_seconds", "Since the copy was last proved to be restorable.", func(c *daemon.CopyStatus) float64 { return c.Drill.Age }),
		copied("copy_open", "1 if the copy is being written to.", func(c *daemon.CopyStatus) float64 { return truth(c.Open) }),
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// write writes a gauge in the text format of Prometheus, 0.0.4.
func (g gauge) write(b *bytes.Buffer, s *daemon.Status) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %[1]s gauge\n", g.name, g.help)
	g.value(s, func(value float64, of ...string) {
		pairs := make([]string, len(of))
		for i, v := range of {
			pairs[i] = g.labels[i] + `="` + labelValue.Replace(v) + `"`
		}
		b.WriteString(g.name)
		if len(pairs) > 0 {
			b.WriteString("{" + strings.Join(pairs, ",") + "}")
		}
		b.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
	})
}

// labelValue escapes what that format escapes in values of labels.
var labelValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// numbers are all gauges of a status as text.
func numbers(s daemon.Status) []byte {
	var b bytes.Buffer
	for _, g := range gauges() {
		g.write(&b, &s)
	}
	return b.Bytes()
}

// numbers answers with the numbers of the daemon.
func (k *keeper) numbers() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(numbers(k.daemon.Status())) // or whoever asked is gone
	})
}

// writeTextfile writes the metrics to the file of the settings, in one step. Whoever
// collects them is another user.
func (k *keeper) writeTextfile() {
	path := k.settings().Daemon.Textfile
	if path == "" {
		return
	}
	if err := durable.WriteFile(path, numbers(k.daemon.Status()), 0o644); err != nil {
		k.log.Warn("the metrics cannot be written", "error", err)
	}
}

// A metricsServer answers on TCP: with metrics, and nothing else.
type metricsServer struct {
	numbers http.Handler
	log     *slog.Logger

	mu      sync.Mutex
	address string // of the settings; "": none
	server  *http.Server
}

// serve answers at an address, in place of the one before; at none for "". An address that
// cannot be had leaves everything as it was.
func (m *metricsServer) serve(address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if address == m.address {
		return nil
	}
	var server *http.Server
	if address != "" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("the metrics cannot be served: %w", err)
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", m.numbers)
		server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
		go func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				m.log.Error("the metrics are not served any more", "error", err)
			}
		}()
	}
	if m.server != nil {
		_ = m.server.Close()
	}
	m.address, m.server = address, server
	return nil
}
