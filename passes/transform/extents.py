"""Where a memory object begins and how many bytes it has, as values that a function computes.

Requires: the version of the function, analysed.
Ensures:  nothing where the beginning or the size is not known where it is asked for.
"""
from __future__ import annotations

from ..analysis.objects import MemoryObject, Origin, moved
from ..ir.builder import Builder, Inserter, i64
from ..ir.model import Argument, Block, Instruction, Value
from ..ir.types import I64, PTR, size_of
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .version import Version


class Extent:
    """Shape and strides of an array among the parameters: positions of counts and of steps in bytes; bytes of an element."""

    def __init__(self, item: int, axes: tuple[tuple[Argument, Argument], ...]):
        self.item, self.axes = item, axes

    def write(self, builder: Builder, data: Value) -> tuple[Value, Value]:
        """The first byte and how many there are; none where an axis is empty."""
        low: Value = i64(0)
        high: Value = i64(self.item)
        empty: Value | None = None
        for count, step in self.axes:
            reach = builder.binary("mul", builder.binary("sub", count, i64(1)), step)
            backward = builder.compare("slt", reach, i64(0))
            low = builder.binary("add", low, builder.select(backward, reach, i64(0)))
            high = builder.binary("add", high, builder.select(backward, i64(0), reach))
            none = builder.compare("sle", count, i64(0))
            empty = none if empty is None else builder.binary("or", empty, none)
        size = builder.binary("sub", high, low)
        if empty is not None:
            size = builder.select(empty, i64(0), size)
        return builder.offset(data, low), size


class Extents:
    """Answers for one version; ``of_arguments``: how far the memory behind the entry's arguments reaches."""

    def __init__(self, version: Version, of_arguments: dict[Argument, Extent]):
        self.version, self.of_arguments = version, of_arguments

    def write(self, obj: MemoryObject, builder: Inserter) -> tuple[Value, Value] | None:
        """The beginning of an object and its size."""
        site = obj.site
        if obj.origin == Origin.STACK and isinstance(site, Instruction):
            return site, _product(builder, size_of(site.element), site.operands)
        if obj.origin == Origin.HEAP and isinstance(site, Instruction) and self.is_known(obj, builder.block):
            return self._allocation(site, builder)
        if obj.origin == Origin.ARGUMENT and self.version.is_entry and site in self.of_arguments:
            return self.of_arguments[site].write(builder, site)
        return None

    def is_known(self, obj: MemoryObject, block: Block) -> bool:
        """Whether ``write`` gives something in that block."""
        site = obj.site
        if obj.origin == Origin.ARGUMENT:
            return self.version.is_entry and site in self.of_arguments
        return obj.origin == Origin.STACK or (
            obj.origin == Origin.HEAP and isinstance(site, Instruction) and self.version.cfg.dominates(site.parent, block))

    def _allocation(self, site: Instruction, builder: Inserter) -> tuple[Value, Value]:
        known = classify(site.callee_name)
        assert known is not None, site
        size = _product(builder, 1, [site.arguments[k] for k in known.size])
        if known.returns != "meminfo":
            return site, size
        field, aliasing = builder.offset(site, MEMINFO_DATA), self.version.aliasing
        # Else the field would have no shadow, and the memory would stand for its own.
        aliasing.point(field, moved(aliasing.cells_of(site), MEMINFO_DATA))
        return builder.load(PTR, field, f"{site.name}.data", align=8), size


def _product(builder: Builder, size: int, counts: list[Value]) -> Value:
    total: Value = i64(size)
    for count in counts:
        total = builder.binary("mul", total, builder.cast("sext", count, I64) if count.type != I64 else count)
    return total
