# The table of run.sh, of what go test printed.
function median(list,   v, k, i, j, t) {
	k = split(list, v, " ")
	for (i = 1; i < k; i++) for (j = i + 1; j <= k; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
	return v[int((k + 1) / 2)]
}
function figure(name, unit) { return (name SUBSEP unit) in values ? median(values[name SUBSEP unit]) : "" }
# What no figure of this name can pass for long: the slowest thing every byte goes through.
function limit(name) {
	if (name ~ /^crypto\/(Hasher|Frame)/ || name ~ /Cuts|resultjson|codec|Record|Decoder/) return "bench/limits/LimitCopy"
	if (name ~ /sha256pair|Scrub/) return "bench/limits/LimitSHA256"
	if (name ~ /AgeAlone|SealBytes/) return "bench/limits/LimitChaCha20Poly1305"
	if (name ~ /Download|simulator/) return "bench/limits/LimitLoopback"
	if (name ~ /Ingest|Sync|Writer/) return "chunkstore/AgeAlone"
	return ""
}
/^pkg:/ { package = $2; sub(/^telekeep\//, "", package) }
/^Benchmark/ {
	name = $1; sub(/-[0-9]+$/, "", name); sub(/^Benchmark/, "", name); name = package "/" name
	for (i = 3; i < NF; i += 2) values[name SUBSEP $(i + 1)] = values[name SUBSEP $(i + 1)] " " $i
	if (!(name in seen)) { seen[name] = 1; order[++n] = name }
}
END {
	printf "%-44s %12s %10s %-32s %8s %10s %10s %9s %9s\n", "benchmark", "ns/op", "MB/s", "limit", "share", "msg/s", "allocs/op", "peak MB", "requests"
	for (i = 1; i <= n; i++) {
		name = order[i]; mb = figure(name, "MB/s"); of = limit(name); most = of == "" ? "" : figure(of, "MB/s")
		if (mb == "" || most == "" || of == name) { of = ""; most = "" }
		printf "%-44s %12s %10s %-32s %8s %10s %10s %9s %9s\n", name, figure(name, "ns/op"), mb,
			(of == "") ? "" : sprintf("%s %.0f", substr(of, match(of, /[^\/]*$/)), most), (most + 0 > 0) ? sprintf("%.2f", mb / most) : "",
			figure(name, "msg/s"), figure(name, "allocs/op"), figure(name, "peak-MB"), figure(name, "requests")
	}
}
