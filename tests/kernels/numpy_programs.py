"""Small scientific programs that mix NumPy functions: fits, tables, spectra, statistics, rolling windows, integrals."""

import numpy as np

from .record import array, kernel, vector

TIMES = np.linspace(0.0, 1.0, 7)


def sorted_vector(count, seed=0):
    return np.cumsum(vector(count, seed, 0.2, 0.4))


# fits and interpolation ---------------------------------------------------------------------------------------------------


@kernel(lambda: (vector(6), vector(6, 1)), feature="NumPy programs: least squares")
def line_through_points(x, y):
    dx, dy = x - x.mean(), y - np.mean(y)
    slope = (dx * dy).sum() / (dx**2).sum()
    return slope, y.mean() - slope * x.mean()


@kernel(lambda: (sorted_vector(6), vector(6, 1)), feature="NumPy programs: least squares")
def parabola_by_normal_equations(x, y):
    powers = np.vander(x, 3)
    normal = powers.T @ powers + 0.1 * np.eye(3)
    return np.linalg.solve(normal, np.dot(np.ascontiguousarray(powers.T), y))


@kernel(lambda: (vector(5), vector(6, 1), vector(6, 2, 0.1, 0.4)), feature="NumPy programs: least squares")
def weighted_residuals(coefficients, y, sigma):
    x = np.linspace(0.0, 1.0, y.size)
    model = np.zeros_like(y)
    for k, c in enumerate(coefficients):
        model += c * x**k
    return np.sum(np.square((y - model) / sigma)) + 2.0 * np.log(sigma).sum()


@kernel(lambda: (np.array([0.31, 1.07, 1.62]), sorted_vector(6), vector(6, 1)), feature="NumPy programs: tables")
def table_lookup(x, nodes, values):
    return np.interp(x, nodes, values) ** 2


@kernel(lambda: (1.07, sorted_vector(6), vector(6, 1)), feature="NumPy programs: tables")
def slope_from_a_table(x, nodes, values):
    i = np.searchsorted(nodes, x) - 1
    slopes = np.diff(values) / np.diff(nodes)
    return values[i] + slopes[i] * (x - nodes[i])


@kernel(lambda: (array(4, 5), 0.37, 0.61), feature="NumPy programs: tables")
def bilinear_interpolation(table, u, v):
    x, y = u * (table.shape[0] - 1), v * (table.shape[1] - 1)
    i, j = int(np.floor(x)), int(np.floor(y))
    a, b = x - i, y - j
    corners = table[i:i + 2, j:j + 2]
    return (corners * np.outer(np.array([1.0 - a, a]), np.array([1.0 - b, b]))).sum()


@kernel(lambda: (vector(5), vector(5, 1), 0.3), feature="NumPy programs: tables")
def lagrange_polynomial(nodes, values, x):
    total = 0.0
    for i in range(nodes.size):
        others = np.delete(nodes, i)
        total += values[i] * np.prod((x - others) / (nodes[i] - others))
    return total


@kernel(lambda: (sorted_vector(5), vector(5, 1)), feature="NumPy programs: tables")
def inverted_table(nodes, values):
    heights = np.cumsum(values)
    levels = np.array([0.3, 0.5, 0.8]) * heights[-1]
    return np.interp(levels, heights, nodes)


# statistics ---------------------------------------------------------------------------------------------------------------


@kernel(lambda: (np.array([0.5, 0.71, 0.78, 1.02, 1.13, 1.21, 1.44]),), feature="NumPy programs: statistics")
def robust_scale(x):
    centre = np.median(x)
    return np.median(np.abs(x - centre)) * 1.4826 + centre


@kernel(lambda: (vector(9),), feature="NumPy programs: statistics")
def trimmed_mean(x):
    ordered = np.sort(x)
    cut = x.size // 4
    return ordered[cut:-cut].mean()


@kernel(lambda: (vector(9),), feature="NumPy programs: statistics")
def spread_of_quantiles(x):
    low, middle, high = np.percentile(x, np.array([20.0, 50.0, 80.0]))
    return (high - low) / middle


@kernel(lambda: (array(3, 8),), feature="NumPy programs: statistics")
def normalised_rows(x):
    z = np.empty_like(x)
    for i in range(x.shape[0]):
        z[i] = (x[i] - x[i].mean()) / x[i].std()
    return z.sum(axis=0)


@kernel(lambda: (vector(7), vector(7, 1)), feature="NumPy programs: statistics")
def correlation(x, y):
    return np.corrcoef(x, y)[0, 1] + np.cov(x, y)[0, 0]


@kernel(lambda: (vector(8), vector(8, 3)), feature="NumPy programs: statistics")
def masked_statistics(x, weights):
    keep = (x > 0.7) & (x < 1.4)
    chosen, w = x[keep], weights[keep]
    mean = np.average(chosen, weights=w)
    return mean + np.sqrt(np.sum(w * (chosen - mean) ** 2) / w.sum())


