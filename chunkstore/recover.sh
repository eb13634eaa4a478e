#!/bin/sh
# recover.sh gets everything out of a telekeep vault without telekeep: every record as
# JSON, every file with its name, the messages as text.
#
#   sh recover.sh [-i OWNER-KEY] [-v VAULT] OUT
#
# -i OWNER-KEY  file of an owner key: age identity, SSH key, or what an age plugin wants;
#               without it age asks for the passphrase that the vault was sealed to
# -v VAULT      the vault: the folder with vault.json in it; without it the folder in which
#               this script lies
# OUT           a new or empty folder, with room for three times the size of the vault.
#               What is written there is NOT sealed: use a disk that is, or burn it after.
#
# Needed: a POSIX shell (dash, bash, busybox), its usual tools (awk, od, dd, sed, sort,
# tr, cat, head, tail, xargs, find), sha256sum or shasum, zstd, age 1.3 or newer
# (https://age-encryption.org). With openssl 3 signatures are checked, with b3sum the ids
# of all chunks, and damaged packs give what is whole in them.
#
# Nothing in the vault is changed. The exit code is 0 if everything was there and whole, 1 if something
# is lost or damaged (REPORT.txt says what), 2 if nothing could be done.
#
# The format is docs/format.md of telekeep's source code; sections are named below. Whoever could
# write to the vault could change this script in it too: if that is a worry take
# it from the source code of telekeep (chunkstore/recover.sh).

set -u
export LC_ALL=C
umask 077

usage() { sed -n '/^# recover.sh/,/^$/s/^# \{0,1\}//p' "$0"; exit 2; }
die() { printf 'recover: %s\n' "$*" >&2; exit 2; }
has() { command -v "$1" >/dev/null 2>&1; }
tell() { printf '%s\n' "$*" | tee -a "$out/REPORT.txt"; }
# lost says what is wrong; any of it makes the exit code 1.
lost() { : >"$work/failed"; tell "$@"; }

# ---- what there is to work with

owner='' vault=''
while getopts i:v:h option; do
	case $option in
	i) owner=$OPTARG ;;
	v) vault=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 1 ] && [ -n "$1" ] || usage
[ -n "$vault" ] || vault=$(dirname -- "$0")
absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$PWD/$1" ;; esac; }
vault=$(absolute "$vault") out=$(absolute "$1")
[ -d "$vault/commits" ] || [ -f "$vault/vault.json" ] || die "$vault is no telekeep vault: vault.json is not there (-v VAULT)"
if [ -n "$owner" ]; then
	owner=$(absolute "$owner")
	[ -r "$owner" ] || die "the owner key $owner cannot be read"
fi
for tool in age zstd awk od dd sed sort tr xargs find; do
	has $tool || die "$tool is needed, and is not installed"
