# SPDX-License-Identifier: GPL-2.0-only
"""Logs in to all iSCSI targets that there are, and reads, while targets come and go.

Prints a line for each login; runs until there was one, and fails when that takes too long.

Usage: visitor.py LIB ROOT SEED SECONDS [PORT]...
"""

from __future__ import annotations

import os
import random
import sys
import time

sys.path.insert(0, sys.argv[1])
from rawiscsi import Closed, Conn

SLOW = int(os.environ.get("CST_SCALE", "1"))


def main() -> None:
    root, rnd, seconds = sys.argv[2], random.Random(sys.argv[3]), float(sys.argv[4])
    ports = [int(p) for p in sys.argv[5:]] or [3260]
    begin, logins, refused = time.monotonic(), 0, 0
    while (spent := time.monotonic() - begin) < seconds or \
            (spent < 5 * SLOW * seconds and not logins):
        try:
            names = [n for n in os.listdir(root + "/targets/iscsi") if n.startswith("iqn.")]
        except OSError:
            names = []
        try:
            conn = Conn(rnd.choice(names or ["iqn.2026-01.example:none"]), timeout=5,
                        isid=rnd.randrange(3), address=("127.0.0.1", rnd.choice(ports)))
            logins += 1
            print("logged in to", conn.target, flush=True)
            for lun in range(8):
                conn.scsi(bytes(6), lun=lun)
                conn.recv()
            conn.read10(0, 8)
            conn.recv()
            conn.close()
        except (Closed, OSError, PermissionError, ValueError):
            refused += 1
            time.sleep(0.05)
    print(logins, "logins,", refused, "refused or cut off")
    sys.exit(logins == 0)


if __name__ == "__main__":
    main()
