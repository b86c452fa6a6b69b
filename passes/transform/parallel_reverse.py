"""The reverse of a call that stands for the chunks of a parallel loop.

Requires: a ``ParallelCall``, whose callee ``transform.sharing`` has looked at.
Ensures:  the reverses of all chunks have run: together; each second one first, where neighbours may meet; or one after the
          other from the last to the first, where nothing is known.  What a chunk added to a copy of a shadow is in the shadow,
          joined in the order of the chunks, so that results are the same at each run on as many threads.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..analysis.call_kinds import is_exception
from ..ir.builder import Builder, i64
from ..ir.model import Constant, Function, Instruction, Module, Value
from ..ir.types import DOUBLE, FLOAT, I64, PTR, VOID, ArrayType, FunctionType, Type
from .calls import ParallelCall, rewind
from .chunks import MOST_CHUNKS
from .launch import BACKWARD, IN_TURNS, TOGETHER, Each, Passed, arenas, gather, launch
from .memory import clear_memory
from .shadow import TAKE
from .sharing import COPY, NEIGHBOURS

#: The sum over chunks: number (ptr first, i64 bytes from one to the next, i64 chunks).
TOTAL: dict[Type, str] = {DOUBLE: "dp.parallel.total.f64", FLOAT: "dp.parallel.total.f32"}
#: void (ptr shadow, ptr first copy, i64 bytes from one to the next, i64 bytes, i64 copies).
JOIN: dict[Type, str] = {DOUBLE: "dp.parallel.join.f64", FLOAT: "dp.parallel.join.f32"}
LINE = 64


@dataclass(frozen=True)
class ParallelReverse:
    """What is called with what; ``get`` gives values of the primal."""

    split: ParallelCall
    reverse: Function
    arena: Value
    get: Callable[[Value], Value]
    exception: Value


@dataclass(frozen=True)
class _Copies:
    """Of one shared object: where its shadow begins, how many bytes are copied (none where that is not needed), the first
    copy, and the bytes from one to the next."""

    begin: Value
    size: Value
    first: Value
    stride: Value
    element: Type


class ParallelReverseCall:
    """Writes one such call, step by step, each at ``builder``."""

    def __init__(self, module: Module, builder: Builder, slots: Builder, given: ParallelReverse):
        self.module, self.builder, self.slots, self.given = module, builder, slots, given
        self.callee = given.split.callee
        self.chunks, self.tape = given.get(given.split.chunks), given.get(given.split.tape)
        self.shares = [tuple(map(given.get, share)) for share in given.split.shares]
        self.copies: dict[int, _Copies] = {}

    def make_copies(self) -> None:
        """Memory for what all chunks but the first add to."""
        mark = self.module.declare("dp.arena.mark", FunctionType(PTR, (PTR,)))
        self.point = self.builder.call(mark, mark.function_type, [self.given.arena], "mark")
        take = self.module.declare(TAKE, FunctionType(PTR, (PTR, I64)))
        for number, (treatment, (begin, size, mode)) in enumerate(zip(self.callee.shared, self.shares, strict=True)):
            if treatment.how == "copy":
                wanted = self.builder.compare("eq", mode, i64(COPY))
                needed = self.builder.select(wanted, size, i64(0))
                lines = self.builder.binary("add", needed, i64(LINE - 1))
                stride = self.builder.binary("and", lines, i64(-LINE))
                total = self.builder.binary("mul", stride, self.builder.binary("sub", self.chunks, i64(1)))
                memory = self.builder.call(take, take.function_type, [self.given.arena, total], "copies")
                self.copies[number] = _Copies(begin, needed, memory, stride, treatment.element)

    def run(self) -> Instruction:
        """The status."""
        reverse, width = self.given.reverse, 8 * max(1, len(self.callee.active))
        self.width = i64(width)
        self.cotangents = self.slots.alloca(ArrayType(MOST_CHUNKS * width // 8, DOUBLE), "cotangents", align=8)
        fields = max(1, len(self.callee.shared))
        distances = self.slots.alloca(ArrayType(MOST_CHUNKS * fields, I64), "distances", align=8)
        passed: list[Passed] = [self.given.exception if is_exception(parameter) else Constant(parameter.type, "poison")
                                for parameter in reverse.arguments[:-4]]
        passed += [arenas(self.module, self.builder, self.given.arena, self.chunks), Each(self.tape, self.callee.tape_bytes),
                   Each(self.cotangents, self.width), Each(distances, i64(8 * fields))]
        before = self._begin_copies(distances, fields) if self.copies else None
        status = launch(self.module, self.builder, self.slots, reverse, passed, self.chunks, self._how(), before)
        gather(self.module, self.builder, self.given.arena, self.chunks)
        return status

    def _how(self) -> Value:
        conflicts = self.callee.conflicts
        if conflicts is None or conflicts.reason:
            return i64(BACKWARD)
        how: Value = i64(TOGETHER)
        for _, _, mode in self.shares:
            near = self.builder.compare("eq", mode, i64(NEIGHBOURS))
            how = self.builder.select(near, i64(IN_TURNS), how)
        for treatment, (_, _, mode) in zip(self.callee.shared, self.shares, strict=True):
            if treatment.how == "check":
                how = self.builder.select(self.builder.compare("eq", mode, i64(COPY)), i64(BACKWARD), how)
        return how

    def _begin_copies(self, distances: Value, fields: int):
        used = [distances, *(v for c in self.copies.values() for v in (c.begin, c.size, c.first, c.stride))]

        def begin(builder: Builder, chunk: Value, field: Callable[[Value], Value]) -> None:
            """A chunk clears its copies and says how far they are from the shadows."""
            own = builder.offset(field(distances), builder.binary("mul", chunk, i64(8 * fields)))
            is_first = builder.compare("eq", chunk, i64(0))
            for number, copies in self.copies.items():
                size = field(copies.size)
                in_place = builder.binary("or", is_first, builder.compare("eq", size, i64(0)))
                before = builder.binary("mul", builder.binary("sub", chunk, i64(1)), field(copies.stride))
                copy = builder.offset(field(copies.first), before)
                clear_memory(builder, self.module, copy, builder.select(in_place, i64(0), size))
                ends = [builder.cast("ptrtoint", pointer, I64) for pointer in (copy, field(copies.begin))]
                distance = builder.select(in_place, i64(0), builder.binary("sub", *ends))
                builder.store(distance, builder.offset(own, 8 * number), align=8)

        return used, begin

    def join_copies(self) -> None:
        for copies in self.copies.values():
            join = self.module.declare(JOIN[copies.element], FunctionType(VOID, (PTR, PTR, I64, I64, I64)))
            others = self.builder.binary("sub", self.chunks, i64(1))
            self.builder.call(join, join.function_type, [copies.begin, copies.first, copies.stride, copies.size, others])
        rewind(self.builder, self.module, self.given.arena, self.point)

    def totals(self) -> Iterator[tuple[Value, Value]]:
        """For each number that the loop was given what to add to its cotangent."""
        for number, parameter in enumerate(self.callee.active):
            argument = self.given.split.arguments[self.callee.parameters.index(parameter)]
            total = self.module.declare(TOTAL[argument.type], FunctionType(argument.type, (PTR, I64, I64)))
            first = self.builder.offset(self.cotangents, 8 * number)
            yield argument, self.builder.call(total, total.function_type, [first, self.width, self.chunks])

