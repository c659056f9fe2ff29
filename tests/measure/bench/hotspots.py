# SPDX-License-Identifier: GPL-2.0-only
"""Turns the counts of hotspots.c into instructions per I/O of each function."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict


class Symbols:
    """/proc/kallsyms of the guest: text symbols of the kernel and its modules."""

    def __init__(self, kallsyms: str) -> None:
        table: dict[int, tuple[str, str]] = {}
        for line in kallsyms.splitlines():
            address, _kind, name, *module = line.split()
            # An address with several names keeps the first one.
            table.setdefault(int(address, 16), (name, module[0].strip("[]") if module else "kernel"))
        self.addresses = sorted(table)
        self.names = [table[address] for address in self.addresses]

    def find(self, address: int) -> tuple[str, str, bool]:
        """Return function, module, and whether this is the function's first instruction."""
        if address < 1 << 63:
            return "(user space)", "user", False
        i = bisect_right(self.addresses, address) - 1
        if i < 0:
            return hex(address), "?", False
        name, module = self.names[i]
        return name, module, self.addresses[i] == address


class Sum:
    def __init__(self) -> None:
        self.instructions = 0
        self.atomics = 0
        self.calls = 0


def text(title: str, blocks: str, symbols: Symbols, ios: int, top: int) -> list[str]:
    functions: dict[tuple[str, str], Sum] = defaultdict(Sum)
    modules: dict[str, Sum] = defaultdict(Sum)
    total = 0
    for line in blocks.splitlines():
        where, instructions, atomics, executions, _target = line.split()
        name, module, entry = symbols.find(int(where, 16))
        n = int(executions)
        total += int(instructions) * n
        for item in (functions[name, module], modules[module]):
            item.instructions += int(instructions) * n
            item.atomics += int(atomics) * n
            item.calls += n if entry else 0

    out = [
        f"profile of {title}: {total / ios:.0f} instructions per I/O ({ios} I/Os)",
        "",
        "  instr/IO      %  atomic/IO  module",
    ]
    for module, item in sorted(modules.items(), key=lambda x: -x[1].instructions):
        if item.instructions / ios >= 1:
            out.append(
                f"{item.instructions / ios:10.1f} {100 * item.instructions / total:6.2f} "
                f"{item.atomics / ios:10.2f}  {module}"
            )
    out += ["", "  instr/IO      %  calls/IO  atomic/IO  function [module]"]
    ranked = sorted(functions.items(), key=lambda x: -x[1].instructions)
    for (name, module), item in ranked[:top]:
        out.append(
            f"{item.instructions / ios:10.1f} {100 * item.instructions / total:6.2f} "
            f"{item.calls / ios:9.2f} {item.atomics / ios:10.2f}  {name}"
            + ("" if module in ("kernel", "user") else f" [{module}]")
        )
    return out


OURS = re.compile(r"cst(_\w+)?$")
LOCK = re.compile(
    r"_raw_(spin|read|write)_(try)?lock|(__)?mutex_(try)?lock|rt_mutex_|ww_mutex_|down_|percpu_down_"
    r"|lock_sock|__lock_task|bit_spin_lock|lock_page|__lock_page|folio_lock|__folio_lock"
)
ALLOCATION = re.compile(
    r"(__)?kmem_cache_alloc|(__)?kmalloc|__do_kmalloc|kvmalloc|krealloc|kmemdup|kstrdup|mempool_alloc|vmalloc"
    r"|sg_kmalloc|(__)?sg_alloc|sgl_alloc|(__)?alloc_pages|(__)?get_free_page|get_zeroed_page"
    r"|(__)?folio_alloc|page_frag_alloc|(__)?alloc_percpu|pcpu_alloc|(__)?alloc_skb"
)


def ours(blocks: str, symbols: Symbols, ios: int) -> dict[str, float]:
    """Return what the code of our modules does for one I/O, without the functions it calls."""
    found = {"instructions": 0, "locks": 0, "allocations": 0, "atomics": 0}
    for line in blocks.splitlines():
        where, instructions, atomics, executions, target = line.split()
        module = symbols.find(int(where, 16))[1]
        if not OURS.match(module):
            continue
        n = int(executions)
        found["instructions"] += int(instructions) * n
        found["atomics"] += int(atomics) * n
        called, _, entry = symbols.find(int(target, 16))
        if int(target, 16) and entry and LOCK.match(called):
            found["locks"] += n
        if int(target, 16) and entry and ALLOCATION.match(called):
            found["allocations"] += n
    return {what: n / ios for what, n in found.items()}


def call_table(blocks: str, symbols: Symbols, ios: int) -> list[str]:
    """List the functions of ours that take locks and memory, most frequent first."""
    sites: dict[tuple[str, str], int] = defaultdict(int)
    for line in blocks.splitlines():
        where, _, _, executions, target = line.split()
        name, module, _ = symbols.find(int(where, 16))
        called, _, entry = symbols.find(int(target, 16))
        if OURS.match(module) and entry and (LOCK.match(called) or ALLOCATION.match(called)):
            sites[name, called] += int(executions)
    ranked = sorted(sites.items(), key=lambda site: -site[1])
    return ["", "  calls/IO  locks and memory that functions of ours take"] + [
        f"{n / ios:10.3f}  {name} -> {called}" for (name, called), n in ranked if n / ios >= 0.001
    ]
