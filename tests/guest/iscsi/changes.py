# SPDX-License-Identifier: GPL-2.0-only
"""An initiator that prints the unit attentions that it is told.

Usage: changes.py TARGET; reads a command a line from standard input, prints an answer a line:
  told       the senses of TEST UNIT READY until it succeeds or refuses for another reason
             than a unit attention
  cache N    MODE SENSE must tell WCE N: done
  login      a session in place of the last one: done
  logout     done
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import DATA_IN, FINAL, LOGOUT_RSP, READ, SCSI_RSP, Conn

CACHING = bytes([0x1A, 0x08, 0x08, 0, 24, 0])


def told(c: Conn) -> str:
    senses: list[str] = []
    while not senses or senses[-1].startswith("06/"):
        rsp = c.expect(SCSI_RSP, c.scsi(bytes(6)))
        if not rsp.status:
            break
        senses.append(rsp.sense())
    return " ".join(senses)


def cache(c: Conn) -> int:
    while True:
        itt = c.scsi(CACHING, FINAL | READ, 24)
        pdu = c.recv()
        if pdu.opcode == DATA_IN:
            if not pdu.flags & 1:
                c.expect(SCSI_RSP, itt)
            return pdu.data[4 + 2] >> 2 & 1
        assert pdu.sense().startswith("06/"), pdu.sense()


def main() -> None:
    target = sys.argv[1]
    c = Conn(target)
    for line in sys.stdin:
        command = line.split()
        answer = "done"
        if command[0] == "told":
            answer = told(c)
        elif command[0] == "cache":
            found = cache(c)
            if found != int(command[1]):
                answer = f"WCE {found}"
        elif command[0] == "login":
            c = Conn(target)
        else:
            c.expect(LOGOUT_RSP, c.logout())
            c.close()
        print(answer, flush=True)


main()
