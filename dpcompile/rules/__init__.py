"""Derivatives of whole-array functions, as rules of the kind that users give (``dpcompile.custom``); one file a domain."""
from . import factors, lapack, norms, products, random, singular, spectra, systems

__all__ = ["factors", "lapack", "norms", "products", "random", "singular", "spectra", "systems"]
