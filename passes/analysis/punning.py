"""Whether numbers that are stored by one float type are read by another one: type punning.

Requires: ``Activity`` of each function; of a call that is not inlined also that of the callee.
Ensures:  ``clash_in(obj)`` holds two accesses of bytes that carry derivatives, by two float types or by one that begins within
          the other's cell, wherever these may be the same bytes of ``obj``; None only where they are not.

The shadow of a number is the derivative of that number, of the same type; the bits of a part of it are the derivative of
nothing.  Only accesses count that touch a shadow: loads and stores of integers, loads of which nothing useful is made, and
fills see the bits of the primal alone.  What a callee accesses counts where its caller has got the memory from.
Algorithm: places and sizes, told apart by congruences (see ``places``); copied bytes have the same types on both sides.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from math import gcd

from ..ir.model import Argument, Constant, Instruction, Value, is_float
from ..ir.types import DOUBLE, FLOAT, FloatType, Type, size_of
from .activity import DUPLICATED, Activity
from .alias import Aliasing, made_by
from .call_kinds import is_atomic_sum, is_ruled, is_transfer, is_view, rule_of
from .memory_types import Access, MemoryTypes, share
from .objects import MemoryObject, Origin
from .places import Place, base_of, factor_of, places_of

_OF_CALLERS = (Origin.ARGUMENT, Origin.BEHIND)
_OF_ALL = (Origin.GLOBAL, Origin.SHARED)
_NAMES: dict[Type, str] = {DOUBLE: "float64", FLOAT: "float32"}
HINT = ("The derivative of a number is of no use to one made of parts of its bits. Convert by astype, or give numbers of each "
        "type memory of their own.")
_OWN = (Origin.STACK, Origin.HEAP, Origin.HEADER, Origin.CALLEE)


@dataclass(frozen=True)
class Clash:
    """Two types of the same bytes, and where the memory is used by the second."""

    first: Type
    second: Type
    instruction: Instruction | None

    def __str__(self) -> str:
        first, second = (_NAMES.get(type_, str(type_)) for type_ in (self.first, self.second))
        if self.first == self.second:
            return f"cannot differentiate memory of {first} that is also used as {second} from the middle of a number on"
        return f"cannot differentiate memory of {first} that is also used as {second}"


@dataclass
class ShadowTypes:
    """The float types of all shadow memory that a function uses, by object and place."""

    activity: Activity
    types: MemoryTypes
    transfers: list[Instruction]
    #: Where an object is first read by a type, or written if it is never read.
    uses: dict[tuple[MemoryObject, Type], Instruction] = field(default_factory=dict)
    #: Memory that is seen by more than one type, and the bytes of the smallest element.
    views: dict[MemoryObject, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.types.accesses.values())) + sum(self.views.values())

    def see(self, obj: MemoryObject, element: int) -> None:
        self.views[obj] = min(element, self.views.get(obj, element))

    def add(self, obj: MemoryObject, place: Place | None, type_: Type, use: Instruction | None) -> None:
        self.types.add(obj, place, type_)
        known = self.uses.get((obj, type_))
        if use is not None and (known is None or (known.opcode == "store" and use.opcode != "store")):
            self.uses[obj, type_] = use

    def take_over(self, call: Instruction, callee: ShadowTypes, parameters: list[Argument]) -> None:
        """What a callee does to memory that its caller knows."""
        outside = callee.seen_outside()
        for obj, accesses in list(callee.types.accesses.items()):
            for place, type_ in list(accesses):
                for here, there in self._places_here(call, callee, parameters, obj, place):
                    if obj.origin not in _OWN or obj in outside:
                        self.add(here, there, type_, callee.uses.get((obj, type_)))
        for obj, element in list(callee.views.items()):
            for here, _ in self._places_here(call, callee, parameters, obj, Place(0)):
                self.see(here, element)

    def _places_here(self, call: Instruction, callee: ShadowTypes, parameters: list[Argument], obj: MemoryObject,
                     place: Place | None) -> Iterator[tuple[MemoryObject, Place | None]]:
        aliasing, pointers = self.activity.aliasing, callee.activity.aliasing.parameters
        if obj.origin in _OF_ALL:
            yield obj, place
        elif obj.origin == Origin.ARGUMENT and place is not None:
            assert isinstance(obj.site, Argument)
            for here, start in shadow_places(call.arguments[parameters.index(obj.site)], aliasing):
                yield here, None if start is None else start.moved(place)
        elif obj.origin in _OF_CALLERS:
            for member in pointers.members(obj):
                given = aliasing.objects_of(call.arguments[parameters.index(member.argument)])
                yield from ((here, None) for here in (aliasing.behind(given) if member.behind else given))
        elif obj.origin in _OWN and obj.origin != Origin.STACK:
            yield MemoryObject(Origin.CALLEE, call), None

    def seen_outside(self) -> frozenset[MemoryObject]:
        """Memory that the function leaves where its callers find it."""
        aliasing = self.activity.aliasing
        start = frozenset(obj for obj, _ in aliasing.returned) | frozenset(
            obj for obj in aliasing.contents if obj.origin in (*_OF_CALLERS, *_OF_ALL))
        return aliasing.reachable(start)

    def settle(self) -> None:
        """What is copied has the same types on both sides."""
        known = {obj: set(accesses) for obj, accesses in self.types.accesses.items()}
        share(self.types, self.transfers)
        for obj, accesses in self.types.accesses.items():
            for _, type_ in accesses - known.get(obj, set()):
                copies = [c for c in self.transfers if any(obj in self.activity.aliasing.objects_of(a) for a in c.arguments[:2])]
                self.uses.setdefault((obj, type_), copies[0])

    def clash(self, is_entry: bool) -> Clash | None:
        """In memory of which no caller knows more."""
        origins = (*_OWN, *_OF_CALLERS, *_OF_ALL) if is_entry else _OWN
        found = (self.clash_in(obj) for obj in self.types.accesses if obj.origin in origins)
        return next(filter(None, found), None)

    def clash_in(self, obj: MemoryObject) -> Clash | None:
        for one, other in combinations(sorted(self.types.accesses[obj], key=str), 2):
            if _clash(one, other, self.views.get(obj)):
                first, second = sorted((one[1], other[1]), key=lambda type_: self._is_read(obj, type_))
                return Clash(first, second, self.uses.get((obj, second)) or self.uses.get((obj, first)))
        return None

    def _is_read(self, obj: MemoryObject, type_: Type) -> tuple[bool, bool]:
        use = self.uses.get((obj, type_))
        return use is not None, use is not None and use.opcode != "store"


def analyse(activity: Activity, instructions: Iterable[Instruction], facts: dict[Argument, Type]) -> ShadowTypes:
    """``facts``: the element types of arguments' memory that the front end knows; before calls are taken over."""
    instructions = list(instructions)
    transfers = [i for i in instructions if is_transfer(i) and all(map(activity.has_shadow, i.arguments[:2]))]
    result = ShadowTypes(activity, MemoryTypes(activity.aliasing, places=shadow_places), transfers)
    for argument, type_ in facts.items():
        if isinstance(type_, FloatType) and activity.kinds.get(argument) == DUPLICATED:
            for obj, start in shadow_places(argument, activity.aliasing):
                result.add(obj, start and start.moved(Place(0, size_of(type_))), type_, None)
    for instruction in instructions:
        if is_view(instruction):
            pointer, element = instruction.arguments
            for obj, _ in shadow_places(pointer, activity.aliasing):
                result.see(obj, int(element.text))
        for pointer, distance, type_ in _uses(instruction, activity):
            for obj, start in shadow_places(pointer, activity.aliasing):
                result.add(obj, start and start.moved(distance), type_, instruction)
        if is_ruled(instruction) and activity.active_call(instruction):
            for type_ in rule_of(instruction).made:
                result.add(made_by(instruction), None, type_, instruction)
    return result


