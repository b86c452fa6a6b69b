"""Derivatives of unchanged Numba functions: ``import dpcompile as dp``."""
from . import errors
from .annotations import Active, Const, Duplicated, Forward, Reverse
from .config import config
from .explain import explain
from .jit import jit
from .operators import inside as _inside  # noqa: F401  registers the transforms with Numba
from .operators.autodiff import autodiff
from .operators.gradient import grad, value_and_grad
from .operators.products import jvp, vjp
from .operators.pushforward import derivative
from .testing import check_grads

__all__ = [
    "Active",
    "Const",
    "Duplicated",
    "Forward",
    "Reverse",
    "autodiff",
    "check_grads",
    "config",
    "derivative",
    "errors",
    "explain",
    "grad",
    "jit",
    "jvp",
    "value_and_grad",
    "vjp",
]
