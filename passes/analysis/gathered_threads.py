"""Which reads of a kernel are of cells that belong to neighbouring threads, as those of stencils are.

Requires: the loads of a kernel whose adjoints add to shadows; inductions; a kernel whose calls are inlined.
Ensures:  ``reads`` says for each load of some arrays by how many threads along each axis the thread to which the cell belongs
          is ahead of the one that reads.  What all threads add to a shadow is then the same as what each thread finds when it
          runs its neighbours' reverse sweeps for its own cell.  They can be run again, by any thread, in later launches: the
          kernel does not read what it writes, no thread reads a cotangent that it has cleared, all that a thread does follows
          from its place in the grid, and threads neither wait for each other nor keep what carries derivatives in memory.
          Several threads may have the same cell, where rows run into each other for instance: all add atomically.
Algorithm: from scatter to gather, as ``gathered_nest`` has it for loops; the distances of addresses as in ``ownership``.

It costs each thread the work of its neighbours, for which it saves atomic additions: see ``COST_OF_ADDITION``.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

from ..ir.model import Argument, Function, Instruction, Value
from ..ir.types import Type, size_of
from ..rules.runtime_calls import classify
from ..rules.scalar import INACTIVE, lookup
from .alias import Aliasing
from .call_kinds import is_atomic_sum
from .cfg import ControlFlow
from .coordinates import find
from .induction import Inductions
from .objects import UNKNOWN, MemoryObject, Origin
from .offsets import root_of
from .ownership import AXES, Address, Reader, by_object, register_of
from .polynomial import Polynomial

#: By how many threads along x, y and z.
Shift = tuple[int, int, int]
#: What an atomic addition costs, in operations: measured where threads add to consecutive cells.
COST_OF_ADDITION = 200.0
_COSTS = {"call": 40.0, "fdiv": 10.0, "frem": 40.0, "load": 4.0, "fadd": 1.0, "fsub": 1.0, "fmul": 1.0}
#: Of what else there is, addresses for the most part, neighbours have much in common.
_OTHER_COST = 0.5
_ASSUMED_TRIPS = 8.0
_HARMLESS_KINDS = frozenset({"pure", "integer", "hint", "accessor"})
_REGISTERS = frozenset({"tid", "ntid", "ctaid", "nctaid"})
_ZERO = Polynomial.of(0)


@dataclass(frozen=True)
class Cells:
    """Of one array: the cell of a thread lies ``place`` bytes behind ``base``, a polynomial in registers and parameters."""

    base: Argument
    place: Polynomial
    type: Type


@dataclass(frozen=True)
class GatheredThreads:
    """The result: for each load its array, by its position in ``cells``, and the shift."""

    cells: tuple[Cells, ...] = ()
    reads: dict[Instruction, tuple[int, Shift]] = field(default_factory=dict)

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """Without the thread itself."""
        return tuple(dict.fromkeys(shift for _, shift in self.reads.values() if any(shift)))

    @property
    def axes(self) -> tuple[str, ...]:
        """Along which cells belong to others."""
        return tuple(axis for axis, steps in zip(AXES, zip(*self.shifts, strict=True), strict=True) if any(steps))

    def __str__(self) -> str:
        return "\n".join(f"{load.ref}: {shift} of {self.cells[which].base.ref}" for load, (which, shift) in self.reads.items())


@dataclass(frozen=True)
class _Reads:
    """All of one array: where each lies, and by how many threads ahead; what is left of the distance then, which tells apart
    components of a cell, say."""

    object: MemoryObject
    addresses: dict[Instruction, Address]
    ahead: dict[Instruction, Shift]
    rest: dict[Instruction, Polynomial]

    @property
    def additions(self) -> int:
        """How many each thread makes when it has gathered."""
        return len(set(self.rest.values()))


def analyse(loads: Iterable[Instruction], aliasing: Aliasing, inductions: Inductions, cfg: ControlFlow) -> GatheredThreads:
    """``loads``: those whose adjoints add to shadows."""
    loads = list(loads)
    if not loads or not _Kernel(aliasing, cfg, inductions).can_be_run_again():
        return GatheredThreads()
    reader = Reader(inductions, cfg)
    sums = find(inductions.function)
    found = [reads for reads in _by_array(loads, aliasing, reader)
             if len(set(reads.ahead.values())) > 1 and _is_from_place(reads, sums)]
    if not found:
        return GatheredThreads()
    centre = _centre([ahead for reads in found for ahead in reads.ahead.values()])
    cells: list[Cells] = []
    gathered: dict[Instruction, tuple[int, Shift]] = {}
    for reads in found:
        own = _cells(reads, centre, reader)
        which = {rest: len(cells) + number for number, rest in enumerate(own)}
        gathered |= {load: (which[reads.rest[load]], _apart(ahead, centre)) for load, ahead in reads.ahead.items()}
        cells += own.values()
    result = GatheredThreads(tuple(cells), gathered)
    saved = COST_OF_ADDITION * (len(gathered) - sum(reads.additions for reads in found))
    return result if len(result.shifts) * _cost(inductions, cfg) < saved else GatheredThreads()


def _by_array(loads: list[Instruction], aliasing: Aliasing, reader: Reader) -> Iterator[_Reads]:
    for obj, own in by_object(loads, aliasing).items():
        if obj.origin == Origin.ARGUMENT:
            reads = _reads(obj, {load: reader.address(load) for load in own})
            if reads is not None:
                yield reads


def _reads(obj: MemoryObject, found: dict[Instruction, Address | None]) -> _Reads | None:
    addresses = {load: address for load, address in found.items() if address is not None}
    if len(addresses) < max(2, len(found)):
        return None
    first = next(iter(addresses.values()))
    types = {load.type for load in addresses}
    if len(types) > 1 or not isinstance(first.base, Argument) or not all(_is_alike(a, first) for a in addresses.values()):
        return None
    if len({m for digit in first.digits.values() for m in digit.terms}) < len(first.digits):
        return None
    split = {load: _ahead(address) for load, address in addresses.items()}
    return _Reads(obj, addresses, {load: ahead for load, (ahead, _) in split.items()},
                  {load: rest for load, (_, rest) in split.items()})


def _is_alike(address: Address, first: Address) -> bool:
    return not address.loops and (address.base, address.digits, address.wide) == (first.base, first.digits, first.wide)


def _ahead(address: Address) -> tuple[Shift, Polynomial]:
    """How far a cell is from the thread's place: in whole numbers of threads along the axes, and what is left in bytes."""
    found, rest = dict.fromkeys(AXES, 0), address.low
    for axis, digit in address.digits.items():
        (monomial, step), = digit.terms.items()
        found[axis] = address.low.terms.get(monomial, 0) // step
        rest = rest - digit * found[axis]
    return (found["x"], found["y"], found["z"]), rest


