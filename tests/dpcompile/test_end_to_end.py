"""Derivatives of real kernels through the public interface: structures, layouts, nesting, use in compiled code."""
import gc
import inspect
import weakref
from collections import namedtuple

import numba
import numpy as np
import pytest
import scipy.optimize
from numba import types

import dpcompile as dp

Pair = namedtuple("Pair", "scale values count")
VECTOR = np.array([0.5, -1.5, 2.0, 0.25])


@numba.njit
def square(x):
    return x * x


@numba.njit
def cube(x):
    return x * x * x


@numba.njit
def weighted(x):
    total = 0.0
    for index in np.ndindex(x.shape):
        total += x[index] * x[index] * (1 + index[0])
    return total


def weights(x):
    return np.arange(1, len(x) + 1).reshape((-1,) + (1,) * (x.ndim - 1))


@pytest.mark.parametrize("x", [
    VECTOR, VECTOR[::-1], VECTOR[::2], VECTOR.astype(np.float32), np.asfortranarray(VECTOR.reshape(2, 2)),
    np.broadcast_to(VECTOR, (3, 4)), np.arange(24.0).reshape(2, 3, 4)[:, ::2, ::-1], np.zeros((0, 2)),
], ids=["C", "reversed", "strided", "float32", "Fortran", "broadcast", "3d", "empty"])
def test_gradient_mirrors_the_argument(x):
    before = x.copy()
    gradient = dp.grad(weighted)(x)
    np.testing.assert_array_equal(gradient, 2 * x * weights(x))
    np.testing.assert_array_equal(x, before)
    assert gradient.dtype == x.dtype
    assert gradient.shape == x.shape
    assert gradient.flags.fnc == x.flags.fnc


def test_tuples_and_named_tuples():
    @numba.njit
    def f(pair, extra):
        return pair.scale * pair.values[0] * pair.count * extra[0] * extra[1][1]

    pair, extra = Pair(2.0, VECTOR, 3), (5.0, VECTOR)
    by_pair, by_extra = dp.grad(f, argnums=(0, 1))(pair, extra)
    assert isinstance(by_pair, Pair)
    assert by_pair.scale == 0.5 * 3 * 5.0 * -1.5
    np.testing.assert_array_equal(by_pair.values, [2.0 * 3 * 5.0 * -1.5, 0, 0, 0])
    assert by_pair.count is None
    assert by_extra[0] == 2.0 * 0.5 * 3 * -1.5
    np.testing.assert_array_equal(by_extra[1], [0, 2.0 * 0.5 * 3 * 5.0, 0, 0])


def test_argnums_in_any_order():
    f = numba.njit(lambda x, y, z: x * y * y * z)
    assert dp.grad(f, argnums=(2, 0))(2.0, 3.0, 5.0) == (18.0, 45.0)
    assert dp.grad(f, argnames=("y",))(2.0, 3.0, 5.0) == (60.0,)


def test_complex_argument():
    assert dp.grad(numba.njit(lambda z: (z * z * z).real))(1 + 2j) == np.conj(3 * (1 + 2j) ** 2)


def test_auxiliary_values():
    @numba.njit
    def f(x):
        y = x * x
        return np.sum(y), (y, x.size)

    (value, (y, size)), gradient = dp.value_and_grad(f, has_aux=True)(VECTOR)
    assert value == np.sum(VECTOR**2)
    assert size == 4
    np.testing.assert_array_equal(y, VECTOR**2)
    np.testing.assert_array_equal(gradient, 2 * VECTOR)
    gradient, (y, _) = dp.grad(f, has_aux=True)(VECTOR)
    np.testing.assert_array_equal(gradient, 2 * VECTOR)


def test_variadic_function():
    @numba.njit
    def f(x, *rest):
        return x * rest[0] * rest[1]

    assert dp.grad(f)(2.0, 3.0, 5.0) == 15.0


def test_function_as_argument():
    @numba.njit
    def apply(f, x):
        return f(x) * x

    assert dp.grad(apply, argnums=1)(square, 2.0) == 12.0


