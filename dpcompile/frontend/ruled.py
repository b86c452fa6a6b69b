"""Functions with a derivative of their own, as code that the passes find in the module.

Requires: a plain function with the rules that a user gave it; Numba argument types.
Ensures:  ``JvpRule``: an ordinary function whose body says by marks how its result changes, for both modes and all orders.
          ``VjpRule``: the function beside the two of ``passes.ir.call_rule``, and a description of them for the passes.
Algorithm: rules of custom derivatives as in JAX (``jax.custom_jvp``, ``jax.custom_vjp``), spelled for memory: cotangents of
          arrays are added to their shadows, and what a rule keeps is copied only where something may overwrite it.
"""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaExperimentalFeatureWarning
from numba.core.target_extension import target_override
from numba.core.types import voidptr
from numba.extending import register_jitable

from dpcompile.passes.ir.call_rule import CallRule
from dpcompile.passes.ir.types import DOUBLE, FLOAT, Type

from ..errors import RuleError
from . import marks, ownership, records, stand_ins, structure, target
from .activity import ARRAY_DATA, element_of, is_differentiable, leaf_count, parts_with_offsets
from .generated import implement
from .lanewise import Lanewise

#: Position of the first argument among the LLVM parameters, after result and exception.
FIRST_ARGUMENT = 2
_FLOATS: dict[str | None, Type] = {"double": DOUBLE, "float": FLOAT}


@dataclass(frozen=True, eq=False)
class JvpRule:
    """``jvp(primals, tangents) → (result, tangent)``; the tangent of an integer is None."""

    jvp: object

    def mirror(self, original) -> RuledMirror:
        return _mirror(original, self)

    def body(self, argument_types: tuple[types.Type, ...], result: types.Type, symbol: str) -> Callable:
        """What stands in for the function of that symbol."""
        names: structure.Names = {"rule": self.jvp, "attach": marks.attach, "hold": marks.hold, "follow": marks.follow,
                                  "tell": stand_ins.telling(symbol)}
        arguments = _named(argument_types)
        held = "".join(f"hold({name}), " for name in arguments)
        changes = "".join(f"{_change(ty, name)}, " for name, ty in arguments.items())
        lines = [f"result, change = rule(({held}), ({changes}))", "result = attach(result, change)"]
        given = _arrays(arguments)
        if given and not is_own(self.jvp):
            lines.append(f"tell(({''.join(f'{array}, ' for array in [*given, *_arrays({'result': result})])}))")
        return structure.function("by_jvp", ", ".join(arguments), [*lines, "return result"], names)


def _change(ty: types.Type, text: str) -> str:
    """What changes as the argument does, and is zero; None where nothing can change."""
    return structure.rebuild(ty, text, lambda item, part: f"follow({part})" if is_differentiable(item) else "None", {},
                             plain=True)


def is_own(function) -> bool:
    """Whether it is one of those in ``dpcompile.rules``, which are known to write into nothing that they are given: an analysis
    of LAPACK's arguments cannot always tell."""
    return (function.py_func.__module__ or "").startswith("dpcompile.rules.")


@dataclass(frozen=True, eq=False)
class VjpRule:
    """``forward(*args) → (result, residual)``, ``backward(residual, cotangent) → a cotangent an argument``; ``jvp`` as in
    ``JvpRule``, or None; ``pushforward``: such a ``forward`` and ``(residual, tangents) → tangent``, which forward mode runs as
    they are, or None."""

    forward: Dispatcher
    backward: Dispatcher
    jvp: object | None = None
    pushforward: tuple | None = None

    def mirror(self, original) -> RuledMirror:
        return _mirror(original, self)


def _is_vouched(rule: JvpRule | VjpRule) -> bool:
    """Whether its functions are ours: they write into nothing that they are given, and what they give is new."""
    return isinstance(rule, VjpRule) and is_own(rule.forward)


def _mirror(original, rule: JvpRule | VjpRule) -> RuledMirror:
    made = RuledMirror(original, rule)
    implement(made, lambda argument_types: _plain(made, argument_types))
    return made


