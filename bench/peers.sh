#!/usr/bin/env bash
# The same work through restic, borg, rclone and telekeep, each round in another order; the medians as one table.
#
#   bench/peers.sh [ROUNDS] [MEDIA bytes] [MESSAGES]      5, 2 GiB, 820000 (300 MiB of JSON)
#
# TMPDIR (default /dev/shm) wants room for three times the media. RESULTS (default bench/results) keeps every figure,
# one line each: tool, phase, round, wall s, CPU s, peak MiB. TELEKEEP names a binary, else it is built. Needs restic, borgbackup, rclone, jq and GNU time.
#
# Rules:
#   - One tree, of a seed, in memory, at one path for all; one tool at a time; each starts with an empty repository
#     and empty caches of its own, and keeps those from one phase to the next, as on a machine where it lives.
#   - All encrypt and authenticate. Nobody's settings are tuned: restic's format 2 with its compression, borg with
#     repokey-blake2 and lz4, rclone's crypt over a folder (which neither shares nor compresses anything), telekeep
#     as init leaves it.
#   - telekeep reads the export as an export: it parses every message and hashes every file. The others copy bytes.
#   - "new" is the export of later: 1 % more files and messages, result.json written anew.
#   - "verify" reads everything back and decrypts it: check --read-data, check --verify-data, cryptcheck (which reads
#     the tree, too), verify --deep. Beside it telekeep's verify without a key, and sha256sum of the same files.
#   - "restore" goes to an empty folder on the same RAM disk. What came back is compared with the tree by its
#     hashes, outside of the time; a tool that lost a file ends the run. telekeep writes a file that several messages
#     carry once, and records instead of result.json: the line "restored" says how much less that is, and the times
#     of "restore" are to be read with it.
#   - "of best" is telekeep's figure divided by the best of all peers, rclone too, though that one shares nothing.
#   - Making keys and repositories is not counted. Time is of the whole process with its children.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5} media=${2:-$((2 << 30))} messages=${3:-820000}
results=${RESULTS:-bench/results}
mkdir -p "$results"
raw=$(realpath "$results")/peers-$(date -u +%Y%m%dT%H%M%SZ).txt
for p in restic borg rclone jq /usr/bin/time; do command -v "$p" >/dev/null || { echo "peers.sh needs $p" >&2; exit 1; }; done
work=$(mktemp -d -p "${TMPDIR:-/dev/shm}")
trap 'rm -rf "$work"' EXIT
if [ -n "${TELEKEEP:-}" ]; then cp "$TELEKEEP" "$work/telekeep"; else go build -o "$work/telekeep" ./cmd/telekeep; fi
go run ./bench/makeexport -seed 1 -messages "$messages" -media "$media" -out "$work/tree" -new "$work/new"
cd "$work"
export RESTIC_PASSWORD=bench BORG_PASSPHRASE=bench BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=no
export RESTIC_CACHE_DIR=$work/run/cache BORG_BASE_DIR=$work/run/base RCLONE_CONFIG=$work/run/rclone.conf
round=0 tool='' repo=$work/run/repo

later() { mv tree/result.json base.json; mv new/result.json tree/; mv new/files/* tree/files/; }
earlier() { mv tree/result.json new/; mv base.json tree/result.json; mv tree/files/new_* new/files/; }

# timed PHASE COMMAND…
timed() {
	local phase=$1 wall user system peak
	shift
	/usr/bin/time -o time -f '%e %U %S %M' "$@" >out.log 2>&1 || { echo "$tool $phase:" >&2; cat out.log >&2; exit 1; }
	read -r wall user system peak <time
	awk -v t="$tool" -v p="$phase" -v r="$round" -v w="$wall" -v u="$user" -v s="$system" -v m="$peak" \
		'BEGIN {printf "%s %s %d %.2f %.2f %.0f\n", t, p, r, w, u + s, m / 1024}' >>"$raw"
}
sized() { echo "$tool $1 $round $(find "$2" -type f -printf '%s\n' | awk '{n += $1} END {printf "%d 0 0", n}')" >>"$raw"; }

restic_init() { restic init -q -r "$repo" --repository-version 2; }
restic_backup() { timed "$1" restic backup -q -r "$repo" "$work/tree"; }
restic_verify() { timed verify restic check -q --read-data -r "$repo"; }
restic_restore() { timed restore restic restore -q -r "$repo" latest --target "$work/run/back"; }

borg_init() { borg init -e repokey-blake2 "$repo"; }
borg_backup() { timed "$1" borg create "$repo::$1" "$work/tree"; }
borg_verify() { timed verify borg check --verify-data "$repo"; }
borg_restore() { (cd run/back && timed restore borg extract "$repo::new"); }

rclone_init() { rclone -q config create vault crypt remote="$repo" password="$(rclone obscure bench)" --no-obscure; }
rclone_backup() { timed "$1" rclone -q sync "$work/tree" vault:; }
rclone_verify() { timed verify rclone -q cryptcheck "$work/tree" vault:; }
rclone_restore() { timed restore rclone -q copy vault: "$work/run/back"; }

telekeep_init() { ./telekeep init --dir "$repo"; }
telekeep_backup() { timed "$1" ./telekeep import --dir "$repo" --account user7 "$work/tree"; }
telekeep_verify() {
	timed verify ./telekeep verify --deep --dir "$repo" -i "$repo/owner.key"
	timed keyless ./telekeep verify --dir "$repo"
	find "$repo/vault" -type f -print0 >list
	timed sha256sum xargs -0 -a list sha256sum
}
telekeep_restore() { timed restore ./telekeep restore --dir "$repo" -i "$repo/owner.key" --out "$work/run/back"; }

hashes() { find "$1" -type f "${@:2}" -print0 | xargs -0 sha256sum | cut -d' ' -f1 | sort -u; }
whole() {
	hashes run/back >came
	[ -z "$(comm -23 went came)" ] || { echo "$tool did not restore every file" >&2; exit 1; }
}

run() {
	tool=$1
	rm -rf run
	mkdir -p run/back
	"${tool}_init" >out.log 2>&1 || { cat out.log >&2; exit 1; }
	"${tool}_backup" first
	if [ "$tool" = telekeep ]; then sized size "$repo/vault"; else sized size "$repo"; fi
	"${tool}_backup" unchanged
	later
	[ -s went ] || hashes tree/files >went
	"${tool}_backup" new
	"${tool}_verify"
	"${tool}_restore"
	sized restored run/back
	whole
	earlier
	rm -rf run
}

sort_of=(restic borg rclone telekeep)
tool=tree sized size tree
for round in $(seq "$rounds"); do
	for i in 0 1 2 3; do run "${sort_of[$(((i + round) % 4))]}"; done
done
cd - >/dev/null
bench/peers.awk "$raw"
echo "figures of every round: $raw"
