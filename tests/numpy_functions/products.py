"""Products of arrays, polynomials, and what slides along a signal."""
from .row import S, U, V, X, row

ROWS = (
    row("np.dot(a, b)", a=V, b=V, takes_complex=True),
    row("np.dot(a, b)", a=S, b=U),
    row("np.dot(a, b)", a=S, b=S, takes_complex=True),
    row("np.vdot(a, b)", a=V, b=V, takes_complex=True),
    row("a @ b", "operator.matmul", a=S, b=S),
    row("np.outer(a, b)", a=V, b=V, takes_complex=True),
    row("np.kron(a, b)", a=S, b=S, takes_complex=True),
    row("np.cross(a, b)", a=S, b=S, takes_empty=False),
    row("np.convolve(a, b)", a=V, b=V.within(-0.5, 0.6), takes_complex=True),
    row("np.convolve(a, b[:3], 'same')", a=V, b=V, takes_empty=False),
    row("np.convolve(a, b[:3], 'valid')", a=V, b=V, takes_empty=False),
    row("np.correlate(a, b)", a=V, b=V, takes_complex=True),
    row("np.correlate(a, b, 'full')", a=V, b=V),
    row("np.roots(np.array([x, y, -1.0]))", "np.roots", x=X, y=X),
    row("np.append(x, a)[:3] * x", "np.append", a=V, x=X),
)
