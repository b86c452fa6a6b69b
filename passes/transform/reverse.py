"""Reverse mode of a whole function: the augmented primal and the reverse sweep.

Requires: a module as ``pipeline`` reads it.
Ensures:  see ``pipeline.differentiate``.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from ..analysis import bounds, gated, gathered_threads, induction, ownership, reverse_path, uniform, unread
from ..analysis.alias import is_pointer
from ..analysis.cache_plan import KEEP_COST_A_BYTE, KEEP_COST_A_BYTE_USED_AGAIN, CachePlan, closure_of, is_literal, plan_cache
from ..analysis.call_kinds import is_shuffle
from ..analysis.distribution import Distribution, chain_of, plan_distribution
from ..analysis.gathered_nest import GatheredNest, plan_nest
from ..analysis.gathered_threads import GatheredThreads, can_move
from ..analysis.interchange import Interchange, plan_interchange
from ..analysis.later_stores import LaterStores
from ..analysis.loops import Loop
from ..analysis.needed import Needed
from ..analysis.objects import MemoryObject, Origin
from ..analysis.ownership import Owned
from ..analysis.ranges import Ranges
from ..analysis.recipes import Recipes
from ..analysis.reverse_path import ReversePath
from ..analysis.segments import Segmenting
from ..analysis.undo import Point
from ..analysis.uniform import Uniform
from ..analysis.variation import Variation
from ..errors import UnsupportedIR
from ..ir.model import Argument, Function, Global, Instruction, Module, Value, is_float
from ..ir.types import DOUBLE, FLOAT, I32, PTR, FunctionType, IntType, Type, size_of
from ..ir.writer import write_function
from ..target import HOST, Target
from ..visible import dump
from .adjoint import Context, LoopForm
from .available import Available
from .bounds import write_changes
from .calls import CheckpointedCall, ParallelCall, extend_signature, put_seeds, split_calls
from .counters import Counters, insert_counters
from .deferred_sums import DeferredSums
from .forwarded_loads import ForwardedLoads
from .increments import Increments
from .layout import LayoutPlanner, TapeLayout
from .negations import move_negations
from .program import Program
from .recurrences import shorten_recurrences
from .recycled import recycle_arrays, recycle_shadows
from .scopes import DerivativeScopes
from .shadow import Shadows, insert_shadows, refuse_allocations, stack_of_thread
from .sweep import ReverseSweep
from .tape import TapeWriter
from .undo import UndoLogs
from .version import Version

ELEMENTS: dict[str, Type] = {"double": DOUBLE, "float": FLOAT, "ptr": PTR,
                             **{f"i{bits}": IntType(bits) for bits in (1, 8, 16, 32, 64)}}
#: Loops deeper or longer than this cost the same: the model need not count further.
MOST_EXECUTIONS = 1e12


@dataclass
class ReverseFunctions:
    """The two functions generated from a version, and what a caller must know of them."""

    version: Version
    augmented: Function
    reverse: Function
    layout: TapeLayout
    plan: CachePlan
    path: ReversePath
    inductions: induction.Inductions
    forms: list[LoopForm]
    #: The instructions of each outermost loop, by its header, as it was before it was transformed.
    bodies: dict[str, list[Instruction]]
    #: Values whose adjoints need no gate, by name.
    ungated: frozenset[str]
    #: With threads: the types of what lies on the stack and has a shadow, and what a block shares and has one.
    frames: list[Type]
    shared: list[Global]
    #: With threads: for each load how the reverse sweep adds to its shadow, and why.
    increments: dict[Instruction, str]
    #: With threads: what says whether a launch keeps them apart, where the reverse function relies on that.
    apart: Function | None
    #: By which instruction the memory of a kept value is taken that is no field of the tape record.
    taken_by: dict[Value, str]
    #: Whether the reverse function is for another launch, when all threads have run the augmented primal.
    launched_anew: bool = False
    #: With threads: which reads are of neighbours' cells, for which the reverse function has calls in the place of additions.
    gathered: GatheredThreads = field(default_factory=GatheredThreads)

    @property
    def needs_storage(self) -> bool:
        """Whether a thread or its caller has more to keep than a record of constant size."""
        return self.layout.needs_storage or self.launched_anew

    @property
    def heaviest(self) -> str:
        """The outermost loop that keeps most, by its header; empty where none keeps anything."""
        kept: dict[str, float] = {}
        for value in self.plan.kept:
            nest = self.version.forest.nest(value.parent) if isinstance(value, Instruction) else ()
            if nest:
                kept[nest[0].name] = kept.get(nest[0].name, 0.0) + size_of(value.type) * self.plan.places[value]
        return max(kept, key=kept.__getitem__, default="")


def build_functions(module: Module, program: Program, target: Target = HOST) -> ReverseFunctions:
    """Writes the augmented primal and the reverse sweep of the entry, and of all that it calls, into the module."""
    versions = program.transformed
    builds = {id(version): _Build(module, program, version, target) for version in versions}
    for build in builds.values():
        build.declare()
    reverses = {id(version): builds[id(version)].reverse for version in versions}
    results = {id(version): builds[id(version)].run(reverses) for version in versions}
    return results[id(program.entry)]


class _Build:
    """The steps from an analysed primal to its two functions."""

    def __init__(self, module: Module, program: Program, version: Version, target: Target):
        self.module = module
        self.target = target
        self.program = program
        self.version = self.analysed = version
        self.function = version.function

    def declare(self) -> None:
        """The signatures of both functions, so that others can call them before they are written."""
        fresh = self.function.fresh
        self.shadow_arguments = {a: Argument(PTR, fresh(f"{a.name}.shadow")) for a in self.version.with_shadow}
        self.arena, self.tape = Argument(PTR, fresh("arena")), Argument(PTR, fresh("tape"))
        self.frames = self._frames() if self.target.has_threads else {}
        frames = [argument for pair in self.frames.values() for argument in pair]
        extend_signature(self.version, [*self.shadow_arguments.values(), *frames, self.arena, self.tape])
        self.copies = {a: Argument(a.type, a.name) for a in self.function.arguments}
        self.cotangents = Argument(PTR, fresh("cotangents"))
        self.distances = Argument(PTR, fresh("distances")) if self.version.primal.parallel else None
        arguments = [*self.copies.values(), self.cotangents, *filter(None, [self.distances])]
        name = self.function.name.removesuffix(".augmented") + ".reverse"
        self.reverse = Function(name, FunctionType(I32, tuple(a.type for a in arguments)), arguments)
        self.module.functions[name] = self.reverse

    def _frames(self) -> dict[Instruction, tuple[Argument, Argument]]:
        """Parameters for stack memory that has a shadow, and for that: no thread allocates memory, and both sweeps of one
        are run by one function."""
        fresh = self.function.fresh
        stack = stack_of_thread(self.module, self.function, self.version.activity)
        return {alloca: (Argument(PTR, fresh(f"{alloca.name}.memory")), Argument(PTR, fresh(f"{alloca.name}.shadow")))
                for alloca in stack}

    def run(self, reverses: dict[int, Function]) -> ReverseFunctions:
        version = self.version
        self.bodies = {loop.name: [i for block in loop.blocks for i in block.instructions] for loop in version.forest.top_level}
        self.bounds = bounds.analyse(self.module, version.activity, version.cfg, self.target.waits_for_all)
        frame_types = [alloca.element for alloca in self.frames]
        shadows = insert_shadows(self.module, self.function, version.activity, dict(self.shadow_arguments), self.arena,
                                 version.cfg.cold, frames=self.frames)
        if self.target.has_threads:
            refuse_allocations(self.module, shadows)
        self.calls = split_calls(self.module, self.program, version, shadows, self.arena, reverses)
        put_seeds(self.module, self.function, shadows)
        self.scopes = DerivativeScopes(self.module, self.function, version.aliasing)
        self.scopes.annotate(version.warm_instructions(), shadows.mirrors)
        counters = insert_counters(self.function, version.cfg, version.forest)
        self.cleared = {} if self.target.has_threads else recycle_shadows(self.module, shadows, version.cfg, version.forest)
        write_changes(self.bounds)
        self._plan(shadows, counters)
        self._write_reverse(shadows, counters, reverses)
        if not self.target.has_threads:
            recycle_arrays(self.module, shadows, {*self.plan.kept, *self.plan.rebuilt}, version.forest)
        writer = TapeWriter(self.module, self.function, counters, self.planner, self.planner.layout, self.arena, self.tape,
                            self.scopes.tape)
        writer.write(version.returns, [*shadows.allocations, *self.calls.allocations], self.calls.of)
        self._drop_unread()
        if version.primal.fused:
            self.function.attributes = self.reverse.attributes = "alwaysinline"      # each is called in one place
        dump("tape", lambda: write_function(self.function))
        version.tape_bytes.text = str(max(8, self.planner.layout.size))
        return ReverseFunctions(version, self.function, self.reverse, self.planner.layout, self.plan,
                                self.path, self.inductions, self.forms,
                                self.bodies, self.ungated, frame_types, shadows.shared, self.increments.account,
                                self.increments.conditions.write(), writer.taken_by(), self.bounds.are_global,
                                self.increments.gathered)

    def _drop_unread(self) -> None:
        """Takes out stores of the first sweep into memory that nobody reads any more; LLVM removes what they were made of."""
        if self._knows_what_is_read():
            found = unread.analyse(self.function, self.version.aliasing, self.recipes.mirrors, self.raising,
                                   self.version.unseen, repeated=self.plan.rebuilt)
            dump("unread", partial(str, found))
            for store in found.unread:
                store.erase()
        self.forwarded.remove(self.plan.kept)

    def _executions(self, value: Value) -> float:
        """How often a value is computed."""
        return self._iterations(self.analysed.forest.nest(value.parent)) if isinstance(value, Instruction) else 1.0

    def _places(self, value: Value) -> float:
        """How many places on the tape it takes to keep a value."""
        if not isinstance(value, Instruction):
            return 1.0
        return self._iterations(self.planner.loops_kept(value)) * self.segmenting.share_on_tape(value)

    def _iterations(self, loops: Iterable[Loop]) -> float:
        total = 1.0
        for loop in loops:
            total *= max(1.0, self.inductions.estimate(loop))
        return min(total, MOST_EXECUTIONS)

    # plan -----------------------------------------------------------------------------------------------------------

    def _plan(self, shadows: Shadows, counters: Counters) -> None:
        analysed = self.analysed
        self.inductions = induction.analyse(self.function, analysed.cfg, analysed.forest)
        self.needed = Needed(analysed.activity, shadows.of, self.calls.of, changes=self.bounds.changes,
                             cleared=self.cleared, settled=self.calls.settled)
        overwritten = self.version.overwrites()
        overwritten.launched_anew = self.bounds.are_global
        if not self.target.has_threads:
            overwritten.later = LaterStores(Ranges(analysed.cfg, analysed.forest, self.inductions))
        overwritten.kept_stack = set() if overwritten.launched_anew else {
            o for o in analysed.activity.shadowed if o.origin == Origin.STACK}
        self.recipes = Recipes(analysed.cfg, analysed.forest, self.inductions, overwritten, counters, shadows.mirrors,
                               exact=set(self.bounds.compared()))
        self.needed.put_back = {i for i in analysed.warm_instructions() if self.bounds.needs_putting_back(i, overwritten)}
        self.raising = {instruction for block in analysed.cfg.cold for instruction in block.instructions}
        self.planner = LayoutPlanner(self.module, self.function, analysed.forest, self.inductions, counters, self.arena,
                                     Variation(self.recipes), self.target)
        self.forwarded = ForwardedLoads(self.recipes, self.planner, self.scopes.tape)
        self.segmenting = Segmenting(self.recipes, self.planner.loops_kept, self.target.memory_cost,
                                     self.target.has_segments and not self.bounds.are_global, self.planner.segments)
        self.at_hand = self._given() | set(counters.loop)
        self._settle(counters)
        for value in self.plan.kept:
            self.planner.place(value)
        if self.bounds.are_global:
            self._refuse_own_addresses()
        self.planner.finish()
        for name, result in (("induction", self.inductions), ("overwrites", overwritten), ("reverse_path", self.path),
                             ("cache_plan", self.plan)):
            dump(name, partial(str, result))
        self.forms = self._forms()
        dump("forms", lambda: "\n".join(map(str, self.forms)))

    def _is_fleeting(self, value: Value) -> bool:
        """Whether a value means nothing in the reverse sweep if it is kept: because it was never computed, or as an address
        that is another one in another launch."""
        if value in self.forwarded.added:
            return True
        if not self.bounds.are_global or not is_pointer(value.type):
            return False
        objects = self.analysed.aliasing.objects_of(self.recipes.mirrors.get(value, value))
        return any(obj.origin not in bounds.OF_THE_LAUNCH for obj in objects)

    def _refuse_own_addresses(self) -> None:
        for value in self.plan.kept:
            if self._is_fleeting(value):
                operation = next(filter(self.bounds.is_global, self.bounds.operations))
                raise UnsupportedIR("cannot differentiate a kernel that takes an atomic maximum or minimum in global memory, "
                                    "and chooses among arrays of a thread or a block", self.module.location_of(operation))

    def _settle(self, counters: Counters) -> None:
        """The reverse path and the plan, which hang together where stores are undone."""
        undo = UndoLogs(self.recipes, self.needed, self.planner, self.bounds.objects) \
            if self.target.has_threads and not self.bounds.are_global else None
        while True:
            self.path = reverse_path.trace(self.analysed.cfg, self.analysed.forest, counters, self.analysed.returns,
                                           self.needed.block_has_work, self.needed.joins)
            points = list(self._direct_needs(counters))
            direct = list(dict.fromkeys(value for _, value in points))
            self._forward(direct)
            self.plan = self.segmenting.settled(partial(self._plan_with_extents, direct))
            if undo is None or undo.settle(self.plan, [*points, *self.segmenting.points()]):
                break
        self.undone = undo.finish(self.plan) if undo is not None else {}

    def _forward(self, direct: list[Value]) -> None:
        """Has loads made again of which the plan would otherwise keep what they read."""
        while not self.target.has_threads and self.forwarded.offer(closure_of(direct, self.recipes, self._available)):
            pass

    def _given(self) -> set[Value]:
        """What the reverse function receives: its caller hands over everything only if it is not generated code."""
        return set(self.function.arguments) if self.version.is_immediate else {self.arena, self.tape}

    def _forms(self) -> list[LoopForm]:
        """The loops that are written in another form: a loop alone, and perhaps the one around it together with it."""
        if self.target.has_segments:
            return list(self.planner.segments.values())
        if self.target.has_threads or (self.version.conflicts is not None and self.version.conflicts.of_kind("atomic")):
            return []
        found: list[LoopForm | None] = []
        for loop in self.version.forest:
            if loop not in self.planner.layout.record_size:
                distribution = plan_distribution(loop, self.path, self.needed, self.version.activity, self.inductions)
                nest = self._form_of_nest(loop, distribution)
                # Two forms of one loop would be compiled; what is not gathered is short or lies in an odd way.
                found += [nest] if isinstance(nest, GatheredNest) else [distribution, nest]
        return [form for form in found if form is not None]

    def _form_of_nest(self, loop: Loop, distribution: Distribution | None) -> GatheredNest | Interchange | None:
        if loop.parent in self.planner.layout.record_size:
            return None
        return self._nest(loop, distribution) or plan_interchange(
            loop, self.path, self.needed, self.version.activity, self.recipes, self.planner.variation, self._places_of)

    def _places_of(self, value: Value) -> tuple[Loop, ...] | None:
        """The loops for each of whose iterations a value is kept."""
        if value not in self.plan.kept:
            return None
        return self.planner.loops_kept(value) if isinstance(value, Instruction) else ()

    def _nest(self, loop: Loop, distribution: Distribution | None) -> GatheredNest | None:
        """The nest of an innermost loop whose increments meet, or may meet as its addresses are not known to be affine."""
        if distribution is not None and (distribution.summed or not distribution.buffered):
            return None
        nest = plan_nest(loop, chain_of(loop, self.path), self.path, self.needed, self.version.activity, self.recipes)
        if nest is None or (distribution is None and all(choice.loop is not loop for choice in nest.choices)):
            return None
        compared = [number for choice in nest.choices for _, *numbers in choice.conditions for number in numbers]
        return nest if all(self._can_be_asked(value) for number in compared for value in number.values) else None

    def _can_be_asked(self, value: Value) -> bool:
        return self._available(value) or value in self.plan.kept or value in self.plan.rebuilt

    def _available(self, value: Value) -> bool:
        return is_literal(value) or value in self.at_hand

    def _direct_needs(self, counters: Counters) -> Iterator[tuple[Point, Value]]:
        """What the reverse sweep asks for, and at the mirror of which point."""
        for block, step in self.path.steps.items():
            for instruction in block.instructions:
                if instruction.opcode != "phi" and self.needed.has_work(instruction):
                    yield from (((block, instruction), value) for value in self.needed.values(instruction))
            if step.chooser is not None:
                yield (block, None), step.chooser
            for edge in self.path.edges(block):
                yield from (((block, None), counters.last[loop, block]) for loop in edge.entered)

    def _plan_with_extents(self, direct: list[Value]) -> CachePlan:
        """Finding a kept value may need extents of loops, and running segments again values from outside, which must then be in
        the plan too."""
        needs, idle = dict.fromkeys(direct), self._idle(direct)
        byte_cost = KEEP_COST_A_BYTE_USED_AGAIN if self.version.primal.fused else KEEP_COST_A_BYTE
        while True:
            plan = plan_cache(self.function, list(needs), self.recipes, self._available, self._executions, self._places,
                              self.target.memory_cost, byte_cost, self._is_fleeting, idle,
                              self.segmenting.is_buffered)
            asked = [*(e for v in plan.kept for e in self.planner.extents_needed(v)), *self.segmenting.needs(plan)]
            more = [value for value in asked if value not in needs and not self._available(value)]
            if not more:
                return plan
            needs.update(dict.fromkeys(more))

    def _idle(self, direct: list[Value]) -> Callable[[Value], bool]:
        """What the first sweep need not compute unless the reverse sweep cannot."""
        if not self._knows_what_is_read():
            return lambda value: False
        closure = closure_of(direct, self.recipes, self._available)
        kept = [value for value in closure if self.recipes.of(value) is None]
        found = unread.analyse(self.function, self.version.aliasing, self.recipes.mirrors, self.raising, self.version.unseen,
                               kept, closure)
        return lambda value: found.idle(value) and value not in self.forwarded.added

    def _knows_what_is_read(self) -> bool:
        """Not where loops are launched on threads, or run again from snapshots: they find in memory what they are given."""
        hidden = (ParallelCall, CheckpointedCall)
        return not (self.target.has_threads or self.version.primal.parallel
                    or any(isinstance(call, hidden) for call in self.calls.of.values()))

    def _uniform(self) -> Uniform:
        """What threads that exchange something have in common."""
        if not any(map(is_shuffle, self.analysed.warm_instructions())):
            return Uniform(self.function, set(self.function.instructions()))
        return uniform.analyse(self.function, self.analysed.cfg, self.analysed.aliasing)

    def _owned(self) -> dict[MemoryObject, Owned]:
        """Where threads do not meet."""
        if not self.target.has_threads:
            return {}
        return ownership.analyse(self._adding(), self.analysed.aliasing, self.inductions, self.analysed.cfg)

    def _adding(self) -> list[Instruction]:
        """The loads whose adjoints add to shadows."""
        return [i for block in self.path.steps for i in block.instructions if i.opcode == "load" and self.needed.has_work(i)]

    def _gathered(self) -> GatheredThreads:
        """The reads of neighbours' cells, where threads can be run again by their neighbours, in later launches."""
        if not self.target.waits_for_all or self.frames or self.undone or self.bounds.operations \
                or self.planner.layout.needs_storage:
            return GatheredThreads()
        analysed = self.analysed
        return gathered_threads.analyse(self._adding(), analysed.aliasing, self.inductions, analysed.cfg)

    # reverse --------------------------------------------------------------------------------------------------------

    def _write_reverse(self, shadows: Shadows, counters: Counters, reverses: dict[int, Function]) -> None:
        version = self.version
        given: dict[Value, Value] = {a: copy for a, copy in self.copies.items() if a in self._given()}
        available = Available(self.reverse, self.plan, self.recipes, counters, self.planner, self.planner.layout,
                              given, self.copies[self.tape], self.scopes.tape)
        self.increments = Increments(self.module, version, self.reverse, self.distances, self.inductions, self.target,
                                     self._owned(), self.copies)
        self.increments.gathered = self._gathered()
        deferred = DeferredSums(self.module, self.reverse, version.cfg, version.forest, self.inductions, self.needed, self.path,
                                available, self.increments.joined)
        context = Context(self.module, self.version.activity, shadows, self.needed, self.path, available, self.reverse,
                          self.copies[self.arena], self.copies[self.tape], self.cotangents, self.version.active, self.calls,
                          self.scopes, reverses, version.forest,
                          self.increments, deferred, self._uniform(), self.target)
        gates = gated.analyse(version.activity, list(self.path.steps), version.cfg, version.forest,
                              self.program.is_seeded(version), version.unseeded)
        dump("gated", lambda: gates)
        context.gated = gates.seeds
        if version.primal.checkpointed:
            # What was one function knew more of the seeds that come from behind the loop.
            context.gated = {value for value in gates.seeds if value.name not in self.program.ungated}
        self.ungated = frozenset(i.name for block in self.path.steps for i in block.instructions
                                 if is_float(i) and i not in context.gated)
        context.forms = self.forms
        context.undone = self.undone
        ReverseSweep(context).write()
        move_negations(self.reverse)
        shorten_recurrences(self.reverse)
        self._check_gathered()
        dump("adjoint", lambda: write_function(self.reverse))

    def _check_gathered(self) -> None:
        """Threads that cannot be run by others add atomically."""
        found = self.increments.gathered
        dump("gathered_threads", partial(str, found))
        if found.reads and not can_move((self.function, self.reverse), found):
            self.increments.scatter()
