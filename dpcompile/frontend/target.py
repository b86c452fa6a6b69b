"""A Numba target whose functions arrive as raw, unoptimised LLVM IR.

Requires: numba's target extension interface (``numba.core.target_extension``).
Ensures:  every function compiled for this target, its callees and overloads included, keeps its LLVM module as lowered:
          no optimisation, no reference-count pruning, no code generation; source lines are debug locations.

A plain ``numba.njit`` dispatcher met on the way is replaced by its *mirror*: a dispatcher of this target made from the
same Python function and the same options, so that unchanged user code compiles a second time for differentiation.
"""
from __future__ import annotations

import functools
import weakref
from functools import cached_property
from typing import ClassVar

from numba import njit
from numba.core import (
    codegen,
    compiler,
    cpu,
    fastmathpass,
    typed_passes,
    typeinfer,
    types,
    typing,
    untyped_passes,
)
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import register_pass
from numba.core.descriptors import TargetDescriptor
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic
from numba.core.registry import CPUDispatcher, cpu_target
from numba.core.target_extension import CPU, dispatcher_registry, jit_registry, target_override, target_registry
from numba.experimental.jitclass.base import ClassBuilder

from dpcompile.passes.ir.call_rule import CallRule

from . import chosen, intercept, interpreted, parfors, record_copies, references, stencils, symbols, ufuncs, views
from .containers import SUBSTITUTES
from .foreign import RULE
from .generated import GeneratedDispatcher, implement
from .locations import LineBuilder
from .lowering import LineLowering, ParallelLowering

TARGET = "dpcompile"
#: Options of a primal that do not change what it computes and that this target replaces by its own choice.
#: ``parallel``: a ``prange`` is lowered as the serial loop that it denotes, with a mark (see ``prange``).
DROPPED_OPTIONS = ("cache", "parallel", "debug", "nogil", "forceinline", "target_backend")


class Differentiable(CPU):
    """The target's token in Numba's hierarchy: whatever is registered for ``cpu`` or ``generic`` applies."""


class RawLibrary(codegen.JITCodeLibrary):
    """A code library that never optimises and never generates machine code."""

    #: Functions in it that have a derivative of their own.
    rules: tuple[CallRule, ...] = ()
    #: Whether functions come into it of which nothing is known but their address.
    is_given_functions = False
    #: Whether it is a derivative that refuses arguments which share memory, because its primal writes some.
    refuses_sharing = False

    def _optimize_functions(self, ll_module):
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        pass

    def finalize(self):
        self._raise_if_finalized()
        self._finalized = True

    def _get_module_for_linking(self):
        return self._final_module

    def linked(self):
        """This library and everything that it links, each once, callers first."""
        seen, pending = {}, [self]
        while pending:
            library = pending.pop()
            if id(library) not in seen:
                seen[id(library)] = library
                pending.extend(library._linking_libraries)
        return list(seen.values())


class RawCodegen(codegen.JITCPUCodegen):
    _library_class = RawLibrary


