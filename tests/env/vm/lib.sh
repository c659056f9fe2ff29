# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by mkroot, run, demo and shell: where things are, which kernel, whether
# KVM works.  Sourced with $top set to the root of the source tree.

vmdir=$top/tests/env/vm
build=${CST_BUILD:-$top/build}
cache=$build/vm
logs=$build/logs

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# as_root ARGUMENT...: starts this script again as root, unless that is who we are
as_root() {
	local name given=()
	[ "$(id -u)" != 0 ] || return 0
	for name in CST_ACCEL CST_COVERAGE CST_SEED CST_ROUNDS LANES T; do
		given+=("$name=${!name:-}")
	done
	exec sudo -- env KVER="$kver" CST_BUILD="$build" "${given[@]}" "$0" "$@"
}

note() {
	[ -n "${quiet:-}" ] || echo "vm: $*" >&2
}

# The kernel we build for and boot: the newest whose headers are installed.
default_kver() {
	# shellcheck disable=SC2012 # package names have no odd characters
	ls -d /lib/modules/*/build 2>/dev/null | cut -d/ -f4 | sort -V | tail -n 1
}

kver=${KVER:-$(default_kver)}

# Keeps two makers of the same thing apart; the lock ends with the process.
lock() {
	mkdir -p "$cache"
	exec 9>"$cache/lock-$1"
	flock 9
}

unlock() {
	exec 9>&-
}

hash_of() {
	sha256sum | cut -c1-12
}

# Debian archives this machine uses, as sources.list lines; others are left out.
debian_sources() {
	apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' \
		'Created-By: Packages' |
	awk -F'|' -v key=/usr/share/keyrings/debian-archive-keyring.gpg '
		$1 == "Debian" && !seen[$0]++ {
			print "deb [signed-by=" key "] " $2 " " $3 " " $4
		}'
}

# The suite is the archive that carries the base system, not its updates.
debian_suite() {
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)' \
		'Created-By: Packages' |
	awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# Runs a command inside the tree with /proc, /sys and /dev of its own, which
# vanish with the mount namespace whatever happens.
in_root() {
	local root=$1 propagation=private
	shift
	# A root that is no mount point (a chroot) has no propagation to change.
	unshare --mount true 2>/dev/null || propagation=unchanged
	unshare --mount --propagation $propagation --uts --ipc --pid --fork --kill-child -- /bin/sh -c '
		set -e
		root=$1; shift
		hostname cst
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		for d in null zero full random urandom tty; do
			[ -e "$root/dev/$d" ] || : >"$root/dev/$d"
			mount --bind "/dev/$d" "$root/dev/$d"
		done
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
	' sh "$root" "$@"
}

# Module files needed to reach the root disk and the shared folder.
initrd_modules() {
	local m
	for m in virtio_pci virtio_blk crc32c_generic ext4 9pnet_virtio 9p; do
		# ext4 asks for this one by name on kernels that have it.
		/sbin/modprobe -S "$kver" -d "$1" --show-depends "$m" || [ "$m" = crc32c_generic ]
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# An image is a folder with root/ (a tree), root.img (the same as ext4), vmlinuz,
# initrd.img, kver (the kernel's release) and, when root/ does not hold the
# kernel's modules, kernel/lib/modules/<release>/.
make_image() {
	local dir=$1
	rm -f "$dir/root.img"
	mke2fs -q -t ext4 -L cst-root -O ^metadata_csum_seed -E lazy_itable_init=1,nodiscard \
		-d "$dir/root" "$dir/root.img" 8G >/dev/null
}

# make_initrd DIR [TREE]: the tree that has lib/modules; default DIR/root
make_initrd() {
	local dir=$1 tree=$1/initrd.tree m
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,dev,proc,sys,run,root,lib/modules}
	cp /bin/busybox "$tree/bin/busybox"
	: >"$tree/modules"
	initrd_modules "${2:-$dir/root}" | while read -r m; do
		cp "$m" "$tree/lib/modules/"
		# Newer packages compress them; busybox has no use for that.
		[[ $m != *.xz ]] || xz -d "$tree/lib/modules/${m##*/}"
		m=${m##*/}
		echo "${m%.xz}" >>"$tree/modules"
	done
	# The first program has to find a console before devtmpfs is mounted.
	mknod -m 600 "$tree/dev/console" c 5 1
	cp "$vmdir/initrd-init" "$tree/init"
	chmod 755 "$tree/init"
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$dir/initrd.img.new"
	mv "$dir/initrd.img.new" "$dir/initrd.img"
	rm -rf "$tree"
}

