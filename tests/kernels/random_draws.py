"""Random draws: taken once and replayed. Kernels that draw from the global states seed themselves, because they are run more
than once; what is drawn from a distribution that depends on data is a smooth function of these here (``test_random.py`` has
the others)."""

from __future__ import annotations

import math
import random

import numpy as np

from .record import kernel, refused, vector


def generator(seed=5):
    return np.random.default_rng(seed)


def two():
    return 0.9, 0.7


def two_and_generator():
    return 0.9, 0.7, generator()


@kernel(two, feature="Random: normal")
def normal(location, scale):
    np.random.seed(1)
    total = 0.0
    for _ in range(5):
        draw = np.random.normal(location, scale)
        if draw > 0.5:
            total += draw * draw
        else:
            total -= scale * draw
    return total


@kernel(two, feature="Random: normal, an array of draws that is overwritten")
def normal_array(location, scale):
    np.random.seed(2)
    draws = np.random.normal(location, scale, 6)
    for i in range(1, 6):
        draws[i] = draws[i - 1] * np.sin(draws[i])
    return np.sum(draws)


@kernel(lambda: (vector(4),), feature="Random: standard_normal, randn")
def noisy_walk(x):
    np.random.seed(3)
    state = 0.0
    for i in range(x.size):
        state = math.tanh(state + x[i] * np.random.standard_normal() + np.random.randn())
    return state


@kernel(two, feature="Random: uniform")
def uniform(low, width):
    np.random.seed(4)
    total = 0.0
    while total < 2.0:
        draw = np.random.uniform(low, low + width)
        total += draw * draw * low
    return total


@kernel(two, feature="Random: random, rand, random_sample, ranf, sample")
def unit_draws(x, y):
    np.random.seed(5)
    z = x * np.random.random() + y * np.random.rand() + x * y * np.random.random_sample()
    return z * np.random.ranf() + np.sum(x * np.random.sample(3) ** 2)


@kernel(two, feature="Random: exponential, standard_exponential")
def exponential(scale, x):
    np.random.seed(6)
    return np.random.exponential(scale) * x + np.sum(np.random.exponential(scale * x, 3) ** 2) \
        + x * np.random.standard_exponential()


@kernel(two, feature="Random: lognormal")
def lognormal(mean, sigma):
    np.random.seed(7)
    return np.log1p(np.random.lognormal(mean, sigma)) * np.random.lognormal(mean)


@kernel(two, feature="Random: laplace")
def laplace(location, scale):
    np.random.seed(8)
    return np.random.laplace(location, scale) ** 2 + np.sum(np.random.laplace(location, scale, 4))


@kernel(two, feature="Random: logistic")
def logistic(location, scale):
    np.random.seed(9)
    return np.random.logistic(location, scale) * np.random.logistic(scale)


@kernel(two, feature="Random: gumbel")
def gumbel(location, scale):
    np.random.seed(10)
    return np.random.gumbel(location, scale) * np.random.gumbel(scale, location)


@kernel(two, feature="Random: rayleigh")
def rayleigh(scale, x):
    np.random.seed(11)
    return np.random.rayleigh(scale) * x + np.sum(np.random.rayleigh(x, 2))


@kernel(two, feature="Random: weibull")
def weibull(shape, x):
    np.random.seed(12)
    return np.random.weibull(shape) * x


@kernel(two, feature="Random: pareto")
def pareto(shape, x):
    np.random.seed(13)
    return np.log1p(np.random.pareto(shape + 1.0)) * x


@kernel(two, feature="Random: power")
def power(shape, x):
    np.random.seed(14)
    return np.random.power(shape) * x


@kernel(two, feature="Random: triangular")
def triangular(left, width):
    np.random.seed(15)
    total = 0.0
    for _ in range(6):
        total += np.random.triangular(left, left + 0.3 * width, left + width) ** 2
    return total


@kernel(two, feature="Random: standard_cauchy")
def cauchy(location, scale):
    np.random.seed(16)
    return np.arctan(location + scale * np.random.standard_cauchy())


@kernel(two, feature="Random: gamma, chisquare, standard_t, f, beta with constant shapes")
def constant_shapes(scale, x):
    np.random.seed(17)
    z = np.random.gamma(2.5, scale) + x * np.random.chisquare(3.0) + scale * np.random.standard_t(4.0)
    return z * np.random.beta(0.5, 0.7) + x * np.random.f(3.0, 4.0) + x * np.random.standard_gamma(0.4)


@kernel(two, feature="Random: wald, vonmises, noncentral_chisquare, dirichlet with constant parameters")
def constant_parameters(x, y):
    np.random.seed(18)
    weights = np.random.dirichlet(np.array([0.5, 2.0, 1.0]))
    return weights[0] * x + weights[1] * y * np.random.wald(1.0, 2.0) + x * y * np.sin(np.random.vonmises(x, 2.0)) \
        + x * np.random.noncentral_chisquare(2.0, 1.0)


@kernel(two, feature="Random: poisson, binomial, geometric, randint … with constant parameters")
def discrete_factors(x, y):
    np.random.seed(19)
    total = 0.0
    for _ in range(np.random.poisson(3.0) + 1):
        total += x ** np.random.binomial(5, 0.4) * y
    return total + x * np.random.geometric(0.3) * np.random.randint(1, 5) + y * np.random.negative_binomial(3, 0.5)


