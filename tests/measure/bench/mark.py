# SPDX-License-Identifier: GPL-2.0-only
"""Opens and closes the profile's window from inside the guest.

Usage: mark.py STAT-FILE MILLISECONDS

Executes an instruction that does nothing and that hotspots.c recognizes, waits, and
executes a second such instruction.  Prints how many I/Os the block device of the stat
file has completed in between.  One process does all of it, because the start of another
process would be part of the profile.
"""

import ctypes
import mmap
import sys
import time

START, STOP = 1, 2


def marker(code: int) -> bytes:
    """nopl 0x435354xx(%rax,%rax,1); ret"""
    return b"\x0f\x1f\x84\x00" + bytes([code]) + b"TSC" + b"\xc3"


def main() -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(marker(START).ljust(16, b"\xcc") + marker(STOP))
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    start = ctypes.CFUNCTYPE(None)(address)
    stop = ctypes.CFUNCTYPE(None)(address + 16)
    with open(sys.argv[1], "rb", buffering=0) as stat:
        before = stat.read()
        start()
        time.sleep(int(sys.argv[2]) / 1000)
        stop()
        stat.seek(0)
        after = stat.read()
    # Fields 1 and 5 are reads and writes completed.
    ios = [int(text.split()[0]) + int(text.split()[4]) for text in (before, after)]
    print(ios[1] - ios[0])


main()
