# SPDX-License-Identifier: GPL-2.0-only
"""A model of the configfs tree: directories with parts and attributes, checks, errnos and last_error.

It behaves as doc/configfs.md says of the kernel. A test can make an operation on a path fail.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from targetctl import tree as tp
from targetctl.tree import Listing

SUFFIX = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass
class Attr:
    """One attribute as the kernel declares it."""

    name: str
    type: str = "string"
    access: str = "rw"
    when: str = "always"
    default: str = ""
    range: str = ""
    unit: str = ""
    help: str = "Helps."
    mode: int = 0
    initial: Optional[Callable[[], str]] = None

    def line(self) -> str:
        when = "-" if self.access == "ro" else self.when
        fields = (self.name, self.type, self.access, when, self.default, self.range, self.unit, self.help)
        return "\t".join(fields)

    def permissions(self) -> int:
        return self.mode or {"ro": 0o444, "rw": 0o644, "wo": 0o200}[self.access]


@dataclass
class Kind:
    """A kind of directory: its attributes, its parts, what mkdir makes in it, and whether it takes links."""

    attrs: list[Attr] = field(default_factory=list)
    parts: dict[str, Kind] = field(default_factory=dict)
    child: Optional[Kind] = None
    links: bool = False
    schema_of_child: bool = False
    ordered: bool = False
    needs_file: bool = False


ENABLED = Attr("enabled", "bool", default="0", help="Whether the object is alive.")
LUN = Kind([Attr("read_only", "bool", when="disabled", default="0", help="Refuse writes.")], links=True)
LUNS = Kind(child=LUN)
STATS = Kind([Attr("read_bytes", "uint", "ro", unit="bytes", initial=lambda: "0")])
_serial = [0]


def _new_serial() -> str:
    _serial[0] += 1
    return f"serial-{_serial[0]:04}"


FILEIO = Kind(
    [
        ENABLED,
        Attr("filename", when="disabled", range="0..4095", unit="bytes", help="The backing file."),
        Attr("size", "uint", when="disabled", default="0", range="0..18446744073709551615", unit="bytes"),
        Attr(
            "blocksize", "uint", when="disabled", default="512", range="512..4096 power of two", unit="bytes"
        ),
        Attr("mode", "enum", default="auto", range="auto|fast|safe"),
        Attr("usn", when="disabled", range="1..64", unit="bytes", initial=_new_serial, help="Serial number."),
        Attr("comment", range="0..1024", unit="bytes"),
        Attr("resync_size", "uint", "wo", range="1..1"),
        Attr("make_file", "uint", "wo", when="disabled", range="1..1"),
        Attr("exported", "uint", "ro", initial=lambda: "0"),
    ],
    {"stats": STATS},
    needs_file=True,
)
NULLIO = Kind(
    [ENABLED, Attr("size", "uint", when="disabled", default="1073741824", unit="bytes")], {"stats": STATS}
)
GROUP = Kind([Attr("order", "uint", range="0..1000000")], {"initiators": Kind(child=Kind()), "luns": LUNS})
CONNECTION = Kind(
    [
        Attr("initiator_address", access="ro", initial=lambda: "192.0.2.7:40000"),
        Attr("target_address", access="ro", initial=lambda: "192.0.2.1:3260"),
        Attr("state", access="ro", initial=lambda: "full feature"),
    ]
)
ISCSI_SESSION = Kind(
    [
        Attr("initiator_name", access="ro"),
        Attr("commands", "uint", "ro", initial=lambda: "42"),
        Attr("active_commands", "uint", "ro", initial=lambda: "3"),
        Attr("luns", access="ro"),
        Attr("force_close", "uint", "wo", range="1..1"),
    ],
    {"connections": Kind()},
)
LOOP_SESSION = Kind([Attr("commands", "uint", "ro", initial=lambda: "0"), Attr("luns", access="ro")])
TARGET = [
    ENABLED,
    Attr("comment", range="0..1024", unit="bytes"),
    Attr("rel_tgt_id", "uint", initial=lambda: "1"),
]


def _creatable(value: str) -> Attr:
    return Attr("creatable", "bool", "ro", initial=lambda: value)


ISCSI_TARGET = Kind(
    [*TARGET, Attr("secret", range="0..255", unit="bytes", mode=0o600, help="A secret.")],
    {
        "params": Kind(
            [
                Attr(
                    "MaxBurstLength",
                    "uint",
                    when="disabled",
                    default="262144",
                    range="512..16777215",
                    unit="bytes",
                ),
                Attr("ImmediateData", "bool", when="disabled", default="1"),
            ]
        ),
        "portals": Kind(child=Kind()),
        "luns": LUNS,
        "ini_groups": Kind(child=GROUP, ordered=True),
        "sessions": Kind([_creatable("0")]),
    },
)
LOOP_TARGET = Kind(
    list(TARGET),
    {
        "luns": LUNS,
        "ini_groups": Kind(child=GROUP, ordered=True),
        "sessions": Kind([_creatable("1")], child=LOOP_SESSION),
    },
)


@dataclass
class Dir:
    """A directory of the model."""

    kind: Kind
    made: bool
    dirs: dict[str, Dir] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def attr(self, name: str) -> Optional[Attr]:
        return next((attr for attr in self.kind.attrs if attr.name == name), None)


class FakeTree:
    """The Tree of the tests. `files` are the backing files that exist; `calls` counts operations.

    `meanwhile` is a line for last_error about the refusal of another program's operation. It is written just
    before an operation fails.
    """

    def __init__(self, handlers: bool = True, fabrics: bool = True) -> None:
        self.root = "/fake/cst"
        self.is_live = False
        self.files = {"/srv/a.img", "/srv/b.img", "/srv/c.img"}
        self.faults: dict[tuple[str, str], tuple[int, str]] = {}
        self.calls: dict[str, int] = {}
        self.log: list[tuple[str, ...]] = []
        self.errors = 0
        self.meanwhile = ""
        root = Kind(
            [
                Attr("version", access="ro", initial=lambda: "0.1.0"),
                Attr("features", access="ro", initial=lambda: "x"),
                Attr("generation", "uint", "ro", initial=lambda: "0"),
                Attr("last_error", access="ro"),
                Attr("cmd_mem_limit_mb", "uint", default="256", range="1..65536", unit="MiB"),
            ],
            {"handlers": Kind(), "targets": Kind()},
        )
        self.top = self._make(root, False)
        if handlers:
            self.load_handlers()
        if fabrics:
            self.load_fabrics()

    def load_handlers(self) -> None:
        for name, kind in (("vdisk_fileio", FILEIO), ("vdisk_nullio", NULLIO)):
            attrs = [Attr("scsi_type", "uint", "ro", initial=lambda: "0")]
            self.top.dirs["handlers"].dirs[name] = self._make(
                Kind(attrs, child=kind, schema_of_child=True), False
            )

    def load_fabrics(self) -> None:
        iscsi = Kind(
            [Attr("enabled", "bool", default="1"), Attr("isns_server", default="")], child=ISCSI_TARGET
        )
        self.top.dirs["targets"].dirs["iscsi"] = self._make(iscsi, False)
        loop = Kind([Attr("queues", "uint", default="0")], child=LOOP_TARGET)
        self.top.dirs["targets"].dirs["loop"] = self._make(loop, False)

    def _make(self, kind: Kind, made: bool) -> Dir:
        result = Dir(kind, made)
        for attr in kind.attrs:
            result.values[attr.name] = attr.initial() if attr.initial else attr.default
        for name, part in kind.parts.items():
            result.dirs[name] = self._make(part, False)
        return result

    # What tests change without the program.

    def fail(self, operation: str, path: str, number: int, text: str = "") -> None:
        """Make operation (mkdir, rmdir, write, read, symlink, unlink, listing) on path fail."""
        self.faults[operation, path] = (number, text)

    def login(self, target: str, initiator: str) -> str:
        """Make a session as the kernel does at a login."""
        sessions = self._dir(f"{target}/sessions")
        session = self._make(ISCSI_SESSION, False)
        session.values["initiator_name"] = initiator
        session.values["luns"] = target.lstrip("/") + "/luns"
        session.dirs["connections"].dirs["0"] = self._make(CONNECTION, False)
        sessions.dirs[initiator] = session
        return f"{target}/sessions/{initiator}"

    def say(self, line: str) -> None:
        """Put a line into last_error."""
        self.errors += 1
        printable = "".join(chr(c) if 0x20 <= c < 0x7F else f"\\x{c:02x}" for c in tp.encode(line))
        self.top.values["last_error"] = f"{self.errors} 2026-01-02T03:04:05Z {printable}"

    def changes(self) -> list[tuple[str, ...]]:
        """The changing operations so far, as (operation, path, ...)."""
        return self.log

    # Parts of the model.

    def _count(self, operation: str) -> None:
        self.calls[operation] = self.calls.get(operation, 0) + 1

    def _error(self, number: int, path: str, text: str = "") -> OSError:
        if text:
            self.say(f"{path.lstrip('/') or '.'}: {text}")
        return OSError(number, os.strerror(number), path)

    def _check_fault(self, operation: str, path: str) -> None:
        self._count(operation)
        fault = self.faults.get((operation, path))
        if fault:
            if self.meanwhile:
                self.say(self.meanwhile)
            attribute = f"{tp.base(path)}: "
            where = tp.parent(path)
            raise self._error(fault[0], where, attribute + fault[1] if fault[1] else "")

    def _find(self, path: str) -> Optional[Dir]:
        node: Optional[Dir] = self.top
        for name in tp.parts(path):
            node = node.dirs.get(name) if node else None
        return node

    def _dir(self, path: str) -> Dir:
        node = self._find(path)
        if node is None:
            raise self._error(errno.ENOENT, path)
        return node

    def _changed(self, *what: str) -> None:
        self.log.append(what)
        self.top.values["generation"] = str(int(self.top.values["generation"]) + 1)

    def _all_links(self, node: Dir) -> list[str]:
        found = list(node.links.values())
        for child in node.dirs.values():
            found.extend(self._all_links(child))
        return found

    def _owner_enabled(self, path: str) -> bool:
        while path != "/":
            node = self._dir(path)
            if "enabled" in node.values and len(tp.parts(path)) > 2:
                return node.values["enabled"] == "1"
            path = tp.parent(path)
        return False

    # The interface.

    def listing(self, path: str) -> Listing:
        self._check_fault("listing", path)
        node = self._dir(path)
        files = [attr.name for attr in node.kind.attrs]
        if files:
            files.append("schema")
        return Listing(list(node.dirs), files, list(node.links))

    def is_dir(self, path: str) -> bool:
        self._count("is_dir")
        return self._find(path) is not None

    def mode(self, path: str) -> int:
        attr = self._dir(tp.parent(path)).attr(tp.base(path))
        if attr is None:
            if tp.base(path) == "schema":
                return 0o444
            raise self._error(errno.ENOENT, path)
        return attr.permissions()

    def read(self, path: str) -> str:
        self._check_fault("read", path)
        node = self._dir(tp.parent(path))
        name = tp.base(path)
        if name == "schema" and node.kind.attrs:
            kind = node.kind
            attrs = kind.child.attrs if kind.schema_of_child and kind.child else kind.attrs
            return "\n".join(attr.line() for attr in attrs)
        attr = node.attr(name)
        if attr is None:
            raise self._error(errno.ENOENT, path)
        if not attr.permissions() & 0o444:
            raise self._error(errno.EACCES, path)
        return node.values[name]

    def write(self, path: str, value: str) -> None:
        self._check_fault("write", path)
        where, name = tp.parent(path), tp.base(path)
        node = self._dir(where)
        attr = node.attr(name)
        if attr is None:
            raise self._error(errno.ENOENT, path)
        if attr.access == "ro":
            raise self._error(errno.EACCES, path)
        value = self._checked(attr, value, where)
        if attr.when == "disabled" and self._owner_enabled(where):
            raise self._error(errno.EBUSY, where, f"{name}: may be written only while disabled")
        if name == "enabled":
            self._enable(node, where, value)
        if name == "order":
            self._make_room(self._dir(tp.parent(where)), node, int(value))
        if name == "make_file":
            if node.values["filename"] in self.files:
                raise self._error(errno.EEXIST, where, f"{name}: {node.values['filename']} exists")
            self.files.add(node.values["filename"])
        if name == "force_close":
            del self._dir(tp.parent(where)).dirs[tp.base(where)]
        elif attr.access != "wo":
            node.values[name] = value
        self._changed("write", path, value)

    def _make_room(self, groups: Dir, group: Dir, place: int) -> None:
        """The group that has this number gets the next one, and so on."""
        others = [other for other in groups.dirs.values() if other is not group]
        for other in sorted(others, key=lambda other: int(other.values["order"])):
            if int(other.values["order"]) == place:
                place += 1
                other.values["order"] = str(place)

    def _checked(self, attr: Attr, value: str, where: str) -> str:
        def bad(text: str) -> OSError:
            return self._error(errno.EINVAL, where, f"{attr.name}: {text}, given {value!r}")

        if attr.type == "bool" and value not in ("0", "1"):
            raise bad("must be 0 or 1")
        if attr.type == "enum" and value not in attr.range.split("|"):
            raise bad(f"must be one of {attr.range}")
        if attr.type == "uint":
            factor = SUFFIX.get(value[-1:].upper(), 1) if attr.unit == "bytes" else 1
            digits = value[:-1] if factor != 1 else value
            if not digits.isdecimal():
                raise bad("must be a number")
            number = int(digits) * factor
            if ".." in attr.range:
                low, high = attr.range.split(" ")[0].split("..")
                if not int(low) <= number <= int(high):
                    raise self._error(errno.ERANGE, where, f"{attr.name}: {number} is not in {attr.range}")
            return str(number)
        return value

    def _enable(self, node: Dir, path: str, value: str) -> None:
        if node.kind.needs_file and value == "1" and node.values["filename"] not in self.files:
            raise self._error(errno.ENOENT, path, f"filename: cannot open {node.values['filename']!r}")
        if value == "0" and "sessions" in node.dirs and node.dirs["sessions"].kind.child is None:
            node.dirs["sessions"].dirs.clear()

    def mkdir(self, path: str) -> None:
        self._check_fault("mkdir", path)
        name = tp.base(path)
        node = self._dir(tp.parent(path))
        if name in node.dirs or name in node.values or name == "schema":
            raise self._error(errno.EEXIST, path)
        if node.kind.child is None:
            raise self._error(errno.EPERM, path)
        if node.kind.child is LUN and not name.isdecimal():
            raise self._error(errno.EINVAL, tp.parent(path), f"{name}: must be a number from 0 to 16383")
        child = self._make(node.kind.child, True)
        if node.kind.ordered:
            orders = [int(other.values["order"]) for other in node.dirs.values()]
            child.values["order"] = str(max(orders, default=-1) + 1)
        if "luns" in child.values:
            child.values["luns"] = tp.parent(tp.parent(path)).lstrip("/") + "/luns"
        # configfs lists roughly in the opposite order of making. Nothing may rely on an order.
        node.dirs = {name: child, **node.dirs} if len(node.dirs) < 100 else node.dirs
        node.dirs[name] = child
        self._changed("mkdir", path)

    def rmdir(self, path: str) -> None:
        self._check_fault("rmdir", path)
        node = self._dir(path)
        if not node.made:
            raise self._error(errno.EPERM, path)
        if node.values.get("enabled") == "1":
            raise self._error(errno.EBUSY, path)
        if any(tp.is_below(target, path) for target in self._all_links(self.top)):
            raise self._error(errno.EBUSY, path)
        if node.links or self._has_made(node):
            raise self._error(errno.ENOTEMPTY, path)
        del self._dir(tp.parent(path)).dirs[tp.base(path)]
        self._changed("rmdir", path)

    def _has_made(self, node: Dir) -> bool:
        return any(child.made or child.links or self._has_made(child) for child in node.dirs.values())

    def symlink(self, target: str, path: str) -> None:
        self._check_fault("symlink", path)
        node = self._dir(tp.parent(path))
        if not node.kind.links:
            raise self._error(errno.EPERM, path)
        if not target.startswith("/handlers/") or len(tp.parts(target)) != 3:
            raise self._error(errno.EINVAL, tp.parent(path), "the link must point to a device")
        self._dir(target)
        if tp.base(path) in node.links:
            raise self._error(errno.EEXIST, path)
        node.links[tp.base(path)] = target
        self._changed("symlink", path, target)

    def readlink(self, path: str) -> str:
        node = self._dir(tp.parent(path))
        if tp.base(path) not in node.links:
            raise self._error(errno.ENOENT, path)
        return node.links[tp.base(path)]

    def unlink(self, path: str) -> None:
        self._check_fault("unlink", path)
        node = self._dir(tp.parent(path))
        if tp.base(path) not in node.links:
            raise self._error(errno.ENOENT, path)
        del node.links[tp.base(path)]
        self._changed("unlink", path)


class Steps:
    """A tree in which something happens before the operation with the number `at`, from 0."""

    def __init__(self, tree: FakeTree, at: int, happens: Callable[[], object]) -> None:
        self.tree = tree
        self.at = at
        self.happens = happens
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.tree, name)
        return self._step(found) if callable(found) else found

    def _step(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            self.count += 1
            if self.count == self.at + 1:
                self.happens()
            return operation(*arguments)

        return step
