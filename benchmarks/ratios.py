"""What a gradient costs beside its primal: python benchmarks/ratios.py [--rounds N] [--plot FILE]

Primal and gradient are timed in turns in one process; the ratio is the median of the ratios of each round, because a
machine's speed changes from minute to minute.  ``--plot`` needs matplotlib (extra ``bench``).
"""
from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
from kernels import Kernel, kernels

import dpcompile as dp


@dataclass(frozen=True)
class Row:
    name: str
    primal: float
    gradient: float
    ratio: float
    first_call: float


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(kernel: Kernel, rounds: int) -> Row:
    gradient = dp.grad(kernel.function, argnums=kernel.wanted)
    kernel.function(*kernel.arguments)
    first_call = seconds(lambda: gradient(*kernel.arguments))
    gradient(*kernel.arguments)         # the first call leaves its memory to the second, which touches it
    pairs = np.array([[seconds(lambda: kernel.function(*kernel.arguments)),
                       seconds(lambda: gradient(*kernel.arguments))] for _ in range(rounds)])
    ratio = float(np.median(pairs[:, 1] / pairs[:, 0]))
    return Row(kernel.function.__name__, *np.median(pairs, axis=0), ratio, first_call)


def plot(rows: list[Row], path: str) -> None:
    import matplotlib
    matplotlib.use("agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(7, 3))
    axes.barh([row.name for row in rows], [row.ratio for row in rows])
    axes.set_xlabel("gradient time / primal time")
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--plot", metavar="FILE")
    options = parser.parse_args()
    print(f"{'kernel':20}{'primal ms':>11}{'gradient ms':>13}{'ratio':>7}{'first call s':>14}")
    rows = []
    for kernel in kernels():
        row = measure(kernel, options.rounds)
        rows.append(row)
        print(f"{row.name:20}{1e3 * row.primal:11.3f}{1e3 * row.gradient:13.3f}{row.ratio:7.2f}{row.first_call:14.2f}",
              flush=True)
    print(f"geometric mean of the ratios {np.exp(np.mean(np.log([row.ratio for row in rows]))):.2f}")
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
