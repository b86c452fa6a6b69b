"""The project's own kernels: ordinary Numba functions, one file a family, that the passes must differentiate."""

from importlib import import_module

from .record import RECORDS, REFUSALS, Kernel, Refusal

FAMILIES = (
    "overwrite", "control", "alias", "memory", "arrays", "calls", "mathematics", "ufuncs", "complex_numbers", "parallel",
    "parallel_arrays",
    "lists", "dictionaries", "classes", "generators", "functions", "exceptions", "tuples", "records", "numbers",
    "linear_algebra", "random_draws", "programs", "recurrences", "numpy_programs",
    "stencils", "rows", "products", "borders", "interpreter", "containers", "fourier", "views",
    "separable", "scratch", "read_twice", "stencil_sums", "in_order", "each_step",
)  # fmt: skip
for family in FAMILIES:
    import_module(f".{family}", __name__)

KERNELS: tuple[Kernel, ...] = tuple(RECORDS.values())
REFUSED: tuple[Refusal, ...] = tuple(REFUSALS.values())
