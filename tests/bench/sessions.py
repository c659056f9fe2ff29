# SPDX-License-Identifier: GPL-2.0-only
"""Memory and kernel threads that an idle iSCSI session costs the target.

Usage: sessions.py N PORT TARGET

Logs N initiators in that then do nothing, and prints bytes and threads for each of
them.  The connection's two sockets are in this kernel, too: as many connections
without a session are measured first, and their memory is taken off.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import Conn


def threads() -> int:
    """Kernel threads but workers, which come and go with the work of all."""
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
    """What ended sessions and closed sockets leave to others has been done."""
    gc.collect()
    time.sleep(1)
    Path("/proc/sys/vm/drop_caches").write_text("3")
    Path("/proc/sys/vm/compact_memory").write_text("1")
    time.sleep(1)


def used() -> int:
    """Memory that is neither free nor a file's."""
    values = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0]) * 1024
    return values["MemTotal"] - values["MemFree"] - values["Buffers"] - values["Cached"]


def cost(n: int, connect: Callable[[int], Any]) -> tuple[int, int]:
    """Bytes and threads of n connections; made twice, because the first ones fill caches."""
    result = 0, 0
    for _ in range(2):
        settled()
        bytes_before, threads_before = used(), threads()
        held = [connect(i) for i in range(n)]
        settled()
        result = used() - bytes_before, threads() - threads_before
        for pair in held:
            for end in pair:
                end.close()
        del held
    return result


def main() -> None:
    n, port, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    listener = socket.create_server(("127.0.0.1", 0), backlog=n)

    def plain(_: int) -> list[socket.socket]:
        return [socket.create_connection(listener.getsockname()), listener.accept()[0]]

    def session(i: int) -> list[Conn]:
        return [Conn(target, f"iqn.2026-01.example:idle{i}", isid=i + 1, address=("127.0.0.1", port))]

    floor, _ = cost(n, plain)
    whole, more = cost(n, session)
    print((whole - floor) // n, f"{more / n:.2f}")


main()
