"""Lists, dictionaries and objects as arguments: gradients in the same structure, arguments left as they were."""
import numba
import numpy as np
import pytest
from numba.typed import Dict, List

import dpcompile as dp
from tests.kernels.classes import Body, Pair, Particle


@numba.njit
def appended(x, values):
    for k in range(6):
        values.append(x * values[k])
    return values[3] * values[6] + values[0]


@pytest.mark.parametrize("make", (list, List), ids=("reflected", "typed"))
def test_list(make):
    """values[3] = x·v[0] and values[6] = x·values[3]: their product is x³·v[0]²."""
    values, x = make([1.5, 0.7, 1.1]), 1.3
    by_number, by_list = dp.grad(appended, argnums=(0, 1))(x, values)
    np.testing.assert_allclose(by_number, 3 * x**2 * 1.5**2, rtol=1e-14)
    assert type(by_list) is make and len(values) == 3
    np.testing.assert_allclose(list(by_list), (2 * x**3 * 1.5 + 1, 0.0, 0.0), rtol=1e-14)


@numba.njit
def particle_energy(x, particle):
    particle.push(x * particle.mass, 0.5)
    return particle.energy * x


def test_jitclass():
    particle = Particle(2.0, 0.7)
    gradient = dp.grad(particle_energy, argnums=1)(1.3, particle)
    moved = 0.7 + 0.5 * 1.3
    assert isinstance(gradient, type(particle)) and gradient.steps == 0
    np.testing.assert_allclose((gradient.mass, gradient.position), (0.5 * moved**2 * 1.3, 2.0 * moved * 1.3), rtol=1e-14)
    assert (particle.position, particle.steps) == (0.7, 0)


@numba.njit
def pair_energy(pair):
    pair.step(0.1)
    return pair.first.energy


def test_nested_jitclass():
    gradient = dp.grad(pair_energy)(Pair(Particle(2.0, 0.7), Particle(1.0, 1.5), 3.0))
    position = 0.7 + 3.0 * 0.8 / 2.0 * 0.1
    np.testing.assert_allclose(gradient.k, 2.0 * position * 0.04, rtol=1e-13)
    np.testing.assert_allclose(gradient.second.position, 2.0 * position * 0.15, rtol=1e-13)


@numba.njit
def fields_of(body):
    return body.mass, body.position


@numba.njit
def body_energy(body, x):
    body.position = body.position * body.mass
    return (body.position * x).sum()


def test_structref():
    """With an array as a field."""
    x, position = np.array([0.5, 2.0]), np.array([1.5, 0.7])
    value, gradient = dp.value_and_grad(body_energy)(Body(1.3, position), x)
    assert value == pytest.approx(1.3 * position @ x)
    by_mass, by_position = fields_of(gradient)
    assert by_mass == pytest.approx(position @ x)
    np.testing.assert_allclose(by_position, 1.3 * x, rtol=1e-14)


@numba.njit
def discounted(rate, table):
    total = 0.0
    for name, value in table.items():
        total += rate * value if name == "coupon" else rate**2 * value
    table["coupon"] = 0.0
    return total


def test_dictionary():
    table = Dict()
    table["coupon"], table["face"] = 3.0, 100.0
    by_rate, by_value = dp.grad(discounted, argnums=(0, 1))(0.9, table)
    assert by_rate == pytest.approx(3.0 + 2 * 0.9 * 100.0)
    assert dict(by_value) == pytest.approx({"coupon": 0.9, "face": 0.81})
    assert table["coupon"] == 3.0


def test_dictionary_in_place():
    """The kernel sets the coupon to zero, here and in the table of the caller."""
    table, shadow = Dict(), Dict()
    table["coupon"], table["face"] = 3.0, 100.0
    shadow["face"], shadow["coupon"] = 10.0, 20.0
    value, cotangents = dp.autodiff(dp.Reverse, discounted, dp.Active(0.9), dp.Duplicated(table, shadow))
    assert value == pytest.approx(2.7 + 81.0) and cotangents == (pytest.approx(183.0), None)
    assert dict(table) == {"coupon": 0.0, "face": 100.0}
    assert dict(shadow) == pytest.approx({"coupon": 0.9, "face": 10.81})


def test_list_that_grows_in_place():
    """values[3] = x·v[0] and values[6] = x·values[3], and a seed for each number that the kernel leaves."""
    values, x = List([1.5, 0.7, 1.1]), 1.3
    shadow = List([0.0] * 8 + [1.0])
    _, (by_x, _) = dp.autodiff(dp.Reverse, appended, dp.Active(x), dp.Duplicated(values, shadow))
    assert len(values) == 9 and by_x == pytest.approx(3 * x**2 * 1.5**2 + 2 * x * 1.1)
    assert list(shadow) == pytest.approx([2 * x**3 * 1.5 + 1, 0.0, x**2])
    values, shadow = List([1.5, 0.7, 1.1]), List([1.0, 0.0, 0.0])
    dp.autodiff(dp.Forward, appended, dp.Duplicated(x, 0.0), dp.Duplicated(values, shadow))
    assert list(shadow) == pytest.approx([1, 0, 0, x, 0, 0, x**2, 0, 0])
    with pytest.raises(dp.errors.SeedError, match="must hold 9 numbers"):
        dp.autodiff(dp.Reverse, appended, dp.Active(x), dp.Duplicated(List([1.5, 0.7, 1.1]), List([0.0] * 3)))


