# SPDX-License-Identifier: GPL-2.0-only
"""Access to the configfs tree. Other modules see it only through `Tree`; tests use a model instead.

A path is absolute inside the tree: "/" is the root, "/handlers/vdisk_fileio/disk1" a device. Names and values
are str; bytes that are not UTF-8 become surrogate escapes.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import NamedTuple, Protocol

DEFAULT_ROOT = "/sys/kernel/config/cst"

# In bytes, with the newline. configfs cuts a value that is longer than a page, so the kernel refuses one that
# fills a page.
MAX_VALUE = 4094


class Listing(NamedTuple):
    """Names in a directory, by kind, unsorted."""

    dirs: list[str]
    files: list[str]
    links: list[str]


class Tree(Protocol):
    """What targetctl needs of a tree. Every method raises OSError as the system calls do."""

    root: str
    is_live: bool

    def listing(self, path: str) -> Listing:
        ...

    def is_dir(self, path: str) -> bool:
        ...

    def mode(self, path: str) -> int:
        ...

    def read(self, path: str) -> str:
        ...

    def write(self, path: str, value: str) -> None:
        ...

    def mkdir(self, path: str) -> None:
        ...

    def rmdir(self, path: str) -> None:
        ...

    def symlink(self, target: str, path: str) -> None:
        ...

    def readlink(self, path: str) -> str:
        ...

    def unlink(self, path: str) -> None:
        ...


def join(path: str, name: str) -> str:
    """path/name. path may be the root."""
    return path + name if path == "/" else f"{path}/{name}"


def parent(path: str) -> str:
    """The directory that contains path. That of the root is the root."""
    return path.rpartition("/")[0] or "/"


def owner(path: str) -> str:
    """The target or device (or similar object) that path is, or is a part of."""
    return "/" + "/".join(parts(path)[:3])


def base(path: str) -> str:
    """The last name of path."""
    return path.rpartition("/")[2]


def parts(path: str) -> list[str]:
    """The names in path. The root has none."""
    return [name for name in path.split("/") if name]


def resolve(cwd: str, path: str) -> str:
    """Make path absolute, without . and .. and repeated slashes. It is relative to cwd unless / is first."""
    result: list[str] = [] if path.startswith("/") else parts(cwd)
    for name in parts(path):
        if name == "..":
            del result[-1:]
        elif name != ".":
            result.append(name)
    return "/" + "/".join(result)


def is_below(path: str, top: str) -> bool:
    """Is path top or inside top?"""
    return path == top or top == "/" or path.startswith(top + "/")


_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts 2 before 10."""
    return tuple(
        (0, int(part), part) if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name) if part
    )


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def cut(text: str, size: int) -> str:
    """The first size bytes of text."""
    return decode(encode(text)[:size])


class OsTree:
    """The tree at a directory of this machine."""

    def __init__(self, root: str = DEFAULT_ROOT) -> None:
        self.root = root.rstrip("/") or "/"
        self.is_live = self.root == DEFAULT_ROOT
        self._root = encode(self.root)

    def _real(self, path: str) -> bytes:
        return self._root if path == "/" else self._root + encode(path)

    def listing(self, path: str) -> Listing:
        result = Listing([], [], [])
        with os.scandir(self._real(path)) as entries:
            for entry in entries:
                name = decode(entry.name)
                if entry.is_symlink():
                    result.links.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    result.dirs.append(name)
                else:
                    result.files.append(name)
        return result

    def is_dir(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self._real(path)).st_mode)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return False
            raise

    def mode(self, path: str) -> int:
        return stat.S_IMODE(os.lstat(self._real(path)).st_mode)

    def read(self, path: str) -> str:
        chunks = []
        handle = os.open(self._real(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            while True:
                chunk = os.read(handle, 1 << 16)
                if not chunk:
                    break
                chunks.append(chunk)
        finally:
            os.close(handle)
        data = b"".join(chunks)
        return decode(data[:-1] if data.endswith(b"\n") else data)

    def write(self, path: str, value: str) -> None:
        # The newline is needed for an empty value: a write of zero bytes does not get to the attribute.
        data = encode(value) + b"\n"
        if len(data) > MAX_VALUE:
            raise OSError(errno.E2BIG, os.strerror(errno.E2BIG), path)
        handle = os.open(self._real(path), os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if os.write(handle, data) != len(data):
                raise OSError(errno.EIO, "short write", path)
        finally:
            os.close(handle)

    def mkdir(self, path: str) -> None:
        os.mkdir(self._real(path))

    def rmdir(self, path: str) -> None:
        os.rmdir(self._real(path))

    def symlink(self, target: str, path: str) -> None:
        # configfs resolves a relative target from the current directory of the caller, when the link is made.
        # So the target is absolute.
        os.symlink(self._real(target), self._real(path))

    def readlink(self, path: str) -> str:
        real = self._real(path)
        target = os.path.normpath(os.path.join(os.path.dirname(real), os.readlink(real)))
        if target == self._root:
            return "/"
        if target.startswith(self._root + b"/"):
            return decode(target[len(self._root) :])
        return decode(target)

    def unlink(self, path: str) -> None:
        os.unlink(self._real(path))
