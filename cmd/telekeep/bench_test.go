package main

import (
	"encoding/json"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// How fast a first sync is, against a simulator that is a process of its own on
// the same cores. Both do MTProto's cryptography, so the figure is that of the
// pair; peak-MB is the memory of telekeep alone.

func BenchmarkSyncMedia(b *testing.B) {
	measureSync(b, "--seed", "21", "--chats", "4", "--messages", "400", "--media", "512MiB")
}

func BenchmarkSyncMessages(b *testing.B) {
	measureSync(b, "--seed", "22", "--chats", "20", "--messages", "200000", "--media", "1MiB")
}

// BenchmarkSyncLarge is an account of 1,000 chats and 1,000,000 messages: its
// first sync, and how many requests a later one makes with nothing new.
func BenchmarkSyncLarge(b *testing.B) {
	measureSync(b, "--seed", "23", "--chats", "1000", "--messages", "1000000", "--media", "1MiB")
}

// BenchmarkNothingNew shows that the requests of a sync with nothing new do not
// grow with the messages, and with the chats by a page of the list for each
// hundred.
func BenchmarkNothingNew(b *testing.B) {
	for _, size := range [][2]string{{"10", "1000"}, {"10", "100000"}, {"1000", "20000"}} {
		b.Run(size[0]+"x"+size[1], func(b *testing.B) {
			sim := startSimulator(b, "--seed", "3", "--chats", size[0], "--messages", size[1], "--media", "1MiB")
			dir := sim.install(b)
			mustCall(b, "", "sync", "--dir", dir)
			for b.Loop() {
				sim.control(b, "DELETE", "/stats", nil)
				mustCall(b, "", "sync", "--dir", dir)
				b.ReportMetric(float64(sim.requests(b)), "requests")
			}
		})
	}
}

// requests is how many calls of the API the simulator answered.
func (s *simulated) requests(b *testing.B) (sum int) {
	b.Helper()
	var stats struct{ Requests map[string]int }
	if err := json.Unmarshal(s.control(b, "GET", "/stats", nil), &stats); err != nil {
		b.Fatal(err)
	}
	for _, n := range stats.Requests {
		sum += n
	}
	return sum
}

func measureSync(b *testing.B, simulator ...string) {
	sim := startSimulator(b, simulator...)
	for b.Loop() {
		b.StopTimer()
		dir := sim.install(b)
		b.StartTimer()
		var out strings.Builder
		c := program(b, "sync", "--dir", dir, "--json")
		c.Stdout, c.Stderr = &out, io.Discard
		start := time.Now()
		if err := c.Run(); err != nil {
			b.Fatal(err)
		}
		seconds := time.Since(start).Seconds()
		var report syncReport
		if err := json.Unmarshal([]byte(out.String()), &report); err != nil {
			b.Fatal(err)
		}
		if report.Messages == 0 || len(report.Failures) > 0 || report.MissingRetry > 0 {
			b.Fatalf("the sync was not whole: %s", out.String())
		}
		b.ReportMetric(float64(report.BytesFetched)/1e6/seconds, "MB/s")
		b.ReportMetric(float64(report.Messages)/seconds, "msg/s")
		b.ReportMetric(peakMB(c.ProcessState.SysUsage()), "peak-MB")
		sim.control(b, "DELETE", "/stats", nil)
		mustCall(b, "", "sync", "--dir", dir)
		b.ReportMetric(float64(sim.requests(b)), "requests")
		mustCall(b, "", "verify", "--dir", dir)
	}
}

// peakMB is the largest resident set of a process that has ended, in 10^6 bytes.
func peakMB(usage any) float64 {
	u, ok := usage.(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(u.Maxrss) * 1024 / 1e6
}
