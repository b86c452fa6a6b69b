"""One program against the reference: every derivative that the public interface offers of it."""

from __future__ import annotations

import math
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

import dpcompile as dp

from .generate import Program, fresh
from .reference import Derivative, differentiable, differentiate, inputs


class Wrong(AssertionError):
    """A derivative differs from the reference."""


class Invalid(Exception):
    """The program itself is of no use: Numba refuses it, or its value is not the reference's."""


@dataclass(frozen=True)
class Verdict:
    """``right``, ``refused`` (a named error of ours), ``wrong``, ``crash`` (anything else) or ``invalid``."""

    kind: str
    detail: str = ""

    @property
    def symptom(self) -> str:
        """The kind, for anything but a wrong number with the exception and its place."""
        return self.kind if self.kind == "wrong" else f"{self.kind} {self.detail.split(':')[0]}"


def examine(program: Program) -> Verdict:
    """What became of the program, in one word and the reason."""
    try:
        compare(program)
    except dp.errors.DifferentiationError as error:
        return Verdict("refused", f"{type(error).__name__}: {error}")
    except Wrong as error:
        return Verdict("wrong", str(error))
    except Invalid as error:
        return Verdict("invalid", str(error))
    except Exception as error:
        return Verdict("crash", f"{type(error).__name__} at {place(error)}: {error}")
    return Verdict("right")


def place(error: Exception) -> str:
    """File and line where an exception was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rsplit('/', 1)[-1]} line {last.lineno}"


def compare(program: Program) -> None:
    reference, function = differentiate(program.source, program.arguments), compiled(program)
    check_primal(program, function, reference)
    generator = np.random.default_rng(program.seed)
    check_gradient(program, function, reference)
    check_one_alone(program, function, reference, generator)
    check_tangent(program, function, reference, generator)
    check_shadows(program, function, reference, generator)


def compiled(program: Program) -> Any:
    names: dict[str, Any] = {"np": np, "math": math, "njit": njit}
    exec(compile(program.source, "<program>", "exec"), names)
    return njit(**program.options)(names["program"])


def expect(what: str, got: Any, expected: Any, program: Program) -> None:
    """Agreement relative to the largest entry; single precision is compared with a reference in double."""
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    tolerance = (1e-3 if program.single else 1e-9) * (1.0 + np.abs(expected).max(initial=0.0))
    if got.shape != expected.shape or not np.all(np.abs(got - expected) <= tolerance):
        raise Wrong(f"{what}: expected {expected.tolist()}, got {got.tolist()}")


def check_primal(program: Program, function: Any, reference: Derivative) -> None:
    try:
        expect("primal", function(*fresh(program)), reference.value, program)
    except Exception as error:
        raise Invalid(f"{type(error).__name__}: {error}") from error


def split(program: Program, jacobian: np.ndarray) -> list[np.ndarray]:
    """The last axis of a Jacobian, cut into one piece for each float argument."""
    return np.split(jacobian, np.cumsum([part.size for part in inputs(program.arguments)])[:-1], axis=-1)


def active(program: Program) -> list[int]:
    return [i for i, value in enumerate(program.arguments) if differentiable(value)]


def check_gradient(program: Program, function: Any, reference: Derivative) -> None:
    arguments = fresh(program)
    value, gradients = dp.value_and_grad(function, argnums=tuple(active(program)))(*arguments)
    expect("value", value, reference.value, program)
    expected = split(program, reference.gradient)
    for i, got, part in zip(active(program), gradients, expected, strict=True):
        expect(f"gradient of argument {i}", np.ravel(got), part, program)
    for before, after in zip(program.arguments, arguments, strict=True):
        if not np.array_equal(before, after):
            raise Wrong("grad changed an argument")


def check_one_alone(program: Program, function: Any, reference: Derivative, generator: np.random.Generator) -> None:
    """The gradient with respect to one argument, all others constant."""
    order = int(generator.integers(len(active(program))))
    position = active(program)[order]
    got = dp.grad(function, argnums=position)(*fresh(program))
    expect(f"gradient of argument {position} alone", np.ravel(got), split(program, reference.gradient)[order], program)


def random_trees(program: Program, generator: np.random.Generator) -> list[Any]:
    """A random value for each argument, ``None`` for integers."""

    def draw(value: Any) -> Any:
        numbers = generator.uniform(-1.0, 1.0, np.shape(value))
        return numbers.astype(value.dtype) if isinstance(value, np.ndarray) else float(numbers)

    return [draw(value) if differentiable(value) else None for value in program.arguments]


def flattened(trees: list[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(tree) for tree in trees if tree is not None])


def check_tangent(program: Program, function: Any, reference: Derivative, generator: np.random.Generator) -> None:
    tangents = random_trees(program, generator)
    _, tangent = dp.jvp(function, fresh(program), tuple(tangents))
    expect("tangent", tangent, reference.gradient @ flattened(tangents), program)


def check_shadows(program: Program, function: Any, reference: Derivative, generator: np.random.Generator) -> None:
    """The low-level call with random shadows: seeds of what is written, sums for what is read."""
    arguments, shadows, seed = fresh(program), random_trees(program, generator), float(generator.uniform(-1.0, 1.0))
    seeds = [shadow.copy() if isinstance(shadow, np.ndarray) else 0.0 for shadow in shadows if shadow is not None]
    expected = seed * reference.gradient
    for given, (_, jacobian) in zip(seeds, reference.after, strict=True):
        expected = expected + np.tensordot(given, jacobian, np.ndim(given))
    annotations = [annotate(*pair) for pair in zip(arguments, shadows, strict=True)]
    _, cotangents = dp.autodiff(dp.Reverse, function, *annotations, seed=seed)
    found = [s if isinstance(s, np.ndarray) else c for s, c in zip(shadows, cotangents, strict=True)]
    for i, part in zip(active(program), split(program, expected), strict=True):
        expect(f"shadow of argument {i}", np.ravel(found[i]), part, program)
    for i, (values, _) in zip(active(program), reference.after, strict=True):
        if isinstance(arguments[i], np.ndarray):
            expect(f"argument {i} afterwards", arguments[i], values, program)


def annotate(value: Any, shadow: Any) -> Any:
    if shadow is None:
        return dp.Const(value)
    return dp.Duplicated(value, shadow) if isinstance(value, np.ndarray) else dp.Active(value)
