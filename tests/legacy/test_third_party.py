"""Kernels of other people's packages, called as they are; each test is skipped where its package is not installed.

``pip install -e .[test,legacy]`` brings the packages. They were written without a thought of derivatives: what they show
are constructs that nobody would put into a kernel made for a test. Every gradient is held against differences.
"""
import numba
import numpy as np
import pytest

import dpcompile as dp

WAVES = np.sin(np.arange(12.0)), np.cos(0.8 * np.arange(14.0))


def uniform(*shape, seed=0, low=0.5, high=1.5):
    return np.random.default_rng(seed).uniform(low, high, shape)


def check(function, *args, **tolerances):
    """Both modes against differences, and a gradient that comes out the same twice."""
    dp.check_grads(function, args, **tolerances)
    gradient = dp.grad(function, argnums=next(i for i, a in enumerate(args) if is_float(a)))
    np.testing.assert_array_equal(gradient(*args), gradient(*args))


def is_float(value):
    return isinstance(value, (float, complex)) or getattr(getattr(value, "dtype", None), "kind", "") in ("f", "c")


def test_recursion_that_fills_its_argument():
    recursions = pytest.importorskip("arch.univariate.recursions_python")
    recursion = recursions.garch_recursion

    @numba.njit
    def likelihood(parameters, returns):
        variance, bounds = np.empty(returns.size), np.empty((returns.size, 2))
        bounds[:, 0], bounds[:, 1] = 1e-5, 1e5
        recursion(parameters, returns ** 2, np.sign(returns), variance, 1, 0, 2, returns.size, 0.8, bounds)
        return np.sum(np.log(variance) + returns ** 2 / variance)

    check(likelihood, np.array([0.1, 0.15, 0.4, 0.3]), WAVES[0] + 0.05)


def test_defaults_that_are_none():
    distance = pytest.importorskip("aeon.distances.elastic").soft_dtw_distance

    @numba.njit
    def warped(x, y, gamma):
        return distance(x, y, gamma) * x[0]

    check(warped, *WAVES, 0.6)


def test_elliptic_shells_of_logarithms_and_angles():
    prism = pytest.importorskip("choclo.prism")
    pull = prism.gravity_u

    @numba.njit
    def attraction(where, box, density):
        return pull(where[0], where[1], where[2], box[0], box[1], box[2], box[3], box[4], box[5], density) * 1e9

    check(attraction, np.array([0.3, -1.2, 5.1]), np.array([-2.0, 1.0, -1.5, 2.5, -3.0, -0.5]), 2.7)


def test_tree_in_one_array_behind_an_explicit_signature():
    tree = pytest.importorskip("financepy.models.equity_crr_tree").crr_tree_val

    @numba.njit
    def price(spot, rate, dividend, volatility, years, strike):
        found = tree(spot, rate, dividend, volatility, 30, years, 4, strike, 1)
        return found[0] + found[1]

    check(price, 51.3, 0.04, 0.01, 0.3, 1.37, 50.2, step=1e-5)     # 41 steps, and not at the edge of 42


def test_newton_iteration_of_an_orbit():
    propagation = pytest.importorskip("hapsira.core.propagation")
    propagate = propagation.vallado

    @numba.njit
    def arrival(position, velocity, duration):
        f, g, fdot, gdot = propagate(1.0, position, velocity, duration, 40)
        return np.sum(f * position + g * velocity) + fdot * gdot

    check(arrival, np.array([1.1, 0.2, -0.1]), np.array([0.1, 0.9, 0.2]), 1.3)


def test_zip_and_bookkeeping_of_least_costs():
    fill = getattr(pytest.importorskip("librosa.sequence"), "__dtw_calc_accu_cost")
    steps = np.array([[1, 1], [0, 1], [1, 0], [2, 1]], dtype=np.uint32)

    @numba.njit
    def cost(distances, weights, extra):
        total = np.full((distances.shape[0] + 2, distances.shape[1] + 2), np.inf)
        total[2, 2] = distances[0, 0]
        fill(distances, total, np.zeros(total.shape, dtype=np.int32), steps, weights, extra, 2, 2)
        return total[-1, -1] + total[5, 5] ** 2

    check(cost, np.abs(WAVES[0][:, None] - WAVES[1]), np.array([1.0, 1.1, 1.2, 1.3]), np.array([0.0, 0.1, 0.05, 0.2]))


def test_complex_series_whose_length_depends_on_data():
    lens = pytest.importorskip("lenstronomy.LensModel.Profiles.epl_numba")
    deflection = lens.EPL_numba.derivatives

    @numba.njit
    def bent(x, y, radius, exponent, e1, e2):
        alpha_x, alpha_y = deflection(x, y, radius, exponent, e1, e2)
        return np.sum(alpha_x * alpha_x) + np.sum(alpha_y * x)

    check(bent, uniform(5), uniform(5, seed=1), 1.1, 2.1, 0.12, 0.08)


