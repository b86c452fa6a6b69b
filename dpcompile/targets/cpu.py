"""A derivative as machine code in Numba's own CPU engine.

Requires: a prepared primal and what the passes made of it.
Ensures:  the symbols of the derivative can be called by any code that Numba compiles for the CPU, as long as the
          ``CompiledDerivative`` lives; they are optimised and vectorised as Numba's own functions are.
"""
from __future__ import annotations

import functools
import itertools
import re
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace

import llvmlite.binding as llvm
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher
from numba.core.imputils import lower_constant
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys
from numba.extending import models, register_model, typeof_impl
from numba.np.ufunc.parallel import _launch_threads

from dpcompile.passes import pipeline
from dpcompile.passes.errors import IrreducibleError, UnsupportedIR
from dpcompile.passes.ir.vocabulary import PARALLEL as MARK
from dpcompile.passes.ir.vocabulary import STANDS_IN, VIEW
from dpcompile.runtime import arena, gates

from ..errors import UnsupportedError
from ..frontend import telling_calls
from ..frontend.activity import (
    ARRAY_COUNT,
    ARRAY_DATA,
    ARRAY_HEAD,
    arrays_with_offsets,
    is_changeable,
    is_differentiable,
    leaf_count,
    leaves,
    parts_with_offsets,
)
from ..frontend.compile import ENVIRONMENT, Primal, run_passes, with_reducible_cycles
from ..frontend.diagnose import explained
from ..frontend.locations import defined_at
from ..frontend.target import DifferentiableDispatcher, RawLibrary
from . import special
from .cells import Cells
from .interface import FIRST_ARGUMENT, SHADOWED, Interface
from .objects import loaded

#: Attribute of a library: the derivatives that it calls.
DERIVATIVES = "dpcompile_derivatives"
_serial = itertools.count()


@dataclass(frozen=True, eq=False)
class CompiledDerivative(Interface):
    """A derivative that Numba code can call; ``wanted`` says with respect to which arguments it was made."""

    #: The function, held weakly: what is made from a function dies with it.
    function: weakref.ref[Dispatcher]
    primal: Primal
    wanted: tuple[bool, ...]
    derivative: pipeline.Derivative
    library: JITCodeLibrary
    request: pipeline.Request
    #: Tangents at a time, in forward mode.
    width: int = 1

    @functools.cached_property
    def numba_type(self) -> DerivativeType:
        return DerivativeType(self)

    @property
    def symbols(self) -> Mapping[str, str]:
        return self.derivative.symbols

    @property
    def parameters(self) -> tuple[pipeline.ResultParameter, ...]:
        return self.derivative.parameters

    def link_into(self, library) -> None:
        """Makes the symbols available to ``library``, which keeps them alive; as IR where that is differentiated."""
        vars(library).setdefault(DERIVATIVES, []).append(self)
        if isinstance(library, RawLibrary):
            library.add_linking_library(self._raw)

    @functools.cached_property
    def _raw(self) -> RawLibrary:
        raw = RawLibrary(DifferentiableDispatcher.targetdescr.target_context.codegen(), self.primal.name)
        for text in filter(None, (self.serial.text, arena.DIFFERENTIABLE, self.primal.support)):
            raw.add_llvm_module(llvm.parse_assembly(text))
        raw.finalize()
        raw.rules = self.serial.rules
        raw.refuses_sharing = any(map(self.written, array_places(self.primal)))
        return raw

    @functools.cached_property
    def serial(self) -> pipeline.Derivative:
        """The derivative with its parallel loops in series and its sweeps apart: what can be differentiated again, or run
        with less tape."""
        if not (self.is_parallel or self.derivative.is_fused):
            return self.derivative
        # A loop in a function of its own may need scratch where the loop in its place does not; callers give it all the same.
        asked = tuple(replace(given, kind="duplicated") if became.kind == "scratch" else given
                      for given, became in zip(self.request.parameters, self.parameters, strict=True))
        serial = _differentiated(self.primal, replace(self.request, parallel=False, fused=False, parameters=asked))
        shadowed = [[p.kind in SHADOWED for p in parameters] for parameters in (serial.parameters, self.parameters)]
        if shadowed[0] != shadowed[1]:
            raise UnsupportedError(f"cannot differentiate {self.primal.name} again: its loops in series need other shadows "
                                   f"than in parallel.\n  Leave out parallel=True for that.")
        return serial

    @property
    def is_parallel(self) -> bool:
        return any(loop.made is not None for loop in self.derivative.loops)

    def cells(self, kind: str, values: tuple[int, ...]) -> Cells:
        """Memory of the code that calls this derivative, made once of each kind."""
        if kind not in self.known_cells:
            self.known_cells[kind] = Cells(f"{kind}.{self.request.name}", values)
        return self.known_cells[kind]

    @functools.cached_property
    def known_cells(self) -> dict[str, Cells]:
        """The cells that have been made, by kind."""
        return {}

    def address(self, role: str) -> int:
        """Where the machine code of this symbol begins."""
        return self.library.get_pointer_to_function(self.symbols[role])

    def check_containers(self) -> None:
        """Refuses to change a container that Numba's own code has made: its memory would come from an arena."""
        for position, (ty, offset) in enumerate(zip(self.primal.signature.args, self.argument_offsets, strict=True)):
            for part, first, _ in parts_with_offsets(ty, offset):
                written = (self.parameters[FIRST_ARGUMENT + leaf].written for leaf in range(first, first + leaf_count(part)))
                if is_changeable(part) and any(written):
                    raise UnsupportedError(
                        f"cannot differentiate {self.primal.name}: it changes its argument {position}, or what that holds, "
                        f"of type {ty}.{defined_at(self.function())}dp.grad, dp.vjp, dp.jvp, dp.jacobian and dp.autodiff take "
                        f"lists, dictionaries and objects of numbers, arrays and tuples that change; others must not.")


