"""A loop that counts, written where a builder stands.

Requires: a count of at least one.
Ensures:  ``inner`` writes the body, for which ``number`` counts from zero; ``end`` leaves the outer builder behind the loop.
"""
from __future__ import annotations

from ..ir.builder import Builder, i64
from ..ir.model import Function, Value
from ..ir.types import I64


class CountingLoop:
    def __init__(self, builder: Builder, function: Function, name: str, count: Value, behind: str = ""):
        self.outer, self.count, self.before = builder, count, builder.block
        self.header, self.behind = function.add_block(name), function.add_block(behind or f"{name}ed")
        builder.br(self.header)
        self.inner = Builder(self.header, builder.location)
        self.number = self.inner.phi(I64, [(i64(0), self.before)], "number")

    def end(self) -> None:
        following = self.inner.binary("add", self.number, i64(1), "number.next", ("nuw", "nsw"))
        self.number.append_operand(following)
        self.number.blocks.append(self.inner.block)
        self.inner.cond_br(self.inner.compare("slt", following, self.count), self.header, self.behind)
        self.outer.block = self.behind
