"""``jacobian``, ``jacfwd``, ``jacrev``: dense Jacobians as Numba dispatchers.

Requires: a function of real numbers, arrays and tuples of them, with a result of any such shape.
Ensures:  for each array or number of the result and of each selected argument an array of shape ``out.shape + in.shape``;
          structures outside are the result's, those inside the arguments'; arguments stay as they were.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import llvmlite.binding as llvm
from numba.core import types
from numba.core.registry import cpu_target

from ..errors import ModeError, UnsupportedError
from ..frontend import structure
from ..frontend.activity import holds_arrays, is_differentiable
from ..frontend.containers.arguments import inner_type
from ..frontend.containers.blocks import blocks
from ..frontend.generated import GeneratedDispatcher, stub
from ..targets import intrinsics, tuning, wide
from . import draws
from . import matrix as helpers
from .arguments import HAND_ON, Arguments, WideArguments
from .columns import COLUMNS_PER_ROW, UNCLEAR, Block, Leaf, Matrix, Mode, extents
from .containers import Flattened, is_through_parts
from .kept import kept
from .primal import Selection, compiled, dispatcher_of, remembered, selected, signature_of
from .sparse import SparseJacobian
from .sparsity import Sparsity

Chunk = int | Literal["auto"]
#: Registers of doubles that the tangents of one number fill, where the user does not say how many there shall be.
REGISTERS = 2
MOST_TANGENTS = 64
_MODES = ("auto", "forward", "reverse")


def jacobian(f, argnums: Selection = None, argnames: Selection = None, mode: Mode = "auto", has_aux: bool = False,
             chunk: Chunk = "auto", sparse: bool | Sparsity = False):
    """A function that returns the Jacobian of ``f``: by argument 0, or by those selected.

    ``sparse``: as ``scipy.sparse.csr_array`` of shape ``(out.size, in.size)``, by a sweep for each of the colours of its
    columns or rows; a ``Sparsity`` in the place of True saves finding it anew (see ``docs/operators/sparse.md``).

    Raises ``ModeError`` for an unknown mode, ``SparsityError`` where a ``Sparsity`` does not fit.
    """
    if mode not in _MODES:
        raise ModeError(f"mode is one of {', '.join(map(repr, _MODES))}, not {mode!r}")
    if not isinstance(sparse, bool | Sparsity):
        raise ModeError(f"sparse is True, False or what dp.sparsity returns, not {sparse!r}")
    function = dispatcher_of(f)
    matrix = Matrix(function, *selected(function, argnums, argnames), has_aux)
    if sparse:
        return SparseJacobian.of(matrix, mode, _width(chunk), sparse)
    made = Jacobian(function, matrix.positions, matrix.single, has_aux, mode, _width(chunk))
    return remembered(function, made.key, lambda: made.dispatcher((argnums, argnames, mode, has_aux, chunk)))


def jacfwd(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False, chunk: Chunk = "auto",
           sparse: bool | Sparsity = False):
    """``jacobian`` by forward mode, ``chunk`` columns at a time."""
    return jacobian(f, argnums, argnames, "forward", has_aux, chunk, sparse)


def jacrev(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False,
           sparse: bool | Sparsity = False):
    """``jacobian`` by reverse mode, a row at a time."""
    return jacobian(f, argnums, argnames, "reverse", has_aux, "auto", sparse)


def _width(chunk: Chunk) -> int:
    if chunk == "auto":
        return REGISTERS * (8 if llvm.get_host_cpu_features().get("avx512f") else 4)
    if not isinstance(chunk, int) or isinstance(chunk, bool) or not 1 <= chunk <= MOST_TANGENTS:
        raise ModeError(f"a chunk is 'auto' or a number of tangents from 1 to {MOST_TANGENTS}, not {chunk!r}")
    return max(2, chunk)


class _Choice:
    """Code that chooses between the modes: by counting where that is clear, else by trying both now and then."""

    FORWARD, REVERSE = 1, 2

    def __init__(self, jacobian: Jacobian, arguments: Arguments, leaves: list[Leaf]):
        selection = jacobian.positions[0] if jacobian.single else jacobian.positions
        forward = jacfwd(jacobian.function, selection, None, jacobian.has_aux, jacobian.width)
        arguments.names.update(forward=forward, recall=tuning.recall, remember=tuning.remember, ticks=tuning.ticks)
        self.forward = f"forward({', '.join(f'argument_{index}' for index in range(len(arguments.types)))})"
        self.rows = " + ".join(f"size_of({leaf.text})" for leaf in leaves)
        # What runs a kernel twice must not do so where it prints or draws random numbers.
        self.may_try = arguments.derivative.derivative.is_repeatable

    def recalled(self) -> list[str]:
        """Before anything is computed."""
        return ["choice = recall(derivative, total)", f"if choice == {self.FORWARD}:", f"    return {self.forward}",
                "begin, spent = ticks(), -1"]

    def made(self) -> list[str]:
        """Once the size of the result is known: leaves for forward mode, or tries that on the way."""
        clear = [f"if total <= {COLUMNS_PER_ROW} * rows:", f"    remember(derivative, total, {self.FORWARD})",
                 "    release(derivative, arena)", f"    return {self.forward}", f"remember(derivative, total, {self.REVERSE})"]
        if not self.may_try:
            return ["if choice == 0:", f"    rows = {self.rows}", *(f"    {line}" for line in clear)]
        return ["if choice == 0:", f"    rows = {self.rows}",
                f"    if total * {UNCLEAR} >= {COLUMNS_PER_ROW} * rows and total <= {COLUMNS_PER_ROW * UNCLEAR} * rows:",
                "        pause = ticks()", f"        {self.forward}", "        spent = ticks() - pause",
                "    else:", *(f"        {line}" for line in clear)]

    def kept(self) -> list[str]:
        """Behind the last sweep."""
        return ["if spent >= 0:", "    other = ticks() - begin - spent",
                f"    remember(derivative, total, {self.FORWARD} if spent < other else {self.REVERSE})"]


@dataclass(frozen=True)
class Jacobian(Matrix):
    """A dense Jacobian; writes the code of one call for each combination of argument types."""

    mode: Mode
    #: Columns that one forward sweep gives.
    width: int

    @property
    def key(self) -> tuple:
        return "jacobian", self.positions, self.single, self.has_aux, self.mode, self.width

    @property
    def name(self) -> str:
        return f"jacobian_of_{self.function.py_func.__name__.strip('<>')}"

    def dispatcher(self, selection: tuple) -> GeneratedDispatcher:
        doc = f"Jacobian of {self.function.py_func.__name__}"
        made = GeneratedDispatcher(self.function, stub(self.name, signature_of(self.function), doc), self.implementation,
                                   (jacobian, (self.function, *selection)))
        return kept(made, self.function)

    def implementation(self, argument_types: tuple[types.Type, ...]) -> Callable:
        if is_through_parts(self.function, argument_types, self.wanted(argument_types)):
            return self._of_containers(argument_types)
        self.check(argument_types)
        primal_types = self.primal_types(argument_types)
        mode = self.mode if self.mode != "auto" else _mode_by_types(
            [argument_types[position] for position in self.positions], self.differentiated(self.result(primal_types)))
        return {"forward": self._forward, "reverse": self._reverse, "auto": self._either}[mode](argument_types)

    def _of_containers(self, argument_types: tuple[types.Type, ...]) -> Callable:
        """The Jacobian of the function of what containers hold, its columns in containers like them."""
        flat = Flattened(self.function, argument_types)
        result = flat.result_type[0] if self.has_aux else flat.result_type
        self.check_containers(argument_types, result)
        names: structure.Names = {"inner": replace(self, function=flat.kernel).dispatcher(()), "blocks": blocks}
        names.update((f"kind_{position}", inner_type(argument_types[position])) for position in self.positions)

        def row(ty: types.Type, text: str) -> str:
            if not is_differentiable(ty):
                return "None"
            cells = [f"blocks({text if self.single else f'{text}[{place}]'}, taken[{position}], kind_{position})"
                     for place, position in enumerate(self.positions)]
            return cells[0] if self.single else f"({''.join(cell + ', ' for cell in cells)})"

        found = structure.rebuild(result, "found[0]" if self.has_aux else "found", row, {}, plain=True)
        auxiliary = f", {flat.result('found[1]', 1)}" if self.has_aux else ""
        lines = [*flat.lines, f"found = inner({flat.operands})", f"return {found}{auxiliary}"]
        return structure.function(self.name, ", ".join(flat.parameters), lines, {**names, **flat.names})

    # forward mode ---------------------------------------------------------------------------------------------------

    def _forward(self, argument_types) -> Callable:
        wanted = self.wanted(argument_types)
        primal_types = tuple(structure.row_major(ty) if active else ty
                             for ty, active in zip(argument_types, wanted, strict=True))
        blocks = self.blocks(argument_types)
        width = self.width if any(block.is_array for block in blocks) else max(2, min(self.width, len(blocks)))
        derivative = compiled(self.function, primal_types, wanted, "forward", width)
        derivative.check_shadows(arrays_only=True)
        arguments = WideArguments(derivative, argument_types, signature_of(self.function))
        arguments.names.update(tangents=wide.tangents, release=intrinsics.release, CHUNK=width, **helpers.HELPERS)
        leaves = self.leaves(self.result(primal_types))
        sweep = [*draws.again(derivative, arguments.names, "first == 0"), *arguments.preparation(), *_seeds(blocks),
                 f"failed, code, exception, value, change, arena = tangents(derivative, {arguments.operands}, directions)",
                 "if failed:", "    release(derivative, arena)", *HAND_ON[1:],
                 "if first == 0:", *(f"    rows_{i} = {leaf.prefix}columns_of({leaf.change}, total)"
                                     for i, leaf in enumerate(leaves)),
                 *(f"fill_{leaf.prefix}columns(rows_{i}, {leaf.change}, first)" for i, leaf in enumerate(leaves)),
                 "release(derivative, arena)", "first += CHUNK", "if first >= total:", "    break"]
        lines = [*arguments.checks(), *arguments.conversions(self.positions), *extents(blocks),
                 *draws.before(derivative, arguments.names), "first = 0", "while True:",
                 *(f"    {line}" for line in sweep), *self._returned(argument_types, blocks, leaves)]
        return arguments.function(self.name, lines)

    # reverse mode ---------------------------------------------------------------------------------------------------

    def _reverse(self, argument_types, ask: bool = False) -> Callable:
        """``ask``: whether forward mode is cheaper, once the first sweep has shown the size of the result."""
        wanted, primal_types = self.wanted(argument_types), self.primal_types(argument_types)
        derivative = compiled(self.function, primal_types, wanted, "split")
        derivative.check_shadows(arrays_only=True)
        arguments = Arguments(derivative, argument_types, signature_of(self.function))
        arguments.names.update(
            augmented=intrinsics.augmented, reverse=intrinsics.repeated_reverse, release=intrinsics.release,
            record_bytes=intrinsics.record_bytes(derivative, cpu_target.target_context), **helpers.HELPERS)
        blocks = self.blocks(argument_types)
        result = self.result(primal_types)
        leaves = self.leaves(result)
        choice = _Choice(self, arguments, leaves) if ask and not draws.from_generators(derivative) else None
        lines = [*arguments.checks(), *extents(blocks), *(choice.recalled() if choice else []), *arguments.preparation(),
                 "record = zeros(record_bytes, uint8)",
                 f"failed, code, exception, value, arena = augmented(derivative, {arguments.operands}, record)",
                 "if failed:", "    release(derivative, arena)", *HAND_ON[1:], *(choice.made() if choice else [])]
        for index, leaf in enumerate(leaves):
            lines += self._rows(index, leaf, result, arguments, blocks)
        lines += ["release(derivative, arena)", *(choice.kept() if choice else []),
                  *self._returned(argument_types, blocks, leaves)]
        return arguments.function(self.name, lines)

    def _rows(self, index: int, leaf: Leaf, result: types.Type, arguments: Arguments, blocks: list[Block]) -> list[str]:
        """The rows of one leaf of the result, each by a sweep of its own; a complex number by two."""
        if leaf.is_complex:
            raise UnsupportedError(f"{self.function.py_func.__name__} returns complex numbers.\n  Use dp.jacfwd for their "
                                   f"Jacobian, or return real and imaginary parts.")
        seed = _seed(result, "value", leaf.text, f"unit_of({leaf.text}, row)")
        clear = [f"{shadow}[...] = 0" for shadow in arguments.shadowed_parts()]
        store = [f"store_row(rows_{index}, row, offset_{k}, {block.cotangent})" for k, block in enumerate(blocks)]
        sweep = [*clear, f"failed, code, exception, cotangents = reverse(derivative, {arguments.operands}, record, arena, "
                 f"{seed})", "if failed:", "    release(derivative, arena)", *HAND_ON[1:], *store]
        return [f"rows_{index} = rows_of({leaf.text}, total)", f"for row in range(rows_{index}.shape[0]):",
                *(f"    {line}" for line in sweep)]

    # both -----------------------------------------------------------------------------------------------------------

    def _either(self, argument_types) -> Callable:
        return self._reverse(argument_types, ask=True)

    def _returned(self, argument_types, blocks: list[Block], leaves: list[Leaf]) -> list[str]:
        """The structure of the result, at each leaf that of the arguments, at each of whose leaves a matrix."""
        rows = {leaf.text: number for number, leaf in enumerate(leaves)}

        def row(_, text: str) -> str:
            if text not in rows:
                return "None"
            parts = [self._row_of(leaves[rows[text]], rows[text], position, argument_types[position], blocks)
                     for position in self.positions]
            return parts[0] if self.single else f"({''.join(part + ', ' for part in parts)})"

        result = self.differentiated(self.result(self.primal_types(argument_types)))
        matrices = structure.rebuild(result, "value[0]" if self.has_aux else "value", row, {}, plain=True)
        return [f"return {matrices}, value[1]" if self.has_aux else f"return {matrices}"]

    def _row_of(self, leaf: Leaf, row: int, position: int, ty: types.Type, blocks: list[Block]) -> str:
        """The matrices of one leaf of the result by the leaves of one argument."""
        columns = {(block.position, block.path): number for number, block in enumerate(blocks)}

        def cell(_, path: str) -> str:
            number = columns.get((position, path))
            if number is None:
                return "None"
            if leaf.shape == blocks[number].shape == "()":
                return f"rows_{row}[0, offset_{number}]"
            shape = f"{leaf.shape} + {blocks[number].shape}"
            return f"{'part' if len(blocks) > 1 else 'whole'}(rows_{row}, offset_{number}, size_{number}, {shape})"

        return structure.rebuild(ty, "", cell, {}, plain=True)


def _mode_by_types(inputs: list[types.Type], result: types.Type) -> Mode:
    """Where types alone decide: few numbers against arrays."""
    if not any(map(holds_arrays, inputs)):
        return "forward"
    return "auto" if holds_arrays(result) else "reverse"


def _seeds(blocks: list[Block]) -> list[str]:
    """Ones where a lane meets its column."""
    numbers = sum(not block.is_array for block in blocks)
    lines = [f"directions = zeros(({max(1, numbers)}, CHUNK))"]
    for k, block in enumerate(blocks):
        first = f"first - offset_{k}"
        lines.append(f"seed_array({block.shadow}, {first}, CHUNK)" if block.is_array else
                     f"seed_number(directions, {block.number}, {first})")
    return lines


def _seed(ty: types.Type, text: str, wanted: str, unit: str) -> str:
    """A seed that is ``unit`` at one leaf of the result and nothing elsewhere."""
    def leaf(item: types.Type, part: str) -> str:
        return unit if part == wanted else "None"

    return structure.rebuild(ty, text, leaf, {}, plain=True)
