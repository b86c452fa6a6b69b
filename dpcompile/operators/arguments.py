"""The arguments of one derivative call as source text: checks, copies, shadows, and the gradient taken from them.

Requires: a compiled derivative, and the types of the arguments that callers pass: its own, up to contiguity.
Ensures:  the body of a function of those arguments, named ``argument_0`` onwards, that leaves them as they were.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from numba.core import types

from ..errors import AliasedArgumentsError
from ..frontend import structure
from ..frontend.activity import arrays_with_offsets, is_differentiable, parts_with_offsets
from ..targets import intrinsics
from ..targets.calls import cotangents_type
from ..targets.cpu import CompiledDerivative
from ..targets.interface import Interface
from ..targets.overlap import overlap, overlaps_itself


class Arguments:
    """Writes the code around a call of ``derivative``; ``names`` are the globals of that code."""

    def __init__(self, derivative: CompiledDerivative, argument_types: tuple[types.Type, ...],
                 signature: inspect.Signature):
        self.derivative = derivative
        self.types = argument_types
        self.labels = list(signature.parameters)
        self.names: structure.Names = {
            "overlap": overlap, "overlaps_itself": overlaps_itself, "AliasedArgumentsError": AliasedArgumentsError,
            "derivative": derivative, "propagate": intrinsics.propagate}
        self.offsets = derivative.argument_offsets

    @property
    def active_count(self) -> int:
        """How many numbers have cotangents of their own."""
        return len(cotangents_type(self.derivative))

    def checks(self) -> list[str]:
        """Refuses a written array that shares memory with another array, or whose elements share it."""
        found = [(f"argument_{index}{text}", self.labels[index] + text, self.derivative.written(offset))
                 for index, ty in enumerate(self.types)
                 for _, offset, text in arrays_with_offsets(ty, self.offsets[index])]
        lines = self._own_checks()
        for index, (first, first_label, first_written) in enumerate(found):
            for second, second_label, second_written in found[index + 1:]:
                if first_written or second_written:
                    message = aliasing_message(self.derivative, first_label, second_label)
                    lines += self._refusal(f"overlap({first}, {second})", message)
        return lines

    def _own_checks(self) -> list[str]:
        """In a copy, elements that share memory would not."""
        return [line for index, ty in enumerate(self.types)
                for part, offset, text in arrays_with_offsets(ty, self.offsets[index])
                if part.layout == "A" and part.mutable and self.derivative.written(offset)
                for line in self._refusal(f"overlaps_itself(argument_{index}{text})",
                                          repetition_message(self.derivative, self.labels[index] + text))]

    @staticmethod
    def _refusal(condition: str, message: str) -> list[str]:
        return [f"if {condition}:", f"    raise AliasedArgumentsError({message!r})"]

    def preparation(self) -> list[str]:
        """Copies of what the kernel writes and of strided arrays that need a shadow, then the shadows."""
        return [*self.copies(), *(f"shadow_{index} = {self._shadow(index)}" for index in range(len(self.types)))]

    def copies(self) -> list[str]:
        """The primals: the arguments themselves, or copies."""
        return [f"primal_{index} = {self._primal(index)}" for index in range(len(self.types))]

    def _primal(self, index: int) -> str:
        if isinstance(self.types[index], types.Dispatcher):
            return "None"
        def leaf(ty: types.Type, text: str, offset: int) -> str | None:
            return structure.held(ty, text, self.names) if self._needs_copy(ty, offset) else None

        name = f"argument_{index}"
        return self._rebuilt(index, name, leaf, name, plain=False)

    def _needs_copy(self, ty: types.Type, offset: int) -> bool:
        """What the kernel may write, and what could not have a shadow of the same layout."""
        if isinstance(ty, types.Array):
            strided = ty.layout == "A" or not ty.aligned
            return self.derivative.written(offset) or (strided and self.derivative.shadowed(ty, offset))
        return isinstance(ty, types.Record) and is_differentiable(ty)

    def _shadow(self, index: int) -> str:
        def leaf(ty: types.Type, text: str, offset: int) -> str | None:
            return self.shadow_like(text) if self.derivative.shadowed(ty, offset) else None

        return self._rebuilt(index, f"primal_{index}", leaf, "None", plain=True)

    def shadow_like(self, text: str) -> str:
        """Zeroed memory for the shadow of an array."""
        return f"zeros_like({text})"

    def shadowed_parts(self) -> list[str]:
        """The shadows that there are."""
        return [f"shadow_{index}{text}" for index, ty in enumerate(self.types)
                for part, offset, text in parts_with_offsets(ty, self.offsets[index]) if self.derivative.shadowed(part, offset)]

    def _rebuilt(self, index: int, text: str, change: Callable[[types.Type, str, int], str | None], otherwise: str,
                 plain: bool) -> str:
        """An argument with some leaves changed; ``otherwise`` where none is."""
        offsets = (offset for _, offset, _ in parts_with_offsets(self.types[index], self.offsets[index]))
        changed: list[str] = []

        def leaf(ty: types.Type, part: str) -> str:
            made = change(ty, part, next(offsets))
            changed.extend(() if made is None else (made,))
            return made or ("None" if plain else part)

        rebuilt = structure.rebuild(self.types[index], text, leaf, self.names, plain)
        return rebuilt if changed else otherwise

    def tuple_of(self, what: str) -> str:
        """All primals, or all shadows."""
        return "(" + "".join(f"{what}_{index}, " for index in range(len(self.types))) + ")"

    @property
    def operands(self) -> str:
        return f"{self.tuple_of('primal')}, {self.tuple_of('shadow')}"

    def gradient(self, index: int, cotangents: Iterator[str]) -> str:
        """The gradient with respect to one argument; takes the cotangents of its numbers from the iterator."""
        return structure.gradient(self.types[index], f"shadow_{index}", cotangents, self.names)

    def function(self, name: str, lines: list[str], parameters: str = "") -> Callable:
        """The function with that body; ``parameters`` where it does not take the arguments one by one."""
        parameters = parameters or ", ".join(f"argument_{index}" for index in range(len(self.types)))
        return structure.function(name, parameters, lines, self.names)


class WideArguments(Arguments):
    """The same where several tangents go through the derivative at a time: shadows are memory for all of them."""

    def shadow_like(self, text: str) -> str:
        return f"zeros({text}.size * {self.derivative.width}, {text}.dtype)"

    def conversions(self, positions: tuple[int, ...]) -> list[str]:
        """Brings the arrays of these arguments into C order, which is that of columns."""
        def leaf(ty: types.Type, text: str) -> str:
            return f"ascontiguousarray({text})" if isinstance(ty, types.Array) and ty.layout == "F" else text

        changed = {p: structure.rebuild(self.types[p], f"argument_{p}", leaf, self.names) for p in positions}
        return [f"argument_{p} = {text}" for p, text in changed.items() if "ascontiguousarray" in text]


def aliasing_message(derivative: Interface, first: str, second: str) -> str:
    return (f"arguments {first!r} and {second!r} of {derivative.primal.name} share memory, and it writes to one of "
            f"them. Pass a copy of one.")


def repetition_message(derivative: Interface, label: str) -> str:
    return (f"several indices of argument {label!r} of {derivative.primal.name} lead to the same cell, and it writes there. "
            f"Pass a copy.")


#: After a call whose outcome was not a normal return. The ``raise`` never runs: it tells Numba that nothing made so far
#: is needed any more, so that it is released before the exception leaves.
HAND_ON = ["if failed:", "    propagate(derivative, code, exception)", "    raise RuntimeError('not reached')"]
