"""Stencils that ``numba.stencil`` made, called from a kernel.

Requires: a typing and a target context of one target.
Ensures:  a call of the stencil compiles as Numba compiles it, for that target: the loop around its kernel is Numba's own.
"""
from __future__ import annotations

import copy

from numba.core import typing
from numba.core.base import BaseContext
from numba.core.typing.templates import AbstractTemplate
from numba.stencils.stencil import StencilFunc, StencilFuncLowerer


def is_stencil(value: object) -> bool:
    return isinstance(value, StencilFunc)


def install(stencil: StencilFunc, typing_context: typing.Context, target_context: BaseContext) -> None:
    """Makes ``stencil`` known to both contexts: Numba's own knows those of the CPU alone."""
    mirror = copy.copy(stencil)
    mirror._typingctx, mirror._targetctx, mirror._type_cache = typing_context, target_context, {}
    mirror._lower_me = StencilFuncLowerer(mirror)
    template = type(f"TypingOfStencil{stencil.id}", (AbstractTemplate,), {"key": mirror, "generic": _typed(mirror)})
    typing_context.insert_user_function(stencil, template)


def _typed(mirror: StencilFunc):
    return lambda self, arguments, keywords: mirror._type_me(arguments, keywords)
