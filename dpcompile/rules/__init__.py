"""Derivatives of whole-array functions, as rules of the kind that users give (``dpcompile.custom``); one file a domain."""
from . import linear_algebra, products, random

__all__ = ["linear_algebra", "products", "random"]
