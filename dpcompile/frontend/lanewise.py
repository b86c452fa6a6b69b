"""The function of a rule that forward mode calls: the rule for tangents, run for one lane after the other.

Requires: a rule with ``pushforward(residual, tangents) → tangent``, Numba argument types (see ``ruled``).
Ensures:  code of the signature that ``passes.ir.call_rule`` describes; BLAS and LAPACK, or whatever else the rule calls, run on
          tangents as they do on values.  In dependency mode each number of the result depends on all that the function is
          given.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from numba.core import types

from ..errors import RuleError
from . import ownership, structure, target, wide_values
from .activity import is_differentiable, leaf_count, parts_with_offsets

_HELPERS = {helper.__name__: helper for helper in (
    wide_values.lane_of, wide_values.set_lane, wide_values.wide_shadow, wide_values.memory_of, wide_values.united,
    wide_values.fill_lane, ownership.own, ownership.adopt)}
_FIRST = ["result_shadow", "arena", "width", "directions"]


class Lanewise:
    """Writes the function for one combination of argument types; ``arrays``: the texts of those among the arguments."""

    def __init__(self, name: str, pushforward, arguments: dict[str, types.Type], arrays: list[str], result: types.Type):
        self.name, self.pushforward, self.arguments, self.arrays = name, pushforward, arguments, arrays
        self.layout = wide_values.WideLayout(result)
        self.names: structure.Names = {**_HELPERS, "pushforward": pushforward}

    def tangents(self, computed: list[str], residual: types.Type, names: structure.Names) -> Callable:
        """``computed``: the lines that compute result and residual."""
        given = "".join(f"{text}, " for text in self._tangents())
        change = target.result_type(target.mirror(self.pushforward), (residual, types.Tuple(list(self._tangent_types()))))
        loop = [f"    change = pushforward(residual, ({given}))", *(f"    {line}" for line in self._handed_on(change))]
        return self._function("pushed", computed, loop, names)

    def sets(self, computed: list[str], names: structure.Names) -> Callable:
        loop = ["    found = uint32(0)"]
        loop += [f"    found |= united({array}, shadow_{index}, lane, width)" for index, array in enumerate(self.arrays)]
        for field in range(sum(map(self._fields, self.arguments.values()))):
            self.names[f"set_{field}"] = wide_values.given_set(field)
            loop.append(f"    found |= set_{field}(directions, lane, width)")
        for index in range(len(self.layout.arrays)):
            loop.append(f"    fill_lane({self._array(index)}, memory_of(made_{index}), lane, width, found)")
        for index, path in enumerate(self.layout.numbers):
            self.names[f"fill_{index}"] = self.layout.filling(path)
            loop.append(f"    fill_{index}(result_shadow, lane, width, found)")
        return self._function("dependent", computed, loop, names)

    def _function(self, name: str, computed: list[str], loop: list[str], names: structure.Names) -> Callable:
        made = "".join(f"made_{index}, " for index in range(len(self.layout.arrays)))
        lines = [*computed, *self._made(), "for lane in range(width):", *loop, f"own(arena, ({made}))",
                 "adopt(arena, result)", "return result"]
        shadows = [f"shadow_{index}" for index in range(len(self.arrays))]
        parameters = ", ".join([*_FIRST, *shadows, *self.arguments])
        return structure.function(name, parameters, lines, {**self.names, **names})

    def _made(self) -> Iterator[str]:
        for index, path in enumerate(self.layout.arrays):
            self.names[f"place_{index}"] = self.layout.placing(path)
            yield f"made_{index} = wide_shadow({self._array(index)}, width)"
            yield f"place_{index}(result_shadow, made_{index}, width)"

    def _array(self, index: int) -> str:
        return f"result{_text(self.layout.arrays[index])}"

    # tangents -------------------------------------------------------------------------------------------------------

    def _tangents(self) -> Iterator[str]:
        """What the rule is given for each argument."""
        field = 0

        def leaf(ty: types.Type, part: str) -> str:
            nonlocal field
            here, field = field, field + self._fields(ty)
            if not is_differentiable(ty):
                return "None"
            if isinstance(ty, types.Array):
                return f"lane_of({part}, shadow_{self.arrays.index(part)}, lane, width)"
            self.names[f"direction_{here}"] = wide_values.direction(ty, here)
            return f"direction_{here}(directions, lane, width)"

        for name, ty in self.arguments.items():
            yield structure.rebuild(ty, name, leaf, {}, plain=True)

    def _fields(self, ty: types.Type) -> int:
        """The floats among an argument's numbers."""
        return sum(leaf_count(part) for part, _, _ in parts_with_offsets(ty)
                   if isinstance(part, types.Float | types.Complex))

    def _tangent_types(self) -> Iterator[types.Type]:
        def of(ty: types.Type) -> types.Type:
            if isinstance(ty, types.BaseTuple):
                return types.Tuple([of(item) for item in ty])
            return ty if is_differentiable(ty) else types.none

        yield from map(of, self.arguments.values())

    def _handed_on(self, change: types.Type) -> Iterator[str]:
        """Writes the tangent of the result into its shadow; ``change``: the type of what the rule gives."""
        for index, path in enumerate(self.layout.arrays):
            text = self._found(change, path)
            yield f"set_lane({self._array(index)}, memory_of(made_{index}), lane, width, {text})"
        for index, path in enumerate(self.layout.numbers):
            text = self._found(change, path)
            self.names[f"put_{index}"] = self.layout.putting(path)
            yield f"put_{index}(result_shadow, lane, width, {'0.0' if text == 'None' else text})"

    def _found(self, change: types.Type, path: tuple[int, ...]) -> str:
        """The text of the tangent of a part of the result; None where it has none."""
        expected, text = self.layout.part(path), "change"
        for index in path:
            if isinstance(change, types.NoneType):
                return "None"
            if not isinstance(change, types.BaseTuple) or index >= len(change):
                raise self._wrong(change, expected)
            change, text = change[index], f"{text}[{index}]"
        if isinstance(change, types.NoneType):
            return "None"
        if isinstance(expected, types.Array) and (not isinstance(change, types.Array) or change.ndim != expected.ndim):
            raise self._wrong(change, expected)
        return text

    def _wrong(self, change: types.Type, expected: types.Type) -> RuleError:
        return RuleError(f"the rule for tangents of {self.name} gives {change} for a result of type {expected}; a tangent is "
                         f"of that type, or None")


def _text(path: tuple[int, ...]) -> str:
    return "".join(f"[{index}]" for index in path)
