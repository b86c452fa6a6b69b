"""From a Numba function and its argument types to one prepared LLVM module.

Requires: a plain ``numba.njit`` dispatcher and concrete Numba types.
Ensures:  ``Primal.text`` is one module that defines the function and all that it calls on a path to a normal return,
          only the entry external; loops simplified and in closed SSA form, values named, nothing vectorised.
          ``Primal.support`` holds what only error paths use; ``text`` declares it.
"""
from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

import llvmlite.binding as llvm
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.environment import lookup_environment
from numba.core.target_extension import target_override
from numba.core.typing.templates import Signature

from ..runtime import helpers
from . import target
from .callgraph import UNRESOLVED, CallGraph, scan, without_cold_bodies
from .ties import ties_of_minimum_to_second
from .unroll import annotated, without_annotations

ENVIRONMENT = "_ZN08NumbaEnv"
#: Attributes that would keep LLVM from preparing a function.
_HINDRANCES = re.compile(r" (?:noinline|optnone)\b")


@dataclass(frozen=True, eq=False)
class Primal:
    """A compiled function as the passes read it, with what its machine code will need."""

    name: str
    signature: Signature
    entry: str
    text: str
    support: str
    #: Python objects whose addresses generated code looks up by symbol.
    environments: dict[str, object] = field(repr=False)


@global_compiler_lock
def compile_primal(dispatcher, argument_types: tuple[types.Type, ...]) -> Primal:
    """The prepared module of ``dispatcher`` for ``argument_types``; Numba's own errors pass through unchanged."""
    result = _lower(dispatcher, argument_types)
    entry = result.fndesc.llvm_func_name
    linked = _link(result.library)
    text, support = _prepare(linked, entry)
    return Primal(dispatcher.py_func.__name__, result.signature, entry, text, support, _environments(linked))


def _lower(dispatcher, argument_types):
    mirror = target.mirror(dispatcher)
    mirrored = tuple(map(target.mirrored_type, argument_types))
    with target_override(target.TARGET):
        if mirror._can_compile:
            mirror.compile(mirrored)
        else:
            mirrored = mirror.typingctx.resolve_function_type(types.Dispatcher(mirror), mirrored, {}).args
    return mirror.overloads[tuple(mirrored)]


def _link(library) -> llvm.ModuleRef:
    """One module of the library and all that it needs; libraries that only recursion mentions are looked up."""
    linked = llvm.parse_assembly("")
    seen: set[int] = set()
    pending = library.linked()
    while pending:
        for needed in pending:
            if id(needed) not in seen:
                seen.add(id(needed))
                linked.link_in(_mergeable(needed._final_module), preserve=True)
        pending = [found for symbol in _unresolved(linked) for found in target.libraries_defining(symbol)]
    if not helpers.DEFINED.isdisjoint(function.name for function in linked.functions):
        linked.link_in(llvm.parse_assembly(helpers.TEXT))
    return linked


