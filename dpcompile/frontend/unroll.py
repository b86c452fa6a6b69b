"""Says of each loop whether LLVM shall unroll it fully, or not at all.

Requires: the text of a module whose loops are in simplified form.
Ensures:  loops of few constant trips and small bodies carry ``llvm.loop.unroll.full``, all others
          ``llvm.loop.unroll.disable``. What such a loop computes needs no tape once it is straight-line code: the
          multiplications of ``x**3``, the three axes of a particle.
Algorithm: natural loops from back edges (Aho, Sethi, Ullman, Compilers, section 10.4), costs from the innermost out.
"""
from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dpcompile.passes.ir.vocabulary import PARALLEL

#: Instructions that one loop may become.
SIZE_BUDGET = 400
#: Trips up to which a loop is unrolled.
TRIP_BUDGET = 16

_LOOP = re.compile(r", !llvm\.loop !(\d+)")
_LABEL = re.compile(r'^("[^"]+"|[\w.$-]+):')
_TARGET = re.compile(r'label %("[^"]+"|[\w.$-]+)')
_BRANCH = re.compile(r"^  br i1 (%[^,]+), label %(\"[^\"]+\"|[\w.$-]+),")
_PHI = re.compile(r"^  (%\S+) = phi i(\d+) (.*)")
_INCOMING = re.compile(r'\[ (\S+), %("[^"]+"|[\w.$-]+) \]')
_OPERATION = re.compile(r"^  (%\S+) = (?:icmp (?:samesign )?)?(\w+) (?:(?:nuw|nsw|exact|disjoint) )*i(\d+) ([^, ]+), ([^, ]+)")
#: What integer instructions compute, of two operands of the same width; shifts and comparisons take them unsigned.
_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "and": operator.and_, "or": operator.or_,
    "xor": operator.xor, "lshr": operator.rshift, "eq": operator.eq, "ne": operator.ne, "ult": operator.lt,
    "ule": operator.le, "ugt": operator.gt, "uge": operator.ge,
}
_SIGNED: dict[str, Callable[[int, int], int]] = {
    "slt": operator.lt, "sle": operator.le, "sgt": operator.gt, "sge": operator.ge, "ashr": operator.rshift,
}


@dataclass
class Block:
    """A basic block: the lines that hold its instructions."""

    lines: list[int] = field(default_factory=list)
    successors: list[str] = field(default_factory=list)
    predecessors: list[str] = field(default_factory=list)


@dataclass
class Loop:
    """A natural loop with one latch."""

    header: str
    latch: str
    blocks: set[str]
    inner: list[Loop] = field(default_factory=list)
    trips: int | None = None

    def cost(self, blocks: dict[str, Block]) -> float:
        """Instructions after full unrolling; infinite where that is impossible."""
        if self.trips is None or self.trips > TRIP_BUDGET:
            return float("inf")
        nested = set().union(*(loop.blocks for loop in self.inner))
        own = sum(len(blocks[name].lines) for name in self.blocks - nested)
        return self.trips * (own + sum(loop.cost(blocks) for loop in self.inner))


def annotated(text: str) -> tuple[str, bool]:
    """The text with a decision on every loop, and whether any of them is to be unrolled."""
    lines = text.splitlines()
    decisions = {line: full for blocks in _functions(lines) for line, full in _decisions(lines, blocks)}
    if not any(decisions.values()):
        return text, False
    number = 1 + max((int(found) for found in re.findall(r"^!(\d+) = ", text, re.MULTILINE)), default=-1)
    marks = _marks(text)
    nodes = [f'!{number} = !{{!"llvm.loop.unroll.disable"}}', f'!{number + 1} = !{{!"llvm.loop.unroll.full"}}']
    for own, (line, full) in enumerate(decisions.items(), start=number + 2):
        nodes.append(f"!{own} = distinct !{{!{own}, !{number + full}}}")
        kept = marks.get(match[1], "") if (match := _LOOP.search(lines[line])) else ""
        nodes[-1] = nodes[-1][:-1] + kept + "}"
        lines[line] = _LOOP.sub("", lines[line]) + f", !llvm.loop !{own}"
    return "\n".join([*lines, *nodes, ""]), True


def without_annotations(text: str) -> str:
    """The text with no other loop metadata than marks of parallel loops: the passes have no use for it."""
    marks = _marks(text)
    return _LOOP.sub(lambda match: match[0] if match[1] in marks else "", text) if "!llvm.loop" in text else text


def _marks(text: str) -> dict[str, str]:
    """For each marked loop, by the number of its node, the reference to the mark behind a comma."""
    names = re.findall(rf'^!(\d+) = !{{!"{re.escape(PARALLEL)}"}}', text, re.MULTILINE)
    pattern = rf"^!(\d+) = distinct !{{.*(, !(?:{'|'.join(names)}))\b"
    return dict(re.findall(pattern, text, re.MULTILINE)) if names else {}


