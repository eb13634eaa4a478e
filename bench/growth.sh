#!/usr/bin/env bash
# What ten times the messages cost: whole processes, CPU seconds and most memory.
#   bench/growth.sh [MESSAGES…]      10000 100000 1000000; works in TMPDIR, best on a RAM disk
# FROM=simulator (the default) fetches them from a simulated account of twelve chats, FROM=export
# imports them, of one chat and 20 MiB of files: 10000000 take minutes and 20 GB of a RAM disk then, and no
# server's memory. What is done with an archive as it stands is done ROUNDS times (3), each round with every
# size in turn.
set -euo pipefail
cd "$(dirname "$0")/.."
sizes=("$@")
[ $# -gt 0 ] || sizes=(10000 100000 1000000)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/telekeep" ./cmd/telekeep
go build -o "$work/makeexport" ./bench/makeexport
cd "$work"
measure() { # what, size, command
	local what=$1 size=$2
	shift 2
	/usr/bin/time -f '%e %U %S %M' -o time "$@" >out 2>&1 || { cat out >&2; exit 1; }
	awk -v what="$what" -v size="$size" '{ printf "%-16s %9d messages %7.2f s %7.2f CPU s %5d MiB\n", what, size, $1, $2 + $3, $4 / 1024 }' time
}
for n in "${sizes[@]}"; do
	if [ "${FROM:-simulator}" = export ]; then
		./makeexport -messages "$n" -media $((20 << 20)) -out "tree$n" -new "new$n"
		./telekeep init --dir "t$n" >/dev/null 2>&1
		measure 'first import' "$n" ./telekeep import --dir "t$n" --account user7 "tree$n"
		mv "new$n/result.json" "tree$n/"
		mv "new$n"/files/* "tree$n/files/"
		measure 'import, 1 % new' "$n" ./telekeep import --dir "t$n" --account user7 "tree$n"
		rm -r "tree$n/result.json" "new$n"
		continue
	fi
	./telekeep simulator --messages "$n" --media "1 MiB" --out "sim$n" >"sim$n.log" 2>&1 &
	until [ -s "sim$n/telegram.toml" ]; do sleep 0.2; done
	./telekeep init --dir "t$n" --telegram "sim$n/telegram.toml" >/dev/null 2>&1
	{ jq -r .code "sim$n/account.json"; jq -r .password "sim$n/account.json"; } |
		./telekeep login --dir "t$n" --phone "$(jq -r .phone "sim$n/account.json")" >/dev/null 2>&1
	measure 'first sync' "$n" ./telekeep sync --dir "t$n"
done
for _ in $(seq "${ROUNDS:-3}"); do
	for n in "${sizes[@]}"; do
		key=t$n/owner.key
		[ "${FROM:-simulator}" = export ] || measure 'unchanged sync' "$n" ./telekeep sync --dir "t$n"
		measure 'status' "$n" ./telekeep status --dir "t$n"
		measure 'verify' "$n" ./telekeep verify --dir "t$n"
		measure 'verify --deep' "$n" ./telekeep verify --deep -i "$key" --dir "t$n"
		measure 'export' "$n" ./telekeep export -i "$key" --dir "t$n" --out export
		measure 'restore' "$n" ./telekeep restore -i "$key" --dir "t$n" --out restore
		rm -rf export restore
		measure 'prune, looked at' "$n" ./telekeep prune -i "$key" --dir "t$n"
		measure 'search' "$n" ./telekeep search -i "$key" --dir "t$n" --limit 1 --index index -- the
		measure 'search again' "$n" ./telekeep search -i "$key" --dir "t$n" --limit 1 --index index -- of
		rm -rf index
		rm -f "t$n"/state/index.db*
		[ "${FROM:-simulator}" = export ] || measure 'index rebuilt' "$n" ./telekeep sync --dir "t$n"
	done
done
for n in "${sizes[@]}"; do
	echo "vault of $n messages: $(du -sb "t$n/vault" | cut -f1) bytes"
done
