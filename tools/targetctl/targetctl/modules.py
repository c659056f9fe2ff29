# SPDX-License-Identifier: GPL-2.0-only
"""Loads the kernel modules of handlers and fabrics whose directories do not exist yet, by their aliases."""

from __future__ import annotations

import os
import subprocess
from typing import Optional, Protocol

from targetctl import tree as tp
from targetctl.tree import Tree

_ALIAS = {"handlers": "cst-handler-", "targets": "cst-fabric-"}
_MODPROBE = "/sbin/modprobe"


class Loader(Protocol):
    """Loads a module by name or alias."""

    def load(self, name: str) -> bool:
        ...


class Modprobe:
    """Loads modules with modprobe. One object tries each name only once.

    A restore may need the same missing module for thousands of objects. Each command and each try of `watch`
    makes an object of its own, as the module may be installed later, or unloaded.
    """

    def __init__(self) -> None:
        self._tried: set[str] = set()

    def load(self, name: str) -> bool:
        if name in self._tried or os.geteuid() != 0:
            return False
        self._tried.add(name)
        try:
            done = subprocess.run(
                [_MODPROBE, "-q", "--", name],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0


class NoLoader:
    """For trees that are not those of the running kernel: loads nothing."""

    def load(self, name: str) -> bool:
        del name
        return False


def missing_directory(tree: Tree, path: str) -> Optional[str]:
    """The directory of the handler or fabric of path, if it does not exist. Only a module makes it."""
    names = tp.parts(path)
    if len(names) < 2 or names[0] not in _ALIAS:
        return None
    directory = "/" + "/".join(names[:2])
    return None if tree.is_dir(directory) else directory


def provide(tree: Tree, loader: Loader, path: str) -> None:
    """Load the modules that make the root, and the directory of the handler or fabric of path."""
    if not tree.is_dir("/"):
        loader.load("cst")
    directory = missing_directory(tree, path)
    if directory is not None:
        kind, name = tp.parts(directory)
        loader.load(_ALIAS[kind] + name)
