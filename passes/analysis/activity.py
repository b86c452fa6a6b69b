"""Which values and memory objects carry derivatives: varied (depend on an active input) and useful (reach a result).

Requires: prepared IR; ``Aliasing`` of the function; the kind of each parameter.
Ensures:  ``active(value)`` holds for every floating-point value whose derivative may be nonzero and may matter;
          ``shadowed`` holds every object that needs a shadow, closed under "one pointer may point into either";
          active data that reaches something without a derivative raises ``UnsupportedIR`` with the user's line.
Algorithm: two monotone dataflow problems over SSA values and abstract objects, forward (varied) and backward (useful),
          as in Hascoët, Naumann & Pascual, "To be recorded analysis in reverse-mode automatic differentiation" (2005), §2.
Debug:    dp-opt --pass=activity
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from ..errors import UnsupportedIR
from ..ir.model import Argument, Block, Constant, Function, Instruction, Module, Value, is_float
from ..ir.types import DOUBLE, FLOAT, PTR, FloatType, IntType, PointerType, Type, size_of
from ..rules.expression import Unavailable
from ..rules.runtime_calls import classify
from ..rules.scalar import INACTIVE, MARKS, lookup
from ..rules.special import OPERANDS
from . import memory_types
from .addresses import addresses_in
from .alias import Aliasing, is_pointer, made_by
from .call_kinds import (
    fits_callee,
    is_atomic_bound,
    is_atomic_sum,
    is_fill,
    is_internal_call,
    is_interpreted,
    is_opaque,
    is_ruled,
    is_shuffle,
    is_special,
    is_transfer,
    rule_of,
    special_name,
)
from .memory_types import MemoryTypes
from .objects import UNKNOWN, MemoryObject, Objects, Origin

ACTIVE, DUPLICATED, CONSTANT = "active", "duplicated", "const"
#: Operations whose result varies with their floating-point operands.
ARITHMETIC = frozenset({"fadd", "fsub", "fmul", "fdiv", "frem", "fneg", "fpext", "fptrunc"})
COPIES = frozenset({"phi", "select", "freeze"})
#: Operations through which no derivative passes: their results or operands are integers in meaning, not bits.
DISCRETE = frozenset({"fcmp", "icmp", "sitofp", "uitofp", "fptosi", "fptoui", "ptrtoint", "inttoptr"})
#: Instructions beside which the shadow of the pointer that they give is made; allocations are the others.
ADDRESSES = frozenset({"getelementptr", "bitcast", "freeze", "addrspacecast", "phi", "select", "load", "alloca"})


@dataclass
class Activity:
    """The result; ``cold`` blocks are left out of everything."""

    function: Function
    aliasing: Aliasing
    kinds: dict[Argument, str]
    types: MemoryTypes
    varied: set[Value] = field(default_factory=set)
    useful: set[Value] = field(default_factory=set)
    varied_objects: set[MemoryObject] = field(default_factory=set)
    useful_objects: set[MemoryObject] = field(default_factory=set)
    shadowed: set[MemoryObject] = field(default_factory=set)
    #: Objects that hold nothing but floats, says the front end.
    numbers: set[MemoryObject] = field(default_factory=set)

    def active(self, value: Value) -> bool:
        """Whether a floating-point SSA value has a cotangent."""
        return value in self.varied and value in self.useful

    def active_object(self, obj: MemoryObject) -> bool:
        return obj in self.varied_objects and obj in self.useful_objects

    def active_memory(self, pointer: Value) -> bool:
        """Whether what lies behind a pointer may carry derivatives."""
        return any(map(self.active_object, self.aliasing.objects_of(pointer)))

    def has_shadow(self, pointer: Value) -> bool:
        """Whether a pointer, or a structure with pointers in it, has a shadow beside it."""
        return is_pointer(pointer.type) and bool(self.aliasing.objects_of(pointer) & self.shadowed)

    def given_by(self, call: Instruction) -> Objects:
        """The memory that a call of a function with a rule of its own fills: its result, and arrays in it."""
        return self.aliasing.objects_of(call.arguments[0]) | {made_by(call)}

    def active_call(self, call: Instruction) -> bool:
        """Whether a call of a function with a rule of its own has a derivative.  What it gives may be constant, and needs a
        shadow all the same where a pointer leads now there and now to what is not."""
        return not self.given_by(call).isdisjoint(self.shadowed)

    def scalar_types(self, pointer: Value) -> set[Type]:
        """Types with which the memory behind a pointer is read and written anywhere."""
        return self.types.behind(pointer)

    def __str__(self) -> str:
        rows = [f"activity of @{self.function.name}"]
        for value in [*self.function.arguments, *self.function.instructions()]:
            if is_float(value):
                state = [word for word, group in (("varied", self.varied), ("useful", self.useful)) if value in group]
                rows.append(f"  {value.ref}: {'active' if len(state) == 2 else ' '.join(state) or 'constant'}")
        for obj in sorted(self.shadowed, key=str):
            rows.append(f"  shadow of {obj}")
        return "\n".join(rows)


def analyse(module: Module, function: Function, aliasing: Aliasing, kinds: dict[Argument, str],
            cold: frozenset[Block], facts: dict[Argument, Type] | None = None,
            wants_shadow: Callable[[Instruction], list[Value]] = lambda call: []) -> Activity:
    """Solves both problems.

    ``facts``: element types of arguments' memory that the front end knows; ``wants_shadow``: arguments of a call that is
    not inlined whose shadows the callee asks for.
    """
    blocks = [b for b in function.blocks if b not in cold]
    types = memory_types.analyse((i for b in blocks for i in b.instructions), aliasing, facts or {})
    result = Activity(function, aliasing, kinds, types)
    result.numbers = {obj for argument, type_ in (facts or {}).items() if isinstance(type_, FloatType)
                      for obj in aliasing.objects_of(argument)}
    integers = {obj for argument, type_ in (facts or {}).items() if isinstance(type_, IntType)
                for obj in aliasing.objects_of(argument)}
    solver = _Solver(module, result, blocks, wants_shadow, frozenset(integers))
    solver.solve()
    return result


class _Solver:
    def __init__(self, module: Module, result: Activity, blocks: list[Block],
                 wants_shadow: Callable[[Instruction], list[Value]], integers: Objects):
        #: Memory of the caller's that the front end knows to hold integers.
        self.integers = integers
        self.module = module
        self.wants_shadow = wants_shadow
        self.result = result
        self.aliasing = result.aliasing
        self.instructions = [i for b in blocks for i in b.instructions]
        self.calls = [i for i in self.instructions if is_internal_call(i)]

    def solve(self) -> None:
        self._seed()
        self._until_stable(self._varied_step)
        self._until_stable(self._useful_step)
        self._shadow_objects()
        for instruction in self.instructions:
            self._refuse(instruction)

    def _until_stable(self, step: Callable[[], None]) -> None:
        size = -1
        while size != (size := self._size()):
            step()

    def _size(self) -> int:
        r = self.result
        return len(r.varied) + len(r.useful) + len(r.varied_objects) + len(r.useful_objects)

    def _seed(self) -> None:
        for argument, kind in self.result.kinds.items():
            if kind == ACTIVE:
                self.result.varied.add(argument)
                self.result.useful.add(argument)
            elif kind == DUPLICATED:
                objects = self.aliasing.objects_of(argument)
                reachable = self._reachable(objects)
                self.result.varied_objects |= objects | {obj for obj in reachable if obj.origin == Origin.BEHIND}
                self.result.useful_objects |= reachable
                if self._leads_elsewhere(objects):
                    self.result.varied_objects.add(UNKNOWN)
                    self.result.useful_objects.add(UNKNOWN)

    def _leads_elsewhere(self, objects: Objects) -> bool:
        """Whether a pointer that the caller left in one of ``objects`` is followed: who knows what is behind it."""
        return any(i.opcode == "load" and i.type == PTR and UNKNOWN in self.aliasing.objects_of(i)
                   and self.aliasing.objects_of(i.operands[0]) & objects for i in self.instructions)

    def _reachable(self, objects: Objects) -> Objects:
        """``objects`` and the memory to which they hold pointers: an array handed back in a structure, say."""
        return self.aliasing.reachable(objects) - {UNKNOWN}

    # varied: forward ------------------------------------------------------------------------------------------------

    def _varied_step(self) -> None:
        for instruction in self.instructions:
            opcode = instruction.opcode
            if opcode == "store":
                if instruction.operands[0] in self.result.varied or self._moves_loaded_bits(instruction):
                    self.result.varied_objects |= self.aliasing.objects_of(instruction.operands[1])
            elif opcode == "atomicrmw":
                self._atomic_varies(instruction)
            elif is_transfer(instruction):
                if self._any_varied(instruction.arguments[1]):
                    self.result.varied_objects |= self.aliasing.objects_of(instruction.arguments[0])
            elif is_ruled(instruction):
                self._ruled_varies(instruction)
            elif is_interpreted(instruction):
                continue        # it is refused where anything that it is given varies
            elif is_internal_call(instruction) or is_opaque(instruction):
                self._call_varies(instruction)
            elif self._varies(instruction):
                self.result.varied.add(instruction)

    def _atomic_varies(self, instruction: Instruction) -> None:
        """What it gives is what was there before."""
        if instruction.operands[1] in self.result.varied:
            self.result.varied_objects |= self.aliasing.objects_of(instruction.operands[0])
        if is_float(instruction) and self._any_varied(instruction.operands[0]):
            self.result.varied.add(instruction)

    def _any_varied(self, pointer: Value) -> bool:
        return bool(self.aliasing.objects_of(pointer) & self.result.varied_objects)

    def _varies(self, instruction: Instruction) -> bool:
        opcode = instruction.opcode
        if opcode in DISCRETE or instruction.type == PTR:
            return False
        if opcode == "load":
            # An integer field of a record is no derivative; where only floats live it is the bits of one.
            objects = self.aliasing.objects_of(instruction.operands[0]) & self.result.varied_objects
            if isinstance(instruction.type, IntType):
                return bool(objects) and self.aliasing.objects_of(instruction.operands[0]) <= self.result.numbers
            return bool(objects)
        if opcode == "call":
            given = instruction.arguments if is_shuffle(instruction) else differentiable_operands(instruction)
            return instruction.callee_name not in INACTIVE and any(o in self.result.varied for o in given)
        if opcode == "bitcast" and is_float(instruction) and self._reads_bits(instruction.operands[0], set()):
            return True
        # Integers made from the bits of varied floats are followed so that they can be refused where they come back.
        return any(o in self.result.varied for o in instruction.operands)

    def _moves_bits(self, store: Instruction) -> bool:
        """Whether a store of an integer may write the bits of a float: those of a literal, or loaded ones.
        ``transform.retype_copies`` leaves those that it cannot tell apart."""
        value, pointer = store.operands
        if isinstance(value, Constant) and isinstance(value.type, IntType):
            return any(size_of(t) <= size_of(value.type) for t in self._floats_at(pointer))
        return self._moves_loaded_bits(store)

    def _moves_loaded_bits(self, store: Instruction) -> bool:
        """Whether an integer is stored, where floats live, that was computed from one loaded where active floats live: it may
        be the bits of a float, or one byte of them."""
        value, pointer = store.operands
        return (isinstance(value, Instruction) and isinstance(value.type, IntType) and bool(self._floats_at(pointer))
                and self._reads_bits(value, set()))

    def _floats_at(self, pointer: Value) -> list[FloatType]:
        return [t for t in self.result.types.at(pointer) if isinstance(t, FloatType)]

    def _is_integer_field(self, pointer: Value) -> bool:
        """Whether there are floats in the memory behind a pointer, and none where it points."""
        return not self._floats_at(pointer) and any(isinstance(t, FloatType) for t in self.result.types.behind(pointer))

    def _reads_bits(self, value: Value, seen: set[Value]) -> bool:
        """Whether integer operations lead back to a load from memory that holds varied floats."""
        if not isinstance(value, Instruction) or value in seen or not isinstance(value.type, IntType):
            return False
        seen.add(value)
        if value.opcode == "load":
            return self._any_varied(value.operands[0]) and not self._is_integer_field(value.operands[0])
        return value.opcode not in DISCRETE and any(self._reads_bits(o, seen) for o in value.operands)

    def _call_varies(self, call: Instruction) -> None:
        touched = self._touched(call)
        if any(a in self.result.varied for a in call.arguments) or touched & self.result.varied_objects:
            self.result.varied_objects |= self._changed(call, touched)
            if not isinstance(call.type, IntType):
                self.result.varied.add(call)

    def _changed(self, call: Instruction, touched: Objects) -> Objects:
        """What a call may write, of what it touches."""
        if not isinstance(call.callee, Function) or call.callee.stores is None:
            return touched
        written = frozenset().union(*(self.aliasing.objects_of(call.arguments[k]) for k in call.callee.stores))
        return touched & self.aliasing.reachable(written)

    def _ruled_varies(self, call: Instruction) -> None:
        if any(a in self.result.varied for a in numbers_given(call)) or any(map(self._any_varied, arrays_given(call))):
            self.result.varied_objects |= self.result.given_by(call)

    def _touched(self, call: Instruction) -> Objects:
        known = classify(call.callee_name)
        if known is not None and known.kind == "linear_algebra":
            return frozenset().union(*(self.aliasing.objects_of(call.arguments[k]) for k in {*known.reads, *known.writes}))
        start = self.aliasing.given_to(call)
        if is_internal_call(call):
            # What a callee does to integers does not matter, unless it finds derivatives there and asks for their shadow.
            wanted = frozenset().union(*map(self.aliasing.objects_of, self.wants_shadow(call)))
            start -= self.integers - wanted
        return start | frozenset(o for o in self.aliasing.behind(start) if o.origin not in (Origin.GLOBAL, Origin.UNKNOWN))

    # useful: backward -----------------------------------------------------------------------------------------------

    def _useful_step(self) -> None:
        for instruction in reversed(self.instructions):
            opcode = instruction.opcode
            if opcode == "store":
                if self.aliasing.objects_of(instruction.operands[1]) & self.result.useful_objects:
                    self.result.useful.add(instruction.operands[0])
            elif opcode == "atomicrmw":
                objects = self.aliasing.objects_of(instruction.operands[0])
                if instruction in self.result.useful:
                    self.result.useful_objects |= objects
                if objects & self.result.useful_objects:
                    self.result.useful.add(instruction.operands[1])
            elif is_transfer(instruction):
                if self.aliasing.objects_of(instruction.arguments[0]) & self.result.useful_objects:
                    self.result.useful_objects |= self.aliasing.objects_of(instruction.arguments[1])
            elif is_ruled(instruction):
                self._ruled_uses(instruction)
            elif is_interpreted(instruction):
                continue
            elif is_internal_call(instruction) or is_opaque(instruction):
                self._call_uses(instruction)
            elif instruction in self.result.useful or opcode == "ret":
                self._use_operands(instruction)

    def _use_operands(self, instruction: Instruction) -> None:
        if instruction.opcode == "load":
            self.result.useful_objects |= self.aliasing.objects_of(instruction.operands[0])
        elif instruction.opcode == "call":
            self.result.useful.update(differentiable_operands(instruction))
        elif instruction.opcode not in DISCRETE:
            self.result.useful.update(o for o in instruction.operands if o.type != PTR)

    def _call_uses(self, call: Instruction) -> None:
        touched = self._touched(call)
        if self._changed(call, touched) & self.result.useful_objects or call in self.result.useful:
            self.result.useful_objects |= touched
            self.result.useful.update(a for a in call.arguments if is_float(a))

    def _ruled_uses(self, call: Instruction) -> None:
        if self.result.given_by(call) & self.result.useful_objects:
            self.result.useful.update(numbers_given(call))
            for pointer in arrays_given(call):
                self.result.useful_objects |= self.aliasing.objects_of(pointer)

    # shadows --------------------------------------------------------------------------------------------------------

    def _shadow_objects(self) -> None:
        result = self.result
        result.shadowed = {o for o in result.varied_objects & result.useful_objects if o != UNKNOWN}
        for argument, kind in result.kinds.items():
            if kind == DUPLICATED:
                result.shadowed |= self._reachable(self.aliasing.objects_of(argument))
        for pointer in [p for call in self.calls for p in self.wants_shadow(call)]:
            result.shadowed |= self._reachable(self.aliasing.objects_of(pointer))
        size = -1
        while size != (size := len(result.shadowed)):
            for objects in self._joined_objects():
                if objects & result.shadowed:
                    result.shadowed |= {o for o in objects if o != UNKNOWN}
            for obj in self.aliasing.contents.keys() | self.aliasing.outside.keys():
                if self.aliasing.pointed_at(obj) & result.shadowed and obj != UNKNOWN:
                    result.shadowed.add(obj)

    def _joined_objects(self) -> Iterator[Objects]:
        """Sets of objects that share a pointer: a shadow for one means a shadow for all."""
        for instruction in self.instructions:
            if is_pointer(instruction.type):
                yield self.aliasing.objects_of(instruction)
            for operand in instruction.operands:
                if isinstance(operand, Constant) and operand.type == PTR:
                    yield self.aliasing.objects_of(operand)

    # refusals -------------------------------------------------------------------------------------------------------

    def _refuse(self, instruction: Instruction) -> None:
        opcode = instruction.opcode
        if instruction.users and self.result.has_shadow(instruction):
            self._refuse_address(instruction)
        if opcode == "store" and any(map(self.result.has_shadow, addresses_in(instruction.operands[0]))):
            self._fail(instruction, "a pointer to memory that carries derivatives stored as an integer")
        if opcode in ("load", "store", "atomicrmw", "cmpxchg"):
            self._refuse_access(instruction)
        elif is_transfer(instruction) or is_fill(instruction):
            self._refuse_pointer(instruction, instruction.arguments[0])
        elif opcode == "call":
            self._refuse_call(instruction)
        elif self.result.active(instruction):
            self._refuse_operation(instruction)

    def _refuse_access(self, instruction: Instruction) -> None:
        slot = 1 if instruction.opcode == "store" else 0
        pointer = instruction.operands[slot]
        if not self.result.active_memory(pointer):
            return
        is_known = is_atomic_sum(instruction) or is_atomic_bound(instruction)
        is_special = instruction.opcode in ("atomicrmw", "cmpxchg") and not is_known
        if is_atomic_bound(instruction):
            self._refuse_bound(instruction)
        if is_special or instruction.is_ordered:
            self._fail(instruction, "an atomic or volatile access of memory that carries derivatives",
                       "Of atomic operations, additions, maxima and minima whose result is not used have a derivative.")
        self._refuse_pointer(instruction, pointer)
        if is_known:
            return
        value = instruction.operands[0] if slot else instruction
        if UNKNOWN in self.aliasing.objects_of(pointer) and (slot or not isinstance(value.type, (IntType, PointerType))):
            self._fail(instruction, "memory that carries derivatives is reached through a pointer of unknown origin")
        if slot and not is_float(value) and (value in self.result.varied or self._moves_bits(instruction)):
            self._fail(instruction, "the bits of a floating-point number stored as an integer")
        if slot == 0 and self.result.active(value) and not is_float(value):
            self._fail(instruction, f"a load of type {value.type} from memory that carries derivatives")

    def _refuse_bound(self, operation: Instruction) -> None:
        """The rest is asked by ``analysis.bounds``."""
        if operation.users:
            self._fail(operation, "the result of an atomic maximum or minimum of numbers that carry derivatives",
                       "Read the cell behind a cuda.syncthreads().")

    def _refuse_address(self, instruction: Instruction) -> None:
        """A pointer into memory with a shadow whose own shadow could not be made beside it."""
        known = classify(instruction.callee_name)
        if instruction.opcode not in ADDRESSES and (known is None or known.kind != "allocate"):
            self._fail(instruction, f"a pointer to memory that carries derivatives which comes from '{instruction.opcode}'")

    def _refuse_pointer(self, instruction: Instruction, pointer: Value) -> None:
        objects = self.aliasing.objects_of(pointer)
        if UNKNOWN in objects and (objects & self.result.shadowed or self.result.active_object(UNKNOWN)):
            self._fail(instruction, "memory that carries derivatives is reached through a pointer of unknown origin")
        writes = instruction.opcode == "store" or is_fill(instruction) or is_transfer(instruction)
        frozen = [o for o in objects if o.origin == Origin.GLOBAL]
        if writes and frozen and instruction.operands[0] in self.result.varied:
            self._fail(instruction, "a store of active data into a global constant")

    def _refuse_call(self, call: Instruction) -> None:
        if is_ruled(call):
            for pointer in arrays_given(call):
                self._refuse_pointer(call, pointer)
            return
        if is_internal_call(call):
            if self.result.active(call):
                self._fail(call, f"a call of {call.callee_name} that returns {call.type}")
            for argument in call.arguments:
                if any(map(self.result.has_shadow, addresses_in(argument))):
                    self._fail(call, "a pointer to memory that carries derivatives handed over as an integer")
                if argument.type == PTR:
                    self._refuse_pointer(call, argument)
            return
        if call.callee_name in (*MARKS["discrete"].symbols, *MARKS["discrete"].symbols32):
            self._refuse_discrete(call)
        if is_special(call):
            self._refuse_special(call)
        if not is_opaque(call):
            return
        if is_interpreted(call):
            return self._refuse_interpreted(call)
        touched = self._touched(call)
        through_memory = touched & self.result.varied_objects & self.result.useful_objects
        by_value = any(a in self.result.varied for a in call.arguments) and (
            call in self.result.useful or touched & self.result.useful_objects)
        if through_memory or by_value or self.result.active(call):
            name = special_name(call.callee_name) if is_special(call) else call.callee_name
            self._fail(call, f"a call of {name}" if name else "a call through a function pointer",
                       "It is given data that carry derivatives, and no rule says what their derivatives are."
                       + (" Give the pointer one (dp.register_jvp)." if is_special(call) else ""))

    def _refuse_special(self, call: Instruction) -> None:
        """An operand for which the table has no formula, or a function that is called by another type than it has."""
        found = lookup(call.callee_name)
        if found is None or not self.result.active(call):
            return
        name = special_name(call.callee_name)
        if not fits_callee(call):
            self._fail(call, f"a call of {name} by other types than it has",
                       f"Its symbol is {call.callee_name}; declare the pointer with the types that SciPy says.")
        for index, partial in enumerate(found[0].partials):
            if isinstance(partial, Unavailable) and self.result.active(call.arguments[index]):
                operand = OPERANDS[found[0].name][index]
                self._fail(call, f"{name} with respect to '{operand}'",
                           f"'{operand}' is {partial.reason}, by which the derivative has no closed form. Hand it over as a "
                           f"constant (dp.stop_gradient), or give the pointer a rule of its own (dp.register_jvp).")

    def _refuse_interpreted(self, call: Instruction) -> None:
        """Whether or not something useful comes back at once: Python may keep what it is given, and give it back later.
        Memory that it has made has no shadow either."""
        touched = self.aliasing.touched_by_python(call)
        if (touched & (self.result.varied_objects | self.result.shadowed) or self.result.has_shadow(call.arguments[0])
                or any(a in self.result.varied for a in call.arguments)):
            self._fail(call, "a 'with objmode' block, which the interpreter runs, of data that carry derivatives",
                       "Give a function around it a rule of its own (dp.custom_vjp), or where the derivative shall not see "
                       "the block, hand it dp.stop_gradient of its arguments.")

    def _refuse_discrete(self, mark: Instruction) -> None:
        """A draw of integers whose probabilities carry derivatives."""
        if mark.arguments[0] in self.result.varied:
            location = self.module.location_of(mark)
            caller = location.inlined_at if location else None
            name = caller.function if caller else "a discrete distribution"
            self._fail(mark, f"a draw from {name}, which gives integers",
                       "Its probabilities depend on data that carry derivatives, and an integer that is drawn has none with "
                       "respect to them.")

    def _refuse_operation(self, instruction: Instruction) -> None:
        opcode = instruction.opcode
        if (opcode in ARITHMETIC or opcode in COPIES) and instruction.type in (DOUBLE, FLOAT):
            return
        if isinstance(instruction.type, FloatType) or not isinstance(instruction.type, IntType):
            self._fail(instruction, f"the operation '{opcode}' giving {instruction.type} has no derivative here")

    def _fail(self, instruction: Instruction, what: str, hint: str = "") -> NoReturn:
        location = self.module.location_of(instruction)
        raise UnsupportedIR(f"cannot differentiate {what}", location, hint)


def numbers_given(call: Instruction) -> list[Value]:
    """The numbers that a function with a rule of its own is given."""
    rule = rule_of(call)
    return [call.arguments[k] for k in rule.numbers] if rule else []


def arrays_given(call: Instruction) -> list[Value]:
    """The data of the arrays that a function with a rule of its own is given."""
    rule = rule_of(call)
    return [call.arguments[k] for k in rule.arrays] if rule else []


def differentiable_operands(call: Instruction) -> list[Value]:
    """Arguments of a mathematical call with respect to which its rule has a partial."""
    found = lookup(call.callee_name)
    if found is None:
        return [a for a in call.arguments if is_float(a)]
    rule, _ = found
    return [a for a, partial in zip(call.arguments, rule.partials, strict=False) if partial is not None]
