"""The values of one run of a function, as far as its arguments decide them, found without running it.

Requires: the control flow and inductions of the function; ``arguments``: what is known of them, a pointer as its address;
          ``read``: what memory holds that the function never writes.
Ensures:  ``value(v)`` is what the run computes, where the counters say which iterations it is in: an integer signed, a bit
          as 0 or 1, a double to the bit; ``NotKnown`` where that depends on anything else.  ``consulted`` collects what it
          depended on: loops whose counters it changes with, and arguments.
Algorithm: on demand, from users to operands; integers in closed form by ``induction`` where they have one.
"""
from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ..ir.model import Argument, Block, Constant, Function, Instruction, Value
from ..ir.types import DOUBLE, I64, FloatType, IntType, PointerType, Type
from ..rules.runtime_calls import classify
from .cfg import ControlFlow
from .induction import Inductions
from .integers import compare, evaluate, fold, signed, unsigned
from .loops import Loop
from .polynomial import Polynomial, Symbol

Number = int | float
#: What memory holds at an address; None where that is not known.
Read = Callable[[int, Type], Number | None]
#: From here on a number is no address, but says that there is one: it is not null, and nothing else is known of it.
UNREAL = 1 << 60
#: That of all that the function allocates.
ALLOCATED = 1 << 62
#: Values that may be looked at, before it is said that this takes too long.
MOST_STEPS = 200_000
#: Passing them changes a double (reassociation, contraction, approximations).
_INEXACT = frozenset({"fast", "reassoc", "contract", "arcp", "afn"})
_FLOATING: dict[str, Callable[[float, float], float]] = {
    "fadd": operator.add, "fsub": operator.sub, "fmul": operator.mul, "fdiv": operator.truediv}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
_CHOSEN: dict[str, str] = {"smax": "sgt", "smin": "slt", "umax": "ugt", "umin": "ult"}


class NotKnown(Exception):
    """A value that the arguments do not decide."""

    def __init__(self, value: Value):
        super().__init__(value.ref)
        self.value = value


class TooLong(Exception):
    """There are too many steps to follow one by one."""


class NeedsState(Exception):
    """A phi that the loop must carry from iteration to iteration."""

    def __init__(self, phi: Instruction, loop: Loop):
        super().__init__(phi.ref)
        self.phi, self.loop = phi, loop


class Steps:
    """How many may still be taken."""

    def __init__(self) -> None:
        self.left, self.is_short = MOST_STEPS, False

    def shorten(self) -> None:
        """A few more, for what does not need so many."""
        self.left, self.is_short = MOST_STEPS // 10, True

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooLong


