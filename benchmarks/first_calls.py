"""How long a process waits for its first gradient, without and with the cache on disk: python benchmarks/first_calls.py

Each number is the processor time of a process of its own, after its imports: Numba's compilation of the primal, the gradient
compiled, and the gradient found on disk; for the last also what a second function costs there.  The median of ``--rounds``
processes.
"""
from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

KERNELS = '''
import sys, time
import numpy as np
from numba import njit
import dpcompile as dp

@njit(cache=True)
def one_line(x):
    return (x * x).sum()

@njit(cache=True)
def loops(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            total += np.sin(x[i] - x[j]) ** 2 / (1.0 + x[i] * x[j])
    return total

@njit(cache=True)
def solve(x):
    a = np.outer(x, x) + 3.0 * np.eye(len(x))
    return np.linalg.solve(a, x).sum()

x = np.linspace(0.1, 1.0, 6)
function = globals()[sys.argv[2]]
called = dp.grad(function) if sys.argv[1] == "gradient" else njit(function.py_func)
start = time.process_time()
called(x)
first = time.process_time() - start
after = dp.grad(njit(cache=True)(one_line.py_func))
start = time.process_time()
after(2 * x)
print(first, time.process_time() - start)
'''


def measured(what: str, kernel: str, program: Path, cache: Path) -> tuple[float, float]:
    """Seconds of the first call in a new process, and of that of another gradient."""
    environment = {**os.environ, "DPCOMPILE_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, program, what, kernel], env=environment, capture_output=True, text=True, check=True)
    first, after = map(float, done.stdout.split())
    return first, after


def median(values: list[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(map(statistics.median, zip(*values, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = range(parser.parse_args().rounds)
    print(f"{'kernel':12}{'primal s':>10}{'gradient s':>12}{'from disk s':>13}{'one more s':>12}")
    for kernel in ("one_line", "loops", "solve"):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "kernels.py"
            program.write_text(KERNELS)
            primal, _ = median([measured("primal", kernel, program, Path(folder) / f"unused {index}") for index in rounds])
            cold, _ = median([measured("gradient", kernel, program, Path(folder) / f"empty {index}") for index in rounds])
            warm, more = median([measured("gradient", kernel, program, Path(folder) / "empty 0") for _ in rounds])
        print(f"{kernel:12}{primal:10.3f}{cold:12.3f}{warm:13.3f}{more:12.3f}")


if __name__ == "__main__":
    main()
