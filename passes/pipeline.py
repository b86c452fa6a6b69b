"""From the LLVM IR of a primal to that of its derivative: read, prepare, analyse, transform, write.

Requires: linked, prepared IR in loop-simplified and loop-closed form; one ``Parameter`` for each parameter of the entry.
Ensures:  the text defines the symbols of ``Derivative.symbols`` with the calling convention described at ``differentiate``;
          or ``UnsupportedIR`` names what has no derivative, and the user's line.
"""
from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from .analysis import separable
from .analysis.parameters import Parameters
from .analysis.separable import SeparableLoop
from .errors import PassError, UnsupportedIR
from .ir.call_rule import CallRule
from .ir.model import Argument, Constant, Function, Global, Module
from .ir.reader import read
from .ir.writer import write, write_function
from .report import Report, first_line, report, told_of_increments
from .target import HOST, Target
from .transform.bounds import FIELDS
from .transform.checkpoints import insert_snapshots
from .transform.chunks import ParallelLoop, split_loops
from .transform.dependency import Masks, build_dependencies
from .transform.dissolve import dissolve
from .transform.extents import Extent
from .transform.forward import Left, build_tangents, write_packed
from .transform.fused_loops import fuse_loops
from .transform.gathered_threads import write_gathering
from .transform.gradient import write_gradient
from .transform.hoist import hoist_loads
from .transform.kernel import (
    check_returns,
    check_threads,
    record_slots,
    write_back,
    write_count,
    write_tangent_back,
    write_tangent_thread,
    write_thread,
)
from .transform.lanes import Lanes
from .transform.marks import release_held
from .transform.outline import outline
from .transform.program import Program, require_status
from .transform.reverse import ELEMENTS, ReverseFunctions, build_functions
from .transform.scalarise import scalarise
from .transform.settle_signs import settle_signs
from .transform.sharing import share_shadows, told_of_loops
from .transform.sink import sink_stores
from .transform.slots import write_constant_slots, write_slots
from .transform.steady_choices import steady_choices
from .transform.version import Version
from .visible import check, dump

#: The arena of split and forward mode belongs to the caller, who makes and releases it.
ARENA = {"arena.new": "dp.arena.new", "arena.release": "dp.arena.release"}
MODES = ("reverse", "split", "forward", "dependency", "kernel")
#: Prefix of every function that is defined in the text of a derivative.
GENERATED = "dpcompile."
#: What a report says of loops whose iterations are reversed one by one; their lines follow.
FUSED = "Each iteration reversed at once, its tape used again by the next"


@dataclass(frozen=True)
class Parameter:
    """What is asked of one parameter.

    ``kind``: ``const``; ``active`` (a float by value whose derivative is wanted); ``duplicated`` (a pointer whose shadow
    is given).  ``element``: the scalar type that Numba knows to lie behind a pointer (``double``, ``i64``, ``ptr`` …).
    ``empty``: no pointer lies there that the function could follow: memory for results, for example.  ``unread``: nobody
    looks at what the function leaves there.  ``unseeded``: perhaps nobody gives a cotangent of what it leaves there, or only of
    parts.
    """

    kind: str = "const"
    element: str | None = None
    empty: bool = False
    unread: bool = False
    unseeded: bool = False
    #: Of the data of an array: bytes of an element, and for each axis the parameters that hold its length and its stride.
    extent: tuple[int, tuple[tuple[int, int], ...]] | None = None
    #: Of the same: the parameter that holds how many elements there are.
    count: int | None = None


@dataclass(frozen=True)
class Request:
    """What is to be differentiated, and how; ``mode``: one of ``MODES``, the last two with ``width`` lanes."""

    entry: str
    parameters: tuple[Parameter, ...]
    mode: str
    name: str
    width: int = 1
    #: Functions of the module that have a derivative of their own.
    rules: tuple[CallRule, ...] = ()
    #: The header of an outermost loop of the entry that is run again in the reverse sweep instead of keeping a tape; in
    #: reverse mode, for callers who do not look at arrays of theirs that the primal writes.
    rerun: str = ""
    #: With ``rerun``: ``Derivative.ungated`` of the derivative that does not run it again.
    ungated: frozenset[str] = frozenset()
    #: Whether loops that are marked as parallel shall run on several threads; not where the derivative is differentiated
    #: again.
    parallel: bool = False
    #: In reverse mode: whether the reverse of an iteration may follow it at once (``transform.fused_loops``); not where the
    #: derivative is differentiated again. What raises, or outgrows its tape, may then leave shadows that are half done.
    fused: bool = False
    target: Target = HOST


@dataclass(frozen=True)
class ResultParameter:
    """What became of a parameter: ``scratch`` where active data flows through a constant pointer, which then needs a
    zeroed shadow all the same; ``written``: the primal may write the memory behind it."""

    kind: str
    written: bool