def test_continued_fractions_of_complex_numbers():
    sphere = pytest.importorskip("miepython.mie_jit")._single_sphere_nb

    @numba.njit
    def extinction(index, size):
        found = sphere(index, size, 0, True)
        return found[0] + 2.0 * found[1] * found[3]

    check(extinction, 1.4 - 0.2j, 4.6)


def test_special_functions_in_single_or_double_precision():
    logpdf = pytest.importorskip("numba_stats.crystalball")._logpdf

    @numba.njit
    def likelihood(x, beta, m, centre, width):
        return np.sum(logpdf(x, beta, m, centre, width))

    check(likelihood, np.array([-3.1, -0.6, 0.2, 0.9, 1.7]), 1.1, 2.2, 0.1, 0.8)


def test_function_of_c_that_has_an_address_and_a_rule():
    normal = pytest.importorskip("numba_stats.norm")
    quantile, density = normal._ppf, normal._pdf
    ndtri = pytest.importorskip("numba_stats._special").ndtri

    @numba.njit
    def ndtri_jvp(primals, tangents):
        z = ndtri(primals[0])
        return z, tangents[0] / density(np.array([z]), 0.0, 1.0)[0]

    @numba.njit
    def level(p, centre):
        return quantile(p, centre, 2.0).sum()

    dp.register_jvp(ndtri, ndtri_jvp, arity=1)
    check(level, np.array([0.3, 0.8]), 0.1)


def test_functions_of_scipy_that_have_an_address():
    voigt, student, poisson = (pytest.importorskip(f"numba_stats.{name}") for name in ("voigt", "t", "poisson"))
    profile, distribution, quantile, below = voigt._pdf, student._cdf, student._ppf, poisson._cdf

    @numba.njit
    def several(x, p, gamma, sigma, centre):
        total = np.sum(profile(x, gamma, centre, sigma) * distribution(x, 3.0, centre, sigma))
        return total + np.sum(quantile(p, 3.0, centre, sigma)) + np.sum(below(np.array([2.0, 5.0]), sigma))

    check(several, np.array([-1.3, 0.4, 2.2]), np.array([0.2, 0.7]), 0.8, 1.3, 0.2)


def test_root_of_a_function_that_is_an_argument():
    newton = pytest.importorskip("quantecon.optimize.root_finding").newton

    @numba.njit
    def cubic(x, a, b):
        return x ** 3 + a * x - b

    @numba.njit
    def slope(x, a, b):
        return 3.0 * x * x + a

    @numba.njit
    def root(start, a, b):
        return newton(cubic, start, slope, args=(a, b)).root * a

    check(root, 0.9, 1.2, 2.9)


def test_binary_search_and_views_of_a_table():
    interpolate = pytest.importorskip("consav.linear_interp").interp_2d

    @numba.njit
    def looked_up(first, second, table, points):
        total = 0.0
        for k in range(points.shape[0]):
            total += interpolate(first, second, table, points[k, 0], points[k, 1]) * (k + 1)
        return total

    points = np.array([[0.3, 0.7], [1.2, 1.45], [2.6, 0.1], [3.4, 2.2]])
    check(looked_up, np.arange(4.0), np.linspace(0.0, 2.0, 5), uniform(4, 5), points)


def test_instances_of_compiled_classes():
    datafits = pytest.importorskip("skglm.datafits")
    compile_ = pytest.importorskip("skglm.utils.jit_compilation").compiled_clone
    loss = compile_(datafits.Huber(0.4))

    @numba.njit
    def objective(matrix, weights, target, loss):
        return loss.value(target, weights, matrix @ weights)

    matrix, weights, target = uniform(6, 3), np.array([0.3, -0.2, 0.5]), uniform(6, seed=3)
    gradient, step = dp.grad(objective, argnums=1)(matrix, weights, target, loss), 1e-5 * np.eye(3)
    for got, h in zip(gradient, step, strict=True):
        ahead, behind = (objective(matrix, weights + sign * h, target, loss) for sign in (1, -1))
        assert got == pytest.approx((ahead - behind) / 2e-5, rel=1e-7)


def test_closures_made_by_a_library_of_equations():
    pde = pytest.importorskip("pde")
    grid = pde.CartesianGrid([[0, 2]], [8], periodic=False)
    field = pde.ScalarField(grid, uniform(8))
    rate = pde.PDE({"c": "laplace(c) - c**3"}, bc={"value": 0.2}).make_pde_rhs(field, backend="numba")

    @numba.njit
    def later(state):
        now = state.copy()
        for _ in range(3):
            now = now + 0.01 * rate(now, 0.0)
        return np.sum(now * now)

    check(later, field.data.copy())


def test_complex_elimination_into_an_output():
    eliminate = pytest.importorskip("wake_t.physics_models.laser.tdma").TDMA

    @numba.njit
    def solved(lower, diagonal, upper, right):
        found = np.empty(right.size, np.complex128)
        eliminate(lower, diagonal + 3.0, upper, right + 0.0j, found)
        return np.sum(found.real ** 2) + found[1].imag

    check(solved, uniform(5), uniform(6) + 1j * uniform(6, seed=2), uniform(5, seed=4), uniform(6, seed=5) * (1 - 0.5j))
