#!/bin/sh
# Runs the benchmarks and prints one table: the median of COUNT rounds (default 3), what limits
# each (measured in the same run), and the share of that limit which is reached. Absolute figures
# depend on the machine; shares are what to compare. AgeAlone is one core that seals 4 MiB buffers.
# Requests are those of a sync with nothing new.
#
# Each run is kept in RESULTS (default bench/results), as benchstat reads it:
#   go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da OLD NEW
# PACKAGES limits what is run; TIME is the -benchtime of what is measured for a while (default 2s).
set -eu
cd "$(dirname "$0")/.."
count=${COUNT:-3} time=${TIME:-2s}
results=${RESULTS:-bench/results}
mkdir -p "$results"
raw=$results/bench-$(date -u +%Y%m%dT%H%M%SZ).txt
few=" ./telegram/simulator ./cmd/telekeep ./telegram ./web/index " # each works for seconds: once a round
for package in ${PACKAGES:-./bench/limits ./chunkstore ./chunkstore/copies ./crypto ./archive ./export ./internal/sha256pair ./internal/resultjson ./telegram/simulator ./telegram/simulator/world ./telegram ./web/index ./cmd/telekeep}; do
	case $few in *" $package "*) long=1x ;; *) long=$time ;; esac
	go test -run '^$' -bench . -benchtime "$long" -count "$count" -timeout 30m "$package" >>"$raw" 2>&1 || { cat "$raw" >&2; exit 1; }
done
awk -f bench/table.awk "$raw"
echo "kept: $raw"
