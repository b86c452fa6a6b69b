"""Differentiates hand-written IR, compiles primal and derivatives together, and calls them with NumPy arrays.

``Machine(text, entry, arguments)``: arrays of floats are duplicated and floats active, unless ``constant`` names them;
integers and arrays of integers are constant.
"""
from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import llvmlite.binding as llvm
import numpy as np
from dpcompile.passes import pipeline
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import DOUBLE, FLOAT, I1, I8, I32, I64, PTR, VOID
from dpcompile.runtime import arena, gates

C_TYPES = {DOUBLE: ctypes.c_double, FLOAT: ctypes.c_float, I1: ctypes.c_bool, I8: ctypes.c_int8, I32: ctypes.c_int32,
           I64: ctypes.c_int64, PTR: ctypes.c_void_p, VOID: None}
ELEMENTS = {"float64": "double", "float32": "float", "int64": "i64", "int32": "i32", "int8": "i8"}
NO_LIMIT = 1 << 40
#: Tangents at a time in wide forward mode.
WIDTH = 4
#: Larger than any tape record of the tests.
TAPE_BYTES = 4096

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()


@functools.cache
def target_machine() -> llvm.TargetMachine:
    return llvm.Target.from_default_triple().create_target_machine(opt=2)


def load(*texts: str, level: int = 0) -> llvm.ExecutionEngine:
    """An engine with the modules linked into one, optimised at that level."""
    module = llvm.parse_assembly(texts[0])
    for text in texts[1:]:
        module.link_in(llvm.parse_assembly(text))
    module.verify()
    if level:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        builder = llvm.create_pass_builder(target_machine(), options)
        builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, llvm.Target.from_default_triple().create_target_machine(opt=level))
    engine.finalize_object()
    return engine


