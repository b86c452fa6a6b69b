"""The derivative table of scalar functions: one row a function, one formula an operand.

Requires: nothing; the table is data, checked while it loads.
Ensures:  each symbol belongs to one row; each row has a domain to be tested on; each function that a formula calls
          has a row itself or a definition in ``library``, so that what the table emits can be differentiated again.

Conventions where no derivative exists: sqrt'(0) = 0; |x|' = +1 at 0; a tie of max goes to the first operand and one of
min to the second, so that min + max has partials (1, 1); where one operand of min or max is NaN the other gets 1; pow
has x-partial p x^(p-1), exactly 0 at p = 0, and p-partial 0 at every base that is not positive; hypot and atan2 have
(0, 0) at (0, 0); floor, ceil, trunc, round, rint are constant.  None says that a partial is identically zero or that
the operand is an integer.

Adding a function is adding a row; ``INACTIVE`` lists those that carry no derivative at all.  A function in neither is
an error for its caller, never a zero.  Functions of SciPy have rows of their own, in ``special``.
"""
from __future__ import annotations

import math
from itertools import product

from .expression import Predecessor, ToFloat, call, r, where, x0, x1
from .row import INTEGERS, Precision, Rule, load, nonzero, row, spell
from .special import SPECIAL_ROWS

_LN2, _LN10 = math.log(2), math.log(10)
_ASIN = 1 / call("sqrt", (1 - x0) * (1 + x0))
_ERF = 2 / math.sqrt(math.pi) * call("exp", -(x0 * x0))
_FIRST_IS_MAX = (where(x0 >= x1, 1, where(x1.is_nan(), 1, 0)), where(x0 >= x1, 0, where(x1.is_nan(), 0, 1)))
_FIRST_IS_MIN = (where(x0 < x1, 1, where(x1.is_nan(), 1, 0)), where(x0 < x1, 0, where(x1.is_nan(), 0, 1)))
_RADIUS = nonzero(call("hypot", x0, x1))
_SIGN = where(x0 < 0, -1, 1)
# r = x0 - n x1 with n an integer.  n comes from r: the rounded quotient x0 / x1 is off by one at fmod(1.0, 0.1).
_MINUS_QUOTIENT = call("rint", (r - x0) / x1)
_POWER = call("pow", x0, x1 - 1)
# 0 * x^-1 is 0 also at x = 0 and NaN; at other bases the factor stays, since d(p x^(p-1))/dp = 1/x at p = 0.
_POWER_AT_ZERO_EXPONENT = where(call("fabs", _POWER) < math.inf, _POWER, 0)
_NAN = math.nan

