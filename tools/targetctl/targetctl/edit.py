# SPDX-License-Identifier: GPL-2.0-only
"""Changes the tree. A change that the kernel refuses raises RefusedError with the kernel's explanation."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Optional

from targetctl import modules, secret
from targetctl import tree as tp
from targetctl.errors import CtlError, NotFoundError, RefusedError, UsageError
from targetctl.model import (
    ENABLED,
    GONE,
    Node,
    errors_said,
    last_error,
    link_error,
    missing,
    takes_objects,
    try_node,
)
from targetctl.tree import Tree

# Disabling so many objects at a time takes as long as one of them may take. More objects wait for their turn.
_MOST_AT_ONCE = 256


def check_value(name: str, value: str) -> None:
    """Refuse a value that an attribute cannot hold."""
    if "\0" in value or "\n" in value:
        raise UsageError(f"{name}: a value cannot contain a newline or NUL")
    size = len(tp.encode(value)) + 1
    if size > tp.MAX_VALUE:
        raise UsageError(f"{name}: value of {size - 1} bytes; the kernel takes at most {tp.MAX_VALUE - 1}")


class Editor:
    """Changes one tree, and counts the changes."""

    def __init__(self, tree: Tree, loader: modules.Loader) -> None:
        self.tree = tree
        self.loader = loader
        self.changes = 0
        self._counting = threading.Lock()

    def _do(
        self,
        action: str,
        path: str,
        attribute: Optional[str],
        operation: Callable[[], None],
        reason: Callable[[int], Optional[str]],
    ) -> None:
        before = errors_said(self.tree)
        try:
            operation()
        except OSError as error:
            number = error.errno or errno.EIO
            raise RefusedError(action, path, number, attribute, reason(before)) from error
        with self._counting:
            self.changes += 1

    def mkdir(self, path: str) -> None:
        self._do(
            "create",
            path,
            None,
            lambda: self.tree.mkdir(path),
            lambda before: last_error(self.tree, before, path),
        )

    def rmdir(self, path: str) -> None:
        # configfs itself refuses rmdir and writes no last_error: what is there is about something else.
        self._do("delete", path, None, lambda: self.tree.rmdir(path), lambda _: None)

    def set(self, path: str, name: str, value: str) -> None:
        check_value(name, value)
        file = tp.join(path, name)

        def reason(before: int) -> Optional[str]:
            text = last_error(self.tree, before, path, name)
            return secret.masked(text, value) if text and self._may_be_secret(path, name) else text

        self._do("set", path, name, lambda: self.tree.write(file, value), reason)

    def _may_be_secret(self, path: str, name: str) -> bool:
        """Is the attribute secret, or gone, so that nobody can tell?"""
        try:
            return Node(self.tree, path).is_secret(name)
        except CtlError:
            return True

    def link(self, path: str, name: str, target: str) -> None:
        file = tp.join(path, name)
        try:
            self._do(
                "link",
                path,
                name,
                lambda: self.tree.symlink(target, file),
                lambda before: link_error(self.tree, before, path),
            )
        except RefusedError:
            if not self.tree.is_dir(target):
                raise missing(self.tree, target) from None
            raise

    def unlink(self, path: str, name: str) -> None:
        file = tp.join(path, name)
        self._do("unlink", path, name, lambda: self.tree.unlink(file), lambda _: None)

    def make(self, path: str, parents: bool = True) -> list[str]:
        """Make the object, and load its module if needed. With parents, make missing objects above it, too.

        Returns the paths that were made.
        """
        modules.provide(self.tree, self.loader, path)
        if not self.tree.is_dir("/"):
            raise missing(self.tree, path)
        above = tp.parent(path)
        if not parents and not self.tree.is_dir(above):
            module_directory = modules.missing_directory(self.tree, path)
            if module_directory is None:
                error = missing(self.tree, above)
                error.hint = self._hint_above(above)
                raise error
        made: list[str] = []
        current = "/"
        try:
            for name in tp.parts(path):
                current = tp.join(current, name)
                if not self.tree.is_dir(current):
                    if current == modules.missing_directory(self.tree, path):
                        raise NotFoundError(f"{current} does not exist: no loaded module provides it")
                    self.mkdir(current)
                    made.append(current)
        except CtlError:
            self.undo(made)
            raise
        return made

    def _hint_above(self, above: str) -> str:
        """The hint for a directory above that does not exist."""
        while not self.tree.is_dir(tp.parent(above)):
            above = tp.parent(above)
        node = Node(self.tree, tp.parent(above))
        if takes_objects(node):
            return "create it first, or use --parents"
        return "there are: " + (", ".join(node.sorted_dirs()) or "no objects")

    def undo(self, made: list[str]) -> None:
        """Remove directories that were just made. Errors are ignored: they would hide the error before."""
        for path in reversed(made):
            try:
                self.remove_object(path)
            except CtlError:
                return

    def remove_object(self, path: str) -> None:
        """Remove the links in an object and the object. If it cannot be removed, make the links again."""
        node = Node(self.tree, path)
        removed: list[tuple[str, str]] = []
        try:
            for name in node.links:
                target = node.link_target(name)
                self.unlink(path, name)
                removed.append((name, target))
            self.rmdir(path)
        except RefusedError:
            for name, target in removed:
                self.link(path, name, target)
            raise

    def take_down(self, path: str, problems: Optional[list[CtlError]] = None) -> None:
        """Disable all enabled objects at and below path. Outer objects come first, as they use inner ones.

        Objects of one depth are disabled at the same time: each may take as long as the kernel allows, and
        none waits for another one. Errors are added to problems; without problems the first error is raised.
        """
        level = [path]
        while level:
            nodes = [node for node in (try_node(self.tree, name) for name in level) if node is not None]
            errors = self._disable_all([node.path for node in nodes if node.enabled()])
            if errors and problems is None:
                raise errors[0]
            if problems is not None:
                problems += errors
            # Disabling has ended sessions, whose directories no longer exist.
            nodes = [node for node in (try_node(self.tree, node.path) for node in nodes) if node is not None]
            level = [node.child_path(name) for node in nodes for name in node.dirs]

    def _disable_all(self, paths: list[str]) -> list[CtlError]:
        def disable(path: str) -> Optional[CtlError]:
            try:
                self.set(path, ENABLED, "0")
            except CtlError as error:
                return error
            return None

        if len(paths) < 2:
            found = [disable(path) for path in paths]
        else:
            with ThreadPoolExecutor(min(len(paths), _MOST_AT_ONCE)) as pool:
                found = list(pool.map(disable, paths))
        return [error for error in found if error is not None]

    def remove_below(self, path: str, problems: Optional[list[CtlError]] = None) -> None:
        """Remove every object below path, inner ones first. With problems, add errors there and go on."""
        node = try_node(self.tree, path)
        if node is None:
            return
        for name in node.sorted_dirs():
            self._remove_tree(node.child_path(name), problems)

    def _remove_tree(self, path: str, problems: Optional[list[CtlError]]) -> None:
        self.remove_below(path, problems)
        try:
            self.remove_object(path)
        except NotFoundError:
            return
        except RefusedError as error:
            # EPERM: the kernel made the object, which goes with its parent. GONE: a session that has ended.
            if error.number == errno.EPERM or error.number in GONE:
                return
            if problems is None:
                raise
            problems.append(error)
