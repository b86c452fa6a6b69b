"""Additions that threads of a warp make together, as code: for as many numbers as a derivative adds at once.

Requires: the text of a module that declares some of them: ``dp.add.KIND.N.K.fBITS(ptr … N places, number … N amounts, i32 … K
          words)``. ``warp``: all lanes mean the same places if they agree on the words. ``group``: the distances between the
          places are the same for all lanes if they agree on the words; the memory is the block's, so that the low half of an
          address says which cell it is. ``axes.x``: so are the places themselves for threads that differ only along other axes
          of the block. ``own.group``, ``own.axes.x``: no other thread adds to those places.
Ensures:  their definitions, for threads of a warp (with together.ll) or for threads that run one after the other.
Algorithm: recursive halving, as in a reduce-scatter (Thakur, Rabenseifner, Gropp, "Optimization of Collective
          Communication Operations in MPICH", 2005): across one bit of the lanes' numbers each lane keeps half of the sums and
          sends the others, so that N sums over 32 lanes take N - 1 exchanges, and one for each bit that is left, where each
          alone takes five; and the lanes that hold sums add them to memory by one instruction.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

LANE_BITS = (1, 2, 4, 8, 16)
_DECLARED = re.compile(r"^declare .*?@(dp\.add\.(warp|(?:own\.)?(?:group|axes\.[xyz]+))\.(\d+)\.(\d+)\.f(64|32))\(",
                       re.MULTILINE)
_NUMBERS = {"64": "double", "32": "float"}
#: Adds nothing.
_NEUTRAL = "0x8000000000000000"
#: What the definitions are made of.
_PARTS = """declare i32 @llvm.nvvm.read.ptx.sreg.laneid()
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare i32 @llvm.nvvm.shfl.sync.idx.i32(i32, i32, i32, i32)
declare i1 @llvm.nvvm.vote.all.sync(i32, i1)
declare i32 @dp.warp.here()
declare i32 @dp.lanes.alike(i1, i1, i1)
declare double @dp.warp.across.f64(double, i32)
declare float @dp.warp.across.f32(float, i32)
"""
_OWN_PARTS = """declare void @dp.add.own.f64(ptr, double)
declare void @dp.add.own.f32(ptr, float)
"""


def definitions(text: str, together: bool) -> str:
    """LLVM IR of the additions that a module declares."""
    declared = {match[1]: match for match in _DECLARED.finditer(text)}
    written = [_definition(match, together) for match in declared.values()]
    return "\n".join([_OWN_PARTS, _PARTS if together else "", *written]) if written else ""


def _definition(declared: re.Match[str], together: bool) -> str:
    name, kind, count, asked, bits = declared.groups()
    writer = _Writer(int(count), int(asked), bits)
    if kind.startswith("own."):
        return writer.plain(name)
    if not together:
        return writer.each(name)
    return writer.warp(name) if kind == "warp" else writer.group(name, kind.partition(".")[2])


@dataclass(frozen=True)
class _Sum:
    """What a lane holds for one place; ``real``: whether that is one of those that were asked for, i1."""

    place: str
    amount: str
    real: str = "true"


class _Writer:
    """Of one function."""

    def __init__(self, count: int, asked: int, bits: str):
        self.count, self.asked, self.bits, self.number = count, asked, bits, _NUMBERS[bits]
        self.atomic = f'atomicrmw fadd ptr {{}}, {self.number} {{}} syncscope("device") monotonic'
        self.lines: list[str] = ["entry:"]
        self.serial = 0

    # text -----------------------------------------------------------------------------------------------------------

    def let(self, operation: str) -> str:
        """A value of its own for what an operation gives."""
        self.serial += 1
        self.lines.append(f"  %v{self.serial} = {operation}")
        return f"%v{self.serial}"

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    def go(self, condition: str, yes: str, no: str) -> None:
        self.lines.append(f"  br i1 {condition}, label %{yes}, label %{no}")

    def jump(self, label: str) -> None:
        self.lines.append(f"  br label %{label}")

    def sums(self) -> list[_Sum]:
        return [_Sum(f"%place.{k}", f"%amount.{k}") for k in range(self.count)]

    def function(self, name: str, attributes: str) -> str:
        given = [*(f"ptr %place.{k}" for k in range(self.count)), *(f"{self.number} %amount.{k}" for k in range(self.count)),
                 *(f"i32 %word.{k}" for k in range(self.asked))]
        return "\n".join([f"define linkonce_odr void @{name}({', '.join(given)}) {attributes} {{", *self.lines, "}", ""])

    # kinds ----------------------------------------------------------------------------------------------------------

    def plain(self, name: str) -> str:
        """Where nobody else adds."""
        self.lines += [f"  call void @dp.add.own.f{self.bits}(ptr {one.place}, {self.number} {one.amount})"
                       for one in self.sums()]
        self.lines.append("  ret void")
        return self.function(name, "alwaysinline")

    def each(self, name: str) -> str:
        """Every thread for itself."""
        self._give(self.sums(), "true")
        return self.function(name, "alwaysinline")

    def warp(self, name: str) -> str:
        """Over all lanes, where all of them are here."""
        self._ask("together", "alone")
        self.label("together")
        lane, sums = self._lane(), self._padded()
        leads = "true"
        for bit in reversed(LANE_BITS):
            sums, leads = self._folded(sums, lane, str(bit), leads)
        self._give(sums, leads)
        self.label("alone")
        self._give(self.sums(), "true")
        return self.function(name, "alwaysinline convergent")

    def group(self, name: str, axes: str) -> str:
        """Over the bits across which all lanes mean the same places; ``axes``: what they depend on, where that is known."""
        before = ["entry"]
        if axes:
            moves = ", ".join(f"i1 {str(axis in axes).lower()}" for axis in "xyz")
            alike = self.let(f"call i32 @dp.lanes.alike({moves})")
            self.go(self.let(f"icmp ne i32 {alike}, 0"), "meet", "found")
            before += ["meet"]
            self.label("meet")
        self._ask("ask", "found")
        self.label("ask")
        crossed = alike if axes else self._crossed()
        self.jump("found")
        self.label("found")
        none = ", ".join(f"[ 0, %{block} ]" for block in [*before, *(["same"] if self.asked else [])])
        rest = self.let(f"phi i32 [ {crossed}, %ask ], {none}")
        lane, sums, leads = self._lane(), self._padded(), "true"
        for stage, _ in enumerate(LANE_BITS):
            self.go(self.let(f"icmp ne i32 {rest}, 0"), f"fold.{stage}", f"give.{stage}")
            self.label(f"give.{stage}")
            self._give(sums, leads)
            self.label(f"fold.{stage}")
            bit = self.let(f"and i32 {rest}, {self.let(f'sub i32 0, {rest}')}")
            rest = self.let(f"xor i32 {rest}, {bit}")
            sums, leads = self._folded(sums, lane, bit, leads)
        self._give(sums, leads)
        return self.function(name, "alwaysinline convergent")

    # parts ----------------------------------------------------------------------------------------------------------

    def _lane(self) -> str:
        return self.let("call i32 @llvm.nvvm.read.ptx.sreg.laneid()")

    def _padded(self) -> list[_Sum]:
        """As many as can be halved."""
        size = 1 << (self.count - 1).bit_length()
        own = self.sums()
        return own + [_Sum(own[-1].place, _NEUTRAL, "false")] * (size - self.count)

    def _ask(self, yes: str, no: str) -> None:
        """Whether the whole warp is here, and agrees on the words."""
        mask = self.let("call i32 @dp.warp.here()")
        self.go(self.let(f"icmp eq i32 {mask}, -1"), "same" if self.asked else yes, no)
        if self.asked:
            self.label("same")
            firsts = [self.let(f"call i32 @llvm.nvvm.shfl.sync.idx.i32(i32 -1, i32 %word.{k}, i32 0, i32 31)")
                      for k in range(self.asked)]
            same = self._all([self.let(f"icmp eq i32 %word.{k}, {first}") for k, first in enumerate(firsts)])
            self.go(self._vote(same), yes, no)

    def _all(self, conditions: list[str]) -> str:
        total = conditions[0]
        for condition in conditions[1:]:
            total = self.let(f"and i1 {total}, {condition}")
        return total

    def _vote(self, condition: str) -> str:
        return self.let(f"call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 {condition})")

    def _crossed(self) -> str:
        """The bits of the lanes' numbers across which nothing changes."""
        cell = self.let(f"trunc i64 {self.let('ptrtoint ptr %place.0 to i64')} to i32")
        others = [self.let(f"call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 {cell}, i32 {bit}, i32 31)")
                  for bit in LANE_BITS]
        total = "0"
        for bit, other in zip(LANE_BITS, others, strict=True):
            same = self._vote(self.let(f"icmp eq i32 {cell}, {other}"))
            total = self.let(f"or i32 {total}, {self.let(f'select i1 {same}, i32 {bit}, i32 0')}")
        return total

    def _folded(self, sums: list[_Sum], lane: str, bit: str, leads: str) -> tuple[list[_Sum], str]:
        """What lanes hold when they have added up across a bit, and which of them add to memory."""
        upper = self.let(f"icmp ne i32 {self.let(f'and i32 {lane}, {bit}')}, 0")
        half = len(sums) // 2
        if half:
            return [self._halved(low, high, upper, bit) for low, high in zip(sums[:half], sums[half:], strict=True)], leads
        own, = sums
        leads = self.let(f"and i1 {leads}, {self.let(f'xor i1 {upper}, true')}")
        return [_Sum(own.place, self._plus_other(own.amount, own.amount, bit), own.real)], leads

    def _halved(self, low: _Sum, high: _Sum, upper: str, bit: str) -> _Sum:
        """The one of two sums that a lane keeps."""
        kept, sent = (self.let(f"select i1 {upper}, {self.number} {one}, {self.number} {other}")
                      for one, other in ((high.amount, low.amount), (low.amount, high.amount)))
        place = self.let(f"select i1 {upper}, ptr {high.place}, ptr {low.place}")
        real = "true" if low.real == high.real == "true" else self.let(f"select i1 {upper}, i1 {high.real}, i1 {low.real}")
        return _Sum(place, self._plus_other(kept, sent, bit), real)

    def _plus_other(self, kept: str, sent: str, bit: str) -> str:
        other = self.let(f"call {self.number} @dp.warp.across.f{self.bits}({self.number} {sent}, i32 {bit})")
        return self.let(f"fadd {self.number} {kept}, {other}")

    def _give(self, sums: list[_Sum], leads: str) -> None:
        """To memory; nothing comes behind."""
        for one in sums:
            condition = self._conjunction(one.real, leads)
            if condition == "true":
                self.let(self.atomic.format(one.place, one.amount))
            elif condition != "false":
                self._give_if(condition, one)
        self.lines.append("  ret void")

    def _conjunction(self, one: str, other: str) -> str:
        if "false" in (one, other):
            return "false"
        if "true" in (one, other):
            return other if one == "true" else one
        return self.let(f"and i1 {one}, {other}")

    def _give_if(self, condition: str, one: _Sum) -> None:
        self.serial += 1
        label = f"if.{self.serial}"
        self.go(condition, label, f"{label}.done")
        self.label(label)
        self.let(self.atomic.format(one.place, one.amount))
        self.jump(f"{label}.done")
        self.label(f"{label}.done")
