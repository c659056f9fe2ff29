# SPDX-License-Identifier: GPL-2.0-only
"""What a command works with: the tree, the output streams, state files, and the options of this run."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any, TextIO

from targetctl import render
from targetctl import tree as tp
from targetctl.edit import Editor
from targetctl.errors import CtlError
from targetctl.lock import Lock
from targetctl.model import in_other_case
from targetctl.modules import Modprobe, NoLoader
from targetctl.pending import PendingFile
from targetctl.tree import Tree

JSON_VERSION = 1


def user_state_directory() -> str:
    """The directory for state of this user, by the XDG rules."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "targetctl")


@dataclass(frozen=True)
class Files:
    """Paths of the lock file, and of the file that keeps what a restore could not do."""

    lock: str
    pending: str

    @classmethod
    def for_tree(cls, root: str, is_live: bool) -> Files:
        """Files of the system for the tree of the running kernel; files of the user for any other tree."""
        run, state = "/run/cst", "/var/lib/cst"
        if not is_live:
            mark = hashlib.sha256(tp.encode(os.path.abspath(root))).hexdigest()[:16]
            run = state = os.path.join(user_state_directory(), mark)
        run = os.environ.get("CST_RUN_DIR") or run
        state = os.environ.get("CST_STATE_DIR") or state
        return cls(os.path.join(run, "targetctl.lock"), os.path.join(state, "pending.json"))


@dataclass
class Context:
    """Everything a command may use."""

    tree: Tree
    out: TextIO
    err: TextIO
    files: Files
    lock_timeout: float = 10.0
    as_json: bool = False
    show_secrets: bool = False
    interactive: bool = False
    cwd: str = "/"
    # Whether the command has used a secret attribute; and names of attributes in it that are not secret.
    secret_used: bool = False
    plain: set[str] = field(default_factory=set)
    lock: Lock = field(init=False)
    pending: PendingFile = field(init=False)

    def __post_init__(self) -> None:
        self.lock = Lock(self.files.lock, self.lock_timeout)
        self.pending = PendingFile(self.files.pending, self.report)

    def editor(self) -> Editor:
        """An editor for one command. It tries each missing module once; the next command tries it again."""
        if self.tree.is_live:
            return Editor(self.tree, Modprobe())
        return Editor(self.tree, NoLoader())

    def resolve(self, path: str) -> str:
        """Make path absolute. The letter case of a target's name does not matter, as in a login."""
        return in_other_case(self.tree, tp.resolve(self.cwd, path))

    def say(self, text: str) -> None:
        """Print a line of the result."""
        self.out.write(text + "\n")

    def warn(self, text: str) -> None:
        """Print a line of diagnosis."""
        self.err.write(render.visible(text) + "\n")

    def report(self, error: CtlError, where: str = "") -> None:
        """Print an error on stderr; where is the script and line, if there is one."""
        first, *rest = error.lines()
        self.warn(f"{where or 'targetctl'}: {first}")
        for line in rest:
            self.warn(line)

    def say_json(self, command: str, body: dict[str, Any]) -> None:
        document: dict[str, Any] = {"schema_version": JSON_VERSION, "command": command}
        document.update(body)
        self.out.write(json.dumps(document, indent=1, ensure_ascii=True) + "\n")