def _functions(lines: list[str]) -> Iterator[dict[str, Block]]:
    """The blocks of each function, by name, in order."""
    blocks: dict[str, Block] = {}
    name = ""
    for number, line in enumerate(lines):
        label = _LABEL.match(line)
        if line.startswith("define "):
            blocks, name = {}, ""
        elif label:
            name = label[1]
            blocks[name] = Block()
        elif line == "}":
            yield _connected(blocks)
            blocks = {}
        elif name in blocks and line:
            blocks[name].lines.append(number)
            if line.startswith(("  br ", "  switch ", "    i")):
                blocks[name].successors += _TARGET.findall(line)


def _connected(blocks: dict[str, Block]) -> dict[str, Block]:
    for name, block in blocks.items():
        for successor in block.successors:
            blocks[successor].predecessors.append(name)
    return blocks


def _decisions(lines: list[str], blocks: dict[str, Block]) -> Iterator[tuple[int, bool]]:
    """For each loop the line of its latch's branch, and whether to unroll it fully."""
    for loop in _loops(blocks):
        loop.trips = _trips(lines, blocks, loop)
        yield blocks[loop.latch].lines[-1], loop.cost(blocks) <= SIZE_BUDGET


def _loops(blocks: dict[str, Block]) -> list[Loop]:
    """Innermost first."""
    found = [Loop(header, latch, _body(blocks, header, latch)) for latch, header in _back_edges(blocks)]
    found.sort(key=lambda loop: len(loop.blocks))
    for index, loop in enumerate(found):
        outer = next((other for other in found[index + 1:] if loop.header in other.blocks), None)
        if outer is not None:
            outer.inner.append(loop)
    return found


def _back_edges(blocks: dict[str, Block]) -> list[tuple[str, str]]:
    """Edges to a block on the path that a depth-first walk is on."""
    found: list[tuple[str, str]] = []
    visited: set[str] = set()
    path: set[str] = set()
    pending = [(name, iter(blocks[name].successors)) for name in list(blocks)[:1]]
    while pending:
        name, successors = pending[-1]
        visited.add(name)
        path.add(name)
        successor = next(successors, None)
        if successor is None:
            path.discard(name)
            pending.pop()
        elif successor in path:
            found.append((name, successor))
        elif successor not in visited:
            pending.append((successor, iter(blocks[successor].successors)))
    return found


def _body(blocks: dict[str, Block], header: str, latch: str) -> set[str]:
    body, pending = {header}, [latch]
    while pending:
        name = pending.pop()
        if name not in body:
            body.add(name)
            pending += blocks[name].predecessors
    return body


def _trips(lines: list[str], blocks: dict[str, Block], loop: Loop) -> int | None:
    """Trips of a loop that leaves at its latch when integers that begin as constants say so, found by counting them."""
    branch = _BRANCH.match(lines[blocks[loop.latch].lines[-1]])
    if branch is None:
        return None
    instructions = [lines[number] for name in loop.blocks for number in blocks[name].lines]
    program = Program(loop, {match[1]: match for line in instructions if (match := _OPERATION.match(line))},
                      {match[1]: match for number in blocks[loop.header].lines if (match := _PHI.match(lines[number]))})
    stays = branch[2] == loop.header
    for trip in range(1, TRIP_BUDGET + 1):
        condition = program.value(branch[1])
        if condition is None:
            return None
        if bool(condition) != stays:
            return trip
        program.advance()
    return None


class Program:
    """The integers of a loop, run one trip at a time; None stands for what is not known."""

    def __init__(self, loop: Loop, operations: dict[str, re.Match], phis: dict[str, re.Match]):
        self.operations = operations
        self.steps = {}
        self.state: dict[str, int | None] = {}
        for name, phi in phis.items():
            for value, source in _INCOMING.findall(phi[3]):
                if source in loop.blocks:
                    self.steps[name] = value
                else:
                    self.state[name] = _literal(value)

    def value(self, name: str) -> int | None:
        if not name.startswith("%"):
            return _literal(name)
        if name in self.state or name not in self.operations:
            return self.state.get(name)
        _, operation, width, *operands = self.operations[name].groups()
        left, right = map(self.value, operands)
        return None if left is None or right is None else _computed(operation, int(width), left, right)

    def advance(self) -> None:
        self.state = {name: self.value(step) for name, step in self.steps.items()}


def _literal(text: str) -> int | None:
    return {"true": 1, "false": 0}.get(text, int(text) if re.fullmatch(r"-?\d+", text) else None)


def _computed(operation: str, width: int, left: int, right: int) -> int | None:
    """The result of one instruction as an unsigned number; None for an operation that is not in the tables."""
    span = 1 << width
    if operation in _SIGNED:
        left, right = ((value % span) - (span if value % span >= span >> 1 else 0) for value in (left, right))
        return int(_SIGNED[operation](left, right)) % span
    made = _OPERATIONS.get(operation)
    return None if made is None else int(made(left % span, right % span)) % span
