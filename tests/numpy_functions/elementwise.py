"""Functions of each element: ufuncs, and what is like them."""
from .row import Row, V, X, row

POSITIVE, SIGNED, UNIT, WIDE = V, V.within(-2.4, 2.1), V.within(-0.9, 0.9), V.within(1.2, 3.9)

#: Ufuncs of one array, by where they are defined; those of complex numbers too.
_OF_ANY = {
    "absolute": SIGNED, "arccos": UNIT, "arccosh": WIDE, "arcsin": UNIT, "arcsinh": SIGNED, "arctan": SIGNED,
    "arctanh": UNIT, "conjugate": SIGNED, "cos": SIGNED, "cosh": SIGNED, "exp": SIGNED, "exp2": SIGNED, "expm1": SIGNED,
    "log": POSITIVE, "log10": POSITIVE, "log1p": POSITIVE, "log2": POSITIVE, "negative": SIGNED, "positive": SIGNED,
    "reciprocal": POSITIVE, "rint": SIGNED, "sign": SIGNED, "sin": SIGNED, "sinh": SIGNED, "sqrt": POSITIVE,
    "square": SIGNED, "tan": UNIT, "tanh": UNIT, "angle": SIGNED, "imag": SIGNED, "real": SIGNED, "sinc": POSITIVE,
    "nan_to_num": SIGNED, "around": SIGNED, "round": SIGNED,
}
_OF_REAL = {
    "cbrt": SIGNED, "ceil": SIGNED, "deg2rad": SIGNED, "degrees": SIGNED, "fabs": SIGNED, "floor": SIGNED,
    "rad2deg": SIGNED, "radians": SIGNED, "spacing": POSITIVE, "trunc": SIGNED,
}
#: Ufuncs of two arrays.
_OF_TWO = {
    "add": (SIGNED, SIGNED), "subtract": (SIGNED, SIGNED), "multiply": (SIGNED, SIGNED), "true_divide": (SIGNED, POSITIVE),
    "divide": (SIGNED, POSITIVE), "power": (POSITIVE, SIGNED),
}
_OF_TWO_REAL = {
    "arctan2": (SIGNED, SIGNED), "copysign": (SIGNED, SIGNED), "float_power": (POSITIVE, SIGNED),
    "floor_divide": (V.within(3.1, 3.9), V.within(0.91, 0.95)), "fmax": (SIGNED, SIGNED), "fmin": (SIGNED, SIGNED),
    "fmod": (V.within(4.2, 4.7), V.within(0.95, 1.0)), "hypot": (SIGNED, SIGNED), "logaddexp": (SIGNED, SIGNED),
    "logaddexp2": (SIGNED, SIGNED), "maximum": (SIGNED, SIGNED), "minimum": (SIGNED, SIGNED),
    "mod": (V.within(4.2, 4.7), V.within(0.95, 1.0)), "nextafter": (POSITIVE, WIDE), "pow": (POSITIVE, SIGNED),
    "remainder": (V.within(-4.7, -4.2), V.within(0.95, 1.0)),
}


def _rows() -> list[Row]:
    made = [row(f"np.{name}(a)", a=domain, takes_complex=domain_set is _OF_ANY)
            for domain_set in (_OF_ANY, _OF_REAL) for name, domain in domain_set.items()]
    made += [row(f"np.{name}(a, b)", a=a, b=b, takes_complex=pairs is _OF_TWO, broadcasts=True)
             for pairs in (_OF_TWO, _OF_TWO_REAL) for name, (a, b) in pairs.items()]
    return made


ROWS = (
    *_rows(),
    row("q, r = np.divmod(a, b)\nreturn q * b, r", "np.divmod", a=V.within(4.2, 4.7), b=V.within(0.95, 1.0), broadcasts=True),
    row("np.clip(a, 0.7, 1.3)", a=V.within(0.3, 1.7)),
    row("np.clip(a, b, c)", a=V.within(0.3, 1.7), b=V.within(0.3, 1.7), c=V.within(0.3, 1.7)),
    row("np.where(a > 1.0, a * a, 3.0 * a)", a=V, takes_complex=False),
    row("np.where(a > b, a, b * b)", a=V, b=V, broadcasts=True),
    row("np.where(a > 1.0, x, a)", a=V, x=X),
    row("np.ldexp(a, np.array([1, -2, 0, 3, 2]))", a=V, takes_empty=False),
    row("np.nan_to_num(a / (a - a[1]), nan=2.0, posinf=3.0, neginf=4.0)", a=V, takes_empty=False),
    row("np.unwrap(4.0 * a)", a=V.within(0.0, 6.0)),
    row("np.select([a > 1.2, a > 0.8], [a * a, 2.0 * a], 0.0)", a=V),
    row("np.select([a > b, a < b], [a, b * b], x)", a=V, b=V, x=X),
    row("np.float_power(x, a)", a=V, x=X),
    row("np.sinc(x)", x=X),
    row("np.sign(x) * x", x=X.within(-1.0, -0.5)),
)
