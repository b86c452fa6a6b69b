"""Linear algebra inside loops: filters, likelihoods, least squares, iterations, factors that are reused and overwritten."""

import math

import numpy as np
from numba import njit

from .record import array, kernel, vector


def positive(n, seed=0):
    a = array(n, n, seed=seed)
    return a @ a.T + n * np.eye(n)


def regular(n, seed=0):
    return array(n, n, seed=seed) + np.diag(np.arange(2.0, 2.0 + 2 * n, 2.0))


@kernel(lambda: (array(4, 2), vector(2), positive(2, 1), regular(2, 2) / 6), wrt=(0, 1, 2, 3),
        feature="Linear algebra: Kalman filter")
def kalman_filter(measured, state, covariance, transition):
    noise, total = np.eye(2), 0.0
    for k in range(measured.shape[0]):
        state = np.dot(transition, state)
        covariance = transition @ covariance @ transition.T + noise
        innovation = measured[k] - state
        spread = covariance + noise
        gain = np.linalg.solve(spread.T, covariance.T).T
        state = state + gain @ innovation
        covariance = covariance - gain @ covariance
        total += np.dot(innovation, np.linalg.solve(spread, innovation)) + np.linalg.slogdet(spread)[1]
    return total


@kernel(lambda: (vector(4), vector(4, 1), 0.7), feature="Linear algebra: cholesky")
def gaussian_process(places, values, length):
    n = places.size
    covariance = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            covariance[i, j] = math.exp(-((places[i] - places[j]) / length) ** 2)
        covariance[i, i] += 0.1
    factor = np.linalg.cholesky(covariance)
    z = np.linalg.solve(factor, values)
    total = 0.5 * np.dot(z, z)
    for i in range(n):
        total += math.log(factor[i, i])
    return total


@kernel(lambda: (array(5, 3) + np.eye(5, 3), vector(5)), feature="Linear algebra: lstsq")
def least_squares(a, b):
    x, squares, rank, singular = np.linalg.lstsq(a, b)
    return x.sum() + squares[0] + rank + singular[0] * singular[2]


@kernel(lambda: (regular(3), vector(3)), feature="Linear algebra: products in a loop")
def power_iteration(a, x):
    for _ in range(6):
        x = a @ x
        x /= np.linalg.norm(x)
    return np.dot(x, a @ x)


@kernel(lambda: (vector(2), 1.3), feature="Linear algebra: solve")
def newton(x, p):
    x = x.copy()
    jacobian = np.empty((2, 2))
    for _ in range(4):
        r = np.array([x[0] ** 2 + x[1] - p, x[0] - x[1] ** 3])
        jacobian[0, 0], jacobian[0, 1] = 2.0 * x[0], 1.0
        jacobian[1, 0], jacobian[1, 1] = 1.0, -3.0 * x[1] ** 2
        x -= np.linalg.solve(jacobian, r)
    return x[0] * x[1]


@kernel(lambda: (array(6, 3),), feature="Linear algebra: eigh")
def principal_components(data):
    centred = data - data.sum(axis=0) / data.shape[0]
    values, vectors = np.linalg.eigh(np.dot(centred.T, centred))
    direction = vectors[:, 2].copy()
    scores = centred @ direction
    return (scores ** 4).sum() + values[0] / values[2]


@kernel(lambda: (regular(2) / 4, positive(2)), feature="Linear algebra: inv")
def riccati(a, q):
    p = q.copy()
    for _ in range(5):
        p = q + a.T @ p @ np.linalg.inv(np.eye(2) + p) @ a
    return np.trace(p)


@kernel(lambda: (regular(3), vector(3), 0.1), feature="Linear algebra: solve with one matrix")
def implicit_euler(a, x, step):
    m = np.eye(3) + step * a
    total = 0.0
    for _ in range(4):
        x = np.linalg.solve(m, x)
        total += x[1] * x[1]
    return total


@kernel(lambda: (regular(2) / 4,), feature="Linear algebra: matrix exponential")
def exponential(a):
    scaled = a / 4.0
    term, total = np.eye(2), np.eye(2)
    for k in range(1, 9):
        term = term @ scaled / k
        total = total + term
    for _ in range(2):
        total = total @ total
    return total.sum()


@kernel(lambda: (regular(3) + regular(3).T,), feature="Linear algebra: qr")
def qr_iteration(a):
    for _ in range(3):
        q, r = np.linalg.qr(a)
        a = r @ q
    return a[0, 0] * a[2, 2]


@kernel(lambda: (array(2, 4) + np.eye(2, 4),), feature="Linear algebra: qr of a wide matrix")
def wide_factor(a):
    q, r = np.linalg.qr(a)
    return (r * r).sum() + r[0, 3] * q[1, 0]


@kernel(lambda: (array(4, 3) + np.eye(4, 3),), feature="Linear algebra: svd")
def nuclear_norm(a):
    u, s, v = np.linalg.svd(a, False)
    return s.sum() + (u[:, 0] * u[:, 0] * np.arange(4.0)).sum() * v[0, 1] ** 2


@kernel(lambda: (array(3, 3) + np.eye(3),), feature="Linear algebra: norms")
def several_norms(a):
    total = np.linalg.norm(a) + np.linalg.norm(a, 2) * np.linalg.norm(a, -2)
    for k in range(3):
        total += np.linalg.norm(a[k], 3) + np.linalg.norm(a[:, k], np.inf)
    return total + np.linalg.norm(a, 1)


