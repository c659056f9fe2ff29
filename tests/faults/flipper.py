# SPDX-License-Identifier: GPL-2.0-only
"""A relay between initiator and target that now and then flips a bit.

Usage: flipper.py PORT TARGET-PORT SEED MEAN

TCP's checksum is right on both sides, so nothing but iSCSI's digests can notice.  One
bit in about MEAN bytes is flipped, both ways, and none in the first 16 KiB of a
connection, whose login has no digest.  Prints a line for each.
"""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import threading

SPARED = 16384


def pump(source: socket.socket, sink: socket.socket, name: str, rnd: random.Random,
         mean: int) -> None:
    done, at = 0, SPARED + int(rnd.expovariate(1 / mean))
    try:
        while data := source.recv(65536):
            while at < done + len(data):
                changed = bytearray(data)
                changed[at - done] ^= 1 << rnd.randrange(8)
                data = bytes(changed)
                print("flipped", name, at, flush=True)
                at += 1 + int(rnd.expovariate(1 / mean))
            done += len(data)
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def main() -> None:
    port, target, seed, mean = map(int, sys.argv[1:5])
    rnd = random.Random(seed)
    server = socket.create_server(("127.0.0.1", port))
    print("listening, seed", seed, flush=True)
    while True:
        client = server.accept()[0]
        try:
            other = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            continue
        for sock in (client, other):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for args in ((client, other, "to-target"), (other, client, "to-initiator")):
            threading.Thread(target=pump, daemon=True,
                             args=(*args, random.Random(rnd.getrandbits(64)), mean)).start()


if __name__ == "__main__":
    main()