_ROWS = (
    # Roots and powers
    row("sqrt", "llvm.sqrt.% sqrt __nv_sqrt", (0.5 / nonzero(r),), ((0.1, 9),), kinks=(((0,), (0,)),)),
    row("cbrt", "cbrt __nv_cbrt", (1 / (3 * nonzero(r) * nonzero(r)),), ((0.1, 9),), ((-9, -0.1),),
        kinks=(((0,), (0,)),)),
    row("rsqrt", "__nv_rsqrt", (-0.5 * r / x0,), ((0.1, 9),)),
    row("rcbrt", "__nv_rcbrt", (r / (-3 * x0),), ((0.1, 9),), ((-9, -0.1),)),
    row("fdivide", "__nv_fast_fdivide", (1 / x1, -r / x1), ((-3, 3), (0.2, 3))),
    row("hypot", "hypot __nv_hypot", (x0 / nonzero(r), x1 / nonzero(r)), ((-3, 3), (-3, 3)),
        kinks=(((0, 0), (0, 0)), ((3, 0), (1, 0)))),
    row("pow", "llvm.pow.% pow __nv_pow __nv_fast_pow",
        (x1 * where(x1.equals(0), _POWER_AT_ZERO_EXPONENT, _POWER), r * call("log", where(x0 <= 0, 1, x0))),
        ((0.2, 4), (-3, 3)),
        kinks=(((0, 0), (0, 0)), ((0, 1), (1, 0)), ((0, 2), (0, 0)), ((2, 0), (0, _LN2)), ((-2, 3), (12, 0)),
                ((_NAN, 0), (0, _NAN)), ((math.inf, 0), (0, math.inf)))),
    row("powi", "llvm.powi.%.i32 __nv_powi",
        (where(ToFloat(x1).equals(0), 0, ToFloat(x1) * call("powi", x0, Predecessor(x1))), None),
        ((0.3, 3), (-4, 5)), ((-3, -0.3), (-4, 5)), kinks=(((0, 0), (0, 0)), ((0, 1), (1, 0)), ((0, 2), (0, 0)))),
    row("ldexp", "llvm.ldexp.%.@ ldexp numba_ldexp scalbn __nv_ldexp __nv_scalbn", (call("ldexp", 1, x1), None),
        ((-3, 3), (-5, 5))),
    # Exponentials and logarithms
    row("exp", "llvm.exp.% exp __nv_exp __nv_fast_exp", (r,), ((-5, 5),)),
    row("exp2", "llvm.exp2.% exp2 __nv_exp2", (_LN2 * r,), ((-5, 5),)),
    row("exp10", "llvm.exp10.% exp10 __nv_exp10 __nv_fast_exp10", (_LN10 * r,), ((-3, 3),)),
    row("expm1", "expm1 __nv_expm1", (r + 1,), ((-2, 3),)),
    row("log", "llvm.log.% log __nv_log __nv_fast_log", (1 / x0,), ((0.1, 9),)),
    row("log2", "llvm.log2.% log2 __nv_log2 __nv_fast_log2", (1 / _LN2 / x0,), ((0.1, 9),)),
    row("log10", "llvm.log10.% log10 __nv_log10 __nv_fast_log10", (1 / _LN10 / x0,), ((0.1, 9),)),
    row("log1p", "log1p __nv_log1p", (1 / (1 + x0),), ((-0.8, 5),)),
    # Trigonometric functions
    row("sin", "llvm.sin.% sin __nv_sin __nv_fast_sin", (call("cos", x0),), ((-6, 6),)),
    row("cos", "llvm.cos.% cos __nv_cos __nv_fast_cos", (-call("sin", x0),), ((-6, 6),)),
    row("tan", "llvm.tan.% tan __nv_tan __nv_fast_tan", (1 + r * r,), ((-1.4, 1.4),)),
    row("sinpi", "__nv_sinpi", (math.pi * call("cospi", x0),), ((-2, 2),)),
    row("cospi", "__nv_cospi", (-math.pi * call("sinpi", x0),), ((-2, 2),)),
    row("asin", "llvm.asin.% asin __nv_asin", (_ASIN,), ((-0.95, 0.95),)),
    row("acos", "llvm.acos.% acos __nv_acos", (-_ASIN,), ((-0.95, 0.95),)),
    row("atan", "llvm.atan.% atan __nv_atan", (1 / (1 + x0 * x0),), ((-5, 5),)),
    # Divided twice by the radius: its square would overflow and underflow.
    row("atan2", "llvm.atan2.% atan2 __nv_atan2", (x1 / _RADIUS / _RADIUS, -x0 / _RADIUS / _RADIUS),
        ((0.2, 3), (-3, 3)), ((-3, -0.2), (-3, 3)), ((-3, 3), (0.2, 3)), kinks=(((0, 0), (0, 0)),)),
    # Hyperbolic functions
    row("sinh", "llvm.sinh.% sinh __nv_sinh", (call("cosh", x0),), ((-4, 4),)),
    row("cosh", "llvm.cosh.% cosh __nv_cosh", (call("sinh", x0),), ((-4, 4),)),
    row("tanh", "llvm.tanh.% tanh __nv_tanh", ((1 - r) * (1 + r),), ((-1.5, 1.5),)),
    # The square of x0 would overflow.
    row("asinh", "asinh __nv_asinh", (1 / call("hypot", x0, 1),), ((-5, 5),)),
    row("acosh", "acosh __nv_acosh", (1 / (call("sqrt", x0 - 1) * call("sqrt", x0 + 1)),), ((1.1, 9),)),
    row("atanh", "atanh __nv_atanh", (1 / ((1 - x0) * (1 + x0)),), ((-0.9, 0.9),)),
    # Special functions
    row("erf", "erf __nv_erf", (_ERF,), ((-2.5, 2.5),)),
    row("erfc", "erfc __nv_erfc", (-_ERF,), ((-2.5, 2.5),)),
    row("erfcx", "__nv_erfcx", (2 * x0 * r - 2 / math.sqrt(math.pi),), ((-1.5, 3),)),
    row("erfinv", "__nv_erfinv", (math.sqrt(math.pi) / 2 * call("exp", r * r),), ((-0.9, 0.9),)),
    row("erfcinv", "__nv_erfcinv", (-math.sqrt(math.pi) / 2 * call("exp", r * r),), ((0.1, 1.9),)),
    row("normcdf", "__nv_normcdf", (call("exp", -0.5 * x0 * x0) / math.sqrt(2 * math.pi),), ((-2.5, 2.5),)),
    row("normcdfinv", "__nv_normcdfinv", (math.sqrt(2 * math.pi) * call("exp", 0.5 * r * r),), ((0.1, 0.9),)),
    row("tgamma", "tgamma numba_gamma __nv_tgamma", (r * call("digamma", x0),), ((0.3, 8),), ((-1.9, -1.1),)),
    row("lgamma", "lgamma numba_lgamma __nv_lgamma", (call("digamma", x0),), ((0.3, 30),), ((-2.9, -2.1),)),
    row("digamma", "dp.digamma.%", (call("trigamma", x0),), ((0.1, 60),), ((-3.9, -3.1),)),
    row("trigamma", "dp.trigamma.%", (call("tetragamma", x0),), ((0.1, 60),), ((-3.9, -3.1),)),
    # Piecewise linear functions
    row("fabs", "llvm.fabs.% fabs __nv_fabs", (_SIGN,), ((0.1, 5),), ((-5, -0.1),),
        kinks=(((0,), (1,)), ((-0.0,), (1,)))),
    row("copysign", "llvm.copysign.% copysign __nv_copysign", (_SIGN * call("copysign", 1, x1), None),
        ((0.1, 5), (0.1, 5)), ((-5, -0.1), (0.1, 5)), ((0.1, 5), (-5, -0.1)), ((-5, -0.1), (-5, -0.1)),
        kinks=(((0, 2), (1, 0)), ((0, -2), (-1, 0)))),
    row("fmax", "llvm.maxnum.% llvm.maximum.% llvm.maximumnum.% fmax __nv_fmax", _FIRST_IS_MAX,
        ((0, 1), (2, 3)), ((2, 3), (0, 1)), kinks=(((1, 1), (1, 0)), ((_NAN, 1), (0, 1)), ((1, _NAN), (1, 0)))),
    row("fmin", "llvm.minnum.% llvm.minimum.% llvm.minimumnum.% fmin __nv_fmin", _FIRST_IS_MIN,
        ((0, 1), (2, 3)), ((2, 3), (0, 1)), kinks=(((1, 1), (0, 1)), ((_NAN, 1), (0, 1)), ((1, _NAN), (1, 0)))),
    row("fdim", "fdim __nv_fdim", (where(x0 > x1, 1, 0), where(x0 > x1, -1, 0)),
        ((0, 1), (2, 3)), ((2, 3), (0, 1)), kinks=(((1, 1), (0, 0)),)),
    row("fma", "llvm.fma.% llvm.fmuladd.% fma __nv_fma", (x1, x0, 1), ((-3, 3), (-3, 3), (-3, 3))),
    row("fmod", "fmod numba_fixed_fmod __nv_fmod", (1, _MINUS_QUOTIENT),
        ((4.1, 4.9), (0.95, 1.02)), ((-4.9, -4.1), (0.95, 1.02)), kinks=(((1.0, 0.1), (1, -9)),)),
    row("remainder", "remainder __nv_remainder", (1, _MINUS_QUOTIENT), ((3.7, 4.3), (0.97, 1.03)),
        ((-4.3, -3.7), (0.97, 1.03)), kinks=(((1.0, 0.1), (1, -10)),)),
    row("nextafter", "nextafter numba_nextafter __nv_nextafter", (1, None), ((-3, 3), (4, 5))),
    row("canonicalize", "llvm.canonicalize.% llvm.arithmetic.fence.%", (1,), ((-3, 3),)),
    # Piecewise constant functions
    row("floor", "llvm.floor.% floor __nv_floor", (None,), ((1.1, 1.9),), ((-1.9, -1.1),)),
    row("ceil", "llvm.ceil.% ceil __nv_ceil", (None,), ((1.1, 1.9),), ((-1.9, -1.1),)),
    row("trunc", "llvm.trunc.% trunc __nv_trunc", (None,), ((1.1, 1.9),), ((-1.9, -1.1),)),
    row("round", "llvm.round.% round __nv_round", (None,), ((0.6, 1.4),), ((-1.4, -0.6),)),
    row("rint", "llvm.rint.% llvm.nearbyint.% llvm.roundeven.% rint nearbyint roundeven __nv_rint __nv_nearbyint",
        (None,), ((0.6, 1.4),), ((-1.4, -0.6),)),
    row("logb", "logb __nv_logb", (None,), ((1.1, 1.9),), ((-7.9, -4.1),)),
)

