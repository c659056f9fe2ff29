# SPDX-License-Identifier: GPL-2.0-only
"""Reads the generic netlink family `cst`.

Usage: events.py listen    prints each event, or "lost" when events were lost
       events.py stats     prints the counters; with forever, again and again
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator

NETLINK_GENERIC = 16
GENL_ID_CTRL = 16
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
COMMANDS = {1: "stats", 2: "login", 3: "logout", 4: "tmf", 5: "enabled", 6: "disabled", 7: "resized",
            8: "replaced", 9: "data_lost",
            10: "space_low", 11: "reservation"}
STRINGS = {2: "object", 3: "initiator", 4: "function", 5: "response", 14: "address",
           15: "old_address"}
NUMBERS = {6: "blocks", 7: "read_commands", 8: "write_commands", 9: "other_commands",
           10: "read_bytes", 11: "write_bytes", 12: "errors", 13: "aborted"}


def attributes(data: bytes) -> dict[int, bytes]:
    """Splits attributes into a dict of number to bytes."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def messages(sock: socket.socket) -> Iterator[tuple[int, int, dict[int, bytes]]]:
    """Yields (type, command, attributes) of everything in one datagram."""
    data = sock.recv(65536)
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        body = data[16:length]
        if kind == NLMSG_ERROR:
            error = struct.unpack_from("=i", body)[0]
            if error:
                raise OSError(-error, os.strerror(-error))
        yield kind, body[0] if len(body) > 0 else 0, attributes(body[4:])
        data = data[(length + 3) & ~3:]


def request(sock: socket.socket, family: int, command: int, flags: int, payload: bytes = b"") -> None:
    head = struct.pack("=IHHIIBBH", 20 + len(payload), family, NLM_F_REQUEST | flags, 1, 0, command, 1, 0)
    sock.send(head + payload)


def resolve(sock: socket.socket, name: str) -> tuple[int, dict[str, int]]:
    """Returns the family's number, and its multicast groups by name."""
    text = name.encode() + b"\0"
    padded = text + b"\0" * (-len(text) % 4)
    request(sock, GENL_ID_CTRL, 3, 0, struct.pack("=HH", 4 + len(text), 2) + padded)
    _, _, found = next(messages(sock))
    groups = {}
    for group in attributes(found.get(7, b"")).values():
        inner = attributes(group)
        groups[inner[1].rstrip(b"\0").decode()] = struct.unpack("=I", inner[2])[0]
    return struct.unpack("=H", found[1])[0], groups


def show(command: int, found: dict[int, bytes]) -> None:
    words = [COMMANDS.get(command, str(command))]
    words += [f"{STRINGS[k]}={v.rstrip(bytes(1)).decode()}" for k, v in sorted(found.items()) if k in STRINGS]
    words += [f"{NUMBERS[k]}={struct.unpack('=Q', v)[0]}" for k, v in sorted(found.items()) if k in NUMBERS]
    print(" ".join(words), flush=True)


def dump(sock: socket.socket, family: int) -> None:
    request(sock, family, 1, NLM_F_DUMP)
    while True:
        for kind, command, found in messages(sock):
            if kind == NLMSG_DONE:
                return
            show(command, found)


def main() -> None:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    sock.bind((0, 0))
    family, groups = resolve(sock, "cst")
    if sys.argv[1] == "stats":
        dump(sock, family)
        while sys.argv[2:] == ["forever"]:
            dump(sock, family)
        return
    sock.setsockopt(270, 1, groups["events"])  # SOL_NETLINK, NETLINK_ADD_MEMBERSHIP
    print("listening", flush=True)
    while True:
        try:
            for kind, command, found in messages(sock):
                if kind == family:
                    show(command, found)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            print("lost", flush=True)


main()
