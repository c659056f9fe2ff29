# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the guests of QEMU and of User-Mode Linux have in common: the folder that a guest sees
# as /run/cst-vm, the other guests beside it, and the verdict at its end.  Sourced by
# tests/env/vm/run and tests/env/uml/run after lib.sh and dmesg.sh.

# make_share SHARE MODE UNLOAD [COMMAND...]: fills the folder SHARE; sets $token, which
# identifies this job's result
make_share() {
	local share=$1 mode=$2 unload=$3 name
	shift 3
	mkdir -p "$share/vm" "$share/out"
	cp "$vmdir"/{init,guest,cst-vm.service,cst-vm.target} "$share/vm/"
	chmod 755 "$share/vm/init"
	tar -C "$top" --exclude=tests/env/vm --exclude=tests/host -cf - tests |
		tar -C "$share" -xf -
	[ ! -e "$top/README.md" ] || cp "$top/README.md" "$share/"
	[ ! -d "$top/doc" ] || cp -r "$top/doc" "$share/"
	if [ $# -eq 1 ]; then
		printf '%s\n' "$1" >"$share/cmd"
	elif [ $# -gt 1 ]; then
		printf '%q ' "$@" >"$share/cmd"
	fi
	token=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
	printf 'mode=%s\nunload=%s\ntoken=%s\n' "$mode" "$unload" "$token" >"$share/settings"
	for name in CST_SEED CST_ROUNDS; do
		[ -z "${!name:-}" ] || printf 'export %s=%q\n' $name "${!name}" >>"$share/settings"
	done
}

# inject SHARE IMAGE KVER MODULES DAEMON: fills SHARE/inject, which the guest copies over its
# root: modules and tools of the tree, and module indexes that list them.
inject() {
	local tree=$1/inject base=$2 kver=$3 modules=$4 daemon=$5 moddir ko kos
	local theirs=$base/root/lib/modules/$kver own=
	moddir=$tree/lib/modules/$kver
	mkdir -p "$tree/usr/local/sbin"
	mapfile -t kos < <(find "$modules" -name '*.ko' 2>/dev/null)
	if [ -d "$base/kernel" ]; then
		theirs=$base/kernel/lib/modules/$kver own=1
	fi
	if [ ${#kos[@]} -gt 0 ] || [ -n "$own" ]; then
		mkdir -p "$moddir/updates"
		for ko in "${kos[@]}"; do
			[ "$(modinfo -F vermagic "$ko" | cut -d' ' -f1)" = "$kver" ] ||
				die "${ko#"$top"/} was not built for $kver; run make modules"
		done
		[ ${#kos[@]} = 0 ] || cp "${kos[@]}" "$moddir/updates/"
		if [ -n "$own" ]; then
			cp -r "$theirs/kernel" "$moddir/kernel"
		else
			ln -s "$theirs/kernel" "$moddir/kernel"
		fi
		cp "$theirs"/modules.{order,builtin,builtin.modinfo} "$moddir/"
		depmod -b "$tree" "$kver" || die "depmod failed"
		[ -n "$own" ] || rm "$moddir/kernel"
		# /lib is a link in the guest, in Debian 11 not always.
		if [ -L "$base/root/lib" ]; then
			mkdir -p "$tree/usr/lib"
			mv "$tree/lib/modules" "$tree/usr/lib/modules"
			rmdir "$tree/lib"
		fi
	fi
	if [ -d "$top/tools/boot" ]; then
		mkdir -p "$tree/etc/modprobe.d" "$tree/usr/lib/cst"
		cp "$top/tools/boot/modprobe.conf" "$tree/etc/modprobe.d/cst.conf"
		cp "$top/tools/boot/host-id" "$tree/usr/lib/cst/"
	fi
	[ ! -x "$daemon" ] || cp "$daemon" "$tree/usr/local/sbin/cst-iscsid"
	if [ -d "$top/tools/targetctl/targetctl" ]; then
		mkdir -p "$tree/usr/local/lib/targetctl"
		cp -r "$top/tools/targetctl/targetctl" "$tree/usr/local/lib/targetctl/"
		cat >"$tree/usr/local/sbin/targetctl" <<-'END'
			#!/bin/sh
			PYTHONPATH=/usr/local/lib/targetctl exec python3 -m targetctl "$@"
		END
		chmod 755 "$tree/usr/local/sbin/targetctl"
	fi
}

# measure SHARE: makes the tools in the guest record which lines they executed
measure() {
	local to=$1/inject/usr/local/lib/targetctl
	cp -r /usr/lib/python3/dist-packages/coverage "$to/"
	mkdir -p "$1/out/gcov-python"
	sed -i 's,python3 -m,python3 -m coverage run -p --data-file=/run/cst-vm/out/gcov-python/data --source targetctl -m,' \
		"$1/inject/usr/local/sbin/targetctl"
	echo 'export GCOV_PREFIX=/run/cst-vm/out/gcov-user' >>"$1/settings"
}

# peers_begin N WORK OPTION...: starts guests 1 to N, and the wire between them and guest 0.
# Each is another run of the calling script with these options.  Sets $wire, the folder of
# the hub's sockets and of the serial lines' FIFOs.
peers_begin() {
	local n=$1 work=$2 i log
	shift 2
	peers=() wire=$work/wire
	mkdir "$wire"
	# pdeathsig ends the hub and the guests even when this script is killed.
	exec {hub}< <(exec setpriv --pdeathsig KILL "$vmdir/hub" "$wire")
	peers+=($!)
	read -r -u "$hub" || die "no wire between the guests"
	for ((i = 1; i <= n; i++)); do
		mkfifo "$wire/$i.in" "$wire/$i.out"
		ln -s "$i.out" "$wire/peer$i.in"
		ln -s "$i.in" "$wire/peer$i.out"
		log=$out-guest$i.out
		setpriv --pdeathsig TERM "$0" "$@" --quiet --guest "$i:$wire" --name "${out##*/}-guest$i" -- \
			tests/run --serve /dev/ttyS2 >"$log" 2>&1 </dev/null &
		peers+=($!)
	done
}

# peers_end DIED: waits until the other guests end, as guest 0 has told them to.  When guest 0
# has died (DIED is not empty), kills them instead.
peers_end() {
	local i rc
	[ ${#peers[@]} -gt 0 ] || return
	if [ -n "$1" ]; then
		peers_kill
		return
	fi
	for ((i = 1; i < ${#peers[@]}; i++)); do
		wait "${peers[i]}"
		rc=$?
		[ $rc != 0 ] || { rm -f "$out-guest$i.out"; continue; }
		echo "vm: FAILED: guest $i, with status $rc; see ${out#"$top"/}-guest$i.console" >&2
		tail -n 40 "$out-guest$i.out" >&2
		peers_failed=1
	done
	peers_kill
}

peers_kill() {
	[ ${#peers[@]} = 0 ] || { kill "${peers[@]}"; wait "${peers[@]}"; } 2>/dev/null
	peers=()
}

# peer_gone: tells guest 0 that this guest has ended, so that guest 0 does not wait for its
# answer
peer_gone() {
	[ "${guest:-0}" = 0 ] || echo gone 1<>"$wire/$guest.in" 2>/dev/null
}

# peers_settings: prints lines for the settings file of this guest
peers_settings() {
	[ -z "$guest" ] || echo "export CST_GUEST=$guest"
	[ "$npeers" = 0 ] || echo "export CST_PEERS=$npeers"
}

# judge OUT STATUS TIMEOUT: exits with the job's result, from OUT/result, OUT.console and
# STATUS, the exit status of the guest's program; returns when all is well
judge() {
	local out=$1 rc=$2 timeout=$3 result status verdict
	[ -s "$out.err" ] || rm -f "$out.err"
	result=$(cat "$out/result" 2>/dev/null)
	case $result in
	"cst-vm $token status="*) ;;
	*)
		if dmesg_check "$out.console" 80 >&2; then
			tail -n 20 "$out.console" >&2
		fi
		if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
			echo "vm: FAILED: no end within $timeout s; see ${out#"$top"/}.console" >&2
			exit 124
		fi
		[ ! -s "$out.err" ] || cat "$out.err" >&2
		echo "vm: FAILED: the guest died; see ${out#"$top"/}.console" >&2
		exit 125 ;;
	esac
	status=${result#*status=}
	status=${status%% *}
	verdict=${result#*verdict=}
	if [ "$status" != 0 ]; then
		exit "$status"
	fi
	if [ "$verdict" != ok ]; then
		echo "vm: FAILED: $verdict" >&2
		exit 126
	fi
	if ! dmesg_check "$out.console" >&2; then
		echo "vm: FAILED: the console has a warning after the job's end" >&2
		exit 126
	fi
	[ -z "${peers_failed:-}" ] || exit 126
	note "ok"
}
