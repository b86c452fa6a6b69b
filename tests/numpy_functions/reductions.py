"""Functions that make less of an array, or run along it."""
from .row import B, M, S, V, X, row

WITH_NAN = "b = a.copy()\nif b.size > 1:\n    b[1] = np.nan\n"
_PLAIN = ("sum", "prod", "mean", "var", "std", "cumsum", "cumprod", "max", "min", "ptp", "amax", "amin", "median")
_OF_COMPLEX = {"sum", "prod", "mean", "var", "std", "cumsum", "cumprod"}
_NAN = ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nancumsum", "nancumprod", "nanmax", "nanmin", "nanmedian")

ROWS = (
    *(row(f"np.{name}(a)", a=V, takes_complex=name in _OF_COMPLEX) for name in _PLAIN),
    *(row(f"np.{name}(a)", a=M, takes_complex=name in _OF_COMPLEX) for name in _PLAIN),
    *(row(f"{WITH_NAN}return np.{name}(b)", f"np.{name}", a=V) for name in _NAN),
    row("np.sum(a, axis=0)", a=M, takes_complex=True),
    row("np.sum(a, axis=1)", a=M),
    row("np.sum(a, axis=1)", a=B),
    row("np.average(a)", a=V),
    row("np.average(a, weights=b)", a=V, b=V),
    row("np.percentile(a, 30.0)", a=V),
    row("np.percentile(a, np.array([10.0, 50.0, 85.0]))", a=V),
    row("np.quantile(a, 0.3)", a=V),
    row("np.quantile(a, x)", a=V, x=X.within(0.3, 0.45)),
    row(f"{WITH_NAN}return np.nanpercentile(b, 30.0)", "np.nanpercentile", a=V),
    row(f"{WITH_NAN}return np.nanquantile(b, np.array([0.2, 0.9]))", "np.nanquantile", a=V),
    row("np.diff(a)", a=V, takes_complex=True),
    row("np.diff(a, 2)", a=M),
    row("np.ediff1d(a)", a=V),
    row("np.ediff1d(a, b, b)", a=V, b=V),
    row("np.trapezoid(a)", a=V),
    row("np.trapezoid(a, b)", a=V, b=V),
    row("np.trapezoid(a, dx=0.5)", a=M),
    row("np.trace(a)", a=S, takes_complex=True),
    row("np.trace(a, 1)", a=M),
    row("np.interp(x, np.cumsum(a), b)", x=X.within(2.3, 2.6), a=V.within(0.9, 1.1), b=V, takes_empty=False),
    row("np.interp(c, np.cumsum(a), b)", c=V.within(1.1, 3.9), a=V.within(0.9, 1.1), b=V, takes_empty=False),
    row("np.cov(a)", a=M, takes_complex=False),
    row("np.cov(a, b)", a=V, b=V),
    row("np.corrcoef(a)", a=M),
    row("np.corrcoef(a, b)", a=V, b=V),
    row("np.histogram(a, np.array([0.3, 0.9, 1.8]))[1] * a[:3]", "np.histogram", a=V, discrete=True),
    row("np.bincount(np.array([0, 2, 1, 2, 0]), a)", "np.bincount", a=V, takes_empty=False),
)
