# SPDX-License-Identifier: GPL-2.0-only
"""An initiator that sends nothing by itself: the target sends a NOP-In, and gives it up.

Usage: silence.py TARGET, whose NopInInterval is 1 s and NopInTimeout 2 s
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import FINAL, IMMEDIATE, NONE, NOP_IN, NOP_OUT, Conn

c = Conn(sys.argv[1])
tags = set()
for _ in range(3):
    ping = c.expect(NOP_IN)
    assert ping.itt == NONE and ping.ttt != NONE, "a NOP-In that asks"
    assert ping.ttt not in tags, "a tag used twice"
    tags.add(ping.ttt)
    c.send(c.request(NOP_OUT | IMMEDIATE, FINAL, NONE, ping.ttt))
assert c.alive()
# From here on the initiator does not answer.
start = time.monotonic()
assert c.closed(), "still open"
assert 1.5 < time.monotonic() - start < 10, f"closed after {time.monotonic() - start:.1f} s"