def is_differentiable(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def request(text: str, entry: str, arguments: Sequence[object], mode: str, constant: Sequence[int] = ()) -> pipeline.Request:
    """What is asked of each parameter, by what will be given for it."""
    parameters = []
    for position, value in enumerate(arguments):
        kind = "const"
        if is_differentiable(value) and position not in constant:
            kind = "duplicated" if isinstance(value, np.ndarray) else "active"
        element = ELEMENTS[str(value.dtype)] if isinstance(value, np.ndarray) else None
        parameters.append(pipeline.Parameter(kind, element))
    return pipeline.Request(entry, tuple(parameters), mode, f"{mode}.{entry}")


@dataclass
class Reversed:
    """What a reverse sweep leaves: one array or number for each argument that has a cotangent."""

    status: int
    cotangents: list


class Machine:
    """One function with its derivatives in all modes; every call works on copies of its arguments."""

    def __init__(self, text: str, entry: str, arguments: Sequence[object], constant: Sequence[int] = (), level: int = 0):
        self.types = [a.type for a in read(text).functions[entry].arguments]
        self.result = read(text).functions[entry].function_type.result
        self.entry = entry
        self.derivatives = {mode: pipeline.differentiate(text, request(text, entry, arguments, mode, constant))
                            for mode in pipeline.MODES if mode not in ("dependency", "kernel")}
        for name, mode in (("wide", "forward"), ("dependency", "dependency")):
            wide = replace(request(text, entry, arguments, mode, constant), name=f"{name}.{entry}", width=WIDTH)
            self.derivatives[name] = pipeline.differentiate(text, wide)
        texts = [d.text for d in self.derivatives.values()]
        self.engine = load(text, *texts, arena.INLINED, gates.definitions("\n".join([text, *texts])), arena.SHARED, level=level)
        kinds = [p.kind for p in self.derivatives["reverse"].parameters]
        self.active = [k for k, kind in enumerate(kinds) if kind == "active"]
        self.duplicated = [k for k, kind in enumerate(kinds) if kind == "duplicated"]
        self.with_shadow = [k for k, kind in enumerate(kinds) if kind in ("duplicated", "scratch")]
        #: Positions of the arguments that have a tangent and a cotangent.
        self.directions = sorted([*self.active, *self.duplicated])

    # modes ----------------------------------------------------------------------------------------------------------

    def primal(self, arguments: Sequence) -> list:
        """The arguments as the primal leaves them."""
        given = copies(arguments)
        self.status = self._call(self.entry, self.result, self.types, given)
        return given

    def forward(self, arguments: Sequence, tangents: Sequence) -> tuple[list, list]:
        """The arguments as the primal leaves them, and the tangents of the arrays, in the order of ``duplicated``."""
        given, shadows, by_position = copies(arguments), {}, dict(zip(self.directions, copies(tangents), strict=True))
        for k in self.with_shadow:
            shadows[k] = by_position.get(k) if k in by_position else np.zeros_like(given[k])
        symbols = self.derivatives["forward"].symbols
        memory = self._call(symbols["arena.new"], PTR, [I64], [NO_LIMIT])
        types = [*self.types, *(PTR for _ in shadows), *(self.types[k] for k in self.active), PTR]
        values = [*given, *shadows.values(), *(by_position[k] for k in self.active), memory]
        self.status = self._call(symbols["tangent"], self.result, types, values)
        self._call(symbols["arena.release"], VOID, [PTR], [memory])
        return given, [shadows[k] for k in self.duplicated]

    def wide(self, arguments: Sequence, tangents: Sequence[Sequence]) -> list[list]:
        """As ``forward`` for ``WIDTH`` lists of tangents at once; the tangents of the arrays for each."""
        columns = dict(zip(self.directions, zip(*tangents, strict=True), strict=True))
        shadows = self._side_by_side("wide", "tangents", arguments, {k: np.stack(v, -1) for k, v in columns.items()})
        return [[shadows[k][..., lane] for k in self.duplicated] for lane in range(WIDTH)]

    def dependencies(self, arguments: Sequence, sets: Sequence) -> list:
        """The sets of the arrays, in the order of ``duplicated``: a last axis of ``WIDTH`` integers, as in ``sets``."""
        given = dict(zip(self.directions, copies(sets), strict=True))
        shadows = self._side_by_side("dependency", "dependencies", arguments, given)
        return [shadows[k] for k in self.duplicated]

    def _side_by_side(self, name: str, role: str, arguments: Sequence, lanes: dict[int, np.ndarray]) -> dict:
        given = copies(arguments)
        shadows = {k: lanes[k] if k in lanes else np.zeros((*given[k].shape, WIDTH), given[k].dtype) for k in self.with_shadow}
        packed = np.array([lanes[k] for k in self.active] or [0.0])
        symbols = self.derivatives[name].symbols
        memory = self._call(symbols["arena.new"], PTR, [I64], [NO_LIMIT])
        types = [*self.types, *(PTR for _ in shadows), PTR, PTR]
        self.status = self._call(symbols[role], self.result, types, [*given, *shadows.values(), packed, memory])
        self._call(symbols["arena.release"], VOID, [PTR], [memory])
        return shadows

    def reverse(self, arguments: Sequence, seeds: Sequence, limit: int = NO_LIMIT) -> list:
        """The cotangents in the order of ``directions``; ``seeds`` are those of the arrays, in the order of
        ``duplicated``."""
        given, shadows = copies(arguments), self._seeded(arguments, seeds)
        cotangents = (ctypes.c_double * max(1, len(self.active)))()
        types = [*self.types, *(PTR for _ in shadows), PTR, I64]
        values = [*given, *shadows.values(), ctypes.addressof(cotangents), limit]
        self.status = self._call(self.derivatives["reverse"].symbols["gradient"], I32, types, values)
        self.left = given
        return self._collected(shadows, cotangents)

    def split(self, arguments: Sequence, seeds: Sequence, times: int = 1) -> list:
        """The same by the two functions of split mode, the reverse run several times; gives the last answer."""
        given = copies(arguments)
        symbols = self.derivatives["split"].symbols
        memory = self._call(symbols["arena.new"], PTR, [I64], [NO_LIMIT])
        tape = ctypes.create_string_buffer(TAPE_BYTES)
        assert self.derivatives["split"].tape_bytes <= TAPE_BYTES
        shadows = self._seeded(arguments, [np.zeros_like(s) for s in seeds])
        types, record = [*self.types, *(PTR for _ in shadows), PTR, PTR], ctypes.addressof(tape)
        self.status = self._call(symbols["augmented"], self.result, types, [*given, *shadows.values(), memory, record])
        for _ in range(times):
            for k, fresh in self._seeded(arguments, seeds).items():
                shadows[k][...] = fresh
            cotangents = (ctypes.c_double * max(1, len(self.active)))()
            values = [*given, *shadows.values(), memory, record, ctypes.addressof(cotangents)]
            assert self._call(symbols["reverse"], I32, [*types, PTR], values) == 0
        self._call(symbols["arena.release"], VOID, [PTR], [memory])
        return self._collected(shadows, cotangents)

    def clear_pool(self) -> None:
        """Frees the memory that the last call left for the next."""
        self._call("dp.pool.clear", VOID, [], [])

    # the rest -------------------------------------------------------------------------------------------------------

    def _seeded(self, arguments: Sequence, seeds: Sequence) -> dict[int, np.ndarray]:
        by_position = dict(zip(self.duplicated, copies(seeds), strict=True))
        return {k: by_position[k] if k in by_position else np.zeros_like(arguments[k]) for k in self.with_shadow}

    def _collected(self, shadows: dict[int, np.ndarray], cotangents: ctypes.Array) -> list:
        numbers = {k: self._field(cotangents, position) for position, k in enumerate(self.active)}
        return [numbers[k] if k in numbers else shadows[k] for k in self.directions]

    def _field(self, cotangents: ctypes.Array, position: int) -> float:
        kind = C_TYPES[self.types[self.active[position]]]
        return kind.from_address(ctypes.addressof(cotangents) + 8 * position).value

    def _call(self, name: str, result, types: Sequence, values: Sequence):
        signature = ctypes.CFUNCTYPE(C_TYPES[result], *(C_TYPES[t] for t in types))
        address = self.engine.get_function_address(name)
        return signature(address)(*(v.ctypes.data if isinstance(v, np.ndarray) else v for v in values))


def copies(values: Sequence) -> list:
    return [v.copy() if isinstance(v, np.ndarray) else v for v in values]


def pairing(first: Sequence, second: Sequence) -> float:
    """The inner product of two lists of arrays and numbers."""
    return float(sum(np.sum(np.asarray(a, float) * np.asarray(b, float)) for a, b in zip(first, second, strict=True)))


__all__ = ["Machine", "copies", "load", "pairing", "request"]
