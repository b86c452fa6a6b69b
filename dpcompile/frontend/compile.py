"""From a Numba function and its argument types to one prepared LLVM module.

Requires: a plain ``numba.njit`` dispatcher and concrete Numba types.
Ensures:  ``Primal.text`` is one module that defines the function and all that it calls on a path to a normal return,
          only the entry external; loops simplified and in closed SSA form, values named, nothing vectorised.
          ``Primal.support`` holds what only error paths use; ``text`` declares it.
"""
from __future__ import annotations

import inspect
import os
import re
from dataclasses import dataclass, field, replace

import llvmlite.binding as llvm
from numba import njit
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.environment import lookup_environment
from numba.core.target_extension import target_override
from numba.core.typing.templates import Signature

from dpcompile.passes.ir.call_rule import CallRule
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.vocabulary import STANDS_IN, VIEW
from dpcompile.passes.ir.writer import write
from dpcompile.passes.transform.reducible import make_reducible

from ..errors import RuleError, UnsupportedError
from ..runtime import helpers
from . import chosen, intercept, prange, special, structure, symbols, target, telling_calls
from .callgraph import UNRESOLVED, CallGraph, reached, scan, tangents_taken, without_cold_bodies
from .locations import defined_at
from .ties import ties_of_minimum_to_second
from .unroll import annotated, without_annotations

ENVIRONMENT = "_ZN08NumbaEnv"
#: Declarations of marks (see ``marks``), which do nothing but compute.
_MARK = re.compile(
    r"^(declare [^@]*@dp\.(?:stop|hold|follow|attach|discrete|gated\w*)\.(?:v\d+)?f\d\d\([^)]*\)).*$", re.MULTILINE)
#: Attributes that would keep LLVM from preparing a function.
HINDRANCES = re.compile(r" (?:noinline|optnone)\b")
#: A word in their place, because a group of attributes may not be empty.
NO_HINDRANCE = ' "inline"'


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
    #: Functions in ``text`` that have a derivative of their own.
    rules: tuple[CallRule, ...] = ()
    #: What ties its code to this process; empty where nothing does.
    bound_by: str = ""
    #: Whether derivatives that it calls refuse arguments which share memory.
    refuses_sharing: bool = False

    @property
    def has_rules_for_both(self) -> bool:
        """Whether a function in ``text`` has one rule for reverse mode and another for forward mode."""
        return any(rule.augmented and rule.source.has_one_for_each for rule in self.rules)


@global_compiler_lock
def compile_primal(dispatcher, argument_types: tuple[types.Type, ...], mode: str = "reverse") -> Primal:
    """The prepared module of ``dispatcher`` for ``argument_types``; Numba's own errors pass through unchanged.

    ``mode``: ``reverse``, ``forward`` or ``dependency``: functions which have a rule for each are taken as that one says.
    """
    intercept.load_waiting()
    for ty in argument_types:
        _refuse_dictionaries(ty, dispatcher)
    result = _lower(dispatcher, argument_types)
    entry = result.fndesc.llvm_func_name
    given = any(map(_holds_functions, result.signature.args))
    linked, rules, tangents = _link(result.library, entry, mode, given)
    text, support, bound_by = _prepare(linked, entry, rules, tangents)
    refuses_sharing = any(needed.refuses_sharing for needed in result.library.linked())
    return Primal(dispatcher.py_func.__name__, result.signature, entry, text, support, _environments(linked), rules, bound_by,
                  refuses_sharing)


def _refuse_dictionaries(ty: types.Type, dispatcher) -> None:
    """What Numba's C functions have made has another structure than the dictionaries of ``containers``."""
    if isinstance(ty, types.DictType):
        raise UnsupportedError(f"cannot differentiate {dispatcher.py_func.__name__}, which is given a dictionary, {ty}."
                               f"{defined_at(dispatcher)}Give it the keys and values as lists, arrays or tuples, and make the "
                               f"dictionary in it.")
    for item in _parts(ty):
        _refuse_dictionaries(item, dispatcher)


