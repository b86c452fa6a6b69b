"""What Numba supports of NumPy, as rows that are differentiated."""
from . import discrete, elementwise, making, mathematics, methods, ordering, products, reductions, shaping
from .row import Row

#: The rows by heading.
PARTS: dict[str, tuple[Row, ...]] = {
    part.__doc__.rstrip("."): part.ROWS for part in (
        elementwise, reductions, ordering, shaping, making, products, methods, discrete, mathematics)}
ROWS: tuple[Row, ...] = tuple(row for rows in PARTS.values() for row in rows)

if len({str(row) for row in ROWS}) != len(ROWS):
    raise ValueError("two rows have the same text")
