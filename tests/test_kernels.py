"""Every recorded kernel against the laws that derivatives obey.

One test a kernel, so that a worker compiles each kernel once; all checks of it run and report together. The environment
variable ``DPCOMPILE_PREOPT`` (0 to 3) chooses how far LLVM optimises a kernel before it is differentiated: this file at
the default level and the sample at the bottom at the others belong to every run, the whole file at each level to a
release: ``DPCOMPILE_PREOPT=0 python -m pytest tests/test_kernels.py``.

A run takes all kernels without which nothing holds (``CORE``), of the others one in twelve, always the same ones: with every
check some, most with those of the pullback, and of the tangent for ``CORE``. ``DPCOMPILE_KERNELS=all`` takes every check of
all: what a release does, and whoever changes how something is differentiated, for the families that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import dpcompile as dp
from tests.kernels import KERNELS, REFUSED, Kernel, Refusal
from tests.kernels.record import is_container
from tests.kernels.trees import copied, flat, frozen, inner, is_float, moved, random_like, size, zeros_like
from tests.memory import assert_balanced
from tests.sampling import ALL

# Central differences of eighth order: the weights of f(x + kh) - f(x - kh), k = 1..4, over h.
WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
SAMPLE = KERNELS[::122]
CORE = {"overwrite", "control", "alias", "memory", "calls", "ufuncs"}
TAKEN = [kernel for place, kernel in enumerate(KERNELS) if ALL or kernel.family in CORE or place % 12 == 0]


@dataclass(frozen=True)
class Precision:
    """Tolerances of the dot test and the step and tolerance of differences, for each floating-point type."""

    dot: float
    step: float
    differences: float


DOUBLE, SINGLE = Precision(1e-12, 1e-3, 1e-9), Precision(2e-5, 2e-2, 2e-4)


@dataclass(frozen=True)
class Trial:
    """A kernel with random directions: tangents of the arguments, seeds of the result and of the written arrays."""

    kernel: Kernel
    precision: Precision
    result: Any
    tangents: tuple[Any, ...]
    seed: Any
    shadows: tuple[Any, ...]

    @classmethod
    def of(cls, kernel: Kernel) -> Trial:
        generator = np.random.default_rng(20)
        arguments = kernel.arguments()
        tangents, shadows = (random_like(arguments, generator) for _ in range(2))
        result = kernel.function(*kernel.arguments())
        precision = SINGLE if kernel.single else Precision(DOUBLE.dot, DOUBLE.step, kernel.tolerance)
        return cls(kernel, precision, result, tangents, random_like(result, generator), shadows)

    @property
    def scalar(self) -> bool:
        return isinstance(self.result, (float, np.floating))

    @property
    def annotatable(self) -> bool:
        """The low-level call annotates numbers, arrays and containers that keep their length, not tuples of numbers."""
        before, after = self.kernel.arguments(), self.kernel.arguments()
        self.kernel.function(*after)
        return flat(before).size == flat(after).size and not any(isinstance(v, tuple) and is_float(v) for v in before)

    def active(self, trees: tuple[Any, ...]) -> tuple[Any, ...]:
        """What belongs to the arguments that derivatives are taken for."""
        return tuple(trees[i] for i in self.kernel.wrt)

    def written(self, trees: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(trees[i] for i in self.kernel.writes)


def close(got: float, expected: float, scale: float, tolerance: float, what: str) -> None:
    error = abs(got - expected) / max(scale, 1e-30)
    assert error <= tolerance or got == expected, f"{what}: {got!r} against {expected!r}, relative error {error:.2e}"


def same(got: Any, expected: Any, tolerance: float, what: str) -> None:
    left, right = flat(got), flat(expected)
    assert left.shape == right.shape, f"{what}: {got!r} has another structure than {expected!r}"
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance * (1 + np.abs(right).max(initial=0)), err_msg=what)


def difference(trial: Trial, tangents: tuple[Any, ...], outputs: Callable[[Any, tuple[Any, ...]], float]) -> float:
    """The derivative of ``outputs(result, arguments afterwards)`` along the tangents, by differences."""

    def at(step: float) -> float:
        arguments = moved(trial.kernel.arguments(), tangents, step)
        return outputs(trial.kernel.function(*arguments), arguments)

    h = trial.precision.step
    return sum(w * (at(k * h) - at(-k * h)) for k, w in enumerate(WEIGHTS, 1)) / h


def check_vjp(trial: Trial) -> None:
    """The pullback is right by differences and repeatable, the arguments stay as they were."""
    if trial.result is None:
        return
    arguments, seed = trial.kernel.arguments(), trial.seed
    before = frozen(arguments)
    value, pullback = dp.vjp(trial.kernel.function, *arguments)
    cotangents = pullback(seed)
    assert frozen(arguments) == before, "vjp changed an argument"
    same(value, trial.result, trial.precision.dot, "value of vjp")
    assert frozen(pullback(seed)) == frozen(cotangents), "a second pullback differs"
    scale = size(cotangents, trial.tangents) + size(seed, value)
    expected = difference(trial, trial.tangents, lambda result, _: inner(seed, result))
    close(inner(cotangents, trial.tangents), expected, scale, trial.precision.differences, "vjp against differences")


def check_jvp(trial: Trial) -> None:
    """⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩, and the arguments stay as they were."""
    if trial.result is None:
        return
    arguments, seed = trial.kernel.arguments(), trial.seed
    before = frozen(arguments)
    value, tangent = dp.jvp(trial.kernel.function, arguments, trial.tangents)
    assert frozen(arguments) == before, "jvp changed an argument"
    same(value, trial.result, trial.precision.dot, "value of jvp")
    cotangents = dp.vjp(trial.kernel.function, *trial.kernel.arguments())[1](seed)
    scale = size(cotangents, trial.tangents) + size(seed, value)
    close(inner(seed, tangent), inner(cotangents, trial.tangents), scale, trial.precision.dot, "jvp against vjp")


def check_grad(trial: Trial) -> None:
    """``grad`` is the pullback of one, twice the same, and leaves every argument as it found it."""
    if not trial.scalar:
        return
    arguments = trial.kernel.arguments()
    before = frozen(arguments)
    gradient = dp.grad(trial.kernel.function, argnums=trial.kernel.wrt)
    first = gradient(*arguments)
    assert frozen(arguments) == before, "grad changed an argument"
    assert frozen(first) == frozen(gradient(*trial.kernel.arguments())), "a second call differs"
    cotangents = dp.vjp(trial.kernel.function, *trial.kernel.arguments())[1](type(trial.result)(1.0))
    same(first, trial.active(cotangents), trial.precision.dot, "grad against vjp")


def check_grad_of_one(trial: Trial) -> None:
    """The same number when all but the last argument are constants: activity must not change the answer."""
    if not trial.scalar or len(trial.kernel.wrt) < 2:
        return
    last = trial.kernel.wrt[-1]
    got = dp.grad(trial.kernel.function, argnums=last)(*trial.kernel.arguments())
    cotangents = dp.vjp(trial.kernel.function, *trial.kernel.arguments())[1](type(trial.result)(1.0))
    same(got, cotangents[last], trial.precision.dot, f"grad of argument {last} alone against vjp")


def annotated(trial: Trial, arguments: tuple[Any, ...], shadows: tuple[Any, ...], forward: bool) -> list[Any]:
    """The arguments of the low-level call; what is not differentiated is constant, though it may be written."""

    def annotate(position: int, value: Any, shadow: Any) -> Any:
        if position not in trial.kernel.wrt + trial.kernel.writes or not is_float(value):
            return dp.Const(value)
        in_memory = isinstance(value, np.ndarray) or is_container(value)
        return dp.Duplicated(value, shadow) if forward or in_memory else dp.Active(value)

    return [annotate(i, *pair) for i, pair in enumerate(zip(arguments, shadows, strict=True))]


def reverse_sweep(trial: Trial, shadows: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The arguments after a low-level reverse call and, for each, its cotangent: returned or in its shadow."""
    arguments = trial.kernel.arguments()
    seed = {} if trial.result is None else {"seed": trial.seed}
    annotations = annotated(trial, arguments, shadows, forward=False)
    value, cotangents = dp.autodiff(dp.Reverse, trial.kernel.function, *annotations, **seed)
    pairs = zip(annotations, cotangents, shadows, strict=True)
    found = tuple(shadow if isinstance(a, dp.Duplicated) else cotangent for a, cotangent, shadow in pairs)
    return value, arguments, found


