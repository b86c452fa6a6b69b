"""Writes the parts of the documentation that the program itself can tell: ``python docs/generate.py``.

``errors.md`` is made of the docstrings of ``dp.errors``; the listings of ``how_it_works.md`` are what the passes make
of its kernel; the table of ``special_functions.md`` is that of the derivatives.
"""
from __future__ import annotations

import inspect
import math
import re
from pathlib import Path

from dpcompile.passes.rules.expression import Unavailable
from dpcompile.passes.rules.scalar import SPECIAL
from dpcompile.passes.rules.special import OPERANDS, RESULTS
from numba import njit

import dpcompile as dp
from dpcompile import errors

DOCS = Path(__file__).parent
ERRORS_HEAD = """# Errors

Every error that dpcompile raises is in `dp.errors` and derives from `DifferentiationError`. A message says what
happened, at which line of the kernel, why, and what to do. An exception that the kernel raises arrives unchanged.

This page is made from the docstrings of `dpcompile/errors.py` by `docs/generate.py`.
"""
#: Where a listing stands in ``how_it_works.md``: a marker, then a fenced block.
LISTING = re.compile(r"(<!-- listing: (\w+) -->\n```\w*\n).*?(?=```)", re.DOTALL)
#: Where the table of ``special_functions.md`` begins.
SPECIAL_FUNCTIONS = "<!-- special functions -->"
#: Debug locations, comments and attributes.
NOISE = re.compile(r",? !dbg !\d+| +; preds = .*| (?:noalias|captures\(none\)|weak_odr|local_unnamed_addr)")


@njit
def chain(x, n):
    """The kernel of ``how_it_works.md``."""
    r = x
    for _ in range(n):
        r = math.sin(r)
    return r


def error_classes() -> list[type]:
    """The public exceptions in the order in which they are defined."""
    return [value for value in vars(errors).values()
            if inspect.isclass(value) and issubclass(value, errors.DifferentiationError)]


def error_section(error: type) -> str:
    """The docstring as Markdown: its cause, then the example and the fix as items of a list."""
    text = inspect.getdoc(error).replace("``", "`")
    items = text.replace("\nExample: ", "\n- **Example:** ").replace("\nFix: ", "\n- **Fix:** ")
    builtin = [base.__name__ for base in error.__bases__ if base.__module__ == "builtins" and base is not Exception]
    also = f"\n\nAlso a `{builtin[0]}`." if builtin else ""
    return f"## `{error.__name__}`\n\n{items}{also}\n"


def errors_page() -> str:
    """The text of ``errors.md``."""
    return "\n".join([ERRORS_HEAD, *map(error_section, error_classes())])


def function_text(ir: str, name: str) -> str:
    """The definition of the function whose symbol ends in ``name``, without what ``NOISE`` matches."""
    body = re.search(rf"^define [^\n]*@[^\n(]*{name}\(.*?^}}\n", ir, re.MULTILINE | re.DOTALL)[0]
    body = NOISE.sub("", body)
    body = re.sub(r"@[\w.]*chain[\w.]*?(\.[a-z]+)?\(", r"@chain\1(", body)
    return body.replace("\n\n", "\n")


def report_section(report: str, heading: str) -> str:
    """The indented lines below the heading."""
    return re.search(rf"^{heading}.*\n((?:  .*\n?)+)", report, re.MULTILINE)[1].rstrip() + "\n"


def listings() -> dict[str, str]:
    """Every listing of ``how_it_works.md``."""
    explanation = dp.explain(chain, 1.0, 3)
    found = {name: function_text(explanation.gradient_ir, name) for name in ("augmented", "reverse", "gradient")}
    return {**found, "primal": function_text(explanation.primal_ir, "chain[^(]*"),
            "activity": report_section(explanation.report, "Floating-point operations"),
            "plan": report_section(explanation.report, "Kept for the reverse sweep")}


def how_it_works_page(page: str) -> str:
    """The page with its listings renewed."""
    fresh = listings()
    return LISTING.sub(lambda match: match[1] + fresh[match[2]], page)


def special_row(name: str) -> str:
    """What is known of a function, the one with integer orders included."""
    whole = f"{name}.n"
    row = SPECIAL.get(name) or SPECIAL[whole]
    operands = OPERANDS[name if name in SPECIAL else whole]
    known = [f"`{operand}`" for operand, partial in zip(operands, row.partials, strict=True)
             if partial is not None and not isinstance(partial, Unavailable)]
    refused = [f"`{operand}`, {partial.reason}" for operand, partial in zip(operands, row.partials, strict=True)
               if isinstance(partial, Unavailable)]
    integers = {(True, True): "also", (False, True): "only"}.get((name in SPECIAL, whole in SPECIAL), "")
    name = name.removeprefix("special.").removesuffix(".0")
    call = f"`{name}({', '.join(operands)}{', …' if name in RESULTS else ''})`"
    return f"| {call} | {', '.join(known) or 'constant in pieces'} | {'; '.join(refused)} | {integers} |"


def special_page(page: str) -> str:
    """The page of special functions with its table renewed."""
    parts = ("wofz_real", "wofz_imag", ".1", ".2", ".3")
    names = dict.fromkeys(name.removesuffix(".n") for name in SPECIAL if not name.endswith(parts))
    head, _, _ = page.partition(SPECIAL_FUNCTIONS)
    top = ["| function | derivative by | refused by | integer orders |", "|---|---|---|---|"]
    return "\n".join([head + SPECIAL_FUNCTIONS, "", *top, *map(special_row, sorted(names)), ""])


def main() -> None:
    (DOCS / "errors.md").write_text(errors_page())
    page = DOCS / "how_it_works.md"
    page.write_text(how_it_works_page(page.read_text()))
    page = DOCS / "special_functions.md"
    page.write_text(special_page(page.read_text()))


if __name__ == "__main__":
    main()