class DifferentiableContext(cpu.CPUContext):
    """Lowers as the CPU does, but keeps the runtime's functions opaque and generates nothing executable."""

    DIBuilder = LineBuilder

    @global_compiler_lock
    def init(self):
        super().init()
        self._internal_codegen = RawCodegen("dpcompile.exec")

    def get_function(self, fn, sig, _firstcall=True):
        if isinstance(sig, intercept.RuledSignature):
            return intercept.lowered(self, sig)
        return views.told(super().get_function(fn, sig, _firstcall), self, fn, sig)

    def pack_value(self, builder, ty, value, ptr, align=None):
        """A record is copied by its fields: as the array of bytes that it is to Numba, it says nothing of what it holds."""
        if isinstance(ty, types.Record):
            record_copies.copy_record(self, builder, ty, value, ptr)
        else:
            super().pack_value(builder, ty, value, ptr, align)

    def mangler(self, name, types, *, abi_tags=(), uid=None):
        return interpreted.symbol(name, super().mangler(name, types, abi_tags=abi_tags, uid=uid))

    def cast(self, builder, val, fromty, toty):
        if isinstance(fromty, types.Dispatcher) and isinstance(toty, types.FunctionType):
            return chosen.made(self, builder, val, fromty.dispatcher, toty)
        return super().cast(builder, val, fromty, toty)

    def get_constant_generic(self, builder, ty, val):
        if isinstance(ty, types.FunctionType):
            dispatcher = val if isinstance(val, Dispatcher) else intercept.pointer(val) or callback(val)
            if dispatcher:
                return chosen.made(self, builder, symbols.named(builder, val), mirror(dispatcher), ty)
            self.active_code_library.is_given_functions = True
        if isinstance(ty, types.Dispatcher):
            return symbols.named(builder, val)
        return super().get_constant_generic(builder, ty, val)

    def load_additional_registries(self):
        super().load_additional_registries()
        self.install_registry(ClassBuilder.class_impl_registry)

    def refresh(self):
        super().refresh()
        self.install_registry(record_copies.registry)       # after Numba's, some of which it replaces

    def post_lowering(self, mod, library):
        if self.fastmath:
            fastmathpass.rewrite_module(mod, self.fastmath)

    def create_cpython_wrapper(self, library, fndesc, env, call_helper, release_gil=False):
        pass

    def create_cfunc_wrapper(self, library, fndesc, env, call_helper):
        pass

    def get_executable(self, library, fndesc, env):
        return _EntryPoint(fndesc.unique_name)


class _EntryPoint:
    """Stands for the machine code that this target never makes; a dictionary key, distinct for each function."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<raw {self.name}>"


def _without_none(args, usual) -> tuple[types.Type, ...]:
    """The types of arguments, without None where Numba takes a value that may be None for one that is not."""
    if usual is None or len(usual.args) != len(args):
        return tuple(args)
    return tuple(given.type if isinstance(given, types.Optional) and not isinstance(taken, types.Optional) else given
                 for given, taken in zip(args, usual.args, strict=True))


class DifferentiableTyping(typing.Context):
    """Types as the CPU does, with each plain dispatcher replaced by its mirror."""

    def resolve_value_type(self, val):
        pointer = intercept.pointer(val) or substitute(val) or callback(val)
        return types.Dispatcher(mirror(pointer)) if pointer else mirrored_type(super().resolve_value_type(val))

    def resolve_function_type(self, func, args, kws):
        found = intercept.typed(self, func, args, kws, mirror)
        if found is not None:
            return found
        usual = super().resolve_function_type(func, args, kws)
        taken = _without_none(args, usual)
        return (intercept.typed(self, func, taken, kws, mirror) if taken != tuple(args) else None) or usual

    def _get_global_type(self, gv):
        """Also what is registered with the CPU alone: ufuncs and stencils, which are compiled anew, and jitclasses."""
        found = super()._get_global_type(gv)
        if found is None and (ufuncs.is_ufunc(gv) or stencils.is_stencil(gv)):
            target_context = DifferentiableDispatcher.targetdescr.target_context
            if ufuncs.is_ufunc(gv):
                ufuncs.install(gv, self, target_context, _dispatcher)
            else:
                stencils.install(gv, self, target_context)
            found = super()._get_global_type(gv)
        return found or cpu_target.typing_context._get_global_type(gv)


def substitute(value):
    """The function that stands for a primitive of Numba's containers."""
    return SUBSTITUTES.get(value) if isinstance(value, _Intrinsic) else None


@functools.cache
def _compiled_callback(function):
    return njit(function._sig)(function._pyfunc)


def callback(value):
    """The dispatcher of what a ``numba.cfunc`` was made from."""
    return _compiled_callback(value) if isinstance(value, CFunc) else None


class DifferentiableTarget(TargetDescriptor):
    options = cpu.CPUTargetOptions

    @cached_property
    def _target_context(self):
        return DifferentiableContext(self.typing_context, self._target_name)

    @cached_property
    def _typing_context(self):
        return DifferentiableTyping()

    @property
    def target_context(self):
        return self._target_context

    @property
    def typing_context(self):
        return self._typing_context


