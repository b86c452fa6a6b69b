"""One program against the reference: every derivative that the public interface offers of it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.typed import List

import dpcompile as dp
from tests.memory import assert_balanced

from .program import Program, fresh
from .reference import Derivative, differentiate
from .trees import differentiable, is_rounded, leaves, numbers, unchanged, with_numbers


class Wrong(AssertionError):
    """A derivative differs from the reference."""


class Invalid(Exception):
    """The program itself is of no use: Numba refuses it, or its value is not the reference's."""


class Uncompiled(Exception):
    """Numba's parallel transformations fail on the program, as they do on some that Numba compiles without them."""


@dataclass(frozen=True)
class Verdict:
    """``right``, ``refused`` (a named error of ours), ``uncompiled`` (Numba's own), ``wrong``, ``crash`` (anything else) or
    ``invalid``."""

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
    except (Invalid, Uncompiled) as error:
        return Verdict(type(error).__name__.lower(), str(error))
    except Exception as error:
        return Verdict("crash", f"{type(error).__name__} at {place(error)}: {error}")
    return Verdict("right")


def place(error: Exception) -> str:
    """File and line where an exception was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rsplit('/', 1)[-1]} line {last.lineno}"


def compare(program: Program) -> None:
    reference, function = differentiate(program.source, program.arguments, program.single), program.compiled()
    check_primal(program, function, reference)
    generator = np.random.default_rng(program.seed)
    check_gradient(program, function, reference)
    check_one_alone(program, function, reference, generator)
    check_tangent(program, function, reference, generator)
    check_shadows(program, function, reference, generator)


def expect(what: str, got: Any, expected: Any, program: Program, is_rounded: Any = False) -> None:
    """Agreement relative to the largest entry; single precision is compared with a reference in double. ``is_rounded``: where
    what was got comes from memory of single precision although the program computes in double."""
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    precision = 1e-3 if program.single else np.where(is_rounded, 1e-6, 1e-9)
    tolerance = precision * (1.0 + np.abs(expected).max(initial=0.0))
    if got.shape != expected.shape or not np.all(np.abs(got - expected) <= tolerance):
        raise Wrong(f"{what}: expected {expected.tolist()}, got {got.tolist()}")


def check_primal(program: Program, function: Any, reference: Derivative) -> None:
    try:
        expect("primal", function(*fresh(program)), reference.value, program)
    except Exception as error:
        failed = Uncompiled if program.options.get("parallel") and not function.signatures else Invalid
        raise failed(f"{type(error).__name__}: {error}") from error


def split(program: Program, jacobian: np.ndarray) -> list[np.ndarray]:
    """The last axis of a Jacobian, cut into one piece for each argument."""
    return np.split(jacobian, np.cumsum([numbers(value).size for value in program.arguments])[:-1], axis=-1)


def active(program: Program) -> list[int]:
    return [i for i, value in enumerate(program.arguments) if numbers(value).size]


def expect_mirror(what: str, got: Any, value: Any, expected: np.ndarray, program: Program) -> None:
    """A gradient or a shadow has the structure and the precision of its argument, ``None`` at integers."""
    pairs = zip(leaves(value), leaves(got if isinstance(value, tuple) else flattened(got)), strict=True)
    for before, after in pairs:
        if not differentiable(before):
            continue
        if np.asarray(after).dtype != np.asarray(before).dtype and isinstance(before, np.ndarray):
            raise Wrong(f"{what} is of {np.asarray(after).dtype}")
    expect(what, numbers(flattened(got)), expected, program)


def flattened(tree: Any) -> Any:
    """Typed lists as lists."""
    return list(tree) if isinstance(tree, List) else tree


def check_gradient(program: Program, function: Any, reference: Derivative) -> None:
    arguments = fresh(program)
    gradient = dp.value_and_grad(function, argnums=tuple(active(program)))
    value, gradients = gradient(*arguments)
    expect("value", value, reference.value, program)
    expected = split(program, reference.gradient)
    for i, got in zip(active(program), gradients, strict=True):
        expect_mirror(f"gradient of argument {i}", got, program.arguments[i], expected[i], program)
    if not unchanged(program.arguments, tuple(map(flattened, arguments))):
        raise Wrong("grad changed an argument")
    assert_balanced("the gradient", lambda: gradient(*arguments))


def check_one_alone(program: Program, function: Any, reference: Derivative, generator: np.random.Generator) -> None:
    """The gradient with respect to one argument, all others constant."""
    position = int(generator.choice(active(program)))
    got = dp.grad(function, argnums=position)(*fresh(program))
    expected = split(program, reference.gradient)[position]
    expect_mirror(f"gradient of argument {position} alone", got, program.arguments[position], expected, program)


def random_trees(program: Program, generator: np.random.Generator) -> list[Any]:
    """Random numbers for each argument, ``None`` for integers, and for lists: only gradients take those."""
    return [
        None if isinstance(value, list) else with_numbers(value, generator.uniform(-1.0, 1.0, numbers(value).size))
        for value in program.arguments
    ]


def directions(program: Program, trees: list[Any]) -> np.ndarray:
    """The numbers of such trees in the order of the reference, zero where there is none."""
    pairs = zip(program.arguments, trees, strict=True)
    return np.concatenate([numbers(tree) if tree is not None else np.zeros(numbers(value).size) for value, tree in pairs])


def check_tangent(program: Program, function: Any, reference: Derivative, generator: np.random.Generator) -> None:
    tangents = random_trees(program, generator)
    _, tangent = dp.jvp(function, fresh(program), tuple(tangents))
    expect("tangent", tangent, reference.gradient @ directions(program, tangents), program)


def is_memory(value: Any) -> bool:
    """Whether the low-level call takes a shadow of an argument: one that is made of arrays alone."""
    return any(map(differentiable, leaves(value))) and all(
        isinstance(leaf, np.ndarray) or not differentiable(leaf) for leaf in leaves(value)
    )


def annotated(program: Program, arguments: tuple[Any, ...], shadows: list[Any]) -> list[Any]:
    """Memory with its shadow, numbers by value; a tuple of both can only be constant."""

    def annotate(value: Any, shadow: Any) -> Any:
        if shadow is None or not any(map(differentiable, leaves(value))):
            return dp.Const(value)
        if is_memory(value):
            return dp.Duplicated(value, shadow)
        return dp.Const(value) if any(isinstance(leaf, np.ndarray) for leaf in leaves(value)) else dp.Active(value)

    return [annotate(*pair) for pair in zip(arguments, shadows, strict=True)]


def check_shadows(program: Program, function: Any, reference: Derivative, generator: np.random.Generator) -> None:
    """The low-level call with random shadows: seeds of what is written, sums for what is read."""
    arguments, shadows, seed = fresh(program), random_trees(program, generator), float(generator.uniform(-1.0, 1.0))
    annotations = annotated(program, arguments, shadows)
    expected = seed * reference.gradient
    for annotation, shadow, (_, jacobian) in zip(annotations, shadows, reference.after, strict=True):
        if isinstance(annotation, dp.Duplicated):
            expected = expected + numbers(shadow) @ jacobian
    _, cotangents = dp.autodiff(dp.Reverse, function, *annotations, seed=seed)
    parts = split(program, expected)
    for i, annotation in enumerate(annotations):
        if not isinstance(annotation, dp.Const):
            found = shadows[i] if isinstance(annotation, dp.Duplicated) else cotangents[i]
            expect(f"shadow of argument {i}", numbers(found), parts[i], program, is_rounded(found))
    for i in active(program):
        if is_memory(program.arguments[i]):
            expect(f"argument {i} afterwards", numbers(arguments[i]), reference.after[i][0], program)