@dataclass(frozen=True)
class Derivative:
    """The generated module and how to call it."""

    text: str
    symbols: dict[str, str]
    parameters: tuple[ResultParameter, ...]
    cotangents: tuple[int, ...]
    tape_bytes: int = 0
    report: Report = field(default_factory=Report)
    #: Functions in ``text`` that have a derivative of their own, for when this is differentiated again.
    rules: tuple[CallRule, ...] = ()
    #: In dependency mode: whether the sets are the same for all floats and all contents of arrays.
    is_oblivious: bool = False
    #: The outermost loop of the entry that keeps most, by its header; empty where none keeps anything for each iteration.
    heaviest: str = ""
    heaviest_line: str = ""
    #: Whether it can be run twice and nobody notices: it prints nothing and draws no random numbers.
    is_repeatable: bool = True
    #: Whether it draws random numbers from a state that all functions share, and whether it calls functions by pointers.
    draws: bool = False
    calls_pointers: bool = False
    #: Positions of parameters by which the derivative is zero although they decide something (``analysis.compared``).
    compared: tuple[int, ...] = ()
    #: In reverse mode: the values of the entry whose adjoints need no gate (``analysis.gated``).
    ungated: frozenset[str] = frozenset()
    #: What became of each loop that was marked as parallel.
    loops: tuple[ParallelLoop, ...] = ()
    #: Whether iterations of a loop are reversed at once (``Request.fused``).
    is_fused: bool = False
    dumps: dict[str, str] = field(default_factory=dict)


def differentiate(text: str, request: Request) -> Derivative:
    """Differentiates the entry of a module.

    P are the primal's parameters, S one shadow pointer for each parameter whose result kind is ``duplicated`` or
    ``scratch``, in order.

    The primal returns a status (i32, as Numba's functions do) or nothing; results go through memory.

    * reverse: ``i32 NAME.gradient(P…, S…, ptr cotangents, i64 limit)``
    * split: ``i32 NAME.augmented(P…, S…, ptr arena, ptr tape)`` and ``i32 NAME.reverse(P…, S…, ptr arena, ptr tape,
      ptr cotangents)`` with the same pointers; the reverse may run several times, the seeds written anew into S.  Its
      status is zero but where a rule of the user's raises.
    * forward: ``i32 NAME.tangent(P…, S…, T…, ptr arena)`` with the tangents T of the active parameters.
    * forward with a width: ``i32 NAME.tangents(P…, S…, ptr directions, ptr arena)`` with the tangents of the active
      parameters behind one another in memory, ``width`` doubles each, and shadow memory as ``transform.lanes`` says.
    * kernel: see ``transform.kernel``.
    * forward of a device function: as with a width, whatever the width is; it needs no arena, and is given none.
    * dependency: ``i32 NAME.dependencies(P…, S…, ptr directions, ptr arena)``, as forward with a width, with sets of
      inputs in the place of tangents (``transform.dependency``).

    Field k of ``cotangents``, 8 bytes each, receives the cotangent of the k-th active parameter.
    """
    if request.mode not in MODES:
        raise PassError(f"unknown mode {request.mode!r}")
    module = read(text)
    scalarise(module)
    dissolve(module)
    for rule in request.rules:
        module.functions[rule.symbol].rule = rule
    primal = module.functions[request.entry]
    require_status(primal)
    steady_choices(module)
    settle_signs(module, _lengths(primal.arguments, request.parameters))
    if request.rerun:
        assert request.mode == "reverse", request.mode
        outline(module, primal, request.rerun)
    loops = split_loops(module) if request.parallel else []
    given = dict(zip((a.name for a in primal.arguments), request.parameters, strict=True))
    kinds = {name: p.kind for name, p in given.items()}
    facts = {name: ELEMENTS[p.element] for name, p in given.items() if p.element in ELEMENTS}
    suffix = {"forward": "tangent", "dependency": "dependency"}.get(request.mode, "augmented")
    empty = {name for name, p in given.items() if p.empty}
    program = Program(module, primal, kinds, facts, request.name, suffix, empty)
    compared = tuple(program.entry.parameters.index(a) for a in program.only_compared)
    found = _separable(module, primal, empty) if request.fused and not loops else []
    fused = "\n".join(f"  {first_line(module, loop.loop.header.instructions)}" for loop in found)
    if found:
        program.forget()
        fuse_loops(module, primal, found)
        check(module)
        program = Program(module, primal, kinds, facts, request.name, suffix, empty)
    program.entry.leave_unseen(a for a in program.entry.parameters if given[a.name].unread)
    program.entry.unseeded = {a for a in program.entry.parameters if given[a.name].unseeded}
    for version in program.transformed:
        for name, move in (("hoist", hoist_loads), ("sink", sink_stores)):
            move(version)
            check(module, version.function)
            dump(name, partial(write_function, version.function))
    extents = _extents(program.entry.parameters, request.parameters)
    if request.parallel and request.mode in ("reverse", "split"):
        share_shadows(module, program, extents)
    if request.rerun:
        program.ungated = request.ungated
        insert_snapshots(module, program, extents)
    parameters = tuple(ResultParameter(program.entry.kinds.get(a, "const"), program.entry.is_written(a))
                       for a in program.entry.parameters)
    account = told_of_loops(program, loops) or (f"{FUSED}\n{fused}" if fused else "")
    is_repeatable, draws, calls_pointers = program.is_repeatable, program.draws, program.calls_pointers
    is_oblivious = request.mode == "dependency" and program.is_oblivious
    build = {"forward": _forward, "dependency": _dependency}.get(request.mode, _reverse)
    built = build(module, program, request)
    symbols = built.symbols
    release_held(module)
    _drop_unused(module, set(symbols.values()))
    rules = tuple(program.rules)
    named = {rule.symbol for rule in rules}
    for function in module.functions.values():
        if not function.is_declaration and function.name not in symbols.values():
            function.linkage = "weak_odr" if function.name in named else "internal"
    rules = tuple(_with_prefix(module, rules))
    check(module)
    told = replace(built.report, behind="\n\n".join(filter(None, [built.report.behind, account])))
    return Derivative(write(module), symbols, parameters, tuple(range(len(program.entry.active))), built.tape_bytes,
                      told, rules=rules, is_oblivious=is_oblivious, is_repeatable=is_repeatable, draws=draws,
                      calls_pointers=calls_pointers, compared=compared, heaviest=built.heaviest,
                      heaviest_line=built.heaviest_line, ungated=built.ungated, loops=tuple(loops), is_fused=bool(fused))