@register_pass(mutates_CFG=True, analysis_only=False)
class ObjectMode(untyped_passes.WithLifting):
    """Makes blocks of interpreted Python calls of functions that the passes do not look into (see ``interpreted``)."""

    _name = "dpcompile_object_mode"

    def run_pass(self, state):
        changed = interpreted.without_blocks(state.func_ir, state.flags, state.locals, DifferentiableDispatcher)
        if changed is None:
            return True
        raise compiler._EarlyPipelineCompletion(compiler.compile_ir(
            state.typingctx, state.targetctx, changed, state.args, state.return_type, state.flags, state.locals,
            pipeline_class=type(state.pipeline)))


class DifferentiableCompiler(compiler.CompilerBase):
    """Numba's nopython pipeline with our lowering in place of its own, and blocks of object mode as functions."""

    own: ClassVar[dict] = {typed_passes.NativeLowering: LineLowering, untyped_passes.WithLifting: ObjectMode}

    def define_pipelines(self):
        manager = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [(self.own.get(step, step), text) for step, text in manager.passes]
        manager._finalized = False
        manager.finalize()
        return [manager]


class ParallelCompiler(DifferentiableCompiler):
    """For kernels compiled with ``parallel=True``."""

    own: ClassVar[dict] = {
        **DifferentiableCompiler.own, typed_passes.PreParforPass: parfors.Inlining,
        typed_passes.ParforPass: parfors.Conversion, typed_passes.ParforFusionPass: parfors.Fusion,
        typed_passes.ParforPreLoweringPass: parfors.Sequential, typed_passes.NativeParforLowering: ParallelLowering}


class DifferentiableDispatcher(Dispatcher):
    """Compiles for this target; never called from Python."""

    targetdescr = DifferentiableTarget(TARGET)

    def __init__(self, py_func, locals=None, targetoptions=None, pipeline_class=DifferentiableCompiler):
        super().__init__(py_func, locals, targetoptions, pipeline_class)

    def add_overload(self, cres):
        """Remembers the compiled signature; there is nothing that Python could call."""
        self.overloads[tuple(cres.signature.args)] = cres
        references.remember(self.py_func)
        _libraries[cres.fndesc.llvm_func_name] = cres.library


#: Libraries by the function that they define: recursive calls name their callee by symbol only.
_libraries: weakref.WeakValueDictionary[str, RawLibrary] = weakref.WeakValueDictionary()


def libraries_defining(symbol):
    """The library of the function ``symbol`` and all that it links; nothing where no mirror compiled it."""
    library = _libraries.get(symbol)
    return library.linked() if library is not None else []


target_registry[TARGET] = Differentiable
dispatcher_registry[Differentiable] = DifferentiableDispatcher

_mirrors: weakref.WeakKeyDictionary[CPUDispatcher, DifferentiableDispatcher] = weakref.WeakKeyDictionary()


