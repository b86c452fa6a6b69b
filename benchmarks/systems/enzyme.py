"""Enzyme: C++ that its package from PyPI compiles and JAX calls."""
from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
from enzyme_ad.jax import cpp_call
from jax import numpy as jnp

from ..problems import HIDDEN, LOTKA_VOLTERRA, SPIRAL, Problem

TITLE, PACKAGE = "Enzyme (C++)", "enzyme-ad"
jax.config.update("jax_enable_x64", True)

RATES = {
    LOTKA_VOLTERRA.title: """
        template<class U, class P> static void rates(const U& u, const P& p, double* du) {
            du[0] = p[0] * u[0] - p[1] * u[0] * u[1];
            du[1] = p[2] * u[0] * u[1] - p[3] * u[1];
        }""",
    SPIRAL.title: f"""
        template<class U, class P> static void rates(const U& u, const P& p, double* du) {{
            const int n = {HIDDEN};
            double first = u[0] * u[0] * u[0], second = u[1] * u[1] * u[1];
            double x = p[5 * n], y = p[5 * n + 1];
            for (int j = 0; j < n; j++) {{
                double unit = __builtin_tanh(p[2 * j] * first + p[2 * j + 1] * second + p[2 * n + j]);
                x += p[3 * n + j] * unit;
                y += p[4 * n + j] * unit;
            }}
            du[0] = x;
            du[1] = y;
        }}""",
}
RIGHT_HAND_SIDE = """
        template<std::size_t N>
        void right_hand_side(enzyme::tensor<double, 2>& out, const enzyme::tensor<double, 2>& u,
                             const enzyme::tensor<double, N>& p) {
            double du[2];
            rates(u, p, du);
            out[0] = du[0];
            out[1] = du[1];
        }"""
SOLVER = """
        template<std::size_t N>
        void solver(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N>& p) {
            const double h = %(h)r;
            double u[2] = {%(x)r, %(y)r}, moved[2], a[2], b[2], c[2], d[2];
            double total = u[0] + u[1];
            for (int sample = 0; sample < %(samples)d; sample++) {
                for (int step = 0; step < %(substeps)d; step++) {
                    rates(u, p, a);
                    for (int i = 0; i < 2; i++) moved[i] = u[i] + h / 2 * a[i];
                    rates(moved, p, b);
                    for (int i = 0; i < 2; i++) moved[i] = u[i] + h / 2 * b[i];
                    rates(moved, p, c);
                    for (int i = 0; i < 2; i++) moved[i] = u[i] + h * c[i];
                    rates(moved, p, d);
                    for (int i = 0; i < 2; i++) u[i] += h / 6 * (a[i] + 2 * b[i] + 2 * c[i] + d[i]);
                }
                total += u[0] + u[1];
            }
            out[0] = total;
        }"""


def called(problem: Problem, source: str, name: str, results: int) -> Callable:
    shapes = [jax.core.ShapedArray([results], jnp.float64)]
    text = RATES[problem.title] + source
    return lambda *arguments: cpp_call(*arguments, out_shapes=shapes, source=text, fn=name)[0]


def pullback(problem: Problem) -> Callable:
    rates = called(problem, RIGHT_HAND_SIDE, "right_hand_side", 2)
    compiled = jax.jit(lambda u, p, weights: jax.vjp(rates, u, p)[1](weights))
    return lambda u, p, weights: tuple(map(np.asarray, compiled(u, p, weights)))


def gradient(problem: Problem) -> Callable:
    x, y = map(float, problem.start)
    source = SOLVER % {"h": problem.h, "x": x, "y": y, "samples": problem.samples, "substeps": problem.substeps}
    total = called(problem, source, "solver", 1)
    compiled = jax.jit(jax.grad(lambda p: total(p)[0]))
    return lambda p: np.asarray(compiled(p))
