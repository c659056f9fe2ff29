# SPDX-License-Identifier: GPL-2.0-only
"""The configuration file: its format, reading it with checks, and writing it as a whole or not at all.

A file is JSON: {"format": "cst-config", "version": 1, "objects": [{"path", "attributes", "links"}, ...]}. All
values are strings as the tree shows them. Objects are made again in the order of the file. It matters where
the kernel goes by the order of objects (ini_groups).
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Optional

from targetctl import tree as tp
from targetctl.edit import check_value
from targetctl.errors import EXIT_DENIED, CtlError, NotFoundError, UsageError, errno_text, exit_code

FORMAT = "cst-config"
VERSION = 1
DEFAULT_DIRECTORY = "/etc/cst"
DEFAULT_FILE = DEFAULT_DIRECTORY + "/config.json"


@dataclass
class Entry:
    """What is configured at one path. `place` is where in the file the entry is, for messages."""

    path: str
    attributes: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    place: str = field(default="", compare=False)

    def to_json(self) -> dict[str, Any]:
        result: dict[str, Any] = {"path": self.path}
        if self.attributes:
            result["attributes"] = self.attributes
        if self.links:
            result["links"] = self.links
        return result


def is_user_object(path: str) -> bool:
    """Is path below a directory such as that of a handler or a fabric? These themselves are the kernel's."""
    return len(tp.parts(path)) > 2


def _value(where: str, raw: object) -> str:
    if isinstance(raw, bool):
        return "1" if raw else "0"
    if isinstance(raw, int):
        return str(raw)
    if isinstance(raw, str):
        return raw
    raise UsageError(f"{where}: a value must be a string, a whole number, true or false")


def _mapping(where: str, raw: object) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise UsageError(f"{where} must be an object")
    result = {}
    for name, value in raw.items():
        if not name or "/" in name or "\0" in name or name in (".", ".."):
            raise UsageError(f"{where}: {name!r} is not a name")
        result[name] = _value(f"{where}.{name}", value)
        check_value(f"{where}.{name}", result[name])
    return result


def parse_path(where: str, raw: object) -> str:
    """Check that raw is a path in the tree, in canonical form, and return it."""
    if not isinstance(raw, str) or not raw.startswith("/") or "\0" in raw or tp.resolve("/", raw) != raw:
        raise UsageError(f"{where}: {raw!r} is not an absolute path in canonical form")
    return raw


def parse_entry(where: str, raw: object, extra: tuple[str, ...] = ()) -> Entry:
    """Check one element of `objects`. Unknown keys are errors unless they are in extra."""
    if not isinstance(raw, dict):
        raise UsageError(f"{where} must be an object")
    unknown = set(raw) - {"path", "attributes", "links", *extra}
    if unknown:
        raise UsageError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    path = parse_path(f"{where}.path", raw.get("path"))
    links = _mapping(f"{where}.links", raw.get("links", {}))
    for name, target in links.items():
        parse_path(f"{where}.links.{name}", target)
    return Entry(path, _mapping(f"{where}.attributes", raw.get("attributes", {})), links, where)


def _not_ours(name: str, document: object) -> UsageError:
    found = "it has no format marker"
    if isinstance(document, dict):
        if "storage_objects" in document or "fabric_modules" in document:
            found = "it looks like a LIO configuration (targetcli, rtslib)"
        elif "subsystems" in document and "ports" in document:
            found = "it looks like an NVMe target configuration (nvmetcli)"
        elif "format" in document:
            found = f"its format is {document['format']!r}"
    return UsageError(f"{name} is not a configuration of cst: {found}", f'wanted: "format": "{FORMAT}"')


