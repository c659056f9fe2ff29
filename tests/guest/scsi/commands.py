# SPDX-License-Identifier: GPL-2.0-only
"""Sends commands that a handler executes itself, to LUN 0, a device of test_echo.

Usage: SG=/dev/sgN DEVICE=FOLDER commands.py TARGET [CASE...]

SG is the device over loop, FOLDER its directory in configfs.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, case, conn, equal, main, pattern, until
from rawiscsi import DATA_IN, FINAL, READ, SCSI_RSP, TMF_RSP, WRITE, Conn
from sgio import FROM_DEV, NONE, TO_DEV, Command, sense_text

SG = os.environ["SG"]
ENABLED = pathlib.Path(os.environ["DEVICE"]) / "enabled"

RECEIVE, SEND, CDB32 = 0x08, 0x0A, 0x7F
STATUS, SENSE, SHORT, LATER, NEVER, BLOCK = range(0xC0, 0xC6)
GOOD, CHECK, CONDITION_MET, BUSY, CONFLICT, FULL, ACA, TASK_ABORTED = (
    0x00, 0x02, 0x04, 0x08, 0x18, 0x28, 0x30, 0x40)
OVERFLOW, UNDERFLOW = 4, 2
ABORT_TASK, LUN_RESET = 1, 5
COMPLETE = 0
SGIO_SENSE = 96     # what the kernel's initiator keeps of sense data


def cdb6(code: int, length: int = 0, byte1: int = 0) -> bytes:
    return struct.pack(">BB", code, byte1) + length.to_bytes(3, "big") + b"\0"


def cdb32() -> bytes:
    return bytes([CDB32, *range(1, 7), 24, *range(8, 32)])


class Answer:
    """The data, status and sense of a command over iSCSI."""

    def __init__(self, c: Conn, itt: int):
        self.data, self.residual = b"", 0
        while True:
            pdu = c.recv()
            assert pdu.itt == itt and pdu.opcode in (DATA_IN, SCSI_RSP), f"{pdu.opcode:#x}"
            if pdu.opcode == DATA_IN:
                self.data += pdu.data
            if pdu.opcode == SCSI_RSP or pdu.flags & 1:
                break
        self.status = pdu.status
        self.sense = pdu.data[2:] if pdu.opcode == SCSI_RSP else b""
        # Sense may be shorter than sense_text() needs.
        self.text = sense_text(self.sense + bytes(18)) if self.status == CHECK else (
            f"status {self.status:02x}" if self.status else "ok")
        if self.sense:
            equal(int.from_bytes(pdu.data[:2], "big"), len(self.sense), "SenseLength")
        if pdu.flags & (OVERFLOW | UNDERFLOW):
            self.residual = pdu.resid if pdu.flags & UNDERFLOW else -pdu.resid


def get(c: Conn, cdb: bytes, length: int = 0, ahs: bytes = b"") -> Answer:
    """Send a command that reads, or moves no data; return its answer."""
    return Answer(c, c.scsi(cdb, FINAL | (READ if length else 0), length, ahs=ahs))


def give(c: Conn, cdb: bytes, data: bytes) -> Answer:
    return Answer(c, c.scsi(cdb, FINAL | WRITE, len(data), data))


def wants_end(c: Conn, function: int, itt: int = 0xFFFFFFFF) -> None:
    rsp = c.expect(TMF_RSP, c.tmf(function, itt))
    equal(rsp.response, COMPLETE, "response")


def tur(c: Conn) -> str:
    return get(c, bytes(6)).text


@contextlib.contextmanager
def disabling(c: Conn, waits: bool) -> Iterator[None]:
    """Disable the device meanwhile; waits: it becomes disabled only after what the body does."""
    errors: list[OSError] = []

    def disable() -> None:
        try:
            ENABLED.write_text("0")
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=disable)
    thread.start()
    until(10, lambda: tur(c) == "02/04/03", "the device lets nothing in")
    if waits:
        equal(thread.is_alive(), True, "waits for the command")
    yield
    thread.join(25 * SLOW)
    equal(thread.is_alive(), False, "still waits")
    equal(errors, [], "refused")
    equal(ENABLED.read_text(), "0\n", "enabled")
    ENABLED.write_text("1")


def past_attentions(c: Conn) -> Conn:
    until(10, lambda: tur(c) == "ok", "ready")
    return c


@case
def each_status_can_be_answered() -> None:
    c = conn()
    for status in GOOD, CONDITION_MET, BUSY, CONFLICT, ACA:
        equal(get(c, cdb6(STATUS, 0, status)).status, status, "as a result")
    # TASK SET FULL becomes BUSY, because no other command is in the task set.
    equal(get(c, cdb6(STATUS, 0, FULL)).status, BUSY, "as a result")
    for status in GOOD, CONDITION_MET, BUSY, CONFLICT, FULL, ACA, TASK_ABORTED:
        answer = get(c, cdb6(STATUS, 1 << 16, status))
        equal((answer.status, answer.sense), (status, b""), "as an answer")
    equal(get(c, cdb6(STATUS, 0, 0x10)).text, "05/24/00")


@case
def sense_of_any_length_arrives() -> None:
    for digest in "None", "CRC32C":
        c = conn(HeaderDigest=digest, DataDigest=digest)
        for length in 1, 3, 18, 32, 33, 96, 251, 252:
            answer = get(c, cdb6(SENSE, 0, length))
            equal((answer.status, len(answer.sense)), (CHECK, length))
            equal(answer.sense[:4], bytes([0x72, 5, 0x24, 0])[:length], "its begin")
            equal(answer.sense[10:], bytes(range(10, length)), "its end")
        # Data moves together with sense.
        answer = get(c, cdb6(SENSE, 300, 252), 300)
        equal((answer.status, len(answer.sense), answer.data), (CHECK, 252, bytes(300)))
        for length in 0, 253, 255:
            equal(get(c, cdb6(SENSE, 0, length)).text, "05/24/00")
        c.close()


@case
def data_is_what_both_sides_have() -> None:
    c = conn()
    text = pattern(100)
    answer = give(c, cdb6(SEND, 100), text)
    equal((answer.status, answer.residual), (GOOD, 0), "sent")
    for asked, expected, moved, residual in (
            (100, 100, 100, 0), (4096, 4096, 100, 3996), (50, 4096, 50, 4046),
            (100, 60, 60, -40), (4096, 60, 60, -4036), (4096, 101, 100, 1), (0, 10, 0, 10)):
        answer = get(c, cdb6(RECEIVE, asked), expected)
        equal((answer.status, answer.data, answer.residual), (GOOD, text[:moved], residual),
              f"{asked} bytes of {expected} expected")
    # The initiator sends less data than the CDB says, and more.
    equal(give(c, cdb6(SEND, 100), text[:60]).residual, -40, "residual")
    equal(get(c, cdb6(RECEIVE, 4096), 4096).data, text[:60], "the message")
    equal(give(c, cdb6(SEND, 60), text).residual, 40, "residual")
    equal(get(c, cdb6(RECEIVE, 4096), 4096).data, text[:60], "the message")
    # several pages of data
    text = pattern(4096)
    equal(give(c, cdb6(SEND, 4096), text).status, GOOD)
    equal(get(c, cdb6(RECEIVE, 8192), 8192).data, text, "the message")
    # less data than there is room for
    answer = get(c, cdb6(SHORT, 100, 10), 100)
    equal((answer.data, answer.residual), (bytes(90), 10), "less")
    answer = get(c, cdb6(SHORT, 100, 255), 100)
    equal((answer.status, answer.data, answer.residual), (GOOD, b"", 100), "nothing")


@case
def what_is_wrong_is_refused() -> None:
    c = conn()
    # refused by the handler
    equal(give(c, cdb6(SEND, 4097), bytes(4097)).text, "05/24/00")
    equal(get(c, cdb6(0xD0)).text, "05/20/00")
    # refused by core: more data than a command may move, a CDB that is cut off
    equal(get(c, cdb6(SHORT, (8 << 20) + 1), 512).text, "05/24/00")
    equal(get(c, cdb32()[:16], 32).text, "05/24/00")
    # a SEND for which no data comes
    equal(get(c, cdb6(SEND, 10), 10).text, "05/49/00")


@case
def a_long_cdb_arrives() -> None:
    c = conn()
    ahs = struct.pack(">HBB", 17, 1, 0) + cdb32()[16:]
    answer = get(c, cdb32()[:16], 512, ahs)
    equal((answer.status, answer.data, answer.residual), (GOOD, cdb32(), 480))


@case
def an_answer_may_come_later() -> None:
    c = conn()
    equal(get(c, cdb6(LATER, 0, 3)).status, GOOD)
    tags = {c.scsi(cdb6(LATER, 0, n % 4)) for n in range(16)}
    while tags:
        rsp = c.expect(SCSI_RSP)
        equal(rsp.status, GOOD)
        tags.remove(rsp.itt)
    for _ in range(8):
        equal(get(c, cdb6(BLOCK)).status, GOOD)


@case
def an_abort_is_told() -> None:
    c = conn()
    itt = c.scsi(cdb6(NEVER))
    wants_end(c, ABORT_TASK, itt)
    # The aborted command is not answered.
    c.alive()
    tags = [c.scsi(cdb6(NEVER)) for _ in range(8)]
    wants_end(c, ABORT_TASK, tags[3])
    c.alive()
    wants_end(c, LUN_RESET)
    past_attentions(c)


@case
def a_reset_by_another_initiator_is_told() -> None:
    a, b = conn(), past_attentions(conn(name="iqn.2026-01.example:other"))
    past_attentions(a).scsi(cdb6(NEVER))
    a.alive()
    wants_end(b, LUN_RESET)
    equal(tur(a), "06/29/03")
    equal(tur(a), "ok")
    past_attentions(b)


@case
def the_loss_of_the_nexus_is_told() -> None:
    c = conn()
    for _ in range(4):
        c.scsi(cdb6(NEVER))
    c.alive()
    # The target ends the session only after its commands have ended.
    c.close()
    past_attentions(conn(isid=2)).close()


@case
def disabling_waits_for_the_answer() -> None:
    a, b = conn(), past_attentions(conn(name="iqn.2026-01.example:other"))
    past_attentions(a)
    itt = a.scsi(cdb6(NEVER))
    a.alive()
    with disabling(b, True):
        wants_end(a, ABORT_TASK, itt)
    past_attentions(a)
    itt = a.scsi(cdb6(LATER, 0, 100))
    past_attentions(b)
    # The second command may have ended by now.
    with disabling(b, False):
        pass
    equal(a.expect(SCSI_RSP, itt).status, GOOD)
    past_attentions(a)
    past_attentions(b)


# --- over loop ---

def sg(cdb: bytes, direction: int = NONE, data: bytes | int = 0, timeout: float = 60) -> Command:
    command = Command(cdb, direction, data, timeout)
    fd = os.open(SG, os.O_RDWR)
    try:
        while command.run(fd).startswith("06/"):
            pass
    finally:
        os.close(fd)
    return command


@case
def loop_tells_status_and_sense() -> None:
    # BUSY and TASK SET FULL are left out, because the kernel tries such commands again.
    for status in CONDITION_MET, CONFLICT, ACA:
        for how in 0, 1 << 16:
            equal(sg(cdb6(STATUS, how, status)).result(), f"status {status:02x}")
    for length in 18, 96, 252:
        command = sg(cdb6(SENSE, 64, length), FROM_DEV, 64)
        kept = min(length, SGIO_SENSE)
        equal(command.result(), "05/24/00")
        equal((command.hdr.sb_len_wr, command.data), (kept, bytes(64)))
        equal(command.sense.raw[10:kept], bytes(range(10, kept)), "its end")


@case
def loop_moves_what_both_sides_have() -> None:
    text = pattern(4096)
    equal(sg(cdb6(SEND, 4096), TO_DEV, text).result(), "ok")
    equal(sg(cdb6(RECEIVE, 8192), FROM_DEV, 8192).data, text, "the message")
    equal(sg(cdb6(RECEIVE, 8192), FROM_DEV, 100).data, text[:100], "the message")
    equal(sg(cdb6(RECEIVE, 100), FROM_DEV, 8192).data, text[:100], "the message")
    equal(len(sg(cdb6(SHORT, 100, 10), FROM_DEV, 100).data), 90, "less")
    equal(sg(cdb32(), FROM_DEV, 512).data, cdb32(), "the CDB")


@case
def loop_waits() -> None:
    for _ in range(4):
        equal(sg(cdb6(LATER, 0, 1)).result(), "ok")
        equal(sg(cdb6(BLOCK)).result(), "ok")


@case
def loop_aborts() -> None:
    # DID_TIME_OUT: the kernel has aborted the command.
    equal(sg(cdb6(NEVER), timeout=1).result(), "host 3")
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(sg(cdb6(NEVER), timeout=3).result()))
    thread.start()
    active = ENABLED.parent.parent.parent.parent / "targets/loop/t1/sessions/host1/active_commands"
    until(10, lambda: active.read_text() == "1\n", "the command is there")
    subprocess.run(["sg_reset", "--no-escalate", "-d", SG], check=True)
    thread.join()
    # The reset ends the command; the kernel sends it again, and aborts it after the time-out.
    equal(results, ["host 3"])
    equal(sg(bytes(6)).result(), "ok")


main()
