# SPDX-License-Identifier: GPL-2.0-only
"""Reads a folder into a page that the kernel cannot write to yet, and so keeps it locked.

Usage: holder.py FOLDER FILE

FILE is a page long and lies on a frozen file system. The first write to the page waits
until the file system is thawed. The write is made by getdents64(2), which holds the
folder's lock.
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
