# SPDX-License-Identifier: GPL-2.0-only
"""Fails an allocation at every call site of our modules that a scripted session of
configuration and I/O reaches, one after the other, in whatever context it runs.

Usage: sites.py FOLDER DAEMON-PID

First the session runs twice under a trace of the kernel's allocators with call stacks.  The
innermost return address in a module of ours is a call site.  Then the session runs again
and again.  Each of its stages fails one site that the stage has reached and not failed yet,
with the fault injection's filter set to that address.  The stage may be refused only for
lack of memory, and must succeed when it is repeated.  Every site that was reached both
times must have failed in some stage.  These sites are only tried: those that were reached
once, as a checker's own allocation may be; those with __GFP_NOFAIL, of which at most a
first attempt fails; and allocations of the kernel below our code for another purpose, as
for packets that have just arrived.  At the end the program prints which functions of the
modules refer to an allocator and were not reached.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import random
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Callable

import failing
from failing import ROOT, SLOW, BrokenError, get, make_file, no_memory_allowed, put, wait_for
from nth import COMMANDS, empty_pools
from rawiscsi import FINAL, LOGOUT_RSP, NONE, NOP_IN, R2T, SCSI_RSP, TEXT, TEXT_RSP, TMF_RSP, Conn
from sgio import Command

MODULES = ("cst", "cst_vdisk", "cst_loop", "cst_iscsi")
EVENTS = ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node", "mm_page_alloc")
TRACING = "/sys/kernel/tracing"
EVENT = re.compile(r".{16,}-[0-9]+ +\[([0-9]+)\] .*? gfp_flags=(\S+)")
STACK = re.compile(r".{16,}-[0-9]+ +\[([0-9]+)\] .*: <stack trace>$")
# Inline functions of the kernel's headers that the compiler did not inline: the call site is
# that of their caller.
HELPER = re.compile(r" => (_?k[a-z]*alloc|alloc_|xa_|genlmsg_|nlmsg_)")
NOTED = tuple(f" => {name}+" for name in failing.LEAK_CHECKER)
# Frames of an interrupt, or of packets that came for a socket while it was locked.
BY_CHANCE = re.compile(r" => (asm_\w+|__release_sock)\+")
FRAME = re.compile(r" => (\S+)\+0x([0-9a-f]+)/0x[0-9a-f]+ \[(\w+)\]")

# The allocators, by their names in object code.
ALLOCATORS = re.compile(
    r"^(__kmalloc\w*|kmalloc_\w+|kmem_cache_(z?alloc|create)\w*|__alloc_pages\w*|alloc_pages\w*|"
    r"__?get_free_pages|get_zeroed_page\w*|kvmalloc\w*|kmemdup\w*|kstrn?dup\w*|kv?asprintf|"
    r"__alloc_percpu\w*|percpu_ref_init|_*xa_(store|reserve|cmpxchg|insert|alloc)\w*|"
    r"ida_alloc_range|idr_alloc\w*|__alloc_skb|alloc_workqueue|__vmalloc\w*|vzalloc\w*|"
    r"config_item_set_name|config_(item|group)_init_type_name|configfs_register_\w+|"
    r"scsi_host_alloc|scsi_add_host\w*|__?scsi_add_device|genl_register_family|"
    r"genlmsg_put|filp_open|kern_path|device_register|__root_device_register)$")

Site = tuple[str, str, int]     # module, function, offset of the return address


class RefusedError(Exception):
    """BUSY or TASK SET FULL: the initiator repeats the command."""


# --- the trace, and the static list ---

def trace_on() -> None:
    put(f"{TRACING}/tracing_on", 0)
    put(f"{TRACING}/current_tracer", "nop")
    put(f"{TRACING}/buffer_size_kb", 65536)
    for option in ("stacktrace", "sym-offset"):
        put(f"{TRACING}/options/{option}", 1)
    # Opening the trace for writing empties it.
    open(f"{TRACING}/trace", "w", encoding="ascii").close()
    events_on(1)
    put(f"{TRACING}/tracing_on", 1)


def events_on(value: int) -> None:
    for event in EVENTS:
        if os.path.isdir(f"{TRACING}/events/kmem/{event}"):
            put(f"{TRACING}/events/kmem/{event}/enable", value)


def trace_off() -> tuple[set[Site], set[Site]]:
    """Return the innermost frame in a module of ours of every traced allocation.

    Also return those sites that need not fail.
    """
    put(f"{TRACING}/tracing_on", 0)
    events_on(0)
    for path in glob.glob(f"{TRACING}/per_cpu/cpu*/stats"):
        if "overrun: 0\n" not in get(path):
            raise BrokenError("the trace's buffer is too small")
    found: set[Site] = set()
    loose: set[Site] = set()
    # The flags of each CPU's last event.
    flags: dict[str, str] = {}
    with open(f"{TRACING}/trace", encoding="ascii", errors="replace") as f:
        may_fail, seen = True, False
        for line in f:
            if match := EVENT.match(line):
                flags[match[1]] = match[2]
            elif match := STACK.match(line):
                may_fail, seen = "__GFP_NOFAIL" not in flags[match[1]].split("|"), False
            elif seen:
                continue
            elif line.startswith(NOTED):
                seen = True
            elif HELPER.match(line):
                continue
            elif line.endswith("]\n") and (match := FRAME.match(line)) and match[3] in MODULES:
                site = match[3], match[1], int(match[2], 16)
                found.add(site)
                if not may_fail:
                    loose.add(site)
                seen = True
            elif BY_CHANCE.match(line):
                may_fail = False
    return found, loose


def addresses() -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    with open("/proc/kallsyms", encoding="ascii") as f:
        for line in f:
            fields = line.split()
            if len(fields) == 4 and fields[3][1:-1] in MODULES:
                found.setdefault((fields[3][1:-1], fields[2]), []).append(int(fields[0], 16))
    return found


def allocating() -> dict[tuple[str, str], set[str]]:
    """Return the functions that refer to allocators, without those that run at module load."""
    found: dict[tuple[str, str], set[str]] = {}
    for module in MODULES:
        path = subprocess.run(["modinfo", "-n", module], capture_output=True, text=True,
                              check=True).stdout.strip()
        text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", path], capture_output=True,
                              text=True, check=True).stdout
        function, section = "", ""
        for line in text.splitlines():
            if line.startswith("Disassembly of section "):
                section = line.split()[-1].rstrip(":")
            elif match := re.match(r"[0-9a-f]+ <(.+)>:", line):
                function = match[1]
            elif (match := re.search(r": R_X86_64_\w+\s+([\w.]+)", line)) \
                    and ALLOCATORS.match(match[1]) and not section.startswith((".init", ".exit")):
                found.setdefault((module, function), set()).add(match[1])
    return found


# --- the session ---

def ensure_dir(path: str) -> None:
    if not os.path.isdir(f"{ROOT}/{path}"):
        os.mkdir(f"{ROOT}/{path}")


def ensure_link(lun: str, device: str) -> None:
    if not os.path.islink(f"{ROOT}/{lun}/device"):
        os.symlink(f"{ROOT}/{device}", f"{ROOT}/{lun}/device")


def ensure(path: str, value: object) -> None:
    if get(f"{ROOT}/{path}") != f"{value}\n":
        put(f"{ROOT}/{path}", value)


def remove(path: str) -> None:
    path = f"{ROOT}/{path}"
    if os.path.islink(path):
        os.unlink(path)
    elif os.path.isdir(path):
        os.rmdir(path)


def ok(answer: str, what: str = "") -> None:
    if answer in ("status 08", "status 28", "status 0x8", "status 0x28"):
        raise RefusedError(answer)
    if answer != "ok":
        raise BrokenError(f"{what}: {answer}")


class Session:
    IQN = "iqn.2026-01.example:sites"
    LOOP, ISCSI = "targets/loop/sites", "targets/iscsi/" + IQN
    FILE, NULL = "handlers/vdisk_fileio/sites", "handlers/vdisk_nullio/sites"

    def __init__(self, folder: str, daemon: int):
        self.folder, self.daemon = folder, daemon
        self.conn: Conn | None = None

    def stages(self) -> list[Callable[[], None]]:
        return [self.devices, self.loop_target, self.loop_session, self.loop_commands,
                self.loop_changes, self.loop_reset, self.iscsi_target, self.discovery, self.login,
                self.iscsi_commands, self.iscsi_control, self.iscsi_changes, self.reading,
                self.netlink, self.logout, self.taking_down]

    def devices(self) -> None:
        ensure_dir(self.FILE)
        ensure(self.FILE + "/filename", self.folder + "/sites.img")
        ensure(self.FILE + "/size", 8 << 20)
        if not os.path.exists(self.folder + "/sites.img"):
            make_file(self.FILE)
        ensure(self.FILE + "/enabled", 1)
        ensure_dir(self.NULL)
        ensure(self.NULL + "/usn", "sites")
        ensure(self.NULL + "/enabled", 1)

    def loop_target(self) -> None:
        ensure_dir(self.LOOP)
        ensure_dir(self.LOOP + "/luns/0")
        ensure_link(self.LOOP + "/luns/0", self.FILE)
        ensure_dir(self.LOOP + "/ini_groups/g")
        ensure_dir(self.LOOP + "/ini_groups/g/luns/1")
        ensure_link(self.LOOP + "/ini_groups/g/luns/1", self.NULL)
        ensure(self.LOOP + "/enabled", 1)

    def disk(self, lun: int = 0) -> str:
        host = get(f"{ROOT}/{self.LOOP}/sessions/sites/host_no").strip()
        found = glob.glob(f"/sys/class/scsi_host/host{host}/device/target*/*:{lun}/block/sd*")
        path = "/dev/" + os.path.basename(found[0]) if host and found else ""
        return path if os.path.exists(path) else ""

    def loop_session(self) -> None:
        ensure_dir(self.LOOP + "/sessions/sites")
        # A scan that found no memory must be repeated without another request.
        wait_for(self.disk, 20, "the disk on loop")

    def loop_open(self) -> int:
        """Open the disk, and consume its unit attentions."""
        opened: list[int] = []

        # The disk's node exists before the kernel lets it be opened.
        def try_open() -> bool:
            try:
                opened.append(os.open(self.disk(), os.O_RDWR | os.O_NONBLOCK))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENXIO):
                    raise
            return bool(opened)
        wait_for(try_open, 20, "the disk on loop")
        fd = opened[0]
        for _ in range(8):
            if not Command(bytes(6)).run(fd).startswith("06/"):
                break
        return fd

    def loop_commands(self) -> None:
        fd = self.loop_open()
        try:
            for name in ("WRITE 1 MiB", *COMMANDS):
                empty_pools()
                command = COMMANDS[name]()
                answer = command.run(fd)
                for _ in range(4):
                    if not answer.startswith("06/"):
                        break
                    answer = command.run(fd)
                ok(answer, name)
                if name.startswith("READ ") and "iB" in name and command.data.strip(b"\7"):
                    raise BrokenError(f"{name}: wrong data")
        finally:
            os.close(fd)

    def loop_changes(self) -> None:
        # A fault may have left the session with the group's map, which has neither LUN 0 nor 2.
        remove(self.LOOP + "/ini_groups/g/initiators/sites")
        ensure_dir(self.LOOP + "/luns/2")
        ensure_link(self.LOOP + "/luns/2", self.NULL)
        wait_for(lambda: self.disk(2), 20, "LUN 2 on loop")
        ensure(self.LOOP + "/luns/2/read_only", 1)
        # Change to a group's map, which has LUN 1 only, and back.
        ensure_dir(self.LOOP + "/ini_groups/g/initiators/sites")
        wait_for(lambda: self.disk(1), 20, "LUN 1 of the group")
        remove(self.LOOP + "/ini_groups/g/initiators/sites")
        wait_for(lambda: self.disk(2), 20, "LUN 2 of the target, again")
        remove(self.LOOP + "/luns/2/device")
        remove(self.LOOP + "/luns/2")
        put(f"{ROOT}/{self.NULL}/resync_size", 1)

    def loop_reset(self) -> None:
        fd = self.loop_open()
        try:
            # SG_SCSI_RESET: device, target, host
            for what in (1, 4, 3):
                fcntl.ioctl(fd, 0x2284, struct.pack("i", what))
        finally:
            os.close(fd)

    def iscsi_target(self) -> None:
        ensure_dir(self.ISCSI)
        ensure_dir(self.ISCSI + "/luns/0")
        ensure_link(self.ISCSI + "/luns/0", self.FILE)
        ensure_dir(self.ISCSI + "/luns/1")
        ensure_link(self.ISCSI + "/luns/1", self.NULL)
        ensure_dir(self.ISCSI + "/ini_groups/g")
        ensure_dir(self.ISCSI + "/ini_groups/g/luns/5")
        ensure_link(self.ISCSI + "/ini_groups/g/luns/5", self.NULL)
        ensure_dir(self.ISCSI + "/portals/127.0.0.1:3270")
        ensure(self.ISCSI + "/params/MaxOutstandingR2T", 2)
        # The initiator below does not answer NOP-Ins.
        ensure(self.ISCSI + "/params/NopInInterval", 0)
        ensure(self.ISCSI + "/enabled", 1)
        wait_for(self.listens, 20, "the daemon to listen")

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", 3270), 5).close()
        except OSError:
            return False
        return True

    def connect(self, isid: int) -> Conn:
        """Return a connection that is not logged in yet."""
        return Conn(self.IQN, isid=isid, timeout=20 * SLOW, address=("127.0.0.1", 3270), login=False)

    def discovery(self) -> None:
        conn = self.connect(8)
        try:
            conn.login({"SessionType": "Discovery"})
            conn.send(conn.request(TEXT, FINAL, 9, NONE), b"SendTargets=All\0")
            if self.IQN.encode() not in conn.expect(TEXT_RSP).data:
                raise BrokenError("SendTargets does not name the target")
        finally:
            conn.close()

    def login(self) -> None:
        self.conn = self.connect(9)
        self.conn.login({"InitialR2T": "Yes", "ImmediateData": "Yes",
                         "MaxRecvDataSegmentLength": 65536})
        self.settle()

    def settle(self) -> Conn:
        """Return the connection, if necessary a new one, and consume its unit attentions."""
        if self.conn is None:
            self.login()
        conn = self.conn
        assert conn
        for lun in (0, 1):
            for _ in range(8):
                answer = conn.expect(SCSI_RSP, conn.scsi(bytes(6), lun=lun)).sense()
                if not answer.startswith("06/"):
                    break
            ok(answer, f"TEST UNIT READY of LUN {lun}")
        return conn

    def iscsi_commands(self) -> None:
        conn = self.settle()
        empty_pools()
        # A write with immediate data, and the rest by R2Ts.
        data = os.urandom(262144)
        itt = conn.write10(0, 512, data[:8192])
        while (pdu := conn.recv()).opcode == R2T:
            wanted = struct.unpack(">I", pdu.bhs[44:48])[0]
            conn.data_out(itt, pdu.ttt, pdu.offset, data[pdu.offset:pdu.offset + wanted])
        ok(pdu.sense(), "WRITE")
        try:
            if conn.read(0, 512) != data:
                raise BrokenError("wrong data over iSCSI")
        except AssertionError as error:
            ok(str(error), "READ")
        ok(conn.expect(SCSI_RSP, conn.scsi(bytes([0x35]) + bytes(9))).sense(), "SYNCHRONIZE CACHE")
        itt = conn.write10(0, 512, data[:8192])
        pdu = conn.recv()
        # Abort a write that waits for its data.
        if pdu.opcode == R2T:
            conn.tmf(1, rtt=itt, refcmdsn=conn.cmdsn - 1 & NONE)
            while conn.recv().opcode != TMF_RSP:
                pass
        else:
            ok(pdu.sense(), "WRITE")
        # A CDB of 32 bytes, which no device type has.
        cdb = bytes([0x7F]) + bytes(6) + bytes([24]) + bytes(8)
        ahs = struct.pack(">HBB", 17, 1, 0) + bytes(16)
        answer = conn.expect(SCSI_RSP, conn.scsi(cdb, ahs=ahs)).sense()
        if answer not in ("05/20/00", "05/24/00"):
            ok(answer, "a long CDB")

    def iscsi_control(self) -> None:
        conn = self.settle()
        itt = conn.nop(b"n" * 4096)
        if conn.expect(NOP_IN, itt).data != b"n" * 4096:
            raise BrokenError("a NOP's data came back wrong")
        conn.send(conn.request(TEXT, FINAL, 0x999, NONE), b"SendTargets=\0")
        conn.expect(TEXT_RSP)
        for function in (1, 2, 4, 5, 6):
            itt = conn.tmf(function, rtt=0x12345, refcmdsn=conn.cmdsn)
            conn.expect(TMF_RSP, itt)
        self.settle()

    def iscsi_changes(self) -> None:
        remove(self.ISCSI + "/ini_groups/g/initiators/*:raw")
        conn = self.settle()
        name = next(iter(os.listdir(f"{ROOT}/{self.ISCSI}/sessions")), "")
        if not name:
            raise BrokenError("no session's folder")
        ensure_dir(self.ISCSI + "/luns/2")
        ensure_link(self.ISCSI + "/luns/2", self.NULL)
        remove(self.ISCSI + "/luns/2/device")
        remove(self.ISCSI + "/luns/2")
        ensure_dir(self.ISCSI + "/ini_groups/g/initiators/*:raw")
        self.sees(conn, [5])
        remove(self.ISCSI + "/ini_groups/g/initiators/*:raw")
        self.sees(conn, [0, 1])

    def sees(self, conn: Conn, wanted: list[int]) -> None:
        """Wait until REPORT LUNS lists exactly these LUNs."""
        def now() -> bool:
            itt = conn.scsi(bytes([0xA0]) + bytes(7) + b"\x20\0\0\0", FINAL | 0x40, 8192)
            data = b""
            while (pdu := conn.recv()).opcode != SCSI_RSP:
                data += pdu.data
                if pdu.flags & 1:
                    break
            else:
                ok(pdu.sense(), "REPORT LUNS")
            assert pdu.itt == itt
            return [data[i + 1] for i in range(8, len(data), 8)] == wanted
        wait_for(now, 20, f"LUNs {wanted}")

    def reading(self) -> None:
        for where, _, files in os.walk(ROOT):
            for name in files:
                try:
                    if os.stat(f"{where}/{name}").st_mode & 0o444:
                        get(f"{where}/{name}")
                except FileNotFoundError:
                    # A session that an earlier stage has closed may end meanwhile.
                    if "/sessions/" not in where:
                        raise

    def netlink(self) -> None:
        here = os.path.dirname(os.path.abspath(__file__))
        listener = subprocess.Popen([sys.executable, here + "/../cfs/events.py", "listen"],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert listener.stdout
        try:
            # Without a listener an event makes no allocation, so wait for the listener.
            if listener.stdout.readline() != b"listening\n":
                raise BrokenError("no listener for events")
            done = subprocess.run([sys.executable, here + "/../cfs/events.py", "stats"],
                                  capture_output=True, text=True)
            if done.returncode and not re.search("Cannot allocate memory|No buffer", done.stderr):
                raise BrokenError(done.stderr)
            if done.returncode:
                raise RefusedError("ENOMEM")
            # A login makes an event. Without memory the event is lost, but the login succeeds.
            conn = self.connect(10)
            conn.login({})
            conn.close()
        finally:
            listener.kill()
            listener.wait()
            listener.stdout.close()

    def logout(self) -> None:
        conn = self.settle()
        conn.expect(LOGOUT_RSP, conn.logout())
        conn.close()
        self.conn = None

    def taking_down(self) -> None:
        if self.conn:
            self.conn.close()
            self.conn = None
        for target in (self.LOOP, self.ISCSI):
            if not os.path.isdir(f"{ROOT}/{target}"):
                continue
            remove(target + "/sessions/sites")
            ensure(target + "/enabled", 0)
            for path in sorted(glob.glob(f"{ROOT}/{target}/**/device", recursive=True)):
                os.unlink(path)
            for path in sorted(glob.glob(f"{ROOT}/{target}/**/*", recursive=True), reverse=True):
                if os.path.isdir(path) and os.path.basename(os.path.dirname(path)) in (
                        "luns", "ini_groups", "initiators", "portals"):
                    os.rmdir(path)
            remove(target)
        for device in (self.FILE, self.NULL):
            if os.path.isdir(f"{ROOT}/{device}"):
                ensure(device + "/enabled", 0)
                remove(device)
        # Remove the file: a new file has no pages yet, so its writes allocate.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.folder + "/sites.img")

    def after_fault(self) -> None:
        """Drop what the fault may have broken, so that the stage can be repeated."""
        if self.conn:
            self.conn.close()
            self.conn = None
        if not os.path.isdir(f"/proc/{self.daemon}"):
            raise BrokenError("the daemon is gone")


# --- passes ---

class Sweep:
    """The sites that still have to fail, for each stage."""

    TRIES = 3   # attempts in a stage for a site that has not failed in any stage

    def __init__(self, reached: dict[str, set[Site]], seed: str):
        """reached: the sites of each stage, by the stage's name"""
        self.where = addresses()
        self.failed: set[Site] = set()
        self.tried: set[tuple[str, Site]] = set()
        self.failures = 0
        self.left: dict[str, list[Site]] = {}
        for stage, sites in reached.items():
            self.left[stage] = sorted(sites) * self.TRIES
            # Shuffle, so that each attempt is made together with other sites.
            random.Random(seed).shuffle(self.left[stage])

    def is_due(self, stage: str, site: Site) -> bool:
        return site not in self.failed or (stage, site) not in self.tried

    def next(self, stage: str) -> Site | None:
        while self.left[stage]:
            site = self.left[stage].pop()
            if self.is_due(stage, site):
                self.tried.add((stage, site))
                return site
        return None

    def done(self) -> bool:
        return not any(self.is_due(stage, site) for stage, sites in self.left.items()
                       for site in sites)

    def fail(self, session: Session, stage: Callable[[], None], site: Site) -> None:
        """Run a stage with one site failing; then it must succeed."""
        # When several functions have the name, try each of them.
        for base in self.where.get(site[:2], []):
            with no_memory_allowed() as seen, failing.Site(base + site[2]) as armed:
                try:
                    stage()
                except RefusedError as refused:
                    seen.append(str(refused))
                except BrokenError as error:
                    raise BrokenError(f"{text(site)} failed in {stage.__name__}: {error}") from error
            if armed.hit():
                break
        else:
            return
        self.failed.add(site)
        self.failures += 1
        answer = seen[0] if seen else "done"
        print(f"failed     {text(site)} in {stage.__name__}: {answer}", flush=True)
        session.after_fault()
        try:
            stage()
        except Exception as error:
            raise BrokenError(f"{text(site)} failed in {stage.__name__} ({answer}); repeated: "
                              f"{error!r}") from error

    def one_pass(self, session: Session) -> None:
        for stage in session.stages():
            empty_pools()
            site = self.next(stage.__name__)
            if site:
                self.fail(session, stage, site)
            else:
                stage()


