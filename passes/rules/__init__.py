"""Derivatives as data: the table of scalar functions, the formulas it is written in, what calls of the runtime do."""
from .emit import emit
from .expression import evaluate, needs
from .row import Rule
from .runtime_calls import RuntimeCall, classify
from .scalar import INACTIVE, RULES, lookup

__all__ = ["INACTIVE", "RULES", "Rule", "RuntimeCall", "classify", "emit", "evaluate", "lookup", "needs"]
