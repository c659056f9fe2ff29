# SPDX-License-Identifier: GPL-2.0-only
"""Measures the memory and kernel threads that an idle iSCSI session costs the target.

Usage: sessions.py N PORT TARGET

Logs N initiators in that then do nothing, and prints bytes and threads for each of
them.  Both sockets of a connection are in this kernel.  So as many connections
without a session are measured first, and their memory is subtracted.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "guest", "lib"))

from rawiscsi import Conn

# All keys are given, so that no target proposes keys itself.
KEYS: dict[str, Any] = {
    "HeaderDigest": "None",
    "DataDigest": "None",
    "MaxConnections": 1,
    "InitialR2T": "No",
    "ImmediateData": "Yes",
    "MaxRecvDataSegmentLength": 262144,
    "MaxBurstLength": 262144,
    "FirstBurstLength": 65536,
    "DefaultTime2Wait": 2,
    "DefaultTime2Retain": 0,
    "MaxOutstandingR2T": 1,
    "DataPDUInOrder": "Yes",
    "DataSequenceInOrder": "Yes",
    "ErrorRecoveryLevel": 0,
}


def threads() -> int:
    """Return the number of kernel threads without workers, which come and go with any work."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().partition(" (")[2].rpartition(") ")
        except OSError:
            continue
        # The second field is the parent: kthreadd.
        found += rest.split()[1] == "2" and not name.startswith("kworker")
    return found


def settled() -> None:
    """Wait until work that the sessions have caused is done."""
    gc.collect()
    time.sleep(1)
    Path("/proc/sys/vm/drop_caches").write_text("3")
    Path("/proc/sys/vm/compact_memory").write_text("1")
    time.sleep(1)


def used() -> int:
    """Return the memory that is neither free nor a file's."""
    values = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0]) * 1024
    return values["MemTotal"] - values["MemFree"] - values["Buffers"] - values["Cached"]


def cost(n: int, connect: Callable[[int], Any]) -> tuple[int, int]:
    """Return bytes and threads of the second n connections.

    The first n fill caches. They stay open, because it is unknown when the memory of a closed
    connection is free again.
    """
    held, result = [], (0, 0)
    for first in 0, n:
        settled()
        bytes_before, threads_before = used(), threads()
        held += [connect(i) for i in range(first, first + n)]
        settled()
        result = used() - bytes_before, threads() - threads_before
    for pair in held:
        for end in pair:
            end.close()
    return result


def main() -> None:
    n, port, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    listener = socket.create_server(("127.0.0.1", 0), backlog=2 * n)

    def plain(_: int) -> list[socket.socket]:
        return [socket.create_connection(listener.getsockname()), listener.accept()[0]]

    def session(i: int) -> list[Conn]:
        name = f"iqn.2026-01.example:idle{i}"
        return [Conn(target, name, isid=i + 1, address=("127.0.0.1", port), **KEYS)]

    floor, _ = cost(n, plain)
    whole, more = cost(n, session)
    print((whole - floor) // n, f"{more / n:.2f}")


main()
