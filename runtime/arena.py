"""The memory of a gradient while it runs: tape, shadows, and the primal's own arrays, in one arena.

``SHARED`` is LLVM IR that a program compiles once; ``INLINED`` is linked with the module of each derivative;
``DIFFERENTIABLE`` with one that is differentiated again, whose memory then comes from the arena of the new derivative.
``COUNTED``: arrays that others than the arena may hold; ``FILES``: memory on disk for what asks for it; ``OVERLAP``: do
arrays share memory; ``PARALLEL``: chunks of loops on Numba's threads; ``DEVICE``: all of it for threads of a GPU, to which
comes how additions are brought together: ``TOGETHER`` in warps and blocks, or ``APART`` where threads are simulated (and
see ``sums``).
"""
from __future__ import annotations

from importlib import resources


def _text(*files: str) -> str:
    folder = resources.files(__package__)
    return "\n".join(folder.joinpath(file).read_text(encoding="utf-8") for file in files)


SHARED = _text("arena.ll")
INLINED = _text("inlined.ll", "transfer.ll", "marks.ll")
COUNTED = _text("counted.ll")
FILES = _text("files.ll")
OVERLAP = _text("overlap.ll")
PARALLEL = _text("parallel.ll")
DEVICE = _text("device.ll", "transfer.ll", "marks.ll")
TOGETHER = _text("together.ll")
APART = _text("apart.ll")
#: Transposes of shuffles, and shuffles as a GPU makes them.
UNSHUFFLE, WARP = _text("unshuffle.ll"), _text("warp.ll")
DIFFERENTIABLE = _text("linked_stack.ll", "transfer.ll")
