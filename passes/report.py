"""The account of one reverse sweep that a user reads: what is active on each line, what is kept, and why.

Requires: a planned version of the entry.
Ensures:  text; with a ``Footprint``, to the byte what is kept in a run for its arguments, else an estimate that takes
          ``Inductions.assumed`` for loops whose trips only the run knows, and says so.
"""
from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .analysis.arena_bytes import ARRAYS, Amount, Site
from .analysis.cache_plan import CachePlan
from .analysis.induction import Inductions
from .analysis.segments import Segments
from .analysis.tape_bytes import Footprint, Gap
from .ir.model import Block, Instruction, Module, Value, is_float
from .ir.types import size_of
from .rules.scalar import lookup
from .transform.layout import stored_type
from .transform.version import Version

#: What ``transform.tape`` appends to the name of a block that it divides.
_SPLIT = re.compile(r"(\.go(\.\d+)?)+$")


@dataclass(frozen=True)
class Kept:
    """A value that is kept: ``size`` bytes each time, ``estimate`` times; ``taken_by``: the instruction that takes the memory,
    by name, empty where it lies in the record of the call."""

    what: str
    reason: str
    size: int
    estimate: float
    taken_by: str = ""

    def told(self, bytes_: float, times: float) -> str:
        return _row(bytes_, f"{self.what} ({self.size} × {times:.0f}): {self.reason}")