done
if has sha256sum; then sums() { sha256sum "$@"; }
elif has shasum; then sums() { shasum -a 256 "$@"; }
else die "sha256sum is needed, and is not installed"; fi
if [ -e "$out" ] && [ -n "$(ls -A "$out" 2>/dev/null)" ]; then die "$out is not empty"; fi
mkdir -p "$out/media" "$out/messages" || die "$out cannot be made"
case $out/ in "$vault"/*) die "the way out must not lie in the vault" ;; esac
work=$out/.work
mkdir "$work" "$work/chunks" "$work/packs" "$work/indexes" "$work/parts" || die "$out cannot be written to"
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
export TK_WORK="$work" TK_OUT="$out" # for awk, which would read backslashes in -v as something else
cd "$vault" || die "$vault cannot be entered"
date -u '+Recovered on %Y-%m-%d %H:%M:%S UTC.' | tee "$out/REPORT.txt"

hash_of() { sums "$@" | cut -c 1-64; }
# unhex turns hex digits into bytes.
unhex() {
	# shellcheck disable=SC2059
	printf "$(printf '%s' "$1" | awk '{
		for (i = 1; i < length($0); i += 2)
			printf "\\%03o", (index("0123456789abcdef", substr($0, i, 1)) - 1) * 16 + index("0123456789abcdef", substr($0, i + 1, 1)) - 1
	}')"
}

# ---- the vault key (sections 4, 5). It stays in memory; id.key names chunks, opens nothing

key='' opened=''
for sealed in keys/*.age; do
	[ -f "$sealed" ] || continue
	if [ -n "$owner" ]; then
		key=$(age -d -i "$owner" "$sealed" 2>>"$work/age.log") || key=''
	else
		head -c 400 "$sealed" | grep -aq '^-> scrypt ' || continue # not for a passphrase
		key=$(age -d "$sealed") || key=''
	fi
	case $key in "# telekeep vault key "*) opened=$sealed && break ;; esac
	key=''
done
if [ -z "$key" ]; then
	[ -n "$owner" ] || die "no file in keys/ was opened: give an owner key (-i), or the right passphrase"
	sort -u "$work/age.log" | head -n 5 >&2
	die "the owner key $owner opens no file in $vault/keys"
fi
field() { printf '%s\n' "$key" | sed -n "s/^# $1: //p" | head -n 1; }
id=$(field vault)
recipient=$(field 'public key')
if has age-keygen; then recipient=$(printf '%s\n' "$key" | age-keygen -y - 2>/dev/null | head -n 1); fi
printf '%s' "$recipient" >"$work/recipient"
[ "$(hash_of "$work/recipient" | cut -c 1-32)" = "$id" ] || die "$opened holds the key of another vault"
if ! grep -q "\"id\": \"$id\"" vault.json 2>/dev/null; then lost "DAMAGED: vault.json is lost or another vault's; the key says $id"; fi
unhex "$(field id-key)" >"$work/id.key"
# opens FILE writes what is sealed in it to standard output.
opens() { printf '%s\n' "$key" | age -d -i - "$1" 2>/dev/null; }
tell "vault $id, opened with $opened"

b3=''
if has b3sum && [ "$(printf x | cat - >"$work/x" && b3sum --keyed --no-names "$work/x" <"$work/id.key" 2>/dev/null | wc -c)" = 65 ]; then b3=yes; fi
[ -n "$b3" ] || tell "note: b3sum is not installed: the ids of chunks are not checked, and nothing is taken out of damaged packs"

# signed KEY FILE SIGNATURE: is it an Ed25519 signature?
signed() {
	unhex "302a300506032b6570032100$1" >"$work/public"
	unhex "$3" >"$work/signature"
	openssl pkeyutl -verify -pubin -inkey "$work/public" -keyform DER -rawin -in "$2" -sigfile "$work/signature" >/dev/null 2>&1
}
ssl=''
if has openssl; then # a known signature tells whether this openssl can do it (RFC 8032, 7.1, test 2)
	printf r >"$work/x"
	signed 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c "$work/x" \
		92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00 && ssl=yes
fi
[ -n "$ssl" ] || tell "note: there is no openssl 3: who wrote the commits is not checked, only that they follow on each other"

# ---- the signed chains (sections 6, 11)

# verify_key WRITER prints the key of a writer whose entry is genuine, as far as can be told.
verify_key() {
	entry=writers/$1/writer.json
	[ -f "$entry" ] || return 1
	public=$(sed -n 's/.*"verify_key":"ed25519:\([0-9a-f]*\)".*/\1/p' "$entry")
	[ ${#public} = 64 ] && unhex "$public" >"$work/x" && [ "$(hash_of "$work/x" | cut -c 1-32)" = "$1" ] || return 1
	if [ -n "$b3" ]; then # the MAC that only who knows the id key can make
		b3sum --derive-key 'telekeep v1 writer entry' --no-names "$work/id.key" >"$work/x" || return 1
		unhex "$(cat "$work/x")" >"$work/mac.key"
		sed 's/^.*"writer":{/{/;s/,"mac":"[0-9a-f]*"}$//' "$entry" | tr -d '\n' >"$work/x"
		[ "$(b3sum --keyed --no-names "$work/x" <"$work/mac.key")" = "$(sed -n 's/.*,"mac":"\([0-9a-f]*\)"}$/\1/p' "$entry")" ] || return 1
	fi
	printf '%s' "$public"
}

tell "checking commits, indexes and packs"
: >"$work/commits" # writer seq time previous-hash-fits index-hash
: >"$work/promised" # pack P|R writer/seq
: >"$work/salvage"
: >"$work/written" # commits that can be read
find commits -type f -name '*.json' | grep -E '^commits/[0-9a-f]{32}/[0-9]{8}\.json$' | sort >"$work/names"
for writer in $(cut -d / -f 2 "$work/names" | uniq); do
	if ! public=$(verify_key "$writer"); then
		public=''
		lost "DAMAGED: writers/$writer/writer.json: lost, changed or forged; its commits' signatures cannot be checked"
		[ -z "$b3" ] || [ ! -f "writers/$writer/writer.json" ] || ! grep -q "\"verify_key\"" "writers/$writer/writer.json" || [ -z "$ssl" ] || : >"$work/doubt.$writer"
	fi
	before=''
	for name in $(grep "^commits/$writer/" "$work/names"); do
		seq=${name##*/} seq=${seq%.json}
		mark=$writer/$seq
		sed 's/^{"commit"://;s/,"signature":"[0-9a-f]*"}$//' "$name" | tr -d '\n' >"$work/value"
		signature=$(sed -n 's/.*,"signature":"\([0-9a-f]*\)"}$/\1/p' "$name")
		previous=$(sed -n 's/.*,"time":"[^"]*","previous":"\([0-9a-f]*\)".*/\1/p' "$work/value")
		if ! grep -q "^{\"telekeep\":\"commit\",\"version\":1,\"vault\":\"$id\",\"writer\":\"$writer\",\"seq\":$(printf %s "$seq" | sed 's/^0*//'),\"time\":.*}$" "$work/value" ||
			[ ${#signature} != 128 ]; then
			lost "DAMAGED: $name cannot be read"
			[ -z "$b3" ] || echo "$mark" >>"$work/salvage"
			before=unknown
			continue
		fi
		if [ -n "$public" ] && [ -n "$ssl" ] && ! signed "$public" "$work/value" "$signature"; then
			lost "FORGED: $name: its signature is wrong; it is not read"
			[ -z "$b3" ] || echo "$mark" >>"$work/salvage"
			before=unknown
			continue
		fi
		[ "$before" = unknown ] || [ "$previous" = "$before" ] ||
			lost "CHAIN: $name does not follow on the commit before it: one is missing, or two machines wrote with the same secrets"
		before=$(hash_of "$name")
		awk -v mark="$mark" '
		function list(field, what,   s, n, part, i) {
			if (!match($0, "\"" field "\":\\[[^]]*\\]")) return
			s = substr($0, RSTART, RLENGTH)
			n = split(s, part, "\"sha256\":\"")
			for (i = 2; i <= n; i++)
				if (substr(part[i], 1, 64) !~ /[^0-9a-f]/) print substr(part[i], 1, 64), what, mark >>(ENVIRON["TK_WORK"] "/promised")
		}
		{
			list("packs", "P"); list("retired", "R")
			match($0, /"time":"[^"]*"/); time = substr($0, RSTART + 8, RLENGTH - 9)
			match($0, /"index":[{]"sha256":"[0-9a-f]*"/); hash = substr($0, RSTART + 19, RLENGTH - 20)
			gsub(/[^0-9TZ:-]/, "", time)
			print mark, time, hash
		}' "$work/value" >>"$work/commits" || lost "LOST: $name: awk cannot take it apart"
	done
done
# An index whose commit is gone from the middle of a chain, or unreadable, names packs too; ids tell whether
# what is in them is genuine.
[ -s "$work/commits" ] || [ -s "$work/salvage" ] || tell "note: there is no commit: nothing was ever stored"

# ---- indexes (section 10)

# directory prints "offset stored plain encoding id" of each 48 bytes; records prints "R id", packs "P hash" and
# their directories. Both read bytes in hex.
bytes() { od -A n -v -t x1; }
cat >"$work/index.awk" <<'AWK'
function byte(s, at) { return (index(D, substr(s, at, 1)) - 1) * 16 + index(D, substr(s, at + 1, 1)) - 1 }
function u32(s, at) { return byte(s, at) + 256 * (byte(s, at + 2) + 256 * (byte(s, at + 4) + 256 * byte(s, at + 6))) }
function next_pack() {
	if (packs-- > 0) { state = "pack"; need = 44 } else exit
}
function entry(s) {
	print "C", u32(s, 65), u32(s, 73), u32(s, 81), u32(s, 89), substr(s, 1, 64)
}
function field(s) {
	if (state == "entry" || state == "only") {
		entry(s)
		if (state == "entry" && --entries == 0) next_pack()
	} else if (state == "record") {
		print "R", s
		if (--records == 0) { state = "packs"; need = 4 }
	} else if (state == "records") {
		records = u32(s, 1)
		if (records > 0) { state = "record"; need = 32 } else state = "packs"
	} else if (state == "packs") {
		packs = u32(s, 1)
		next_pack()
	} else if (state == "pack") {
		print "P", substr(s, 1, 64)
		entries = u32(s, 81)
		state = "entry"; need = 48
	}
}
BEGIN { D = "0123456789abcdef"; need = state == "only" ? 48 : 4 }
{
	gsub(/ /, "")
	buffer = buffer $0
	while (length(buffer) >= 2 * need) {
		s = substr(buffer, 1, 2 * need)
		buffer = substr(buffer, 2 * need + 1)
		field(s)
	}
}
AWK
# number FILE OFFSET prints the u32 there.
number() { tail -c +$(($2 + 1)) "$1" | head -c 4 | od -A n -v -t u1 | awk '{ print $1 + 256 * ($2 + 256 * ($3 + 256 * $4)) }'; }

# read_index WRITER/SEQ takes apart an index.
read_index() {
	opens "index/$1.age" >"$work/index" || return 1
	[ "$(head -c 7 "$work/index")" = tk-indx ] && [ "$(number "$work/index" 8)" = 1 ] || return 1
	z=$(number "$work/index" 16)
	tail -c +33 "$work/index" | head -c "$z" | zstd -dcq >"$work/body" 2>/dev/null || return 1
	mkdir -p "$work/indexes/${1%/*}" && bytes <"$work/body" | awk -v state=records -f "$work/index.awk" >"$work/indexes/$1"
}

while read -r mark _ hash; do
	name=index/$mark.age
	if [ ! -f "$name" ]; then lost "LOST: $name is missing: the records of commit $mark cannot be found"
	elif [ "$(hash_of "$name")" != "$hash" ]; then lost "DAMAGED: $name: the records of commit $mark cannot be found"
	elif ! read_index "$mark"; then lost "DAMAGED: $name cannot be read: the records of commit $mark cannot be found"
	fi
done <"$work/commits"
while read -r mark; do
	if [ -f "index/$mark.age" ] && read_index "$mark"; then
		tell "saved: index/$mark.age says what commit $mark held"
		# It has no date that can be trusted: it comes where it stands in its writer's chain.
		echo "$mark - -" >>"$work/commits"
		sed -n "s|^P \(.*\)|\1 P $mark|p" "$work/indexes/$mark" >>"$work/promised"
	fi
done <"$work/salvage"
sort -o "$work/commits" "$work/commits"
# The order of section 12: by time, each writer's own order untouched.
awk '{ split($1, w, "/"); if (w[1] != last) t = ""; last = w[1]; if ($2 > t && $2 != "-") t = $2; print t, $1 }' "$work/commits" | sort | cut -d ' ' -f 2 >"$work/order"

# ---- packs (section 9)

awk '$2 == "R" { retired[$1] = 1 } $2 == "P" { delete retired[$1]; pack[$1] = 1 }
	END { for (p in pack) print p, (p in retired) ? "R" : "P" }' "$work/promised" | sort >"$work/packlist"
# The directories in the indexes serve where a pack is cut or damaged.
total=$(wc -l <"$work/packlist" | tr -d ' ')
tell "opening $total packs"

# unpack writes the chunks of an opened pack, which is standard input, by the list on file descriptor 3; whoever
# lies about lengths gets no more than a chunk can have (ulimit).
unpack() (
	ulimit -f 8192
	cd "$work/chunks" || exit 1
	dd bs=16 count=1 of=/dev/null 2>/dev/null
	while read -r kind _ stored plain encoding chunk <&3; do
		case $kind:$encoding in
		C:0) dd bs="$stored" count=1 of="$chunk" 2>/dev/null ;;
		C:1) dd bs="$stored" count=1 2>/dev/null | zstd -dcq >"$chunk" 2>/dev/null || rm -f "$chunk" ;;
		*) return 1 ;;
		esac
		echo "$chunk $plain" >&4
	done
)
# sound FILE LENGTH: the entries of a directory that follow on each other and end before LENGTH.
sound() {
	awk -v end="$2" 'BEGIN { at = 16 }
		$1 == "C" && $2 == at && $3 > 0 && $4 > 0 && $4 <= 4194304 && ($5 == 0 && $3 == $4 || $5 == 1 && $3 < $4) && at + $3 <= end { print; at += $3; next }
		{ exit }' "$1"
}
: >"$work/listed"
seen=0
while read -r pack kind; do
	seen=$((seen + 1))
	[ ! -t 2 ] || printf '\r%s of %s packs ' "$seen" "$total" >&2
	name=packs/$(printf %s "$pack" | cut -c 1-2)/$pack.age
	if [ ! -f "$name" ]; then
		[ "$kind" = R ] || lost "LOST: $name is missing"
		continue
	fi
	whole=yes
	if [ "$(hash_of "$name")" != "$pack" ]; then
		whole=''
		if [ -z "$b3" ]; then lost "DAMAGED: $name: not read"; continue; fi
	fi
	opens "$name" >"$work/pack" || whole=''
	length=$(wc -c <"$work/pack" | tr -d ' ')
	if [ -n "$whole" ] && [ "$length" -gt 48 ] && [ "$(tail -c 8 "$work/pack")" = "tk-pend" ]; then
		start=$(number "$work/pack" $((length - 16))) count=$(number "$work/pack" $((length - 12)))
		tail -c +$((start + 1)) "$work/pack" | head -c $((48 * count)) | bytes | awk -v state=only -f "$work/index.awk" >"$work/directory"
		sound "$work/directory" "$start" >"$work/entries"
		[ "$(wc -l <"$work/entries" | tr -d ' ')" = "$count" ] || lost "DAMAGED: $name: its directory makes no sense"
	else
		mark=$(awk -v p="$pack" '$1 == p { print $3; exit }' "$work/promised")
		awk -v p="$pack" '$1 == "P" { on = $2 == p } on && $1 == "C"' "$work/indexes/$mark" 2>/dev/null >"$work/directory"
		sound "$work/directory" "$length" >"$work/entries"
		lost "DAMAGED: $name: $(wc -l <"$work/entries" | tr -d ' ') of its $(wc -l <"$work/directory" | tr -d ' ') chunks can be read"
	fi
	: >"$work/got"
	unpack <"$work/pack" 3<"$work/entries" 4>"$work/got"
	if [ -n "$b3" ] && [ -s "$work/got" ]; then # ids (section 7.1)
		cut -d ' ' -f 1 "$work/got" | (cd "$work/chunks" && xargs sh -c 'b3sum --keyed "$@" <../id.key' b3sum) 2>/dev/null |
			awk '$1 == $2 { print $1 }' >"$work/right"
		awk 'NR == FNR { right[$1] = 1; next } !($1 in right) { print $1 }' "$work/right" "$work/got" >"$work/wrong"
		while read -r chunk; do
			rm -f "$work/chunks/$chunk"
			[ -z "$whole" ] || lost "DAMAGED: chunk $chunk in $name is not what its id says"
		done <"$work/wrong"
	fi
	cat "$work/got" >>"$work/listed"
done <"$work/packlist"
[ ! -t 2 ] || printf '\r%40s\r' '' >&2
rm -f "$work/pack"
# have: the chunks that are there in the length that they should have.
find "$work/chunks" -type f -exec ls -ln {} + | awk '{ size = $5; sub(/.*\//, "", $NF); print $NF, size }' |
	awk 'NR == FNR { want[$1] = $2; next } want[$1] == $2' "$work/listed" - >"$work/have"

# ---- records (section 12)

# Each part is a run of chunks that begins with a record. Where one is lost the next record begins behind a
# chunk of at most 524,288 bytes.
while read -r mark; do
	[ -f "$work/indexes/$mark" ] && awk -v mark="$mark" '$1 == "R" { print mark, $2 } END { print mark, "end" }' "$work/indexes/$mark"
done <"$work/order" |
	awk '
	function close_part(how) {
		if (n > 0) { close(file); print parts, how, mark }
		n = 0
	}
	FILENAME != "-" { size[$1] = $2; next }
	$1 != mark { close_part("whole"); mark = $1; skip = 0; told = 0 }
	$2 == "end" { next }
	!($2 in size) { close_part("cut"); skip = 1; print "-", "lost", mark, $2; next }
	skip { if (size[$2] <= 524288) skip = 0; next }
	{ if (n++ == 0) file = ENVIRON["TK_WORK"] "/parts/" ++parts; print $2 >file }
	END { close_part("whole") }' "$work/have" - >"$work/plan"

# An x behind each part shows where it ends. Bytes between records can be anything: NUL becomes another, and awk counts.
cat >"$work/lines.awk" <<'AWK'
function top(s, at) { # is this "raw" a field of the record itself?
	n = split(substr(s, 1, at), piece, "\""); depth = 0
	for (i = 1; i <= n; i++) {
		p = piece[i]
		if (i % 2 == 1) depth += gsub(/[{]/, "", p) - gsub(/[}]/, "", p)
		else while (p ~ /\\$/ && match(p, /\\+$/) && RLENGTH % 2 == 1 && i < n) { p = piece[i + 1]; for (j = i + 1; j < n; j++) piece[j] = piece[j + 1]; n-- }
	}
	return depth == 1
}
function raw(s,   at, rest) {
	if (match(s, /,"raw":[0-9]+[}]$/)) return substr(s, RSTART + 7, RLENGTH - 8) + 0
	at = 0; rest = s
	while (match(rest, /[{,]"raw":[0-9]+/)) {
		if (top(s, at + RSTART)) return substr(rest, RSTART + 7, RLENGTH - 7) + 0
		at += RSTART + RLENGTH - 1
		rest = substr(s, at + 1)
	}
	return 0
}
bad { next }
skip > 0 { skip -= length($0) + 1; held = ""; if (skip < 0) bad = 1; next }
held != "" { print held; held = "" }
/^[{]"v":1,.*[}]$/ { held = $0; n = raw($0); if (n > 0) { skip = n + 1; print held; held = "" }; next }
$0 == "x" { ended = 1; next }
{ bad = 1 }
END { if (!ended || bad) exit 1 }
AWK
: >"$out/records.jsonl"
: >"$out/records.stream"
tell "reading records"
while read -r part how mark chunk; do
	if [ "$how" = lost ]; then
		lost "LOST: records of commit $mark in chunk $chunk"
		continue
	fi
	{ (cd "$work/chunks" && xargs cat <"$work/parts/$part" || : >"$work/broken") | tee -a "$out/records.stream"; echo x; } |
		tr '\000' '\001' | awk -f "$work/lines.awk" >>"$out/records.jsonl" || [ "$how" = cut ] ||
		lost "DAMAGED: records of commit $mark: not all of them can be read"
	[ ! -e "$work/broken" ] || lost "LOST: records of commit $mark: their chunks cannot be read any more"
done <"$work/plan"

# ---- what the records say

cat >"$work/facts.awk" <<'AWK'
# Walks through each JSON line once. Strings stay escaped until somebody wants to read them.
function text(s,   out, c) { # what a JSON string says; other than ASCII is escaped only where it cannot be shown
	if (index(s, "\\") == 0) return s
	out = ""
	while ((c = index(s, "\\")) > 0) {
		out = out substr(s, 1, c - 1)
		c = substr(s, c + 1, 1)
		s = substr(s, index(s, "\\") + 2)
		if (c == "u") { c = "_"; s = substr(s, 5) }
		else if (c ~ /[bfnrt]/) c = "_"
		out = out c
	}
	return out s
}
function safe(s,   end) { # a name that can be a file's everywhere, and leads nowhere
	s = text(s)
	gsub(/[\001-\037\177]/, "_", s)
	gsub(/\302[\200-\237]/, "_", s) # terminals obey these, too
	gsub(/[\/\\:*?"<>|]/, "_", s)
	gsub(/\342\200[\213-\217\250-\256]/, "_", s) # what turns the direction of writing, or cannot be seen
	gsub(/\342\201[\240-\257]/, "_", s)
	gsub(/\330\234/, "_", s)
	if (length(s) > 160) {
		end = match(s, /\.[A-Za-z0-9]+$/) && RLENGTH <= 16 ? substr(s, RSTART) : ""
		s = substr(s, 1, 160 - length(end))
		sub(/[\300-\377][\200-\277]*$/, "", s) # no half of a letter
		s = s end
	}
	sub(/[ .]+$/, "_", s)
	return s
}
function file_name(key,   s, kind) {
	s = safe(key)
	if (NAME[key] != "") return safe(s "_" NAME[key])
	kind = MIME[key]
	if (kind in END_OF) return s END_OF[kind]
	return s (key ~ /^(photo|thumb):/ ? ".jpg" : ".bin")
}
function value(path, s) {
	if (path in want) V[path] = s
	else if (path == "deletion.ids.#") ids = ids " " s
}
function names_file() { # an object that says what file it is about
	if (F[d] != "" && (N[d] != "" || M[d] != "")) {
		if (NAME[F[d]] == "") NAME[F[d]] = N[d]
		if (MIME[F[d]] == "") MIME[F[d]] = M[d]
	}
	if (F[d] != "" && P[d] ~ /^message\.media\./) hangs = hangs " [" F[d] "]"
}
function walk(line,   i, n, j, s, c, len, str, wants) {
	n = split(line, Q, "\"")
	d = 0; K[0] = ""; P[0] = ""; hangs = ""; ids = ""
	for (i = 1; i <= n; i++) {
		s = Q[i]; len = length(s)
		for (j = 1; j <= len; j++) {
			c = substr(s, j, 1)
			if (c == ",") wants = !A[d]
			else if (c == ":") wants = 0
			else if (c == "{") { c = d == 0 ? "" : P[d] K[d] "."; d++; P[d] = c; A[d] = 0; F[d] = N[d] = M[d] = ""; wants = 1 }
			else if (c == "[") { c = P[d] K[d] "."; d++; P[d] = c; A[d] = 1; K[d] = "#"; wants = 0 }
			else if (c == "}") { if (F[d] != "") names_file(); d-- }
			else if (c == "]") d--
			else {
				match(substr(s, j), /^[^],}]+/)
				value(P[d] K[d], substr(s, j, RLENGTH))
				j += RLENGTH - 1
			}
		}
		if (++i > n) break
		str = Q[i]
		while (substr(str, length(str)) == "\\" && match(str, /\\+$/) && RLENGTH % 2 == 1 && i < n) str = str "\"" Q[++i]
		if (wants) { K[d] = str; continue }
		c = K[d]
		if (c == "key") F[d] = str
		else if (c == "name") N[d] = str
		else if (c == "mime") M[d] = str
		value(P[d] c, str)
	}
}
BEGIN {
	work = ENVIRON["TK_WORK"]
	messages = work "/messages"; people = work "/people"; media = work "/media"; counts = work "/counts"
	n = split("account chat kind profile.id profile.title profile.first_name profile.last_name message.id message.date message.from message.text.text message.action.type media.key media.size media.sha256 missing.key missing.reason", w, " ")
	for (i = 1; i <= n; i++) want[w[i]] = 1
	n = split("image/jpeg .jpg image/png .png image/webp .webp image/gif .gif video/mp4 .mp4 video/webm .webm video/quicktime .mov audio/ogg .oga audio/mpeg .mp3 audio/mp4 .m4a audio/flac .flac audio/x-wav .wav application/x-tgsticker .tgs application/pdf .pdf application/zip .zip text/plain .txt", w, " ")
	for (i = 1; i < n; i += 2) END_OF[w[i]] = w[i + 1]
}
{
	split("", V)
	line = $0
	chunks = ""
	if (match(line, /"chunks":\[[^]]*\]/)) { # long, and nothing but ids
		chunks = substr(line, RSTART + 10, RLENGTH - 11)
		gsub(/"/, "", chunks); gsub(/,/, " ", chunks)
		line = substr(line, 1, RSTART - 1) "\"chunks\":[]" substr(line, RSTART + RLENGTH)
	}
	walk(line)
	kind = V["kind"]
	count++
	if (kind == "media") {
		if (chunks ~ /[^0-9a-f ]/ || V["media.sha256"] ~ /[^0-9a-f]/ || V["media.key"] == "") next
		if (!(V["media.key"] in FILE)) order[++files] = V["media.key"]
		FILE[V["media.key"]] = V["media.size"] "\t" V["media.sha256"] "\t" chunks
		delete PRUNED[V["media.key"]]
	} else if (kind == "missing") {
		if (V["missing.reason"] == "pruned") PRUNED[V["missing.key"]] = 1
	} else if (kind == "message") {
		a = V["message.action.type"]
		printf "%s\t%s\t%012d\t%012d\t", safe(V["account"]), safe(V["chat"]), V["message.id"], count >messages
		print V["message.date"] "\t" V["message.from"] "\t" (a == "" ? "" : " [" a "]") hangs "\t" V["message.text.text"] >messages
	} else if (kind == "deletion") {
		n = split(ids, w, " ")
		for (i = 1; i <= n; i++) print "D\t" safe(V["account"]) "\t" safe(V["chat"]) "\t" w[i] + 0 >people
	} else if (kind == "account" || kind == "peer") {
		a = V["profile.title"] != "" ? V["profile.title"] : V["profile.first_name"] " " V["profile.last_name"]
		sub(/^ +/, "", a); sub(/ +$/, "", a)
		if (a != "") print "N\t" safe(V["profile.id"]) "\t" safe(a) >people
	}
}
END {
	for (i = 1; i <= files; i++) {
		key = order[i]
		if (key in PRUNED) { pruned++; continue }
		name = file_name(key)
		while (name in used) name = "_" name
		used[name] = 1
		print name "\t" FILE[key] >media
	}
	print count + 0, pruned + 0 >counts
}
AWK
: >"$work/messages" && : >"$work/people" && : >"$work/media" && : >"$work/counts"
awk -f "$work/facts.awk" "$out/records.jsonl" ||
	lost "DAMAGED: the records cannot be taken apart"
read -r records pruned <"$work/counts" || records=0 pruned=0

# ---- files

tell "putting files together"
awk -F '\t' 'BEGIN { lost = ENVIRON["TK_WORK"] "/incomplete" } NR == FNR { split($0, h, " "); have[h[1]] = 1; next }
{
	n = split($4, id, " "); got = ""
	for (i = 1; i <= n && id[i] in have; i++) got = got " " id[i]
	if (i > n) print $1 "\t" $3 "\t" $4
	else print $1 "\t" i - 1 "\t" n "\t" got >lost
}' "$work/have" "$work/media" >"$work/whole"
# join FILE: the chunks that standard input lists.
while IFS='	' read -r name sum ids; do
	case $ids in
	'') : >"$out/media/$name" ;;
	*' '*) printf '%s\n' "$ids" | tr ' ' '\n' | (cd "$work/chunks" && xargs cat) >"$out/media/$name" ;;
	*) cat "$work/chunks/$ids" >"$out/media/$name" ;;
	esac || lost "LOST: media/$name cannot be written"
	printf '%s  media/%s\n' "$sum" "$name" >>"$out/SHA256SUMS"