@dataclass
class Known:
    """The values of one call of ``function``."""

    function: Function
    cfg: ControlFlow
    inductions: Inductions
    arguments: Callable[[Argument], Number | None]
    read: Read
    steps: Steps
    counters: dict[Loop, int] = field(default_factory=dict)
    #: Of loops that are followed iteration by iteration: phis that have no closed form, None where they are not known.
    states: dict[Instruction, Number | None] = field(default_factory=dict)
    consulted: set[Loop | Argument] = field(default_factory=set)
    #: What calls are known to return, by the symbol of what they call; given how to look at an argument.
    returned: Mapping[str, Callable[[Callable[[int], int]], int]] = field(default_factory=dict)
    _found: dict[Value, tuple[Number, frozenset]] = field(default_factory=dict)

    def value(self, value: Value) -> Number:
        if isinstance(value, Constant):
            return _known(value, literal(value))
        if value not in self._found:
            self.steps.take()
            with self.collecting() as consulted:
                number = self._computed(value)
            self._found[value] = number, frozenset(consulted)
        number, depends = self._found[value]
        self.consulted |= depends
        return number

    @contextmanager
    def collecting(self) -> Iterator[set]:
        """What is consulted meanwhile, which counts for what is around as well."""
        around, self.consulted = self.consulted, set()
        try:
            yield self.consulted
        finally:
            around |= self.consulted
            self.consulted = around

    @contextmanager
    def iteration(self, loop: Loop, number: int) -> Iterator[None]:
        """Meanwhile the loop is in this iteration."""
        before = self.counters.get(loop)
        self._forget(loop)
        self.counters[loop] = number
        try:
            yield
        finally:
            self._forget(loop)
            del self.counters[loop]
            if before is not None:
                self.counters[loop] = before

    def _forget(self, loop: Loop) -> None:
        self._found = {value: found for value, found in self._found.items() if loop not in found[1]}

    def trips(self, loop: Loop) -> int | None:
        """The counter with which the loop is left by its one normal exit; None where that has no closed form."""
        trips = self.inductions.trip_count(loop)
        return None if trips is None else trips.evaluate(lambda value: int(self.value(value)))

    # values -----------------------------------------------------------------------------------------------------------

    def _computed(self, value: Value) -> Number:
        if isinstance(value, Argument):
            self.consulted.add(value)
            return _known(value, self.arguments(value))
        if not isinstance(value, Instruction):
            raise NotKnown(value)
        closed = self.inductions.affine(value)
        if closed is not None and closed.polynomial.symbol is not value and self._applies(closed.polynomial):
            assert isinstance(value.type, IntType)
            return signed(closed.polynomial.evaluate(self._symbol), value.type.bits)
        return _known(value, self._executed(value))

    def _applies(self, polynomial: Polynomial) -> bool:
        return all(loop in self.counters for loop in polynomial.counters)

    def _symbol(self, symbol: Symbol) -> int:
        if isinstance(symbol, Loop):
            self.consulted.add(symbol)
            return self.counters[symbol]
        return int(self.value(symbol))

    def _executed(self, value: Instruction) -> Number | None:
        match value.opcode:
            case "phi":
                return self._merged(value)
            case "select":
                return self.value(value.operands[1 if self.value(value.operands[0]) else 2])
            case "load":
                return self._loaded(value)
            case "getelementptr":
                return self._address(value)
            case "call":
                return self._called(value)
            case "extractvalue":
                return self._extracted(value)
        operands = [self.value(operand) for operand in value.operands]
        if any(isinstance(operand.type, PointerType) and number >= UNREAL
               for operand, number in zip(value.operands, operands, strict=True)) and 0 not in operands:
            return None
        return _arithmetic(value, operands)

    def _loaded(self, load: Instruction) -> Number | None:
        return self.read(int(self.value(load.operands[0])), load.type)

    def _address(self, pointer: Instruction) -> int:
        found = self.inductions.pointer_affine(pointer)
        if found is None or found.base is pointer or not self._applies(found.offset):
            raise NotKnown(pointer)
        return signed(int(self.value(found.base)) + found.offset.evaluate(self._symbol), 64)

    def _called(self, call: Instruction) -> Number | None:
        name = call.callee_name
        if name in self.returned:
            return self.returned[name](lambda position: int(self.value(call.arguments[position])))
        if (known := classify(name)) is not None and known.kind == "allocate":
            return ALLOCATED
        operands = [self.value(argument) for argument in call.arguments[:2]]
        kind = name.split(".")[1] if name.startswith("llvm.") else ""
        if kind in _CHOSEN and isinstance(call.type, IntType):
            left, right = map(int, operands)
            return left if compare(_CHOSEN[kind], left, right, call.type.bits) else right
        if call.type == DOUBLE and kind in ("fabs", "sqrt") and operands[0] >= (0 if kind == "sqrt" else -math.inf):
            return math.sqrt(operands[0]) if kind == "sqrt" else abs(operands[0])
        return None

    def _extracted(self, value: Instruction) -> int | None:
        """A part of what arithmetic gives that looks for overflow."""
        call = value.operands[0]
        parts = call.callee_name.split(".") if isinstance(call, Instruction) else []
        if not isinstance(call, Instruction) or parts[2:4] != ["with", "overflow"]:
            return None
        left, right = (int(self.value(argument)) for argument in call.arguments)
        type_, is_signed = call.arguments[0].type, parts[1][0] == "s"
        assert isinstance(type_, IntType)
        bits = type_.bits
        if not is_signed:
            left, right = unsigned(left, bits), unsigned(right, bits)
        exact = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}[parts[1][1:]](left, right)
        wrapped = signed(exact, bits) if is_signed else unsigned(exact, bits)
        return int(wrapped != exact) if value.indices == (1,) else signed(exact, bits)

    # control flow -----------------------------------------------------------------------------------------------------

    def _merged(self, phi: Instruction) -> Number | None:
        loop = self.inductions.forest.loop_of(phi.parent)
        if loop is not None and phi.parent is loop.header:
            return self._carried(phi, loop)
        sources = [block for block in phi.blocks if block not in self.cfg.cold]
        source = sources[0] if len(set(sources)) == 1 else self._arrival(phi.parent)
        return self._leaving(phi.value_from(source), source, phi.parent)

    def _leaving(self, value: Value, source: Block, target: Block) -> Number:
        """A value as it is when control goes from a block to another, perhaps out of loops."""
        left = [loop for loop in self.inductions.forest.nest(source) if not loop.contains(target) and loop not in self.counters]
        if not left or isinstance(value, Constant | Argument):
            return self.value(value)
        trips = self.trips(left[0])
        if trips is None:
            raise NotKnown(value)
        try:
            with self.iteration(left[0], trips):
                return self._leaving(value, source, target)
        except NeedsState as need:
            raise NotKnown(value) if need.loop is left[0] else need from None

    def _carried(self, phi: Instruction, loop: Loop) -> Number | None:
        if loop not in self.counters:
            return None
        self.consulted.add(loop)
        if phi in self.states:
            return self.states[phi]
        if self.counters[loop] == 0:
            return self.value(phi.value_from(loop.preheader))
        raise NeedsState(phi, loop)

    def _arrival(self, block: Block) -> Block:
        """From where control comes to a block at which ways meet."""
        current, source = self.cfg.immediate_dominator[block], None
        while current is not block:
            if current is None:
                raise NotKnown(block)
            self.steps.take()
            inner = self._entered(current, block)
            edges = inner.exiting_edges if inner is not None else [(current, self.successor(current))]
            if len(edges) != 1:
                raise NotKnown(block.phis[0])
            (source, current), = edges
        assert source is not None
        return source

    def _entered(self, block: Block, target: Block) -> Loop | None:
        """The outermost loop that is entered with a block and left before another."""
        for loop in self.inductions.forest.nest(block):
            if loop.header is block and not loop.contains(target):
                return loop
        return None

    def successor(self, block: Block) -> Block | None:
        """Where control goes from a block; never to what only an exception reaches."""
        targets = [target for target in self.cfg.successors[block] if target not in self.cfg.cold]
        if len(targets) <= 1:
            return targets[0] if targets else None
        terminator = block.terminator
        number = self.value(terminator.operands[0])
        if terminator.opcode == "br":
            return terminator.blocks[0 if number else 1]
        cases = [self.value(case) for case in terminator.operands[1:]]
        return terminator.blocks[cases.index(number) + 1 if number in cases else 0]


