"""The benchmarks that compare derivatives run, and hold what they promise."""
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return __import__


def test_against_jax_without_jax(load, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jax", None)
    assert load("against_jax").main() == 0
    assert capsys.readouterr().out == "JAX is not installed: pip install 'dpcompile[bench]'\n"


def test_against_jax(load, monkeypatch, capsys):
    pytest.importorskip("jax", reason="JAX is not installed")
    benchmark = load("against_jax")
    monkeypatch.setattr(benchmark, "PAIRS", benchmark.PAIRS[:1])
    assert benchmark.main() == 0
    assert "below 1e-10" in capsys.readouterr().out


def test_pairs(load):
    """Each function stands once, and its point is one where it is finite."""
    pairs = load("pairs").PAIRS
    assert len({pair.numba.py_func.__name__ for pair in pairs}) == len(pairs) >= 30
    assert all(np.all(np.isfinite(pair.numba.py_func(pair.point))) for pair in pairs)


def test_chunks_are_worth_it(load):
    assert load("jacobians").chunks(rounds=9) >= 3.0


def test_sweeps_of_a_stencil(load):
    """Two find the pattern and one takes the sparse matrix, where the dense one takes 128."""
    assert load("sparse").sweeps(32) == (2, 1, 128)


def test_checkpointing_gives_the_same(load, monkeypatch):
    """The three ways of the benchmark, with few steps."""
    benchmark = load("checkpointing")
    run = benchmark.dp.checkpoint(benchmark.heat_step, steps=6, slots=2)
    by_slots = benchmark.dp.grad(benchmark.njit(lambda u: (run(u) ** 2).sum()))
    state = np.random.default_rng(1).random((7, 6))
    np.testing.assert_allclose(by_slots(state), benchmark.dp.grad(benchmark.heat)(state, 6), rtol=1e-12)