def _is_from_place(reads: _Reads, sums: dict[str, list[Instruction]]) -> bool:
    """Whether the axes along which threads differ are asked for nothing but the place in the grid."""
    first = next(iter(reads.addresses.values()))
    moved = [axis for axis, ahead in zip(AXES, zip(*reads.ahead.values(), strict=True), strict=True) if any(ahead)]
    return all(axis in sums and axis in first.wide for axis in moved)


def _centre(found: list[Shift]) -> Shift:
    """The one in the middle, axis by axis: from there the others are nearest."""
    middle = [sorted(along)[len(along) // 2] for along in zip(*found, strict=True)]
    return middle[0], middle[1], middle[2]


def _apart(one: Shift, other: Shift) -> Shift:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _cells(reads: _Reads, centre: Shift, reader: Reader) -> dict[Polynomial, Cells]:
    """The cells of a thread, by what is left of their distance."""
    first = next(iter(reads.addresses.values()))
    place = _ZERO
    for axis, digit in first.digits.items():
        place = place + digit * (reader.place(axis, axis in first.wide) + Polynomial.of(centre[AXES.index(axis)]))
    assert isinstance(first.base, Argument)
    type_ = next(iter(reads.ahead)).type
    return {rest: Cells(first.base, place + rest, type_) for rest in dict.fromkeys(reads.rest.values())}


def _cost(inductions: Inductions, cfg: ControlFlow) -> float:
    """Of a kernel, in operations: of the adjoint, the cotangents of the one cell are all that is left of a neighbour."""
    total = 0.0
    for block in cfg.reverse_postorder:
        trips = _ASSUMED_TRIPS ** len(inductions.forest.nest(block))
        total += trips * sum(_COSTS.get(i.opcode, _OTHER_COST) for i in block.instructions if not _is_register(i))
    return total


def _is_register(instruction: Instruction) -> bool:
    """Whether it is read who a thread is, or how many there are."""
    return (register_of(instruction) or "").partition(".")[0] in _REGISTERS


@dataclass(frozen=True)
class _Kernel:
    """What a kernel does to memory."""

    aliasing: Aliasing
    cfg: ControlFlow
    inductions: Inductions

    def can_be_run_again(self) -> bool:
        instructions = [i for block in self.cfg.reverse_postorder for i in block.instructions]
        return not self.cfg.cold and all(map(self._is_plain, instructions)) and self._writes_apart(instructions)

    def _is_plain(self, instruction: Instruction) -> bool:
        match instruction.opcode:
            case "store":
                return self._is_simple(instruction.operands[1])
            case "atomicrmw":
                return is_atomic_sum(instruction) and self._is_simple(instruction.operands[0])
            case "call":
                known = classify(instruction.callee_name)
                if known is not None:
                    return known.kind in _HARMLESS_KINDS and (register_of(instruction) is None or _is_register(instruction))
                return lookup(instruction.callee_name) is not None or instruction.callee_name in INACTIVE
        return instruction.opcode not in ("cmpxchg", "fence", "invoke")

    def _is_simple(self, pointer: Value) -> bool:
        return isinstance(root_of(pointer), Argument)

    def _writes_apart(self, instructions: list[Instruction]) -> bool:
        read = self._objects(i.operands[0] for i in instructions if i.opcode == "load")
        summed = self._objects(i.operands[0] for i in instructions if i.opcode == "atomicrmw")
        stores = [i for i in instructions if i.opcode == "store"]
        stored = self._objects(i.operands[1] for i in stores)
        return UNKNOWN not in read | summed | stored and not read & (summed | stored) and not summed & stored \
            and not any(self._is_behind(*pair) for pair in product(stores, stores))

    def _objects(self, pointers: Iterable[Value]) -> set[MemoryObject]:
        return {obj for pointer in pointers for obj in self.aliasing.objects_of(pointer)}

    def _is_behind(self, one: Instruction, other: Instruction) -> bool:
        """Whether a thread may store by the second what it has stored to the same array by the first."""
        if not self._objects([one.operands[1]]) & self._objects([other.operands[1]]) or self._is_apart(one, other):
            return False
        block = one.parent
        if block is other.parent and block.instructions.index(one) < block.instructions.index(other):
            return True
        return any(self.cfg.reachable(following, other.parent) for following in self.cfg.successors[block])

    def _is_apart(self, one: Instruction, other: Instruction) -> bool:
        """Whether two stores that a thread makes once are a known distance apart."""
        first, second = (self.inductions.pointer_affine(store.operands[1]) for store in (one, other))
        is_repeated = any(self.inductions.forest.nest(store.parent) for store in (one, other))
        if is_repeated or first is None or second is None or first.base is not second.base:
            return False
        distance = (first.offset - second.offset).constant
        return distance is not None and abs(distance) >= max(size_of(i.operands[0].type) for i in (one, other))


def can_move(functions: Iterable[Function], found: GatheredThreads) -> bool:
    """Whether these can be made functions of other threads."""
    return all(axis in find(function) for function in functions for axis in found.axes)
