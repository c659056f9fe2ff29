# SPDX-License-Identifier: GPL-2.0-only
"""The daemon hears of a change although the message about it found no memory.

Usage: told.py IQN PORT      the target is enabled, nobody listens on PORT yet
"""

from __future__ import annotations

import os
import socket
import sys

import failing
from failing import ROOT, BrokenError, Site, wait_for


def function(module: str, name: str) -> tuple[int, int]:
    """Where a function of a module begins, and its length in bytes."""
    with open("/proc/kallsyms", encoding="ascii") as lines:
        symbols = [line.split() for line in lines if line.rstrip().endswith(f"[{module}]")]
    addresses = sorted(int(symbol[0], 16) for symbol in symbols)
    begin = next(int(symbol[0], 16) for symbol in symbols if symbol[2] == name)
    return begin, next(address for address in addresses if address > begin) - begin


def main() -> None:
    iqn, port = sys.argv[1], int(sys.argv[2])

    def listens() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            return False
        return True

    if listens():
        raise BrokenError(f"somebody listens on {port} already")
    failing.set_up()
    with Site(*function("cst_iscsi", "cit_notify_work")) as site:
        os.mkdir(f"{ROOT}/targets/iscsi/{iqn}/portals/127.0.0.1:{port}")
        wait_for(site.hit, 10, "an allocation fails")
        wait_for(listens, 10, "the daemon listens")


if __name__ == "__main__":
    main()
