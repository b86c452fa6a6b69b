"""Functions that rearrange, join and repeat elements."""
from .row import B, M, S, V, X, row

_OF_ONE = {
    "atleast_1d(a)": V, "atleast_2d(a)": V, "atleast_3d(a)": M, "copy(a)": M, "diag(a)": V, "diag(a, 1)": M,
    "diagflat(a)": V, "expand_dims(a, 1)": V, "flip(a)": M, "fliplr(a)": M, "flipud(a)": M, "moveaxis(a, 0, 2)": B,
    "permute_dims(a)": B, "permute_dims(a, (2, 0, 1))": B, "ravel(a)": M, "repeat(a, 3)": V, "roll(a, 2)": V, "rot90(a)": M,
    "swapaxes(a, 0, 1)": M, "transpose(a)": B, "tril(a)": S, "triu(a, 1)": S, "asarray(a)": M, "ascontiguousarray(a)": M,
    "asfortranarray(a)": M, "broadcast_to(a, (2, 5))": V, "asarray_chkfinite(a)": V,
}
_STACKS = ("vstack", "hstack", "dstack", "column_stack", "stack")
_SPLITS = {"split": V, "array_split": V, "hsplit": M, "vsplit": M, "dsplit": B}
_SPLIT_IN = {"np.split": 5, "np.array_split": 2, "np.hsplit": 2, "np.vsplit": 3, "np.dsplit": 2}

ROWS = (
    *(row(f"np.{text} * 2.0", f"np.{text.partition('(')[0]}", a=given, takes_complex=True,
          takes_empty="broadcast" not in text) for text, given in _OF_ONE.items()),
    *(row(f"np.{name}((a, b * b))", a=M, b=M, takes_complex=True) for name in _STACKS),
    *(row(f"np.{name}((a, b * b))", a=V, b=V) for name in _STACKS),
    row("np.row_stack((a, b * b))", a=M, b=M),
    row("np.stack((a, b), axis=1)", a=V, b=V),
    row("np.concatenate((a, b, a * b))", a=V, b=V, takes_complex=True),
    row("np.concatenate((a, b), axis=1)", a=M, b=M),
    row("np.append(a, b)", a=V, b=V),
    row("np.append(a, x)", a=V, x=X),
    row("np.append(a, b, axis=0)", a=M, b=M),
    *(row(f"parts = np.{name}(a, {_SPLIT_IN[f'np.{name}']})\nreturn parts[0] * 2.0, parts[1] * parts[1]", f"np.{name}",
          a=given, takes_empty=False) for name, given in _SPLITS.items()),
    row("total = 0.0\nfor part in np.array_split(a, 3):\n    total += part.sum() ** 2\nreturn total", "np.array_split", a=V),
    row("np.reshape(a, (4, 3)) * 2.0", "np.reshape", a=M, takes_complex=True, takes_empty=False),
    row("np.reshape(a, 12) * 2.0", "np.reshape", a=M, takes_empty=False),
    row("np.resize(a, (2, 4))", a=V),
    row("np.repeat(a, np.array([1, 0, 2, 3, 1]))", a=V, takes_empty=False),
    row("np.delete(a, 1)", a=V, takes_empty=False),
    row("np.delete(a, np.array([0, 3]))", a=V, takes_empty=False),
    row("np.insert(a, 1, x)", a=V, x=X, takes_empty=False),
    row("b, c = np.broadcast_arrays(a, x)\nreturn b * c", "np.broadcast_arrays", a=M, x=X),
    row("a * np.ones(np.broadcast_shapes((3, 1), (4,)))", "np.broadcast_shapes", a=M, discrete=True, takes_empty=False),
    row("b = np.empty_like(a)\nfor i, value in np.ndenumerate(a):\n    b[i] = value * (i[0] + 1)\nreturn b", "np.ndenumerate",
        a=M, takes_complex=True),
    row("b = np.empty_like(a)\nfor i in np.ndindex(a.shape):\n    b[i] = a[i] * a[i]\nreturn b", "np.ndindex", a=M),
    row("total = 0.0\nfor value in np.nditer(a):\n    total += value.item() ** 2\nreturn total", "np.nditer", a=M),
    row("b = np.empty_like(a)\nfor u, v, w in np.nditer((a, x, b)):\n    w[()] = u.item() * v.item()\nreturn b", "np.nditer",
        a=M, x=X),
    row("b = a * 1.0\nnp.fill_diagonal(b, x)\nreturn b", "np.fill_diagonal", a=S, x=X),
    row("b = a * 1.0\nnp.fill_diagonal(b, c)\nreturn b", "np.fill_diagonal", a=S, c=V, takes_empty=False),
)
