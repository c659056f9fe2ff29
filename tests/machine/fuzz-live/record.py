# SPDX-License-Identifier: GPL-2.0-only
"""Stands between an initiator and the target, and makes the fuzzer's seeds of what passes.

Usage: record.py FOLDER [PORT [TARGET-PORT]]

It listens until it is terminated; then FOLDER/{wire,login,scsi}/ have the inputs, in
the form of input.c, of what all initiators sent.  Digests must not be negotiated.
"""

from __future__ import annotations

import hashlib
import os
import selectors
import signal
import socket
import sys
import threading

FIX_CMDSN, FIX_LENGTH, FIX_ITT, FIX_TTT = 1, 2, 4, 8
NOP_OUT, SCSI_CMD, TMF, LOGIN, TEXT, DATA_OUT, LOGOUT = range(7)
RECORD_MAX, RECORDS_MAX = 2048, 12
# Of each kind of command so many; the suites repeat themselves.
ALIKE_MAX = 6

streams: list[bytearray] = []


def forward(client: socket.socket, port: int, stream: bytearray) -> None:
    """Both ways until both are done."""
    with client, socket.create_connection(("127.0.0.1", port)) as server, \
            selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while selector.get_map():
            for key, _ in selector.select():
                source, sink = key.fileobj, key.data
                try:
                    data = source.recv(65536)  # type: ignore[union-attr]
                    if data:
                        sink.sendall(data)
                except OSError:
                    return
                if source is client:
                    stream += data
                if not data:
                    selector.unregister(source)
                    try:
                        sink.shutdown(socket.SHUT_WR)
                    except OSError:
                        return


def pdus(stream: bytes) -> list[bytes]:
    out, at = [], 0
    while at + 48 <= len(stream):
        length = 48 + stream[at + 4] * 4 + int.from_bytes(stream[at + 5:at + 8], "big")
        out.append(bytes(stream[at:at + length]))
        at += length + -length % 4
    return out


def record(flags: int, data: bytes) -> bytes:
    data = data[:RECORD_MAX]
    return bytes([flags]) + len(data).to_bytes(2, "little") + data


def flags_of(pdu: bytes) -> int:
    opcode = pdu[0] & 0x3F
    if opcode == DATA_OUT:
        return FIX_LENGTH | FIX_ITT | (FIX_TTT if pdu[20:24] != b"\xff" * 4 else 0)
    return FIX_CMDSN | FIX_LENGTH | FIX_ITT


class Seeds:
    def __init__(self, folder: str):
        self.folder = folder
        self.alike: dict[tuple[object, ...], int] = {}
        for surface in ("wire", "login", "scsi"):
            os.makedirs(os.path.join(folder, surface), exist_ok=True)

    def add(self, surface: str, kind: tuple[object, ...], records: list[bytes]) -> None:
        count = self.alike.get((surface, *kind), 0)
        if count >= ALIKE_MAX:
            return
        self.alike[(surface, *kind)] = count + 1
        data = b"".join(records[:RECORDS_MAX])
        name = hashlib.sha256(data).hexdigest()[:16]
        with open(os.path.join(self.folder, surface, name), "wb") as out:
            out.write(data)

    def connection(self, stream: bytes) -> None:
        sent = pdus(stream)
        logins = 0
        while logins < len(sent) and sent[logins][0] & 0x3F == LOGIN:
            logins += 1
        rest = sent[logins:]
        # A discovery session's text belongs to the daemon, too.
        if b"SessionType=Discovery" in b"".join(sent[:logins]):
            logins = len(sent)
            rest = []
        if logins:
            self.add("login", (logins, len(sent[0]) // 64),
                     [record(FIX_LENGTH | FIX_ITT, p) for p in sent[:logins]])
        for i, pdu in enumerate(rest):
            opcode = pdu[0] & 0x3F
            if opcode == SCSI_CMD:
                self.command(pdu)
                data = [p for p in rest[i + 1:i + 64]
                        if p[0] & 0x3F == DATA_OUT and p[16:20] == pdu[16:20]]
                kind = (opcode, pdu[32], pdu[33] & 0x1F, bool(data))
                self.add("wire", kind, [record(flags_of(p), p) for p in [pdu, *data]])
            elif opcode != DATA_OUT:
                # With what was under way before it.
                before = rest[max(0, i - 2):i + 1]
                self.add("wire", (opcode, pdu[1]), [record(flags_of(p), p) for p in before])

    def command(self, pdu: bytes) -> None:
        cdb = pdu[32:48]
        # Byte 1: 20h writes, 40h reads.
        direction = 2 if pdu[1] & 0x40 else 1 if pdu[1] & 0x20 else 0
        group = cdb[0] >> 5
        length = 6 if group == 0 else 10 if group in (1, 2) else 12 if group == 5 else 16
        head = bytes([direction, length - 6]) + \
            min(int.from_bytes(pdu[20:24], "big"), 256 * 1024).to_bytes(3, "big")
        self.add("scsi", (cdb[0], cdb[1] & 0x1F), [record(0, head + cdb + pdu[48:])])


def main() -> None:
    folder = sys.argv[1]
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 3261
    target = int(sys.argv[3]) if len(sys.argv) > 3 else 3260

    def stop(*_: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    try:
        with socket.create_server(("127.0.0.1", port), backlog=64) as server:
            while True:
                client, _ = server.accept()
                streams.append(bytearray())
                threading.Thread(target=forward, args=(client, target, streams[-1]),
                                 daemon=True).start()
    finally:
        seeds = Seeds(folder)
        for stream in streams:
            seeds.connection(bytes(stream))
        print(f"{len(streams)} connections, seeds:", ", ".join(
            f"{len(os.listdir(os.path.join(folder, s)))} {s}" for s in ("wire", "login", "scsi")))


main()
