"""Other layouts than contiguous ones."""

from __future__ import annotations

from ..program import LENGTH
from ..writer import Writer


class Strided(Writer):
    """``x`` in every second cell, matrices in Fortran order; such an array cannot be exchanged with the others."""

    def begin(self) -> None:
        self.scope.buffers.remove("x")
        self.scope.views.append(("x", LENGTH))