def shadow_places(pointer: Value, aliasing: Aliasing) -> Iterator[tuple[MemoryObject, Place | None]]:
    """As ``places_of``, but what an argument is seen to point to lies at a place of its own, whatever else points there:
    callers know where that is."""
    base, distance = base_of(pointer)
    if isinstance(base, Argument):
        yield MemoryObject(Origin.ARGUMENT, base), distance
    else:
        yield from places_of(pointer, aliasing)


def _uses(instruction: Instruction, activity: Activity) -> Iterator[tuple[Value, Place, Type]]:
    """The pointers through which an instruction or its derivative uses a shadow."""
    if instruction.opcode == "load" and is_float(instruction) and activity.active(instruction):
        yield instruction.operands[0], Place(0), instruction.type
    elif instruction.opcode == "store" and is_float(instruction.operands[0]):
        value, pointer = instruction.operands
        if activity.active_memory(pointer) and not _is_zero(value):
            yield pointer, Place(0), value.type
    elif is_atomic_sum(instruction) and activity.active_memory(instruction.operands[0]):
        yield instruction.operands[0], Place(0), instruction.type
    elif is_ruled(instruction) and activity.active_call(instruction):
        rule = rule_of(instruction)
        for position, (type_, axes) in zip(rule.arrays, rule.elements, strict=False):
            if type_ is not None and activity.has_shadow(instruction.arguments[position]):
                strides = instruction.arguments[position + 1 + axes:][:axes]
                yield instruction.arguments[position], Place(0, gcd(*map(factor_of, strides))), type_


def _is_zero(value: Value) -> bool:
    """A number whose bits are those of zero in any type: their derivative is zero too."""
    return isinstance(value, Constant) and value.text in ("0.0", "0.000000e+00", "zeroinitializer", "0x0000000000000000")


def _clash(one: Access, other: Access, element: int | None) -> bool:
    """Whether two accesses may see the same bytes, but not the same number; ``element``: the bytes of the smallest element as
    which the memory is seen, None where it is seen by one type, so that what lies in it is kept apart by that."""
    (place, type_), (there, other_type) = one, other
    if not isinstance(type_, FloatType) or not isinstance(other_type, FloatType):
        return False
    if place is None or there is None:
        return element is not None and type_ != other_type
    size, step = size_of(type_), gcd(place.step, there.step)
    if not place.meets(size, there, size_of(other_type)):
        return False
    is_exact = place.step == there.step and (step == 0 or step >= max(size, size_of(other_type)))
    if type_ != other_type:
        return is_exact or element is not None
    # By the same type, but from the middle of a number on.
    distance = there.offset - place.offset
    return (distance % step != 0 if step else distance != 0) if is_exact else element is not None and element < size