class DerivativeType(types.Opaque):
    """The Numba type of one derivative; holds it weakly, because Numba keeps types for ever."""

    def __init__(self, compiled: CompiledDerivative):
        self._compiled = weakref.ref(compiled)
        super().__init__(f"derivative({compiled.primal.name}, {next(_serial)})")

    @property
    def compiled(self) -> CompiledDerivative:
        compiled = self._compiled()
        assert compiled is not None, "code that calls a derivative keeps it alive"
        return compiled


register_model(DerivativeType)(models.OpaqueModel)


@typeof_impl.register(CompiledDerivative)
def _typeof_derivative(value, context) -> DerivativeType:
    return value.numba_type


@lower_constant(DerivativeType)
def _constant_derivative(context, builder, ty, value):
    return context.get_dummy_value()


@global_compiler_lock
def compile_derivative(function: Dispatcher, primal: Primal, wanted: tuple[bool, ...], mode: str,
                       width: int = 1, unread: bool = False, seeded: bool = False,
                       usual: pipeline.Derivative | None = None) -> CompiledDerivative:
    """Differentiates the primal in ``mode`` (reverse, split, forward) and loads the result; ``unread``: nobody looks at what
    the primal returns; ``seeded``: callers give cotangents of what it leaves in its arguments; with the ``usual`` derivative,
    another one that runs its heaviest loop again."""
    name = f"dpcompile.{re.sub(r'[^0-9A-Za-z_]', '_', primal.name)}.{next(_serial)}"
    request = pipeline.Request(primal.entry, parameters(primal, wanted, unread, seeded), mode, name, width, primal.rules)
    if usual is not None:
        request = replace(request, rerun=usual.heaviest, ungated=usual.ungated)
    request = replace(request, parallel=usual is None and mode != "dependency" and MARK in primal.text,
                      fused=usual is None and mode == "reverse")
    try:
        derivative = _differentiated(primal, request)
    except Exception as error:
        raise explained(error, primal) from error
    if primal.refuses_sharing:
        derivative = replace(derivative, parameters=_all_written(primal, derivative.parameters))
    made = CompiledDerivative(weakref.ref(function), primal, wanted, derivative, _load(primal, derivative, name), request,
                              width)
    made.check_containers()
    made.check_shadows()
    return made


def _all_written(primal: Primal, found: tuple[pipeline.ResultParameter, ...]) -> tuple[pipeline.ResultParameter, ...]:
    """As if the primal wrote all its arrays: derivatives that it calls must see which of them share memory, which copies do
    not."""
    written = {FIRST_ARGUMENT + place + ARRAY_DATA for place in array_places(primal)}
    return tuple(replace(one, written=True) if position in written else one for position, one in enumerate(found))


def array_places(primal: Primal) -> list[int]:
    """Where the arrays begin among the leaves of all arguments."""
    offsets = itertools.accumulate(map(leaf_count, primal.signature.args), initial=0)
    return [place for ty, offset in zip(primal.signature.args, offsets, strict=False)
            for _, place, _ in arrays_with_offsets(ty, offset)]


def _differentiated(primal: Primal, request: pipeline.Request) -> pipeline.Derivative:
    """In series where what is differentiated only stands in one piece."""
    try:
        return _with_its_cycles(primal, request)
    except UnsupportedIR:
        if not request.parallel:
            raise
        return _with_its_cycles(primal, replace(request, parallel=False))


def _with_its_cycles(primal: Primal, request: pipeline.Request) -> pipeline.Derivative:
    try:
        return pipeline.differentiate(primal.text, request)
    except IrreducibleError:
        return pipeline.differentiate(with_reducible_cycles(primal).text, request)