def _separable(module: Module, primal: Function, empty: Container[str]) -> list[SeparableLoop]:
    result = separable.analyse(module, primal, Parameters.of_entry(primal.arguments, empty))
    dump("separable", lambda: str(result))
    return result.found


@dataclass(frozen=True)
class _Built:
    """What is known of the functions of one mode."""

    symbols: dict[str, str]
    tape_bytes: int
    report: Report
    heaviest: str = ""
    heaviest_line: str = ""
    ungated: frozenset[str] = frozenset()


def _extents(arguments: list[Argument], parameters: tuple[Parameter, ...]) -> dict[Argument, Extent]:
    found = {}
    for argument, parameter in zip(arguments, parameters, strict=True):
        if parameter.extent is not None:
            item, axes = parameter.extent
            found[argument] = Extent(item, tuple((arguments[count], arguments[step]) for count, step in axes))
    return found


def _lengths(arguments: list[Argument], parameters: tuple[Parameter, ...]) -> list[Argument]:
    """The parameters that say how long arrays are."""
    counts = [parameter.count for parameter in parameters if parameter.count is not None]
    counts += [count for parameter in parameters if parameter.extent is not None for count, _ in parameter.extent[1]]
    return [arguments[count] for count in counts]


def _with_prefix(module: Module, rules: tuple[CallRule, ...]) -> Iterator[CallRule]:
    """Renames what has no such name yet; the rules in the new names."""
    fixed = {name for variable in module.globals.values() for name in variable.mentions}
    names = {f.name: f.name if f.is_declaration or f.name in fixed or f.name.startswith(GENERATED) else GENERATED + f.name
             for f in module.functions.values() if f.linkage in ("internal", "weak_odr") or f.is_declaration}
    for function in list(module.functions.values()):
        function.name = names.get(function.name, function.name)
    module.functions = {function.name: function for function in module.functions.values()}
    for rule in rules:
        yield replace(rule, symbol=names[rule.symbol], augmented=None, reverse=None, pushed=None)


def _forward(module: Module, program: Program, request: Request) -> _Built:
    entry = program.entry
    lanes = Lanes(request.width)
    if request.target.has_threads:
        check_threads(module, program)
    left = build_tangents(module, program, lanes, target=request.target)
    if request.target.is_called:
        _refuse_shared(left.shared)
        return _Built(_packed(module, program, lanes, "tangents"), 0, Report(str(entry.activity)))
    if request.target.has_threads:
        entry.function.attributes = "alwaysinline"
        return _Built(_tangent_threads(module, entry, left, request.name), 0, Report(str(entry.activity)))
    symbols = {"tangent": entry.function.name} if request.width == 1 else _packed(module, program, lanes, "tangents")
    return _Built({**symbols, **ARENA}, 0, Report(str(entry.activity)))


