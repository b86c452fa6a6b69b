"""Zeroed arrays in the layout of others.

Requires: an array of Numba's.
Ensures:  what ``np.zeros_like`` gives, without the functions that Numba would compile for that and for each type of array anew:
          they took longer than the gradient of a small kernel.
"""
from __future__ import annotations

from numba.core import cgutils, types
from numba.core.imputils import impl_ret_new_ref
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numba.np import arrayobj


@intrinsic
def zeros_like(typing_context, array):
    """A new array of zeros, contiguous where the other is not; else in its order."""
    if not isinstance(array, types.Array):
        return None
    made = array.copy(layout="C" if array.layout == "A" else array.layout, readonly=False)

    def codegen(context, builder, sig, args):
        like = arrayobj.make_array(array)(context, builder, value=args[0])
        result = arrayobj._empty_nd_impl(context, builder, made, cgutils.unpack_tuple(builder, like.shape))
        cgutils.memset(builder, result.data, builder.mul(result.itemsize, result.nitems), 0)
        return impl_ret_new_ref(context, builder, made, result._getvalue())

    return signature(made, array), codegen
