#!/bin/sh
# Runs the benchmarks and prints one table. COUNT rounds (default 3), the median
# of each figure. Absolute figures depend on the machine; the ratio to "age
# alone" (one core sealing 4 MiB buffers in the same run) is what to compare.
# Requests are those of a sync with nothing new.
set -eu
cd "$(dirname "$0")/.."
count=${COUNT:-3}
raw=$(mktemp)
trap 'rm -f "$raw"' EXIT
{
	go test -run '^$' -bench . -benchtime 2s -count "$count" -timeout 30m ./chunkstore
	go test -run '^$' -bench . -benchtime 1x -count "$count" -timeout 30m ./telegram/simulator ./cmd/telekeep
} >"$raw" 2>&1 || { cat "$raw" >&2; exit 1; }
awk '
/^Benchmark/ {
	name = $1; sub(/-[0-9]+$/, "", name); sub(/^Benchmark/, "", name)
	for (i = 3; i < NF; i += 2) {
		key = name SUBSEP $(i + 1)
		values[key] = values[key] " " $i
		units[$(i + 1)] = 1
	}
	if (!(name in seen)) { seen[name] = 1; order[++n] = name }
}
function median(list,   v, k, i, j, t) {
	k = split(list, v, " ")
	for (i = 1; i < k; i++) for (j = i + 1; j <= k; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
	return v[int((k + 1) / 2)]
}
function figure(name, unit) { return (name SUBSEP unit) in values ? median(values[name SUBSEP unit]) : "" }
END {
	printf "%-28s %10s %10s %10s %12s %10s %10s\n", "benchmark", "MB/s", "of age", "msg/s", "allocs/op", "peak MB", "requests"
	age = figure("AgeAlone", "MB/s")
	for (i = 1; i <= n; i++) {
		mb = figure(order[i], "MB/s")
		printf "%-28s %10s %10s %10s %12s %10s %10s\n", order[i], mb, (mb != "" && age > 0) ? sprintf("%.2f", mb / age) : "",
			figure(order[i], "msg/s"), figure(order[i], "allocs/op"), figure(order[i], "peak-MB"), figure(order[i], "requests")
	}
}' "$raw"
