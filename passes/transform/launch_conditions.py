"""Whether threads never meet in an object, as the launch of a kernel decides it.

Requires: what ``analysis.ownership`` found; the parameters of the reverse function that stand for those of the primal.
Ensures:  ``write`` gives ``i1 NAME.apart``, with the parameters of the reverse function: whether in none of the objects that
          were asked for two threads meet, the same for all threads.  ``with_atomics`` is the reverse function for where they
          may: of two functions one is run, so that each is optimised for what it may rely on.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ..analysis.ownership import REGISTER, Extent, Inequality, Owned, register_of
from ..analysis.polynomial import Symbol
from ..ir.builder import Builder, Inserter, const
from ..ir.clone import clone_function
from ..ir.model import Argument, Function, Module, Value
from ..ir.types import I1, I32, I64, FunctionType
from .memory import call_void


class LaunchConditions:
    """Of one reverse function."""

    def __init__(self, module: Module, reverse: Function, given: Mapping[Argument, Argument]):
        self.module, self.reverse, self.given = module, reverse, given
        self._wanted: dict[Owned, None] = {}

    def want(self, owned: Owned) -> None:
        self._wanted[owned] = None

    def write(self) -> Function | None:
        """The function, or None where nothing was asked for."""
        if not self._wanted:
            return None
        arguments = [Argument(a.type, a.name) for a in self.reverse.arguments]
        kind = FunctionType(I1, tuple(a.type for a in arguments))
        function = Function(f"{self.reverse.name}.apart", kind, arguments)
        function.attributes = "alwaysinline"
        self.module.functions[function.name] = function
        own = dict(zip(self.reverse.arguments, arguments, strict=True))
        self.given = {primal: own[copy] for primal, copy in self.given.items() if copy in own}
        builder = Builder(function.add_block("entry"))
        builder.ret(_joined(builder, "and", [self._held(builder, owned) for owned in self._wanted]))
        return function

    def _held(self, builder: Builder, owned: Owned) -> Value:
        sizes = [read_register(builder, self.module, register) for register in owned.single]
        single = [builder.compare("eq", size, const(I32, 1)) for size in sizes]
        ways = [_joined(builder, "and", [self._holds(builder, inequality) for inequality in way]) for way in owned.ways]
        return _joined(builder, "and", [*single, _joined(builder, "or", ways)])

    def _holds(self, builder: Builder, inequality: Inequality) -> Value:
        greater, least = (self._computed(builder, extent) for extent in (Extent(inequality[0]), inequality[1]))
        return builder.compare("sge", greater, least)

    def _computed(self, builder: Builder, extent: Extent) -> Value:
        lookup = partial(value_of, builder, self.module, self.given)
        total = extent.fixed.emit(builder, lookup, I64)
        for factor, trips, is_before in extent.loops:
            last = trips.emit(builder, lookup)
            last = builder.binary("sub", last, const(I64, 1)) if is_before else last
            total = builder.binary("add", total, builder.binary("mul", factor.emit(builder, lookup, I64), last))
        return total


def read_register(builder: Builder, module: Module, name: str) -> Value:
    """What a thread is told of its place."""
    read = module.declare(REGISTER + name, FunctionType(I32, ()))
    return builder.call(read, read.function_type, [], name=name)


def value_of(builder: Builder, module: Module, given: Mapping[Argument, Value], symbol: Symbol) -> Value:
    """A register, or what stands for a parameter."""
    assert isinstance(symbol, Argument)
    name = register_of(symbol)
    return given[symbol] if name is None else read_register(builder, module, name)


def with_atomics(module: Module, reverse: Function, among_others: Callable[[str], str | None]) -> Function:
    """A copy of the reverse function; ``among_others`` gives for a function that adds where no other thread does the one that
    adds where others may."""
    copy = clone_function(module, reverse, f"{reverse.name.removesuffix('reverse')}atomic.reverse", [])
    for call in [i for i in copy.instructions() if i.opcode == "call" and among_others(i.callee_name)]:
        name = among_others(call.callee_name)
        assert name is not None
        call_void(Inserter.before(call), module, name, list(call.arguments))
        call.erase()
    return copy


def _joined(builder: Builder, opcode: str, conditions: list[Value]) -> Value:
    total = conditions[0] if conditions else const(I1, 1)
    for condition in conditions[1:]:
        total = builder.binary(opcode, total, condition)
    return total
