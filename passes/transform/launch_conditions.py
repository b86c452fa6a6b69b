"""Whether threads never meet in an object, as the launch of a kernel decides it.

Requires: what ``analysis.ownership`` found; the parameters of the reverse function that stand for those of the primal.
Ensures:  ``hold(owned)`` is an i1 known from the beginning of the reverse function on, the same for all threads.
"""
from __future__ import annotations

from collections.abc import Mapping

from ..analysis.ownership import REGISTER, Extent, Inequality, Owned
from ..analysis.polynomial import Symbol
from ..ir.builder import Builder, Inserter, const
from ..ir.model import Argument, Function, Module, Value
from ..ir.types import I1, I32, I64, FunctionType


class LaunchConditions:
    """Of one reverse function."""

    def __init__(self, module: Module, reverse: Function, given: Mapping[Argument, Argument]):
        self.module, self.reverse, self.given = module, reverse, given
        self._known: dict[Owned, Value] = {}

    def hold(self, owned: Owned) -> Value:
        if owned not in self._known:
            builder = Inserter(self.reverse.entry, 0)
            single = [builder.compare("eq", self._size(builder, register), const(I32, 1)) for register in owned.single]
            ways = [_joined(builder, "and", [self._holds(builder, inequality) for inequality in way]) for way in owned.ways]
            self._known[owned] = _joined(builder, "and", [*single, _joined(builder, "or", ways)])
        return self._known[owned]

    def _size(self, builder: Builder, register: str) -> Value:
        read = self.module.declare(REGISTER + register, FunctionType(I32, ()))
        return builder.call(read, read.function_type, [], name=register)

    def _holds(self, builder: Builder, inequality: Inequality) -> Value:
        greater, least = (self._computed(builder, extent) for extent in (Extent(inequality[0]), inequality[1]))
        return builder.compare("sge", greater, least)

    def _computed(self, builder: Builder, extent: Extent) -> Value:
        def lookup(symbol: Symbol) -> Value:
            assert isinstance(symbol, Argument)
            if symbol.name.startswith(REGISTER):
                return self._size(builder, symbol.name.removeprefix(REGISTER))
            return self.given[symbol]

        total = extent.fixed.emit(builder, lookup, I64)
        for factor, trips, is_before in extent.loops:
            last = trips.emit(builder, lookup)
            last = builder.binary("sub", last, const(I64, 1)) if is_before else last
            total = builder.binary("add", total, builder.binary("mul", factor.emit(builder, lookup, I64), last))
        return total


def _joined(builder: Builder, opcode: str, conditions: list[Value]) -> Value:
    total = conditions[0] if conditions else const(I1, 1)
    for condition in conditions[1:]:
        total = builder.binary(opcode, total, condition)
    return total
