"""What the lanes of a warp do together.

Requires: the shuffles of ``dpcompile.targets.cuda.warps``.
Ensures:  names of the exchanges of numbers and of their transposes, which ``runtime/device.ll`` defines.

A shuffle is linear: lane l gets the number of lane s(l). Its transpose gives to lane j the sum over all l with s(l) = j. Where
all lanes are given the same distance that is one shuffle the other way, and the cotangents of lanes that kept their own number.
"""
from __future__ import annotations

from ..ir.types import DOUBLE, FLOAT, I32, I64, Type

SHUFFLE = "dp.shuffle."
#: The modes, in the order of their numbers in PTX.
SHUFFLES = ("idx", "up", "down", "xor")
SUFFIXES: dict[Type, str] = {I32: "i32", I64: "i64", FLOAT: "f32", DOUBLE: "f64"}
#: T (i32 mask, T cotangent, i32 lane): the transpose; ``UNSHUFFLE`` of a mode where all lanes give the same lane or distance,
#: of ``ANY`` where ``lane`` is the one that was read, which ``SOURCE`` of a mode (i32 lane) says.
UNSHUFFLE, ANY, SOURCE = "dp.unshuffle.", "any", "dp.shuffled.from."
#: Attributes of a function that all lanes of its mask call together.
CONVERGENT = "convergent nounwind memory(inaccessiblemem: readwrite)"


def mode_of(symbol: str) -> str | None:
    """How a shuffle of that name chooses lanes; None where it is no shuffle."""
    return symbol.split(".")[2] if symbol.startswith(SHUFFLE) else None