def test_pullback_is_independent_of_its_arguments():
    @numba.njit
    def f(x, scale, n):
        y = np.empty_like(x)
        for i in range(x.size):
            y[i] = scale * x[i] ** 2
        return y, scale * n

    x = VECTOR.copy()
    (y, scaled), pullback = dp.vjp(f, x, 3.0, 2)
    x[:] = 0
    np.testing.assert_array_equal(y, 3 * VECTOR**2)
    assert scaled == 6.0
    for factor in (1.0, 2.0, 1.0):
        by_x, by_scale, by_n = pullback((factor * np.ones(4), factor))
        np.testing.assert_array_equal(by_x, factor * 6 * VECTOR)
        assert by_scale == factor * (np.sum(VECTOR**2) + 2)
        assert by_n is None
    np.testing.assert_array_equal(pullback((None, 1.0))[0], np.zeros(4))
    with pytest.raises(dp.errors.SeedError):
        pullback((np.ones(3), 1.0))
    with pytest.raises(dp.errors.SeedError):
        pullback(1.0)


def test_result_that_is_an_argument():
    value, pullback = dp.vjp(numba.njit(lambda x: (x, x)), VECTOR)
    np.testing.assert_array_equal(value[0], VECTOR)
    np.testing.assert_array_equal(pullback((np.ones(4), VECTOR))[0], 1 + VECTOR)
    np.testing.assert_array_equal(pullback((np.ones(4), None))[0], np.ones(4))


def test_tangent_mirrors_the_result():
    f = numba.njit(lambda x, n: (x * x, n, x[0]))
    value, tangent = dp.jvp(f, (VECTOR, 3), (np.ones(4), None))
    np.testing.assert_array_equal(value[0], VECTOR**2)
    np.testing.assert_array_equal(tangent[0], 2 * VECTOR)
    assert tangent[1:] == (None, 1.0)


def test_jvp_leaves_primals_and_tangents():
    @numba.njit
    def f(x):
        for i in range(x.size):
            x[i] = x[i] ** 2
        return x[0]

    x, direction = VECTOR.copy(), np.ones(4)
    assert dp.jvp(f, (x,), (direction,)) == (0.25, 1.0)
    np.testing.assert_array_equal(x, VECTOR)
    np.testing.assert_array_equal(direction, np.ones(4))


@pytest.mark.parametrize("mode", [dp.Reverse, dp.Forward])
@pytest.mark.parametrize("view", [np.s_[:], np.s_[::-1], np.s_[::2]])
def test_kernel_that_writes_into_its_argument(mode, view):
    @numba.njit
    def f(x, y):
        for i in range(x.size):
            y[i] = y[i] * x[i]

    x, y = VECTOR[view].copy(), np.arange(1.0, 5.0)[view]
    dx, dy, old = np.ones_like(x), np.full(y.size, 2.0), y.copy()
    dp.autodiff(mode, f, dp.Duplicated(x, dx), dp.Duplicated(y, dy))
    np.testing.assert_array_equal(y, old * x)
    if mode is dp.Reverse:
        np.testing.assert_array_equal(dx, 1 + 2 * old)
        np.testing.assert_array_equal(dy, 2 * x)
    else:
        np.testing.assert_array_equal(dx, 1)
        np.testing.assert_array_equal(dy, 2 * x + old)


def test_active_data_through_a_constant_work_array():
    @numba.njit
    def f(x, work):
        work[0] = x * x
        return work[0] * x

    assert dp.grad(f)(2.0, np.zeros(1)) == 12.0
    work = np.zeros(1)
    assert dp.autodiff(dp.Reverse, f, dp.Active(2.0), dp.Const(work)) == (8.0, (12.0, None))
    assert work[0] == 4.0


def test_the_kernels_exception_arrives():
    @numba.njit
    def f(x, n):
        if n > 3:
            raise ValueError("too large", n)
        return x * n

    assert dp.grad(f)(2.0, 3) == 3.0
    with pytest.raises(ValueError, match="too large") as caught:
        dp.grad(f)(2.0, 5)
    assert caught.value.args == ("too large", 5)


def test_prints_once(capfd):
    @numba.njit
    def f(x):
        print("computing", x)
        return x * x

    assert dp.grad(f)(2.0) == 4.0
    assert capfd.readouterr().out == "computing 2.0\n"


def test_nested_gradients():
    third = dp.grad(dp.grad(dp.grad(numba.njit(lambda x: x * x * x * x))))
    assert third(2.0) == 48.0
    assert dp.jvp(dp.grad(cube), (2.0,), (1.0,)) == (12.0, 12.0)


def test_no_perturbation_confusion():
    inner = dp.grad(numba.njit(lambda y, x: x * y))
    assert dp.grad(numba.njit(lambda x: x * inner(1.0, x)))(3.0) == 6.0


def test_derivative_of_any_shape():
    @numba.njit
    def powers(x, n):
        y = np.empty(n)
        for i in range(n):
            y[i] = x**i
        return y

    np.testing.assert_array_equal(dp.derivative(powers)(2.0, 4), [0, 1, 4, 12])
    with pytest.raises(dp.errors.IntegerArgumentError):
        dp.derivative(powers)(2, 4)


