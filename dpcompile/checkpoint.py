"""``checkpoint``: run again in the reverse sweep instead of keeping a tape.

Requires: functions that give the same result whenever they are run on the same arguments, and do nothing else.
Ensures:  ordinary Numba functions with rules for both modes; of all that a call computes, the tape of the program around it
          holds only its arguments, and of a time loop as many states as there are slots.
Source:   Griewank & Walther, "Algorithm 799: revolve", ACM TOMS 26 (2000).
"""
from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from dpcompile.runtime import schedule

from .custom import RuledFunction, custom_vjp
from .errors import CheckpointError
from .frontend import structure, target
from .frontend.activity import is_differentiable, parts_with_offsets
from .frontend.generated import GeneratedDispatcher, stub
from .operators.primal import dispatcher_of, signature_of
from .operators.pullback import pullback
from .operators.pushforward import pushforward
from .targets.file_memory import arrays_in

#: Unless slots are given, there are so many that no step is run more often than this beside its last run.
REPEATS = 2

_advance = numba.njit(schedule.advance)


def checkpoint(function: Callable, steps: int | None = None, slots: int | None = None, segment: int = 1,
               directory: str | os.PathLike | None = None) -> RuledFunction:
    """A function whose reverse sweep runs it again instead of keeping what it computed.

    Without ``steps``: ``function`` itself, of any arguments, which it must not change.  Its arguments are kept instead, an
    array only as a copy where something may overwrite it later.

    With ``steps``, ``function`` is one step of a time loop: ``step(state, *parameters)`` returns the next state, of the
    structure of the first, or changes the arrays of the state in place and returns nothing.  The result is a function
    ``run(state, *parameters)`` that returns the state after ``steps`` steps.  Its reverse sweep keeps at most ``slots``
    states at a time, the first included, and runs the rest again from them in the order of Griewank & Walther (2000), which
    needs the fewest runs; ``segment`` steps in a row are taped together, which costs tape and spares slots.  By default there
    are as many slots as let no step be run more than twice beside its last run.  With ``directory`` the states lie in a
    nameless file there, one for each run, instead of in memory.

    State and parameters are numbers, arrays and tuples of them.  Raises ``CheckpointError`` for counts that are not positive
    and for a step that does not return what it was given.

    >>> import numpy as np
    >>> def step(x, rate):
    ...     return x + rate * x * (1 - x)
    >>> run = checkpoint(step, steps=1000, slots=10)
    >>> from dpcompile import grad
    >>> round(grad(run)(0.5, 0.001), 6)
    0.786447
    """
    given = dispatcher_of(function)
    if steps is None:
        if slots is not None or directory is not None:
            raise CheckpointError("slots, and a directory for them, hold the states of a time loop: give steps too")
        return _rerun(given)
    for name, count, least in (("steps", steps, 0), ("slots", slots, 1), ("segment", segment, 1)):
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < least):
            raise CheckpointError(f"{name} must be a whole number of at least {least}, not {count!r}")
    folder = None if directory is None else os.path.abspath(os.fspath(directory))
    return _TimeLoop(given, steps, slots or _enough_slots(-(-steps // segment)), segment, folder).function()


def _enough_slots(length: int) -> int:
    slots = 1
    while schedule.repeats_for(length, slots) > REPEATS:
        slots += 1
    return slots


def _rerun(function: Dispatcher) -> RuledFunction:
    names: structure.Names = {"function": function, "pull": pullback(function, again=True), "push": pushforward(function)}
    given = ", ".join(f"argument_{index}" for index in range(len(signature_of(function).parameters)))
    made = custom_vjp(function)
    made.defvjp(
        structure.definition("forward", f"def forward({given}):\n    return function({given}), ({given},)\n", names),
        structure.definition("backward", "def backward(primals, cotangent):\n    return pull(primals, cotangent)\n", names))
    made.defjvp(structure.definition("jvp", "def jvp(primals, tangents):\n    return push(primals, tangents)\n", names))
    return made


@dataclass(frozen=True)
class _TimeLoop:
    """``steps`` steps with their rule."""

    step: Dispatcher
    steps: int
    slots: int
    segment: int
    directory: str | None

    @property
    def name(self) -> str:
        return structure.identifier(self.step.py_func.__name__, "step")

    @property
    def rest_names(self) -> list[str]:
        """Of the parameters behind the state; names of the user's could be those of variables here."""
        return [f"parameter_{index}" for index in range(len(signature_of(self.step).parameters) - 1)]

    @property
    def rest(self) -> str:
        """The same as source text, a comma behind each."""
        return "".join(f"{name}, " for name in self.rest_names)

    def function(self) -> RuledFunction:
        first, *others = signature_of(self.step).parameters
        given = "".join(f"{name}, " for name in others)
        made = custom_vjp(structure.definition(
            self.name, f"def {self.name}({first}, {given}):\n    return several_steps({first}, STEP_COUNT, {given})\n",
            {"several_steps": self.part("several"), "STEP_COUNT": self.steps}))
        made.defvjp(self.part("forward"), self.part("backward"))
        made.defjvp(structure.definition(
            "jvp", "def jvp(primals, tangents):\n    return push((primals[0], STEPS) + primals[1:], "
                   "(tangents[0], None) + tangents[1:])\n",
            {"push": pushforward(self.part("several")), "STEPS": self.steps}))
        return made

    def part(self, name: str) -> GeneratedDispatcher:
        """``forward`` or ``backward``, or ``several``: ``(state, count, *parameters) → state``, that many steps; ``further``
        is the same of a state whose memory may be changed."""
        several = f"state, count, {self.rest}"
        parameters = {"several": several, "further": several, "forward": f"state, {self.rest}",
                      "backward": "residual, cotangent"}[name]
        model = structure.function(name, parameters, ["return None"], {})
        return GeneratedDispatcher(self.step, stub(name, inspect.signature(model), f"{name} of {self.name}"),
                                   getattr(self, f"_{name}"), (_TimeLoop.part, (self, name)))

    def _several(self, given: tuple[types.Type, ...]) -> Callable:
        names: structure.Names = {"further": self.part("further")}
        copied = structure.rebuild(given[0], "state", _copied, names)
        return structure.function("several", f"state, count, {self.rest}", [f"return further({copied}, count, {self.rest})"],
                                  names)

    def _further(self, given: tuple[types.Type, ...]) -> Callable:
        changed = self._checked(_row_major(given[0]), given[2:])
        call = f"step(state, {self.rest})"
        lines = ["for _ in range(count):",
                 f"    {call}" if isinstance(changed, types.NoneType) else f"    state = {call}", "return state"]
        return structure.function("further", f"state, count, {self.rest}", lines, {"step": self.step})

    def _checked(self, state: types.Type, rest: tuple[types.Type, ...]) -> types.Type:
        """What a step returns: nothing, or the next state."""
        changed = target.result_type(target.mirror(self.step), (state, *rest))
        if not isinstance(changed, types.NoneType) and not _same(state, changed):
            raise CheckpointError(f"{self.name} returns {changed} for a state of type {state}; it must return the next state, "
                                  f"or change the state's arrays and return nothing")
        return changed

    # rule -----------------------------------------------------------------------------------------------------------

    def _names(self) -> structure.Names:
        return {"further": self.part("further"), "pull": pullback(self.part("further"), again=True), "advance": _advance,
                "empty": np.empty if self.directory is None else arrays_in(self.directory), "int64": np.int64,
                "STEPS": self.steps, "SLOTS": self.slots, "SEGMENT": self.segment, "LENGTH": -(-self.steps // self.segment)}

    def _forward(self, given: tuple[types.Type, ...]) -> Callable:
        """The states that are kept lie in arrays with one axis more; the residual holds them in the structure of the state."""
        names = self._names()
        stores = structure.rebuild(given[0], "state", lambda ty, text: _store(ty, text, names), names)
        puts = [f"stores{text.removeprefix('state')}[slot] = {text}"
                for ty, _, text in parts_with_offsets(given[0], text="state") if _is_kept(ty)]
        lines = [f"state = {structure.rebuild(given[0], 'state', _copied, names)}", f"stores = {stores}",
                 "positions = zeros(SLOTS, int64)", "here, slot = 0, 0", *puts, "count = 1",
                 *self._descent(puts, "LENGTH"),
                 f"state = further(state, STEPS - here * SEGMENT, {self.rest})",
                 "kept = zeros(1, int64)", "kept[0] = count",
                 f"return state, (({self.rest}), stores, positions, kept)"]
        return structure.function("forward", f"state, {self.rest}", lines, names)

    def _descent(self, puts: list[str], end: str) -> list[str]:
        """On from the last state kept, keeping others on the way to ``end`` as long as there are slots."""
        return [f"while {end} - here > 1 and count < SLOTS:",
                f"    skipped = advance({end} - here, SLOTS - count + 1)",
                f"    state = further(state, skipped * SEGMENT, {self.rest})",
                "    here += skipped", "    slot = count", *(f"    {line}" for line in puts),
                "    positions[slot] = here", "    count += 1"]

    def _backward(self, given: tuple[types.Type, ...]) -> Callable:
        """Once a sweep has run, only the first state is still what it was: another sweep begins with that."""
        (rest, stores, *_), cotangent = given
        names = self._names()
        puts = [f"{text}[slot] = state{text.removeprefix('stores')}"
                for ty, _, text in parts_with_offsets(stores, text="stores") if isinstance(ty, types.Array)]
        lines = ["stores, positions, kept = residual[1], residual[2], residual[3]", "count, end = kept[0], LENGTH",
                 "kept[0] = 1", f"change = {structure.rebuild(cotangent, 'cotangent', _copied, names)}",
                 *(f"{name} = residual[0][{k}]" for k, name in enumerate(self.rest_names)),
                 *(f"total_{k} = {_nothing(ty, self.rest_names[k], names)}" for k, ty in enumerate(rest)),
                 "while end > 0:", "    slot = count - 1", "    here = positions[slot]",
                 f"    state = {structure.rebuild(stores, 'stores', _taken, names)}",
                 *(f"    {line}" for line in self._descent(puts, "end")),
                 "    end -= 1", f"    state = further(state, (end - here) * SEGMENT, {self.rest})",
                 f"    parts = pull((state, min(SEGMENT, STEPS - end * SEGMENT), {self.rest}), change)",
                 "    change = parts[0]",
                 *(f"    total_{k} = {_sum(ty, f'total_{k}', f'parts[{k + 2}]', names)}" for k, ty in enumerate(rest)),
                 "    if positions[count - 1] == end and count > 1:", "        count -= 1",
                 f"return change, {''.join(f'total_{k}, ' for k in range(len(rest)))}"]
        return structure.function("backward", "residual, cotangent", lines, names)


def _copied(ty: types.Type, text: str) -> str:
    """A copy in C order, which is how states are kept."""
    return f"{text}.copy()" if isinstance(ty, types.Array) else text


def _row_major(ty: types.Type) -> types.Type:
    """The type of that copy."""
    return structure.row_major(structure.contiguous(ty))


def _is_kept(ty: types.Type) -> bool:
    return isinstance(ty, types.Array | types.Number | types.Boolean)


def _store(ty: types.Type, text: str, names: structure.Names) -> str:
    """Memory for one leaf of the state in every slot."""
    if not _is_kept(ty):
        return "None"
    key = f"dtype_{len(names)}"
    names[key] = as_dtype(ty.dtype if isinstance(ty, types.Array) else ty)
    return f"empty((SLOTS,) + {text}.shape, {key})" if isinstance(ty, types.Array) else f"empty(SLOTS, {key})"


def _taken(ty: types.Type, text: str) -> str:
    """One leaf of the state in a slot."""
    if not isinstance(ty, types.Array):
        return text
    return f"{text}[slot].copy()" if ty.ndim > 1 else f"{text}[slot]"


def _nothing(ty: types.Type, text: str, names: structure.Names) -> str:
    def leaf(item: types.Type, part: str) -> str:
        if not is_differentiable(item):
            return "None"
        return f"zeros_like({part})" if isinstance(item, types.Array) else "0j" if isinstance(item, types.Complex) else "0.0"

    return structure.rebuild(ty, text, leaf, names, plain=True)


def _sum(ty: types.Type, total: str, part: str, names: structure.Names) -> str:
    """Of two cotangents of a value of type ``ty``."""
    names["added"] = _added

    def leaf(item: types.Type, path: str) -> str:
        return f"added({total}{path}, {part}{path})" if is_differentiable(item) else "None"

    return structure.rebuild(ty, "", leaf, names, plain=True)


def _added(total, part):
    """A total with one more part in it, arrays in place."""
    raise NotImplementedError("compiled code only")


@overload(_added)
def _added_overload(total, part):
    if isinstance(total, types.Array):
        def in_place(total, part):
            total += part
            return total

        return in_place
    return lambda total, part: total + part


def _same(state: types.Type, changed: types.Type) -> bool:
    """Whether a variable of the type of one may hold the other."""
    return _row_major(changed) == state or (isinstance(state, types.Float) and isinstance(changed, types.Number)
                                            and not isinstance(changed, types.Complex))