def _tangent_threads(module: Module, entry: Version, left: Left, name: str) -> dict[str, str]:
    symbols = {"thread": write_tangent_thread(module, entry, left.shared, f"{name}.thread", bool(left.for_all)).name}
    if left.for_all:
        symbols["back"] = write_tangent_back(module, entry, left.for_all, f"{name}.back").name
        symbols["slots"] = write_constant_slots(module, FIELDS * len(left.for_all), f"{name}.slots").name
    return symbols


def _refuse_shared(shared: list[Global]) -> None:
    """What threads share would have a shadow, which all of them clear before one begins."""
    if shared:
        raise UnsupportedIR("cannot differentiate a function that keeps what carries derivatives in shared memory, inside a "
                            "kernel", None, "Differentiate the kernel, or keep it in local arrays.")


def _dependency(module: Module, program: Program, request: Request) -> _Built:
    masks = Masks(request.width)
    build_dependencies(module, program, masks)
    return _Built({**_packed(module, program, masks, "dependencies"), **ARENA}, 0, Report(str(program.entry.activity)))


def _packed(module: Module, program: Program, lanes: Lanes, role: str) -> dict[str, str]:
    """The entry with the tangents of numbers in memory."""
    entry = program.entry
    packed = write_packed(module, entry.function, len(entry.active), f"{program.name}.{role}", lanes)
    entry.function.attributes = "alwaysinline"
    return {role: packed.name}


def _reverse(module: Module, program: Program, request: Request) -> _Built:
    if request.target.has_threads:
        check_threads(module, program)
        check_returns(module, program)
    functions = build_functions(module, program, request.target)
    symbols = {"augmented": functions.augmented.name, "reverse": functions.reverse.name, **ARENA}
    if request.mode == "reverse":
        write_gradient(module, functions, f"{request.name}.gradient")
        for function in (functions.augmented, functions.reverse):
            function.attributes = "alwaysinline"
        symbols = {"gradient": f"{request.name}.gradient"}
    elif request.mode == "kernel":
        symbols = _threads(module, functions, request.name)
        if functions.needs_storage:
            symbols |= _tape_length(module, functions, request.name)
        for function in (functions.augmented, functions.reverse):
            function.attributes = "alwaysinline"
    body = functions.bodies.get(functions.heaviest, []) if request.mode == "reverse" else []
    line = first_line(module, body)
    account = report(module, program.entry, functions.plan, functions.inductions, functions.taken_by,
                     functions.forms, functions.layout.size, line)
    added = told_of_increments(module, functions.increments)
    launches = "The reverse sweeps are a launch of their own, when all threads have ended." if functions.launched_anew else ""
    if functions.gathered.reads:
        launches = "Launches: the kernel, what each thread gathers"
        launches += ", what clears the cotangents of its results." if "clear" in symbols else "."
    account = replace(account, behind="\n\n".join(filter(None, [account.behind, added, launches])))
    return _Built(symbols, functions.layout.size, account, functions.heaviest, line, functions.ungated)


def _threads(module: Module, functions: ReverseFunctions, name: str) -> dict[str, str]:
    """Both sweeps, in one launch or in several."""
    if functions.gathered.reads:
        return write_gathering(module, functions, name)
    if not functions.launched_anew:
        return {"thread": write_thread(module, functions, f"{name}.thread").name}
    return {"thread": write_count(module, functions, f"{name}.thread").name,
            "back": write_back(module, functions, f"{name}.back").name}


def _tape_length(module: Module, functions: ReverseFunctions, name: str) -> dict[str, str]:
    """What says how long the tape of a kernel is: its arguments, or else a run of the first sweep."""
    if write_slots(module, functions.augmented, f"{name}.slots", record_slots(functions)) is not None:
        return {"slots": f"{name}.slots"}
    return {"count": write_count(module, functions, f"{name}.count").name}


def _drop_unused(module: Module, roots: set[str]) -> None:
    """Functions and variables that nothing refers to any more; the primal, as a rule."""
    kept: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in kept:
            kept.add(name)
            pending += _mentioned(module, name)
    for name in [n for n in module.functions if n not in kept]:
        for instruction in module.functions.pop(name).instructions():
            instruction.drop_operands()
    for name in [n for n in module.globals if n not in kept]:
        del module.globals[name]


def _mentioned(module: Module, name: str) -> Iterator[str]:
    """The symbols that a function or a variable refers to."""
    if name in module.globals:
        yield from module.globals[name].mentions
    elif name in module.functions:
        for instruction in module.functions[name].instructions():
            for operand in instruction.operands:
                if isinstance(operand, (Function, Global)):
                    yield operand.name
                elif isinstance(operand, Constant):
                    yield from operand.globals
