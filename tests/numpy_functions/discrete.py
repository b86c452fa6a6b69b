"""Functions of truth values, bits, integers and types, at work on active data."""
from .row import M, Row, V, X, discrete

_OF_TWO = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
_OF_ONE = ("isfinite", "isinf", "isnan", "signbit", "isneginf", "isposinf", "isreal", "iscomplex", "logical_not")
_BITS = ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "gcd", "lcm",
         "bitwise_left_shift", "bitwise_right_shift")
_LOGICAL = ("logical_and", "logical_or", "logical_xor")


def _rows() -> list[Row]:
    made = [discrete(f"np.where(np.{name}(a, b), a * b, 2.0 * a)", f"np.{name}", a=V, b=V, broadcasts=True)
            for name in _OF_TWO]
    made += [discrete(f"np.where(np.{name}(a), a * a, 2.0 * a)", f"np.{name}", a=V.within(-1.3, 1.2)) for name in _OF_ONE]
    made += [discrete(f"np.{name}(np.array([1, 6, 3, 4, 9]), 3) * a", f"np.{name}", a=V, takes_empty=False) for name in _BITS]
    made += [discrete(f"a[np.{name}(a > 0.9, a < 1.2)]", f"np.{name}", a=V) for name in _LOGICAL]
    return made


ROWS = (
    *_rows(),
    *(discrete(f"np.{name}(np.array([1, 6, 3, 4, 9])) * a", f"np.{name}", a=V, takes_empty=False)
      for name in ("invert", "bitwise_not", "bitwise_invert")),
    discrete("a * np.all(a > 0.1)", "np.all", a=V),
    discrete("a * np.any(a > 1.2)", "np.any", a=V),
    discrete("a * np.allclose(a, b)", "np.allclose", a=V, b=V),
    discrete("a * np.isclose(a, b)", "np.isclose", a=V, b=V),
    discrete("np.where(np.isclose(x, y), x, y)", "np.isclose", x=X, y=X),
    discrete("a if np.array_equal(a, b) else 2.0 * b", "np.array_equal", a=V, b=V),
    discrete("a * np.iscomplexobj(a)", "np.iscomplexobj", a=V),
    discrete("a * np.isrealobj(a)", "np.isrealobj", a=V),
    discrete("x * np.isscalar(x)", "np.isscalar", x=X),
    discrete("a * np.shape(a)[1]", "np.shape", a=M),
    discrete("a * np.size(a)", "np.size", a=M),
    discrete("a * np.isnat(np.array([np.datetime64('nat')]))", "np.isnat", a=V),
)
