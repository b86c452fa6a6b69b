"""Derivatives of unchanged Numba functions: ``import dpcompile as dp``."""
from . import backends, cuda, errors
from . import rules as _rules  # noqa: F401  registers them
from .annotations import Active, Const, Duplicated, Forward, Reverse
from .checkpoint import checkpoint
from .config import config
from .custom import custom_jvp, custom_vjp, hook, register_jvp, register_vjp, stop_gradient
from .explain import explain
from .implicit import fixed_point, implicit_root
from .jit import jit
from .operators import inside as _inside  # noqa: F401  registers the transforms with Numba
from .operators.autodiff import autodiff
from .operators.gradient import grad, value_and_grad
from .operators.hessian import hessian, hvp, value_gradient_and_hessian
from .operators.jacobian import jacfwd, jacobian, jacrev
from .operators.lazy import lazy_hessian, lazy_jacobian
from .operators.products import jvp, vjp
from .operators.pushforward import derivative
from .operators.sparse import sparsity
from .testing import check_grads

__all__ = [
    "Active",
    "Const",
    "Duplicated",
    "Forward",
    "Reverse",
    "autodiff",
    "backends",
    "check_grads",
    "checkpoint",
    "config",
    "cuda",
    "custom_jvp",
    "custom_vjp",
    "derivative",
    "errors",
    "explain",
    "fixed_point",
    "grad",
    "hessian",
    "hook",
    "hvp",
    "implicit_root",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "lazy_hessian",
    "lazy_jacobian",
    "register_jvp",
    "register_vjp",
    "sparsity",
    "stop_gradient",
    "value_and_grad",
    "value_gradient_and_hessian",
    "vjp",
]