@kernel(lambda: (vector(5),), feature="Random: shuffle")
def shuffled(x):
    np.random.seed(20)
    y = x * x
    np.random.shuffle(y)
    total = 0.0
    for i in range(y.size):
        total += (i + 1) * y[i]
        x = y
        if i == 2:
            np.random.shuffle(x)
    return total


@kernel(lambda: (vector(5),), feature="Random: permutation")
def permuted(x):
    np.random.seed(21)
    return np.sum(np.random.permutation(x) * x)


@kernel(lambda: (vector(6),), feature="Random: choice")
def chosen(x):
    np.random.seed(22)
    return np.sum(np.random.choice(x, 4) ** 2) * np.random.choice(x) + np.sum(np.random.choice(x, 3, replace=False))


@kernel(lambda: (vector(3), 0.4), feature="Random: seed in the middle of a kernel")
def reseeded(x, y):
    np.random.seed(23)
    total = 0.0
    for i in range(x.size):
        if i == 2:
            np.random.seed(23)
        total = total * y + x[i] * np.random.normal(y, 1.0)
    return total


@kernel(two, feature="Random: Python's random")
def of_python(x, y):
    random.seed(24)
    z = random.gauss(x, y) + random.uniform(x, x + y) * random.random() + random.expovariate(y)
    return z * random.triangular(x, x + y, x + 0.5 * y) + math.log(random.lognormvariate(x, y)) \
        + random.weibullvariate(x, y) + math.log(random.paretovariate(x + 1.0)) + x * random.randint(1, 6)


@kernel(two_and_generator, wrt=(0, 1), writes=(2,), feature="Random: Generator.normal")
def normal_of(location, scale, source):
    total = 0.0
    for _ in range(5):
        draw = source.normal(location, scale)
        if draw > 0.5:
            total += draw * draw
        else:
            total -= scale * draw
    return total


@kernel(two_and_generator, wrt=(0, 1), writes=(2,), feature="Random: Generator.normal of an array")
def normal_array_of(location, scale, source):
    draws = source.normal(location, scale, 5)
    for i in range(1, 5):
        draws[i] *= draws[i - 1] + source.standard_normal()
    return draws.sum()


@kernel(two_and_generator, wrt=(0, 1), writes=(2,), feature="Random: Generator.uniform, random, exponential, lognormal")
def continuous_of(x, y, source):
    z = source.uniform(x, x + y) + y * source.random() + source.exponential(x) * source.standard_exponential()
    return z * source.lognormal(x, y)


@kernel(two_and_generator, wrt=(0, 1), writes=(2,), feature="Random: Generator.laplace, logistic, rayleigh, weibull")
def more_of(x, y, source):
    return source.laplace(x, y) * source.logistic(y, x) + source.rayleigh(x) * source.weibull(y + 0.5)


@kernel(two_and_generator, wrt=(0, 1), writes=(2,), feature="Random: Generator.pareto, power, triangular, standard_cauchy")
def others_of(x, y, source):
    return np.log1p(source.pareto(x + 1.0)) + source.power(y) + source.triangular(x, x + 0.4 * y, x + y) \
        + np.arctan(source.standard_cauchy() * x)


@kernel(two_and_generator, wrt=(0, 1), writes=(2,), feature="Random: Generator.integers, poisson with constant parameters")
def integers_of(x, y, source):
    total = 0.0
    for _ in range(source.integers(2, 6)):
        total = total * y + x * source.poisson(4.0)
    return total


@kernel(lambda: (vector(5), generator()), wrt=(0,), writes=(1,), feature="Random: Generator.permutation, shuffle")
def permuted_of(x, source):
    y = source.permutation(x * x)
    source.shuffle(y)
    return np.sum(y * x)


def one():
    return (0.6,)


@refused(one, says="a draw from poisson", feature="Random: poisson of active data")
def of_poisson(x):
    return x * np.random.poisson(3.0 * x)


@refused(one, says="a draw from binomial", feature="Random: binomial of active data")
def of_binomial(x):
    return x * np.random.binomial(7, x)


@refused(one, says="a draw from geometric", feature="Random: geometric of active data")
def of_geometric(x):
    return x * np.random.geometric(x)


@refused(one, says="a draw from negative_binomial", feature="Random: negative_binomial of active data")
def of_negative_binomial(x):
    return x * np.random.negative_binomial(4, x)


@refused(one, says="a draw from hypergeometric", feature="Random: hypergeometric of active data")
def of_hypergeometric(x):
    return x * np.random.hypergeometric(10.0 * x, 8, 5)


@refused(one, says="a draw from logseries", feature="Random: logseries of active data")
def of_logseries(x):
    return x * np.random.logseries(x)


@refused(one, says="a draw from zipf", feature="Random: zipf of active data")
def of_zipf(x):
    return x * np.random.zipf(x + 1.5)


@refused(one, says="a draw from binomial", feature="Random: multinomial of active data")
def of_multinomial(x):
    return x * np.random.multinomial(9, np.array([x, 1.0 - x]))[0]


@refused(lambda: (0.6, generator()), says="a draw from poisson", feature="Random: Generator.poisson of active data")
def of_generators_poisson(x, source):
    return x * source.poisson(3.0 * x)
