# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions for the demonstration's two boots, inside the guest.

. /cst/tests/guest/lib/cst.sh
. /cst/tests/guest/lib/initiator.sh

iqn=iqn.2026-01.example:demo
disk_file=/var/lib/cst-demo/disk1.img
state=/var/lib/cst-demo
TMP=/tmp
mnt=/mnt
export PYTHONIOENCODING=utf-8 LC_ALL=C.UTF-8

step() {
	printf '\n[guest %3d s] %s\n' "$(cut -d. -f1 /proc/uptime)" "$*"
}

# show COMMAND...: prints a command as the user would type it, then runs it.
show() {
	echo "  # $*"
	"$@" 2>&1 | sed 's/^/    /'
	[ "${PIPESTATUS[0]}" = 0 ] || fail "$*"
}

# wait_service NAME: waits until a unit is active
wait_service() {
	wait_for 60 systemctl -q is-active "$1"
}

# The options of fio in both boots: every block is written once, with a checksum; seed and
# size are enough to verify the blocks later.
fio_args=(--name=demo --direct=1 --ioengine=libaio --bs=8k --iodepth=16 --rw=randwrite
	--offset=128m --size=24m --verify=crc32c --verify_fatal=1 --randseed=42
	--eta=never --output-format=json)

# fio_row LABEL DEVICE OPTION...: runs fio and adds a line to the table of results
fio_row() {
	local label=$1 dev=$2
	shift 2
	fio "${fio_args[@]}" --filename="$dev" --output=/tmp/fio.json "$@" || {
		cat /tmp/fio.json
		fail "fio: $label"
	}
	python3 - "$label" <<-'END' | tee -a $state/throughput
		import json, sys
		text = open("/tmp/fio.json").read()
		job = json.loads(text[text.index("{"):])["jobs"][0]
		if job["error"]:
		    sys.exit("fio error %d" % job["error"])
		for way in ("write", "read"):
		    d = job[way]
		    if d["bw_bytes"]:
		        print("    %-28s %-5s %8.1f MB/s %8.0f IOPS %6d I/Os" % (
		            sys.argv[1], way, d["bw_bytes"] / 1e6, d["iops"], d["total_ios"]))
	END
	[ "${PIPESTATUS[0]}" = 0 ] || fail "fio: $label"
}

show_session() {
	local s
	s=$(find "$cst/targets/$1/sessions" -mindepth 1 -maxdepth 1 -type d | head -n 1)
	[ -n "$s" ] || fail "no session of $1 in configfs"
	echo "    ${s#/sys/kernel/config/}"
	(cd "$s" && find . -maxdepth 3 -type f ! -name schema ! -path './luns/*/schema' -perm -400 | sort |
		while read -r f; do
			printf '      %-42s %s\n' "${f#./}" "$(head -c 200 "$f" 2>/dev/null | tr '\n' ' ')"
		done)
}
