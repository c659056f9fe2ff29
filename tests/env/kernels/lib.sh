# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The kernels of the matrix.  Sourced with $top set to the root of the tree.

# meta NAME: a field of META
meta() {
	sed -n "s/^$1:[[:space:]]*//p" "$top/META"
}

# suites_of SERIES: the Debian suites that may have it
suites_of() {
	awk -v s="$1" '$1 == s { for (i = 2; i <= NF; i++) print $i }' "$top/tests/env/kernels/suites"
}

# is_supported SERIES: META's range has it
is_supported() {
	printf '%s\n' "$(meta Linux-Minimum)" "$1" "$(meta Linux-Maximum)" | sort -V -C
}

# supported_series: those of the matrix that META's range has; both its ends must
# be among them
supported_series() {
	local s end
	for end in Minimum Maximum; do
		[ -n "$(suites_of "$(meta Linux-$end)")" ] ||
			die "tests/env/kernels/suites lacks META's Linux-$end, $(meta Linux-$end)"
	done
	awk '/^[0-9]/ { print $1 }' "$top/tests/env/kernels/suites" | sort -V | while read -r s; do
		! is_supported "$s" || echo "$s"
	done
}

# module_sources: a tar of what compiles the modules, as the package cst-dkms has it
module_sources() {
	(cd "$top" && find META Kbuild src -type f \( -name Kbuild -o -name '*.[ch]' -o -name '*.mk' \) \
		! -path '*/daemon/*' ! -name '*.mod.c' -print0 -o -name META -print0 | xargs -0 tar -cf -)
}
