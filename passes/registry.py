"""The passes that can be run by name; adding one is adding a line to ``PASSES``.

An analysis returns its result as text; a transform changes the module and returns None.  Passes are imported when
they are run, so that the table costs nothing and a broken pass disturbs no other.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from .errors import PassError
from .ir.model import Function, Module


@dataclass(frozen=True)
class Options:
    """What the command line says: one function or (empty) all, and settings that single passes know."""

    function: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def functions(self, module: Module) -> Iterator[Function]:
        """The definitions that are meant."""
        if self.function and self.function not in module.functions:
            raise PassError(f"the module has no function @{self.function}")
        for function in module.functions.values():
            if not function.is_declaration and self.function in ("", function.name):
                yield function


Pass = Callable[[Module, Options], str | None]


def _imported(module: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(import_module(f".{module}", __package__), name)
    return found


def analysis(module: str, name: str = "analyse") -> Pass:
    """A pass that prints what ``name(function)`` returns for each definition."""
    def run(ir: Module, options: Options) -> str:
        return "\n\n".join(str(_imported(module, name)(function)) for function in options.functions(ir))
    return run


def transform(module: str, name: str) -> Pass:
    """A pass that calls ``name(module)``, which changes the module or raises."""
    def run(ir: Module, options: Options) -> None:
        _imported(module, name)(ir)
    return run


def function_transform(module: str, name: str) -> Pass:
    """A pass that calls ``name(function)`` for each definition."""
    def run(ir: Module, options: Options) -> None:
        for function in options.functions(ir):
            _imported(module, name)(function)
    return run


def step(name: str) -> Pass:
    """A pass that calls ``name(module, function, settings)`` of ``steps`` for each definition."""
    def run(ir: Module, options: Options) -> str | None:
        results = [_imported("steps", name)(ir, function, options.settings) for function in list(options.functions(ir))]
        return "\n\n".join(map(str, results)) if name.startswith("find_") else None
    return run


def _outline(ir: Module, options: Options) -> None:
    """``--set loop=HEADER``: that loop of the function becomes one of its own."""
    for function in list(options.functions(ir)):
        _imported("transform.outline", "outline")(ir, function, options.settings.get("loop", ""))


def _read(ir: Module, options: Options) -> None:
    """Nothing: the round trip through reader and writer is the pass."""


PASSES: dict[str, Pass] = {
    "read": _read,
    "verify": transform("ir.verifier", "verify"),
    "split_returns": function_transform("transform.split_returns", "split_returns"),
    "cfg": analysis("analysis.cfg"),
    "loops": analysis("analysis.loops"),
    "induction": analysis("analysis.induction"),
    "choices": analysis("analysis.choices"),
    "alias": step("find_aliases"),
    "callees": step("find_callees"),
    "memory_types": step("find_memory_types"),
    "activity": step("find_activity"),
    "infinite": step("find_infinite"),
    "gated": step("find_gates"),
    "compared": step("find_compared"),
    "oblivious": step("find_course"),
    "overwrites": step("find_overwrites"),
    "lifetimes": step("find_lifetimes"),
    "bounds": step("find_bounds"),
    "separable": step("find_separable"),
    "uniform": step("find_uniform"),
    "parallel": step("find_parallel"),
    "reverse_path": step("find_reverse_path"),
    "cache_plan": step("find_cache_plan"),
    "forms": step("find_forms"),
    "prepare": step("prepare"),
    "chunks": transform("transform.chunks", "split_loops"),
    "dissolve": transform("transform.dissolve", "dissolve"),
    "hoist": step("hoist"),
    "negations": function_transform("transform.negations", "move_negations"),
    "outline": _outline,
    "recurrences": function_transform("transform.recurrences", "shorten_recurrences"),
    "reducible": function_transform("transform.reducible", "make_reducible"),
    "scalarise": transform("transform.scalarise", "scalarise"),
    "settle_signs": transform("transform.settle_signs", "settle_signs"),
    "sink": step("sink"),
    "steady_choices": transform("transform.steady_choices", "steady_choices"),
    "unify_returns": function_transform("transform.unify_returns", "unify_returns"),
    "adjoint": step("write_adjoint"),
    "tangent": step("write_tangent"),
    "dependency": step("write_dependencies"),
}
