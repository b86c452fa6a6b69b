"""The account of one reverse sweep that a user reads: what is active on each line, what is kept, and why.

Requires: a planned version of the entry.
Ensures:  text; bytes are predicted with ``ASSUMED_ITERATIONS`` for loops whose trips only the run knows, and say so.
"""
from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from .analysis.cache_plan import CachePlan
from .analysis.distribution import Distribution
from .analysis.gathered_nest import GatheredNest
from .analysis.induction import ASSUMED_ITERATIONS, Inductions
from .ir.model import Instruction, Module, Value, is_float
from .ir.types import size_of
from .rules.scalar import lookup
from .transform.layout import stored_type
from .transform.program import Version


def report(module: Module, version: Version, plan: CachePlan, inductions: Inductions,
           distributions: Sequence[Distribution | GatheredNest], rerun: str = "") -> str:
    """``rerun``: the line of the loop that is run again where the tape is too large, if there is one."""
    sections = [_lines(module, version), _rules(version), _kept(module, version, plan, inductions),
                _loops(distributions), rerun and f"Run again where the tape would be too large: the loop at {rerun}"]
    return "\n\n".join(filter(None, sections))


def _line(module: Module, value: Value) -> str:
    """The line of the function that was compiled, whatever was inlined into it there."""
    location = module.location_of(value) if isinstance(value, Instruction) else None
    line = location.chain()[-1].line if location is not None else 0
    return f"line {line}" if line else "the function"


def told_of_increments(module: Module, account: dict[Instruction, str]) -> str:
    """How the reverse sweep of a thread adds to shadows, line by line; empty where it adds to none."""
    found = dict.fromkeys((_line(module, access), how) for access, how in account.items())
    rows = [f"  {line}: {how}" for line, how in sorted(found, key=_by_number)]
    return "\n".join(["Additions to shadows", *rows]) if rows else ""


def first_line(module: Module, instructions: list[Instruction]) -> str:
    """Where they begin; empty where there are none."""
    lines = [_line(module, instruction) for instruction in instructions]
    return min(lines, key=lambda line: _by_number((line, None)) or math.inf, default="")


def _lines(module: Module, version: Version) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for block in version.cfg.reverse_postorder:
        for instruction in block.instructions if block not in version.cfg.cold else []:
            if is_float(instruction):
                state = "active" if version.activity.active(instruction) else "constant"
                counts[_line(module, instruction)][state] += 1
    rows = [f"  {line}: {_tally(count)}" for line, count in sorted(counts.items(), key=_by_number)]
    return "\n".join(["Floating-point operations", *rows]) if rows else ""


def _by_number(item: tuple[str, object]) -> int:
    words = item[0].split()
    return int(words[1]) if words[1].isdigit() else 0


def _tally(count: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(count.items()))


def _rules(version: Version) -> str:
    used = Counter(found[0].name for block in version.cfg.reverse_postorder for i in block.instructions
                   if i.opcode == "call" and version.activity.active(i) and (found := lookup(i.callee_name)) is not None)
    return f"Rules used: {', '.join(sorted(used))}" if used else ""


def _kept(module: Module, version: Version, plan: CachePlan, inductions: Inductions) -> str:
    assumed = any(inductions.trip_count(loop) is None or inductions.trip_count(loop).constant is None
                  for loop in version.forest)
    rows, total = [], 0.0
    for value, reason in plan.kept.items():
        size, times = size_of(stored_type(value)), plan.places[value]
        total += size * times
        rows.append(f"  {size * times:12.0f} bytes  {value.ref} of {_line(module, value)} ({size} × {times:.0f}): {reason}")
    rows.sort(key=lambda row: -float(row.split()[0]))
    note = f", taking {ASSUMED_ITERATIONS:.0f} iterations where only the run knows" if assumed and rows else ""
    again = Counter(plan.rebuilt.values())
    return "\n".join([f"Kept for the reverse sweep: {total:.0f} bytes predicted{note}", *rows,
                      f"Not kept: {again['recompute']} values computed again, {again['reload']} read again"])


def _loops(distributions: Sequence[Distribution | GatheredNest]) -> str:
    rows = [f"  {d}" for d in distributions]
    return "\n".join(["Reverse loops in another form, so that their increments vectorise", *rows]) if rows else ""
