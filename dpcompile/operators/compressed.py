"""Sweeps for several columns or rows at a time: the columns of one number are one tangent, the rows one cotangent.

Requires: ``columns.Matrix``; real results.
Ensures:  dispatchers of ``(primals, …)`` with the arguments as a tuple, whose answer is ``(parts, auxiliary)``:
          ``tangents(primals, groups, count, probe)``: for each leaf of the result an array of its rows × (``count`` sums
          of the columns of a group, then the product with ``probe`` where that is not empty);
          ``cotangents(primals, groups, count, probe)``: the same of rows: an array of sums × all columns, and how many rows
          each leaf has;
          ``dependencies(primals, groups)``: for each leaf of the result its rows × ``LANES`` integers of ``BITS`` bits, where
          bit g % BITS of integer g // BITS says that the row depends on a column of group g.  A group of -1 is none.
          Arguments stay as they were.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

from dpcompile.passes.transform.dependency import BITS

from ..cache import lookup
from ..errors import UnsupportedError
from ..frontend import structure
from ..frontend.generated import GeneratedDispatcher, stub
from ..targets import intrinsics, wide
from ..targets.cpu import CompiledDerivative
from . import draws
from . import matrix as helpers
from .arguments import HAND_ON, Arguments, WideArguments
from .columns import Block, Matrix, extents, number
from .kept import kept
from .primal import compiled, remembered, signature_of

#: Integers for each number in a sweep with sets.
LANES = 16
Kind = Literal["tangents", "cotangents", "dependencies"]
_FAILED = ["if failed:", "    release(derivative, arena)", *HAND_ON[1:]]


@dataclass(frozen=True)
class Compressed(Matrix):
    """One kind of such sweeps."""

    kind: Kind
    #: Tangents at a time.
    width: int

    @classmethod
    def sweep(cls, matrix: Matrix, kind: Kind, width: int = LANES) -> GeneratedDispatcher:
        """The dispatcher, made once for each function and selection; ``width``: lanes of a forward sweep."""
        made = cls._of(matrix, kind, width)
        key = "compressed", made.positions, made.has_aux, kind, width
        return remembered(made.function, key, made._dispatcher)

    @classmethod
    def is_oblivious(cls, matrix: Matrix, argument_types: tuple[types.Type, ...]) -> bool:
        """Whether dependencies are the same for all floats and all contents of arrays, shapes and integers being equal."""
        made = cls._of(matrix, "dependencies", LANES)
        return lookup.noted(matrix.function, argument_types, f"whether it is oblivious by {made.positions}",
                            lambda: made._derivative(argument_types, "dependency").derivative.is_oblivious)

    @classmethod
    def _of(cls, matrix: Matrix, kind: Kind, width: int) -> Compressed:
        return cls(matrix.function, matrix.positions, matrix.single, matrix.has_aux, kind, width)

    @property
    def _parameters(self) -> str:
        return "primals, groups" if self.kind == "dependencies" else "primals, groups, count, probe"

    @property
    def _name(self) -> str:
        return f"{self.kind}_of_{self.function.py_func.__name__.strip('<>')}"

    def _dispatcher(self) -> GeneratedDispatcher:
        names = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in self._parameters.split(", ")]
        doc = f"{self.kind} of {self.function.py_func.__name__}"
        made = GeneratedDispatcher(self.function, stub(self._name, inspect.Signature(names), doc), self.implementation,
                                   (sweep, (self.function, self.positions, self.single, self.has_aux, self.kind, self.width)))
        return kept(made, self.function)

    def implementation(self, given: tuple[types.Type, ...]) -> Callable:
        argument_types = tuple(map(types.unliteral, given[0]))
        self.check(argument_types)
        if any(leaf.is_complex for leaf in self.leaves(self.result(self.primal_types(argument_types)))):
            raise UnsupportedError(f"{self.function.py_func.__name__} returns complex numbers.\n  A sparse matrix is real: "
                                   f"return real and imaginary parts.")
        write = {"tangents": self._tangents, "cotangents": self._cotangents, "dependencies": self._dependencies}[self.kind]
        unpacked = [f"argument_{index} = primals[{index}]" for index in range(len(argument_types))]
        arguments, lines = write(argument_types)
        return arguments.function(self._name, [*unpacked, *lines], self._parameters)

    # forward --------------------------------------------------------------------------------------------------------

    def _derivative(self, argument_types, mode: str) -> CompiledDerivative:
        wanted = self.wanted(argument_types)
        primal_types = tuple(structure.row_major(ty) if active else ty
                             for ty, active in zip(argument_types, wanted, strict=True))
        return compiled(self.function, primal_types, wanted, mode, self.width)

    def _wide(self, argument_types, mode: str) -> WideArguments:
        derivative = self._derivative(argument_types, mode)
        derivative.check_shadows(arrays_only=True)
        arguments = WideArguments(derivative, argument_types, signature_of(self.function))
        arguments.names.update(release=intrinsics.release, CHUNK=self.width, **helpers.HELPERS)
        return arguments

    def _sweep(self, arguments: Arguments, seeds: list[str], blocks: list[Block], name: str) -> list[str]:
        numbers = sum(not block.is_array for block in blocks)
        return [*arguments.preparation(), f"directions = zeros(({max(1, numbers)}, CHUNK))", *seeds,
                f"failed, code, exception, value, change, arena = {name}(derivative, {arguments.operands}, directions)",
                *_FAILED]

    def _tangents(self, argument_types) -> tuple[Arguments, list[str]]:
        arguments, blocks = self._wide(argument_types, "forward"), self.blocks(argument_types)
        arguments.names.update(tangents=wide.tangents)
        leaves = self.leaves(self.result(self.primal_types(argument_types)))
        seeds = [line for k, block in enumerate(blocks) for line in (
            f"seed_groups({_memory(block)}, {_slice('groups', k)}, first, CHUNK)",
            f"seed_lane({_memory(block)}, {_slice('probe', k)}, count - first, CHUNK)")]
        sweep = [*draws.again(arguments.derivative, arguments.names, "first == 0"),
                 *self._sweep(arguments, seeds, blocks, "tangents"),
                 "if first == 0:", *(f"    rows_{i} = columns_of({leaf.change}, lanes)" for i, leaf in enumerate(leaves)),
                 *(f"fill_columns(rows_{i}, {leaf.change}, first)" for i, leaf in enumerate(leaves)),
                 "release(derivative, arena)", "first += CHUNK", "if first >= lanes:", "    break"]
        lines = [*arguments.checks(), *arguments.conversions(self.positions), *extents(blocks),
                 *draws.before(arguments.derivative, arguments.names), "first = 0",
                 "lanes = count + (1 if probe.size else 0)", "while True:", *(f"    {line}" for line in sweep)]
        return arguments, [*lines, self._answer(f"rows_{i}" for i in range(len(leaves)))]

    def _dependencies(self, argument_types) -> tuple[Arguments, list[str]]:
        if any(isinstance(ty, types.NumPyRandomGeneratorType) for ty in argument_types):
            raise UnsupportedError("cannot find the sparsity of what draws random numbers: each sweep would draw its own."
                                   "\n  Draw them outside and pass them, or take the dense matrix.")
        arguments, blocks = self._wide(argument_types, "dependency"), self.blocks(argument_types)
        arguments.names.update(dependencies=wide.dependencies, uint64=np.uint64, uint32=np.uint32)
        leaves = self.leaves(self.result(self.primal_types(argument_types)))
        seeds = [f"seed_sets({_memory(block)}.view({_integer(block.type) if block.is_array else 'uint64'}), "
                 f"{_slice('groups', k)}, CHUNK, {BITS})" for k, block in enumerate(blocks)]
        lines = [*arguments.checks(), *arguments.conversions(self.positions), *extents(blocks),
                 *self._sweep(arguments, seeds, blocks, "dependencies"),
                 *(f"sets_{i} = {leaf.change}.reshape(({leaf.change}.size // CHUNK, CHUNK)).view({_integer(leaf.type)})"
                   f".astype(uint32)" for i, leaf in enumerate(leaves)), "release(derivative, arena)"]
        return arguments, [*lines, self._answer(f"sets_{i}" for i in range(len(leaves)))]

    # reverse --------------------------------------------------------------------------------------------------------

    def _cotangents(self, argument_types) -> tuple[Arguments, list[str]]:
        primal_types = self.primal_types(argument_types)
        derivative = compiled(self.function, primal_types, self.wanted(argument_types), "split")
        derivative.check_shadows(arrays_only=True)
        arguments = Arguments(derivative, argument_types, signature_of(self.function))
        arguments.names.update(
            augmented=intrinsics.augmented, reverse=intrinsics.repeated_reverse, release=intrinsics.release,
            record_bytes=intrinsics.record_bytes(derivative, cpu_target.target_context), array=np.array, **helpers.HELPERS)
        blocks = self.blocks(argument_types)
        lines = [*arguments.checks(), *arguments.preparation(), *extents(blocks), "record = zeros(record_bytes, uint8)",
                 f"failed, code, exception, value, arena = augmented(derivative, {arguments.operands}, record)", *_FAILED,
                 "found = zeros((count + (1 if probe.size else 0), total))", "for row in range(found.shape[0]):",
                 *(f"    {line}" for line in self._row(arguments, blocks, self.result(primal_types))),
                 "release(derivative, arena)"]
        sizes = ", ".join(f"size_of({leaf.text})" for leaf in self.leaves(self.result(primal_types)))
        return arguments, [*lines, self._answer(["found", f"array([{sizes}])"])]

    def _row(self, arguments: Arguments, blocks: list[Block], result: types.Type) -> list[str]:
        """One sweep back, from all rows of a group, or from the probe behind them."""
        clear = [f"{shadow}[...] = 0" for shadow in arguments.shadowed_parts()]
        seeds, texts = ["direction = probe if row == count else probe[:0]", "begin = 0"], {}
        for i, leaf in enumerate(self.leaves(result)):
            texts[leaf.text] = f"seed_{i}"
            seeds += [f"end = begin + size_of({leaf.text})",
                      f"seed_{i} = sum_of({leaf.text}, groups[begin:end], row, direction[begin:end])", "begin = end"]
        seed = structure.rebuild(result, "value", lambda _, text: texts.get(text, "None"), {}, plain=True)
        return [*clear, *seeds,
                f"failed, code, exception, cotangents = reverse(derivative, {arguments.operands}, record, arena, {seed})",
                *_FAILED, *(f"store_row(found, row, offset_{k}, {block.cotangent})" for k, block in enumerate(blocks))]

    def _answer(self, parts) -> str:
        return f"return ({''.join(f'{part}, ' for part in parts)}), {'value[1]' if self.has_aux else 'None'}"


def sweep(function: Dispatcher, positions: tuple[int, ...], single: bool, has_aux: bool, kind: Kind,
          width: int) -> GeneratedDispatcher:
    """The recipe of a sweep."""
    return Compressed.sweep(Matrix(function, positions, single, has_aux), kind, width)


def _memory(block: Block) -> str:
    """Where the lanes of a block begin."""
    return block.shadow if block.is_array else f"directions[{block.number}]"


def _slice(what: str, block: int) -> str:
    return f"{what}[offset_{block}:offset_{block} + size_{block}]"


def _integer(ty: types.Type) -> str:
    """The integers as long as the numbers of a leaf."""
    return f"uint{number(ty).bitwidth}"
