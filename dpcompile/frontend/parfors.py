"""What Numba runs on its threads in a kernel compiled with ``parallel=True``, as loops that are known by their place.

Requires: typed Numba IR, ``flags.auto_parallel``.
Ensures:  array expressions, assignments to parts of arrays, NumPy's reductions, ``zeros`` and ``ones``, and loops of ``prange``
          are what Numba makes of them, parfors, fused as Numba fuses them; and each parfor is the serial loop that it denotes.
          ``parallel_loops`` finds those.  Calls that have a rule stay calls, draws of random numbers keep their order, and what
          is said of arrays holds of their views as well.
Algorithm: Numba's own passes up to the lowering, and its sequential lowering of parfors.
"""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator

from numba.core import ir, typed_passes, types
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import register_pass
from numba.core.cpu_options import ParallelOptions
from numba.core.errors import NumbaPerformanceWarning
from numba.core.ir_utils import build_definitions, find_callname, find_topo_order, mk_unique_var
from numba.core.typing.templates import Signature
from numba.parfors import parfor

from .intercept import RuledSignature

_WITHOUT_ARRAYS = (types.Number, types.Boolean, types.Literal, types.SliceType, types.NoneType, types.DType, types.Module,
                   types.Function, types.Dispatcher)


class _OfParfor(ir.Loc):
    """The place of a loop that was a parfor: the one thing that the lowering of parfors and what follows it hand on."""


def parallel_loops(blocks: dict[int, ir.Block]) -> dict[int, set[int]]:
    """For each loop that was an outermost parfor the label of its header and those of its blocks."""
    loops = compute_cfg_from_blocks(blocks).loops().values()
    found = [loop for loop in loops if _is_header(blocks[loop.header])]
    return {loop.header: set(loop.body) for loop in found
            if not any(loop.header in other.body for other in found if other is not loop)}


def _is_header(block: ir.Block) -> bool:
    return any(isinstance(s.loc, _OfParfor) and isinstance(s.value, ir.Expr) and s.value.op == "iternext"
               for s in block.find_insts(ir.Assign))


@register_pass(mutates_CFG=True, analysis_only=False)
class Inlining(typed_passes.PreParforPass):
    """NumPy's reductions become loops, but for calls that have a rule: such a call calls by name what has the rule."""

    _name = "dpcompile_inlined_reductions"

    def run_pass(self, state):
        for block in state.func_ir.blocks.values():
            block.body = [new for statement in block.body for new in _written_out(state, statement)]
        super().run_pass(state)
        _name_own_lines(state.func_ir)
        return True


def _written_out(state, statement: ir.Stmt) -> Iterator[ir.Stmt]:
    expression = statement.value if isinstance(statement, ir.Assign) else None
    signature = state.calltypes.get(expression) if isinstance(expression, ir.Expr) else None
    if isinstance(signature, RuledSignature) and expression.op in ("call", "binop"):
        called = ir.Var(statement.target.scope, mk_unique_var("$ruled"), statement.loc)
        made = ir.FreeVar(0, called.name, signature.mirror, statement.loc)
        state.typemap[called.name] = types.Dispatcher(signature.mirror)
        state.func_ir._definitions[called.name] = [made]
        yield ir.Assign(made, called, statement.loc)
        _redirect(state, statement, called, signature)
    yield statement


def _redirect(state, statement: ir.Assign, called: ir.Var, signature: RuledSignature) -> None:
    expression = statement.value
    is_call = expression.op == "call"
    arguments, named = (list(expression.args), expression.kws) if is_call else ([expression.lhs, expression.rhs], ())
    if signature.recvr is not None:
        arguments.insert(0, state.func_ir.get_definition(expression.func).value)
    whole = signature.as_function() if signature.recvr is not None else signature
    call = ir.Expr.call(called, arguments, named, statement.loc)
    state.calltypes[call] = Signature(whole.return_type, whole.args, None, whole.pysig)
    definitions = state.func_ir._definitions[statement.target.name]
    definitions[definitions.index(expression)] = call
    statement.value = call


