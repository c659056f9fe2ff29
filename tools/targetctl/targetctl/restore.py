# SPDX-License-Identifier: GPL-2.0-only
"""Makes the tree what a configuration file says. It adds and changes objects, and never deletes any.

The order: attributes of the root; handlers, whose devices are each enabled when they are complete; targets
with their parts; everything else; and then the enabling of the other objects. What has failed is tried once
more if something else has succeeded meanwhile. So parts that can be made only in an enabled object are made,
too.

A restore fails closed. A LUN whose attributes could not be set gets no device, because the file may say that
the LUN is read-only. An object is not enabled if a part is missing that decides who may reach it: without one
of its groups the initiators of the group would see the target's own LUNs, and without a portal the target
would listen everywhere. Missing LUNs and sessions do no such harm. A group is not made when an earlier group
has failed: the first group that matches an initiator decides, so the order of groups is access control.

What may become possible later is pending: a backing, an address, a module, memory may be missing. What can
never become possible is refused and not kept: an attribute that the object does not have, or a value that the
attribute does not take. The error names the place in the file. The enabling of an object that needs it is not
kept either, nor is a change that an object in use does not take.

A host may have ten thousand LUNs. An object that was just made has its defaults and is not enabled, so its
values are not read before they are set. Only when one is refused, the object is filled in the slower way,
which finds the reason.

An object is not enabled if one of its paths does not answer: enabling would wait in the kernel for that path,
and everything after it would wait, too.

With force, an object that serves is disabled for a change that needs it. If it cannot be enabled with the
change, it gets back what it had and is enabled again; the change is told and not kept, as it is in use.
"""

from __future__ import annotations

import difflib
import errno
from dataclasses import dataclass, field
from typing import Callable, Optional

from targetctl import modules, secret
from targetctl import tree as tp
from targetctl.edit import Editor
from targetctl.errors import (
    EXIT_BUSY,
    EXIT_EXISTS,
    EXIT_KERNEL,
    EXIT_PARTIAL,
    CtlError,
    NotFoundError,
    RefusedError,
)
from targetctl.look import Look, paths_in
from targetctl.model import ENABLED, ORDER, Node, in_kernel_order, optional_value
from targetctl.pending import Item, Pending, PendingFile
from targetctl.snapshot import part_rank
from targetctl.store import Entry

GROUPS, LUNS = "ini_groups", "luns"
# A later attempt gets these errors as well.
_NEVER = (errno.EINVAL, errno.ERANGE, errno.ENAMETOOLONG)
_TOP = {"handlers": 1, "targets": 2}
_REST = 3


@dataclass
class Work:
    """One entry of the file, and what is left to do for it."""

    entry: Entry
    attributes: dict[str, str]
    links: dict[str, str]
    enable: Optional[str]
    made: bool = False
    is_fresh: bool = False
    errors: list[CtlError] = field(default_factory=list)
    seen: dict[str, Optional[str]] = field(default_factory=dict)
    refused: bool = False

    @property
    def path(self) -> str:
        return self.entry.path

    @property
    def is_done(self) -> bool:
        return self.made and not self.attributes and not self.links and self.enable is None


@dataclass
class Result:
    """The outcome of a restore."""

    changes: int
    errors: list[CtlError]
    pending: Pending


def _part_order(name: str) -> tuple[int, bool]:
    """Sort key for a part of a target. Groups come before the target's LUNs.

    All initiators that are in no group see these LUNs.
    """
    return (part_rank(LUNS), False) if name == GROUPS else (part_rank(name), True)


def _rank(entries: list[Entry]) -> list[Entry]:
    """Sort the entries by when they are restored. Where that does not matter, the file's order is kept."""
    owners: dict[tuple[str, ...], int] = {}

    def key(entry: Entry) -> tuple[int, int, tuple[int, bool]]:
        names = tp.parts(entry.path)
        if not names:
            return 0, 0, (-1, False)
        owner = owners.setdefault(tuple(names[:3]), len(owners)) if len(names) > 2 else -1
        part = _part_order(names[3]) if len(names) > 3 else (-1, False)
        return _TOP.get(names[0], _REST), owner, part

    return sorted(entries, key=key)