def load_json(name: str, data: bytes) -> object:
    """Decode JSON. Repeated keys and bytes that are not UTF-8 are errors."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise UsageError(f"{name}: key {twice!r} appears twice in one object")
        return result

    if not data.strip(b"\0 \t\r\n"):
        raise UsageError(f"{name} is empty", "a copy of it, or the last one that was saved, may be restored")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{name}, line {error.lineno}, column {error.colno}: {error.msg}", "not a configuration of cst?"
        ) from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply") from error
    except ValueError as error:
        # Python refuses to convert a number of thousands of digits.
        raise UsageError(f"{name}: a number is too long") from error


def parse(name: str, data: bytes) -> list[Entry]:
    """The objects of a configuration file."""
    document = load_json(name, data)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _not_ours(name, document)
    if document.get("version") != VERSION:
        raise UsageError(
            f"{name} has version {document.get('version')!r}; this program reads version {VERSION}"
        )
    objects = document.get("objects")
    if not isinstance(objects, list):
        raise UsageError(f"{name}: objects must be a list")
    entries = [parse_entry(f"{name}: objects[{index}]", raw) for index, raw in enumerate(objects)]
    seen: set[str] = set()
    for entry in entries:
        if entry.path in seen:
            raise UsageError(f"{name}: {entry.path} appears twice")
        seen.add(entry.path)
    return entries


def file_error(action: str, path: str, error: OSError) -> CtlError:
    """The error for a failed operation on an ordinary file."""
    number = error.errno or errno.EIO
    text = errno_text(number, "file")
    if number == errno.ENOENT:
        return NotFoundError(f"cannot {action} {path}: {text}")
    return CtlError(exit_code(number), f"cannot {action} {path}: {text}")


def read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise file_error("read", path, error) from error


def load(path: str) -> list[Entry]:
    """The objects of the configuration file at path."""
    return parse(path, read_file(path))


def to_bytes(document: dict[str, Any]) -> bytes:
    """Encode JSON. If a name or value is not UTF-8, all that is not ASCII becomes escapes."""
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def dump(entries: list[Entry], origin: dict[str, str]) -> bytes:
    """The configuration file as bytes."""
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    document.update(origin)
    document["objects"] = [entry.to_json() for entry in entries]
    return to_bytes(document)


def write_atomic(path: str, data: bytes, own_directories: Sequence[str] = (DEFAULT_DIRECTORY,)) -> None:
    """Replace the file at path by data as a whole, with mode 0600. It is durable when this returns.

    The caller holds the lock, so a temporary file that exists was left behind by a crash, and is removed. A
    missing folder is made only if it is in own_directories: another one is a typing error or not mounted.
    """
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    prefix, suffix = f".{os.path.basename(target)}.", ".tmp"
    temporary: Optional[str] = None
    try:
        if directory in own_directories:
            _make_directory(directory)
        for name in os.listdir(directory):
            if name.startswith(prefix) and name.endswith(suffix):
                with suppress(OSError):
                    os.unlink(os.path.join(directory, name))
        handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=directory)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, target)
        temporary = None
        sync_directory(directory)
    except OSError as error:
        raise file_error("write", path, error) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def remove(path: str) -> None:
    """Remove the file at path if it exists. The removal is durable when this returns."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
            sync_directory(os.path.dirname(path))
    except OSError as error:
        raise file_error("remove", path, error) from error


_ASIDE = ".damaged"


def moved_aside(path: str) -> list[str]:
    """What move_aside() has made of files at path."""
    directory, name = os.path.split(path)
    try:
        names = os.listdir(directory)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return []
        raise file_error("read", directory, error) from error
    return sorted(os.path.join(directory, other) for other in names if other.startswith(name + _ASIDE))


def move_aside(path: str) -> str:
    """Rename the file at path, and return the new path. It replaces no file. The caller has the lock."""
    taken = moved_aside(path)
    numbered = (f"{path}{_ASIDE}.{number}" for number in itertools.count(1))
    aside = next(name for name in numbered if name not in taken)
    try:
        os.rename(path, aside)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise file_error("rename", path, error) from error
    return aside


def _make_directory(directory: str) -> None:
    """Make a directory and missing ones above it. Each is durable when its parent was synced."""
    if os.path.isdir(directory):
        return
    parent = os.path.dirname(directory)
    _make_directory(parent)
    with suppress(FileExistsError):
        os.mkdir(directory, mode=0o700)
    sync_directory(parent)


def sync_directory(directory: str) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_overwrite(path: str, entries: list[Entry]) -> None:
    """Refuse to replace a file that is no configuration of cst, or a file with objects by one without."""
    try:
        old = parse(path, read_file(path))
    except NotFoundError:
        return
    except UsageError as error:
        raise CtlError(
            EXIT_DENIED, f"not overwriting: {error.message}", "use --force to replace it"
        ) from error
    if any(is_user_object(entry.path) for entry in old) and not any(
        is_user_object(entry.path) for entry in entries
    ):
        raise CtlError(
            EXIT_DENIED,
            f"not overwriting {path}: it has {len(old)} objects and the tree has none",
            "use --force if the configuration is meant to be empty",
        )
