#!/bin/sh
# Runs a daemon against a simulator for so long (default 15m) while messages, files,
# edits, deletions, dropped connections and flood waits come, and fails if its memory,
# file descriptors or goroutines grow, or if the vault is not whole in the end.
set -eu
cd "$(dirname "$0")/.."
TELEKEEP_SOAK=${1:-15m} go test -tags soak -count 1 -timeout 24h -v -run '^TestSoak$' ./cmd/telekeep
