"""Sparse Jacobians and Hessians: found by sweeps with sets, taken by as many tangents as the pattern has colours.

Requires: a function whose control flow repeats when it is called again with the same arguments.
Ensures:  for each array or number of the result and of each selected argument a ``scipy.sparse.csr_array`` of shape
          ``(out.size, in.size)`` with an entry wherever the matrix may be other than zero; structures as of dense ones.
Algorithm: Curtis, Powell and Reid (J. Inst. Maths Applics 13, 1974); Gebremedhin, Manne and Pothen, "What color is your
          Jacobian?" (SIAM Review 47, 2005, §3). A branch may change the pattern from call to call, so it is found at each
          call, but where ``passes.analysis.oblivious`` shows that data have no say in it; a pattern that the user holds is
          tested at each call by one tangent or cotangent more.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype
from scipy.sparse import csr_array

from ..cache import lookup
from ..errors import SparsityError, UnsupportedError
from ..frontend import structure
from ..frontend.activity import is_differentiable, parts_with_offsets
from .columns import COLUMNS_PER_ROW, Matrix, Mode, number
from .compressed import BITS, LANES, Compressed
from .primal import Selection, dispatcher_of, primal, remembered, selected, signature_of
from .sparsity import Sparsity, detect

#: What the product with a random vector may differ by, in units of the last place of the sum of all terms.
_ROUNDING = 1024
#: Arithmetic of LLVM that may be reordered or approximated.
_RELAXED = re.compile(r"\b(?:f\w+|call|select|phi) [a-z ]*\b(?:fast|reassoc|arcp|afn)\b")


def sparsity(f, *args, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False) -> Sparsity:
    """Where the Jacobian of ``f`` at ``args`` may be other than zero; rows and columns count numbers in C order.

    By argument 0, or by those selected, whose columns follow one another. Of a branch it holds what was taken. Raises what
    ``jacobian`` raises.

    >>> import numpy as np, numba, dpcompile as dp
    >>> @numba.njit
    ... def differences(x):
    ...     return x[1:] - x[:-1]
    >>> found = dp.sparsity(differences, np.ones(5))
    >>> found.pattern.shape, found.pattern.nnz, found.tangents
    ((4, 5), 8, 2)
    """
    function = dispatcher_of(f)
    matrix = Matrix(function, *selected(function, argnums, argnames), has_aux)
    return _detected(matrix, _bound(matrix, args, {}))


class SparseJacobian:
    """A function of the arguments of ``f`` that gives its Jacobian as a sparse matrix; what ``jacobian(f, sparse=True)`` is."""

    def __init__(self, matrix: Matrix, mode: Mode, width: int, held: Sparsity | None):
        self.matrix, self.mode, self.width, self.held = matrix, mode, width, held
        self.__name__ = f"sparse_jacobian_of_{matrix.function.py_func.__name__}"
        self.__wrapped__ = matrix.function.py_func      # inspect.signature looks here
        self._last: tuple[tuple | None, Sparsity] | None = None

    @classmethod
    def of(cls, matrix: Matrix, mode: Mode, width: int, sparse: bool | Sparsity) -> SparseJacobian:
        """``sparse``: True, or a sparsity that the user holds."""
        if isinstance(sparse, Sparsity):
            return cls(matrix, mode, width, sparse)
        key = "sparse", matrix.positions, matrix.single, matrix.has_aux, mode, width
        return remembered(matrix.function, key, lambda: cls(matrix, mode, width, None))

    def __call__(self, *args, **named):
        given = _bound(self.matrix, args, named)
        found = self.held or self._found(given)
        columns = sum(map(np.size, _leaves(self.matrix, given)))
        self._require(found.pattern.shape[1] == columns, found, f"{columns} columns")
        tested = self.held is not None or self._is_relaxed(given)
        taken = (self._forward if self._goes_forward(found) else self._reverse)(given, found, tested)
        if taken.probe.size and not taken.agrees(self._precision(given)):
            self._check_again(given, found)
        matrices = self._arranged(taken, given)
        return (matrices, taken.auxiliary) if self.matrix.has_aux else matrices

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def _found(self, given: tuple) -> Sparsity:
        """The sparsity at these arguments; the last one, with its colours, where it is the same."""
        key, last = self._key(given), self._last
        if last is not None and key is not None and last[0] == key:
            return last[1]
        found = _detected(self.matrix, given)
        if last is not None and last[1].is_same(found):
            found = last[1]
        self._last = key, found
        return found

    def _key(self, given: tuple) -> tuple | None:
        """What the sparsity follows from, where that is not data: types, shapes and integers."""
        argument_types = tuple(map(structure.typeof, given))
        try:
            fixed = tuple(map(_fixed, argument_types, given))
        except UnsupportedError:
            return None
        return (argument_types, fixed) if Compressed.is_oblivious(self.matrix, argument_types) else None

    def _require(self, holds: bool, found: Sparsity, seen: str) -> None:
        if not holds:
            raise SparsityError(f"{found} does not fit the Jacobian of {self.matrix.function.py_func.__name__} at these "
                                f"arguments, which has {seen}. Leave it to sparse=True to find the pattern at each call.")

    def _is_relaxed(self, given: tuple) -> bool:
        """Whether arithmetic may be reordered, so that a comparison may turn out differently in another sweep."""
        argument_types = tuple(map(structure.typeof, given))
        key = "relaxed", argument_types, self.matrix.positions
        primal_types = self.matrix.primal_types(argument_types)

        def find() -> bool:
            return bool(_RELAXED.search(primal(self.matrix.function, primal_types).text))

        return remembered(self.matrix.function, key, lambda: lookup.noted(self.matrix.function, primal_types,
                                                                          "whether its arithmetic is relaxed", find))

    def _check_again(self, given: tuple, found: Sparsity) -> None:
        """The test failed: by rounding, if the pattern holds; of code that rounds as it likes, nobody knows."""
        if self._is_relaxed(given):
            raise SparsityError(f"{found} does not give the Jacobian of {self.matrix.function.py_func.__name__}: with "
                                f"fastmath, sweeps may take different branches. Compile it without, or take the dense matrix.")
        self._require(found.covers(_detected(self.matrix, given)), found, "an entry that it has not")

    def _goes_forward(self, found: Sparsity) -> bool:
        if self.mode == "auto" and found.tangents > self.width:
            return found.tangents <= COLUMNS_PER_ROW * found.cotangents
        return self.mode != "reverse"

    def _forward(self, given: tuple, found: Sparsity, tested: bool) -> _Taken:
        sweep, probe = Compressed.sweep(self.matrix, "tangents", self.width), _probe(tested * found.pattern.shape[1])
        parts, auxiliary = sweep(given, found.column_colours, found.tangents, probe)
        heights = [part.shape[0] for part in parts]
        self._require(sum(heights) == found.pattern.shape[0], found, f"{sum(heights)} rows")
        table = np.concatenate(parts)
        entries = table[found.entry_rows, found.column_colours[found.pattern.indices]]
        whole = _like(found.pattern, entries)
        return _Taken(whole, whole, heights, table[:, found.tangents:], probe, auxiliary)

    def _reverse(self, given: tuple, found: Sparsity, tested: bool) -> _Taken:
        sweep, probe = Compressed.sweep(self.matrix, "cotangents"), _probe(tested * found.pattern.shape[0])
        (table, heights), auxiliary = sweep(given, found.row_colours, found.cotangents, probe)
        self._require(heights.sum() == found.pattern.shape[0], found, f"{heights.sum()} rows")
        entries = table[found.row_colours[found.entry_rows], found.pattern.indices]
        whole = _like(found.pattern, entries)
        return _Taken(whole, whole.T, heights, table[found.cotangents:].T, probe, auxiliary)

    def _result(self, given: tuple) -> types.Type:
        argument_types = tuple(map(structure.typeof, given))
        return self.matrix.differentiated(self.matrix.result(self.matrix.primal_types(argument_types)))

    def _precision(self, given: tuple) -> float:
        """That of the shortest numbers among arguments and results."""
        results = [as_dtype(number(ty)) for ty, _, _ in parts_with_offsets(self._result(given)) if is_differentiable(ty)]
        kinds = [*results, *(np.asarray(leaf).dtype for leaf in _leaves(self.matrix, given))]
        return max(float(np.finfo(kind).eps) for kind in kinds)

    def _arranged(self, taken: _Taken, given: tuple) -> Any:
        """The structure of the result, at each leaf that of the arguments, at each of whose leaves a matrix."""
        ends, edges = np.cumsum(taken.heights), np.cumsum([0, *map(np.size, _leaves(self.matrix, given))])
        rows = iter([taken.matrix[end - height:end] for end, height in zip(ends, taken.heights, strict=True)])

        def row(ty: types.Type) -> Any:
            whole, columns = next(rows).astype(as_dtype(number(ty))), pairwise(edges)
            parts = [_tree(structure.typeof(given[position]), lambda _: _columns(whole, *next(columns)))
                     for position in self.matrix.positions]
            return parts[0] if self.matrix.single else tuple(parts)

        return _tree(self._result(given), row)


@dataclass(frozen=True)
class _Taken:
    """A whole matrix with the rows of each leaf of the result; where there is a probe, its product with the ``factor``,
    which is the matrix or its transpose."""

    matrix: csr_array
    factor: Any
    heights: Sequence[int]
    product: np.ndarray
    probe: np.ndarray
    auxiliary: Any

    def agrees(self, precision: float) -> bool:
        """Whether the product is that of the matrix: an entry that is in the wrong place, or in none, would show."""
        expected, size = self.factor @ self.probe, abs(self.factor) @ self.probe
        return bool(np.all(np.abs(self.product[:, 0] - expected) <= _ROUNDING * precision * size))


def _probe(size: int) -> np.ndarray:
    """A vector to test a pattern with: no difference of its elements vanishes."""
    return np.random.default_rng(size).uniform(1.0, 2.0, size)


def _bound(matrix: Matrix, args: tuple, named: dict[str, Any]) -> tuple:
    matched = signature_of(matrix.function).bind(*args, **named)
    matched.apply_defaults()
    return tuple(matched.arguments.values())


def _detected(matrix: Matrix, given: tuple) -> Sparsity:
    sweep = Compressed.sweep(matrix, "dependencies", LANES)
    columns = sum(map(np.size, _leaves(matrix, given)))
    return detect(lambda groups: np.concatenate(sweep(given, groups)[0]), columns, LANES * BITS)


def _leaves(matrix: Matrix, given: tuple) -> Iterator[Any]:
    """The numbers and arrays of the selected arguments that have columns, in their order."""
    def walk(ty: types.Type, value: Any) -> Iterator[Any]:
        if isinstance(ty, types.BaseTuple):
            for item, part in zip(ty, value, strict=True):
                yield from walk(item, part)
        elif is_differentiable(ty):
            yield value

    for position in matrix.positions:
        yield from walk(structure.typeof(given[position]), given[position])


def _fixed(ty: types.Type, value: Any) -> Any:
    """What a program can see of an argument without looking at floats or into memory."""
    if isinstance(ty, types.BaseTuple):
        return tuple(map(_fixed, ty, value))
    if isinstance(ty, types.Array):
        return value.shape, value.strides
    if isinstance(ty, types.Integer | types.Boolean):
        return value
    if isinstance(ty, types.Float | types.Complex | types.NoneType | types.Dispatcher):
        return None
    raise UnsupportedError(f"an argument of type {ty} may be anything")


def _tree(ty: types.Type, leaf: Callable[[types.Type], Any]) -> Any:
    """``leaf`` at each leaf of a structure that has a derivative, None at the others."""
    if isinstance(ty, types.BaseTuple):
        return tuple(_tree(item, leaf) for item in ty)
    return leaf(ty) if is_differentiable(ty) else None


def _columns(whole: csr_array, begin: int, end: int) -> csr_array:
    return whole if end - begin == whole.shape[1] else whole[:, begin:end]


def _like(pattern: csr_array, entries: np.ndarray) -> csr_array:
    """A matrix with these entries, whose indices are its own."""
    return csr_array((entries, pattern.indices.copy(), pattern.indptr.copy()), shape=pattern.shape)
