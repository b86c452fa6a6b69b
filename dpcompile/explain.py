"""``explain``: what the gradient of a function computes and stores, and why, as text or HTML.

Requires: a function and concrete arguments.
Ensures:  nothing is run unless that is asked for; the primal and its gradient are compiled, and the bytes of the tape follow
          from the arguments.
"""
from __future__ import annotations

import html
from dataclasses import dataclass, field

from .frontend import structure
from .frontend.activity import is_differentiable, leaf_count
from .operators.prediction import made_for, measured, predicted
from .operators.primal import Selection, bound, dispatcher_of, selected
from .targets.cpu import FIRST_ARGUMENT, CompiledDerivative


@dataclass(frozen=True)
class Explanation:
    """What one gradient does; prints as text, renders as HTML in a notebook."""

    title: str
    #: For each argument: its name, its type and its activity.
    arguments: tuple[tuple[str, str, str], ...]
    #: What a gradient at these arguments takes for its reverse sweep: tape, shadows, arrays that the kernel allocates.  None
    #: where that depends on data, of which the report tells the parts.
    tape_bytes: int | None
    #: The passes' own account: what is cached, for which reason, at what size.
    report: str
    primal_ir: str = field(repr=False)
    gradient_ir: str = field(repr=False)
    #: What a run takes, where it was asked for.
    measured_bytes: int | None = None

    def __str__(self) -> str:
        rows = "\n".join(f"  {name}: {ty} – {activity}" for name, ty, activity in self.arguments)
        measured = "" if self.measured_bytes is None else f"\n\nMeasured in a run: {self.measured_bytes} bytes"
        return (f"{self.title}\n\nArguments\n{rows}\n\n{self.report}".rstrip() + f"{measured}\n")

    def _repr_html_(self) -> str:
        sections = [("LLVM IR of the primal", self.primal_ir), ("LLVM IR of the gradient", self.gradient_ir)]
        folded = "".join(f"<details><summary>{title}</summary><pre>{html.escape(text)}</pre></details>"
                         for title, text in sections)
        return f"<pre>{html.escape(str(self))}</pre>{folded}"


def explain(f, *args, argnums: Selection = None, argnames: Selection = None, measure: bool = False) -> Explanation:
    """How the gradient of ``f`` at these arguments is computed. ``measure``: whether its first sweep is run once, on copies, to
    see what it takes, also where the arguments alone do not decide that."""
    function = dispatcher_of(f)
    given, labels = bound(function, args)
    types = tuple(structure.compacted(structure.typeof(value)) for value in given)
    wanted = _wanted(function, types, argnums, argnames)
    made = made_for(function, types, wanted)
    rows = tuple((label, str(ty), activity) for label, ty, activity in zip(labels, types, _activities(made), strict=True))
    found, report = predicted(made, given), made.derivative.report
    return Explanation(f"Gradient of {function.py_func.__name__}", rows,
                       None if found.gaps else found.taken + report.record_bytes, report.predicted(found),
                       made.primal.text, made.derivative.text, measured(function, given, wanted) if measure else None)


def _wanted(function, types, argnums: Selection, argnames: Selection) -> tuple[bool, ...]:
    """The selected arguments; by default all that have a derivative."""
    if argnums is None and argnames is None:
        return tuple(map(is_differentiable, types))
    positions, _ = selected(function, argnums, argnames)
    return tuple(position in positions for position in range(len(types)))


def _activities(derivative: CompiledDerivative) -> list[str]:
    """For each argument the strongest of what its parameters became, and whether the kernel writes to it."""
    found = []
    for ty, offset in zip(derivative.primal.signature.args, derivative.argument_offsets, strict=True):
        first = FIRST_ARGUMENT + offset
        own = derivative.parameters[first:first + leaf_count(ty)]
        kinds = {parameter.kind for parameter in own}
        activity = next((kind for kind in ("duplicated", "active", "scratch") if kind in kinds), "constant")
        found.append(activity + (", written" if any(parameter.written for parameter in own) else ""))
    return found
