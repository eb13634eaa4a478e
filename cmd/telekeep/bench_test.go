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
		if report.Messages == 0 || len(report.Failures) > 0 || report.MissingTotal > 0 {
			b.Fatalf("the sync was not whole: %s", out.String())
		}
		b.ReportMetric(float64(report.BytesFetched)/1e6/seconds, "MB/s")
		b.ReportMetric(float64(report.Messages)/seconds, "msg/s")
		b.ReportMetric(peakMB(c.ProcessState.SysUsage()), "peak-MB")
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