def test_transforms_inside_compiled_code():
    @numba.njit
    def f(x, y):
        return x * y * y

    @numba.njit
    def everything(x, y):
        return dp.grad(f, 1)(x, y), dp.grad(f, (0, 1))(x, y), dp.derivative(f)(x, y), dp.jvp(f, (x, y), (1.0, 1.0))

    assert everything(2.0, 3.0) == (12.0, (9.0, 12.0), 9.0, (18.0, 21.0))


def test_jvp_of_arrays_inside_compiled_code():
    pushed = numba.njit(lambda x, v: dp.jvp(weighted, (x,), (v,)))
    value, tangent = pushed(VECTOR, np.ones(8)[::2])
    assert value == weighted(VECTOR)
    assert tangent == np.sum(2 * VECTOR * weights(VECTOR))
    with pytest.raises(dp.errors.ShadowShapeError):
        pushed(VECTOR, np.ones(3))


@pytest.mark.parametrize(("function", "args"), [
    (square, (2.0,)), (weighted, (VECTOR,)), (numba.njit(lambda x, t: (t[0] * x[1], x * t[1])), (VECTOR, (2.0, 3.0))),
    (numba.njit(lambda z: z * z), (1 + 2j,)),
])
def test_check_grads(function, args):
    dp.check_grads(function, args)


def test_explanation_names_arguments_and_tape():
    explanation = dp.explain(weighted, VECTOR)
    assert "x: array(float64, 1d, C)" in str(explanation)
    assert "define" in explanation.gradient_ir
    assert "<details>" in explanation._repr_html_()


RECORD = np.array([(2.0, 4, [1.0, 2.0, 3.0])], dtype=[("scale", float), ("count", int), ("values", float, 3)])


@numba.njit
def of_record(x, record):
    record.scale = record.scale * x
    return record.scale * record.count * record.values[1]


def test_record_argument():
    record = RECORD[0].copy()
    assert dp.grad(of_record)(5.0, record) == 2.0 * 4 * 2.0
    gradient = dp.grad(of_record, argnums=1)(5.0, record)
    assert gradient["scale"] == 5.0 * 4 * 2.0
    assert gradient["values"].tolist() == [0.0, 2.0 * 5.0 * 4, 0.0]
    assert gradient["count"] == 0
    assert record == RECORD[0]
    with pytest.raises(dp.errors.UnsupportedError, match="alone"):
        dp.grad(of_record, argnums=(0, 1))(5.0, record)
    with pytest.raises(dp.errors.UnsupportedError, match="array of one"):
        dp.autodiff(dp.Reverse, of_record, dp.Active(5.0), dp.Const(record))


def test_array_of_records():
    gradient = dp.grad(numba.njit(lambda r: r[0].scale * r[0].count * r[0].values[2]))(RECORD)
    assert gradient["scale"] == [12.0]
    assert gradient["values"].tolist() == [[0.0, 0.0, 8.0]]


def test_record_copied_as_a_whole():
    """Also where a gradient copies its argument, to be differentiated again."""
    @numba.njit
    def of_copies(r):
        work = np.zeros(2, r.dtype)
        work[0], work[1] = r[0], r[0]
        work[1].scale *= 2
        work[0] = work[1]
        return work[0].scale ** 3 * work[0].values[1]

    gradient = dp.grad(of_copies)(RECORD)
    assert gradient["scale"] == [3 * 8 * 4.0 * 2.0]
    assert gradient["values"].tolist() == [[0.0, 64.0, 0.0]]
    cubed = numba.njit(lambda record: record.scale ** 3)
    assert dp.grad(numba.njit(lambda record: dp.grad(cubed)(record).scale))(RECORD[0])["scale"] == 12.0


def test_constant_arguments_of_every_kind():
    @numba.njit
    def f(x, items, text, flag, nothing, names):
        if text == "twice" and flag and nothing is None:
            x = 2 * x
        for item in items:
            x = x * item
        return x * names["a"]

    names = numba.typed.Dict.empty(numba.types.unicode_type, numba.float64)
    names["a"] = 3.0
    for items in ([2.0, 5.0], (2.0, 5.0), numba.typed.List([2.0, 5.0])):
        assert dp.grad(f)(1.0, items, "twice", True, None, names) == 60.0


