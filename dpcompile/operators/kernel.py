"""Derivatives of kernels for GPUs, and what of them there is without a launch.

Requires: a kernel that a front end knows.
Ensures:  code is made once for each combination of argument types and annotations.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from numba.core import types

from ..annotations import Active, Const, Duplicated
from ..errors import AnnotationError
from ..frontend.activity import holds_arrays, is_differentiable
from ..targets.cuda.backend import ptx
from ..targets.cuda.frontend import DEFAULT_CC, default_frontend, frontend_of
from ..targets.cuda.kernels import CompiledKernel, compile_derivative, compile_primal
from ..targets.cuda.machine import Shape
from .launch import Launch, check_annotation

Found = TypeVar("Found", bound=Launch)
_primals: WeakKeyDictionary[Any, dict[tuple, CompiledKernel]] = WeakKeyDictionary()


class KernelDerivative:
    """A derivative of a kernel, which takes the kernel's arguments, annotated; ``mode`` is that of the pipeline.

    ``derivative[grid, block](dp.Duplicated(x, dx), n)`` launches it on the current GPU; ``stream`` and the bytes of shared
    memory may follow, as with a kernel of ``numba.cuda.jit``.
    """

    mode = ""
    what = "derivative"

    def __init__(self, kernel: Any):
        self.frontend = frontend_of(kernel)
        self.kernel = kernel
        self._compiled: dict[tuple, CompiledKernel] = {}

    @property
    def name(self) -> str:
        return self.kernel.py_func.__name__

    def __getitem__(self, configuration: tuple) -> Callable:
        from .device import configured
        return configured(self, configuration)

    def compiled(self, found: tuple[types.Type, ...], wanted: tuple[bool, ...], cc: tuple[int, int]) -> CompiledKernel:
        key = found, wanted, cc
        if key not in self._compiled:
            self._compiled[key] = compile_derivative(self.kernel, found, wanted, self.mode, cc)
        return self._compiled[key]

    def explain(self, sig: Sequence) -> str:
        """What it keeps, what it computes again and how it adds to shadows, for arguments as ``compile`` takes them."""
        annotated = [_annotated_type(entry) for entry in sig]
        code = self.compiled(tuple(ty for ty, _ in annotated), tuple(wanted for _, wanted in annotated), DEFAULT_CC)
        return str(code.derivative.report)

    def __repr__(self) -> str:
        return f"<{self.what} of the kernel {self.name}>"


class KernelGradient(KernelDerivative):
    """The kernel and its reverse sweep, in one launch where that is possible."""

    mode, what = "kernel", "gradient"


class KernelTangent(KernelDerivative):
    """The kernel, which takes tangents along."""

    mode, what = "forward", "tangent"


def jit(function: Callable | None = None, **options: Any) -> Any:
    """``numba.cuda.jit`` whose kernels carry their derivatives: ``kernel.grad``, ``kernel.jvp``."""
    if function is None:
        return partial(jit, **options)
    kernel = default_frontend().jit(function, options)
    kernel.grad, kernel.jvp = KernelGradient(kernel), KernelTangent(kernel)
    return kernel


def grad(kernel: Any) -> KernelGradient:
    """The gradient of an existing kernel: shadows are read as seeds, accumulated into and consumed."""
    return KernelGradient(kernel)


def jvp(kernel: Any) -> KernelTangent:
    """The tangent of an existing kernel: shadows hold tangents, and change as what they belong to does."""
    return KernelTangent(kernel)


def compile_ptx(kernel: Any, sig: Sequence, cc: tuple[int, int] = DEFAULT_CC) -> str:
    """PTX of a kernel, or of a derivative of one, for arguments of these types; no GPU is needed.

    ``sig`` holds Numba types. In a derivative arrays of floats have shadows and all else is constant, where an entry is not
    annotated: ``dp.Const(float64[:])``, ``dp.Active(float64)``.
    """
    if not isinstance(kernel, KernelDerivative):
        return ptx(_primal(kernel, tuple(sig), cc), cc).text
    annotated = [_annotated_type(entry) for entry in sig]
    found = tuple(ty for ty, _ in annotated)
    return ptx(kernel.compiled(found, tuple(wanted for _, wanted in annotated), cc), cc).text


def _primal(kernel: Any, found: tuple[types.Type, ...], cc: tuple[int, int]) -> CompiledKernel:
    """The kernel itself, compiled once for as long as there is one."""
    known = _primals.setdefault(kernel, {})
    if (found, cc) not in known:
        known[found, cc] = compile_primal(kernel, found, cc)
    return known[found, cc]


def _annotated_type(entry: Any) -> tuple[types.Type, bool]:
    ty = entry.value if isinstance(entry, Const | Active | Duplicated) else entry
    if not isinstance(ty, types.Type):
        raise AnnotationError(f"a signature holds Numba types, not {ty!r}")
    wanted = not isinstance(entry, Const) if isinstance(entry, Const | Active | Duplicated) else holds_arrays(ty)
    return ty, wanted and is_differentiable(ty)


def prepared(kind: type[Found], kernel: Any, grid: Shape, block: Shape, args: Sequence, cc: tuple[int, int] = DEFAULT_CC,
             **options: Any) -> Found:
    """A launch whose arguments have been checked; ``kernel`` is one, or a derivative of one."""
    annotated = tuple(a if isinstance(a, Const | Active | Duplicated) else Const(a) for a in args)
    is_derivative = isinstance(kernel, KernelDerivative)
    if not is_derivative and any(not isinstance(a, Const) for a in annotated):
        raise AnnotationError("only a derivative takes annotated arguments: simulate(dp.cuda.grad(kernel), …)")
    own = kernel.kernel if is_derivative else kernel
    frontend = frontend_of(own)
    found = tuple(frontend.typeof(a.value) for a in annotated)
    for index, (ty, argument) in enumerate(zip(found, annotated, strict=True)):
        check_annotation(ty, argument, index)
    wanted = tuple(not isinstance(a, Const) for a in annotated)
    code = kernel.compiled(found, wanted, cc) if is_derivative else _primal(own, found, cc)
    launch = kind(own.py_func.__name__, code, grid, block, annotated, isinstance(kernel, KernelTangent), **options)
    launch.prepare()
    return launch
