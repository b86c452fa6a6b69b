"""Which functions of a linked module a normal return can depend on, and which of them to inline.

Requires: the text of a module as LLVM prints it, functions with Numba's status convention (0, -2 and -3 are normal).
Ensures:  ``cold`` functions run only where an exception is certain, or are mentioned but never called directly, or call the
          interpreter;
          ``raising`` are those of them that never return normally, whatever they are given;
          inlining all of ``inlined()`` keeps the module within a budget and never touches a recursive function.
"""
from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from ..passes.analysis.graphs import components
from ..passes.ir.vocabulary import INTERPRETED
from ..passes.pipeline import GENERATED
from ..passes.transform.raising_calls import RAISES

_DEFINE = re.compile(r'^define .*?@("[^"]+"|[\w.$-]+)\(')
_NAME = re.compile(r'@("[^"]+"|[\w.$-]+)')
_CALL = re.compile(r'\b(?:call|invoke)\b[^@"]*@("[^"]+"|[\w.$-]+)\(')
_CALL_WITH_STATUS = re.compile(r'^(\s*)(%\S+) = ((?:tail |notail )?call i32 @("[^"]+"|[\w.$-]+)\(.*)$')
_CALL_OF_ONE = re.compile(r'(call [^@]*)@"?([\w.$-]+)"?\(')
_LABEL = re.compile(r'^("[^"]+"|[\w.$-]+):')
_TARGET = re.compile(r'label %("[^"]+"|[\w.$-]+)')
_NORMAL = re.compile(r"ret i32 (?:0|-2|-3)\b")
#: Prefix of the cells from which Numba loads the address of a recursive callee.
UNRESOLVED = ".numba.unresolved$"
#: Instructions by which forced inlining may let one module grow.
GROWTH_BUDGET = 40_000


@dataclass
class Body:
    """One function: for each block its size, calls and successors; where it returns, and whether a Numba status."""

    has_status: bool
    sizes: dict[str, int] = field(default_factory=dict)
    mentions: set[str] = field(default_factory=set)
    calls: dict[str, list[str]] = field(default_factory=dict)
    successors: dict[str, list[str]] = field(default_factory=dict)
    #: Blocks that return what is a normal status for sure, and blocks that return something else.
    normal: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)

    @property
    def returning(self) -> set[str]:
        """Numba's functions return a constant normally and hand on only exceptions; others may hand on anything."""
        return self.normal if self.has_status else self.normal | self.other

    def hot(self, raising: set[str]) -> set[str]:
        """Blocks from which a normal return can be reached without a call of a ``raising`` function."""
        stopped = {block for block, callees in self.calls.items() if not raising.isdisjoint(callees)}
        predecessors: dict[str, list[str]] = {}
        for block, targets in self.successors.items():
            for successor in targets:
                predecessors.setdefault(successor, []).append(block)
        hot, pending = set(), list(self.returning - stopped)
        while pending:
            block = pending.pop()
            if block not in hot:
                hot.add(block)
                pending.extend(p for p in predecessors.get(block, ()) if p not in stopped)
        return hot

    def raises(self, raising: set[str]) -> bool:
        """Whether no normal return can be reached from the entry, which is the block without a label or the first."""
        return self.has_status and next(iter(self.sizes), "") not in self.hot(raising)


@dataclass(frozen=True)
class CallGraph:
    """The hot part of a module; ``calls`` has one entry for each hot call site of a defined function."""

    calls: dict[str, list[str]]
    sizes: dict[str, int]
    cold: frozenset[str]
    cold_roots: frozenset[str]
    raising: frozenset[str]

    def inlined(self) -> set[str]:
        """Functions to inline everywhere: not recursive, smallest growth first in callee order, within the budget."""
        order, recursive = self._callees_first()
        sites = dict.fromkeys(order, 0)
        for callees in self.calls.values():
            for callee in callees:
                sites[callee] += 1
        forced: set[str] = set()
        grown, total = dict(self.sizes), 0
        for name in order:
            grown[name] += sum(grown[callee] for callee in self.calls[name] if callee in forced)
            growth = grown[name] * max(0, sites[name] - 1)
            if name not in recursive and total + growth <= GROWTH_BUDGET:
                forced.add(name)
                total += growth
        return forced

    def recursive(self) -> set[str]:
        """Functions on a cycle of calls."""
        return self._callees_first()[1]

    def _callees_first(self) -> tuple[list[str], set[str]]:
        """All hot functions, callees before callers, and those on a cycle."""
        order: list[str] = []
        recursive = {name for name, callees in self.calls.items() if name in callees}
        for component in components(self.calls, self.calls.__getitem__):
            order += component
            recursive.update(component if len(component) > 1 else ())
        return order, recursive