# kernel_settings NAME: how a kernel of tests/env/vm/kernels is run and what our modules
# are compiled with for it.  The tests' time limits are multiplied by $scale and
# the amounts of work that they can choose freely are divided by it.
kernel_settings() {
	scale=1
	case $1 in
	kasan) scale=4 mem=2048 ;;
	# Every race is worth a line; nobody is at risk.
	kcsan) scale=2 ;;
	esac
}

# boot_file IMAGE: its kernel as QEMU starts it by itself, without firmware and
# decompression, which take an emulated CPU as long as the kernel's own start; made
# once.  vmlinuz when that kernel has no entry for it (CONFIG_PVH).
boot_file() {
	local packed=$1/vmlinuz made=$1/vmlinux start end length tool
	if [ ! -e "$made" ] || [ "$packed" -nt "$made" ]; then
		# From the header of a bzImage, see the kernel's x86 boot protocol.
		start=$((($(number "$packed" 0x1f1 1) + 1) * 512 + $(number "$packed" 0x248 4)))
		length=$(number "$packed" 0x24c 4)
		end=$((start + length))
		# The length that the kernel wants after it is none of the tools', except gzip's own.
		case $(od -An -tx1 -j $start -N 4 "$packed" | tr -d ' ') in
		fd377a58) tool=xz end=$((end - 4)) length=$((length - 4)) ;;
		28b52ffd) tool=zstd end=$((end - 4)) length=$((length - 4)) ;;
		1f8b*) tool=gzip ;;
		*) die "cannot unpack $packed" ;;
		esac
		head -c $end "$packed" | tail -c "$length" | $tool -dc >"$made.$$" || die "cannot unpack $packed"
		# XEN_ELFNOTE_PHYS32_ENTRY
		readelf -n "$made.$$" 2>/dev/null | grep '(0x00000012)' >/dev/null || ln -sf vmlinuz "$made.$$"
		mv "$made.$$" "$made"
	fi
	echo "$made"
}

# number FILE OFFSET BYTES
number() {
	od -An -tu"$3" -j "$2" -N "$3" --endian=little "$1" | tr -d ' '
}

# This machine's time stamp counter in kHz, which is an emulated CPU's as well.
tsc_khz() {
	local program=$cache/tsc
	if [ ! "$program" -nt "$vmdir/tsc.c" ]; then
		cc -O2 -Wall -o "$program.$$" "$vmdir/tsc.c" && mv "$program.$$" "$program" || return
	fi
	"$program"
}

# Fills $accel with qemu's options.  A /dev/kvm that exists may still hang the
# guest, so a boot with a time limit decides, once per boot of this machine.
probe_accel() {
	local base=$1 key stamp=$cache/accel
	case ${CST_ACCEL:-} in
	kvm) accel="-accel kvm -cpu host"; return ;;
	tcg) accel="-accel tcg,thread=multi,tb-size=512 -cpu max,la57=off"; return ;;
	esac
	key=$(cat /proc/sys/kernel/random/boot_id)
	if [ "$(sed -n 1p "$stamp" 2>/dev/null)" != "$key" ]; then
		local found=tcg
		if [ -w /dev/kvm ] && timeout -s KILL 8 qemu-system-x86_64 \
			-machine q35 -accel kvm -cpu host -m 256 -nodefaults -no-reboot \
			-display none -serial stdio -kernel "$(boot_file "$base")" \
			-initrd "$base/initrd.img" -append "console=ttyS0 quiet panic=-1 guest_probe" \
			</dev/null 2>/dev/null | grep cst-probe-ok >/dev/null; then
			found=kvm
		fi
		printf '%s\n%s\n' "$key" "$found" >"$stamp.$$"
		mv "$stamp.$$" "$stamp"
	fi
	CST_ACCEL=$(sed -n 2p "$stamp") probe_accel "$base"
}
