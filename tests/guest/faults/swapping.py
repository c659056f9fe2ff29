# SPDX-License-Identifier: GPL-2.0-only
"""Uses more memory than there is, for a while, and checks the contents of each page.

Usage: swapping.py SECONDS

Every page is read, compared and written again and again, so that it is swapped out and
in.  Raises SystemExit when a page has changed, when a page takes longer than STALL, or
when hardly any page was swapped.
"""
import mmap
import struct
import sys
import time

PAGE = mmap.PAGESIZE
MIB = 1 << 20
STALL = 120.0  # the most seconds for one page
RECORD = struct.Struct("<QQ")  # at the end of a page: its number, and the number of writes


def kib(path: str, key: str) -> int:
    """Return the number after KEY in a file of lines "KEY number ..."; raise KeyError."""
    with open(path) as f:
        for line in f:
            words = line.replace(":", " ").split()
            if words[0] == key:
                return int(words[1])
    raise KeyError(key)


def main() -> None:
    seconds = float(sys.argv[1])
    # Half of the swap stays free: MemAvailable is an estimate, and the memory that a kernel
    # full of checkers uses for itself varies by tens of MiB.
    room = kib("/proc/meminfo", "MemAvailable") + kib("/proc/meminfo", "SwapFree") // 2
    pages = room * 1024 // PAGE
    memory = mmap.mmap(-1, pages * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    before = kib("/proc/vmstat", "pswpout"), kib("/proc/vmstat", "pswpin")
    start = last = time.monotonic()
    slowest = 0.0
    for step in range(1 << 62):
        written, i = divmod(step, pages)
        at = (i + 1) * PAGE - RECORD.size
        if written and RECORD.unpack_from(memory, at) != (i, written):
            sys.exit(f"page {i} has {RECORD.unpack_from(memory, at)}, not {(i, written)}")
        RECORD.pack_into(memory, at, i, written + 1)
        now = time.monotonic()
        slowest = max(slowest, now - last)
        last = now
        if written and now - start > seconds:
            break
    if slowest > STALL:
        sys.exit(f"a page took {slowest:.1f} s")
    out = (kib("/proc/vmstat", "pswpout") - before[0]) * PAGE // MIB
    back = (kib("/proc/vmstat", "pswpin") - before[1]) * PAGE // MIB
    print(f"{pages * PAGE // MIB} MiB, {step / pages:.1f} passes: {out} MiB swapped out, {back} MiB in, "
          f"slowest page {slowest:.2f} s")
    if min(out, back) < 64:
        sys.exit("hardly anything was swapped")


if __name__ == "__main__":
    main()