#: Marks that the front end puts on numbers, for the current derivative or for all: functions that derivatives see through,
#: or do not.  ``stop``: a constant for every derivative.  ``hold``: one for the derivative that meets it, and itself from
#: then on.  ``follow``: zero, but it changes as its operand does.  ``attach``: its first operand, changing as its second.
#: ``discrete``: its operand, on which an integer depends that is drawn at random; refused where that carries a derivative.
_MARKS = (
    row("stop", "dp.stop.%", (None,), ((-3, 3),)),
    row("hold", "dp.hold.%", (None,), ((-3, 3),)),
    row("follow", "dp.follow.%", (1,), ((-3, 3),)),
    row("attach", "dp.attach.%", (None, 1), ((-3, 3), (-3, 3))),
    row("discrete", "dp.discrete.%", (None,), ((-3, 3),)),
)


#: What takes the place of ``seed * partial`` and ``seed / operand`` where the other factor may be infinite or NaN: zero
#: where the first operand is, the product in the last row where either is.
_GATES = (
    row("gated_twice", "dp.gated_twice.%", (x1, x0), ((-3, 3), (-3, 3)), is_gate=True),
    row("gated_product", "dp.gated_product.%", (x1, x0), ((-3, 3), (-3, 3)), is_gate=True),
    row("gated_quotient", "dp.gated_quotient.%", (1 / x1, where(r.equals(0), 0, -r / x1)), ((-3, 3), (0.5, 3)),
        is_gate=True),
)


