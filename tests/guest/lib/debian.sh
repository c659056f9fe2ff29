# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A small Debian on a disk of the target, and QEMU that boots it from there.  The files are
# those of the guest's own root.  The firmware reads the boot loader, and the boot loader the
# kernel, by calls of the BIOS (int 13h).
#
# In User-Mode Linux, QEMU is a process of the machine that tests, and what it emulates is as
# fast as a guest of QEMU.  In a guest of QEMU it would be an emulator in an emulator.

# debian_packages: prints the packages of a Debian that boots, all of which the guest has
debian_packages() {
	{
		# shellcheck disable=SC2016 # dpkg-query's own variables
		dpkg-query -W -f '${Essential} ${Package}\n' | awk '$1 == "yes" { print $2 }'
		echo systemd-sysv udev dbus kmod e2fsprogs mount
	} | xargs apt-cache depends --recurse --installed --no-recommends --no-suggests --no-enhances \
		--no-conflicts --no-breaks --no-replaces | grep '^[a-z]' | sort -u
}

# debian_kernel: prints the release of Debian's kernel in the guest, which need not be the one
# that runs
debian_kernel() {
	local f
	for f in /boot/vmlinuz-*; do
		echo "${f#/boot/vmlinuz-}"
	done | sort -V | tail -n 1
}

# debian_initrd FILE: makes an initial RAM disk that mounts the file system `debian`
debian_initrd() {
	local tree=$TMP/initrd m
	mkdir -p "$tree"/{bin,dev,proc,sys,root,lib}
	cp /bin/busybox "$tree/bin/"
	mknod -m 600 "$tree/dev/console" c 5 1
	for m in virtio_pci virtio_scsi sd_mod crc32c_generic ext4; do
		modprobe -S "$(debian_kernel)" --show-depends $m
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$TMP/modules"
	while read -r m; do
		cp "$m" "$tree/lib/"
		echo "${m##*/}"
	done <"$TMP/modules" >"$tree/modules"
	install -m 755 "$here/lib/debian/initrd-init" "$tree/init"
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$1"
	rm -r "$tree"
}

# debian_partition DISK: one partition, active, of Linux' type (83h), from 1 MiB to the end
debian_partition() {
	python3 - "$1" "$(blockdev --getsz "$1")" <<-'PYTHON'
	import struct, sys
	code = open("/usr/lib/EXTLINUX/mbr.bin", "rb").read().ljust(446, b"\0")
	chs = b"\xfe\xff\xff"
	entry = struct.pack("<B3sB3sII", 0x80, chs, 0x83, chs, 2048, int(sys.argv[2]) - 2048)
	with open(sys.argv[1], "r+b") as disk:
	    disk.write(code + entry.ljust(64, b"\0") + b"\x55\xaa")
	PYTHON
	blockdev --rereadpt "$1"
	wait_for 10 [ -b "${1}1" ]
}

# there: prints those names of the input that exist
there() {
	local name
	while read -r name; do
		[ ! -e "$name" ] && [ ! -L "$name" ] || echo "${name#/}"
	done
}

# debian_files FOLDER: copies the packages' files, and what their installation makes, into
# the folder
debian_files() {
	local name
	mkdir -p "$1"/usr/{bin,sbin,lib,lib32,lib64,libx32} "$1"/{dev,proc,sys,run,tmp,boot,root,etc}
	for name in bin sbin lib lib32 lib64 libx32; do
		ln -s usr/$name "$1/$name"
	done
	debian_packages | xargs dpkg -L 2>/dev/null |
		grep -vE '^/(\.|usr/share/(doc|man|locale|info|lintian|zoneinfo)(/.*)?|usr/lib/udev/hwdb\.d/.*)$' |
		sort -u | there >"$TMP/files"
	tar -C / --no-recursion -cf - -T "$TMP/files" | tar -C "$1" --keep-directory-symlink -xf -
	cp -a /etc/{passwd,group,shadow,nsswitch.conf,machine-id} "$1/etc/"
	ldconfig -r "$1"
	echo 'LABEL=debian / ext4 defaults,noatime 0 1' >"$1/etc/fstab"
	echo debian >"$1/etc/hostname"
}

