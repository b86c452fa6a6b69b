"""Kernels of Warp, thread for thread those of ``gpu_kernels``: for each the kernel, its threads, its inputs and its outputs.

Warp reads the source of a kernel, and its types from annotations that must be the objects themselves: hence no
``from __future__ import annotations``.
"""
import numpy as np
import warp as wp

Array, Table = wp.array(dtype=wp.float64), wp.array2d(dtype=wp.float64)
f64 = wp.float64


@wp.kernel
def saxpy(a: wp.float64, x: Array, y: Array, out: Array):
    i = wp.tid()
    out[i] = a * x[i] + y[i]


if hasattr(wp, "erfc"):         # not in older ones
    @wp.kernel
    def black_scholes(price: Array, strike: Array, years: Array, call: Array):
        i = wp.tid()
        root = f64(0.3) * wp.sqrt(years[i])
        d1 = (wp.log(price[i] / strike[i]) + f64(0.065) * years[i]) / root
        d2 = d1 - root
        half = wp.sqrt(f64(0.5))
        call[i] = f64(0.5) * price[i] * wp.erfc(-d1 * half) \
            - f64(0.5) * strike[i] * wp.exp(f64(-0.02) * years[i]) * wp.erfc(-d2 * half)


@wp.kernel
def stencil(u: Table, out: Table):
    j, i = wp.tid()
    if i > 0 and j > 0 and i < u.shape[1] - 1 and j < u.shape[0] - 1:
        out[j, i] = u[j, i] + f64(0.1) * (u[j - 1, i] + u[j + 1, i] + u[j, i - 1] + u[j, i + 1] - f64(4.0) * u[j, i]) \
            + f64(0.01) * u[j, i] * u[j, i]


@wp.kernel
def gravity(position: Table, mass: Array, force: Table):
    i = wp.tid()
    fx = f64(0.0)
    fy = f64(0.0)
    fz = f64(0.0)
    for j in range(position.shape[0]):
        dx = position[j, 0] - position[i, 0]
        dy = position[j, 1] - position[i, 1]
        dz = position[j, 2] - position[i, 2]
        inverse = f64(1.0) / wp.sqrt(dx * dx + dy * dy + dz * dz + f64(0.05))
        weight = mass[j] * inverse * inverse * inverse
        fx += weight * dx
        fy += weight * dy
        fz += weight * dz
    force[i, 0] = fx
    force[i, 1] = fy
    force[i, 2] = fz


@wp.kernel
def deposit(position: Array, charge: Array, density: Array):
    i = wp.tid()
    cell = int(position[i])
    share = position[i] - f64(cell)
    wp.atomic_add(density, cell, charge[i] * (f64(1.0) - share))
    wp.atomic_add(density, cell + 1, charge[i] * share)


KERNELS = {
    "saxpy": lambda given: (saxpy, given[1].size, [f64(given[0]), *given[1:]], [np.zeros_like(given[2])]),
    "stencil": lambda given: (stencil, given[0].shape, given[:1], given[1:]),
    "gravity": lambda given: (gravity, len(given[0]), given[:2], given[2:]),
    "deposit": lambda given: (deposit, given[0].size, given[:2], given[2:]),
}
if hasattr(wp, "erfc"):
    KERNELS["black_scholes"] = lambda given: (black_scholes, given[0].size, given[:3], given[3:])