def parameters(primal: Primal, wanted: tuple[bool, ...], unread: bool = False,
               seeded: bool = False) -> tuple[pipeline.Parameter, ...]:
    """The request for each LLVM parameter of the primal: return value, exception, arguments.  Of a tuple that is returned,
    auxiliary results and other rows of a Jacobian have no seed."""
    result = primal.signature.return_type
    kind = "duplicated" if is_differentiable(result) else "const"
    is_tuple = isinstance(result, types.BaseTuple)
    found = [pipeline.Parameter(kind, _scalar(result), empty=True, unread=unread, unseeded=is_tuple),
             pipeline.Parameter("const", empty=True)]
    for ty, active in zip(primal.signature.args, wanted, strict=True):
        extents = {place + ARRAY_DATA: _extent(array, place) for array, place, _ in arrays_with_offsets(ty, len(found))}
        found += [pipeline.Parameter(leaf.kind, leaf.element, leaf.empty, unseeded=not seeded, extent=extents.get(place),
                                     count=place - ARRAY_DATA + ARRAY_COUNT if place in extents else None)
                  for place, leaf in enumerate(leaves(ty, active), len(found))]
    return tuple(found)


def _extent(array: types.Array, place: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Where the parameters lie that say how far the memory of an array reaches; the array begins at ``place``."""
    shape, strides = place + ARRAY_HEAD, place + ARRAY_HEAD + array.ndim
    context = cpu_target.target_context
    return (context.get_abi_sizeof(context.get_data_type(array.dtype)),
            tuple((shape + axis, strides + axis) for axis in range(array.ndim)))


def _scalar(ty: types.Type) -> str | None:
    return {"float64": "double", "float32": "float"}.get(str(ty))


def _load(primal: Primal, derivative: pipeline.Derivative, name: str):
    library = cpu_target.target_context.codegen().create_library(name)
    library.add_linking_library(rtsys.library)      # error paths count references as Numba does
    library.add_llvm_module(_complete(primal, derivative, name))
    library.finalize()
    for symbol, environment in environments(primal, library).items():
        library.codegen.set_env(symbol, environment)
    return library


def environments(primal: Primal, library: JITCodeLibrary) -> dict[str, object]:
    """The Python objects that code of a derivative looks up, by the symbols of the cells that hold their addresses."""
    known = {_cell(library.name, symbol): found for symbol, found in primal.environments.items()}
    return {variable.name: known[variable.name] for variable in library._final_module.global_variables
            if variable.name in known}


def _complete(primal: Primal, derivative: pipeline.Derivative, name: str) -> llvm.ModuleRef:
    """The derivative linked with its runtime and what its error paths call, nothing but its own symbols visible."""
    loaded(arena.SHARED)
    if any(loop.made is not None for loop in derivative.loops):
        _launch_threads()
        loaded(arena.PARALLEL)
    module = _with_gates(_linkable(derivative.text))
    # What nothing asks for yet is not linked: users first.
    for text in (*([arena.COUNTED] if "@dp.arena.counted(" in derivative.text else []), arena.INLINED):
        module.link_in(llvm.parse_assembly(text))
    if primal.support:
        module.link_in(llvm.parse_assembly(_linkable(primal.support)))
    visible = set(derivative.symbols.values())
    for function in module.functions:
        if not function.is_declaration and function.name not in visible:
            function.linkage = "internal"
    special.provide_all(function.name for function in module.functions if function.is_declaration)
    for variable in module.global_variables:
        if variable.name in primal.environments:
            variable.name, variable.linkage = _cell(name, variable.name), "external"
    module.verify()
    return module


def _with_gates(text: str) -> llvm.ModuleRef:
    """The module with its gates inlined before anything else is done: what LLVM makes of loops hangs on seeing their
    conditions from the start."""
    module, defined = llvm.parse_assembly(text), gates.definitions(text)
    if defined:
        module.link_in(llvm.parse_assembly(defined))
        machine = DifferentiableDispatcher.targetdescr.target_context.codegen()._tm
        run_passes(module, machine, 0, ["add_always_inliner_pass"], default=False)
    return module


def _linkable(text: str) -> str:
    """Without calls that only told the passes something."""
    return _environments_defined(telling_calls.without(telling_calls.without(text, VIEW), STANDS_IN))


def _environments_defined(text: str) -> str:
    """With cells for the addresses of Python objects, each once in all that is linked together; the primal keeps the objects
    alive."""
    declared = rf'^(@"?{ENVIRONMENT}[^" ]*"?) = external (?:\w+ )*global ptr.*$'
    return re.sub(declared, r"\1 = common global ptr null, align 8", text, flags=re.MULTILINE)


def _cell(name: str, symbol: str) -> str:
    """What the cell of an environment is called in the library of that name."""
    return f"{name}.{symbol}"
