"""What becomes of the derivative of one row in one variant.

``outcome`` gives YES where everything agrees, REFUSED where a named error says that there is no derivative, ABSENT where
Numba does not compile the call itself or the variant does not apply; anything else is an assertion that fails.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

import dpcompile as dp
from tests.kernels.trees import flat, frozen, inner, moved, random_like, size

from .row import Row
from .variants import VARIANTS, Arguments, reversed_view

YES, REFUSED, ABSENT = "yes", "refused", "—"
#: Central differences of eighth order: the weights of f(x + kh) - f(x - kh), k = 1..4, over h.
WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
#: The step of differences, and how well they and values must agree, where all is double and where something is single.
DOUBLE, SINGLE = (1e-3, 1e-9), (2e-2, 3e-4)
#: How Numba says that it has no such function, or not for these types.
ABSENCE = NumbaError, NotImplementedError


def outcome(row: Row, variant: str) -> str:
    """Takes the derivatives."""
    chosen = VARIANTS[variant]
    if not chosen.applies(row):
        return ABSENT
    check = {"empty": _check_empty}.get(variant, _check)
    found = {check(row, arguments, variant) for arguments in chosen.arguments(row)}
    return next(word for word in (REFUSED, YES, ABSENT) if word in found)


def _check(row: Row, arguments: Arguments, variant: str) -> str:
    try:
        value, pullback = (_strided_vjp if variant == "strided" else dp.vjp)(row.function, *arguments)
    except dp.errors.DifferentiationError as error:
        return _refusal(error)
    except ABSENCE:
        assert not _compiles(row, arguments), f"{row}: Numba compiles the call and not its derivative"
        return ABSENT
    generator = np.random.default_rng(5)
    seed, tangents = random_like(value, generator), random_like(arguments, generator)
    before = frozen(arguments)
    cotangents = pullback(seed)
    assert frozen(pullback(seed)) == frozen(cotangents), f"{row}: a second pullback differs"
    assert frozen(arguments) == before, f"{row}: an argument changed"
    _against_differences(row, arguments, value, seed, tangents, cotangents)
    if variant == "contiguous":
        _against_jvp(row, arguments, value, seed, tangents, cotangents)
    return YES


def _refusal(error: Exception) -> str:
    assert not isinstance(error, dp.errors.InternalError), error
    return REFUSED


def _strided_vjp(function: Any, *arguments: Any) -> tuple[Any, Callable[[Any], tuple]]:
    """``dp.vjp``, which would copy strided arrays: by the low-level call, with shadows of the same strides."""
    def pullback(seed: Any) -> tuple:
        shadows = list(map(_shadow, arguments))
        annotated = [dp.Active(value) if shadow is None else dp.Duplicated(value, shadow)
                     for value, shadow in zip(arguments, shadows, strict=True)]
        _, cotangents = dp.autodiff(dp.Reverse, function, *annotated, seed=seed)
        return tuple(number if shadow is None else shadow for number, shadow in zip(cotangents, shadows, strict=True))

    value = function(*arguments)
    pullback(random_like(value, np.random.default_rng(4)))
    return value, pullback


def _shadow(value: Any) -> Any:
    """Zeros in the layout of an array."""
    if not isinstance(value, np.ndarray):
        return None
    zeros = np.zeros_like(value)
    return zeros if value.flags.forc else reversed_view(zeros)


def _against_differences(row: Row, arguments: Arguments, value, seed, tangents, cotangents) -> None:
    """Differences of the function of doubles, whatever the precision of the derivative."""
    wide = tuple(map(_doubled, arguments))
    reference = row.function(*wide)
    is_single = row.rounds or any(np.asarray(a).dtype == np.float32 for a in arguments)
    tolerance = (SINGLE if is_single else DOUBLE)[1]
    np.testing.assert_allclose(flat(value), flat(reference), rtol=tolerance, atol=tolerance, err_msg=str(row))
    found = inner(cotangents, tangents)
    scale = size(cotangents, tangents) + size(seed, reference)
    expected = _difference(row, wide, tuple(map(_doubled, tangents)), seed, (SINGLE if row.rounds else DOUBLE)[0])
    assert abs(found - expected) <= tolerance * scale, f"{row}: the cotangent gives {found}, differences {expected}"


def _difference(row: Row, arguments: Arguments, tangents: Arguments, seed, h: float) -> float:
    def at(step: float) -> float:
        return inner(seed, row.function(*moved(tuple(map(_doubled, arguments)), tangents, step)))

    return sum(w * (at(k * h) - at(-k * h)) for k, w in enumerate(WEIGHTS, 1)) / h


def _doubled(value: Any) -> Any:
    """A copy in double precision and C order."""
    if value is None:
        return None
    wide = np.array(value, np.result_type(value, np.float64))
    return wide if isinstance(value, np.ndarray) else wide.item()


def _against_jvp(row: Row, arguments: Arguments, value, seed, tangents, cotangents) -> None:
    _, tangent = dp.jvp(row.function, arguments, tangents)
    found, expected = inner(seed, tangent), inner(cotangents, tangents)
    scale = size(cotangents, tangents) + size(seed, value)
    tolerance = SINGLE[1] if row.rounds else 1e-12
    assert abs(found - expected) <= tolerance * scale, f"{row}: the tangent gives {found}, the cotangent {expected}"


def _check_empty(row: Row, arguments: Arguments, variant: str) -> str:
    """The same value or exception as the primal; cotangents of the shape of the arguments."""
    try:
        expected, exception = row.function(*arguments), None
    except ABSENCE:
        return ABSENT
    except Exception as raised:
        expected, exception = None, raised
    try:
        value, pullback = dp.vjp(row.function, *arguments)
    except dp.errors.DifferentiationError as error:
        return _refusal(error)
    except Exception as raised:
        assert type(raised) is type(exception) and raised.args == exception.args, f"{row}: {raised!r}, not {exception!r}"
        return YES
    assert exception is None, f"{row}: no {exception!r}"
    np.testing.assert_array_equal(flat(value), flat(expected), err_msg=str(row))
    cotangents = pullback(random_like(value, np.random.default_rng(5)))
    shapes = [np.shape(cotangent) for cotangent in cotangents]
    assert shapes == [np.shape(argument) for argument in arguments], f"{row}: cotangents of shapes {shapes}"
    return YES


def _compiles(row: Row, arguments: Arguments) -> bool:
    try:
        row.function(*arguments)
    except ABSENCE:
        return False
    return True
