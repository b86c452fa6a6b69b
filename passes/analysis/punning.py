"""Whether numbers that are stored by one float type are read by another one: type punning.

Requires: ``Activity`` of each function; of a call that is not inlined also that of the callee.
Ensures:  ``clash_in(obj)`` holds two accesses of bytes that carry derivatives, by two float types or by one that begins within
          the other's cell, wherever these may be the same bytes of ``obj``; None only where they are not.

The shadow of a number is the derivative of that number, of the same type; the bits of a part of it are the derivative of
nothing.  Only accesses count that touch a shadow: loads of integers, loads of which nothing useful is made, and fills see the
bits of the primal alone.  What a callee accesses counts where its caller has got the memory from.

Where places are not known exactly, as those of array fields of records, what lies in memory is kept apart by its type, unless
the front end says (``VIEW``) that it is seen by another one too, or that it does not tell. There whatever cannot be told apart
clashes, and so does an integer stored over a part of a float.
Algorithm: places and sizes, told apart by congruences (see ``places``); copied bytes have the same types on both sides.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from math import gcd

from ..ir.model import Argument, Constant, Instruction, Value, is_float
from ..ir.types import DOUBLE, FLOAT, I8, I16, I32, FloatType, IntType, Type, size_of
from ..ir.vocabulary import VIEW
from .activity import DUPLICATED, Activity
from .alias import Aliasing, made_by
from .call_kinds import is_atomic_bound, is_atomic_sum, is_transfer, is_view, rule_of
from .memory_types import Access, MemoryTypes, admit, share
from .objects import MemoryObject, Origin
from .places import Place, base_of, factor_of, places_of

_OF_CALLERS = (Origin.ARGUMENT, Origin.BEHIND)
_OF_ALL = (Origin.GLOBAL, Origin.SHARED)
_FLOATS = {size_of(type_): type_ for type_ in (FLOAT, DOUBLE)}
_NAMES: dict[Type, str] = {DOUBLE: "float64", FLOAT: "float32", I8: "int8", I16: "int16", I32: "int32"}
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
    #: Memory that is seen by more than one type, with the bytes of the smallest element; and by which instruction.
    views: dict[MemoryObject, int] = field(default_factory=dict)
    seen_by: dict[MemoryObject, Instruction] = field(default_factory=dict)
    #: What such memory holds before it is seen as something else, and what afterwards, whether or not it is used.
    before: dict[MemoryObject, set[Access]] = field(default_factory=dict)
    after: dict[MemoryObject, set[Access]] = field(default_factory=dict)
    #: Whether any memory may be seen by another type, by numbers as large as the largest.
    is_untold: bool = False

    @property
    def size(self) -> int:
        told = sum(map(len, (*self.before.values(), *self.after.values())))
        return sum(map(len, self.types.accesses.values())) + told - sum(self.views.values()) + self.is_untold

    def see(self, obj: MemoryObject, element: int, view: Instruction | None) -> None:
        self.views[obj] = min(element, self.views.get(obj, element))
        if view is not None:
            self.seen_by.setdefault(obj, view)

    def look(self, view: Instruction) -> None:
        """Takes down what the front end says."""
        if view.callee_name == f"{VIEW}untold":
            self.is_untold = True
            return
        element, number, step = (n.integer or 0 for n in view.arguments[1:] if isinstance(n, Constant))
        told = self.before if view.callee_name == f"{VIEW}of" else self.after
        for obj, start in shadow_places(view.arguments[0], self.activity.aliasing):
            self.see(obj, element, view)
            if number:
                admit(told, obj, start and start.moved(Place(0, step)), _FLOATS[number])

    def add(self, obj: MemoryObject, place: Place | None, type_: Type, use: Instruction | None) -> None:
        admit(self.types.accesses, obj, place, type_)
        known = self.uses.get((obj, type_))
        if use is not None and (known is None or (known.opcode == "store" and use.opcode != "store")):
            self.uses[obj, type_] = use

    def take_over(self, call: Instruction, callee: ShadowTypes, parameters: list[Argument]) -> None:
        """What a callee does to memory that its caller knows."""
        outside = callee.seen_outside()
        self.is_untold |= callee.is_untold
        callee.is_untold |= self.is_untold
        for obj, accesses in list(callee.types.accesses.items()):
            for place, type_ in list(accesses):
                for here, there in self._places_here(call, callee, parameters, obj, place):
                    if obj.origin not in _OWN or obj in outside:
                        self.add(here, there, type_, callee.uses.get((obj, type_)))
        for obj, element in list(callee.views.items()):
            for here, _ in self._places_here(call, callee, parameters, obj, Place(0)):
                self.see(here, element, callee.seen_by.get(obj))
        for mine, theirs in ((self.before, callee.before), (self.after, callee.after)):
            for obj, accesses in list(theirs.items()):
                for place, type_ in list(accesses):
                    for here, there in self._places_here(call, callee, parameters, obj, place):
                        admit(mine, here, there, type_)

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
                self.uses.setdefault((obj, type_), next(c for c in self.transfers if self._moves(c, obj)))

    def _moves(self, transfer: Instruction, obj: MemoryObject) -> bool:
        return any(obj == end for a in transfer.arguments[:2] for end, _ in shadow_places(a, self.activity.aliasing))

    def show_callers(self) -> None:
        """What the callers of an entry see: in their arguments what these hold, and in memory that they are given back whatever
        it is seen as."""
        aliasing = self.activity.aliasing
        given = {MemoryObject(Origin.ARGUMENT, a) for a, kind in self.activity.kinds.items() if kind == DUPLICATED}
        returned = aliasing.behind(obj for obj in aliasing.contents if obj.origin in _OF_CALLERS)
        for told, seen in ((self.before, given | returned), (self.after, returned)):
            for obj in seen.intersection(told):
                if obj in given or self.activity.active_object(obj):
                    for place, type_ in told[obj]:
                        self.add(obj, place, type_, self.seen_by.get(obj) if told is self.after else None)

    def clash(self, is_entry: bool) -> Clash | None:
        """In memory of which no caller knows more."""
        if is_entry:
            self.show_callers()
        origins = (*_OWN, *_OF_CALLERS, *_OF_ALL) if is_entry else _OWN
        found = (self.clash_in(obj) for obj in self.types.accesses if obj.origin in origins)
        return next(filter(None, found), None)

    def clash_in(self, obj: MemoryObject) -> Clash | None:
        accesses = self.types.accesses[obj]
        pairs = combinations_with_replacement(sorted(accesses, key=str), 2) if not _is_regular(accesses) else ()
        for one, other in sorted(pairs, key=lambda pair: pair[0][1] == pair[1][1]):
            if _clash(one, other, self.views.get(obj, size_of(DOUBLE) if self.is_untold else None)):
                first, second = sorted((one[1], other[1]), key=lambda type_: self._order(obj, type_))
                uses = self.uses.get((obj, second)), self.seen_by.get(obj), self.uses.get((obj, first))
                return Clash(first, second, next(filter(None, uses), None))
        return None

    def _order(self, obj: MemoryObject, type_: Type) -> tuple[bool, ...]:
        """First what is known from outside, then what is written, then what is read, of two alike what it is seen as from the
        beginning; integers last."""
        use = self.uses.get((obj, type_))
        is_late = all(type_ != told for _, told in self.before.get(obj, ()))
        return isinstance(type_, IntType), use is not None, use is not None and use.opcode != "store", is_late


def analyse(activity: Activity, instructions: Iterable[Instruction], facts: dict[Argument, Type]) -> ShadowTypes:
    """``facts``: the element types of arguments' memory that the front end knows; before calls are taken over."""
    instructions = list(instructions)
    transfers = [i for i in instructions if is_transfer(i) and all(map(activity.has_shadow, i.arguments[:2]))]
    result = ShadowTypes(activity, MemoryTypes(activity.aliasing, places=shadow_places), transfers)
    for argument, type_ in facts.items():
        if isinstance(type_, FloatType) and activity.kinds.get(argument) == DUPLICATED:
            for obj, start in shadow_places(argument, activity.aliasing):
                result.add(obj, start and start.moved(Place(0, size_of(type_))), type_, None)
                result.see(obj, size_of(type_), None)       # it holds nothing else
    for instruction in instructions:
        if is_view(instruction):
            result.look(instruction)
        for pointer, distance, type_ in _uses(instruction, activity):
            for obj, start in shadow_places(pointer, activity.aliasing):
                result.add(obj, start and start.moved(distance), type_, instruction)
        rule = rule_of(instruction)
        if rule is not None and activity.active_call(instruction):
            for type_ in rule.made:
                result.add(made_by(instruction), None, type_, None)
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
    elif instruction.opcode == "store" and isinstance(instruction.operands[0].type, IntType):
        value, pointer = instruction.operands
        if activity.active_memory(pointer) and size_of(value.type) < size_of(DOUBLE) and not _is_initial(instruction):
            yield pointer, Place(0), value.type         # it may lie over a part of a float
    elif (is_atomic_sum(instruction) or is_atomic_bound(instruction)) and activity.active_memory(instruction.operands[0]):
        yield instruction.operands[0], Place(0), instruction.type
    elif (rule := rule_of(instruction)) is not None and activity.active_call(instruction):
        for position, (type_, axes) in zip(rule.arrays, rule.elements, strict=False):
            if type_ is not None and activity.has_shadow(instruction.arguments[position]):
                strides = instruction.arguments[position + 1 + axes:][:axes]
                yield instruction.arguments[position], Place(0, gcd(*map(factor_of, strides))), type_


