"""A value as it was in another iteration of the loops around it.

Requires: recipes; aliasing; no ``obstacle``.
Ensures:  ``AnotherIteration.of`` writes what the value was in the iterations that are given, made of their numbers and of what
          comes from outside the loops; nothing is read that was not read in that iteration, and may not have changed since.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..analysis.alias import is_pointer
from ..analysis.induction import is_outside
from ..analysis.loops import Loop
from ..analysis.recipes import Recipes
from ..ir.builder import Builder
from ..ir.model import Value

#: What is made of more than so many values is kept: it would cost more, and the compiler looks at each.
MOST_VALUES = 48


def obstacle(value: Value, loops: Sequence[Loop], recipes: Recipes) -> Value | None:
    """Why a value cannot be made again of the counters of these loops, the outermost first, and of what comes from outside:
    what else it hangs on. None where it can."""
    counters = {recipes.counters.counter[loop] for loop in loops}
    seen: dict[Value, None] = {}
    pending = [value]
    while pending:
        value = pending.pop()
        if value in seen or is_outside(value, loops[0]) or value in counters:
            continue
        seen[value] = None
        recipe = recipes.of(value)
        if recipe is None or recipe.relies or len(seen) > MOST_VALUES:
            return value
        pending += recipe.operands
    return None


class AnotherIteration:
    """Writes values of the iterations ``numbers``, each of its loop; the outermost loop comes first."""

    def __init__(self, recipes: Recipes, numbers: Mapping[Loop, Value], builder: Builder):
        self.recipes, self.builder = recipes, builder
        self.outermost = next(iter(numbers))
        self._known: dict[Value, Value] = {recipes.counters.counter[loop]: number for loop, number in numbers.items()}

    def of(self, value: Value) -> Value:
        if is_outside(value, self.outermost):
            return value
        if value not in self._known:
            recipe = self.recipes.of(value)
            assert recipe is not None
            for operand in recipe.operands:
                self.of(operand)
            self._known[value] = recipe.write(self.builder, self.of)
            if is_pointer(value.type):
                self.recipes.overwrites.aliasing.take_place_of(self._known[value], value)
        return self._known[value]