def _mergeable(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """A copy whose definitions may occur in several modules, as Numba's helper functions do."""
    copy = module.clone()
    for function in copy.functions:
        if not function.is_declaration and function.linkage == llvm.Linkage.external:
            function.linkage = "weak_odr"
    return copy


def _unresolved(module: llvm.ModuleRef) -> list[str]:
    """Symbols that recursive calls name and that no library linked so far defines."""
    names = [variable.name for variable in module.global_variables if variable.name.startswith(UNRESOLVED)]
    defined = {function.name for function in module.functions if not function.is_declaration}
    return [name[len(UNRESOLVED):] for name in names if name[len(UNRESOLVED):] not in defined]


def _environments(module: llvm.ModuleRef) -> dict[str, object]:
    names = [variable.name for variable in module.global_variables if variable.name.startswith(ENVIRONMENT)]
    return {name: lookup_environment(name) for name in names}


def _prepare(module: llvm.ModuleRef, entry: str) -> tuple[str, str]:
    """The text of the module for the passes, and the text of what only its error paths need."""
    machine = target.DifferentiableDispatcher.targetdescr.target_context.codegen()._tm
    _run(module, machine, 0, ["add_sroa_pass"], default=False)
    text = ties_of_minimum_to_second(_environments_declared(_direct_recursion(_HINDRANCES.sub("", str(module)))))
    graph = scan(text, entry)
    main = llvm.parse_assembly(without_cold_bodies(text, graph))
    _mark_inlined(main, graph, entry)
    return _optimised(main, machine), _support(text, graph)


def _direct_recursion(text: str) -> str:
    """Recursive calls name their callee instead of loading its address from a cell that Numba fills in at run time."""
    return re.sub(rf'(@"{re.escape(UNRESOLVED)}([^"]+)") = external global ptr',
                  r'\1 = internal constant ptr @\2', text)


def _environments_declared(text: str) -> str:
    """Cells for Python objects stay unknown: an optimiser that saw them null would fold every use into an exception."""
    return re.sub(rf'(@"?{ENVIRONMENT}[^ "]*"?) = (?:common )?(?:dso_local )?global ptr null(?:, align 8)?',
                  r"\1 = external global ptr", text)


def _mark_inlined(module: llvm.ModuleRef, graph: CallGraph, entry: str) -> None:
    forced = graph.inlined()
    for function in module.functions:
        if function.is_declaration or function.name == entry:
            continue
        function.linkage = "internal"
        if function.name in forced:
            function.add_function_attribute("alwaysinline")
    for variable in module.global_variables:
        if variable.linkage not in (llvm.Linkage.external, llvm.Linkage.internal, llvm.Linkage.private):
            variable.linkage = "internal"


_CANONICAL = ["add_loop_simplify_pass", "add_lcssa_pass", "add_instruction_namer_pass", "add_strip_dead_prototype_pass"]
#: Nests of short loops are unrolled from the inside, one level at a time.
UNROLLED_DEPTH = 3
#: What differentiation needs in any case: one function, memory and structures of local numbers as values.
_MINIMAL = ["add_always_inliner_pass", "add_global_dead_code_eliminate_pass", "add_sroa_pass", "add_instruction_combine_pass",
            "add_simplify_cfg_pass", "add_sccp_pass", "add_dead_code_elimination_pass"]


def _optimised(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> str:
    """Optimised as ``DPCOMPILE_PREOPT`` says (0–3, default 2), short loops unrolled, the others in canonical form."""
    level = int(os.environ.get("DPCOMPILE_PREOPT", "2"))
    _run(module, machine, level, [] if level else _MINIMAL, default=bool(level))
    _run(module, machine, level, _CANONICAL, default=False)
    for _ in range(UNROLLED_DEPTH if level else 0):
        text, some = annotated(str(module))
        if not some:
            break
        module = llvm.parse_assembly(text)
        _run(module, machine, level, ["add_loop_unroll_pass"], default=False)
        _run(module, machine, level, [], default=True)
        module = llvm.parse_assembly(without_annotations(str(module)))
        _run(module, machine, level, _CANONICAL, default=False)
    return str(module)


def _run(module, machine, level: int, steps: list[str], default: bool) -> None:
    """Runs LLVM's default pipeline of that level, without what unrolls or vectorises, or nothing; then ``steps``."""
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = options.loop_interleaving = False
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getModulePassManager() if default else llvm.create_new_module_pass_manager()
    for step in steps:
        getattr(manager, step)()
    manager.run(module, builder)


def _support(text: str, graph: CallGraph) -> str:
    """The module of what only error paths call or only data mention; what the main module names is external."""
    if not graph.cold:
        return ""
    module = llvm.parse_assembly(text)
    for function in module.functions:
        if not function.is_declaration:
            function.linkage = "external" if function.name in graph.cold_roots else "internal"
    manager = llvm.create_new_module_pass_manager()
    manager.add_global_dead_code_eliminate_pass()
    machine = target.DifferentiableDispatcher.targetdescr.target_context.codegen()._tm
    manager.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=0)))
    return str(module)