def _holds_functions(ty: types.Type) -> bool:
    """Whether a value of this type is or holds a function that only the running program knows."""
    return isinstance(ty, types.FunctionType) or any(map(_holds_functions, _parts(ty)))


def _parts(ty: types.Type) -> tuple[types.Type, ...]:
    """Types of what a value holds."""
    match ty:
        case types.BaseTuple():
            return tuple(ty)
        case types.Optional():
            return (ty.type,)
        case types.ListType() | types.List():
            return (ty.dtype,)
        case types.ClassInstanceType():
            return tuple(ty.struct.values())
        case types.StructRef():
            return tuple(ty.field_dict.values())
    return ()


def _lower(dispatcher, argument_types):
    mirror = target.mirror(_calling(dispatcher) if hasattr(dispatcher, target.RULE) else dispatcher)
    mirrored = tuple(map(target.mirrored_type, argument_types))
    with target_override(target.TARGET):
        if mirror._can_compile:
            mirror.compile(mirrored)
        else:
            mirrored = mirror.typingctx.resolve_function_type(types.Dispatcher(mirror), mirrored, {}).args
    return mirror.overloads[tuple(mirrored)]


def _calling(dispatcher):
    """A function that calls one with a rule of its own, for which the rule holds too."""
    parameters = ", ".join(f"argument_{index}" for index in range(len(inspect.signature(dispatcher.py_func).parameters)))
    name = structure.identifier(dispatcher.py_func.__name__, "function")
    return njit(structure.definition(name, f"def {name}({parameters}):\n    return called({parameters})\n",
                                     {"called": dispatcher}))


def _link(library, entry: str, mode: str, given: bool) -> tuple[llvm.ModuleRef, tuple[CallRule, ...], dict[str, str]]:
    """One module of the library and all that it needs, libraries that only recursion mentions included; the rules of
    functions in it, with the functions of those that the entry calls; and what to call instead of some of them, because it
    says how they change. What it calls has its rule too."""
    linked = llvm.parse_assembly("")
    seen: set[int] = set()
    rules = _link_all(linked, library.linked(), seen)
    given |= any(needed.is_given_functions for needed in library.linked())
    candidates = chosen.candidates(linked)
    linked.link_in(llvm.parse_assembly(chosen.definitions(linked, candidates, given)))
    complete: dict[str, CallRule] = {}
    tangents: dict[str, str] = {}
    roots = [entry]
    while rules and roots:
        for symbol in reached(str(linked), roots.pop(), rules):
            source = rules[symbol].source
            if symbol in tangents or symbol in complete:
                continue
            if source.has_tangent(mode):
                rules.update(_link_all(linked, source.tangent.library.linked(), seen))
                tangents[symbol] = _fitted(linked, symbol, source.tangent.fndesc.llvm_func_name)
                roots.append(tangents[symbol])
            else:
                rules.update(_link_all(linked, source.libraries(mode), seen))
                complete[symbol] = source.complete(rules[symbol], mode)
    if chosen.candidates(linked) != candidates:
        raise UnsupportedError("a rule of a function that is differentiated chooses among functions while it runs.\n  Name the "
                               "function that it calls.")
    for defined, text in helpers.MODULES.items():
        if not defined.isdisjoint(function.name for function in linked.functions):
            linked.link_in(llvm.parse_assembly(text))
    return linked, tuple({**rules, **complete}.values()), tangents


def _link_all(linked: llvm.ModuleRef, libraries: list, seen: set[int]) -> dict[str, CallRule]:
    """Links libraries and what they need into a module; gives the rules of functions in them, by symbol."""
    rules: dict[str, CallRule] = {}
    pending = libraries
    while pending:
        for needed in pending:
            if id(needed) not in seen:
                seen.add(id(needed))
                rules.update((rule.symbol, rule) for rule in needed.rules)
                linked.link_in(_mergeable(needed._final_module), preserve=True)
        pending = [found for symbol in _unresolved(linked) for found in target.libraries_defining(symbol)]
    return rules