done <"$work/whole"
[ ! -f "$work/incomplete" ] || while IFS='	' read -r name got of ids; do
	if [ "$got" = 0 ]; then lost "LOST: media/$name"; continue; fi
	lost "LOST: the end of media/$name: $got of $of chunks are in $name.incomplete"
	printf '%s\n' "$ids" | tr ' ' '\n' | (cd "$work/chunks" && xargs cat) >"$out/media/$name.incomplete"
done <"$work/incomplete"
good=0
if [ -s "$out/SHA256SUMS" ]; then
	(cd "$out" && sums -c SHA256SUMS 2>/dev/null) >"$work/checked"
	grep -v ': OK$' "$work/checked" >"$work/differ" && while read -r line; do lost "DAMAGED: $line"; done <"$work/differ"
	good=$(grep -c ': OK$' "$work/checked")
fi

# ---- messages

sort -o "$work/messages" "$work/messages"
awk -F '\t' '
function text(s,   out, at, c) { # without what a terminal would obey
	gsub(/\302[\200-\237]/, "?", s)
	gsub(/\177/, "?", s)
	gsub(/\342\200[\250\251]/, "\n    ", s) # they end a line, too
	if (index(s, "\\") == 0) return s
	out = ""
	while ((at = index(s, "\\")) > 0) {
		out = out substr(s, 1, at - 1)
		c = substr(s, at + 1, 1)
		s = substr(s, at + 2)
		if (c == "u") { c = "?"; s = substr(s, 5) }
		else if (c == "n") c = "\n    "
		else if (c == "t") c = "\t"
		else if (c ~ /[bfr]/) c = " "
		out = out c
	}
	return out s
}
function time(t,   z, era, doe, yoe, doy, mp, day, month, year, days) { # civil date of Unix seconds
	days = int(t / 86400); t -= days * 86400
	z = days + 719468; era = int(z / 146097); doe = z - era * 146097
	yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
	doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100)); mp = int((5 * doy + 2) / 153)
	day = doy - int((153 * mp + 2) / 5) + 1; month = mp < 10 ? mp + 3 : mp - 9
	year = yoe + era * 400 + (month <= 2)
	return sprintf("%04d-%02d-%02d %02d:%02d", year, month, day, int(t / 3600), int(t % 3600 / 60))
}
function who(id) { return id in name ? name[id] : id }
function show(   gone) {
	if (last == "") return
	gone = ((account, chat, number) in deleted || chat !~ /^channel/ && (account, "", number) in deleted) ? " [deleted in Telegram]" : ""
	print time(date) " " who(from == "" ? chat : from) ":" gone marks (words == "" ? "" : " ") text(words) >file
	if (before != "") print before >file
	total++
}
BEGIN { dir = ENVIRON["TK_OUT"] "/messages"; counts = ENVIRON["TK_WORK"] "/counts" }
FILENAME != ARGV[2] {
	if ($1 == "N") name[$2] = $3; else deleted[$2, $3, $4 + 0] = 1
	next
}
{
	if ($1 "\t" $2 "\t" $3 != last) {
		show()
		if ($1 != account || $2 != chat) {
			if (file != "") close(file)
			account = $1; chat = $2; chats++
			file = dir "/" account "-" chat (chat in name ? " " name[chat] : "") ".txt"
			print "# " who(chat) >file
		}
		last = $1 "\t" $2 "\t" $3; number = $3 + 0; before = ""
	} else if (words != $8) before = before (before == "" ? "" : "\n") "    [before it was edited] " text(words)
	date = $5; from = $6; marks = $7; words = $8
}
END { show(); print total + 0, chats + 0 >counts }' "$work/people" "$work/messages" || lost "DAMAGED: not all messages can be shown as text"
read -r messages chats <"$work/counts" || messages=0 chats=0

tell "$records records, $(wc -l <"$work/have" | tr -d ' ') chunks"
tell "$good of $(($(wc -l <"$work/whole") + $(if [ -f "$work/incomplete" ]; then wc -l <"$work/incomplete"; else echo 0; fi))) files are whole"
[ "$pruned" = 0 ] || tell "$pruned files were taken out of the vault by prune"
tell "$messages messages in $chats chats"
tell "Whether the newest commits were cut off only somebody can tell who remembers the last one:"
awk '{ split($1, w, "/"); last[w[1]] = $1 } END { for (i in last) print "  commits/" last[i] ".json" }' "$work/commits" | sort | while read -r name; do
	[ ! -f "$name" ] || tell "  head $(printf %s "${name##*/}" | sed 's/^0*//;s/\.json$//')-$(hash_of "$name" | cut -c 1-16) of writer $(printf %s "$name" | cut -d / -f 2)"
done
if [ -e "$work/failed" ]; then
	tell "Something is lost or damaged; $out/REPORT.txt says what."
	exit 1
fi
tell "Everything is in $out: records.jsonl, media/, messages/. It is not sealed any more."