def test_object_in_place():
    """The array of an object is the caller's own."""
    position = np.array([1.5, 0.7])
    body, shadow = Body(1.3, position), Body(0.0, np.array([1.0, 0.0]))
    dp.autodiff(dp.Reverse, scaled, dp.Duplicated(body, shadow))
    np.testing.assert_allclose(position, (1.95, 0.7), rtol=1e-15)
    by_mass, by_position = fields_of(shadow)
    assert by_mass == 1.5
    np.testing.assert_allclose(by_position, (1.3, 0.0), rtol=1e-15)


@numba.njit
def scaled(body):
    body.position[0] *= body.mass


@numba.njit
def products(x, values):
    return x * values[0] * values[1]


@pytest.mark.parametrize("transform", (dp.jacobian, dp.jacfwd, dp.jacrev))
def test_jacobian_by_a_list(transform):
    """A matrix for each number of the list."""
    x, values = np.array([1.0, 2.0]), List([1.5, 0.7])
    by_x, by_values = transform(products, argnums=(0, 1))(x, values)
    np.testing.assert_allclose(by_x, 1.05 * np.eye(2), rtol=1e-15)
    np.testing.assert_allclose(list(by_values), (0.7 * x, 1.5 * x), rtol=1e-15)


def test_jacobian_by_arrays_in_a_list_and_by_a_dictionary():
    x, table = np.array([1.0, 2.0]), Dict()
    table["a"], table["b"] = 2.0, 3.0
    first, second = dp.jacobian(products, argnums=1)(x, List([np.array([3.0, 4.0]), np.array([5.0])]))
    np.testing.assert_array_equal(first, np.diag(5.0 * x))
    np.testing.assert_array_equal(second, (x * np.array([3.0, 4.0])).reshape(2, 1))
    by_table = dp.jacobian(numba.njit(lambda x, t: x * t["a"] * t["b"]), argnums=1)(x, table)
    assert list(by_table) == ["a", "b"]
    np.testing.assert_array_equal(by_table["b"], 2.0 * x)


def test_jacobians_of_objects_are_refused():
    with pytest.raises(dp.errors.UnsupportedError, match="fields cannot hold matrices"):
        dp.jacobian(numba.njit(lambda x, p: x * p.energy), argnums=1)(np.ones(2), Particle(1.0, 2.0))
    with pytest.raises(dp.errors.UnsupportedError, match="the rows of a Jacobian belong"):
        dp.jacobian(powers)(1.3, List([0.7]))


def test_hvp_of_a_list():
    """Of f = x·v[0]·(x·v[0])·v[1]: fₓ = 2·x·a²·b, f_a = 2·x²·a·b, f_b = x²·a²."""
    square = numba.njit(lambda x, v: (x * v[0]) ** 2 * v[1])
    x, a, b = 1.3, 0.5, 2.0
    by_x, by_values = dp.hvp(square, (x, List([a, b])), (1.0, None), argnums=(0, 1))
    assert by_x == pytest.approx(2 * a**2 * b)
    assert list(by_values) == pytest.approx([4 * x * a * b, 2 * x * a**2])


def test_auxiliary_container():
    """With ``has_aux`` in every operator that takes it."""
    both = numba.njit(lambda x, v: (x * x * v[0], [x, v[1]]))
    x, values = 1.3, List([0.5, 2.0])
    gradient, auxiliary = dp.grad(both, has_aux=True)(x, values)
    assert (gradient, auxiliary) == (pytest.approx(1.3), [1.3, 2.0])
    (value, auxiliary), by_values = dp.value_and_grad(both, argnums=1, has_aux=True)(x, values)
    assert (value, auxiliary, list(by_values)) == (pytest.approx(0.845), [1.3, 2.0], pytest.approx([1.69, 0.0]))
    assert dp.derivative(both, has_aux=True)(x, values) == (pytest.approx(1.3), [1.3, 2.0])
    assert dp.jvp(both, (x, values), (1.0, None), has_aux=True) == (pytest.approx(0.845), pytest.approx(1.3), [1.3, 2.0])
    value, pullback, auxiliary = dp.vjp(both, x, values, has_aux=True)
    assert auxiliary == [1.3, 2.0] and pullback(1.0)[0] == pytest.approx(1.3)
    assert dp.hvp(both, (x, values), (1.0, None), has_aux=True) == (1.0, [1.3, 2.0])