class Restorer:
    """One restore of one file.

    look returns the paths that answer. Without it all paths count as answering.
    """

    def __init__(
        self,
        editor: Editor,
        entries: list[Entry],
        force: bool,
        look: Optional[Callable[[list[str]], Look]] = None,
    ) -> None:
        self.editor = editor
        self.tree = editor.tree
        self.force = force
        self.look = look
        self.works = []
        for entry in _rank(entries):
            attributes = dict(entry.attributes)
            enable = attributes.pop(ENABLED, None)
            self.works.append(Work(entry, attributes, dict(entry.links), enable))
        self.by_path = {work.path: work for work in self.works}
        self._enabled: dict[str, Optional[bool]] = {}
        self._stopped: dict[str, str] = {}
        self._listed: dict[str, set[str]] = {}
        # Objects that were disabled for a change, and what was changed since: path, attribute, old value.
        self._paused: dict[str, list[tuple[str, str, str]]] = {}
        # Those of them that could not be enabled again.
        self._stuck: set[str] = set()
        # Why an attribute or link could not be changed. Nothing that serves is disabled for it a second time.
        self._refusals: dict[tuple[str, str], CtlError] = {}
        # Paths of objects that lack a part that decides who may reach them.
        self._open: set[str] = set()
        self._silent: set[str] = set()

    def planned(self) -> Pending:
        """All that is to be restored, as items that are begun. Nothing must have been changed yet."""
        pending = Pending()
        items: dict[str, Item] = {}
        for work in self.works:
            entry = Entry(work.path, dict(work.entry.attributes), dict(work.entry.links))
            items[work.path] = Item(entry, not self.tree.is_dir(work.path), "", {}, True)
        for work in self.works if self.force else []:
            # A change may disable it for a while.
            owner = self._enabled_owner(work.path)
            if owner is not None:
                item = items.setdefault(owner, Item(Entry(owner), False, "", {}, True))
                item.entry.attributes.setdefault(ENABLED, "1")
        # What does not exist yet was looked at, too.
        self._enabled.clear()
        pending.items = list(items.values())
        self._add_sequence(pending, {tp.parent(path) for path in items})
        return pending

    def run(self) -> Result:
        if self.look is not None:
            wanted = {path for work in self.works if work.enable == "1" for path in self._paths(work)}
            self._silent = wanted - self.look(sorted(wanted)).keys()
        self._pass()
        if self.editor.changes and any(work.errors for work in self.works):
            self._pass()
        for owner, changed in self._paused.items():
            self._resume(self.by_path[owner], changed)
        errors = [error for work in self.works for error in work.errors]
        return Result(self.editor.changes, errors, self._pending())

    @staticmethod
    def _paths(work: Work) -> set[str]:
        """The folders of the paths in the work's attributes. A path answers if its folder does.

        Ten thousand files are in few folders. The dot at the end triggers an automount, as opening does.
        """
        paths = paths_in(work.entry.attributes.values())
        return {tp.parent(path).rstrip("/") + "/." for path in paths}

    def _pass(self) -> None:
        self._stopped = {}
        self._listed = {}
        self._open = set()
        for work in self.works:
            work.errors = []
            work.refused = False
        for work in [work for work in self.works if not work.is_done]:
            self._apply(work)
            if tp.parts(work.path)[:1] == ["handlers"]:
                self._enable(work, 0)
        self._order_groups()
        blocked: dict[str, int] = {}
        for work in self.works:
            owner = self._owner_of_failure(work) if work.errors else None
            if owner is not None and owner is not work:
                blocked[owner.path] = blocked.get(owner.path, 0) + 1
        for work in sorted(self.works, key=lambda work: -len(tp.parts(work.path))):
            self._enable(work, blocked.get(work.path, 0))

    def _owner_of_failure(self, work: Work) -> Optional[Work]:
        """The object that must not be enabled, because work has failed; None if it may be."""
        inner: list[str] = []
        path = work.path
        while path != "/":
            owner = self.by_path.get(path)
            if owner is not None and ENABLED in owner.entry.attributes:
                return None if self._is_harmless(work, inner) else owner
            inner.insert(0, tp.base(path))
            path = tp.parent(path)
        return None

    def _is_harmless(self, work: Work, inner: list[str]) -> bool:
        """May the object be enabled while the part at inner is incomplete?"""
        in_group = inner[:1] == [GROUPS] and inner[2:3] == ["luns"]
        if inner[:1] not in (["luns"], ["sessions"]) and not in_group:
            return False
        # A LUN that has its device, but not all its attributes, may let initiators do too much.
        return not (work.made and work.attributes and Node(self.tree, work.path).links)

    def _apply(self, work: Work) -> None:
        try:
            if not work.made:
                self._make(work)
            if work.made:
                self._fill(work)
        except CtlError as error:
            if not work.made and isinstance(error, RefusedError) and error.number in _NEVER:
                work.refused = True
            work.errors.append(error)
        inner = tp.parts(work.path)[3:]
        if work.errors and inner and not self._is_harmless(work, inner):
            self._open.add(tp.owner(work.path))

    def _make(self, work: Work) -> None:
        path = work.path
        above, name = tp.parent(path), tp.base(path)
        # Directories further up are made by modules only.
        names = self._names(above) if len(tp.parts(above)) > 1 else None
        if not (self.tree.is_dir(path) if names is None else name in names):
            failed = self._failed_above(path) if names is None else None
            if failed is not None:
                work.refused = failed.refused
                raise CtlError(
                    failed.errors[0].code, f"not created: {path}, because {failed.path} is missing"
                )
            if above in self._stopped:
                work.refused = self.by_path[tp.join(above, self._stopped[above])].refused
                raise CtlError(EXIT_EXISTS, f"not created: {path} must come after {self._stopped[above]}")
            owner = tp.owner(path)
            if above == tp.join(owner, LUNS) and owner in self._open and self._has_served(owner):
                raise CtlError(
                    EXIT_EXISTS,
                    f"not created: {path}: {owner} is enabled and lacks a part that decides who sees it",
                )
            try:
                if names is None:
                    self.editor.make(path)
                else:
                    self.editor.mkdir(path)
                    names.add(name)
            except CtlError:
                if tp.base(above) == GROUPS:
                    self._stopped[above] = name
                raise
            work.is_fresh = True
        work.made = True

    def _names(self, path: str) -> Optional[set[str]]:
        """Names of the directories in path; None if it is not there. It is listed once for all works."""
        if path not in self._listed:
            try:
                self._listed[path] = set(self.tree.listing(path).dirs)
            except OSError:
                return None
        return self._listed[path]

    def _failed_above(self, path: str) -> Optional[Work]:
        while path != "/":
            path = tp.parent(path)
            work = self.by_path.get(path)
            if work is not None and work.errors and not work.made:
                return work
        return None

    def _fill_fresh(self, work: Work) -> bool:
        """Fill an object that was just made. False if something was refused; the rest is still to be done."""
        try:
            for name, value in list(work.attributes.items()):
                self.editor.set(work.path, name, value)
                del work.attributes[name]
            for name, target in list(work.links.items()):
                self.editor.link(work.path, name, target)
                del work.links[name]
        except CtlError:
            work.is_fresh = False
        return work.is_fresh

    def _fill(self, work: Work) -> None:
        if work.is_fresh and self._fill_fresh(work):
            return
        node = Node(self.tree, work.path)
        if work.enable == "0" and node.enabled():
            self._switch(work.path, "0")
            work.enable = None
        for name, value in list(work.attributes.items()):
            try:
                if name not in node.files:
                    work.refused = True
                    raise self._unknown(work, node, name)
                if self._set(work, node, name, value):
                    del work.attributes[name]
            except CtlError as error:
                if isinstance(error, RefusedError) and error.number in _NEVER:
                    work.refused = True
                if self._serves(work, node):
                    work.refused = True
                work.errors.append(error)
        if work.attributes:
            return
        for name, target in list(work.links.items()):
            try:
                self._link(node, name, target)
                del work.links[name]
            except CtlError as error:
                work.errors.append(error)

    def _serves(self, work: Work, node: Node) -> bool:
        """Is the object in use? Then a change that is refused now must not happen later by itself."""
        return self._enabled_owner(node.path) is not None and all(name in node.links for name in work.links)

    @staticmethod
    def _unknown(work: Work, node: Node, name: str) -> NotFoundError:
        known = [attribute.name for attribute in node.attributes()]
        close = difflib.get_close_matches(name, known, 1)
        place = f"{work.entry.place}.attributes.{name}: " if work.entry.place else ""
        return NotFoundError(
            f"{place}{node.path} has no attribute {name!r}; it is left out",
            f"did you mean {close[0]}?" if close else "attributes there: " + (", ".join(known) or "none"),
        )

    def _set(self, work: Work, node: Node, name: str, value: str) -> bool:
        work.seen[name] = None
        attribute = node.attribute(name)
        current = node.read(name)
        if value == current or attribute.canonical(value) == current:
            return True
        work.seen[name] = current
        owner = self._enabled_owner(node.path) if attribute.when == "disabled" else None
        if owner is not None:
            if not self.force:
                raise CtlError(
                    EXIT_BUSY,
                    f"not changed: {node.path}: {name} may be written only while {owner} is disabled",
                    "restore --force disables it, changes it and enables it again",
                )
            if (node.path, name) in self._refusals:
                raise self._refusals[node.path, name]
            self._pause(owner, f"{node.path}: {name}")
        if attribute.when == "disabled":
            self._note_old(node.path, name, current)
        try:
            self.editor.set(node.path, name, value)
            now = node.read(name) if attribute.readable else value
            if now not in (value, attribute.canonical(value)):
                shown = secret.MASK if node.is_secret(name) else repr(now)
                raise CtlError(EXIT_KERNEL, f"not changed: {node.path}: {name} still reads {shown}")
        except CtlError as error:
            self._refusals[node.path, name] = error
            raise
        return True

    def _pause(self, owner: str, what: str) -> None:
        """Disable owner for a change of what. It is enabled again later, unless the file says not to."""
        work = self.by_path.get(owner)
        if work is None:
            work = Work(Entry(owner, {ENABLED: "1"}), {}, {}, None, made=True)
            self.works.append(work)
            self.by_path[owner] = work
        if work.enable == "0":
            self._switch(owner, "0")
            return
        silent = self._paths(work) & self._silent
        if silent:
            # Enabling it again would wait for that path.
            folder = tp.parent(min(silent))
            raise CtlError(EXIT_BUSY, f"not changed: {what}, because {folder} does not answer")
        self._switch(owner, "0")
        self._paused.setdefault(owner, [])
        work.enable = "1"

    def _note_old(self, path: str, name: str, value: str) -> None:
        """Note the old value of an attribute of an object that is disabled for the change."""
        for owner, changed in self._paused.items():
            if tp.is_below(path, owner):
                changed.append((path, name, value))

    def _resume(self, work: Work, changed: list[tuple[str, str, str]]) -> None:
        """Enable an object again that was disabled for a change, and could not be enabled with the change.

        It served with the values that it had, so it gets back all that may be changed only while it is
        disabled: those values may belong together. If that fails as well, it is pending, as the file says.
        """
        if work.enable is None:
            return
        back: list[tuple[Work, str, str]] = []
        try:
            for path, name, old in reversed(changed):
                if Node(self.tree, path).read(name) != old:
                    self.editor.set(path, name, old)
                    back.append((self.by_path[path], name, old))
            self._switch(work.path, "1")
        except CtlError as error:
            error.hint = f"{work.path} was enabled before; it is pending now"
            work.errors.append(error)
            work.seen[ENABLED] = "0"
            self._stuck.add(work.path)
            for holder, name, old in back:
                holder.attributes[name] = holder.entry.attributes[name]
                holder.seen[name] = old
            return
        work.enable = None
        for holder, name, _ in back:
            holder.errors.append(
                CtlError(
                    EXIT_PARTIAL,
                    f"not changed: {holder.path}: {name} is what it was, because {work.path} did not come up"
                    " with what the file says",
                )
            )
        for part in self.works:
            if part.errors and part.made and part.attributes and tp.is_below(part.path, work.path):
                part.refused = part.refused or self._serves(part, Node(self.tree, part.path))

    def _link(self, node: Node, name: str, target: str) -> None:
        if name in node.links:
            current = node.link_target(name)
            if current == target:
                return
            if not self.force:
                raise CtlError(
                    EXIT_EXISTS,
                    f"not changed: {node.path}: {name} links to {current}, the file says {target}",
                    "restore --force changes the link",
                )
            if (node.path, name) in self._refusals:
                raise self._refusals[node.path, name]
            self.editor.unlink(node.path, name)
            try:
                self.editor.link(node.path, name, target)
            except CtlError as error:
                self._refusals[node.path, name] = error
                self._link_again(node.path, name, current, error)
                raise
            return
        self.editor.link(node.path, name, target)

    def _link_again(self, path: str, name: str, target: str, why: CtlError) -> None:
        """Give an object the link back that it had, as another one could not be made."""
        try:
            self.editor.link(path, name, target)
        except CtlError as error:
            why.hint = f"nor can it be linked to {target} again: {error.message}"

    def _enabled_owner(self, path: str) -> Optional[str]:
        """The nearest object at or above path that has `enabled`, if it is enabled; else None."""
        while path != "/":
            if path not in self._enabled:
                value = optional_value(self.tree, tp.join(path, ENABLED))
                self._enabled[path] = None if value is None else value == "1"
            state = self._enabled[path]
            if state is not None:
                return path if state else None
            path = tp.parent(path)
        return None

    def _has_served(self, owner: str) -> bool:
        """Is the object enabled, or only disabled for a change?"""
        return owner in self._paused or self._enabled_owner(owner) is not None

    def _switch(self, path: str, value: str) -> None:
        self._enabled.pop(path, None)
        self.editor.set(path, ENABLED, value)
        self._enabled[path] = value == "1"

    def _enable(self, work: Work, blocked: int) -> None:
        """Set `enabled` as the file says, unless the object is incomplete.

        blocked is the number of its parts that have failed and must not be missing.
        """
        value = work.enable
        if value is None or not work.made:
            return
        try:
            current = "0" if work.is_fresh else Node(self.tree, work.path).read(ENABLED)
            if current == value:
                work.enable = None
                return
            work.seen[ENABLED] = current
            if work.errors:
                return
            if blocked:
                if work.path in self._paused:
                    return
                raise CtlError(
                    EXIT_BUSY,
                    f"not enabled: {work.path}: {blocked} of its parts could not be restored",
                    "put them right and restore again, or enable it by hand",
                )
            silent = self._paths(work) & self._silent if value == "1" else set()
            if silent:
                folder = tp.parent(min(silent))
                raise CtlError(EXIT_BUSY, f"not enabled: {work.path}: {folder} does not answer")
            self._switch(work.path, value)
            work.enable = None
            self._paused.pop(work.path, None)
        except CtlError as error:
            work.is_fresh = False
            work.errors.append(error)

    def _order_groups(self) -> None:
        """Bring groups into the order of the file, because the order decides access.

        That is the order of their `order` attributes, or of their places in the file if one has no `order`.
        Groups are moved from first to last, so any two groups are always in their old or their new order.
        """
        wanted: dict[str, list[Work]] = {}
        for work in self.works:
            above = tp.parent(work.path)
            if tp.base(above) == GROUPS and work.made:
                wanted.setdefault(above, []).append(work)
        for container, works in wanted.items():
            given = [work.entry.attributes.get(ORDER, "") for work in works]
            if all(value.isdecimal() for value in given):
                works = sorted(works, key=lambda work: int(work.entry.attributes[ORDER]))
            paths = [work.path for work in works]
            real = [path for path in self._in_order(container) if path in paths]
            if real != paths:
                self._move(works, real)

    def _in_order(self, container: str) -> list[str]:
        node = Node(self.tree, container)
        return [node.child_path(name) for name in in_kernel_order(self.tree, node)]

    def _move(self, works: list[Work], real: list[str]) -> None:
        numbers = [optional_value(self.tree, tp.join(path, ORDER)) for path in real]
        for work, number in zip(works, numbers):
            try:
                if number is not None and optional_value(self.tree, tp.join(work.path, ORDER)) != number:
                    self.editor.set(work.path, ORDER, number)
            except CtlError as error:
                work.errors.append(error)

    def _pending(self) -> Pending:
        pending = Pending()
        hopeless = {
            owner.path
            for owner in (self._owner_of_failure(work) for work in self.works if work.refused)
            if owner is not None
        }
        for work in self.works:
            stuck = work.path in self._stuck
            if work.is_done or (work.refused and not stuck):
                continue
            error = work.errors[0].message if work.errors else ""
            if not work.made:
                pending.items.append(Item(work.entry, True, error))
                continue
            attributes = {} if work.refused else dict(work.attributes)
            links = {} if work.refused else dict(work.links)
            if work.enable is not None and (stuck or work.path not in hopeless):
                attributes[ENABLED] = work.enable
            if attributes or links:
                entry = Entry(work.path, attributes, links)
                pending.items.append(Item(entry, False, error, dict(work.seen)))
        self._add_sequence(pending, {tp.parent(item.entry.path) for item in pending.items if item.absent})
        return pending

    def _add_sequence(self, pending: Pending, containers: set[str]) -> None:
        """Note the order in the file of groups, of which some are pending."""
        for work in self.works:
            above = tp.parent(work.path)
            if above in containers and tp.base(above) == GROUPS:
                pending.sequence.setdefault(above, []).append(tp.base(work.path))