@kernel(lambda: (vector(8),), feature="NumPy programs: statistics")
def statistics_with_missing_values(x):
    y = x.copy()
    y[2] = np.nan
    return np.nanmean(y) * np.nanstd(y) + np.nanmax(y) - np.nanmedian(y)


@kernel(lambda: (vector(8),), feature="NumPy programs: statistics")
def moments(x):
    z = (x - x.mean()) / x.std()
    return np.array([np.mean(z**3), np.mean(z**4) - 3.0])


@kernel(lambda: (vector(7),), feature="NumPy programs: statistics")
def rank_weighted_sum(x):
    ranks = np.argsort(np.argsort(x))
    return (x * (ranks + 1)).sum() / (1.0 + np.ptp(x))


@kernel(lambda: (vector(8), 0.2), feature="NumPy programs: histograms")
def soft_histogram(x, width):
    edges = np.linspace(0.5, 1.5, 5)
    counts = np.zeros(edges.size)
    for j in range(edges.size):
        counts[j] = np.exp(-0.5 * ((x - edges[j]) / width) ** 2).sum()
    return counts / counts.sum()


@kernel(lambda: (vector(8), vector(8, 1)), feature="NumPy programs: histograms")
def weighted_bins(x, weights):
    bins = np.digitize(x, np.array([0.75, 1.0, 1.25]))
    return np.bincount(bins, weights * x) / (1.0 + np.bincount(bins, weights))


@kernel(lambda: (vector(8),), feature="NumPy programs: histograms")
def entropy_of_shares(x):
    p = x / x.sum()
    return -(p * np.log2(p)).sum() + np.logaddexp(p[0], p[1])


@kernel(lambda: (vector(6),), feature="NumPy programs: statistics")
def stable_softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


# signals ------------------------------------------------------------------------------------------------------------------


@kernel(lambda: (vector(8), vector(3, 1)), feature="NumPy programs: convolution")
def smoothed_twice(signal, weights):
    window = weights / weights.sum()
    once = np.convolve(signal, window)
    return np.convolve(once, window[::-1])[2:-2]


@kernel(lambda: (vector(8),), feature="NumPy programs: convolution")
def autocorrelation(x):
    z = x - x.mean()
    return np.correlate(z, z, "full")[z.size - 1:] / np.dot(z, z)


@kernel(lambda: (vector(8), 2.5), feature="NumPy programs: windows")
def windowed_spectrum(x, beta):
    y = x * np.kaiser(x.size, beta)
    n = np.arange(x.size)
    power = np.empty(4)
    for k in range(4):
        wave = np.exp(-2j * np.pi * k * n / x.size)
        power[k] = np.abs((y * wave).sum()) ** 2
    return 10.0 * np.log10(power)


@kernel(lambda: (vector(8),), feature="NumPy programs: windows")
def periodogram_by_products(x):
    n = np.arange(x.size)
    angles = 2.0 * np.pi * np.outer(n, n) / x.size
    re, im = np.cos(angles) @ (x * np.hanning(x.size)), np.sin(angles) @ x
    return np.hypot(re, im)


@kernel(lambda: (vector(7, 0, 0.0, 3.0),), feature="NumPy programs: windows")
def phase_speed(x):
    phase = np.unwrap(np.angle(np.exp(1j * np.cumsum(x))))
    return np.diff(phase)


@kernel(lambda: (vector(6), 0.4), feature="NumPy programs: windows")
def sinc_resampling(samples, shift):
    n = np.arange(samples.size)
    out = np.empty_like(samples)
    for i in range(samples.size):
        out[i] = np.dot(samples, np.sinc(i + shift - n))
    return out


@kernel(lambda: (vector(9),), feature="NumPy programs: rolling windows")
def rolling_mean_by_cumulative_sums(x):
    c = np.concatenate((np.zeros(1), np.cumsum(x)))
    return (c[3:] - c[:-3]) / 3.0


@kernel(lambda: (vector(9),), feature="NumPy programs: rolling windows")
def rolling_extremes(x):
    out = np.empty((2, x.size - 2))
    for i in range(x.size - 2):
        window = x[i:i + 3]
        out[0, i], out[1, i] = window.max(), np.median(window)
    return out


@kernel(lambda: (vector(8), 0.3), feature="NumPy programs: rolling windows")
def exponential_average(x, alpha):
    out = np.empty_like(x)
    out[0] = x[0]
    for i in range(1, x.size):
        out[i] = alpha * x[i] + (1.0 - alpha) * out[i - 1]
    return out[np.argmax(x):].sum()


@kernel(lambda: (vector(8),), feature="NumPy programs: rolling windows")
def circular_differences(x):
    return np.roll(x, 1) - 2.0 * x + np.roll(x, -1)


# integrals and sequences --------------------------------------------------------------------------------------------------