def test_jitclass_as_a_constant():
    @numba.experimental.jitclass([("scale", numba.float64)])
    class Model:
        def __init__(self, scale):
            self.scale = scale

        @property
        def double(self):
            return 2 * self.scale

        def value(self, x):
            return self.double * x * x

        def remember(self, x):
            self.scale = x

    assert dp.grad(numba.njit(lambda model, x: model.value(x)), argnums=1)(Model(3.0), 2.0) == 24.0
    assert dp.grad(numba.njit(lambda x: Model(x).value(x)))(2.0) == 24.0

    @numba.njit
    def through(model, x):
        model.remember(x)
        return model.value(x)

    model = Model(3.0)
    assert dp.grad(through, argnums=1)(model, 2.0) == 24.0
    assert model.scale == 3.0


def test_self_recursive_explicit_signature():
    @numba.njit("float64(float64, int64)")
    def power(x, n):
        if n == 0:
            return 1.0
        return x * power(x, n - 1)

    assert dp.grad(power)(2.0, 3) == 12.0


def test_result_of_another_kind():
    with pytest.raises(dp.errors.UnsupportedError, match="returns"):
        dp.vjp(lambda x: "text", 1.0)


def test_result_in_a_dictionary():
    value, pullback = dp.vjp(lambda x: {1: x * x}, 3.0)
    assert dict(value) == {1: 9.0}
    value[1] = 5.0
    assert pullback(value) == (30.0,)


def test_result_that_may_be_none():
    function = numba.njit(lambda x: x * x if x > 0 else None)
    value, pullback = dp.vjp(function, 3.0)
    assert (value, pullback(2.0)) == (9.0, (12.0,))
    assert dp.vjp(function, -3.0)[0] is None


def test_result_without_a_derivative():
    value, pullback = dp.vjp(lambda x: int(x), 2.5)
    assert (value, pullback(None)) == (2, (0.0,))
    assert dp.jvp(lambda x: None, (1.0,), (1.0,)) == (None, None)


@pytest.mark.parametrize("argument", [3, True, [1], np.ones(2, int), None, "text"])
def test_argument_without_a_derivative(argument):
    with pytest.raises(dp.errors.IntegerArgumentError):
        dp.grad(lambda x: 1.0)(argument)


def test_everything_dies_with_its_function():
    def use():
        f = numba.njit(lambda x: x * x)
        assert dp.grad(f)(2.0) == 4.0
        assert dp.jvp(f, (2.0,), (1.0,)) == (4.0, 4.0)
        _, pullback = dp.vjp(f, 2.0)
        assert pullback(1.0) == (4.0,)
        made = vars(f)["__dpcompile__"].values()
        # Types are Numba's, one for the process; of signatures and plain data Python has no weak references.
        return [weakref.ref(one) for one in made
                if not isinstance(one, (types.Type, inspect.Signature, tuple, list, bool))]

    made = use()
    for _ in range(3):      # what a finaliser releases is only found by the next collection
        gc.collect()
    assert len(made) > 5
    assert [one() for one in made] == [None] * len(made)


def test_function_outlives_its_name():
    def closed():
        derivative = dp.grad(numba.njit(lambda x: x * x))
        return numba.njit(lambda x: derivative(x) + 1.0)

    user = closed()
    assert user(2.0) == 5.0
    gc.collect()
    assert user(3.0) == 7.0


def test_pullback_outlives_its_function():
    pullback = dp.vjp(numba.njit(lambda x: x * x), VECTOR)[1]
    gc.collect()
    np.testing.assert_array_equal(pullback(np.ones(4))[0], 2 * VECTOR)


def test_callers_are_not_cached_on_disk():
    derivative = dp.grad(square)
    caller = numba.njit(cache=True)(lambda x: derivative(x))
    with pytest.warns(numba.NumbaWarning, match="Cannot cache"):
        assert caller(2.0) == 4.0


def test_second_derivatives_of_arrays():
    @numba.njit
    def rosenbrock(x):
        total = 0.0
        for i in range(x.size - 1):
            total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
        return total

    gradient, direction = dp.grad(rosenbrock), np.array([1.0, 2.0, -1.0, 0.5])
    expected = scipy.optimize.rosen_hess(VECTOR) @ direction
    np.testing.assert_allclose(gradient(VECTOR), scipy.optimize.rosen_der(VECTOR), rtol=1e-12)
    np.testing.assert_allclose(dp.jvp(gradient, (VECTOR,), (direction,))[1], expected, rtol=1e-12)
    np.testing.assert_allclose(dp.vjp(gradient, VECTOR)[1](direction)[0], expected, rtol=1e-12)
