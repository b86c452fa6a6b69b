"""The bytes that an access reaches in the loops inside another, as the run finds them.

Requires: an offset and the bytes of a trip of each loop, all known before the outer loop begins.
Ensures:  the first byte and the one behind the last, for loops that are entered.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from ..analysis.polynomial import Polynomial
from ..analysis.trip_count import TripCount
from ..ir.builder import Builder, i64
from ..ir.model import Value
from ..ir.types import I64


def reached(builder: Builder, offset: Polynomial, inner: Iterable[tuple[Polynomial, TripCount]], size: int,
            lookup: Callable[[Value], Value]) -> tuple[Value, Value]:
    low = offset.emit(builder, lookup, I64)
    high = builder.binary("add", low, i64(size))
    for factor, trips in inner:
        last = trips.emit(builder, lookup)
        last = builder.select(builder.compare("sgt", last, i64(0)), last, i64(0))
        way = builder.binary("mul", factor.emit(builder, lookup, I64), last)
        backward = builder.compare("slt", way, i64(0))
        low = builder.binary("add", low, builder.select(backward, way, i64(0)))
        high = builder.binary("add", high, builder.select(backward, i64(0), way))
    return low, high