class StopRule:
    """The argument, as a constant for every derivative."""

    def mirror(self, original) -> target.DifferentiableDispatcher:
        made = target.unruled(original)
        implement(made, lambda argument_types: lambda x: marks.stop(x))
        return made


class DiscreteRule:
    """An integer that is drawn at random: refused where a number that it depends on carries a derivative."""

    def mirror(self, original) -> target.DifferentiableDispatcher:
        made, plain = target.unruled(original), target.unruled(original)
        name = original.py_func.__name__

        def body(argument_types: tuple[types.Type, ...]) -> Callable:
            arguments = _named(argument_types)
            marked = ", ".join(f"discrete({argument})" for argument in arguments)
            return structure.definition(name, f"def {name}({', '.join(arguments)}):\n    return function({marked})\n",
                                        {"function": plain, "discrete": marks.discrete})

        implement(made, body)
        return made


class RuledMirror(target.DifferentiableDispatcher):
    """Compiles the function, and with it those of its rule."""

    def __init__(self, original, rule: JvpRule | VjpRule):
        super().__init__(original.py_func, original.locals, target.kept_options(original.targetoptions))
        self.rule, self.unruled, self.name = rule, target.unruled(original), original.py_func.__name__

    def add_overload(self, result):
        super().add_overload(result)
        if isinstance(result.signature.return_type, types.NoneType):
            raise RuleError(f"{self.name} has a rule of its own and returns nothing; let it return what it computes")
        if any(map(is_differentiable, result.signature.args)):
            _check_result(types.unliteral(result.signature.return_type), self.name)
        if any(map(is_differentiable, result.signature.args)) and is_differentiable(result.signature.return_type):
            made = RuleFunctions(self, tuple(map(types.unliteral, result.signature.args)), result)
            result.library.rules = (made.description,)


def _named(argument_types) -> dict[str, types.Type]:
    return {f"argument_{index}": ty for index, ty in enumerate(argument_types)}


def _arrays(arguments: dict[str, types.Type]) -> list[str]:
    """The expressions of all arrays among the arguments."""
    return [name + path for name, ty in arguments.items() for part, _, path in parts_with_offsets(ty)
            if isinstance(part, types.Array)]


def _plain(mirror: RuledMirror, argument_types) -> Callable:
    """The function itself, its result in memory of its own."""
    arguments = _named(argument_types)
    names: structure.Names = {"function": mirror.unruled, **records.HELPERS}
    return structure.definition(
        "plain", f"def plain({', '.join(arguments)}):\n    result = function({', '.join(arguments)})\n"
        f"    return {_owned('result', target.result_type(mirror.unruled, argument_types), mirror.rule, arguments, names)}\n",
        names)


def _owned(text: str, ty: types.Type, rule: JvpRule | VjpRule, arguments: dict[str, types.Type],
           names: structure.Names) -> str:
    """A value whose arrays are copied where they share memory with an argument's; the functions of ours give new ones."""
    given = [] if _is_vouched(rule) else _arrays(arguments)

    def leaf(item: types.Type, part: str) -> str:
        if isinstance(item, types.Array):
            part = f"compact({part})"
            for array in given:
                part = f"apart({part}, {array})"
        return part

    return structure.rebuild(ty, text, leaf, names)