def only(positions: tuple[int, ...], trees: tuple[Any, ...]) -> tuple[Any, ...]:
    """A copy of the trees at these positions, zeros elsewhere."""
    return tuple(copied(tree) if i in positions else zeros_like(tree) for i, tree in enumerate(trees))


def check_autodiff(trial: Trial) -> None:
    """The dot test and differences again, for the map from all arguments to the result and the written arrays."""
    if not trial.annotatable:
        return
    kernel, precision = trial.kernel, trial.precision
    primal = kernel.arguments()
    kernel.function(*primal)
    value, arguments, cotangents = reverse_sweep(trial, only(kernel.writes, trial.shadows))
    same(value, trial.result, precision.dot, "value of autodiff")
    same(arguments, primal, precision.dot, "arguments after autodiff")
    tangents = only(kernel.wrt + kernel.writes, trial.tangents)
    pairs = [pair for pair in zip(cotangents, tangents, strict=True) if pair[0] is not None]
    seeds = (trial.seed, trial.written(trial.shadows))
    reverse = sum(inner(*pair) for pair in pairs)
    scale = sum(size(*pair) for pair in pairs) + size(seeds, (value, trial.written(arguments)))
    close(forward_sweep(trial, seeds, tangents), reverse, scale, precision.dot, "Forward against Reverse")
    expected = difference(trial, tangents, lambda result, after: inner(seeds, (result, trial.written(after))))
    close(reverse, expected, scale, precision.differences, "Reverse against differences")


