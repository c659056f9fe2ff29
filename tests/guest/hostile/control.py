# SPDX-License-Identifier: GPL-2.0-only
"""Attacks on the interface between kernel and daemon, and on its permissions.

Usage: control.py TARGET [CASE...]

Builds generic netlink messages itself, to send messages that libraries would not send.
"""

from __future__ import annotations

import errno
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import TARGET, case, conn, equal, main, times

GENERIC, CTRL = 16, 0x10
REQUEST, ACK, DUMP = 1, 4, 0x300
COMMANDS = {"GET_SETTINGS": 1, "GET_PORTALS": 2, "FIND_TARGET": 3, "LIST_TARGETS": 4,
            "NEW_CONN": 5}
TARGET_NAME, INITIATOR_NAME, LOCAL_ADDR, REMOTE_ADDR, FD = 7, 10, 11, 12, 13
LOGIN_RSP = 19
STRINGS = (TARGET_NAME, INITIATOR_NAME, LOCAL_ADDR, REMOTE_ADDR)
NOBODY = 65534


def attr(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def string(kind: int, text: str) -> bytes:
    return attr(kind, text.encode() + b"\0")


class Genl:
    def __init__(self) -> None:
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(10)
        self.seq = 0

    def family(self, name: str) -> int:
        self.send(CTRL, 3, string(2, name), 1, REQUEST)
        reply = self.sock.recv(65536)
        kind, = struct.unpack_from("=H", reply, 4)
        assert kind == CTRL, f"there is no family {name}"
        at = 20
        while at < len(reply):
            length, kind = struct.unpack_from("=HH", reply, at)
            if kind == 1:
                return int(struct.unpack_from("=H", reply, at + 4)[0])
            at += length + -length % 4
        raise AssertionError("a family without a number")

    def send(self, kind: int, cmd: int, attrs: bytes = b"", version: int = 1,
             flags: int = REQUEST | ACK) -> None:
        self.seq += 1
        body = struct.pack("=BBH", cmd, version, 0) + attrs
        self.sock.send(struct.pack("=IHHII", 16 + len(body), kind, flags, self.seq, 0) + body)

    def result(self) -> int:
        """Read all answers; return the errno, 0 for success."""
        while True:
            reply = self.sock.recv(1 << 17)
            at = 0
            while at + 20 <= len(reply):
                length, kind = struct.unpack_from("=IH", reply, at)
                if kind in (2, 3):
                    return -int(struct.unpack_from("=i", reply, at + 16)[0])
                at += length + -length % 4

    def ask(self, kind: int, cmd: int, attrs: bytes = b"", flags: int = REQUEST | ACK) -> int:
        self.send(kind, cmd, attrs, flags=flags)
        return self.result()


def families() -> tuple[Genl, int]:
    genl = Genl()
    return genl, genl.family("cst_iscsi")


def login_attrs(fd: int) -> list[tuple[int, bytes]]:
    """Return a daemon's attributes for a login, correct except perhaps for the socket."""
    values: list[tuple[int, bytes]] = [
        (TARGET_NAME, TARGET.encode() + b"\0"), (INITIATOR_NAME, b"iqn.2026-01.example:ctl\0"),
        (LOCAL_ADDR, b"127.0.0.1:3260\0"), (REMOTE_ADDR, b"127.0.0.1:9\0"),
        (FD, struct.pack("=i", fd)), (14, b"\0\2\3\4\5\6"), (15, struct.pack("=H", 0)),
        (16, struct.pack("=H", 0)), (17, struct.pack("=I", 1)), (18, struct.pack("=I", 1)),
        (LOGIN_RSP, bytes(48)), (20, b"\0"), (21, b"\0"), (22, struct.pack("=I", 1)), (23, b"\1"),
        (24, b"\1"), (25, struct.pack("=I", 8192)), (26, struct.pack("=I", 8192)),
        (27, struct.pack("=I", 65536)), (28, struct.pack("=I", 65536)), (29, struct.pack("=I", 2)),
        (30, struct.pack("=I", 0)), (31, struct.pack("=I", 1)), (32, b"\0")]
    return values


def joined(values: list[tuple[int, bytes]]) -> bytes:
    return b"".join(attr(kind, data) for kind, data in values)


@case
def nobody_may_ask() -> None:
    """Every command is refused without CAP_NET_ADMIN, and with it only in a user namespace."""
    for own_namespace in (False, True):
        pid = os.fork()
        if not pid:
            try:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                if own_namespace:
                    # CLONE_NEWUSER; the network namespace stays the host's.
                    import ctypes
                    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
                        os._exit(0)
                genl, family = families()
                for name, cmd in COMMANDS.items():
                    for flags in (REQUEST | ACK, REQUEST | ACK | DUMP):
                        got = genl.ask(family, cmd, b"", flags)
                        if got not in (errno.EPERM, errno.EOPNOTSUPP):
                            print(f"{name}: errno {got}", file=sys.stderr)
                            os._exit(1)
                os._exit(0)
            except BaseException as error:
                print(f"{error!r}", file=sys.stderr)
                os._exit(2)
        _, status = os.waitpid(pid, 0)
        equal(status, 0, "what a user without rights gets")


@case
def no_file_of_ours_is_open_to_others() -> None:
    for folder in ("/etc/cst", "/var/lib/cst", "/run/cst"):
        for base, _, names in os.walk(folder):
            for name in names:
                mode = os.stat(os.path.join(base, name)).st_mode
                assert not mode & 0o022, f"{base}/{name} has mode {mode:o}"
    # The daemon has no socket in the file system, and only its portals' sockets listen.
    with open("/proc/net/unix") as f:
        assert "cst" not in f.read(), "a control socket"


@case
def sockets_that_are_none() -> None:
    """Give file descriptors of every kind in place of a connection's."""
    genl, family = families()
    listener = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    unix, unix2 = socket.socketpair()
    fresh = socket.socket()
    gone = socket.create_connection(listener.getsockname())
    gone.shutdown(socket.SHUT_RDWR)
    r, w = os.pipe()
    for what, fd, want in (("closed", 987, {errno.EBADF}), ("-1", -1, {errno.EBADF}),
                           ("a pipe", r, {errno.ENOTSOCK}), ("a file", os.open("/etc/passwd", 0),
                                                               {errno.ENOTSOCK}),
                           ("UDP", udp.fileno(), {errno.EINVAL}),
                           ("a UNIX socket", unix.fileno(), {errno.EINVAL}),
                           ("netlink itself", genl.sock.fileno(), {errno.EINVAL}),
                           ("not connected", fresh.fileno(), {errno.ENOTCONN}),
                           ("listening", listener.fileno(), {errno.ENOTCONN}),
                           ("shut down", gone.fileno(), {errno.ENOTCONN})):
        got = genl.ask(family, COMMANDS["NEW_CONN"], joined(login_attrs(fd)))
        assert got in want, f"{what}: errno {got}"
    os.close(w)
    unix2.close()


@case
def every_attribute_wrong() -> None:
    """Each attribute is missing, empty, short, long or out of range; the socket is a real one."""
    genl, family = families()
    server = socket.create_server(("127.0.0.1", 0))
    rng = random.Random(31)

    def ask(index: int, data: bytes | None) -> int:
        peer = socket.create_connection(server.getsockname())
        mine, _ = server.accept()
        values = login_attrs(mine.fileno())
        if data is None:
            del values[index]
        else:
            values[index] = (values[index][0], data)
        got = genl.ask(family, COMMANDS["NEW_CONN"], joined(values))
        peer.close()
        mine.close()
        return got

    # Unchanged, the attributes are accepted.
    equal(ask(1, login_attrs(0)[1][1]), 0, "errno of a login")
    for index, (kind, right) in enumerate(login_attrs(0)):
        for data in (None, b"", b"\0", b"\xff", b"\xff" * 2, b"\xff" * 4, b"\xff" * 8,
                     b"x" * 300, b"\0" * 300, rng.randbytes(len(right))):
            got = ask(index, data)
            if data is None:
                wrong = True
            elif kind == LOGIN_RSP:
                wrong = len(data) < 48
            elif kind in STRINGS:
                wrong = b"\0" not in data or not data[0]
            else:
                wrong = len(data) != len(right)
            assert got or not wrong, f"attribute {kind} as {data and data[:9]!r} was accepted"


@case
def messages_that_are_cut_and_garbled() -> None:
    genl, family = families()
    rng = random.Random(32)
    for _ in range(times(3000, 300)):
        cmd = rng.choice((*COMMANDS.values(), 0, 6, 7, 255))
        attrs = bytearray(joined(rng.sample(login_attrs(rng.randrange(-1, 9)), rng.randrange(20))))
        for _ in range(rng.randrange(4)):
            if attrs:
                attrs[rng.randrange(len(attrs))] = rng.randrange(256)
        flags = REQUEST | ACK | rng.choice((0, 0, DUMP))
        genl.send(family, cmd, bytes(attrs[:rng.randrange(len(attrs) + 1)])
                  if rng.random() < 0.5 else bytes(attrs), rng.choice((1, 1, 0, 255)), flags)
        genl.result()
    conn(isid=31)


@case
def dumps_that_are_left() -> None:
    """Begin dumps, and close their sockets."""
    for _ in range(times(300, 50)):
        genl, family = families()
        genl.send(family, COMMANDS["GET_PORTALS"], flags=REQUEST | DUMP)
        genl.send(family, COMMANDS["LIST_TARGETS"], string(INITIATOR_NAME, "iqn.x:y") +
                  string(LOCAL_ADDR, "127.0.0.1:3260"), flags=REQUEST | DUMP)
        genl.sock.close()


main()
