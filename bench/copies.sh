#!/usr/bin/env bash
# How fast a new copy of a vault is brought up to date, beside rclone copying the same
# files to the same place, in turns; and verify beside sha256sum.
#   bench/copies.sh [SIZE] [ROUNDS]      1GiB, 3; works in TMPDIR, best on a RAM disk
# Needs rclone and, for SFTP, sshd (Debian: rclone openssh-server); builds versitygw.
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-1GiB} rounds=${2:-3}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/telekeep" ./cmd/telekeep
cd "$work"
now() { date +%s.%N; }
median() { sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }

./telekeep simulator --seed 9 --messages 400 --media "$size" --listen 127.0.0.1:0 --out sim >sim.log 2>&1 &
until [ -s sim/telegram.toml ]; do sleep 0.2; done
./telekeep init --dir t --telegram sim/telegram.toml >/dev/null 2>&1
{ jq -r .code sim/account.json; jq -r .password sim/account.json; } | ./telekeep login --dir t --phone "$(jq -r .phone sim/account.json)" >/dev/null 2>&1
./telekeep sync --dir t >/dev/null 2>&1
kill %1
bytes=$(du -sb t/vault | cut -f1)
echo "a vault of $((bytes / 1000000)) MB, $(find t/vault -type f | wc -l) files; median of $rounds rounds in turns"

mkdir server keys
key=bench secret=$(openssl rand -hex 16)
if command -v sshd >/dev/null; then
	ssh-keygen -q -t ed25519 -N '' -f keys/host
	ssh-keygen -q -t ed25519 -N '' -f keys/user
	cp keys/user.pub keys/authorized
	cp keys/user t/secrets/ssh.key
	cat >keys/sshd_config <<-END
		ListenAddress 127.0.0.1:17022
		HostKey $work/keys/host
		AuthorizedKeysFile $work/keys/authorized
		PidFile none
		StrictModes no
		PermitRootLogin prohibit-password
		Subsystem sftp internal-sftp
	END
	mkdir -p /run/sshd
	$(command -v sshd) -D -f keys/sshd_config 2>keys/sshd.log &
	printf '[127.0.0.1]:17022 %s\n' "$(cut -d' ' -f1,2 keys/host.pub)" >keys/known_hosts
fi
GOBIN=$work go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
mkdir -p server/s3/vaults
./versitygw --access $key --secret "$secret" --port 127.0.0.1:17071 posix server/s3 >gw.log 2>&1 &
printf 'aws_access_key_id = %s\naws_secret_access_key = %s\n' $key "$secret" >t/secrets/s3.s3
chmod 600 t/secrets/s3.s3
cat >rclone.conf <<END
[ssh]
type = sftp
host = 127.0.0.1
port = 17022
user = $(id -un)
key_file = $work/keys/user
known_hosts_file = $work/keys/known_hosts
[s3]
type = s3
provider = Other
endpoint = http://127.0.0.1:17071
access_key_id = $key
secret_access_key = $secret
force_path_style = true
END
unset AWS_CA_BUNDLE
sleep 2

# compare NAME URL RCLONE FOLDER [OPTION…]: FOLDER is what both write to, in turns
compare() {
	local name=$1 url=$2 remote=$3 folder=$4 i start
	shift 4
	: >ours; : >theirs
	for ((i = 0; i < rounds; i++)); do
		rm -rf "$folder"
		./telekeep copy add --dir t --no-sync "$@" "$name" "$url" >/dev/null 2>&1
		start=$(now)
		./telekeep copy sync --dir t "$name" >/dev/null
		awk "BEGIN {print $(now) - $start}" >>ours
		./telekeep copy remove --dir t "$name" >/dev/null
		rm -rf "$folder"
		mkdir -p "$folder"
		start=$(now)
		rclone --config rclone.conf copy t/vault "$remote"
		awk "BEGIN {print $(now) - $start}" >>theirs
		diff -r t/vault "$folder" >/dev/null
	done
	awk -v b="$bytes" -v o="$(median <ours)" -v t="$(median <theirs)" -v n="$name" \
		'BEGIN {printf "catch-up %-7s %6.0f MB/s   rclone copy %6.0f MB/s   ratio %.2f\n", n, b/o/1e6, b/t/1e6, t/o}'
}
compare folder "$work/server/folder" "$work/server/folder" server/folder
[ ! -e keys/sshd_config ] || compare ssh "sftp://$(id -un)@127.0.0.1:17022$work/server/ssh" "ssh:$work/server/ssh" server/ssh --known-hosts "$work/keys/known_hosts"
compare s3 s3+http://127.0.0.1:17071/vaults/mine s3:vaults/mine server/s3/vaults/mine --region us-east-1

: >ours; : >theirs; : >both
for ((i = 0; i < rounds; i++)); do
	start=$(now)
	./telekeep verify --dir t >/dev/null
	awk "BEGIN {print $(now) - $start}" >>ours
	start=$(now)
	find t/vault -type f -print0 | xargs -0 sha256sum >/dev/null
	awk "BEGIN {print $(now) - $start}" >>theirs
	start=$(now)
	find t/vault -type f -print0 | xargs -0 -n 4 -P "$(nproc)" sha256sum >/dev/null
	awk "BEGIN {print $(now) - $start}" >>both
done
awk -v b="$bytes" -v o="$(median <ours)" -v t="$(median <theirs)" -v p="$(median <both)" \
	'BEGIN {printf "verify           %6.0f MB/s   sha256sum   %6.0f MB/s   ratio %.2f   sha256sum on all cores %.0f MB/s, ratio %.2f\n", b/o/1e6, b/t/1e6, t/o, b/p/1e6, p/o}'
