# SPDX-License-Identifier: GPL-2.0-only
"""A relay between initiator and target that now and then flips a bit.

Usage: flipper.py PORT TARGET-PORT SEED MEAN

TCP's checksum is right on both sides, so that only iSCSI's digests can find the flip; both
digests must be agreed upon.  One bit in about MEAN bytes is flipped, both ways, by turns in a
header with its digest and in a data segment with its digest.  No bit is flipped during login,
which has no digest.  Prints for each flip the direction, the place and the connection.  A
connection that must end because of a flip gets no further flips, and another line says which
side has ended it.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import sys
import threading

BHS, AHS_LENGTH, DIGEST = 48, 4, 4
LOGINS = (0x03, 0x23)


class Way:
    """A direction, from source to sink; its state is common to all connections."""

    def __init__(self, name: str, rnd: random.Random, mean: int):
        self.name, self.rnd, self.mean = name, rnd, mean
        self.parts = itertools.cycle(("header", "data"))
        self.part = next(self.parts)
        self.left = self.distance()

    def distance(self) -> float:
        return self.rnd.expovariate(1 / self.mean)

    def flips(self, part: str, length: int) -> bool:
        """Return whether a bit of these bytes is to be flipped."""
        self.left -= length
        if self.left > 0 or part != self.part or not length:
            return False
        self.part = next(self.parts)
        self.left = self.distance()
        return True


class Connection:
    """A connection: its two sockets, whether it must end, and which side has ended it."""

    lock = threading.Lock()
    numbers = itertools.count(1)

    def __init__(self, client: socket.socket, server: socket.socket):
        self.number = next(self.numbers)
        self.socks = (client, server)
        self.spared = self.ended = False

    def end(self, who: str) -> None:
        with self.lock:
            if not self.ended:
                self.ended = True
                print("connection", self.number, "ended by the", who, flush=True)
        for sock in self.socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def flip(self, way: Way, part: str, data: bytes) -> bytes:
        """Return these bytes, perhaps with a flipped bit."""
        with self.lock:
            if self.spared or not way.flips(part, len(data)):
                return data
            at = way.rnd.randrange(len(data))
            if part == "header" and at == AHS_LENGTH:
                # This byte says where the digest is: with a wrong value the receiver might
                # wait for ever for more data.
                at += 1
            # Wrong data that the target receives ends a command, not the connection.
            self.spared = (part, way.name) != ("data", "to-target")
            changed = bytearray(data)
            changed[at] ^= 1 << way.rnd.randrange(8)
            print("flipped", way.name, part, "byte", at, "of", len(data), "on connection",
                  self.number, flush=True)
            return bytes(changed)


def read(sock: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = sock.recv(length - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def pump(conn: Connection, source: socket.socket, sink: socket.socket, way: Way) -> None:
    peers = dict(zip(conn.socks, ("initiator", "target")))
    while True:
        try:
            header = read(source, BHS)
            length = int.from_bytes(header[5:8], "big")
            length += -length % 4
            digests = header[0] & 0x3F not in LOGINS
            header += read(source, header[AHS_LENGTH] * 4 + DIGEST * digests)
            data = read(source, length + DIGEST * (digests and length > 0))
        except OSError:
            return conn.end(peers[source])
        if digests:
            header, data = conn.flip(way, "header", header), conn.flip(way, "data", data)
        try:
            sink.sendall(header + data)
        except OSError:
            return conn.end(peers[sink])


def main() -> None:
    port, target, seed, mean = map(int, sys.argv[1:5])
    rnd = random.Random(seed)
    to_target, to_initiator = (Way(name, random.Random(rnd.getrandbits(64)), mean)
                               for name in ("to-target", "to-initiator"))
    listener = socket.create_server(("127.0.0.1", port))
    print("listening, seed", seed, flush=True)
    while True:
        client = listener.accept()[0]
        try:
            server = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            continue
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conn = Connection(client, server)
        for args in ((client, server, to_target), (server, client, to_initiator)):
            threading.Thread(target=pump, daemon=True, args=(conn, *args)).start()


if __name__ == "__main__":
    main()
