# SPDX-License-Identifier: GPL-2.0-only
"""Sends I/O of every kind to a target that is being changed, from four sessions.

Usage: churn.py TARGET STOPFILE

Ends when the file exists.  Connections may be closed, logins refused, and commands
answered with any sense; but every received PDU must be well formed.
"""

from __future__ import annotations

import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

STOP = sys.argv.pop(2)

from rawcases import SLOW, TARGET, case, main, pattern, together
from rawiscsi import ASYNC, FINAL, R2T, READ, SCSI_RSP, TMF_RSP, Closed, Conn

done = {"logins": 0, "refused": 0, "closed": 0, "answers": 0}


def session(rng: random.Random, isid: int) -> None:
    c = Conn(TARGET, isid=isid, timeout=30 * SLOW,
             InitialR2T=rng.choice(("Yes", "No")), ImmediateData=rng.choice(("Yes", "No")))
    done["logins"] += 1
    open_tags: set[int] = set()
    while not os.path.exists(STOP):
        if len(open_tags) < 30:
            kind = rng.randrange(5)
            if kind == 0:
                open_tags.add(c.read10(rng.randrange(1 << 16), rng.choice((1, 8, 256))))
            elif kind == 1:
                open_tags.add(c.write10(rng.randrange(1 << 16), 8))
            elif kind == 2:
                open_tags.add(c.scsi(b"\xa0" + bytes(5) + b"\0\0\1\0\0\0", FINAL | READ, 256))
            elif kind == 3:
                open_tags.add(c.scsi(b"\x35" + bytes(9), FINAL | rng.choice((0, 2, 3))))
            else:
                open_tags.add(c.tmf(rng.choice((2, 5)), lun=rng.choice((0, 0, 1))))
            continue
        pdu = c.recv()
        if pdu.opcode == R2T:
            if rng.random() < 0.8:
                c.data_out(pdu.itt, pdu.ttt, pdu.offset, pattern(pdu.resid))
        elif pdu.opcode == ASYNC:
            continue
        elif pdu.opcode in (SCSI_RSP, TMF_RSP) or pdu.flags & 1:
            done["answers"] += 1
            open_tags.discard(pdu.itt)
            if pdu.opcode == TMF_RSP:
                # Commands that the function has aborted are not answered.
                open_tags.clear()
    c.close()


def one(n: int) -> None:
    rng = random.Random(n)
    while not os.path.exists(STOP):
        try:
            session(rng, 70 + n)
        except Closed:
            done["closed"] += 1
        except ConnectionError:
            done["refused"] += 1
            time.sleep(0.05)
        except PermissionError:
            done["refused"] += 1
            time.sleep(0.05)


@case
def io_to_what_changes() -> None:
    together(*(lambda n=n: one(n) for n in range(4)))
    print(done, file=sys.stderr)
    assert done["answers"] > 20, "nothing was done"
    assert done["closed"] > 2, "no connection was closed"


main()
