#!/usr/bin/env bash
# How fast an archive is exported, in each format: media by the megabyte, messages by their number.
#   bench/export.sh [MESSAGES] [MEDIA]      100000, 1GiB; works in TMPDIR, best on a RAM disk
set -euo pipefail
cd "$(dirname "$0")/.."
messages=${1:-100000} media=${2:-1GiB}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/telekeep" ./cmd/telekeep
cd "$work"
./telekeep simulator --seed 9 --messages "$messages" --media "$media" --listen 127.0.0.1:0 --out sim >sim.log 2>&1 &
until [ -s sim/telegram.toml ]; do sleep 0.2; done
./telekeep init --dir t --telegram sim/telegram.toml >/dev/null 2>&1
{ jq -r .code sim/account.json; jq -r .password sim/account.json; } | ./telekeep login --dir t --phone "$(jq -r .phone sim/account.json)" >/dev/null 2>&1
./telekeep sync --dir t >/dev/null 2>&1
kill %1
for format in json html files sqlite; do
	for run in first again; do
		/usr/bin/time -f '%e %U %S %M' -o time ./telekeep export --dir t -i t/owner.key --format $format --out "$format" --json >report
		read -r wall user system peak <time
		jq -r --arg f "$format" --arg r "$run" --argjson w "$wall" --argjson c "$user" --argjson s "$system" --argjson p "$peak" \
			'"\($f) \($r): \(.messages) messages, \(.bytes_written / 1e6 | floor) MB of files in \($w) s: \(.messages / $w | floor) messages/s, \(.bytes_written / 1e6 / $w | floor) MB/s; \($c + $s | floor) CPU s, \($p / 1024 | floor) MiB"' report
	done
	rm -rf "$format"
done