def forward_sweep(trial: Trial, seeds: tuple[Any, ...], tangents: tuple[Any, ...]) -> float:
    """The seeds against the tangents of the result and of the written arrays, from a low-level forward call."""
    shadows = copied(tangents)
    annotations = annotated(trial, trial.kernel.arguments(), shadows, forward=True)
    _, tangent = dp.autodiff(dp.Forward, trial.kernel.function, *annotations)
    return inner(seeds, (tangent, trial.written(shadows)))


def check_shadows_accumulate(trial: Trial) -> None:
    """What a shadow of an array that is only read holds beforehand stays in the sum."""
    if not trial.annotatable:
        return
    _, arguments, plain = reverse_sweep(trial, only(trial.kernel.writes, trial.shadows))
    before = frozen(trial.kernel.arguments())
    _, arguments, accumulated = reverse_sweep(trial, copied(trial.shadows))
    for i, shadow in enumerate(trial.shadows):
        if i not in trial.kernel.writes:
            assert frozen(arguments[i]) == before[i], f"argument {i} is only read and yet changed"
        in_memory = isinstance(shadow, np.ndarray) or is_container(shadow)
        if in_memory and i in trial.kernel.wrt and i not in trial.kernel.writes:
            same(flat(accumulated[i]) - flat(shadow), flat(plain[i]), 2 * trial.precision.dot, f"accumulation into shadow {i}")
        elif plain[i] is not None:
            same(accumulated[i], plain[i], trial.precision.dot, f"cotangent {i}")


