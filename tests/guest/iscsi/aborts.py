# SPDX-License-Identifier: GPL-2.0-only
"""Tests which commands task management hits, and which unit attentions it leaves.

Usage: aborts.py TARGET TARGET-FOLDER FOLDER OTHER

LUN 0 and LUN 1 are one device, a file in FOLDER, the root of a file system that can be
frozen: writes do not end then.  OTHER is the directory of another device.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import DATA_IN, FINAL, R2T, READ, SCSI_RSP, TMF_RSP, Conn

TARGET, TREE, FOLDER, OTHER = sys.argv[1:]
ABORT_TASK, ABORT_TASK_SET, LUN_RESET = 1, 2, 5
COMPLETE, NO_TASK, NO_LUN = 0, 1, 2
ACA = 4
TUR = bytes(6)


def freeze(how: str) -> None:
    subprocess.run(["fsfreeze", how, FOLDER], check=True)


def tur(c: Conn, lun: int = 0, attr: int = 0) -> str:
    return c.expect(SCSI_RSP, c.scsi(TUR, FINAL | attr, lun=lun)).sense()


def ready(c: Conn) -> Conn:
    """Consume the unit attentions of both LUNs."""
    for lun in 0, 1:
        for _ in range(8):
            if tur(c, lun) == "ok":
                break
        else:
            raise AssertionError("never ready")
    return c


def active() -> int:
    return sum(int(p.read_text()) for p in pathlib.Path(TREE).glob("sessions/*/active_commands"))


def stuck_write(c: Conn, lun: int = 0) -> int:
    """Send a write, and wait until it is stuck in the frozen file system."""
    before = active()
    itt = c.write10(0, 8, bytes(4096), lun=lun)
    end = time.monotonic() + 60
    while active() == before:
        assert time.monotonic() < end, "the write does not arrive"
        time.sleep(0.02)
    # The NOP-Out behind it has been answered, so the write has been submitted.
    c.nop(b"there")
    c.recv()
    return itt


def relink(device: str) -> None:
    link = f"{TREE}/luns/0/device"
    os.unlink(link)
    if device:
        os.symlink(device, link)


def by_the_number_that_it_was_sent_to() -> None:
    """The LUN is taken away, or is another device's, while a write executes."""
    device = os.path.realpath(f"{TREE}/luns/0/device")
    for instead in "", OTHER:
        for function in ABORT_TASK, ABORT_TASK_SET, LUN_RESET:
            c = ready(Conn(TARGET))
            freeze("-f")
            itt = stuck_write(c)
            relink(instead)
            tag = c.tmf(function, itt, refcmdsn=c.cmdsn - 1)
            assert c.silent(1), f"function {function} is answered while the write executes"
            freeze("-u")
            answer = c.expect(TMF_RSP, tag)
            assert answer.response == COMPLETE, f"function {function}: {answer.response}"
            # The write itself was not answered, and is no longer there.
            tag = c.tmf(ABORT_TASK, itt, refcmdsn=c.cmdsn - 1)
            answer = c.expect(TMF_RSP, tag)
            assert answer.response == (NO_TASK if instead else NO_LUN), answer.response
            c.close()
            if instead:
                relink(device)
            else:
                os.symlink(device, f"{TREE}/luns/0/device")


def of_one_number() -> None:
    """A function for one LUN does not hit commands for the same device at another LUN."""
    c = ready(Conn(TARGET, InitialR2T="Yes", ImmediateData="No"))
    tags = []
    for lun in 0, 1:
        itt = c.write10(0, 1, lun=lun)
        tags.append((itt, c.expect(R2T, itt).ttt))
    answer = c.expect(TMF_RSP, c.tmf(ABORT_TASK_SET, lun=0))
    assert answer.response == COMPLETE, answer.response
    itt, ttt = tags[1]
    c.data_out(itt, ttt, 0, bytes(512))
    assert c.expect(SCSI_RSP, itt).sense() == "ok", "the write at the other LUN"
    assert tur(c) == "ok", "somebody has been told"
    c.close()


def the_strongest_is_told() -> None:
    c = Conn(TARGET)
    assert c.expect(TMF_RSP, c.tmf(LUN_RESET)).response == COMPLETE
    assert tur(c) == "06/29/00", "a reset has replaced what is stronger"
    assert tur(c) == "ok"
    assert c.expect(TMF_RSP, c.tmf(LUN_RESET)).response == COMPLETE
    assert tur(c) == "06/29/03"
    assert tur(c) == "ok"
    c.close()


def told_when_it_is_handed_over() -> None:
    """REQUEST SENSE tells a unit attention when it returns sense, not when it returns no byte."""
    c = ready(Conn(TARGET))
    assert c.expect(TMF_RSP, c.tmf(LUN_RESET)).response == COMPLETE
    assert c.expect(SCSI_RSP, c.scsi(b"\x03\0\0\0\0\0")).sense() == "ok"
    data = c.expect(DATA_IN, c.scsi(b"\x03\0\0\0\x12\0", FINAL | READ, 18)).data
    assert (data[2], data[12], data[13]) == (6, 0x29, 3), data.hex()
    assert tur(c) == "ok"
    c.close()


def an_aca_task() -> None:
    c = ready(Conn(TARGET))
    assert tur(c, attr=ACA) == "05/49/00"
    assert tur(c) == "ok"
    c.close()


by_the_number_that_it_was_sent_to()
of_one_number()
the_strongest_is_told()
told_when_it_is_handed_over()
an_aca_task()
