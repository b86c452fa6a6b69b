"""Single steps of the pipeline on functions of a hand-written module, for ``dp-opt``.

Requires: a module as ``pipeline`` reads it; ``settings`` as ``--set NAME=VALUE`` gives them:
          ``kinds``: what is asked of each parameter, ``active``, ``duplicated`` or ``const``, by default active for a
          float and duplicated for a pointer; ``elements``: the scalar type behind each pointer where it is known
          (``double,,i64``); ``unread``: the parameters at whose memory nobody looks afterwards, by name; ``unseeded``: those
          for whose memory nobody gives a cotangent; ``name``: what the derivatives are called after, by default the
          function; ``target``: ``host`` or ``device``.
Ensures:  an analysis gives its result, made of a copy that the front of the pipeline has prepared; a transform leaves
          the primal in the module and the derivative beside it.
"""
from __future__ import annotations

from .analysis import alias, bounds, compared, gated, induction, infinite, lifetimes, loops, oblivious, separable, uniform
from .analysis.activity import ACTIVE, CONSTANT, DUPLICATED, Activity
from .analysis.alias import Aliasing
from .analysis.bounds import Bounds
from .analysis.cache_plan import CachePlan
from .analysis.compared import Compared
from .analysis.gated import Gates
from .analysis.infinite import Infinite
from .analysis.instances import allocates
from .analysis.later_stores import LaterStores
from .analysis.memory_types import MemoryTypes
from .analysis.objects import Origin
from .analysis.oblivious import Course
from .analysis.overwrites import Overwrites
from .analysis.ranges import Ranges
from .analysis.reverse_path import ReversePath
from .analysis.separable import Separability
from .errors import PassError
from .ir.call_rule import CallRule
from .ir.model import Argument, Function, Module, is_float
from .ir.types import PTR, Type
from .target import DEVICE, HOST
from .transform.chunks import split_loops
from .transform.dependency import Masks, build_dependencies
from .transform.forward import build_tangents
from .transform.hoist import hoist_loads
from .transform.prepare import prepare as prepare_function
from .transform.program import Program, require_status
from .transform.reverse import ELEMENTS, ReverseFunctions, build_functions
from .transform.sharing import share_shadows, told_of_loops
from .transform.sink import sink_stores

Settings = dict[str, str]
TARGETS = {target.name: target for target in (HOST, DEVICE)}
_KINDS = (ACTIVE, DUPLICATED, CONSTANT)


def find_aliases(module: Module, function: Function, settings: Settings) -> Aliasing:
    return alias.analyse(function, module.globals)


def find_callees(module: Module, function: Function, settings: Settings) -> str:
    """Aliasing in every function that is called and not inlined, the function itself last."""
    versions = _program(module, function, settings, "analysed").versions.values()
    return "\n\n".join(str(version.aliasing) for version in reversed(versions))


def find_activity(module: Module, function: Function, settings: Settings) -> Activity:
    return _program(module, function, settings, "analysed").entry.activity


def find_memory_types(module: Module, function: Function, settings: Settings) -> MemoryTypes:
    return find_activity(module, function, settings).types


def find_infinite(module: Module, function: Function, settings: Settings) -> Infinite:
    version = _program(module, function, settings, "analysed").entry
    return infinite.analyse(version.function, version.warm_instructions(), version.aliasing, version.cfg)


def find_gates(module: Module, function: Function, settings: Settings) -> Gates:
    version = _program(module, function, settings, "analysed").entry
    unseeded = {a for a in version.parameters if a.name in settings.get("unseeded", "").split(",")}
    return gated.analyse(version.activity, version.warm_blocks(), version.cfg, version.forest, version.is_entry, unseeded)


def find_course(module: Module, function: Function, settings: Settings) -> Course:
    version = _program(module, function, settings, "analysed").entry
    return oblivious.analyse(version.function, version.cfg)


def find_compared(module: Module, function: Function, settings: Settings) -> Compared:
    version = _program(module, function, settings, "analysed").entry
    return compared.analyse(version.activity, version.warm_blocks())


def find_overwrites(module: Module, function: Function, settings: Settings) -> Overwrites:
    version = _program(module, function, settings, "analysed").entry
    result = version.overwrites()
    result.kept_stack = {o for o in version.activity.shadowed if o.origin == Origin.STACK}
    result.later = LaterStores(Ranges(version.cfg, version.forest, induction.analyse(function, version.cfg, version.forest)))
    return result


def find_lifetimes(module: Module, function: Function, settings: Settings) -> str:
    forest = loops.analyse(function)
    found = [f"  {call.ref}: {lifetimes.analyse(call, forest) or 'nobody knows'}"
             for call in function.instructions() if allocates(call)]
    return "\n".join([f"lifetimes in {function.ref}", *found])


def find_bounds(module: Module, function: Function, settings: Settings) -> Bounds:
    version = _program(module, function, settings, "analysed").entry
    return bounds.analyse(module, version.activity, version.cfg, settings.get("target") == DEVICE.name)


def find_separable(module: Module, function: Function, settings: Settings) -> Separability:
    return separable.analyse(module, function)


