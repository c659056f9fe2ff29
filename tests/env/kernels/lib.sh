# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The kernels of the matrix.  Sourced with $top set to the root of the tree.

# meta NAME: prints a field of META
meta() {
	sed -n "s/^$1:[[:space:]]*//p" "$top/META"
}

# suites_of SERIES: prints the Debian suites that may have the series
suites_of() {
	awk -v s="$1" '$1 == s { for (i = 2; i <= NF; i++) print $i }' "$top/tests/env/kernels/suites"
}

# is_supported SERIES: whether the series lies in META's range
is_supported() {
	printf '%s\n' "$(meta Linux-Minimum)" "$1" "$(meta Linux-Maximum)" | sort -V -C
}

# supported_series: prints the series of the matrix that lie in META's range.  Exits when the
# matrix lacks an end of the range.
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

# module_sources: writes a tar of the files that compile the modules, those of the package
# cst-dkms
module_sources() {
	(cd "$top" && find META Kbuild src -type f \( -name Kbuild -o -name '*.[ch]' -o -name '*.mk' \) \
		! -path '*/daemon/*' ! -name '*.mod.c' -print0 -o -name META -print0 | xargs -0 tar -cf -)
}