def _name_own_lines(func_ir: ir.FunctionIR) -> None:
    """What was put in the place of a call of NumPy's is of the line of that call."""
    dominators = compute_cfg_from_blocks(func_ir.blocks).immediate_dominators()
    last: dict[int, ir.Loc] = {}
    for label in find_topo_order(func_ir.blocks):
        here = last.get(dominators[label], func_ir.loc)
        for statement in func_ir.blocks[label].body:
            if statement.loc.filename == func_ir.loc.filename:
                here = statement.loc
            statement.loc = here
        last[label] = here


class _Maps(parfor.ConvertNumpyPass):
    """Without random numbers, which are drawn in an order."""

    def _is_supported_npycall(self, expr):
        return super()._is_supported_npycall(expr) and find_callname(self.pass_states.func_ir, expr)[1] != "numpy.random"


class _Conversion(parfor.ParforPass):
    def run(self):
        self._pre_run()
        blocks, options = self.func_ir.blocks, self.options
        for wanted, conversion in ((options.setitem, parfor.ConvertSetItemPass), (options.numpy, _Maps),
                                   (options.reduction, parfor.ConvertReducePass),
                                   (options.inplace_binop, parfor.ConvertInplaceBinop),
                                   (options.prange, parfor.ConvertLoopPass)):
            if wanted:
                done = conversion(self)
                done.run(blocks)
                self._take_back(getattr(done, "rewritten", ()))
        self._type_masks()
        self.diagnostics.setup(self.func_ir, options.fusion)

    def _take_back(self, conversions: Iterable[dict]) -> None:
        """An assignment of one part of an array to another stays what it is: as a parfor its iterations would depend on each
        other where the parts overlap."""
        kept = {id(done["new"]): done["old"] for done in conversions
                if done["reason"] in ("slice", "inplace_binop") and self._may_overlap(done["old"])}
        for block in self.func_ir.blocks.values():
            block.body = [kept.get(id(statement), statement) for statement in block.body]

    def _type_masks(self) -> None:
        """The elements of a mask that says where an assignment is made: Numba leaves them to its threads, where all is typed
        anew."""
        pending = list(self.func_ir.blocks.values())
        while pending:
            block = pending.pop()
            pending += [inner for made in block.find_insts(parfor.Parfor) for inner in made.loop_body.values()]
            for statement in block.find_insts(ir.Assign):
                read = statement.value
                if isinstance(read, ir.Expr) and read.op == "getitem" and read not in self.calltypes:
                    given = self.typemap[read.value.name], self.typemap[read.index.name]
                    self.calltypes[read] = Signature(self.typemap[statement.target.name], given, None)

    def _may_overlap(self, statement: ir.Stmt) -> bool:
        assignment = statement.value if isinstance(statement, ir.Assign) else None
        target, value = (assignment.lhs, assignment.rhs) if assignment else (statement.target, statement.value)
        ty, views = self.typemap[value.name], _Views(self.func_ir, self.typemap)
        is_repeated = isinstance(ty, types.Array) and ty.ndim != self.typemap[target.name].ndim and assignment is not None
        return is_repeated or (isinstance(ty, types.Array) and views.overlap(target.name, value.name))


class _Fusion(parfor.ParforFusionPass):
    """Where one of several views of an array is written, the loops stay apart: Numba fuses them as if the views were arrays of
    their own."""

    def run(self):
        self.func_ir._definitions = build_definitions(self.func_ir.blocks)
        views = _Views(self.func_ir, self.typemap)
        used, written = ({views.original(v.name) for v in found if isinstance(self.typemap[v.name], types.Array)}
                         for found in self._arrays())
        if any(views.overlap(one, other) for one in written for other in used - {one}):
            self.options = ParallelOptions(self.options)
            self.options.fusion = False
        super().run()

    def _arrays(self) -> tuple[list[ir.Var], list[ir.Var]]:
        """What parfors use, and what of it they write or hand on."""
        used: list[ir.Var] = []
        written: list[ir.Var] = []
        pending = [made for block in self.func_ir.blocks.values() for made in block.find_insts(parfor.Parfor)]
        while pending:
            for statement in [s for block in pending.pop().loop_body.values() for s in block.body]:
                used += statement.list_vars()
                if isinstance(statement, parfor.Parfor):
                    pending.append(statement)
                elif isinstance(statement, ir.SetItem | ir.StaticSetItem):
                    written.append(statement.target)
                elif isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr) and statement.value.op == "call":
                    written += statement.value.list_vars()
        return used, written