@kernel(lambda: (array(4, 2) + np.eye(4, 2), vector(4)), feature="Linear algebra: pinv")
def projected(a, b):
    x = np.linalg.pinv(a) @ b
    rest = b - a @ x
    return np.dot(rest, rest) + x[0]


@kernel(lambda: (regular(3) / 5,), feature="Linear algebra: matrix_power")
def powers(a):
    total = 0.0
    for n in range(-1, 3):
        total += np.trace(np.linalg.matrix_power(a, n))
    return total


@kernel(lambda: (array(2, 3), array(3, 2), np.zeros((2, 2))), writes=(2,), wrt=(0, 1), feature="Linear algebra: dot with out")
def into_place(a, b, out):
    np.dot(a, b, out)
    total = out[0, 1] * out[1, 0]
    np.dot(out.copy(), out.copy(), out)
    return total + out.sum()


@kernel(lambda: (regular(3), vector(3)), feature="Linear algebra: overwritten operands")
def overwritten(a, x):
    a = a.copy()
    total = 0.0
    for k in range(3):
        x = np.linalg.solve(a, x)
        a[k] *= 1.5
        a[0, 0] += x[1]
        total += np.linalg.det(a)
        if total > 1e6:
            break
    return total + x.sum()


@kernel(lambda: (regular(3), vector(6)), feature="Linear algebra: strided operands")
def strided(a, x):
    return np.dot(a.T[::-1], x[::2]).sum() * np.linalg.solve(a[::-1, ::-1], x[1::2])[0]


@kernel(lambda: (positive(3),), feature="Linear algebra: eigvalsh")
def spread_of_values(a):
    values = np.linalg.eigvalsh(a)
    total = 0.0
    for i in range(values.size):
        for j in range(i):
            total += math.log(values[i] / values[j])
    return total


@kernel(lambda: (np.diag([1.0, 2.0, 4.0]) + 0.1 * array(3, 3),), feature="Linear algebra: eig")
def modes(a):
    values, vectors = np.linalg.eig(a)
    return (values ** 3).sum() + (vectors[0] ** 2 * values).sum()


@kernel(lambda: (positive(2), vector(2), vector(2, 1)), feature="Linear algebra: small covariances")
def propagated(covariance, x, change):
    total = 0.0
    for k in range(3):
        jacobian = np.array([[math.cos(x[0]), x[1]], [0.3, math.exp(-x[1])]])
        covariance = jacobian @ covariance @ jacobian.T
        x = np.sin(x) + change * (k + 1)
        total += math.sqrt(covariance[0, 0])
    return total


@kernel(lambda: (regular(3),), feature="Linear algebra: cond")
def conditioned(a):
    return math.log(np.linalg.cond(a)) + np.linalg.cond(a, 1) / 10 + np.linalg.matrix_rank(a)


@kernel(lambda: (vector(2), vector(3, 1), array(2, 2)), feature="Linear algebra: outer, kron, trace")
def tensors(a, b, m):
    product = np.kron(m, np.outer(a, a))
    return np.trace(product @ product) + np.vdot(np.outer(a, b)[1], b)


@kernel(lambda: (positive(3), vector(3)), feature="Linear algebra: conjugate gradients")
def conjugate_gradients(a, b):
    x, r = np.zeros(3), b.copy()
    p, square = r.copy(), np.dot(r, r)
    for _ in range(2):
        moved = a @ p
        step = square / np.dot(p, moved)
        x = x + step * p
        r = r - step * moved
        following = np.dot(r, r)
        p = r + following / square * p
        square = following
    return np.dot(x, b)


@kernel(lambda: (regular(2), regular(2, 1)), feature="Linear algebra: complex matrices")
def complex_response(a, b):
    z = a + 1j * b
    x = np.linalg.solve(z, np.ones(2) + 0j)
    return abs(np.vdot(x, z @ x)) + np.linalg.det(z).real


@kernel(lambda: (positive(3), vector(3), 0.6, 3), wrt=(2,), feature="Linear algebra: constant at first, then not")
def constant_at_first(a, b, scale, steps):
    """What the first calls give is constant, and the same variables hold later what is not."""
    inverse, solution = np.linalg.inv(a), np.linalg.solve(a, b)
    for k in range(steps):
        if k > 0:
            inverse = np.linalg.inv(a + scale * inverse)
        solution = np.linalg.solve(a, scale * solution + inverse @ b)
    return (solution * solution).sum() + inverse[0, 1]


@kernel(lambda: (regular(4),), feature="Linear algebra: factors and products of them")
def products_of_factors(x):
    """What multiplies them is called by the rules too, which carry no derivative."""
    q, r = np.linalg.qr(x)
    u, _, v = np.linalg.svd(x)
    return (q @ x).sum() + (r @ x).sum() * (x @ r).sum() + (x @ v).sum() * (u @ x).sum()


@njit
def halves(x, which):
    if which == 0:
        return 2.0 * x, x * x
    return (None, x) if which == 1 else (x, None)


@kernel(lambda: (regular(3), vector(3)), feature="Linear algebra: products of what may be None")
def product_of_what_may_be_none(x, b):
    u, v = halves(x, 0)
    return (u @ v).sum() + np.dot(v, b)[0] * np.vdot(b, b)


@kernel(lambda: (positive(17), vector(17), 0.6, 3), wrt=(2,))
def constant_now_and_then(a, b, scale, steps):
    total, product = 0.0, a @ a
    for k in range(steps):
        factor = np.linalg.cholesky(a) if k % 2 else np.linalg.cholesky(a * scale)
        if k % 2 == 0:
            product = product @ (scale * a)
        total += (factor @ b)[1] + product[0, 1] / product[0, 0]
    return total