def scan(text: str, roots: Sequence[str]) -> CallGraph:
    """The call graph of the module, seen from ``roots``."""
    bodies = _bodies(text)
    raising = _raising(bodies) - set(roots)
    calls: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in calls:
            body, hot = bodies[name], bodies[name].hot(raising)
            calls[name] = [callee for block in body.calls if block in hot for callee in body.calls[block]
                           if callee in bodies and not callee.startswith(INTERPRETED)]
            sizes[name] = sum(size for block, size in body.sizes.items() if block in hot)
            pending.extend(calls[name])
    cold = frozenset(bodies) - frozenset(calls)
    mentioned = set().union(_global_mentions(text), *(bodies[name].mentions for name in calls))
    return CallGraph(calls, sizes, cold, cold & frozenset(mentioned), frozenset(raising))


def _raising(bodies: dict[str, Body]) -> set[str]:
    """Functions that always raise: what they call to do so may be among them."""
    raising: set[str] = set()
    while found := {name for name, body in bodies.items() if name not in raising and body.raises(raising)}:
        raising |= found
    return raising


def _bodies(text: str) -> dict[str, Body]:
    bodies: dict[str, Body] = {}
    body, block = None, ""
    for line in text.splitlines():
        if line.startswith("define "):
            name = _DEFINE.match(line)[1].strip('"')
            # What was optimised before has Numba's parameters but not its convention: it may hand on any status.
            body = bodies[name] = Body("%excinfo" in line and not name.startswith(GENERATED))
            block = ""
        elif line == "}":
            body = None
        elif body is not None and line:
            block = _record(body, block, line)
    return bodies


def _record(body: Body, block: str, line: str) -> str:
    """Takes one line into ``body``; answers the block that the next line belongs to."""
    label = _LABEL.match(line)
    if label:
        return label[1].strip('"')
    body.sizes[block] = body.sizes.get(block, 0) + 1
    if "@" in line:
        names = [name.strip('"') for name in _NAME.findall(line)]
        recursive = [name.removeprefix(UNRESOLVED) for name in names if name.startswith(UNRESOLVED)]
        called = [name.strip('"') for name in _CALL.findall(line)]
        body.mentions.update(names)
        body.calls.setdefault(block, []).extend(called + recursive)
    instruction = line.lstrip()
    if "label %" in instruction:
        body.successors.setdefault(block, []).extend(name.strip('"') for name in _TARGET.findall(instruction))
    elif instruction.startswith("ret "):
        (body.normal if _NORMAL.match(instruction) else body.other).add(block)
    return block


def _global_mentions(text: str) -> set[str]:
    return {name.strip('"') for line in text.splitlines() if line.startswith("@") for name in _NAME.findall(line)}


def reached(text: str, root: str, leaves: Container[str]) -> list[str]:
    """The leaves that calls lead to, looking into no leaf."""
    called: dict[str, list[str]] = {}
    for function in re.split(r"^(?=define )", text, flags=re.MULTILINE):
        definition = _DEFINE.match(function)
        if definition:
            called[definition[1].strip('"')] = [found.strip('"').removeprefix(UNRESOLVED) for found in _NAME.findall(function)]
    seen, pending, found = {root}, [root], []
    while pending:
        name = pending.pop()
        if name in leaves:
            found.append(name)
            continue
        fresh = [callee for callee in called.get(name, ()) if callee not in seen]
        seen.update(fresh)
        pending += fresh
    return found


def tangents_taken(text: str, tangents: Mapping[str, str]) -> str:
    """``text`` with calls of functions made to call their tangents, which may still call the functions themselves."""

    def taken(function: str) -> str:
        definition = _DEFINE.match(function)
        own = definition and definition[1].strip('"')
        return _CALL_OF_ONE.sub(lambda found: found[0] if tangents.get(found[2], own) == own
                                else f'{found[1]}@"{tangents[found[2]]}"(', function)

    return "".join(map(taken, re.split(r"^(?=define )", text, flags=re.MULTILINE)))


def without_cold_bodies(text: str, graph: CallGraph) -> str:
    """``text`` with cold functions declared instead of defined, those that always raise marked so."""
    kept, dropping = [], False
    for line in text.splitlines():
        if line.startswith("define "):
            name = _DEFINE.match(line)[1].strip('"')
            dropping = name in graph.cold
            kept.append(_declaration(line) + f" {RAISES}" * (name in graph.raising) if dropping else line)
        elif not dropping:
            kept.append(_raised(line, graph) if "call i32" in line else line)
        elif line == "}":
            dropping = False
    return "\n".join(kept)


def _raised(line: str, graph: CallGraph) -> str:
    """A call of a function that always raises, with a status that LLVM can see to be no normal one: all others are odd."""
    found = _CALL_WITH_STATUS.match(line)
    if not found or found[4].strip('"') not in graph.raising:
        return line
    indent, name, call, _ = found.groups()
    status = f'{name[:-1]}.status"' if name.endswith('"') else f"{name}.status"
    return f"{indent}{status} = {call}\n{indent}{name} = or i32 {status}, 1"


def _declaration(line: str) -> str:
    header = re.sub(r"^define (?:(?:weak_odr|linkonce_odr|internal|private|external|hidden) )*", "declare ", line)
    return re.sub(r"(?: ![\w.]+ !\d+)*(?: personality .*)? \{$", "", header)
