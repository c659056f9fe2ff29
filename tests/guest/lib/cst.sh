# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions that configure cst by mkdir, ln and echo, take the configuration down again, and
# check values.  $cst is the root of the tree; $TMP the test's own folder.

cst=/sys/kernel/config/cst

fail() {
	echo "FAIL: $*" >&2
	# Print the call stack, so that the line of the test is known.
	local i
	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		echo "  ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]} ${FUNCNAME[i]}" >&2
	done
	exit 1
}

need_module() {
	local m
	for m in "$@"; do
		modprobe -q "$m" || { echo "no module $m"; return 1; }
	done
}

need_cmd() {
	local c
	for c in "$@"; do
		command -v "$c" >/dev/null || { echo "no $c"; return 1; }
	done
}

# scaled NUMBER[SUFFIX] [MINIMUM]: prints NUMBER divided by CST_SCALE, an amount of work that
# a slow guest can do in the time
scaled() {
	local n=${1%%[!0-9]*} least=${2:-1}
	local suffix=${1#"$n"}
	n=$((n / ${CST_SCALE:-1}))
	[ $n -ge "$least" ] || n=$least
	echo "$n$suffix"
}

# wait_for SECONDS COMMAND...: repeats the command until it succeeds; fails when it does not
# succeed within the time.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * ${CST_SCALE:-1} * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt $end ] || fail "not within the time: $*"
		sleep 0.05
	done
}

# umount_below FOLDER [OPTION...]: unmounts everything below FOLDER
umount_below() {
	awk -v t="$1/" 'index($2, t) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount "${@:2}"
}

equal() {
	[ "$1" = "$2" ] || fail "${3:-value} is '$1', expected '$2'"
}

put() {
	# One write system call; bash's error message has the errno in words.
	local err
	err=$(printf '%s\n' "$2" 2>&1 >"$1") ||
		fail "echo '$2' >$1: ${err##*: } ($(cat $cst/last_error))"
}

# refused ERRNO-TEXT COMMAND...: the command must fail, with that errno in its message.
refused() {
	local want=$1 err
	shift
	if err=$(LC_ALL=C "$@" 2>&1); then
		fail "succeeded, but should be refused: $*"
	fi
	[[ $err == *"$want"* ]] || fail "refused with '${err##*: }', expected '$want': $*"
}

# Prints the text of last_error, without the number and the time in front of it.
last_error() {
	cut -d' ' -f3- $cst/last_error
}

# write_value FILE VALUE: writes a value; a command that `refused` can run.
write_value() {
	# shellcheck disable=SC2069 # only the error message to the output, on purpose
	printf '%s\n' "$2" 2>&1 >"$1"
}

# set_all DIR KEY=VALUE...: writes several attributes of an object.
set_all() {
	local dir=$1 kv
	shift
	for kv in "$@"; do
		put "$dir/${kv%%=*}" "${kv#*=}"
	done
}

# make_device HANDLER NAME KEY=VALUE...: makes a device, sets its attributes and enables it.
make_device() {
	local dir=$cst/handlers/$1/$2
	mkdir "$dir" || fail "mkdir $dir: $(cat $cst/last_error)"
	shift 2
	set_all "$dir" "$@"
	put "$dir/enabled" 1
}

# make_fileio NAME SIZE KEY=VALUE...: makes a device on a new sparse file, $TMP/NAME.img
make_fileio() {
	local name=$1 size=$2
	shift 2
	truncate -s "$size" "$TMP/$name.img"
	make_device vdisk_fileio "$name" "filename=$TMP/$name.img" "$@"
}

# make_target FABRIC NAME KEY=VALUE...: makes a target with these attributes; it is not
# enabled.
make_target() {
	local dir=$cst/targets/$1/$2
	mkdir "$dir" || fail "mkdir $dir: $(cat $cst/last_error)"
	shift 2
	set_all "$dir" "$@"
}

# make_lun TARGET-OR-GROUP NUMBER HANDLER/DEVICE KEY=VALUE...: TARGET-OR-GROUP is a
# path below targets/, as loop/t1 or iscsi/iqn.../ini_groups/g1.
make_lun() {
	local dir=$cst/targets/$1/luns/$2 dev=$3
	shift 3
	mkdir "$dir" || fail "mkdir $dir: $(cat $cst/last_error)"
	set_all "$dir" "$@"
	ln -s "$cst/handlers/$dev" "$dir/device" || fail "ln $dir/device: $(cat $cst/last_error)"
}

remove_lun() {
	local dir=$cst/targets/$1/luns/$2
	rm "$dir/device" && rmdir "$dir"
}

# make_ini_group TARGET GROUP PATTERN...
make_ini_group() {
	local dir=$cst/targets/$1/ini_groups/$2 p
	mkdir "$dir"
	shift 2
	for p in "$@"; do
		mkdir "$dir/initiators/$p"
	done
}

# remove_tree DIR: removes every object below DIR: links first, then folders bottom up.
# rmdir fails on a folder that cst made for an object; that is no error, because such a
# folder goes with its object.
remove_tree() {
	find "$1" -mindepth 1 -type l -delete
	find "$1" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
	[ -z "$(find "$1" -mindepth 1 -maxdepth 1 -type d)" ]
}

# Takes the whole configuration down; fails, and prints what is left, when an object stays.
cst_teardown() {
	[ -d $cst ] || return 0
	local f d rc=0 dotglob
	# A test may have made a name that starts with a dot; * must match it, too.
	dotglob=$(shopt -p dotglob) || true
	shopt -s dotglob
	for f in $cst/targets/*/*/enabled; do
		[ ! -e "$f" ] || [ "$(cat "$f")" = 0 ] || echo 0 >"$f" ||
			{ echo "$f: $(cat $cst/last_error)"; rc=1; }
	done
	for d in $cst/targets/* $cst/device_groups; do
		[ ! -d "$d" ] || remove_tree "$d" || rc=1
	done
	for f in $cst/handlers/*/*/enabled; do
		[ ! -e "$f" ] || [ "$(cat "$f")" = 0 ] || echo 0 >"$f" ||
			{ echo "$f: $(cat $cst/last_error)"; rc=1; }
	done
	for d in $cst/handlers/*; do
		[ ! -d "$d" ] || remove_tree "$d" || rc=1
	done
	$dotglob
	if [ $rc != 0 ]; then
		echo "left in the tree; last_error: $(cat $cst/last_error)"
		find $cst/targets $cst/handlers -mindepth 2 -type d
	fi
	return $rc
}

cst_modules() {
	awk '$1 ~ /^cst(_|$)/ { print $1 }' /proc/modules
}

# Removes all our modules.  A module goes after the modules that use it, so try again as long
# as one could be removed.
cst_unload() {
	local m gone=1
	while [ $gone = 1 ] && [ -n "$(cst_modules)" ]; do
		gone=0
		for m in $(cst_modules); do
			rmmod "$m" 2>/dev/null && gone=1
		done
	done
	[ -z "$(cst_modules)" ] || fail "still loaded: $(cst_modules | tr '\n' ' ')"
}