class _Views:
    """Which arrays may be views of one."""

    def __init__(self, func_ir: ir.FunctionIR, typemap: dict[str, types.Type]):
        self.definitions, self.typemap = func_ir._definitions, typemap

    def overlap(self, one: str, other: str) -> bool:
        return not self._origins(one).isdisjoint(self._origins(other))

    def original(self, variable: str) -> str:
        """What the variable is a copy of."""
        definitions = self.definitions[variable]
        copied = len(definitions) == 1 and isinstance(definitions[0], ir.Var)
        return self.original(definitions[0].name) if copied else variable

    def _origins(self, variable: str) -> set[str]:
        """The variables that an array may be a view of."""
        found, pending = {variable}, [variable]
        while pending:
            definitions = self.definitions[pending.pop()]
            new = {used.name for definition in definitions for used in self._used(definition)} - found
            found |= new
            pending += new
        return found

    def _used(self, definition) -> list[ir.Var]:
        if isinstance(definition, ir.Var):
            return [definition]
        if not isinstance(definition, ir.Expr) or definition.op in ("arrayexpr", "binop", "unary"):
            return []
        used = [definition.lhs] if definition.op == "inplace_binop" else definition.list_vars()
        return [variable for variable in used if _holds_arrays(self.typemap[variable.name])]


def _holds_arrays(ty: types.Type) -> bool:
    if isinstance(ty, types.BaseTuple):
        return any(map(_holds_arrays, ty))
    return not isinstance(ty, _WITHOUT_ARRAYS)


def _run(made: Callable, state) -> None:
    made(state.func_ir, state.typemap, state.calltypes, state.return_type, state.typingctx, state.targetctx,
         state.flags.auto_parallel, state.flags, state.metadata, state.parfor_diagnostics).run()


@register_pass(mutates_CFG=True, analysis_only=False)
class Conversion(typed_passes.ParforPass):
    """Numba's, silent: it has told the user when it compiled the kernel."""

    _name = "dpcompile_parfors"

    def run_pass(self, state):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NumbaPerformanceWarning)
            _run(_Conversion, state)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class Fusion(typed_passes.ParforFusionPass):
    _name = "dpcompile_fusion_of_parfors"

    def run_pass(self, state):
        _run(_Fusion, state)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class Sequential(typed_passes.ParforPreLoweringPass):
    """Loops in the place of parfors, which go back to their headers by jumps."""

    _name = "dpcompile_loops_of_parfors"

    def run_pass(self, state):
        func_ir = state.func_ir
        for made in [made for block in func_ir.blocks.values() for made in block.find_insts(parfor.Parfor)]:
            made.init_block.loc = _OfParfor(made.loc.filename, made.loc.line)
        parfor.lower_parfor_sequential(state.typingctx, func_ir, state.typemap, state.calltypes, state.metadata)
        for header, body in parallel_loops(func_ir.blocks).items():
            _jump_back(func_ir.blocks, header, body)
        return True


def _jump_back(blocks: dict[int, ir.Block], header: int, body: set[int]) -> None:
    """The header of a loop inside may have the branch that goes back."""
    for label in body:
        last = blocks[label].terminator
        if isinstance(last, ir.Branch) and last.falsebr == header:
            made = max(blocks) + 1
            blocks[made] = ir.Block(blocks[label].scope, last.loc)
            blocks[made].append(ir.Jump(header, last.loc))
            last.falsebr = made