def find_uniform(module: Module, function: Function, settings: Settings) -> str:
    """What differs from thread to thread, the branch at which threads part that should not, and what they should leave alone
    before they return."""
    version = _program(module, function, settings, "analysed").entry
    result = uniform.analyse(version.function, version.cfg, version.aliasing)
    stray = result.stray.parent.ref if result.stray is not None else "nowhere"
    early = result.early.parent.ref if result.early is not None else "nowhere"
    return f"{result}\n  threads go astray at {stray}\n  they use too early what others share at {early}"


def find_parallel(module: Module, function: Function, settings: Settings) -> str:
    """What becomes of the loops marked as parallel, and who may add to which shadow."""
    found = split_loops(module)
    program = _program(module, function, settings, "analysed")
    share_shadows(module, program, {})
    return told_of_loops(program, found)


def find_reverse_path(module: Module, function: Function, settings: Settings) -> ReversePath:
    return write_adjoint(module, function, settings).path


def find_cache_plan(module: Module, function: Function, settings: Settings) -> CachePlan:
    return write_adjoint(module, function, settings).plan


def find_forms(module: Module, function: Function, settings: Settings) -> str:
    """The loops whose reverse is written in another form."""
    forms = "".join(f"\n  {form}" for form in write_adjoint(module, function, settings).forms)
    return f"forms of {function.ref}{forms or ': none'}"


def prepare(module: Module, function: Function, settings: Settings) -> None:
    prepare_function(module, function, {a: ELEMENTS[e] for a, e in _elements(function, settings).items()})


def hoist(module: Module, function: Function, settings: Settings) -> None:
    """``NAME.hoisted``: the function with the loads moved that can be."""
    hoist_loads(_program(module, function, settings, "hoisted").entry)


def sink(module: Module, function: Function, settings: Settings) -> None:
    """``NAME.sunk``: the function with the stores moved that can be."""
    sink_stores(_program(module, function, settings, "sunk").entry)


def write_adjoint(module: Module, function: Function, settings: Settings) -> ReverseFunctions:
    """``NAME.augmented`` and ``NAME.reverse``, and the same of every function that is called."""
    require_status(function)
    name = settings.get("target", HOST.name)
    if name not in TARGETS:
        raise PassError(f"a target is {', '.join(TARGETS)}, not {name}")
    program = _program(module, function, settings, "augmented")
    unread = settings.get("unread", "").split(",")
    program.entry.leave_unseen(a for a in program.entry.parameters if a.name in unread)
    return build_functions(module, program, TARGETS[name])


def write_tangent(module: Module, function: Function, settings: Settings) -> None:
    """``NAME.tangent``, and the same of every function that is called."""
    require_status(function)
    build_tangents(module, _program(module, function, settings, "tangent"))


def write_dependencies(module: Module, function: Function, settings: Settings) -> None:
    """``NAME.dependency``, and the same of every function that is called."""
    require_status(function)
    build_dependencies(module, _program(module, function, settings, "dependency"), Masks())


def _program(module: Module, function: Function, settings: Settings, suffix: str) -> Program:
    _set_rules(module, settings)
    facts: dict[str, Type] = {a.name: ELEMENTS[e] for a, e in _elements(function, settings).items()}
    return Program(module, function, _kinds(function, settings), facts, settings.get("name", function.name), suffix)


def _set_rules(module: Module, settings: Settings) -> None:
    """``rules=square:square.augmented:square.reverse:8::2``: a function, its two others, the bytes that they share, the
    positions of arrays and of numbers among its parameters, each list joined by ``+``."""
    for text in filter(None, settings.get("rules", "").split(",")):
        try:
            symbol, augmented, reverse, size, arrays, numbers = text.split(":")
            rule = CallRule(symbol, symbol, _positions(arrays), _positions(numbers), augmented, reverse, int(size))
            module.functions[symbol].rule = rule
        except (ValueError, KeyError):
            raise PassError(f"a rule is function:augmented:reverse:bytes:arrays:numbers, not {text}") from None


def _positions(text: str) -> tuple[int, ...]:
    return tuple(map(int, filter(None, text.split("+"))))


def _kinds(function: Function, settings: Settings) -> dict[str, str]:
    if "kinds" not in settings:
        return {a.name: _default_kind(a) for a in function.arguments}
    kinds = _split(function, settings["kinds"], "kinds")
    unknown = set(kinds) - set(_KINDS)
    if unknown:
        raise PassError(f"a kind is {', '.join(_KINDS)}, not {', '.join(sorted(unknown))}")
    return {a.name: kind for a, kind in zip(function.arguments, kinds, strict=True)}


def _default_kind(argument: Argument) -> str:
    if is_float(argument):
        return ACTIVE
    return DUPLICATED if argument.type == PTR else CONSTANT


def _elements(function: Function, settings: Settings) -> dict[Argument, str]:
    elements = _split(function, settings.get("elements", "," * (len(function.arguments) - 1)), "elements")
    unknown = set(elements) - {"", *ELEMENTS}
    if unknown:
        raise PassError(f"an element is {', '.join(ELEMENTS)}, not {', '.join(sorted(unknown))}")
    return {a: element for a, element in zip(function.arguments, elements, strict=True) if element}


def _split(function: Function, text: str, what: str) -> list[str]:
    """One word for each parameter."""
    words = text.split(",") if function.arguments else []
    if len(words) != len(function.arguments):
        raise PassError(f"{function.ref} has {len(function.arguments)} parameters, and there are {len(words)} {what}")
    return words
