#!/usr/bin/awk -f
# Medians of what peers.sh wrote, and telekeep's share of the best peer's. Less is better in every line but
# "restored", which says how many bytes a restore wrote.
function median(list,   v, k, i, j, t) {
	k = split(list, v, " ")
	for (i = 1; i < k; i++) for (j = i + 1; j <= k; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
	return v[int((k + 1) / 2)]
}
function figure(tool, phase, column) { return median(values[tool, phase, column]) }
# telekeep's figure as a share of the best of the first n peers: 2 are those that store everything once, 3 all.
function share(phase, column, n,   i, v, best) {
	for (i = 1; i <= n; i++) {
		v = figure(tools[i], phase, column)
		if (i == 1 || v < best) best = v
	}
	return best > 0 ? sprintf("%.2f", figure("telekeep", phase, column) / best) : ""
}
{ for (c = 4; c <= 6; c++) values[$1, $2, c] = values[$1, $2, c] " " $c }
END {
	split("restic borg rclone telekeep", tools, " ")
	split("first unchanged new verify restore", phases, " ")
	split("wall CPU peak", what, " ")
	printf "%-10s %-7s %10s %10s %10s %10s %10s %12s\n", "phase", "", "restic", "borg", "rclone", "telekeep", "of best", "restic, borg"
	for (p = 1; p <= 5; p++) for (c = 1; c <= 3; c++) {
		printf "%-10s %-7s", phases[p], what[c] (c == 3 ? " MiB" : " s")
		for (t = 1; t <= 4; t++) printf " %10s", figure(tools[t], phases[p], c + 3)
		printf " %10s %12s\n", share(phases[p], c + 3, 3), share(phases[p], c + 3, 2)
	}
	split("size restored", phases, " ")
	for (p = 1; p <= 2; p++) {
		printf "%-10s %-7s", phases[p], "MB"
		for (t = 1; t <= 4; t++) printf " %10.1f", figure(tools[t], phases[p], 4) / 1e6
		printf " %10s %12s\n", share(phases[p], 4, 3), share(phases[p], 4, 2)
	}
	printf "tree: %.1f MB; telekeep verify without a key: %s s (%s s CPU), sha256sum of the same files: %s s (%s s CPU)\n",
		figure("tree", "size", 4) / 1e6, figure("telekeep", "keyless", 4), figure("telekeep", "keyless", 5),
		figure("telekeep", "sha256sum", 4), figure("telekeep", "sha256sum", 5)
}
