# SPDX-License-Identifier: GPL-2.0-only
"""Reads a folder into a page that the kernel cannot write to yet, and so keeps it locked.

Usage: holder.py FOLDER FILE

FILE, a page long, lies on a file system that is frozen: the first write to it waits, here
in the midst of getdents64(2).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

GETDENTS64 = 217  # x86-64

folder = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
page = mmap.mmap(os.open(sys.argv[2], os.O_RDWR), mmap.PAGESIZE, mmap.MAP_SHARED)
libc = ctypes.CDLL(None, use_errno=True)
where = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(libc.syscall(GETDENTS64, folder, ctypes.c_void_p(where), mmap.PAGESIZE), flush=True)