def _known(value: Value, number: Number | None) -> Number:
    if number is None:
        raise NotKnown(value)
    return number


def literal(constant: Constant) -> Number | None:
    """The number that a literal denotes, null as zero; None for what denotes none."""
    if constant.integer is not None:
        return constant.integer
    if constant.text in ("null", "zeroinitializer") and not isinstance(constant.type, FloatType):
        return 0
    if isinstance(constant.type, FloatType):
        with suppress(ValueError, struct.error):
            text = constant.text
            return struct.unpack(">d", bytes.fromhex(text[2:]))[0] if text.startswith("0x") else float(text)
    return None


def _arithmetic(value: Instruction, operands: list[Number]) -> Number | None:
    """What an instruction without memory computes."""
    source = value.operands[0].type if operands else None
    if value.opcode in _FLOATING and value.type == DOUBLE and not _INEXACT.intersection(value.flags):
        return None if value.opcode == "fdiv" and not operands[1] else _FLOATING[value.opcode](*operands)
    match value.opcode:
        case "fneg":
            return -operands[0]
        case "fptosi" if source == DOUBLE and abs(operands[0]) < 1 << 62 and value.type == I64:
            return math.trunc(operands[0])
        case "fcmp" if source == DOUBLE:
            return compare_floats(value.predicate or "", *operands)
        case "sitofp" if value.type == DOUBLE:
            return float(operands[0])
        case "freeze" | "ptrtoint" | "inttoptr" if value.opcode == "freeze" or IntType(64) in (value.type, source):
            return operands[0]
        case "icmp" if not isinstance(source, IntType):
            return int(compare(value.predicate or "", int(operands[0]), int(operands[1]), 64))
        case "ashr":
            assert isinstance(value.type, IntType)
            return fold("ashr", int(operands[0]), int(operands[1]), value.type.bits)
        case "sdiv" | "srem":
            return _divided(value.opcode, *map(int, operands))
    return None if any(isinstance(operand, float) for operand in operands) else evaluate(value, list(map(int, operands)))


def compare_floats(predicate: str, left: float, right: float) -> int | None:
    """What ``fcmp`` says of two numbers; None for a predicate that asks nothing of them."""
    ordered = not (math.isnan(left) or math.isnan(right))
    if predicate in ("ord", "uno"):
        return int(ordered == (predicate == "ord"))
    name = predicate[1:]
    if name not in _COMPARED:
        return None
    return int(_COMPARED[name](left, right) if ordered else predicate[0] == "u")


def _divided(opcode: str, left: int, right: int) -> int | None:
    if not right:
        return None
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if opcode == "sdiv" else left - quotient * right