def text(site: Site) -> str:
    return f"{site[0]}: {site[1]}+{site[2]:#x}"


def main() -> None:
    session = Session(sys.argv[1], int(sys.argv[2]))
    failing.set_up()
    reached: dict[str, set[Site]] = {}
    steady: set[Site] = set()
    loose: set[Site] = set()
    for _ in range(2):
        for stage in session.stages():
            empty_pools()
            trace_on()
            try:
                stage()
            finally:
                found, by_chance = trace_off()
            loose |= by_chance
            before = reached.setdefault(stage.__name__, set())
            steady |= before & found
            before |= found
    sites = set().union(*reached.values())
    seed = os.environ.get("CST_SEED") or str(random.randrange(100000))
    print(f"{len(sites)} sites are reached, seed {seed}", flush=True)
    sweep = Sweep(reached, seed)
    passes = 0
    while not sweep.done():
        sweep.one_pass(session)
        passes += 1
    for site in sorted(sites - sweep.failed):
        stages = [name for name, found in reached.items() if site in found]
        why = "(need not)" if site in loose else "" if site in steady else "(seen once)"
        print("not failed", text(site), "of", *stages, why)
    static = allocating()
    unreached = set(static) - {site[:2] for site in sites}
    for module, function in sorted(unreached):
        print(f"unreached  {module}: {function}: {' '.join(sorted(static[module, function]))}")
    print(f"{len(sweep.failed)} of {len(sites)} sites failed, {sweep.failures} times in {passes} passes; "
          f"{len(unreached)} of {len(static)} functions that allocate were not reached")
    wanted = steady - loose
    if not wanted or wanted - sweep.failed:
        sys.exit("not every site was failed")


if __name__ == "__main__":
    main()
