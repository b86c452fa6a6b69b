"""The functions of ``math`` and ``cmath``, and Python's own, of numbers."""
from .row import X, discrete, row

SIGNED, UNIT, WIDE = X.within(0.3, 2.1), X.within(0.2, 0.9), X.within(1.2, 3.9)
_REAL = {
    "acos": UNIT, "acosh": WIDE, "asin": UNIT, "asinh": SIGNED, "atan": SIGNED, "atanh": UNIT, "ceil": UNIT, "cos": SIGNED,
    "cosh": SIGNED, "degrees": SIGNED, "erf": SIGNED, "erfc": SIGNED, "exp": SIGNED, "exp2": SIGNED, "expm1": SIGNED,
    "fabs": SIGNED, "floor": UNIT, "gamma": WIDE, "lgamma": WIDE, "log": SIGNED, "log10": SIGNED, "log1p": SIGNED,
    "log2": SIGNED, "radians": SIGNED, "sin": SIGNED, "sinh": SIGNED, "sqrt": SIGNED, "tan": UNIT, "tanh": SIGNED,
    "trunc": UNIT,
}
_TWO = {"atan2": (SIGNED, SIGNED), "copysign": (SIGNED, SIGNED), "hypot": (SIGNED, SIGNED), "pow": (SIGNED, SIGNED),
        "nextafter": (SIGNED, WIDE)}
_COMPLEX = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log", "log10", "phase", "sin", "sinh",
            "sqrt", "tan", "tanh")
Z = {"x": X.within(0.3, 0.8), "y": X.within(0.2, 0.7)}

ROWS = (
    *(row(f"math.{name}(x) * x", f"math.{name}", x=domain) for name, domain in _REAL.items()),
    *(row(f"math.{name}(x, y)", x=one, y=other) for name, (one, other) in _TWO.items()),
    row("m, e = math.frexp(x)\nreturn m * e", "math.frexp", x=X.within(1.1, 1.9)),
    row("math.ldexp(x, 3)", x=X),
    *(discrete(f"x * math.{name}(x)", f"math.{name}", x=X) for name in ("isfinite", "isinf", "isnan")),
    discrete("x * math.gcd(6, 4)", "math.gcd", x=X),
    *(row(f"z = cmath.{name}(complex(x, y))\nreturn z.real, z.imag", f"cmath.{name}", **Z) for name in _COMPLEX),
    row("r, angle = cmath.polar(complex(x, y))\nreturn r * angle", "cmath.polar", **Z),
    row("cmath.rect(x, y)", **Z),
    *(discrete(f"x * cmath.{name}(complex(x, y))", f"cmath.{name}", **Z) for name in ("isfinite", "isinf", "isnan")),
    row("abs(-x) + max(x, y) * min(x, y) + sum((x, y)) + pow(x, y)", "abs", **Z),
    row("round(x) * y + int(x + 1.0) * x + divmod(x + 1.0, y)[1]", "round", x=X.within(0.55, 0.6), y=X.within(0.5, 0.51)),
    row("(x ** 2) * (y ** x) + x % y + x // y", "operators", x=X.within(0.6, 0.65), y=X.within(0.5, 0.51)),
    row("z = complex(x, y)\nreturn z * z / (z + 1.0) - z ** 3 + z.conjugate() * abs(z)", "operators", **Z),
)