def test_jvp_in_compiled_code():
    caller = numba.njit(lambda x, v: dp.jvp(powers, (x, v), (1.0, None)))
    value, tangent = caller(1.3, List([0.7, 2.0]))
    assert (value, tangent) == (pytest.approx([1.3, 0.91, 1.82]), pytest.approx([1.0, 0.7, 1.4]))


def test_one_container_twice_is_refused():
    """Each copy would have a derivative of its own; what the kernel writes into one would not show in the other."""
    particle, values, x = Particle(2.0, 0.7), List([1.0]), np.ones(2)
    for function, arguments in (
            (pair_energy, (Pair(particle, particle, 3.0),)),
            (numba.njit(lambda one, other: one[0] * other[0]), (values, values)),
            (numba.njit(lambda v: v[0].sum() * v[1][0]), (List([x, x[:1]]),)),
            (numba.njit(lambda v, y: v[0].sum() * y[0]), (List([x]), x))):
        with pytest.raises(dp.errors.AliasedArgumentsError, match="pass copies"):
            dp.grad(function)(*arguments)
        with pytest.raises(dp.errors.AliasedArgumentsError, match="pass copies"):
            dp.jvp(function, arguments, arguments)
    with pytest.raises(dp.errors.ShadowMemoryError, match="shares memory"):
        dp.autodiff(dp.Reverse, appended, dp.Active(1.3), dp.Duplicated(values, values))


def test_tangent_of_another_shape_is_refused():
    table, other = Dict(), Dict()
    table["a"], other["b"] = 1.0, 1.0
    function = numba.njit(lambda x, t: x * t["a"])
    with pytest.raises(dp.errors.ShadowShapeError, match="other keys"):
        dp.jvp(function, (1.3, table), (1.0, other))
    with pytest.raises(dp.errors.ShadowShapeError, match="must hold 2 numbers"):
        dp.jvp(powers, (1.3, List([0.7, 2.0])), (1.0, [1.0]))
    with pytest.raises(dp.errors.ShadowShapeError, match="must be of type"):
        dp.autodiff(dp.Reverse, appended, dp.Active(1.3), dp.Duplicated(List([1.5, 0.7, 1.1]), None))
    with pytest.raises(dp.errors.ShadowShapeError, match="must be of type"):
        dp.jvp(pair_energy, (Pair(Particle(2.0, 0.7), Particle(1.0, 1.5), 3.0),), (Particle(2.0, 0.7),))


@numba.njit
def positive(x):
    return None if x < 0.0 else x * x


def test_result_that_may_be_none():
    value, pullback = dp.vjp(positive, 1.5)
    assert (value, pullback(2.0)) == (2.25, (6.0,))
    assert dp.jvp(positive, (1.5,), (2.0,)) == (2.25, 6.0)
    assert dp.derivative(positive)(1.5) == 3.0
    assert dp.autodiff(dp.Reverse, positive, dp.Active(1.5), seed=2.0) == (2.25, (6.0,))
    value, pullback = dp.vjp(positive, -1.5)
    assert value is None and pullback(None) == (0.0,) and dp.jvp(positive, (-1.5,), (2.0,)) == (None, None)
    with pytest.raises(dp.errors.SeedError, match="must be None"):
        pullback(1.0)
    with pytest.raises(dp.errors.NonFloatResultError, match="returns OptionalType"):
        dp.grad(positive)(1.5)


@numba.njit
def powers(x, values):
    made = [x]
    for value in values:
        made.append(made[-1] * value)
    return made


def test_vjp_of_lists():
    """powers(x, [a, b]) = [x, x·a, x·a·b]."""
    value, pullback = dp.vjp(powers, 1.3, [0.7, 2.0])
    by_x, by_values = pullback([1.0, 10.0, 100.0])
    assert value == pytest.approx([1.3, 0.91, 1.82])
    assert by_x == pytest.approx(1.0 + 7.0 + 140.0)
    assert by_values == pytest.approx([13.0 + 260.0, 91.0]) and isinstance(by_values, list)


@numba.njit
def columns_of(x):
    columns = np.asfortranarray(x * x)
    return List([columns[:, 0], columns[:, 1]])


def test_vjp_of_a_list_of_columns_in_fortran_order():
    """Only Numba types arrays of one axis so: Python could not even build the cotangent."""
    x, cotangent = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, 1.0], [1.5, 2.0]])
    value, pullback = dp.vjp(columns_of, x)
    np.testing.assert_array_equal(value, (x * x).T)
    np.testing.assert_allclose(pullback(columns_of(np.sqrt(cotangent)))[0], 2 * x * cotangent, rtol=1e-14)


@numba.njit
def pushed(particle, force):
    particle.push(force, 0.5)
    return particle


def test_vjp_of_objects():
    value, pullback = dp.vjp(pushed, Particle(2.0, 0.7), 1.3)
    assert (value.position, value.steps) == (0.7 + 0.325, 1)
    by_particle, by_force = pullback(Particle(0.0, 4.0))
    assert (by_particle.mass, by_particle.position, by_force) == pytest.approx((-4.0 * 1.3 * 0.5 / 4.0, 4.0, 1.0))