RULES, _BY_SYMBOL = load(_ROWS)
MARKS, _MARKS_BY_SYMBOL = load(_MARKS)
GATES, _GATES_BY_SYMBOL = load(_GATES)
SPECIAL, _SPECIAL_BY_SYMBOL = load(SPECIAL_ROWS)

#: Rows of functions that may be infinite or NaN although their operands are finite: poles, domains, growth.
UNBOUNDED: frozenset[str] = frozenset("""rsqrt rcbrt fdivide pow powi ldexp exp exp2 exp10 expm1 log log2 log10 log1p tan
    asin acos sinh cosh acosh atanh sqrt erfcx erfinv erfcinv normcdfinv tgamma lgamma digamma trigamma fmod remainder
    logb""".split())

#: Functions of floats that carry no derivative: they give an integer or a truth value.
INACTIVE: frozenset[str] = frozenset(
    spell(template, precision, integer)
    for template, precision, integer in product(
        ("lround", "llround", "lrint", "llrint", "ilogb", "isnan", "isinf", "finite",
        "__nv_lround", "__nv_llround", "__nv_lrint", "__nv_llrint", "__nv_ilogb",
        "llvm.lround.@.%", "llvm.llround.@.%", "llvm.lrint.@.%", "llvm.llrint.@.%", "llvm.is.fpclass.%",
        "llvm.fptosi.sat.@.%", "llvm.fptoui.sat.@.%", "numba_fptoui"),
        ("double", "float"), ("i1", "i8", "i16", *INTEGERS))
) | {"__nv_isnand", "__nv_isnanf", "__nv_isinfd", "__nv_isinff", "__nv_isfinited", "__nv_finitef",
     "__nv_signbitd", "__nv_signbitf"}


def lookup(symbol: str) -> tuple[Rule, Precision] | None:
    """The row of the function that ``symbol`` names, and the precision of that symbol."""
    return (_BY_SYMBOL.get(symbol) or _MARKS_BY_SYMBOL.get(symbol) or _GATES_BY_SYMBOL.get(symbol)
            or _SPECIAL_BY_SYMBOL.get(symbol))


def row_of(name: str) -> Rule:
    """The row that formulas call by that name."""
    return RULES.get(name) or SPECIAL[name]