def kept_options(options):
    """The options of a primal that its mirror is compiled with."""
    kept = {key: value for key, value in options.items() if key not in DROPPED_OPTIONS}
    return {**kept, "nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def jit(*_, locals=None, **options):
    """The decorator by which Numba compiles overloads for this target."""
    return lambda py_func: DifferentiableDispatcher(py_func, locals, kept_options(options))


jit_registry[Differentiable] = jit


def mirror(dispatcher):
    """The dispatcher of this target that stands for ``dispatcher``: same function, options, explicit locals."""
    if isinstance(dispatcher, DifferentiableDispatcher):
        return dispatcher
    if dispatcher not in _mirrors:
        rule = getattr(dispatcher, RULE, None)
        made = unruled(dispatcher) if rule is None else rule.mirror(dispatcher)
        _mirrors[dispatcher] = made     # before anything is compiled: the function may call itself
        if rule is None and not dispatcher._can_compile:
            _compile_explicit(made, dispatcher)
    return _mirrors[dispatcher]


def is_mirrored(dispatcher) -> bool:
    """Whether something that was differentiated has met ``dispatcher``."""
    return dispatcher in _mirrors


def forget_mirrors() -> None:
    """A rule given later must not come too late for what is compiled from now on."""
    _mirrors.clear()


def result_type(made, argument_types) -> types.Type:
    """What a dispatcher of this target returns for arguments of these types."""
    with target_override(TARGET):
        made.compile(argument_types)
    return types.unliteral(made.overloads[argument_types].signature.return_type)


def unruled(dispatcher):
    """A mirror that knows of no rule."""
    made = _dispatcher(dispatcher)
    if isinstance(dispatcher, GeneratedDispatcher):
        implement(made, dispatcher.implementation)
    return made


def _dispatcher(dispatcher, more_options=None):
    """A new dispatcher of this target with the function, options and locals of ``dispatcher``."""
    options = {**kept_options(dispatcher.targetoptions), **(more_options or {})}
    parallel = dispatcher.targetoptions.get("parallel")
    if parallel:
        options["parallel"] = parallel
    pipeline = ParallelCompiler if parallel else DifferentiableCompiler
    return DifferentiableDispatcher(dispatcher.py_func, dispatcher.locals, options, pipeline)


def _compile_explicit(mirror, dispatcher):
    """Gives the mirror the explicit signatures of its original, and no others."""
    with typeinfer.register_dispatcher(mirror), target_override(TARGET):
        for result in dispatcher.overloads.values():
            mirror.compile(result.signature)
    mirror.disable_compile()


def mirrored_type(ty):
    """``ty`` with every plain CPU dispatcher in it replaced by its mirror, in tuples too."""
    if isinstance(ty, types.Dispatcher) and isinstance(ty.dispatcher, CPUDispatcher):
        return types.Dispatcher(mirror(ty.dispatcher))
    if isinstance(ty, types.Tuple):
        return types.Tuple([mirrored_type(item) for item in ty.types])
    if isinstance(ty, types.UniTuple):
        inner = mirrored_type(ty.dtype)
        return ty if inner is ty.dtype else types.UniTuple(inner, ty.count)
    if isinstance(ty, types.ClassType):
        return _mirrored_class(ty)
    if isinstance(ty, types.ClassInstanceType):
        return _mirrored_class(ty.class_type).instance_type
    if isinstance(ty, types.TypeRef):
        inner = mirrored_type(ty.instance_type)
        return ty if inner is ty.instance_type else types.TypeRef(inner)
    if isinstance(ty, (types.List, types.ListType)):
        inner = mirrored_type(ty.dtype)
        return ty if inner is ty.dtype else type(ty)(inner)
    return ty


_mirrored_classes: dict[types.ClassType, types.ClassType] = {}
_original_classes: dict[types.ClassType, types.ClassType] = {}


def original_type(ty):
    """Of a type in this target, the one that Python knows."""
    if isinstance(ty, types.ClassInstanceType):
        return _original_classes[ty.class_type].instance_type
    if isinstance(ty, types.BaseTuple):
        return types.BaseTuple.from_types(tuple(map(original_type, ty)), getattr(ty, "instance_class", None))
    return type(ty)(original_type(ty.dtype)) if isinstance(ty, (types.List, types.ListType)) else ty


def _mirrored_class(ty):
    """A jitclass of the same fields whose methods are mirrors."""
    if ty not in _mirrored_classes:
        definition = type(ty.class_name, (), {"__doc__": ty.class_doc})
        fields = {name: mirrored_type(field) for name, field in ty.struct.items()}
        made = types.ClassType(
            definition, ty._ctor_template_class, fields, _mirrors_of(ty.jit_methods),
            {name: _mirrors_of(accessors) for name, accessors in ty.jit_props.items()},
            _mirrors_of(ty.jit_static_methods))
        _mirrored_classes[ty] = _mirrored_classes[made] = made
        _original_classes[made] = ty
    return _mirrored_classes[ty]


def _mirrors_of(dispatchers):
    return {name: mirror(dispatcher) for name, dispatcher in dispatchers.items()}
