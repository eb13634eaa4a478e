package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The address can be changed while it is served; one that cannot be had leaves what was there.
func TestMetricsServerMoves(t *testing.T) {
	m := &metricsServer{log: slog.New(slog.DiscardHandler), numbers: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "telekeep_well 1\n")
	})}
	address := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	answers := func(address string) bool {
		got, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		return err == nil && string(text) == "telekeep_well 1\n"
	}
	first, second := address(), address()
	for _, step := range []struct {
		serve         string
		wrong         bool
		first, second bool // that answer then
	}{
		{"", false, false, false}, {first, false, true, false}, {first, false, true, false}, {second, false, false, true},
		{"256.0.0.1:1", true, false, true}, {"", false, false, false},
	} {
		err := m.serve(step.serve)
		if (err != nil) != step.wrong || err != nil && !strings.Contains(err.Error(), "the metrics cannot be served") {
			t.Errorf("%q: %v", step.serve, err)
		}
		if a, b := answers(first), answers(second); a != step.first || b != step.second {
			t.Errorf("after %q: the first answers %v, the second %v", step.serve, a, b)
		}
	}
}