def calls(trial: Trial, arguments: Callable[[], tuple[Any, ...]]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every way to ask for a derivative of the kernel, ready to be called."""
    function = trial.kernel.function
    if trial.scalar:
        gradient = dp.grad(function, argnums=trial.kernel.wrt)
        yield "grad", lambda: gradient(*arguments())
    if trial.result is not None:
        yield "vjp", lambda: dp.vjp(function, *arguments())[1](trial.seed)
        yield "jvp", lambda: dp.jvp(function, arguments(), trial.tangents)
    if trial.annotatable:
        seed = {} if trial.result is None else {"seed": trial.seed}
        shadows = copied(trial.shadows)
        yield (
            "Reverse",
            lambda: dp.autodiff(dp.Reverse, function, *annotated(trial, arguments(), shadows, False), **seed),
        )


def check_memory(trial: Trial) -> None:
    for what, call in calls(trial, trial.kernel.arguments):
        assert_balanced(what, call)


def check_exceptions(trial: Trial) -> None:
    """An exception of the kernel arrives as it is, from every derivative, and nothing leaks."""
    if trial.kernel.raises is None:
        return
    exception, arguments = trial.kernel.raises
    with pytest.raises(exception) as primal:
        trial.kernel.function(*arguments())

    def expect(call: Callable[[], Any]) -> None:
        with pytest.raises(exception) as raised:
            call()
        assert raised.type is primal.type and raised.value.args == primal.value.args

    for what, call in calls(trial, arguments):
        assert_balanced(f"{what} with an exception", lambda call=call: expect(call))


CHECKS = (
    check_vjp, check_jvp, check_grad, check_grad_of_one, check_autodiff, check_shadows_accumulate, check_memory,
    check_exceptions,
)  # fmt: skip


def checks_of(kernel: Kernel, trial: Trial) -> tuple[Callable[[Trial], None], ...]:
    """All, or what one or two compilations show; a kernel that returns nothing has no pullback."""
    place = KERNELS.index(kernel)
    is_core = kernel.family in CORE
    if ALL or trial.result is None or place % (5 if is_core else 15) == 0 or (is_core and kernel.raises):
        return CHECKS
    if is_core:
        return check_vjp, check_autodiff
    return (check_vjp, check_jvp) if place % 24 == 12 else (check_vjp,)


@pytest.mark.parametrize("kernel", TAKEN, ids=str)
def test_kernel(kernel: Kernel) -> None:
    if kernel.needs:
        pytest.importorskip(kernel.needs)
    trial, failures = Trial.of(kernel), []
    checks = checks_of(kernel, trial)
    for check in checks:
        try:
            check(trial)
        except Exception as failure:
            failure.add_note(check.__name__)
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{kernel}: {len(failures)} of {len(checks)} checks fail", failures)


@pytest.mark.parametrize("refusal", REFUSED, ids=str)
def test_refusal(refusal: Refusal) -> None:
    """What has no derivative here is refused by name, at a line of the kernel's file, and never differentiated."""
    refusal.function(*refusal.arguments())
    annotations = [_annotation(value, i in refusal.wrt) for i, value in enumerate(refusal.arguments())]
    with pytest.raises(dp.errors.DifferentiationError, match=refusal.says) as raised:
        dp.autodiff(dp.Reverse, refusal.function, *annotations)
    assert f"{refusal.family}.py" in str(raised.value)


@pytest.mark.parametrize("refusal", [refusal for refusal in REFUSED if refusal.family == "views"], ids=str)
def test_refusal_in_forward_mode(refusal: Refusal) -> None:
    arguments = refusal.arguments()
    tangents = [np.ones_like(value) if i in refusal.wrt else None for i, value in enumerate(arguments)]
    annotations = [dp.Const(v) if t is None else dp.Duplicated(v, t) for v, t in zip(arguments, tangents, strict=True)]
    with pytest.raises(dp.errors.DifferentiationError, match=refusal.says) as raised:
        dp.autodiff(dp.Forward, refusal.function, *annotations)
    assert f"{refusal.family}.py" in str(raised.value)


def _annotation(value: Any, wanted: bool) -> Any:
    if not wanted:
        return dp.Const(value)
    return dp.Duplicated(value, np.zeros_like(value)) if isinstance(value, np.ndarray) else dp.Active(value)


@pytest.mark.slow
@pytest.mark.parametrize("level", (0, 1, 3))    # 2 is the default, at which the test above tries all
@pytest.mark.parametrize("kernel", SAMPLE, ids=str)
def test_sample_at_every_level(kernel: Kernel, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other optimisation before differentiation means other IR for the same kernel."""
    monkeypatch.setenv("DPCOMPILE_PREOPT", str(level))
    monkeypatch.setattr(kernel.function, "__dpcompile__", {}, raising=False)
    test_kernel(kernel)
