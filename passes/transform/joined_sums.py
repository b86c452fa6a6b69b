"""Additions to shadows that the threads of a warp make together, several of them at once.

Requires: additions in the order in which a reverse function makes them; in front of the adjoint of each instruction a word
          of it, and one at the end of each block.
Ensures:  each addition is made before anything reads or clears the shadow, before threads wait for or tell each other
          anything, and in the block where it was asked for. Those that are made by one call mean the same places in all
          lanes, or places at the same distances from each other, if lanes agree on the words that it is given; see
          runtime/sums.py.

Sums over a warp that are made at once are cheaper than one by one: across one bit of the lanes' numbers each lane hands on
half of them. What is asked is asked once for all: not whether each place is the same, but whether what the places are computed
from is.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from ..analysis.alias import Aliasing
from ..analysis.call_kinds import is_shuffle
from ..analysis.induction import Inductions
from ..analysis.objects import UNKNOWN, Objects
from ..analysis.ownership import register_of
from ..analysis.polynomial import Monomial, Polynomial
from ..analysis.symbolic import Address
from ..ir.builder import Builder, const
from ..ir.model import Argument, Constant, Function, Global, Instruction, Module, Value, is_float
from ..ir.types import DOUBLE, FLOAT, I32, I64, IntType, PointerType, Type
from ..rules.scalar import lookup
from .launch_conditions import read_register
from .memory import call_void

#: The most sums that are made at once, and the most that wait: more save exchanges, and cost registers, with which fewer
#: threads run at a time.
MOST, MOST_WAITING = 4, 8
#: How lanes are likely to mean the same place: all of them; those of groups; or as groups, unless no two threads ever do.
WARP, GROUP, OWN_GROUP = "warp", "group", "own.group"
_BITS: dict[Type, str] = {DOUBLE: "f64", FLOAT: "f32"}
_NAME = re.compile(r"dp\.add\.(?:warp|group|axes\.[xyz]+)\.(\d+)\.\d+\.f\d\d")
_OWN_NAME = re.compile(r"dp\.add\.own\.(?=group|axes)")
#: The place of a thread in its block.
_TID = "tid."
#: What gives the same where it is given the same.
_PURE = frozenset("add sub mul sdiv udiv srem urem shl lshr ashr and or xor icmp select zext sext trunc ptrtoint inttoptr "
                  "bitcast getelementptr".split())


def among_others(name: str) -> str | None:
    """For a function that adds where no other thread does, the one that adds where groups of threads may."""
    return _OWN_NAME.sub("dp.add.", name) if _OWN_NAME.match(name) else None


def places_of(instruction: Instruction) -> list[tuple[Value, Type]]:
    """The places that a call adds to atomically, each with the type of the number there."""
    found = _NAME.fullmatch(instruction.callee_name) if instruction.opcode == "call" else None
    count = int(found[1]) if found else 0
    return [(place, instruction.arguments[count].type) for place in instruction.arguments[:count]]


@dataclass(frozen=True, eq=False)
class Sum:
    """An addition for the load ``access`` from ``pointer``: to ``place``, in the shadow."""

    kind: str
    access: Instruction
    pointer: Value
    place: Value
    amount: Value


@dataclass
class JoinedSums:
    """Of one reverse function; ``is_likely`` says whether lanes are likely to agree on a value of the primal; ``tell`` is given
    each load with the number of loads whose sums are made at once."""

    module: Module
    aliasing: Aliasing
    inductions: Inductions
    is_likely: Callable[[Value], bool]
    tell: Callable[[Instruction, int], None]
    #: What waits, by what must be alike to be made at once.
    waiting: dict[Hashable, list[Sum]] = field(default_factory=dict)

    def add(self, builder: Builder, asked: Sum) -> None:
        """Takes note of an addition, to be made behind ``builder``."""
        key = self._key(asked)
        self.waiting.setdefault(key, []).append(asked)
        if len(self.waiting[key]) == MOST:
            self._make(builder, key)
        elif sum(map(len, self.waiting.values())) > MOST_WAITING:
            self._make(builder, max(self.waiting, key=lambda one: len(self.waiting[one])))

    def before(self, builder: Builder, instruction: Instruction) -> None:
        """Makes what the adjoint of an instruction must be behind."""
        for key, sums in list(self.waiting.items()):
            if any(must_be_behind(self.aliasing, instruction, one) for one in sums):
                self._make(builder, key)

    def finish(self, builder: Builder, put_off: Callable[[Sum], bool] = lambda asked: False) -> None:
        """Makes all that waits, but for what can be put off further."""
        for key, sums in list(self.waiting.items()):
            self.waiting[key] = [one for one in sums if not put_off(one)]
            self._make(builder, key)

    # alike ----------------------------------------------------------------------------------------------------------

    def _key(self, asked: Sum) -> Hashable:
        common = asked.kind, asked.amount.type
        if asked.kind == WARP:
            return *common, frozenset(_origins(asked.place))
        address = self.inductions.pointer_affine(asked.pointer)
        if address is None:
            return *common, asked
        return *common, address.base, self._differing(address.offset)

    def _differing(self, offset: Polynomial) -> Polynomial:
        """What in an address is likely to differ between lanes."""
        return Polynomial({monomial: number for monomial, number in offset.terms.items() if not self._is_alike(monomial)})

    def _is_alike(self, monomial: Monomial) -> bool:
        return all(not isinstance(symbol, Value) or self.is_likely(symbol) for symbol in monomial)

    # code -----------------------------------------------------------------------------------------------------------

    def _make(self, builder: Builder, key: Hashable) -> None:
        sums = self.waiting.pop(key)
        if sums:
            words = self._words_of_warp(builder, sums) if sums[0].kind == WARP else [
                *self.words_of_place(builder, sums[0], sums[0].place), *self._words_of_distances(builder, sums)]
            self.write(builder, sums[0], [one.place for one in sums], [one.amount for one in sums], words)
        for one in sums:
            self.tell(one.access, len(sums))

    def write(self, builder: Builder, like: Sum, places: list[Value], amounts: list[Value], words: list[Value]) -> None:
        """The call of one of the functions of runtime/sums.py."""
        axes, given = self._axes(like), [*places, *amounts, *words]
        kind = like.kind.replace(GROUP, f"axes.{''.join(axes)}") if axes else like.kind
        name = f"dp.add.{kind}.{len(places)}.{len(words)}.{_BITS[amounts[0].type]}"
        call_void(builder, self.module, name, given)

    def _words_of_warp(self, builder: Builder, sums: list[Sum]) -> list[Value]:
        """If all lanes have the same, their places are the same."""
        origins = list(dict.fromkeys(value for one in sums for value in _origins(one.place)))
        places = list(dict.fromkeys(one.place for one in sums))
        asked = min(origins, places, key=lambda values: sum(map(_size, values)))
        return [word for value in asked for word in words_of(builder, value)]

    def words_of_place(self, builder: Builder, asked: Sum, place: Value) -> list[Value]:
        """If all lanes have the same, their places differ only as their coordinates in the block do; none where that is not
        all that differs, or nothing else can."""
        axes, address = self._axes(asked), self._address(asked)
        rest = address.offset - self._differing(address.offset)
        if not axes or (not isinstance(address.base, Instruction) and all(isinstance(s, Argument) for s in rest.symbols)):
            return []
        word = builder.cast("trunc", builder.cast("ptrtoint", place, I64), I32)
        for axis, distance in axes.items():
            moved = builder.binary("mul", read_register(builder, self.module, _TID + axis), const(I32, distance))
            word = builder.binary("sub", word, moved)
        return [word]

    def _words_of_distances(self, builder: Builder, sums: list[Sum]) -> list[Value]:
        """If all lanes have the same, the distances between their places are the same."""
        first, *others = sums
        found: dict[Polynomial, Value] = {}
        for one in others:
            distance = self._address(one).offset - self._address(first).offset
            if distance not in found and not all(isinstance(symbol, Argument) for symbol in distance.symbols):
                here, there = (builder.cast("ptrtoint", place, I64) for place in (first.place, one.place))
                found[distance] = builder.cast("trunc", builder.binary("sub", there, here), I32)
        return list(found.values())

    def _axes(self, asked: Sum) -> dict[str, int]:
        """The distance in bytes between threads along each axis of the block, where likely nothing else differs."""
        address = self.inductions.pointer_affine(asked.pointer) if asked.kind != WARP else None
        found: dict[str, int] = {}
        for monomial, distance in self._differing(address.offset).terms.items() if address is not None else ():
            axis = _axis(monomial)
            if axis is None:
                return {}
            found[axis] = found.get(axis, 0) + distance
        return dict(sorted(found.items()))

    def _address(self, one: Sum) -> Address:
        return self.inductions.pointer_affine(one.pointer) or Address(one.pointer, Polynomial.of(0))


def _axis(monomial: Monomial) -> str | None:
    """The axis of the block, where a monomial is a thread's place along it."""
    name = register_of(monomial[0]) or ""
    return name.removeprefix(_TID) if len(monomial) == 1 and name.startswith(_TID) else None


