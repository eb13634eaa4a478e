#!/bin/sh
# How fast an old export is imported, and how much memory that takes: a made one of COUNT messages (1,000,000) in
# WORK (a folder to make), and what it costs once all of it is known. The same seed makes the same export. Needs GNU time.
set -eu
cd "$(dirname "$0")/.."
work=${WORK:?name a folder to make}
count=${COUNT:-1000000}
mkdir -p "$work"
go build -o "$work/telekeep" ./cmd/telekeep
go run ./bench/makeexport -seed 1 -messages "$count" -out "$work/export"
"$work/telekeep" init --dir "$work/t" > "$work/init.txt" 2>&1
for run in first unchanged --again; do
	case $run in --*) flag=$run ;; *) flag= ;; esac
	/usr/bin/time -f "$run: %e s, %U s of a processor, %M KiB" "$work/telekeep" import $flag --dir "$work/t" --account user7 "$work/export"
done
ls -l "$work/export/result.json" | awk '{print "export: " $5 " bytes"}'
du -sk "$work/t/vault" | awk '{print "vault: " $1 " KiB"}'