def _fitted(linked: llvm.ModuleRef, symbol: str, symbol_of_tangent: str) -> str:
    """The tangent of a function in the signature of that: one that a derivative calls is given memory besides."""
    function, tangent = linked.get_function(symbol), linked.get_function(symbol_of_tangent)
    given = [f"{argument.type} %a{index}" for index, argument in enumerate(function.arguments)]
    count = len(list(tangent.arguments))
    if len(given) == count:
        return symbol_of_tangent
    name = f"{symbol}.tangent"
    types_ = ", ".join(str(argument.type) for argument in tangent.arguments)
    linked.link_in(llvm.parse_assembly(f"""declare i32 @"{symbol_of_tangent}"({types_})
        define weak_odr i32 @"{name}"({", ".join(given)}) {{
          %status = call i32 @"{symbol_of_tangent}"({", ".join(given[:count])})
          ret i32 %status
        }}"""))
    return name


def _mergeable(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """A copy whose definitions may occur in several modules, as Numba's helper functions do."""
    copy = module.clone()
    for function in copy.functions:
        if not function.is_declaration and function.linkage == llvm.Linkage.external:
            function.linkage = "weak_odr"
    return copy


def _unresolved(module: llvm.ModuleRef) -> list[str]:
    """Symbols that no library linked so far defines: what recursive calls name, functions handed on as values."""
    names = [variable.name for variable in module.global_variables if variable.name.startswith(UNRESOLVED)]
    defined = {function.name for function in module.functions if not function.is_declaration}
    declared = [function.name for function in module.functions if function.is_declaration]
    return [name[len(UNRESOLVED):] for name in names if name[len(UNRESOLVED):] not in defined] + declared


def _bound_by(text: str) -> str:
    """What of this process is in a linked module; later, optimisations make it a mere number."""
    named = re.findall(rf'@"?({re.escape(symbols.DYNAMIC)}[\w.]+)', text)
    if any(not name.startswith(symbols.OWN) for name in set(named) if named.count(name) > 1):   # its definition, and a use
        return "uses an address of this process, as of a pointer or a large array"
    return "chooses among functions while it runs" if f"@{chosen.PREFIX}" in text else ""


def _environments(module: llvm.ModuleRef) -> dict[str, object]:
    names = [variable.name for variable in module.global_variables if variable.name.startswith(ENVIRONMENT)]
    return {name: lookup_environment(name) for name in names}


def _prepare(module: llvm.ModuleRef, entry: str, rules: tuple[CallRule, ...], tangents: dict[str, str]) -> tuple[str, str, str]:
    """The text of the module for the passes, the text of what only its error paths need, and ``Primal.bound_by``."""
    roots = [entry, *tangents.values(), *(name for rule in rules for name in rule.functions)]
    machine = target.DifferentiableDispatcher.targetdescr.target_context.codegen()._tm
    run_passes(module, machine, 0, ["add_sroa_pass", "add_instruction_combine_pass", "add_refprune_pass"], default=False)
    text = special.named(str(module))
    bound_by = _bound_by(text)
    text = ties_of_minimum_to_second(_environments_declared(_direct_recursion(HINDRANCES.sub(NO_HINDRANCE, text))))
    text = _with_tangents(text, tangents, rules, machine)
    for start in (prange.PIN, VIEW, STANDS_IN):
        text = telling_calls.kept(text, start)
    text = _MARK.sub(r"\1 nounwind willreturn memory(none)", text)
    graph = scan(text, roots)
    main = llvm.parse_assembly(without_cold_bodies(text, graph))
    _mark_inlined(main, graph, roots, {rule.symbol for rule in rules})
    done = special.with_results(optimised(main, machine), lambda module: optimised(module, machine))
    return telling_calls.without(done, prange.PIN), _support(text, graph), bound_by


def _with_tangents(text: str, tangents: dict[str, str], rules: tuple[CallRule, ...], machine: llvm.TargetMachine) -> str:
    """Calls of functions that have a rule for their tangent call that; what the rules themselves call stays as it is, so it
    is inlined into them first."""
    if not tangents:
        return text
    inlined = scan(text, list(tangents.values())).inlined().difference(tangents.values(), (rule.symbol for rule in rules))
    module = llvm.parse_assembly(text)
    for function in module.functions:
        if function.name in inlined:
            function.add_function_attribute("alwaysinline")
    run_passes(module, machine, 0, ["add_always_inliner_pass"], default=False)
    text = tangents_taken(str(module), tangents)
    for rule in rules:
        if rule.symbol in tangents and tangents[rule.symbol] in scan(text, [tangents[rule.symbol]]).recursive():
            raise RuleError(f"the rule of {rule.name} calls a recursive function that calls {rule.name} again")
    return text


def _direct_recursion(text: str) -> str:
    """Recursive calls name their callee instead of loading its address from a cell that Numba fills in at run time."""
    return re.sub(rf'(@"{re.escape(UNRESOLVED)}([^"]+)") = external global ptr',
                  r'\1 = internal constant ptr @\2', text)


def _environments_declared(text: str) -> str:
    """Cells for Python objects stay unknown: an optimiser that saw them null would fold every use into an exception."""
    return re.sub(rf'(@"?{ENVIRONMENT}[^ "]*"?) = (?:common )?(?:dso_local )?global ptr null(?:, align 8)?',
                  r"\1 = external global ptr", text)


def _mark_inlined(module: llvm.ModuleRef, graph: CallGraph, roots: list[str], ruled: set[str]) -> None:
    """``ruled``: functions that the passes must find as they are, because they have a derivative of their own."""
    forced = graph.inlined() - ruled
    for function in module.functions:
        if function.name in ruled:
            function.add_function_attribute("noinline")
        elif function.name in forced and function.name != roots[0]:
            function.add_function_attribute("alwaysinline")
        if not function.is_declaration and function.name not in roots:
            function.linkage = "internal"
    for variable in module.global_variables:
        if variable.linkage not in (llvm.Linkage.external, llvm.Linkage.internal, llvm.Linkage.private):
            variable.linkage = "internal"


_CANONICAL = ["add_loop_simplify_pass", "add_lcssa_pass", "add_instruction_namer_pass", "add_strip_dead_prototype_pass"]
#: Nests of short loops are unrolled from the inside, one level at a time.
UNROLLED_DEPTH = 3
#: What differentiation needs in any case: one function, memory and structures of local numbers as values.
_MINIMAL = ["add_always_inliner_pass", "add_global_dead_code_eliminate_pass", "add_sroa_pass", "add_instruction_combine_pass",
            "add_simplify_cfg_pass", "add_sccp_pass", "add_dead_code_elimination_pass"]


def optimised(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> str:
    """Optimised as ``DPCOMPILE_PREOPT`` says (0–3, default 2), short loops unrolled, the others in canonical form."""
    level = int(os.environ.get("DPCOMPILE_PREOPT", "2"))
    run_passes(module, machine, level, [] if level else _MINIMAL, default=bool(level))
    run_passes(module, machine, level, _CANONICAL, default=False)
    for _ in range(UNROLLED_DEPTH if level else 0):
        text, some = annotated(str(module))
        if not some:
            break
        module = llvm.parse_assembly(text)
        run_passes(module, machine, level, ["add_loop_unroll_pass"], default=False)
        run_passes(module, machine, level, [], default=True)
        module = llvm.parse_assembly(without_annotations(str(module)))
        run_passes(module, machine, level, _CANONICAL, default=False)
    return str(module)


def with_reducible_cycles(primal: Primal) -> Primal:
    """The same, each cycle with one way in: LLVM's optimisations make others of loops now and then."""
    return reducible(primal, target.DifferentiableDispatcher.targetdescr.target_context.codegen()._tm)


def reducible(primal: Primal, machine: llvm.TargetMachine) -> Primal:
    """The same for any machine."""
    module = read(primal.text)
    for function in module.functions.values():
        make_reducible(function)
    nodes = "\n".join(line for line in primal.text.splitlines() if line.startswith("!"))
    changed = llvm.parse_assembly(write(module, nodes))
    run_passes(changed, machine, 0, _CANONICAL, default=False)
    return replace(primal, text=str(changed))


def run_passes(module, machine, level: int, steps: list[str], default: bool) -> None:
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
