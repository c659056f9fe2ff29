# SPDX-License-Identifier: GPL-2.0-only
"""An iSCSI initiator that sends exactly the PDUs that its caller asks for.

For tests of what a target does with PDUs that no correct initiator sends.
"""

from __future__ import annotations

import itertools
import socket
import struct

NOP_OUT, SCSI_CMD, TMF, LOGIN, TEXT, DATA_OUT, LOGOUT, SNACK = 0, 1, 2, 3, 4, 5, 6, 0x10
NOP_IN, SCSI_RSP, TMF_RSP, LOGIN_RSP, TEXT_RSP, DATA_IN, LOGOUT_RSP = range(0x20, 0x27)
R2T, ASYNC, REJECT = 0x31, 0x32, 0x3F
IMMEDIATE, FINAL, READ, WRITE = 0x40, 0x80, 0x40, 0x20
NONE = 0xFFFFFFFF


def _crc_table() -> list[int]:
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


_CRC = _crc_table()


def crc32c(data: bytes) -> bytes:
    crc = NONE
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return struct.pack("<I", crc ^ NONE)


class Pdu:
    """A received PDU; the fields are those that most headers have at these offsets."""

    def __init__(self, bhs: bytes, data: bytes):
        self.bhs, self.data = bhs, data
        self.opcode, self.flags = bhs[0] & 0x3F, bhs[1]
        self.response, self.status = bhs[2], bhs[3]
        (self.itt, self.ttt, self.statsn, self.expcmdsn, self.maxcmdsn, self.datasn,
         self.offset, self.resid) = struct.unpack(">8I", bhs[16:48])

    def sense(self) -> str:
        """Return "0b/0c/0d" (key, ASC, ASCQ) for CHECK CONDITION, "ok" for GOOD."""
        if self.status == 0:
            return "ok"
        if self.status != 2:
            return f"status {self.status:#x}"
        sense = self.data[2:]
        return f"{sense[2] & 15:02x}/{sense[12]:02x}/{sense[13]:02x}"


class Closed(Exception):  # noqa: N818 - an event, not an error
    """The target has closed the connection."""


