"""Derivatives of whole-array functions, as rules of the kind that users give (``dpcompile.custom``); one file a domain."""
from ..frontend import intercept
from . import factors, lapack, norms, product_loops, products, random, singular, spectra, systems

intercept.wait_for("rocket_fft", f"{__name__}.transforms")

__all__ = ["factors", "lapack", "norms", "product_loops", "products", "random", "singular", "spectra", "systems"]
