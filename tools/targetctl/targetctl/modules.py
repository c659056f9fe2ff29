# SPDX-License-Identifier: GPL-2.0-only
"""Loads the kernel modules behind directories that are not there yet, by their aliases."""

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
    """The real loader. Each name is tried once."""

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
    """For trees that are not the running kernel's."""

    def load(self, name: str) -> bool:
        del name
        return False


def missing_directory(tree: Tree, path: str) -> Optional[str]:
    """The handler or fabric directory that path lies in, if it does not exist: only a module can make it."""
    names = tp.parts(path)
    if len(names) < 2 or names[0] not in _ALIAS:
        return None
    directory = "/" + "/".join(names[:2])
    return None if tree.is_dir(directory) else directory


def provide(tree: Tree, loader: Loader, path: str) -> None:
    """Make the root, and the handler or fabric directory of path, appear if a module can do that."""
    if not tree.is_dir("/"):
        loader.load("cst")
    directory = missing_directory(tree, path)
    if directory is not None:
        kind, name = tp.parts(directory)
        loader.load(_ALIAS[kind] + name)
