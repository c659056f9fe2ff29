# SPDX-License-Identifier: GPL-2.0-only
"""TCP has no memory for an answer, and no acknowledgement is to come that would wake the target.

Usage: refused.py IQN

The target must try again every 20 ms, not as often as it can.
"""

from __future__ import annotations

import sys
import time

import failing
from failing import DEBUG, SLOW, BrokenError, Site, function, get, put, wait_for
from rawiscsi import DATA_IN, LOGOUT_RSP, Conn

MANY = 100_000


def main() -> None:
    failing.set_up()
    conn = Conn(sys.argv[1], timeout=20 * SLOW)
    conn.alive()
    with Site(*function("cst_iscsi", "cit_tx")):
        put(f"{DEBUG}/fail_page_alloc/probability", 0)
        put(f"{DEBUG}/failslab/times", MANY)
        begin = time.monotonic()
        itt = conn.read10(0, 8)
        wait_for(lambda: refused() >= 10, text="TCP refuses memory")
        times, seconds = refused(), time.monotonic() - begin
    # Attempts are at least a tick of 10 ms apart; the first two may follow each other at once.
    if times > 2 + seconds / 0.01:
        raise BrokenError(f"{times} attempts to send in {seconds:.2f} s")
    if len(conn.expect(DATA_IN, itt).data) != 4096:
        raise BrokenError("not the data of the read")
    conn.expect(LOGOUT_RSP, conn.logout())


def refused() -> int:
    return MANY - int(get(f"{DEBUG}/failslab/times"))


if __name__ == "__main__":
    main()
