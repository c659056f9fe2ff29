# SPDX-License-Identifier: GPL-2.0-only
"""Uses more memory than there is, for a while, and checks the contents of each page.

Usage: swapping.py SECONDS

Every page is read, compared and written again and again, so that it is swapped out and
in, for SECONDS at least, and until ENOUGH has gone out and come back.  Raises SystemExit when
a page has changed, or takes longer than STALL.
"""
import mmap
import struct
import sys
import time

PAGE = mmap.PAGESIZE
MIB = 1 << 20
ENOUGH = 64  # MiB that have to go out, and to come back
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


def pages_swapped() -> tuple[int, int]:
    """Return the numbers of pages that have gone out and come back since the boot."""
    return kib("/proc/vmstat", "pswpout"), kib("/proc/vmstat", "pswpin")


def swapped(before: tuple[int, int]) -> tuple[int, int]:
    """Return the MiB that have gone out and come back since BEFORE."""
    out, back = pages_swapped()
    return (out - before[0]) * PAGE // MIB, (back - before[1]) * PAGE // MIB


def main() -> None:
    seconds = float(sys.argv[1])
    # Half of the swap stays free: MemAvailable is an estimate, and the memory that a kernel
    # full of checkers uses for itself varies by tens of MiB.
    room = kib("/proc/meminfo", "MemAvailable") + kib("/proc/meminfo", "SwapFree") // 2
    pages = room * 1024 // PAGE
    memory = mmap.mmap(-1, pages * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    before = pages_swapped()
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
        if written and step % 256 == 0 and now - start > seconds and min(swapped(before)) >= ENOUGH:
            break
    if slowest > STALL:
        sys.exit(f"a page took {slowest:.1f} s")
    out, back = swapped(before)
    print(f"{pages * PAGE // MIB} MiB, {step / pages:.1f} passes: {out} MiB swapped out, {back} MiB in, "
          f"slowest page {slowest:.2f} s")


if __name__ == "__main__":
    main()