class Conn:
    """A connection, logged in unless login is False; keys are login keys."""

    def __init__(self, target: str, name: str = "iqn.2026-01.example:raw", isid: int = 1,
                 tsih: int = 0, address: tuple[str, int] = ("127.0.0.1", 3260),
                 login: bool = True, cid: int = 0, cmdsn: int = 100, timeout: float = 20,
                 source: str = "", **keys: object):
        self.target, self.name, self.isid, self.cid = target, name, isid, cid
        self.tsih = tsih
        self.header_digest = self.data_digest = False
        self.cmdsn, self.statsn = cmdsn, 0
        self.maxcmdsn = 0
        self.tags = itertools.count(1)
        self.sock = socket.create_connection(address, timeout, (source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if login:
            self.login(keys)

    # --- bytes ---

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                more = self.sock.recv(length - len(data))
            except ConnectionError as error:
                raise Closed from error
            if not more:
                raise Closed
            data += more
        return data

    def write(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except ConnectionError as error:
            raise Closed from error

    def pdu(self, bhs: bytes, data: bytes = b"", ahs: bytes = b"",
            bad_header: bool = False, bad_data: bool = False, length: int | None = None) -> bytes:
        """Return a PDU's bytes; `length`, when given, is a false length of the data segment."""
        length = len(data) if length is None else length
        bhs = bhs[:4] + bytes([len(ahs) // 4]) + length.to_bytes(3, "big") + bhs[8:]
        out = bhs + ahs
        if self.header_digest:
            out += crc32c(out[:-1] + bytes([out[-1] ^ 1])) if bad_header else crc32c(out)
        padded = data + bytes(-len(data) % 4)
        out += padded
        if self.data_digest and data:
            out += crc32c(padded + b"\1" if bad_data else padded)
        return out

    def recv(self) -> Pdu:
        bhs = self._read(48)
        if self.header_digest:
            assert self._read(4) == crc32c(bhs), "header digest of the target"
        length = int.from_bytes(bhs[5:8], "big")
        data = self._read(length + -length % 4)
        if self.data_digest and length:
            assert self._read(4) == crc32c(data), "data digest of the target"
        pdu = Pdu(bhs, data[:length])
        self.maxcmdsn = pdu.maxcmdsn
        self._check_statsn(pdu)
        return pdu

    def _check_statsn(self, pdu: Pdu) -> None:
        """Check that each PDU that carries status advances StatSN by one.

        A NOP-In that the target sends as a ping carries the next StatSN and does not advance it.
        """
        carries = pdu.opcode not in (R2T, DATA_IN) or (pdu.opcode == DATA_IN and pdu.flags & 1)
        if pdu.opcode == NOP_IN and pdu.itt == NONE:
            carries = False
        if carries:
            if pdu.opcode != LOGIN_RSP:
                assert pdu.statsn == self.statsn, f"StatSN {pdu.statsn}, expected {self.statsn}"
            self.statsn = pdu.statsn + 1 & NONE

    def closed(self) -> bool:
        """Return whether the target closes the connection; read what it sends before that."""
        try:
            while True:
                self.recv()
        except Closed:
            return True
        except TimeoutError:
            return False

    def silent(self, seconds: float = 0.3) -> bool:
        """Return whether the target sends nothing for this time."""
        old = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            return not self.sock.recv(1, socket.MSG_PEEK) and False
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(old)

    def close(self) -> None:
        self.sock.close()

    # --- requests ---

    def next_cmdsn(self, opcode: int) -> int:
        cmdsn = self.cmdsn
        if not opcode & IMMEDIATE:
            self.cmdsn = self.cmdsn + 1 & NONE
        return cmdsn

    def request(self, opcode: int, flags: int, itt: int, word: int = 0, lun: int = 0,
                cmdsn: int | None = None, rest: bytes = b"") -> bytes:
        cmdsn = self.next_cmdsn(opcode) if cmdsn is None else cmdsn
        head = struct.pack(">BB6xBB6xIIII", opcode, flags, lun >> 8, lun & 0xFF, itt, word,
                           cmdsn, self.statsn)
        return head + rest + bytes(16 - len(rest))

    def send(self, bhs: bytes, data: bytes = b"", **how: object) -> None:
        self.write(self.pdu(bhs, data, **how))  # type: ignore[arg-type]

    def login_bhs(self, flags: int = 0x87, itt: int = 1, version: tuple[int, int] = (0, 0),
                  opcode: int = LOGIN | IMMEDIATE, isid: int | None = None,
                  cid: int | None = None, tsih: int | None = None) -> bytes:
        """Return a Login Request's header: T, C, CSG and NSG are in flags."""
        isid = self.isid if isid is None else isid
        return struct.pack(">BBBB4xHIHIHHII16x", opcode, flags, *version, isid >> 32,
                           isid & NONE, self.tsih if tsih is None else tsih, itt,
                           self.cid if cid is None else cid, 0, self.cmdsn, 0)

    def login_keys(self, **keys: object) -> bytes:
        """Return the text of a Login Request: the names, the session type and these keys."""
        text: dict[str, object] = {"InitiatorName": self.name, "TargetName": self.target,
                                   "SessionType": "Normal", **keys}
        return b"".join(f"{k}={v}\0".encode() for k, v in text.items() if v is not None)

    def login(self, keys: dict[str, object]) -> None:
        data = self.login_keys(**keys)
        # Go directly from the operational stage to the full feature phase.
        bhs = self.login_bhs(itt=next(self.tags))
        # A target that proposes keys itself may want another request; these have no keys.
        for _ in range(8):
            self.send(bhs, data)
            rsp = self.recv()
            if rsp.bhs[36:38] != b"\0\0":
                raise PermissionError(rsp.bhs[36:38].hex())
            self.negotiated = dict(p.split("=", 1) for p in rsp.data.decode().split("\0") if p)
            if rsp.flags & 0x83 == 0x83:
                break
            data = b""
        else:
            raise Closed("the login does not end")
        self.tsih = int.from_bytes(rsp.bhs[14:16], "big")
        assert rsp.expcmdsn == self.cmdsn, f"ExpCmdSN {rsp.expcmdsn} at login"
        digests = keys.get("HeaderDigest"), keys.get("DataDigest")
        self.header_digest, self.data_digest = (d == "CRC32C" for d in digests)

    def scsi(self, cdb: bytes, flags: int = FINAL, length: int = 0, data: bytes = b"",
             lun: int = 0, opcode: int = SCSI_CMD, itt: int | None = None,
             cmdsn: int | None = None, **how: object) -> int:
        """Send a command; return its tag."""
        itt = next(self.tags) if itt is None else itt
        self.send(self.request(opcode, flags, itt, length, lun, cmdsn, cdb), data, **how)
        return itt

    def write10(self, lba: int, blocks: int, data: bytes = b"", flags: int = FINAL | WRITE,
                length: int | None = None, **how: object) -> int:
        cdb = struct.pack(">BBIBHB", 0x2A, 0, lba, 0, blocks, 0)
        length = blocks * 512 if length is None else length
        return self.scsi(cdb, flags, length, data, **how)  # type: ignore[arg-type]

    def read10(self, lba: int, blocks: int, length: int | None = None, **how: object) -> int:
        cdb = struct.pack(">BBIBHB", 0x28, 0, lba, 0, blocks, 0)
        length = blocks * 512 if length is None else length
        return self.scsi(cdb, FINAL | READ, length, **how)  # type: ignore[arg-type]

    def data_out(self, itt: int, ttt: int, offset: int, data: bytes, datasn: int = 0,
                 final: bool = True, **how: object) -> None:
        bhs = struct.pack(">BB14xIIIIIIII", DATA_OUT, FINAL if final else 0, itt, ttt, 0,
                          self.statsn, 0, datasn, offset, 0)
        self.send(bhs, data, **how)

    def tmf(self, function: int, rtt: int = NONE, lun: int = 0, refcmdsn: int = 0) -> int:
        itt = next(self.tags)
        self.send(self.request(TMF | IMMEDIATE, FINAL | function, itt, rtt, lun,
                               rest=struct.pack(">I", refcmdsn)))
        return itt

    def nop(self, data: bytes = b"", opcode: int = NOP_OUT | IMMEDIATE, **how: object) -> int:
        itt = next(self.tags)
        self.send(self.request(opcode, FINAL, itt, NONE), data, **how)
        return itt

    def logout(self, reason: int = 0, cid: int | None = None) -> int:
        itt = next(self.tags)
        word = (self.cid if cid is None else cid) << 16
        self.send(self.request(LOGOUT | IMMEDIATE, FINAL | reason, itt, word))
        return itt

    # --- whole exchanges ---

    def expect(self, opcode: int, itt: int | None = None) -> Pdu:
        pdu = self.recv()
        assert pdu.opcode == opcode, f"opcode {pdu.opcode:#x}, expected {opcode:#x}"
        assert itt is None or pdu.itt == itt, f"tag {pdu.itt:#x}, expected {itt:#x}"
        return pdu

    def rejected(self) -> int:
        return self.expect(REJECT).response

    def alive(self) -> bool:
        """Check that a command succeeds and that its response is the next PDU."""
        itt = self.scsi(bytes(6))
        rsp = self.expect(SCSI_RSP, itt)
        if rsp.sense().startswith("06/"):
            rsp = self.expect(SCSI_RSP, self.scsi(bytes(6)))
        assert rsp.status == 0, rsp.sense()
        return True

    def read(self, lba: int, blocks: int) -> bytes:
        itt = self.read10(lba, blocks)
        data = b""
        while True:
            pdu = self.recv()
            assert pdu.itt == itt and pdu.opcode in (DATA_IN, SCSI_RSP), "a read's answer"
            if pdu.opcode == SCSI_RSP:
                raise AssertionError(pdu.sense())
            assert pdu.offset == len(data), f"Data-In at {pdu.offset}, expected {len(data)}"
            data += pdu.data
            if pdu.flags & 1:
                return data