def _is_about(path: str, spoken: set[str]) -> bool:
    """Does spoken, the paths of a file, have path or the object that path is a part of?"""
    while len(tp.parts(path)) > 2:
        if path in spoken:
            return True
        path = tp.parent(path)
    return path in spoken


def keep_older(pending: Pending, old: Pending, entries: list[Entry]) -> Pending:
    """Add to pending, of this restore, what an earlier one has left and this restore's file does not have."""
    spoken = {entry.path for entry in entries}
    pending.items.extend(item for item in old.items if not _is_about(item.entry.path, spoken))
    for container, names in old.sequence.items():
        pending.sequence.setdefault(container, names)
    return pending


def restore(
    editor: Editor,
    entries: list[Entry],
    force: bool,
    file: PendingFile,
    with_others: Callable[[Pending], Pending],
    look: Optional[Callable[[list[str]], Look]] = None,
) -> Result:
    """Restore the entries. What is not restored is on file at any time, whatever ends this process.

    with_others adds what is pending and is no part of this restore. The caller holds the lock. A file that
    cannot be written is an error of the result: that a disk of the host is full stops no target.
    """
    modules.provide(editor.tree, editor.loader, "/")
    if not editor.tree.is_dir("/"):
        raise NotFoundError(f"{editor.tree.root} does not exist", "is the module loaded? modprobe cst")
    restorer = Restorer(editor, entries, force, look)
    problem = _problem(file, with_others(restorer.planned()))
    result = restorer.run()
    result.pending = with_others(result.pending)
    problem = _problem(file, result.pending) or problem
    if problem is not None:
        result.errors.append(problem)
    return result


def _problem(file: PendingFile, pending: Pending) -> Optional[CtlError]:
    """Write the list of pending objects. Returns the error, if there is one."""
    try:
        file.store(pending)
    except CtlError as error:
        error.hint = "save may lose what is not restored yet: restore again first"
        return error
    return None
