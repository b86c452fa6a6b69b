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


def test_dictionary_elsewhere_is_refused():
    table = Dict()
    table["coupon"] = 3.0
    with pytest.raises(dp.errors.UnsupportedError, match="is given a dictionary"):
        dp.autodiff(dp.Reverse, discounted, dp.Active(0.9), dp.Const(table))


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
def pushed(particle, force):
    particle.push(force, 0.5)
    return particle


def test_vjp_of_objects():
    value, pullback = dp.vjp(pushed, Particle(2.0, 0.7), 1.3)
    assert (value.position, value.steps) == (0.7 + 0.325, 1)
    by_particle, by_force = pullback(Particle(0.0, 4.0))
    assert (by_particle.mass, by_particle.position, by_force) == pytest.approx((-4.0 * 1.3 * 0.5 / 4.0, 4.0, 1.0))
