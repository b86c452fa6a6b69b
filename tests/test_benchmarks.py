"""The benchmarks run at small sizes, and hold what they promise; other systems are compared only where they are installed."""
import importlib
import math
import platform
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from benchmarks import __main__ as command
from benchmarks import (
    adjoints,
    checkpointing,
    jacobians,
    kernels,
    lstm,
    page,
    parallel,
    problems,
    ratios,
    scaling,
    sparse,
    systems,
    timing,
)
from benchmarks.pairs import PAIRS


def test_against_jax_without_jax(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jax", None)
    assert importlib.import_module("benchmarks.against_jax").main() == 0
    assert capsys.readouterr().out == "JAX is not installed: pip install 'dpcompile[benchmarks]'\n"


def test_against_jax(monkeypatch, capsys):
    pytest.importorskip("jax", reason="JAX is not installed")
    benchmark = importlib.import_module("benchmarks.against_jax")
    monkeypatch.setattr(benchmark, "PAIRS", benchmark.PAIRS[:1])
    assert benchmark.main() == 0
    assert "below 1e-10" in capsys.readouterr().out


def test_pairs():
    """Each function stands once, and its point is one where it is finite."""
    assert len({pair.numba.py_func.__name__ for pair in PAIRS}) == len(PAIRS) >= 30
    assert all(np.all(np.isfinite(pair.numba.py_func(pair.point))) for pair in PAIRS)


def test_chunks_are_worth_it():
    assert jacobians.chunks(rounds=9) >= 3.0


def test_sweeps_of_a_stencil():
    """Two find the pattern and one takes the sparse matrix, where the dense one takes 128."""
    assert sparse.sweeps(32) == (2, 1, 128)


def test_checkpointing_gives_the_same():
    """The three ways of the benchmark, with few steps."""
    run = dp.checkpoint(checkpointing.heat_step, steps=6, slots=2)
    by_slots = dp.grad(njit(lambda u: (run(u) ** 2).sum()))
    state = np.random.default_rng(1).random((7, 6))
    np.testing.assert_allclose(by_slots(state), dp.grad(checkpointing.heat)(state, 6), rtol=1e-12)


@pytest.mark.parametrize("kernel", kernels.KERNELS, ids=lambda kernel: kernel.name)
def test_gradients_that_are_timed(kernel):
    assert ratios.error(kernel) < 1e-5


def test_there_are_nine_kernels():
    assert len({kernel.name for kernel in kernels.KERNELS}) == len(kernels.KERNELS) == 9


@njit
def turns(x):
    for _ in range(1000):
        x = math.sin(x)
    return x


@njit
def spiral(x):
    y = 1.0
    for _ in range(1000):
        x, y = x - 0.01 * x * y, y + 0.01 * x * y
    return x


@pytest.mark.parametrize("function", [turns, spiral], ids=lambda function: function.__name__)
def test_arena_is_what_explain_predicts(function):
    """Where trips are constants: the bytes that the gradient takes, but for the head of a chunk and the search's last step."""
    gradient = dp.grad(function)
    predicted = dp.explain(function, 0.5).tape_bytes
    assert predicted <= ratios.arena_bytes(lambda: gradient(0.5)) <= 1.01 * predicted + 192


def test_arena_of_a_loop_whose_trips_the_run_knows():
    """Both numbers of the state in each step."""
    loop = kernels.KERNELS[0]
    gradient = dp.grad(loop.function)
    first, second = (ratios.arena_bytes(lambda steps=steps: gradient(*loop.make(steps))) for steps in (10_000, 20_000))
    assert 0.95 * 16 * 10_000 < second - first < 1.05 * 16 * 10_000


def page_of(section, tmp_path, monkeypatch):
    """Runs a section with few kernels; the text that it left."""
    monkeypatch.setattr(ratios, "KERNELS", kernels.KERNELS[-1:])
    monkeypatch.setattr(scaling, "KERNELS", kernels.KERNELS[-1:])
    monkeypatch.setattr(parallel, "cases", lambda small: {"bodies": (parallel.bodies, (np.ones((5, 3)),))})
    command.run(section, tmp_path, rounds=2, small=True)
    return (tmp_path / f"{section}.md").read_text(encoding="utf-8")


def test_page_of_ratios(tmp_path, monkeypatch):
    text = page_of("ratios", tmp_path, monkeypatch)
    assert "| `product` |" in text and "Geometric means" in text


def test_page_of_scaling(tmp_path, monkeypatch):
    text = page_of("scaling", tmp_path, monkeypatch)
    assert "2, 4, 8, 16" in text and "## Threads" in text


def without_others(monkeypatch):
    """As where nothing of others is installed."""
    def missing(name):
        raise systems.Unavailable(f"not installed: there is no module {name}")

    monkeypatch.setattr(systems, "load", missing)


def test_page_of_adjoints_without_others(tmp_path, monkeypatch):
    """The two gradients of dpcompile are compared with each other on the way."""
    without_others(monkeypatch)
    monkeypatch.setattr(adjoints, "PROBLEMS", problems.PROBLEMS[:1])
    text = page_of("adjoints", tmp_path, monkeypatch)
    assert all(f"- {name}: left out, not installed" in text for name in systems.NAMES)
    assert text.count("| dpcompile |") == 2


def test_page_of_lstm_without_others(tmp_path, monkeypatch):
    """The gradients of both kernels are compared with each other on the way."""
    without_others(monkeypatch)
    text = page_of("lstm", tmp_path, monkeypatch)
    assert "- pytorch: left out" in text and "576.3" in text


def test_page_of_calls(tmp_path, monkeypatch):
    text = page_of("calls", tmp_path, monkeypatch)
    assert text.count("| `grad` |") == 1 and "`lazy_hessian @ v`" in text


def test_pages_name_neither_host_nor_folder():
    text = page.machine()
    assert platform.node() not in re.split(r"[^\w.-]+", text) and "/" not in text and "numba" in text


def test_figures_need_matplotlib(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page.Page("title", "name", tmp_path).figure("name", lambda axes: None, (2, 2))
    assert not list(tmp_path.iterdir()) and "matplotlib is not installed" in capsys.readouterr().out


def test_unknown_sections_are_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["velocity"])
    assert "there is no section velocity" in capsys.readouterr().err


@pytest.mark.parametrize("problem", problems.PROBLEMS, ids=lambda problem: problem.title)
def test_arrays_say_what_the_kernel_says(problem):
    u, du = np.array([0.7, -0.4]), np.empty(2)
    problem.rates(u, problem.parameters, du)
    np.testing.assert_allclose(problem.arrays(np, u, problem.parameters), du, rtol=1e-13)


def test_a_wrong_gradient_is_not_timed(capsys):
    problem = problems.LOTKA_VOLTERRA
    wrong = adjoints.checked(page.Page("", "", None), "system", problem, lambda _: lambda p: 1.001 * p, problem.parameters)
    assert wrong is None and "its gradient is wrong** by 1e-03" in capsys.readouterr().out


@pytest.mark.parametrize("name", systems.NAMES)
def test_other_systems_agree(name):
    """Where they are installed."""
    try:
        system = systems.load(name)
    except systems.Unavailable as reason:
        pytest.skip(str(reason))
    problem = problems.LOTKA_VOLTERRA.shorter(2)
    u, weights = np.array([0.7, 0.4]), np.array([1.0, -2.0])
    for found, expected in zip(system.pullback(problem)(u, problem.parameters, weights),
                               adjoints.own.pullback(problem)(u, problem.parameters, weights), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


class Counted(np.ndarray):
    """An array that counts what is done with it."""

    count = 0

    def __array_ufunc__(self, function, method, *inputs, **settings):
        Counted.count += 1
        plain = [np.asarray(value) if isinstance(value, Counted) else value for value in inputs]
        return np.asarray(getattr(function, method)(*plain, **settings)).view(Counted)


def test_operations_are_counted_as_said():
    """17 a cell: four of them are slices, and a sigmoid is one of NumPy's array functions here."""
    functions = SimpleNamespace(zeros_like=np.zeros_like, tanh=np.tanh, sigmoid=np.arctan, sum=lambda x: 0.0)
    values = [value.view(Counted) for value in lstm.arguments(layers=2, batch=3, steps=4)]
    Counted.count = 0
    lstm.stacked_arrays(functions, *values)
    cells = 2 * 4
    assert lstm.operations(2, 4) == Counted.count + 4 * cells + 1


def test_slope():
    assert timing.slope([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2.0)
