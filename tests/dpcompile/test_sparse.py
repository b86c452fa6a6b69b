"""Sparse Jacobians and Hessians: the pattern against the dense matrix, colours, values, and patterns that change."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
import pytest
import scipy.sparse
from numba.core.runtime import _nrt_python, rtsys

import dpcompile as dp
from dpcompile.operators import sparse
from dpcompile.operators.sparsity import detect


@numba.njit
def tridiagonal(x):
    found = np.empty_like(x)
    for i in range(x.size):
        found[i] = math.sin(x[i]) * 2.0
        if i > 0:
            found[i] += x[i - 1] * x[i]
        if i < x.size - 1:
            found[i] -= x[i + 1] ** 2
    return found


@numba.njit
def five_points(u):
    """A stencil on a grid; its borders stay."""
    found = u.copy()
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            found[i, j] = u[i, j] ** 2 + u[i - 1, j] * u[i + 1, j] - np.exp(u[i, j - 1]) + u[i, j + 1]
    return found


@numba.njit
def swapping(x, steps):
    """Each step reaches one element further, in buffers that change places."""
    old, new = x.copy(), np.empty_like(x)
    for _ in range(steps):
        for i in range(x.size):
            new[i] = old[i] * old[(i + 1) % x.size]
        old, new = new, old
    return old


@numba.njit
def scattered(x, places):
    found = np.zeros(x.size)
    for k in range(places.size):
        found[places[k]] += x[k] * x[places[k]]
    return found


@numba.njit
def branching(x):
    """The element itself, or the product with two others."""
    found = np.empty_like(x)
    for i in range(x.size):
        if x[i] > 0.5:
            found[i] = x[i] ** 2
        else:
            found[i] = x[i]
            for k in (3, 5):
                found[i] *= x[(i + k) % x.size]
    return found


@numba.njit
def in_place(x, weights):
    for i in range(1, x.size):
        x[i] += weights[i] * x[i - 1] ** 2
    return x[::2] * 2.0


@numba.njit
def mixed(x, y):
    """Through single and double precision and back."""
    found = np.empty(x.size, np.float32)
    for i in range(x.size):
        found[i] = np.float32(x[i] * y[i]) * np.float32(0.5) + y[(i + 1) % y.size]
    return found


@numba.njit
def chained(x, k):
    return x[k] * x[0] if k == 0 else chained(x, k - 1) * x[k]


@numba.njit
def recursive(x):
    found = np.empty(x.size)
    for i in range(x.size):
        found[i] = chained(x, min(i, 3))
    return found


@numba.njit
def of_numbers(a, b, c):
    return np.array([a * b, b * b, c])


@numba.njit
def several(pair, scale):
    first, second = pair
    return first * scale, (second * second, 3, first[:2] * second[0])


@numba.njit
def chosen(x):
    """Functions that hand on one of their operands: both count."""
    found = np.empty(x.size - 1)
    for i in range(x.size - 1):
        found[i] = max(x[i], x[i + 1]) + abs(x[i]) + (x[i] if x[i] > x[i + 1] else x[i + 1])
    return found


@dataclass(frozen=True)
class Case:
    function: object
    arguments: tuple
    selection: int | tuple = 0
    #: Whether the pattern has nothing that is zero.
    exact: bool = True
    tolerance: float = 1e-12

    def __str__(self) -> str:
        return self.function.py_func.__name__


POINT = np.linspace(0.1, 1.2, 12)
PLACES = np.array([3, 3, 1, 0, 7, 8, 2, 2, 5, 11, 10, 9])
CASES = [
    Case(tridiagonal, (POINT,)),
    Case(five_points, (np.asfortranarray(np.linspace(0.1, 1.0, 20).reshape(4, 5)),)),
    Case(swapping, (POINT, 3)),
    Case(scattered, (POINT, PLACES)),
    Case(branching, (POINT[::-1],)),
    Case(in_place, (POINT, POINT + 1.0), (1, 0)),
    Case(mixed, (POINT.astype(np.float32), POINT), (0, 1), tolerance=1e-6),
    Case(recursive, (POINT,)),
    Case(of_numbers, (2.0, 3.0, 1.0), (0, 1)),
    Case(several, ((POINT, POINT[:3] + 1.0), 2.0), (0, 1)),
    Case(chosen, (np.array([0.3, 0.9, -0.4, 0.8, 0.1]),), exact=False),
]


def pairs(sparse_one, dense_one):
    """The matrices of both structures, one beside the other."""
    if isinstance(sparse_one, tuple):
        for mine, its in zip(sparse_one, dense_one, strict=True):
            yield from pairs(mine, its)
    elif sparse_one is None:
        assert dense_one is None
    else:
        yield sparse_one, np.reshape(dense_one, sparse_one.shape)


def stored(matrix) -> np.ndarray:
    """Where a sparse matrix has entries, zeros included."""
    return scipy.sparse.csr_array((np.ones(matrix.nnz, bool), matrix.indices, matrix.indptr), matrix.shape).toarray()


def check(case: Case, mode: str = "auto") -> None:
    given = tuple(np.copy(a, order="K") if isinstance(a, np.ndarray) else a for a in case.arguments)
    dense = dp.jacfwd(case.function, case.selection)(*given)
    jacobian = dp.jacobian(case.function, case.selection, mode=mode, sparse=True)
    for _ in range(2):
        found = list(pairs(jacobian(*given), dense))
        assert found
        for matrix, expected in found:
            assert isinstance(matrix, scipy.sparse.csr_array)
            assert np.all(stored(matrix) == (expected != 0) if case.exact else stored(matrix) >= (expected != 0))
            np.testing.assert_allclose(matrix.toarray(), expected, rtol=case.tolerance, atol=case.tolerance)
    assert all(np.array_equal(a, b) for a, b in zip(given, case.arguments, strict=True) if isinstance(a, np.ndarray))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_as_dense(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", [CASES[1], CASES[5], CASES[9]], ids=str)
def test_as_dense_in_reverse(case: Case) -> None:
    check(case, "reverse")


# the pattern ------------------------------------------------------------------------------------------------------------

def test_pattern_follows_the_branch_that_is_taken() -> None:
    """Where another branch is taken at the next call, other columns share a row."""
    jacobian, dense = dp.jacobian(branching, sparse=True), dp.jacfwd(branching)
    entries = []
    for point in (POINT, POINT + 1.0, POINT - 1.0, POINT[::-1].copy()):
        matrix = jacobian(point)
        entries.append(matrix.nnz)
        np.testing.assert_allclose(matrix.toarray(), dense(point), rtol=1e-12)
    assert len(set(entries)) > 2


@pytest.mark.parametrize(("function", "calls", "detections"), [
    (tridiagonal, [(POINT,), (-POINT,), (POINT[::2].copy(),), (np.ones(6),)], 2),
    (swapping, [(POINT, 1), (POINT + 1.0, 1), (POINT, 2), (POINT + 1.0, 2)], 2),
    (scattered, [(POINT, PLACES), (POINT, PLACES[::-1].copy()), (POINT, np.zeros(12, int))], 3),
    (branching, [(POINT,), (POINT + 1.0,), (POINT,)], 3),
], ids=["stencil", "steps", "places", "branches"])
def test_pattern_is_kept_only_where_data_have_no_say(function, calls, detections, monkeypatch) -> None:
    found = []
    original = sparse._detected
    monkeypatch.setattr(sparse, "_detected", lambda *given: found.append(given) or original(*given))
    jacobian = dp.jacfwd(function, sparse=True, chunk=15)
    for given in calls:
        np.testing.assert_allclose(jacobian(*given).toarray(), dp.jacfwd(function)(*given), rtol=1e-12, atol=1e-12)
    assert len(found) == detections


def test_pattern_is_found_again_where_arguments_hide_something() -> None:
    """A text is memory that a program may look into."""
    named = numba.njit(lambda x, name: x[1:] * x[:-1] if len(name) > 1 else x[1:] ** 2)
    jacobian = dp.jacobian(named, sparse=True)
    assert [jacobian(POINT, name).nnz for name in ("ab", "a", "ab")] == [22, 11, 22]


def test_colours_and_sweeps() -> None:
    """A band has as many colours as its width, whatever its size, and is found in a few sweeps."""
    for size, sweeps in ((1, 1), (12, 1), (512, 1), (513, 2), (40_000, 2)):
        found = dp.sparsity(tridiagonal, np.full(size, 0.5))
        assert found.pattern.shape == (size, size) and found.pattern.nnz == 3 * size - 2
        assert found.tangents == found.cotangents == min(size, 3) and found.sweeps == sweeps
    assert repr(dp.sparsity(tridiagonal, POINT)) == "<Sparsity of 12 × 12: 34 entries, 3 tangents>"


def bits_of(matrix: np.ndarray, groups: np.ndarray, lanes: int) -> np.ndarray:
    """What a sweep finds of a matrix."""
    found = np.zeros((len(matrix), lanes), np.uint32)
    for column, group in enumerate(groups):
        if group >= 0:
            found[matrix[:, column], group // 32] |= np.uint32(1 << group % 32)
    return found


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("columns", [0, 1, 31, 64, 65, 300])
def test_detection_divides_until_columns_are_left(columns: int, lanes: int) -> None:
    generator = np.random.default_rng(columns)
    band = np.abs(np.subtract.outer(np.arange(columns), np.arange(columns))) <= 2
    arrow = (np.arange(columns) == 0) | (np.arange(columns)[:, None] == 0) | np.eye(columns, dtype=bool)
    scattered = [generator.random((7 + columns // 2, columns)) < share for share in (0.0, 0.02, 0.5, 1.0)]
    for matrix in (band, arrow, *scattered, np.zeros((0, columns), bool)):
        found = detect(lambda groups, matrix=matrix: bits_of(matrix, groups, lanes), columns, 32 * lanes)
        assert np.array_equal(found.pattern.toarray(), matrix)
        for rows, colours in ((matrix, found.column_colours), (matrix.T, found.row_colours)):
            assert all(rows[:, colours == colour].sum(axis=1).max(initial=0) <= 1 for colour in np.unique(colours))


def test_sweeps_that_differ_are_refused() -> None:
    """A row that depended on nothing depends on something when it is looked at more closely."""
    matrices = iter([np.repeat([[True], [False]], 64, axis=1), np.ones((2, 64), bool)])
    with pytest.raises(dp.errors.SparsityError, match="the function depends on something else"):
        detect(lambda groups: bits_of(next(matrices), groups, 1), 64, 32)


def test_nothing_to_depend_on() -> None:
    assert dp.jacobian(tridiagonal, sparse=True)(np.empty(0)).shape == (0, 0)
    constant = dp.jacobian(numba.njit(lambda x: np.ones(3)), sparse=True)(POINT)
    assert constant.shape == (3, 12) and constant.nnz == 0


# a pattern that the user holds ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_held_sparsity_is_tested(mode: str) -> None:
    """It serves wherever it covers the matrix, which may have fewer entries, and is refused elsewhere."""
    jacobian = dp.jacobian(branching, mode=mode, sparse=dp.sparsity(branching, POINT))
    dense = dp.jacfwd(branching)
    for point in (POINT, POINT + 0.001, POINT + 1.0):
        np.testing.assert_allclose(jacobian(point).toarray(), dense(point), rtol=1e-12)
    with pytest.raises(dp.errors.SparsityError, match="branching at these arguments, which has an entry"):
        jacobian(POINT[::-1].copy())
    with pytest.raises(dp.errors.SparsityError, match="which has 5 columns"):
        jacobian(POINT[:5].copy())


def test_held_sparsity_of_other_rows() -> None:
    held = dp.sparsity(tridiagonal, POINT)
    for mode in ("forward", "reverse"):
        with pytest.raises(dp.errors.SparsityError, match="which has 6 rows"):
            dp.jacobian(in_place, mode=mode, sparse=held)(POINT.copy(), POINT)


def test_rounding_is_no_reason_to_refuse(monkeypatch) -> None:
    monkeypatch.setattr(sparse, "_ROUNDING", -1)
    jacobian = dp.jacobian(tridiagonal, sparse=dp.sparsity(tridiagonal, POINT))
    np.testing.assert_allclose(jacobian(POINT).toarray(), dp.jacfwd(tridiagonal)(POINT), rtol=1e-12)


def test_relaxed_arithmetic_is_tested(monkeypatch) -> None:
    """With fastmath, two programs may round a comparison differently."""
    relaxed = numba.njit(fastmath=True)(branching.py_func)
    jacobian = dp.jacobian(relaxed, sparse=True)
    np.testing.assert_allclose(jacobian(POINT).toarray(), dp.jacfwd(branching)(POINT), rtol=1e-12)
    monkeypatch.setattr(sparse, "_ROUNDING", -1)
    with pytest.raises(dp.errors.SparsityError, match="with fastmath, sweeps may take different branches"):
        jacobian(POINT)


# modes ------------------------------------------------------------------------------------------------------------------

@numba.njit
def with_total(x):
    """One full row, and a diagonal."""
    found = np.zeros(x.size + 1)
    for i in range(x.size):
        found[i] = x[i] ** 2
        found[x.size] += x[i] ** 3
    return found


def test_fewer_sweeps_decide(monkeypatch) -> None:
    found = dp.sparsity(with_total, np.ones(60))
    assert (found.tangents, found.cotangents) == (60, 2)
    taken = []
    original = sparse.Compressed.sweep
    monkeypatch.setattr(sparse.Compressed, "sweep", lambda *given: taken.append(given[1]) or original(*given))
    x = np.linspace(0.1, 1.0, 60)
    np.testing.assert_allclose(dp.jacobian(with_total, sparse=True)(x).toarray(), np.vstack([np.diag(2 * x), 3 * x ** 2]))
    dp.jacfwd(with_total, sparse=True)(x)
    dp.jacrev(with_total, sparse=True)(x)
    assert [kind for kind in taken if kind != "dependencies"] == ["cotangents", "tangents", "cotangents"]


def test_auxiliary_results_and_names() -> None:
    with_size = numba.njit(lambda x, power=2: (x ** power, x.size))
    matrix, size = dp.jacobian(with_size, argnames="x", has_aux=True, sparse=True)(x=POINT, power=3)
    np.testing.assert_allclose(matrix.toarray(), np.diag(3 * POINT ** 2))
    assert size == 12


def test_matrices_are_the_callers_own() -> None:
    jacobian = dp.jacobian(tridiagonal, sparse=True)
    first = jacobian(POINT)
    expected = first.toarray()
    first.data[...] = 0.0
    first.eliminate_zeros()
    np.testing.assert_array_equal(jacobian(POINT).toarray(), expected)


# Hessians ---------------------------------------------------------------------------------------------------------------

@numba.njit
def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


@numba.njit
def energy(positions, stiffness):
    """Springs along a chain of points in the plane."""
    total = 0.0
    for i in range(positions.shape[0] - 1):
        distance = np.hypot(positions[i + 1, 0] - positions[i, 0], positions[i + 1, 1] - positions[i, 1])
        total += stiffness[i] * (distance - 1.0) ** 2
    return total


def test_hessian_of_rosenbrock() -> None:
    x = POINT
    main = np.append(1200 * x[:-1] ** 2 - 400 * x[1:] + 2, 0) + np.append(0, np.full(11, 200.0))
    expected = np.diag(main) + np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    found = dp.hessian(rosenbrock, sparse=True)(x)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-12, atol=1e-12)
    assert found.nnz == 34 and dp.sparsity(dp.grad(rosenbrock), x).tangents == 3


def test_hessian_of_a_chain() -> None:
    points, stiffness = np.random.default_rng(3).normal(size=(9, 2)), np.linspace(1.0, 2.0, 8)
    found = dp.hessian(energy, sparse=True)(points, stiffness)
    np.testing.assert_allclose(found.toarray(), dp.hessian(energy)(points, stiffness).reshape(18, 18), rtol=1e-12, atol=1e-12)
    assert found.nnz == 4 * (3 * 9 - 2) and dp.sparsity(dp.grad(energy), points, stiffness).tangents == 6


# rules, errors, memory --------------------------------------------------------------------------------------------------

@dp.custom_jvp
def doubled(x):
    return x + x


@doubled.defjvp
def _doubled_jvp(primals, tangents):
    return doubled(primals[0]), 2.0 * tangents[0]


@dp.custom_vjp
def squared(x):
    return x * x


squared.defvjp(lambda x: (x * x, x), lambda x, cotangent: (2.0 * x * cotangent,))


def test_rules_of_tangents_are_followed() -> None:
    matrix = dp.jacobian(numba.njit(lambda x: doubled(x)[1:] * x[0]), sparse=True)(POINT)
    expected = 2.0 * POINT[0] * np.eye(12)[1:]
    expected[:, 0] = 2.0 * POINT[1:]
    np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-12)
    assert matrix.nnz == 22


def test_rules_for_reverse_mode_only_are_refused() -> None:
    with pytest.raises(dp.errors.UnsupportedError, match="cannot differentiate squared in forward mode"):
        dp.jacrev(numba.njit(lambda x: squared(x)), sparse=True)(POINT)
    matrix = dp.hessian(numba.njit(lambda x: squared(x).sum()), sparse=True)(POINT)
    np.testing.assert_allclose(matrix.toarray(), 2.0 * np.eye(12), rtol=1e-12)


@numba.njit
def noisy(x):
    return x * np.random.random()


@numba.njit
def given_noise(x, generator):
    return x * generator.random()


def test_refused() -> None:
    with pytest.raises(dp.errors.ModeError, match="sparse is True, False or what"):
        dp.jacobian(tridiagonal, sparse=scipy.sparse.csr_array((12, 12)))
    for arguments, function in (((POINT,), noisy), ((POINT, np.random.default_rng(0)), given_noise)):
        with pytest.raises(dp.errors.UnsupportedError, match="random numbers: each sweep would draw its own"):
            dp.jacobian(function, sparse=True)(*arguments)
    with pytest.raises(dp.errors.UnsupportedError, match="returns complex numbers"):
        dp.jacobian(numba.njit(lambda x: x * 1j), sparse=True)(POINT)
    with pytest.raises(dp.errors.IntegerArgumentError):
        dp.jacobian(scattered, 1, sparse=True)(POINT, PLACES)
    with pytest.raises(dp.errors.UnsupportedError, match="cannot be made in compiled code"):
        numba.njit(lambda x: dp.jacobian(tridiagonal, sparse=True)(x))(POINT)
    with pytest.raises(dp.errors.UnsupportedError, match="in compiled code"):
        numba.njit(lambda x: dp.sparsity(tridiagonal, x))(POINT)


@numba.njit
def guarded(x):
    work = x * 2.0
    if x[0] < 0:
        raise ValueError("negative")
    return work[1:] * x[:-1]


def test_exceptions_arrive_and_nothing_leaks() -> None:
    _nrt_python.memsys_enable_stats()
    jacobian = dp.jacobian(guarded, sparse=True)
    jacobian(POINT)
    dp.jacrev(guarded, sparse=True)(POINT)
    before = rtsys.get_allocation_stats()
    with pytest.raises(ValueError, match="negative"):
        jacobian(-POINT)
    jacobian(POINT)
    dp.jacrev(guarded, sparse=True)(POINT)
    after = rtsys.get_allocation_stats()
    assert after.alloc - before.alloc == after.free - before.free
