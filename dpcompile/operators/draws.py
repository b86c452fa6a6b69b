"""The same random numbers in each of several sweeps through one function.

Requires: draws from the states of ``random`` and ``np.random`` in Numba; generators that are arguments have no state here.
Ensures:  what ``saved`` gives holds both states of this thread; ``restored`` puts them back.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.cpython.randomimpl import get_state_ptr, rnd_state_t
from numba.extending import intrinsic

from ..errors import UnsupportedError
from ..frontend.structure import Names
from ..targets.cpu import CompiledDerivative

_SEVERAL = ("several sweeps of forward mode would each draw their own random numbers from a generator; use reverse mode, or "
            "draw them outside")
_STATES = ("py", "np")
#: Bytes of a state, in Numba's ``_random.h``: an index, 624 words, a flag, a double and another flag.
BYTES = 2520


def _copying(back: bool):
    """Copies the states into an array of bytes, or back."""
    @intrinsic
    def copy(typing_context, memory):
        def codegen(context, builder, sig, args):
            array = context.make_array(sig.args[0])(context, builder, args[0])
            assert context.get_abi_sizeof(rnd_state_t) == BYTES
            for number, name in enumerate(_STATES):
                state = builder.bitcast(get_state_ptr(context, builder, name), array.data.type)
                place = cgutils.gep(builder, array.data, number * BYTES)
                target, source = (state, place) if back else (place, state)
                cgutils.raw_memcpy(builder, target, source, cgutils.intp_t(BYTES), 1)

        return signature(types.none, memory), codegen

    return copy


_save, _restore = _copying(back=False), _copying(back=True)


@njit
def saved():
    memory = np.empty(len(_STATES) * BYTES, np.uint8)
    _save(memory)
    return memory


@njit
def restored(memory):
    _restore(memory)


def before(derivative: CompiledDerivative, names: Names) -> list[str]:
    """Lines in front of the first of several sweeps."""
    if not derivative.derivative.draws:
        return []
    names.update(saved=saved, restored=restored)
    return ["states = saved()"]


def again(derivative: CompiledDerivative, names: Names, is_first: str) -> list[str]:
    """Lines in front of each sweep.  A generator that is an argument keeps its state to itself: one sweep is all it gives."""
    lines = ["restored(states)"] if derivative.derivative.draws else []
    if from_generators(derivative):
        names.update(UnsupportedError=UnsupportedError)
        lines = [f"raise UnsupportedError({_SEVERAL!r})"]
    return [f"if not {is_first}:", *(f"    {line}" for line in lines)] if lines else []


def from_generators(derivative: CompiledDerivative) -> bool:
    """Whether the function may draw from a generator among its arguments, or within one that is no plain value."""
    plain = all(map(_is_plain, derivative.primal.signature.args))
    return derivative.derivative.calls_pointers and not plain


def _is_plain(ty: types.Type) -> bool:
    if isinstance(ty, types.BaseTuple):
        return all(map(_is_plain, ty))
    return isinstance(ty, types.Number | types.Boolean | types.NoneType | types.Array | types.UnicodeType | types.Dispatcher)
