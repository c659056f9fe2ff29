# SPDX-License-Identifier: GPL-2.0-only
"""Attacks on the login phase: its text, its state machine, its races.

Usage: login.py TARGET [CASE...]
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, TARGET, case, conn, equal, main, times, together
from rawiscsi import (
    DATA_OUT,
    FINAL,
    IMMEDIATE,
    LOGIN_RSP,
    LOGOUT,
    NONE,
    NOP_IN,
    NOP_OUT,
    SCSI_CMD,
    SNACK,
    TEXT,
    TMF,
    Closed,
    Conn,
)

TEXT_MAX = 65536        # of all parts of one login text
T, C, OPERATIONAL, FULL = 0x80, 0x40, 0x04, 0x03
SECURITY_TO_OPERATIONAL = T | 0x01


def start(**keys: Any) -> Conn:
    return Conn(TARGET, login=False, timeout=20 * SLOW, **keys)


def outcome(c: Conn) -> str:
    """Return the login's status in hex, "closed", or "ok" when it goes on."""
    try:
        rsp = c.expect(LOGIN_RSP)
    except Closed:
        return "closed"
    status = rsp.bhs[36:38].hex()
    return "ok" if status == "0000" else status


def refused(c: Conn, *statuses: str) -> None:
    """Check that the login fails with one of these statuses and the connection is closed."""
    got = outcome(c)
    assert got in statuses, f"the login ends in {got}, expected {' or '.join(statuses)}"
    assert got == "closed" or c.closed(), "still open after a failed login"


def attempt(data: bytes, flags: int = 0x87, **how: Any) -> Conn:
    c = start()
    c.send(c.login_bhs(flags), data, **how)
    return c


# --- text ---