def must_be_behind(aliasing: Aliasing, instruction: Instruction, asked: Sum) -> bool:
    """Whether the adjoint of an instruction may read or clear what is added to, or lets others do so."""
    if instruction.opcode == "store":
        return _meet(*(aliasing.objects_of(pointer) for pointer in (asked.pointer, instruction.operands[1])))
    return not _only_computes(instruction)


def _meet(mine: Objects, theirs: Objects) -> bool:
    return not mine or not theirs or UNKNOWN in mine | theirs or bool(mine & theirs)


def _only_computes(instruction: Instruction) -> bool:
    """Whether an adjoint neither reads nor clears a shadow: it adds to cotangents, or to a shadow."""
    if instruction.opcode == "call":
        return not is_shuffle(instruction) and is_float(instruction) and lookup(instruction.callee_name) is not None
    return instruction.opcode == "load" or (is_float(instruction) and instruction.opcode != "atomicrmw")


def _origins(place: Value) -> Iterator[Value]:
    """The values from which a place is computed, without those that are the same for all threads."""
    pending, seen = [place], set()
    while pending:
        value = pending.pop()
        if value in seen or isinstance(value, (Argument, Constant, Global, Function)):
            continue
        seen.add(value)
        if isinstance(value, Instruction) and value.opcode in _PURE and all(map(_is_word, value.operands)):
            pending += value.operands
        else:
            yield value


def _is_word(value: Value) -> bool:
    return isinstance(value.type, PointerType) or (isinstance(value.type, IntType) and value.type.bits <= 64)


def _size(value: Value) -> int:
    """In words of 32 bits."""
    return 1 if isinstance(value.type, IntType) and value.type.bits <= 32 else 2


def words_of(builder: Builder, value: Value) -> Iterator[Value]:
    whole = builder.cast("ptrtoint", value, I64) if isinstance(value.type, PointerType) else value
    assert isinstance(whole.type, IntType)
    if whole.type.bits <= 32:
        yield whole if whole.type == I32 else builder.cast("zext", whole, I32)
        return
    whole = whole if whole.type == I64 else builder.cast("zext", whole, I64)
    yield builder.cast("trunc", whole, I32)
    yield builder.cast("trunc", builder.binary("lshr", whole, const(I64, 32)), I32)