def _is_initial(store: Instruction) -> bool:
    """A zero that no line of the user's wrote: memory that begins as zeros."""
    return store.location is None and isinstance(store.operands[0], Constant) and store.operands[0].integer == 0


def _is_zero(value: Value) -> bool:
    """A number whose bits are those of zero in any type: their derivative is zero too."""
    return isinstance(value, Constant) and value.text in ("0.0", "0.000000e+00", "zeroinitializer", "0x0000000000000000")


def _is_regular(accesses: set[Access]) -> bool:
    """Whether all are of one type, and lie at multiples of its size from each other: most memory is so."""
    types = {type_ for _, type_ in accesses}
    places = [place for place, _ in accesses if place is not None]
    if len(types) > 1:
        return False
    size = size_of(*types)
    return (len(places) == len(accesses) and len({place.offset % size for place in places}) == 1
            and all(place.step % size == 0 for place in places))


def _clash(one: Access, other: Access, element: int | None) -> bool:
    """Whether two accesses may see the same bytes, but not the same number; ``element``: the bytes of the smallest element as
    which the memory is seen, None where it is seen by one type, so that what lies in it is kept apart by that."""
    (place, type_), (there, other_type) = one, other
    numbers = [t for t in (type_, other_type) if isinstance(t, FloatType)]
    if not numbers or (len(numbers) == 1 and (element is None or size_of(type_) == size_of(other_type))):
        return False
    size = size_of(type_)
    if place is None or there is None:
        return element is not None and (type_ != other_type or element < size)
    step, distance = gcd(place.step, there.step), there.offset - place.offset
    if not place.meets(size, there, size_of(other_type)):
        return False
    is_exact = place.step == there.step and (step == 0 or step >= max(size, size_of(other_type)))
    if type_ != other_type:
        return is_exact or element is not None
    if distance == 0 if step == 0 else step >= size and distance % step == 0:
        return False                # the same cells
    return is_exact or (element is not None and element < size)
