# SPDX-License-Identifier: GPL-2.0-only
"""Turns the counts of hotspots.c into instructions per I/O of each function."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict


class Symbols:
    """/proc/kallsyms of the guest: text symbols of the kernel and its modules."""

    def __init__(self, kallsyms: str) -> None:
        table: dict[int, tuple[str, str]] = {}
        for line in kallsyms.splitlines():
            address, _kind, name, *module = line.split()
            # Of several names for an address the first is as good as any.
            table.setdefault(int(address, 16), (name, module[0].strip("[]") if module else "kernel"))
        self.addresses = sorted(table)
        self.names = [table[address] for address in self.addresses]

    def find(self, address: int) -> tuple[str, str, bool]:
        """Function, module, and whether this is its first instruction."""
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
        where, instructions, atomics, executions = line.split()
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
