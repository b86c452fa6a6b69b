"""Which store wrote what a load reads, where one store of the same round wrote all of it; or which load has read it before.

Requires: control flow; affine addresses; aliasing and overwrites; counters inserted.
Ensures:  ``source(load)`` names a store or another load that has written or read, before the load runs and in the same
          iteration of the loops around both, the cell that the load reads, and nothing has written there since. It ran in the
          iteration ``at`` of the loops that are around it alone: in each of these, the one whose number is the counter of a
          loop around the load and a constant, or for a store in one that has written all of the array, the one whose cell the
          load reads, whichever that is. No two iterations of these write the same cell.
Algorithm: exact data flow of array elements (Feautrier, "Dataflow analysis of array and scalar references", IJPP 20 (1991)) for
          subscripts that differ by constants and loops with the same bounds.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, permutations, product
from math import gcd

from ..ir.model import Instruction, Value
from ..ir.types import I64, size_of
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .cfg import is_before
from .implied import Implied
from .loops import Loop, runs_at_end
from .objects import UNKNOWN
from .polynomial import Polynomial, Symbol
from .recipes import Recipes
from .symbolic import Address
from .trip_count import TripCount

#: How many iterations the load may be behind the store.
FARTHEST = 2
#: Loops around the store alone that are followed.
MOST_LOOPS = 3
_UPWARDS = frozenset({"slt", "sle", "ult", "ule"})


@dataclass(frozen=True)
class Source:
    """``access``: a store or a load; ``at``: for each loop around it alone, outermost first, the number of the iteration."""

    access: Instruction
    at: Mapping[Loop, Polynomial]

    @property
    def value(self) -> Value:
        return accessed(self.access)


def accessed(access: Instruction) -> Value:
    """What was stored or loaded."""
    return access.operands[0] if access.opcode == "store" else access


@dataclass
class Forwarding:
    """Answers for the loads of one function."""

    recipes: Recipes
    #: Answers of ``_has_cells_apart`` that many loads ask for.
    _apart: dict[tuple[Instruction, tuple[Loop, ...]], bool] = field(default_factory=dict)

    def source(self, load: Instruction) -> Source | None:
        if load.is_ordered:
            return None
        overwrites = self.recipes.overwrites
        objects = overwrites.aliasing.objects_of(load.operands[0])
        if UNKNOWN in objects:
            return None
        writers = list(dict.fromkeys(w for obj in (*objects, UNKNOWN) for w in overwrites.writers.get(obj, ())))
        stores = (store for store in writers if _stores_type_of(store, load) and self._same_base(store, load))
        found = (self._from(access, load) for access in chain(stores, self._other_loads(load)))
        return next((source for source in found if source is not None and self._is_last(source.access, load, writers)), None)

    def _other_loads(self, load: Instruction) -> Iterator[Instruction]:
        """Loads in loops before that may read the same, in the order of the function."""
        nest, position = self.recipes.forest.nest, self.recipes.cfg.position
        address = self.recipes.inductions.pointer_affine(load.operands[0])
        others = self._loads.get(address.base, ()) if address is not None else ()
        return (other for other in others if other.type == load.type and nest(other.parent) != nest(load.parent)
                and position[other.parent] < position[load.parent])

    @cached_property
    def _loads(self) -> dict[Value, list[Instruction]]:
        """All loads, by where their addresses begin."""
        found = defaultdict(list)
        for block in self.recipes.cfg.reverse_postorder:
            for load in block.instructions:
                if load.opcode == "load" and not load.is_ordered:
                    address = self.recipes.inductions.pointer_affine(load.operands[0])
                    if address is not None:
                        found[address.base].append(load)
        return found

    def _from(self, access: Instruction, load: Instruction) -> Source | None:
        """A store or load as a source, if its address and the loops around it agree with those of the load."""
        around, inside, ahead = self._nests(access, load)
        is_store = access.opcode == "store"
        if len(ahead) > MOST_LOOPS or (is_store and not self._tells_cells_apart(access, ahead)):
            return None
        paired = next((at for at in _pairings(ahead, inside) if self._agrees(access, load, at)), None)
        at = _numbers(paired) if paired is not None else self._cell_of_all(access, load, ahead) if is_store else None
        # Where a load is right, the array that it reads has cells: the loop that writes them all has an iteration.
        least = {self._most(loop, access).symbol: 1 for loop in ahead} if paired is None else {}
        return Source(access, at) if at is not None and self._runs_always(access, load, around, ahead, least) else None

    def _nests(self, access: Instruction, load: Instruction) -> tuple[Loop | None, tuple[Loop, ...], tuple[Loop, ...]]:
        """The innermost loop around both, the loops in it around the load, and those around the other access."""
        forest = self.recipes.forest
        of_load, of_access = forest.nest(load.parent), forest.nest(access.parent)
        common = sum(1 for one, other in zip(of_load, of_access, strict=False) if one is other)
        return of_load[common - 1] if common else None, of_load[common:], of_access[common:]

    def _runs_always(self, access: Instruction, load: Instruction, around: Loop | None, ahead: tuple[Loop, ...],
                     least: Mapping[Symbol | None, int]) -> bool:
        """Whether the access runs before the load, in each iteration of the loops around it alone, all of which run to their
        ends; ``least``: numbers of which more is known."""
        if any(self.recipes.inductions.trip_count(loop) is None for loop in ahead):
            return False
        implied = Implied(self.recipes.cfg, self.recipes.forest, load.parent, around, least)
        start = around.header if around is not None else self.recipes.cfg.function.entry
        inner = [*(loop.header for loop in ahead), access.parent]
        in_order = bool(ahead) or access.parent is not load.parent or is_before(access, load)
        return (in_order and implied.passes(start, load.parent, inner[0])
                and all(implied.passes(loop.header, loop.latch, block) for loop, block in zip(ahead, inner[1:], strict=True)))

    def _tells_cells_apart(self, store: Instruction, ahead: tuple[Loop, ...]) -> bool:
        key = store, ahead
        if key not in self._apart:
            self._apart[key] = self._has_cells_apart(store, ahead)
        return self._apart[key]

    def _has_cells_apart(self, store: Instruction, ahead: tuple[Loop, ...]) -> bool:
        """Whether each iteration of the loops writes a cell of its own: all cells of an inner loop lie within one step of the
        loop around it."""
        address = self.recipes.inductions.pointer_affine(store.operands[1])
        offset, steps = address.offset if address is not None else Polynomial.of(0), []
        for loop in ahead:
            parts = offset.split(loop)
            if parts is None:
                return False
            offset, step = parts
            steps.append(step)
        spans = [Polynomial.of(size_of(store.operands[0].type)),
                 *(step * self._most(loop, store) for step, loop in zip(steps[::-1], ahead[::-1], strict=True))]
        return all(_is_at_least(step, span) for step, span in zip(steps[::-1], spans, strict=False))

    def _most(self, loop: Loop, store: Instruction) -> Polynomial:
        """The most often that the store can run in the loop, if that loop counts up; else more than can be said."""
        trips = self.recipes.inductions.trip_count(loop)
        first = trips.start.constant if trips is not None else None
        if trips is None or first is None or first < 0 or trips.step < 1 or trips.predicate not in ("slt", "ult", "ne"):
            return Polynomial.of(loop)
        return trips.bound - Polynomial.of(first - runs_at_end(loop, store.parent, self.recipes.cfg))

    def _addresses(self, access: Instruction, load: Instruction) -> tuple[Address | None, Address | None]:
        affine = self.recipes.inductions.pointer_affine
        return affine(access.operands[-1]), affine(load.operands[0])

    def _same_base(self, access: Instruction, load: Instruction) -> bool:
        to, from_ = self._addresses(access, load)
        return to is not None and from_ is not None and to.base is from_.base

    def _agrees(self, access: Instruction, load: Instruction, at: Mapping[Loop, tuple[Loop, int]]) -> bool:
        to, from_ = self._addresses(access, load)
        assert to is not None and from_ is not None

        def there(symbol: Symbol) -> Polynomial:
            if not isinstance(symbol, Loop) or symbol not in at:
                return Polynomial.of(symbol)
            loop, further = at[symbol]
            return Polynomial.of(loop) + Polynomial.of(further)

        return to.offset.substitute(there) == from_.offset and all(
            self._covers(loop, access, other, load, further) for loop, (other, further) in at.items())

    def _cell_of_all(self, store: Instruction, load: Instruction, ahead: tuple[Loop, ...]) -> Mapping[Loop, Polynomial] | None:
        """Which iteration has written what the load reads, where one loop writes the array from its first cell to its last."""
        to, from_ = self._addresses(store, load)
        assert to is not None and from_ is not None
        parts = to.offset.split(ahead[0]) if len(ahead) == 1 else None
        first, step = (part.constant for part in parts) if parts is not None else (None, None)
        if first is None or step is None or not 0 <= first < step or not self._writes_all(ahead[0], store, to.base, step):
            return None
        further = from_.offset - Polynomial.of(first)
        if any(number % step for number in further.terms.values()):
            return None
        return {ahead[0]: Polynomial({monomial: number // step for monomial, number in further.terms.items()})}

    def _writes_all(self, loop: Loop, store: Instruction, base: Value, step: int) -> bool:
        """Whether the loop comes to the end of the array, by so many bytes an iteration."""
        trips = self.recipes.inductions.trip_count(loop)
        return trips is not None and trips.step == 1 and self._most(loop, store) * step == self._allocated(base)

    def _allocated(self, base: Value) -> Polynomial | None:
        """How many bytes lie behind the beginning of an array that the function allocates."""
        field = base.operands[0] if isinstance(base, Instruction) and base.opcode == "load" else None
        address = self.recipes.inductions.pointer_affine(field) if field is not None else None
        if address is None or address.offset != Polynomial.of(MEMINFO_DATA) or not isinstance(address.base, Instruction):
            return None
        known = classify(address.base.callee_name) if address.base.opcode == "call" else None
        if known is None or (known.kind, known.returns, len(known.size)) != ("allocate", "meminfo", 1):
            return None
        return self._bytes(address.base.arguments[known.size[0]])

    def _bytes(self, number: Value) -> Polynomial | None:
        """A number of bytes, as arithmetic gives it that looks for overflow."""
        parts = number.operands[0] if isinstance(number, Instruction) and number.opcode == "extractvalue" else None
        if isinstance(parts, Instruction) and parts.callee_name.startswith("llvm.smul.with.overflow."):
            one, other = map(self._bytes, parts.arguments)
            return one * other if one is not None and other is not None else None
        affine = self.recipes.inductions.affine(number)
        return affine.polynomial if affine is not None else None

    def _covers(self, loop: Loop, access: Instruction, other: Loop, load: Instruction, further: int) -> bool:
        """Whether the loop of the access has run iteration k + ``further`` whenever that of the load runs k."""
        mine, theirs = map(self.recipes.inductions.trip_count, (loop, other))
        if mine is None or theirs is None or (mine.step, mine.type) != (theirs.step, theirs.type):
            return False
        earlier = (theirs.start - mine.start).constant      # by how much this loop begins before the other one
        if earlier is None or (mine.predicate, mine.bound) != (theirs.predicate, theirs.bound):
            return False
        if earlier and not (earlier % mine.step == 0 and mine.start.constant is not None and _never_steps_over(mine)):
            return False
        iterations, cfg = earlier // mine.step, self.recipes.cfg
        return further < iterations or (further == iterations and (
            not runs_at_end(other, load.parent, cfg) or runs_at_end(loop, access.parent, cfg)))

    def _is_last(self, access: Instruction, load: Instruction, writers: list[Instruction]) -> bool:
        """Whether nothing else writes there after the access and before the load, in an iteration of the loop around both."""
        around, inside, _ = self._nests(access, load)
        barred = around.header if around is not None else None
        follows = self.recipes.cfg.may_follow
        return not any(w is not access and follows(access, w, barred) and follows(w, load, barred)
                       and not self._never_meet(w, load) and not self._writes_behind(w, load, inside) for w in writers)

    def _writes_behind(self, store: Instruction, load: Instruction, loops: tuple[Loop, ...]) -> bool:
        """Whether, in these loops around both, each iteration writes just the cell that it has read before."""
        if not loops or not _stores_type_of(store, load) or self.recipes.forest.loop_of(store.parent) is not loops[-1]:
            return False
        return (self._same_base(store, load) and self._agrees(store, load, {}) and self._tells_cells_apart(store, loops)
                and not self.recipes.cfg.may_follow(store, load, loops[-1].header))

    def _never_meet(self, store: Instruction, load: Instruction) -> bool:
        """Whether no iterations of the two touch the same bytes: what lies side by side in elements of an array."""
        if store.opcode != "store" or not self._same_base(store, load):
            return False
        to, from_ = self._addresses(store, load)
        assert to is not None and from_ is not None
        step = gcd(*(number for address in (to, from_) for monomial, number in address.offset.terms.items() if monomial))
        apart = to.offset.offset - from_.offset.offset
        if not step:
            return apart >= size_of(load.type) or -apart >= size_of(store.operands[0].type)
        return size_of(load.type) <= apart % step <= step - size_of(store.operands[0].type)


def _numbers(paired: Mapping[Loop, tuple[Loop, int]]) -> dict[Loop, Polynomial]:
    return {loop: Polynomial.of(other) + Polynomial.of(further) for loop, (other, further) in paired.items()}


def _pairings(ahead: tuple[Loop, ...], inside: tuple[Loop, ...]) -> Iterator[dict[Loop, tuple[Loop, int]]]:
    """All ways in which loops of the store may go with loops of the load, the likely ones first."""
    for further in product(range(FARTHEST + 1), repeat=len(ahead)):
        for loops in permutations(inside, len(ahead)):
            yield dict(zip(ahead, zip(loops, further, strict=True), strict=True))


def _never_steps_over(trips: TripCount) -> bool:
    """Whether a loop that begins further on, and ends, has gone the way of this one: 2⁶³ iterations would never end."""
    return (trips.step > 0 and trips.predicate in _UPWARDS) or (trips.predicate, trips.step, trips.type) == ("ne", 1, I64)


def _is_at_least(step: Polynomial, span: Polynomial) -> bool:
    """Whether a step is positive and leads over a span."""
    more = (step - span).constant
    return more is not None and more >= 0


def _stores_type_of(store: Instruction, load: Instruction) -> bool:
    return (store.opcode == "store" and store.operands[0].type == load.type
            and not store.is_ordered)