@dataclass(frozen=True)
class Report:
    """What is told before and behind the account of what is kept, and that."""

    before: str = ""
    function: str = ""
    kept: tuple[Kept, ...] = ()
    rebuilt: str = ""
    #: Iterations that the estimate takes where only the run knows; 0 if it knows all.
    assumed: float = 0.0
    record_bytes: int = 0
    behind: str = ""
    #: The lines of the blocks of the function, by their names.
    lines: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """With the estimate, for whoever knows no arguments."""
        total = sum(kept.size * kept.estimate for kept in self.kept)
        note = f", taking {self.assumed:.0f} iterations where only the run knows" if self.assumed else ""
        rows = [kept.told(kept.size * kept.estimate, kept.estimate) for kept in self.kept]
        return self._with(f"Kept for the reverse sweep: {total:.0f} bytes estimated{note}", rows)

    def predicted(self, footprint: Footprint) -> str:
        """With the bytes of one run."""
        total = footprint.taken + self.record_bytes
        at_least = "at least " if footprint.gaps else ""
        gaps = dict.fromkeys(f"  {self._place(gap)}: {gap}" for gap in footprint.gaps)
        told = [*(["Not decided by the arguments, and not counted:"] if gaps else []), *gaps]
        return self._with(f"Kept for the reverse sweep: {at_least}{total} bytes", [*self._rows(footprint)], told)

    def _place(self, gap: Gap) -> str:
        if gap.function != self.function:
            return "a function that it calls"
        return self.lines.get(_SPLIT.sub("", gap.block), "the function")

    def _with(self, heading: str, rows: list[str], told: list[str] | None = None) -> str:
        ordered = sorted(rows, key=lambda row: -float(row.split()[0]))
        kept = "\n".join([heading, *ordered, *filter(None, [self.rebuilt]), *(told or [])])
        return "\n\n".join(filter(None, [self.before, kept, self.behind]))

    def _rows(self, footprint: Footprint) -> Iterator[str]:
        """What is kept, and what else is taken."""
        left = {site: amount.taken for site, amount in footprint.sites.items()}
        record = self.record_bytes
        for kept in self.kept:
            site = self.function, kept.taken_by
            amount = footprint.sites.get(site, Amount()) if kept.taken_by else Amount(1, kept.size, kept.size)
            is_array = amount.what == "dp.arena.take"
            bytes_ = amount.taken if is_array else kept.size * amount.times
            if site in left:
                left[site] -= bytes_
            record -= 0 if kept.taken_by else kept.size
            yield kept.told(bytes_, amount.asked // kept.size if is_array else amount.times)
        others: Counter[str] = Counter({"the record of the call": record})
        for site, bytes_ in left.items():
            others[self._other(site, footprint.sites)] += bytes_
        yield from (_row(bytes_, what) for what, bytes_ in others.items() if bytes_)

    def _other(self, site: Site, sites: dict[Site, Amount]) -> str:
        """What memory is for that no value of the function is kept in."""
        if site[0] != self.function:
            return "in the functions that it calls"
        if sites[site].what == "dp.arena.rewind":
            return "held for one iteration, and used again by the next"
        if sites[site].what == "dp.stack.push":
            return "room in the chunks that records lie in"
        is_array = sites[site].what in ARRAYS
        return "arrays that the function allocates, with their shadows" if is_array else "shadows, and the records of calls"


def _row(bytes_: float, what: str) -> str:
    return f"  {bytes_:12.0f} bytes  {what}"


def report(module: Module, version: Version, plan: CachePlan, inductions: Inductions, taken_by: dict[Value, str],
           distributions: Sequence[object], record_bytes: int, rerun: str = "") -> Report:
    """``rerun``: the line of the loop that is run again where the tape is too large, if there is one."""
    behind = [_loops(distributions), _segments(module, distributions),
              rerun and f"Run again where the tape would be too large: the loop at {rerun}"]
    kept = tuple(Kept(_what(module, plan, value), _purpose(module, plan, value) if value in plan.put_back else reason,
                      size_of(stored_type(value)), plan.places[value], taken_by.get(value, ""))
                 for value, reason in plan.kept.items() if plan.places[value])
    again = Counter(plan.rebuilt.values())
    is_estimate = any(trips is None or trips.constant is None for trips in map(inductions.trip_count, version.forest))
    return Report("\n\n".join(filter(None, [_lines(module, version, plan), _rules(version)])), version.function.name, kept,
                  f"Not kept: {again['recompute']} values computed again, {again['reload'] + again['find']} read again",
                  inductions.assumed if is_estimate else 0.0, record_bytes, "\n\n".join(filter(None, behind)),
                  _lines_of_blocks(module, version))


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


def _lines(module: Module, version: Version, plan: CachePlan) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for block in version.cfg.reverse_postorder:
        for instruction in block.instructions if block not in version.cfg.cold else []:
            if is_float(instruction) and instruction not in plan.logged:
                state = "active" if version.activity.active(instruction) else "constant"
                counts[_line(module, instruction)][state] += 1
    rows = [f"  {line}: {_tally(count)}" for line, count in sorted(counts.items(), key=_by_number)]
    return "\n".join(["Floating-point operations", *rows]) if rows else ""


def _lines_of_blocks(module: Module, version: Version) -> dict[str, str]:
    """Where a block has its first instruction of a known line, or else the loop that it begins; by the name that it had before
    it was divided."""
    found: dict[str, str] = {}
    for block in version.function.blocks:
        if line := _first_line(module, block):
            found.setdefault(_SPLIT.sub("", block.name), line)
    for loop in version.forest:
        inside = [found[block.name] for block in loop.blocks if block.name in found]
        if inside:
            found.setdefault(loop.name, min(inside, key=lambda line: _by_number((line, None))))
    return found


def _first_line(module: Module, block: Block) -> str:
    lines = (_line(module, instruction) for instruction in block.instructions)
    return next((line for line in lines if _by_number((line, None))), "")


def _by_number(item: tuple[str, object]) -> int:
    words = item[0].split()
    return int(words[1]) if words[1].isdigit() else 0


def _tally(count: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(count.items()))


def _rules(version: Version) -> str:
    used = Counter(found[0].name for block in version.cfg.reverse_postorder for i in block.instructions
                   if i.opcode == "call" and version.activity.active(i) and (found := lookup(i.callee_name)) is not None)
    return f"Rules used: {', '.join(sorted(used))}" if used else ""


def _what(module: Module, plan: CachePlan, value: Value) -> str:
    line = _line(module, value)
    return f"what {line} overwrites" if value in plan.logged else f"{value.ref} of {line}"


def _purpose(module: Module, plan: CachePlan, value: Value) -> str:
    """Why a value is kept that stores overwrite."""
    lines = sorted({_line(module, load) for load in plan.put_back[value]}, key=lambda line: _by_number((line, None)))
    return f"put back, so that {' and '.join(lines)} can read again"


def _loops(distributions: Sequence[object]) -> str:
    rows = [f"  {d}" for d in distributions if not isinstance(d, Segments)]
    return "\n".join(["Reverse loops in another form, so that their increments vectorise", *rows]) if rows else ""


def _segments(module: Module, forms: Sequence[object]) -> str:
    rows = [f"  the loop at {line}: {form.told}" for form in forms if isinstance(form, Segments)
            if (line := first_line(module, list(form.again)))]
    return "\n".join(["Loops reversed in segments", *rows]) if rows else ""
