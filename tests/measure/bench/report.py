# SPDX-License-Identifier: GPL-2.0-only
"""Prints the benchmark's results as tables, and compares them with limits and baseline."""

from __future__ import annotations

import json
import re
from pathlib import Path

# Names: the kind (rr, rw: random read, write; mix: 70 % reads; s: sequential), size, queue depth.
WORKLOADS = [
    "rr4k-q1", "rr4k-q32", "rw4k-q1", "rw4k-q32", "mix4k-q32",
    "sr256k-q8", "sw256k-q8", "sr1m-q8", "sw1m-q8",
]

# TARGET/FABRIC/HANDLER in the order of measuring: targets that may crash come last.
ROWS = [
    "null_blk/none/nullio",
    "scsi_debug/loop/nullio",
    "lio/loop/nullio",
    "lio/loop/fileio",
    "lio/loop/blockio",
    "lio/iscsi/nullio",
    "lio/iscsi/fileio",
    "lio/iscsi/blockio",
    "nvmet/loop/nullio",
    "nvmet/tcp/nullio",
    "tgt/iscsi/nullio",
    "tgt/iscsi/fileio",
    "cst/loop/nullio",
    "cst/loop/fileio",
    "cst/loop/blockio",
    "cst/iscsi/nullio",
    "cst/iscsi/fileio",
    "cst/iscsi/blockio",
]

# Rows on which COMPARE AND WRITE is timed beside WRITE (compare_write.c), as these workloads.
COMPARED = ["cst/loop/fileio", "cst/iscsi/fileio"]
COMPARE, WRITE = "compare4k-q1", "write4k-q1"

COUNTED = ["lio/loop/nullio", "lio/iscsi/nullio", "cst/loop/nullio", "cst/iscsi/nullio"]

# For each of our rows a title, and rows of other targets that are shown beside it.
GROUPS = [
    ("loop, nullio", "loop/nullio", ["nvmet/loop/nullio", "scsi_debug/loop/nullio"]),
    ("loop, fileio on tmpfs", "loop/fileio", ["scsi_debug/loop/nullio"]),
    ("loop, blockio on null_blk", "loop/blockio", ["nvmet/loop/nullio", "null_blk/none/nullio"]),
    ("iSCSI, nullio", "iscsi/nullio", ["tgt/iscsi/nullio", "nvmet/tcp/nullio"]),
    ("iSCSI, fileio on tmpfs", "iscsi/fileio", ["tgt/iscsi/fileio", "nvmet/tcp/nullio"]),
    ("iSCSI, blockio on null_blk", "iscsi/blockio", ["nvmet/tcp/nullio"]),
]

LABELS = {
    "null_blk": "null_blk",
    "scsi_debug": "scsi_debug fake_rw (floor)",
    "lio": "LIO",
    "nvmet": "nvmet, null_blk",
    "tgt": "tgt",
    "scst": "SCST (measured earlier)",
    "cst": "cst",
}

EVENTS = {
    "wakeups": "target wake-ups",
    "switches": "context switches of the whole machine",
    "packets": "packets with data sent by the target",
    "acks": "pure acknowledgements sent by the target",
    "slabs": "slab allocations by the target's modules",
    "pages": "page allocations by the target's modules",
}

# The events of an I/O on the target's machine, when the initiator is another machine.
WIRE = {
    "received": "packets received",
    "sent": "packets sent",
    "wakeups": "wake-ups of the target's workers",
    "switches": "context switches of its machine",
}
WIRE_WORKLOADS = ["rr4k-q1", "rw4k-q1", "rr4k-q16", "rw4k-q16"]

# {row: {workload: thousand instructions per I/O}}
Cells = dict[str, dict[str, float]]
# {row: {event: per I/O}}
Counts = dict[str, dict[str, float]]


def words(path: Path) -> list[list[str]]:
    """Return the words of each line of a file, without comments."""
    lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def to_json(cells: Cells) -> list[dict[str, object]]:
    out = []
    for row, values in cells.items():
        target, fabric, handler = row.split("/")
        for workload, value in values.items():
            out.append(
                {
                    "target": target,
                    "fabric": fabric,
                    "handler": handler,
                    "workload": workload,
                    "kinstr_per_io": round(value, 2),
                }
            )
    return out


def from_json(path: Path) -> Cells:
    cells: Cells = {}
    for cell in json.loads(path.read_text()):
        row = "{target}/{fabric}/{handler}".format_map(cell)
        cells.setdefault(row, {})[cell["workload"]] = cell["kinstr_per_io"]
    return cells