# debian_options: prints options of the kernel: for an emulated CPU, whose clock is the host's,
# and for a console that belongs to the job
debian_options() {
	echo loglevel=6 panic=-1 oops=panic mitigations=off no_timer_check tsc=reliable \
		nmi_watchdog=0 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 \
		systemd.show_status=0 systemd.mask=serial-getty@ttyS0.service
}

# debian_install DISK: puts a Debian with a boot loader on the disk.  When it has booted it
# runs lib/debian/job and switches itself off.  It has a file /ballast of 16 MiB.
debian_install() {
	local part=${1}1 root=$TMP/root wants
	debian_partition "$1"
	# The boot loader reads this kind of ext4.
	mkfs.ext4 -q -L debian -O ^64bit,^metadata_csum "$part"
	mkdir "$root"
	mount "$part" "$root"
	debian_files "$root"
	install -D -m 755 "$here/lib/debian/job" "$root/usr/local/sbin/job"
	install -D -m 644 "$here/lib/debian/job.service" "$root/etc/systemd/system/job.service"
	wants=$root/etc/systemd/system/multi-user.target.wants
	mkdir -p "$wants"
	ln -s ../job.service "$wants/"
	head -c 16M /dev/urandom >"$root/ballast"
	cp "/boot/vmlinuz-$(debian_kernel)" "$root/boot/vmlinuz"
	debian_initrd "$root/boot/initrd.img"
	cat >"$root/boot/extlinux.conf" <<-END
	DEFAULT debian
	SERIAL 0 115200
	LABEL debian
	  LINUX /boot/vmlinuz
	  INITRD /boot/initrd.img
	  APPEND console=ttyS0,115200 $(debian_options)
	END
	extlinux --install "$root/boot" >/dev/null 2>&1
	umount "$root"
	blockdev --flushbufs "$1"
}

# debian_boot CONSOLE OPTION...: boots; the options are QEMU's, for disks of its controller
# `scsi`.  The console is shown when the machine does not come to its end, or when its log has
# an error.
debian_boot() {
	local console=$1 rc=0 wrong=
	shift
	timeout $((180 * ${CST_SCALE:-1})) qemu-system-x86_64 -accel tcg,tb-size=128 -cpu max,la57=off -m 192 \
		-nodefaults -no-user-config -no-reboot -display none -serial "file:$console" \
		-device virtio-scsi-pci,id=scsi "$@" </dev/null >"$TMP/qemu.log" 2>&1 || rc=$?
	if [ $rc != 0 ] || [ -s "$TMP/qemu.log" ]; then
		wrong="QEMU ended with status $rc: $(tail -n 1 "$TMP/qemu.log")"
	elif ! grep -q '^job: status 0' "$console"; then
		wrong="the job failed"
	elif ! dmesg_check "$console" >&2 || debian_complains "$console"; then
		wrong="the kernel of the machine complains"
	fi
	[ -z "$wrong" ] || { cat "$console" >&2; fail "$wrong"; }
}

# debian_complains CONSOLE: whether the kernel says anything bad of a disk, at any time, or, until
# the end of the job, any warning.  A reset at the start is no error.
debian_complains() {
	grep -E -e '^\[ *[0-9.]+\] .*(I/O error|Sense Key|Add\. Sense|hostbyte|timing out|EXT4-fs (error|warning))' \
		-e '^job: log .*(\bsd\b|scsi|EXT4-fs|JBD2)' "$1" |
		grep -v 'Power-on or device reset occurred' >&2
}

# debian_told CONSOLE KEY: prints what the machine told of this
debian_told() {
	sed -n "s/^job: $2 //p" "$1" | tr -d '\r'
}