@case
def key_longer_than_any_buffer() -> None:
    c = start()
    base = c.login_keys()
    for length in (64, 255, 256, 4000, 7000):
        # A key's name may have 63 characters; the value of an unknown key may have any length.
        refused(attempt(base + b"X-" + b"k" * length + b"=1\0"), "0200")
    for length in (256, 4000, 7000):
        equal(outcome(attempt(base + b"X-example.long=" + b"v" * length + b"\0")), "ok")
        refused(attempt(base + b"InitiatorAlias=" + b"a" * length + b"\0"), "0200")
        # The value of a known key may be a long list.
        assert outcome(attempt(base + b"HeaderDigest=" + b"None," * (length // 5) + b"None\0")) \
            in ("ok", "0200"), "a long list"


@case
def names_of_any_length() -> None:
    for length in (0, 1, 3, 223, 224, 255, 256, 4096):
        name = ("iqn.2026-01.example:" + "n" * 5000)[:length]
        c = start()
        c.send(c.login_bhs(), c.login_keys(InitiatorName=name))
        got = outcome(c)
        equal(got, "ok" if 0 < length <= 223 else "0200", f"{length} bytes")
        c = start()
        c.send(c.login_bhs(), c.login_keys(TargetName=name))
        got = outcome(c)
        assert got in ("0200", "0203"), f"target name of {length} bytes: {got}"


@case
def unknown_keys_echoed() -> None:
    """Each unknown key is answered with its own name; the answers are limited, too."""
    c = start()
    base = c.login_keys()
    many = b"".join(b"X-example.%d=1\0" % i for i in range(500))
    refused(attempt(base + many[:8000 - len(base)].rpartition(b"\0")[0] + b"\0"), "0200")
    long_names = b"".join(b"%s%02d=1\0" % (b"X" * 61, i) for i in range(100))
    refused(attempt(base + long_names), "0200")
    few = b"".join(b"%s%d=1\0" % (b"X" * 62, i) for i in range(5))
    c = attempt(base + few)
    rsp = c.expect(LOGIN_RSP)
    equal(rsp.data.count(b"=NotUnderstood\0"), 5, "answers")


@case
def text_without_its_end() -> None:
    base = start().login_keys()
    for data in (base[:-1], base + b"X-y", base + b"X-y=", base + b"=\0", base + b"\0",
                 base + b"X-y\0", b"\0" * 100, b"=" * 100, b"\xff" * 8192, b"A" * 8192,
                 base + b"HeaderDigest\0=None\0", base + b"HeaderDigest=None\0" * 2):
        got = outcome(attempt(data))
        assert got in ("0200", "0207", "ok"), f"{data[-20:]!r}: {got}"
        assert got != "ok" or data.startswith(base), f"{data[:20]!r} logs in"
    refused(attempt(b""), "0207")


@case
def text_split_anywhere() -> None:
    """Send each byte of the text in a PDU of its own, and empty parts."""
    c = start()
    data = c.login_keys(InitialR2T="Yes")
    for i in range(len(data)):
        c.send(c.login_bhs(C | OPERATIONAL), data[i:i + 1])
        if outcome(c) != "ok":
            break
    else:
        i += 1
        c.send(c.login_bhs(), b"")
        equal(outcome(c), "ok")
        c.alive()
    assert i == len(data) or i >= 32, f"refused after {i} parts"
    c = start()
    for part in (b"", data[:10], b"", data[10:]):
        c.send(c.login_bhs(C | OPERATIONAL), part)
        equal(outcome(c), "ok")
    c.send(c.login_bhs(), b"")
    equal(outcome(c), "ok")


@case
def text_without_end() -> None:
    """Send parts with the C bit without end, full parts and empty ones."""
    for part in (b"X" * 8192, b""):
        c = start()
        count, got = 0, "ok"
        while got == "ok" and count < 20000:
            c.send(c.login_bhs(C | OPERATIONAL), part)
            got = outcome(c)
            count += 1
        assert got in ("0200", "0302", "closed"), got
        assert count < 1000, f"{count} PDUs of {len(part)} bytes were taken"


@case
def numbers() -> None:
    base = start().login_keys()
    for key in ("MaxRecvDataSegmentLength", "MaxBurstLength", "FirstBurstLength",
                "MaxOutstandingR2T", "DefaultTime2Wait", "MaxConnections",
                "ErrorRecoveryLevel"):
        for value in ("", "-1", "0", "1", "511", "16777216", "4294967295", "4294967296",
                      "18446744073709551616", "0x", "0x200", "0X1FFFFFFFF", "08", "1e3",
                      " 512", "512 ", "9" * 400, "None", "512,1024"):
            got = outcome(attempt(base + f"{key}={value}\0".encode()))
            assert got in ("ok", "0200"), f"{key}={value[:30]}: {got}"


@case
def data_length_of_a_lie() -> None:
    c = start()
    for length in (8193, 65536, 0xFFFFFC, 0xFFFFFF):
        bad = attempt(c.login_keys(), length=length)
        assert bad.closed(), f"still open after a data segment of {length}"
    # A login request may have no additional header.
    bad = start()
    bad.send(bad.login_bhs(), bad.login_keys(), ahs=bytes(1020))
    refused(bad, "0200", "closed")
    # More data is declared than sent, then the connection ends.
    for cut in (1, 47, 48, 49, 100):
        bad = start()
        bad.write(bad.pdu(bad.login_bhs(), bad.login_keys())[:cut])
        bad.close()


@case
def discovery_text_in_a_login() -> None:
    c = start()
    refused(attempt(c.login_keys(SendTargets="All")), "0200")
    refused(attempt(c.login_keys(SessionType="Discovery", SendTargets="All")), "0200")
    refused(attempt(c.login_keys(TargetAddress="1.2.3.4:3260,1")), "0200")
    refused(attempt(c.login_keys(SessionType="Strange")), "0209", "0200")
    refused(attempt(c.login_keys() + c.login_keys()), "0200")


# --- the state machine ---


@case
def stages_that_do_not_exist() -> None:
    for flags in range(256):
        if flags & (T | C) == T | C or flags & 0x30:
            continue
        csg, nsg = flags >> 2 & 3, flags & 3
        c = start()
        c.send(c.login_bhs(flags), c.login_keys())
        got = outcome(c)
        valid = csg < 2 and (not flags & T or (nsg > csg and nsg != 2))
        assert got == "ok" if valid and not flags & C else got != "ok" or valid, \
            f"flags {flags:#x}: {got}"
        c.close()
    refused(attempt(start().login_keys(), T | C | 0x07), "0200")


@case
def stage_back_and_twice() -> None:
    c = start()
    c.send(c.login_bhs(SECURITY_TO_OPERATIONAL), c.login_keys())
    equal(outcome(c), "ok")
    c.send(c.login_bhs(SECURITY_TO_OPERATIONAL), b"")
    refused(c, "0200", "020b")
    # Values of AuthMethod, and stages, that the target refuses.
    refused(attempt(start().login_keys(AuthMethod="CHAP"), SECURITY_TO_OPERATIONAL), "0201")
    refused(attempt(start().login_keys(AuthMethod="CHAP"), T | FULL), "0201")
    refused(attempt(start().login_keys(AuthMethod="None"), 0x87), "0200")
    refused(attempt(start().login_keys(AuthMethod=""), SECURITY_TO_OPERATIONAL),
            "0200", "0201")


@case
def identification_changes() -> None:
    changes: tuple[dict[str, Any], ...] = ({"isid": 77}, {"cid": 9}, {"tsih": 5}, {"itt": 12})
    for change in changes:
        c = start()
        c.send(c.login_bhs(OPERATIONAL), c.login_keys())
        equal(outcome(c), "ok")
        c.send(c.login_bhs(0x87, **change), b"")
        refused(c, "0200", "020a", "020b", "closed")
    for name in ("InitiatorName", "TargetName", "SessionType"):
        c = start()
        c.send(c.login_bhs(OPERATIONAL), c.login_keys())
        equal(outcome(c), "ok")
        value = "Discovery" if name == "SessionType" else "iqn.2026-01.example:other"
        c.send(c.login_bhs(), f"{name}={value}\0".encode())
        refused(c, "0200")


@case
def not_a_login() -> None:
    """Requests of the full feature phase during login, as first request and later."""
    for opcode in (NOP_OUT, SCSI_CMD, TMF, TEXT, DATA_OUT, LOGOUT, SNACK, 0x1C, 0x23, 0x3F):
        for begun in (False, True):
            c = start()
            if begun:
                c.send(c.login_bhs(OPERATIONAL), c.login_keys())
                equal(outcome(c), "ok")
            c.send(c.request(opcode | IMMEDIATE, FINAL, 5), bytes(8))
            got = outcome(c)
            assert got in ("closed", "020b", "0200"), f"opcode {opcode:#x}: {got}"
    for version in ((1, 1), (255, 255), (9, 3)):
        c = start()
        c.send(c.login_bhs(version=version), c.login_keys())
        refused(c, "0205")


@case
def full_feature_data_behind_the_login() -> None:
    """Commands come in the same segment as the login request before them."""
    c = start()
    login = c.pdu(c.login_bhs(), c.login_keys())
    c.statsn = 1
    batch = b"".join(c.pdu(c.request(NOP_OUT | IMMEDIATE, FINAL, i + 10, NONE), b"x" * 100)
                     for i in range(20))
    c.write(login + batch)
    equal(outcome(c), "ok")
    for i in range(20):
        c.expect(NOP_IN, i + 10)
    # The same after a login that fails.
    c = start()
    c.write(c.pdu(c.login_bhs(), c.login_keys(TargetName="iqn.2026-01.example:none")) + batch)
    equal(outcome(c), "0203")
    assert c.closed(), "still open"


@case
def sessions_that_do_not_exist() -> None:
    for tsih in (1, 77, 65535):
        c = start(isid=4711)
        c.send(c.login_bhs(tsih=tsih), c.login_keys())
        refused(c, "020a")


@case
def racing_logins() -> None:
    """Many connections log in to the same session at once: one of them has it in the end."""
    def one(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(times(12, 3)):
            try:
                c = Conn(TARGET, isid=42, timeout=40 * SLOW, tsih=0)
                c.scsi(bytes(6))
                if rng.random() < 0.3:
                    c.logout()
                if rng.random() < 0.5:
                    c.recv()
                c.close()
            except (Closed, PermissionError):
                pass

    together(*(lambda seed=seed: one(seed) for seed in range(6)))
    conn(isid=42)


@case
def random_text() -> None:
    """Keys are cut, doubled, shuffled, and have flipped bits: the target answers or closes."""
    rng = random.Random(3720)
    words = ["HeaderDigest", "DataDigest", "InitialR2T", "ImmediateData", "MaxBurstLength",
             "FirstBurstLength", "MaxConnections", "AuthMethod", "SessionType", "TaskReporting",
             "iSCSIProtocolLevel", "IFMarker", "OFMarkInt", "X-example.y", "Reject",
             "Irrelevant", "None", "CRC32C", "Yes", "No", "512", "2048~8192", "CHAP", "?"]
    for _ in range(times(300, 40)):
        c = start()
        parts = [b"%s=%s" % (rng.choice(words).encode(), b",".join(
            rng.choice(words).encode() for _ in range(rng.randrange(4))))
            for _ in range(rng.randrange(12))]
        data = c.login_keys() + b"\0".join(parts) + rng.choice((b"", b"\0"))
        if rng.random() < 0.5:
            at = rng.randrange(len(data))
            data = data[:at] + rng.randbytes(rng.randrange(3)) + data[at + rng.randrange(3):]
        try:
            for _ in range(rng.randrange(1, 4)):
                c.send(c.login_bhs(rng.choice((0x87, 0x87, 0x04, 0x81, 0x44, 0x00))), data)
                rsp = c.expect(LOGIN_RSP)
                # Stop when refused, and in the full feature phase, where digests may be in use.
                if rsp.bhs[36:38] != b"\0\0" or rsp.flags & 0x83 == 0x83:
                    break
                data = rng.choice((b"", data))
        except Closed:
            pass
        c.close()
    conn(isid=43)


main()