def renew(path: Path, cells: Cells) -> None:
    """Put the measured figures into a file; its other figures stay."""
    merged = from_json(path)
    for row, values in cells.items():
        merged.setdefault(row, {}).update(values)
    figures = [json.dumps(cell) for row in ROWS if row in merged
               for cell in to_json({row: {w: merged[row][w] for w in WORKLOADS if w in merged[row]}})]
    path.write_text("[\n " + ",\n ".join(figures) + "\n]\n")


def line(label: str, columns: list[str]) -> str:
    return f"  {label:<28}" + "".join(f"{text:>10}" for text in columns)


def table(cells: Cells, reference: Path) -> list[str]:
    """Return the table of the measured rows, ours first in each group, with ratios."""
    shown = dict(cells)
    measured, *rows = words(reference)
    for name, *values in rows:
        shown[name] = dict(zip(measured[1:], map(float, values)))
    workloads = [w for w in WORKLOADS if any(w in values for values in cells.values())]

    def row(name: str) -> list[str]:
        values = shown.get(name, {})
        columns = [f"{values[w]:.1f}" if w in values else "-" for w in workloads]
        return [line(LABELS[name.split("/")[0]], columns)]

    def ratio(ours: str, theirs: str) -> list[str]:
        a, b = shown.get(ours, {}), shown.get(theirs, {})
        columns = [f"{a[w] / b[w]:.2f}" if w in a and w in b else "-" for w in workloads]
        if ours not in cells or theirs not in shown:
            return []
        return [line("  cst : " + theirs.split("/")[0], columns)]

    out = [line("thousand instructions per I/O", workloads)]
    for title, group, beside in GROUPS:
        names = [f"{t}/{group}" for t in ("cst", "lio")] + beside
        present = [name for name in names if name in cells]
        if not any(name.endswith(group) for name in present):
            continue
        out += ["", title]
        for name in present:
            out += row(name)
        out += row(f"scst/{group}")
        for name in [*names[1:2], f"scst/{group}", *beside]:
            out += ratio(names[0], name)
    alone = [name for name in ("scsi_debug/loop/nullio", "null_blk/none/nullio")
             if name in cells]
    if alone:
        out += ["", "what frames them"]
        for name in alone:
            out += row(name)
    return out


def compare(cells: Cells, before: Cells) -> list[str]:
    """Return a table of changes; differences below 2 % mean nothing with this method."""
    out = [line("change in %", WORKLOADS)]
    for row, values in cells.items():
        old = before.get(row, {})
        columns = [
            f"{100 * (values[w] / old[w] - 1):+.1f}" if w in values and w in old else "-"
            for w in WORKLOADS
        ]
        out.append(line(row, columns))
    return out


def compare_write(values: dict[str, float]) -> float | None:
    """Return what COMPARE AND WRITE costs, in WRITEs of as many blocks."""
    return values[COMPARE] / values[WRITE] if COMPARE in values and WRITE in values else None


def limits(cells: Cells, counts: Counts, path: Path) -> tuple[list[str], int]:
    """Return a line for each limit that has a figure, and the number of limits missed."""
    out, missed = [], 0
    for row, what, text in words(path):
        if what in EVENTS:
            value, unit = counts.get(row, {}).get(what), f"{EVENTS[what]} per I/O"
        elif what == "compare-write":
            value, unit = compare_write(cells.get(row, {})), "COMPARE AND WRITE of 4 KiB : WRITE"
        else:
            value, unit = cells.get(row, {}).get(what), f"k instructions, {what}"
        if value is None:
            continue
        shown = f"{value:.2f}" if what in (*EVENTS, "compare-write") else f"{value:.1f}"
        # Compare the figures as shown: the method is not more precise.
        met = float(shown) <= float(text)
        missed += not met
        out.append(f"{'ok  ' if met else 'FAIL'} {row:<18}{shown:>7}  limit {text:>5}  {unit}")
    return out, missed


# --- against the baseline ---

# Our rows, and scsi_debug as a floor: when the floor has moved, the kernel, fio or QEMU
# has changed.
CHECKED = ["scsi_debug/loop/nullio"] + [row for row in ROWS if row.startswith("cst/")]
PROFILED = ["rr4k-q32", "rw4k-q32", "sr256k-q8", "sw256k-q8"]
# The rest of what these rows execute is measured in other rows.
FEW = {
    "cst/loop/blockio": ["rr4k-q32", "rw4k-q32", "sr256k-q8"],
    "cst/iscsi/blockio": ["rr4k-q32", "rw4k-q32"],
}
TOLERANCE = 3.0


def of_row(row: str, workloads: list[str]) -> list[str]:
    """Return the workloads of these that are checked in a row."""
    return [w for w in workloads if w in FEW.get(row, workloads)]


