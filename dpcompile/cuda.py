"""``dp.cuda``: derivatives of kernels for NVIDIA's GPUs.

Requires: numba-cuda (``pip install 'dpcompile[cuda]'``); neither a GPU nor a driver for ``compile`` and ``simulate``.
"""
from __future__ import annotations

from .operators.kernel import compile_ptx as compile
from .operators.kernel import grad, jit, jvp
from .operators.simulation import simulate

__all__ = ["compile", "grad", "jit", "jvp", "simulate"]