@kernel(lambda: (vector(7),), feature="NumPy programs: integrals")
def trapezoid_and_running_integral(y):
    running = np.append(0.0, np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(TIMES)))
    return np.trapezoid(running, TIMES) + np.trapezoid(y, dx=0.1)


@kernel(lambda: (0.5, 2.0), feature="NumPy programs: integrals")
def integral_with_active_ends(low, high):
    x = np.linspace(low, high, 9)
    return np.trapezoid(np.exp(-x) * np.sin(x), x)


@kernel(lambda: (1.2, 3.4), feature="NumPy programs: integrals")
def decades(low, high):
    x = np.geomspace(low, high, 6)
    return np.log(x).mean() + np.logspace(0.0, low, 4).sum()


@kernel(lambda: (vector(6, 0, 0.01, 0.1), 1.5), feature="NumPy programs: integrals")
def compounded_returns(returns, start):
    wealth = start * np.cumprod(1.0 + returns)
    peak = wealth[0]
    drawdown = 0.0
    for value in wealth:
        peak = max(peak, value)
        drawdown += (peak - value) ** 2
    return wealth[-1] + drawdown


# shapes, masks, indices ---------------------------------------------------------------------------------------------------


@kernel(lambda: (array(3, 4), array(2, 4, seed=1)), feature="NumPy programs: shapes")
def blocks_put_together(a, b):
    whole = np.vstack((a, b * b))
    left, right = np.hsplit(whole, 2)
    return np.hstack((right, left)).T.copy().ravel()[::3]


@kernel(lambda: (array(3, 3), vector(3)), feature="NumPy programs: shapes")
def triangular_and_diagonal(a, d):
    work = np.tril(a) + np.triu(a, 1).T
    np.fill_diagonal(work, d)
    return np.trace(work @ work) + np.diag(work).sum() + np.kron(work, np.eye(2)).sum()


@kernel(lambda: (array(4, 3),), feature="NumPy programs: shapes")
def pairwise_distances(points):
    total = 0.0
    for i in range(points.shape[0]):
        rest = points[i + 1:]
        total += np.sqrt(np.sum((rest - points[i]) ** 2, axis=1)).sum()
    return total


@kernel(lambda: (array(3, 3), array(3, 3, seed=4)), feature="NumPy programs: shapes")
def torque(r, f):
    moment = np.cross(r, f)
    return np.sum(moment * moment, axis=0)


@kernel(lambda: (vector(8), 0.9), feature="NumPy programs: masks")
def clipped_and_masked(x, level):
    y = np.where(x > 1.0, x * x, level * x)
    y[x < 0.8] = level
    return np.clip(y, 0.6, 1.9).sum() + np.minimum(y, level * 1.05).sum()


@kernel(lambda: (vector(7),), feature="NumPy programs: masks")
def sums_of_groups(x):
    groups = np.array([0, 2, 1, 0, 2, 2, 1])
    out = np.zeros(3)
    for g in np.unique(groups):
        members = np.flatnonzero(groups == g)
        out[g] = np.take(x, members).sum() * members.size
    return out


@kernel(lambda: (vector(6), np.array([4, 0, 2, 4])), feature="NumPy programs: masks")
def gathered_and_scattered(x, where):
    picked = x[where] ** 2
    out = np.zeros_like(x)
    for k in range(where.size):
        out[where[k]] += picked[k]
    out[where[:2]] = picked[2:]
    return out


@kernel(lambda: (array(3, 4),), feature="NumPy programs: masks")
def largest_of_each_row(a):
    return np.take_along_axis(a, np.argmax(a, axis=1).reshape(3, 1), 1).ravel() - a.min()


@kernel(lambda: (vector(6),), feature="NumPy programs: masks")
def piecewise_function(x):
    y = np.select([x < 0.8, x < 1.2, x > 1.0], [x**2, np.sqrt(x), np.log(x)], 0.0)
    return np.repeat(y, 2)


@kernel(lambda: (array(3, 4), vector(4)), feature="NumPy programs: masks")
def iterators_over_a_broadcast(a, b):
    out = np.zeros_like(a)
    for u, v, w in np.nditer((a, b, out)):
        w[()] = u.item() * np.tanh(v.item())
    for (i, j), value in np.ndenumerate(a):
        out[i, j] += value * (i - j)
    return out


@kernel(lambda: (vector(5, 0, 2.0, 3.0), 0.7), feature="NumPy programs: arithmetic")
def remainders_and_powers(x, period):
    quotient, rest = np.divmod(x, period)
    return np.fmod(x, period) + quotient * rest + np.float_power(x, period) + np.cbrt(x) * np.exp2(-x)


@kernel(lambda: (vector(6),), feature="NumPy programs: arithmetic")
def accumulated_in_place(x):
    out = np.full(x.size, x[0])
    np.multiply(out, x, out)
    np.add(out[1:], x[:-1], out[1:])
    return np.cumsum(out)[::-1]