def regressions(cells: Cells, before: Cells, rows: list[str], workloads: list[str]) -> tuple[list[str], int]:
    """Return a line for each figure of the baseline, and the number of worse or missing ones."""
    out, failed = [], 0
    for row in rows:
        for workload in of_row(row, workloads):
            new, old = cells.get(row, {}).get(workload), before.get(row, {}).get(workload)
            text = f"{row:<23} {workload:<10}"
            if new is None or old is None:
                out.append(f"FAIL {text} {'not measured' if new is None else 'not in the baseline'}")
                failed += 1
                continue
            change = 100 * (new / old - 1)
            bad = change > TOLERANCE
            failed += bad
            remark = "  better than the baseline, which wants renewing" if change < -TOLERANCE else ""
            figures = f"{new:8.2f} k instructions, baseline {old:8.2f}, {change:+5.1f} %"
            out.append(f"{'FAIL' if bad else 'ok  '} {text} {figures}{remark}")
    return out, failed


def own_work(profiles: dict[str, dict[str, float]], rows: list[str], workloads: list[str],
             document: Path) -> tuple[list[str], int]:
    """Compare locks and allocations of our modules' code with the document.

    Return a line for each figure, and the number of those that differ.
    """
    wanted = {}
    for text in document.read_text().splitlines():
        cells = [cell.strip() for cell in text.split("|")]
        if len(cells) == len(PROFILED) + 3 and cells[1].startswith("cst/"):
            wanted.update({(cells[1], w): float(n) for w, n in zip(PROFILED, cells[2:-1]) if n})
    out, failed = [], 0
    for row in rows:
        if not row.startswith("cst/"):
            continue
        for workload in of_row(row, workloads):
            found = profiles.get(f"{row} {workload}")
            want = wanted.get((row, workload))
            if found is None or want is None:
                what = "not measured" if found is None else "not documented"
                out.append(f"FAIL {row:<23} {workload:<10} locks: {what}")
                failed += 1
                continue
            # A window begins and ends within commands. A connection takes its locks once for
            # all data that has arrived; how much that is depends on what else the machine does.
            slack = 0.02 if row.startswith("cst/loop/") else 0.1
            for what, limit in (("locks", want), ("allocations", 0.0)):
                bad = found[what] > limit * (1 + slack) + 0.02
                failed += bad
                text = f"{row:<23} {workload:<10} {found[what]:8.2f} {what} per I/O"
                out.append(f"{'FAIL' if bad else 'ok  '} {text} by our modules, documented {limit:g}")
    return out, failed


def count_table(counts: Counts, idle: dict[str, tuple[int, float]]) -> list[str]:
    if not counts:
        return []
    names = [row for row in reversed(COUNTED) if row in counts]
    out = [f"{'per 4k random read at queue depth 32':<46}"
           + "".join(f"{'/'.join(n.split('/')[:2]):>12}" for n in names)]
    for event, label in EVENTS.items():
        columns = [f"{counts[n][event]:.2f}" if event in counts[n] else "-" for n in names]
        out.append(f"  {label:<44}" + "".join(f"{text:>12}" for text in columns))
    if idle:
        short = ["/".join(n.split("/")[:2]) for n in idle]
        out += ["", f"{'of an idle session':<46}" + "".join(f"{name:>12}" for name in short)]
        out.append(f"  {'bytes':<44}" + "".join(f"{size:>12}" for size, _ in idle.values()))
        out.append(f"  {'kernel threads':<44}" + "".join(f"{number:>12}" for _, number in idle.values()))
    return out


def wire_table(wire: Counts) -> list[str]:
    out = [f"{'per I/O at the target, another machine asking':<46}" + "".join(f"{w:>10}" for w in wire)]
    for event, label in WIRE.items():
        out.append(f"  {label:<44}" + "".join(f"{values[event]:>10.2f}" for values in wire.values()))
    return out


def read_wire(text: str) -> dict[str, float]:
    """Return the events per I/O from the file that wire-guest wrote."""
    passes = []
    for one in re.split(r"^pass$", text, flags=re.M)[1:]:
        numbers = {name: int(n) for name, n in re.findall(r"^(ios|received|sent|switches) (\d+)$", one, re.M)}
        if len(numbers) != 4 or not numbers["ios"]:
            raise ValueError("nothing was done")
        if re.search(r"Dropped: [1-9]", one):
            raise ValueError("a histogram is too small")
        passes.append((numbers, histogram(one)))
    if len(passes) != 3:
        raise ValueError("counting was cut short")
    plain, cheap, traced = passes
    out = {what: plain[0][what] / plain[0]["ios"] for what in ("received", "sent", "switches")}
    out["wakeups"] = wakeups("cst", cheap[1], traced[1]) / cheap[0]["ios"]
    return out