class RuleFunctions:
    """The functions of one rule for one combination of argument types."""

    def __init__(self, mirror: RuledMirror, argument_types: tuple[types.Type, ...], plain):
        self.mirror, self.rule, self.plain = mirror, mirror.rule, plain
        self.arguments = _named(argument_types)
        self.argument_types = argument_types
        self.result = types.unliteral(plain.signature.return_type)
        self.arrays = _arrays(self.arguments)
        self.layout = records.Layout(self.result)

    @property
    def _vjp(self) -> VjpRule:
        assert isinstance(self.rule, VjpRule)
        return self.rule

    @property
    def description(self) -> CallRule:
        """What is known before the functions are made."""
        return CallRule(self.plain.fndesc.llvm_func_name, self.mirror.name, *self._positions(), source=self,
                        elements=tuple(self._elements()), made=frozenset(self._made()),
                        vouched=_is_vouched(self.rule))

    def has_tangent(self, mode: str) -> bool:
        """Whether the function is differentiated by its tangent in that mode."""
        if isinstance(self.rule, JvpRule) or mode == "reverse":
            return isinstance(self.rule, JvpRule)
        return self.rule.jvp is not None and (mode == "dependency" or self.rule.pushforward is None)

    @property
    def has_one_for_each(self) -> bool:
        """Whether forward mode and reverse mode take different functions."""
        return isinstance(self.rule, VjpRule) and (self.rule.jvp is not None or self.rule.pushforward is not None)

    @cached_property
    def tangent(self):
        """The function itself again, with a body whose marks say how the result changes."""
        body = JvpRule(self.rule.jvp).body(self.argument_types, self.result, self.plain.fndesc.llvm_func_name)
        return self._compiled(body, self.argument_types, self.result)

    @cached_property
    def _pair(self) -> tuple:
        """The augmented function, the reverse, and the size of what they share."""
        saved = records.Saved()
        augmented = self._compiled(self._augmented(saved), self._augmented_types(), self.result)
        return augmented, self._compiled(self._reverse(saved.type), (voidptr, voidptr), types.none), saved.bytes

    @cached_property
    def _pushed(self):
        """What forward mode calls."""
        names: structure.Names = {"forward": self._vjp.pushforward[0], **records.HELPERS}
        forward, residual = self._types_of_forward(self._vjp.pushforward[0])
        lines = [f"result, residual = forward({', '.join(self.arguments)})",
                 f"result = {_owned('result', forward, self.rule, self.arguments, names)}"]
        return self._compiled(self._lanewise.tangents(lines, residual, names), self._pushed_types(), self.result)

    @cached_property
    def _dependent(self):
        """What finds dependencies."""
        names: structure.Names = {"plain": self.mirror}
        lines = [f"result = plain({', '.join(self.arguments)})"]
        return self._compiled(self._lanewise.sets(lines, names), self._pushed_types(), self.result)

    @property
    def _lanewise(self) -> Lanewise:
        return Lanewise(self.mirror.name, self._vjp.pushforward[1], self.arguments, self.arrays, self.result)

    def _functions(self, mode: str) -> tuple:
        if mode == "reverse" or self._vjp.pushforward is None:
            return self._pair[:2]
        return (self._pushed,) if mode == "forward" else (self._dependent,)

    def libraries(self, mode: str) -> list[target.RawLibrary]:
        """What ``complete`` needs."""
        return [library for found in self._functions(mode) for library in found.library.linked()]

    def complete(self, rule: CallRule, mode: str) -> CallRule:
        """The rule of a function that stands for the plain one, with the functions named."""
        symbols = [found.fndesc.llvm_func_name for found in self._functions(mode)]
        if len(symbols) == 1:
            return replace(rule, pushed=symbols[0])
        return replace(rule, record_bytes=self._pair[2], augmented=symbols[0], reverse=symbols[1])

    def _compiled(self, body: Callable, argument_types, result: types.Type | None):
        made = target.DifferentiableDispatcher(body, None, target.kept_options({}))
        with target_override(target.TARGET), warnings.catch_warnings():
            # Numba warns of any tuple that begins with a function.
            warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
            made.compile(argument_types if result is None else result(*argument_types))
        (found,) = made.overloads.values()
        return found

    def _positions(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of the arrays' data and of the numbers, among the LLVM parameters."""
        arrays: list[int] = []
        numbers: list[int] = []
        offset = FIRST_ARGUMENT
        for ty in self.argument_types:
            for part, place, _ in parts_with_offsets(ty, offset):
                if isinstance(part, types.Array):
                    arrays.append(place + ARRAY_DATA)
                elif isinstance(part, types.Float | types.Complex):
                    numbers += range(place, place + leaf_count(part))
            offset += leaf_count(ty)
        return tuple(arrays), tuple(numbers)

    def _elements(self) -> Iterator[tuple[Type | None, int]]:
        for ty in self.argument_types:
            for part, _, _ in parts_with_offsets(ty):
                if isinstance(part, types.Array):
                    yield _FLOATS.get(element_of(part)), part.ndim

    def _made(self) -> Iterator[Type]:
        for part, _, _ in parts_with_offsets(self.result):
            if isinstance(part, types.Array) and element_of(part) in _FLOATS:
                yield _FLOATS[element_of(part)]

    # augmented ------------------------------------------------------------------------------------------------------

    def _augmented_types(self) -> tuple[types.Type, ...]:
        return (voidptr, voidptr, voidptr, types.int64, *[voidptr] * len(self.arrays), *self.argument_types)

    def _pushed_types(self) -> tuple[types.Type, ...]:
        return (voidptr, voidptr, types.int64, voidptr, *[voidptr] * len(self.arrays), *self.argument_types)

    def _augmented(self, saved: records.Saved) -> Callable:
        names: structure.Names = {"forward": self._vjp.forward, "save": saved.save, "beside": records.beside,
                                  "own": ownership.own, "adopt": ownership.adopt, **records.HELPERS}
        shadows = [f"shadow_{index}" for index in range(len(self.arrays))]
        forward, residual = self._types_of_forward(self._vjp.forward)
        lines = [f"result, residual = forward({', '.join(self.arguments)})",
                 f"result = {_owned('result', forward, self.rule, self.arguments, names)}",
                 f"residual = {self._kept(residual, forward, names)}", *self._made_shadows(names)]
        beside = "".join(f"beside({array}, {shadow}), " for array, shadow in zip(self.arrays, shadows, strict=True))
        made = "".join(f"made_{index}, " for index in range(len(self.layout.arrays)))
        lines += [f"save(record, (result_shadow, residual, ({made}), ({beside})))",
                  f"own(arena, (residual, ({made})))", "adopt(arena, result)", "return result"]
        parameters = ", ".join(["result_shadow", "arena", "record", "kept", *shadows, *self.arguments])
        return structure.function("augmented", parameters, lines, names)

    def _types_of_forward(self, forward) -> tuple[types.Type, types.Type]:
        found = target.result_type(target.mirror(forward), self.argument_types)
        if not isinstance(found, types.BaseTuple) or len(found) != 2:
            raise RuleError(f"the forward rule of {self.mirror.name} must return (result, residual), not {found}")
        return types.unliteral(found[0]), types.unliteral(found[1])

    def _kept(self, residual: types.Type, result: types.Type, names: structure.Names) -> str:
        """The residual, with a copy of each array that may be overwritten before it is read."""
        sources = [*self.arrays, *(f"result{path}" for part, _, path in parts_with_offsets(result)
                                   if isinstance(part, types.Array))]

        def leaf(item: types.Type, part: str) -> str:
            _check_residual(item, self.mirror.name)
            if isinstance(item, types.Array):
                for index, array in enumerate(sources):
                    part = f"unless_kept({part}, {array}, kept >> {min(index, len(self.arrays))} & 1)"
            return part

        return structure.rebuild(residual, "residual", leaf, names)

    def _made_shadows(self, names: structure.Names) -> Iterator[str]:
        for index, path in enumerate(self.layout.arrays):
            names[f"place_{index}"] = self.layout.placing(path)
            yield f"made_{index} = zeros_like(result{_text(path)})"
            yield f"place_{index}(result_shadow, made_{index})"

    # reverse --------------------------------------------------------------------------------------------------------

    def _reverse(self, saved: types.Type) -> Callable:
        names: structure.Names = {"backward": self._vjp.backward, **records.HELPERS}
        seed = self._seed(names)
        lines = ["result_shadow, residual, made, shadows = saved",
                 f"cotangents = backward(residual, {seed})", *self._handed_on(self._types_of_backward(saved), names),
                 *(f"clear(made[{index}])" for index in range(len(self.layout.arrays)))]
        swept = register_jitable(structure.function("swept", "saved, fields", lines, names))
        return structure.definition("reverse", "def reverse(record, fields):\n    restore(swept, record, fields)\n",
                                    {"restore": records.restoring(saved), "swept": swept})

    def _seed(self, names: structure.Names) -> str:
        """The cotangent of the result: shadows of its arrays, and numbers that are taken from memory."""
        paths = {_text(path): path for path in (*self.layout.arrays, *self.layout.numbers)}

        def leaf(item: types.Type, part: str) -> str:
            path = paths.get(part.removeprefix("result"))
            if path is None:
                return "None"
            if path in self.layout.arrays:
                return f"made[{self.layout.arrays.index(path)}]"
            name = f"take_{self.layout.numbers.index(path)}"
            names[name] = self.layout.taking(path)
            return f"{name}(result_shadow)"

        return structure.rebuild(self.result, "result", leaf, names)

    def _types_of_backward(self, saved: types.Type) -> types.Type:
        found = target.result_type(target.mirror(self._vjp.backward), (saved[1], self._seed_type(saved)))
        if not isinstance(found, types.BaseTuple) or len(found) != len(self.arguments):
            raise RuleError(f"the backward rule of {self.mirror.name} must return a tuple of {len(self.arguments)} cotangents, "
                            f"one an argument (None for none), not {found}")
        return found

    def _seed_type(self, saved: types.Type) -> types.Type:
        made = iter(saved[2])

        def leaf(ty: types.Type) -> types.Type:
            if isinstance(ty, types.BaseTuple):
                return types.BaseTuple.from_types([leaf(item) for item in ty], getattr(ty, "instance_class", None))
            if not is_differentiable(ty):
                return types.none
            return next(made) if isinstance(ty, types.Array) else ty

        return leaf(self.result)

    def _handed_on(self, given: types.Type, names: structure.Names) -> Iterator[str]:
        """Adds cotangents to shadows, and writes those of numbers into their fields."""
        array, field = 0, 0
        for index, ty in enumerate(self.argument_types):
            found = {path: part for part, _, path in parts_with_offsets(given[index])}
            for part, _, path in parts_with_offsets(ty):
                cotangent, text = _at(given[index], found, path), f"cotangents[{index}]{path}"
                if isinstance(part, types.Array):
                    if is_differentiable(part) and not isinstance(cotangent, types.NoneType):
                        self._check(part, cotangent, index)
                        yield f"accumulate(shadows[{array}], {text})"
                    array += 1
                elif isinstance(part, types.Float | types.Complex):
                    for suffix in ("",) if isinstance(part, types.Float) else (".real", ".imag"):
                        zero = isinstance(cotangent, types.NoneType)
                        number = part if isinstance(part, types.Float) else part.underlying_float
                        names[f"put_{field}"] = records.putting(number, field)
                        yield f"put_{field}(fields, {'0.0' if zero else text + suffix})"
                        field += 1

    def _check(self, ty: types.Type, cotangent: types.Type, index: int) -> None:
        if not isinstance(cotangent, types.Array) or cotangent.ndim != ty.ndim:
            raise RuleError(f"the backward rule of {self.mirror.name} gives {cotangent} for argument {index} of type {ty}; its "
                            f"cotangent is an array of that shape, or None")


def _at(given: types.Type, found: dict[str, types.Type], path: str) -> types.Type:
    """The type of the cotangent at a leaf; None anywhere above it stands for all leaves below."""
    return types.none if isinstance(given, types.NoneType) else found.get(path, types.none)


def _text(path: tuple[int, ...]) -> str:
    return "".join(f"[{index}]" for index in path)


def _check_result(ty: types.Type, name: str) -> None:
    """Refuses what a rule cannot speak of, lest the function's own derivative take the rule's place."""
    if isinstance(ty, types.BaseTuple):
        for item in ty:
            _check_result(item, name)
    elif not isinstance(ty, types.Number | types.Boolean | types.NoneType | types.Array | types.UnicodeType):
        raise RuleError(f"{name} has a rule of its own and returns {ty}; let it return numbers, arrays and tuples of them")


def _check_residual(ty: types.Type, name: str) -> None:
    allowed = types.Number, types.Boolean, types.NoneType, types.Array, types.Dispatcher, types.UnicodeType
    if not isinstance(ty, allowed):
        raise RuleError(f"the forward rule of {name} keeps a value of type {ty}; a residual is made of numbers, arrays and "
                        f"tuples of them")