# --- the guest's counters (count.sh) ---

THREADS = {"cst": r"cst", "lio": r"iscsi_(trx|ttx|np)$"}
MODULES = {"cst": r"cst(_\w+)?$", "lio": r"(iscsi_target_mod|target_core_\w+|tcm_loop)$"}

# Functions that may stand between the caller that wants something and the event's tracepoint.
WAKING = re.compile(
    r"ttwu_|try_to_wake_up|(__)?wake_up|default_wake|autoremove_wake|woken_wake|swake_up|complete"
    r"|(__)?queue_work|(__)?queue_delayed_work|mod_delayed_work|insert_work|kthread_queue|kthread_insert"
)
ALLOCATING = re.compile(
    r"(__)?kmem_cache_alloc|(__)?kmalloc|kvmalloc|krealloc|kmemdup|mempool_|sg_kmalloc|(__)?sg_alloc"
    r"|sgl_alloc|(__)?alloc_pages|(__)?get_free_pages|get_zeroed_page|(__)?folio_alloc|page_frag_alloc"
    r"|(__)?alloc_percpu|pcpu_alloc|slab_post_alloc|new_slab|allocate_slab|___slab_alloc|__slab_alloc"
)


def histogram(text: str) -> list[tuple[str, list[str], int]]:
    """Return the entries of a histogram as (comm, frames, hits)."""
    out = []
    for keys, hits in re.findall(r"^\{ (.*?)\} hitcount: +(\d+)", text, re.S | re.M):
        comm = re.match(r"comm: ([^,\n]*)", keys)
        frames = [frame.strip() for frame in keys.split("\n")[1:] if frame.strip()]
        out.append((comm[1].strip() if comm else "", frames, int(hits)))
    return out


def wanted_by(frames: list[str], plumbing: re.Pattern[str]) -> str:
    """Return the module whose function caused the event; empty for the kernel itself."""
    for frame in frames:
        if not plumbing.match(frame):
            module = re.search(r"\[(\w+)\]$", frame)
            return module[1] if module else ""
    return ""


def wakeups(target: str, cheap: list[tuple[str, list[str], int]],
            traced: list[tuple[str, list[str], int]]) -> float:
    """Return the target's wake-ups: of its own threads, and of kernel workers for it.

    Only the stack traces show for whom a worker was woken; they give the target's share.
    """
    of_worker: dict[str, list[int]] = {}
    for comm, frames, n in traced:
        mine, every = of_worker.setdefault(comm, [0, 0])
        ours = re.match(MODULES[target], wanted_by(frames, WAKING)) is not None
        of_worker[comm] = [mine + n * ours, every + n]
    hits = 0.0
    for comm, _, n in cheap:
        if re.match(THREADS[target], comm):
            hits += n
        elif comm.startswith("kworker") and comm in of_worker:
            mine, every = of_worker[comm]
            hits += n * mine / every
    return hits


def read_counts(target: str, text: str) -> dict[str, float]:
    """Return the events per I/O from the file that count.sh wrote."""
    passes = []
    for one in re.split(r"^pass\n", text, flags=re.M)[1:]:
        found = re.search(r"^ios ([1-9]\d*)$", one, re.M)
        if not found:
            raise ValueError("no I/O was done while counting")
        if re.search(r"Dropped: [1-9]", one):
            raise ValueError("a histogram is too small")
        events = re.findall(r"^event (\S+)\n(.*?)(?=^event |\Z)", one, re.S | re.M)
        passes.append((int(found[1]), one, {name: histogram(body) for name, body in events}))
    if len(passes) != 4:
        raise ValueError("counting was cut short")

    packets, cheap, traced, memory = passes
    woken = wakeups(target, cheap[2]["sched/sched_wakeup"], traced[2]["sched/sched_wakeup"])
    out = {"wakeups": woken / cheap[0]}
    switched = re.search(r"^switches (\d+)$", packets[1], re.M)
    if not switched:
        raise ValueError("context switches were not counted")
    out["switches"] = int(switched[1]) / packets[0]
    for name, n in re.findall(r"^packets (\w+) (\d+)$", packets[1], re.M):
        out["packets" if name == "data" else "acks"] = int(n) / packets[0]
    for event, entries in memory[2].items():
        hits = sum(n for _, frames, n in entries
                   if re.match(MODULES[target], wanted_by(frames, ALLOCATING)))
        what = "pages" if event == "kmem/mm_page_alloc" else "slabs"
        out[what] = out.get(what, 0) + hits / memory[0]
    return out
