"""Puts a shadow pointer beside each pointer into memory that carries derivatives.

Requires: prepared IR; activity; ``parameters`` gives the shadow of each pointer parameter that has one.
Ensures:  ``Shadows.of(p)`` is an SSA value that addresses p's shadow with the same index arithmetic; shadow memory is made
          where the primal's is made, zeroed, mirrors its layout, and holds shadow pointers where the primal holds pointers.
          Memory that derivatives flow through lives in the arena, so that it outlives the sweep that made it.
          With several lanes (``transform.lanes``) all distances in shadow memory are as many times those of the primal.
Algorithm: the shadow memory of Enzyme (Moses & Churavy, NeurIPS 2020, §3.2).
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..analysis.activity import Activity
from ..analysis.alias import is_pointer
from ..analysis.call_kinds import ARENA_OF_BLOCK, is_fill, is_interpreted, is_transfer
from ..analysis.objects import Origin
from ..errors import PassError, UnsupportedIR
from ..ir.builder import Builder, Inserter, i64
from ..ir.clone import clone_instruction
from ..ir.model import Argument, Block, Constant, Function, Global, Instruction, Module, Value
from ..ir.types import I8, I64, PTR, FloatType, FunctionType, size_of
from ..ir.vocabulary import INTERPRETED
from ..rules.runtime_calls import MEMINFO_BYTES, MEMINFO_DATA, classify
from .lanes import Lanes
from .memory import clear_memory
from .shared_shadows import distance_to_shadow, is_dynamic, shadow_of_shared, tell_own_size

TAKE = "dp.arena.take"                  # ptr (ptr arena, i64 bytes): raw memory
TAKE_MEMINFO = "dp.arena.meminfo"       # ptr (ptr arena, i64 bytes, i64 align): a MemInfo with its data
TAKE_ZEROED = "dp.arena.zeroed"         # the same, its data zero
TAKE_COUNTED = "dp.arena.counted"       # the same, with a reference that is the arena's: others may hold it for longer
#: At least what Numba's own allocations are aligned to.
DATA_ALIGNMENT = 64
_MIRRORED = frozenset({"getelementptr", "bitcast", "freeze", "addrspacecast", "phi", "select", "load"})


@dataclass
class Shadows:
    """The result: shadow of each pointer, and what the shadow instructions mirror."""

    activity: Activity
    table: dict[Value, Value] = field(default_factory=dict)
    #: For each shadow instruction, the primal one that it mirrors.
    mirrors: dict[Value, Instruction] = field(default_factory=dict)
    globals: dict[Global, Value] = field(default_factory=dict)
    #: What the threads of a block share and has a shadow.
    shared: list[Global] = field(default_factory=list)
    #: Calls that take memory from the arena (each may fail), in order of appearance.
    allocations: list[Instruction] = field(default_factory=list)
    #: Calls that give a MemInfo, in the primal: the calls that give one for their shadows, that for the data first, and the
    #: bytes of the primal's data.
    paired: dict[Instruction, tuple[list[Instruction], Value]] = field(default_factory=dict)

    def of(self, pointer: Value) -> Value:
        """The shadow of a pointer; a pointer to memory without one stands for itself."""
        if pointer in self.table:
            return self.table[pointer]
        if isinstance(pointer, Global) and pointer in self.globals:
            return self.globals[pointer]
        if isinstance(pointer, (Argument, Instruction)) and self.activity.has_shadow(pointer):
            raise PassError(f"internal error: {pointer!r} has no shadow")
        return pointer


#: For memory on the stack, where it and its shadow lie: with whoever calls both sweeps, or where it is.
Frames = Mapping[Instruction, tuple[Value, Value]]


def insert_shadows(module: Module, function: Function, activity: Activity, parameters: Mapping[Argument, Value],
                   arena: Value, cold: frozenset[Block], lanes: Lanes = Lanes(),  # noqa: B008  it is frozen
                   frames: Frames | None = None) -> Shadows:
    """Writes the shadow instructions into ``function``."""
    shadows = Shadows(activity)
    shadows.table.update(parameters.items())
    writer = _Writer(module, function, shadows, arena, lanes, frames or {})
    instructions = [i for b in function.blocks if b not in cold for i in b.instructions]
    writer.shadow_globals()
    for instruction in instructions:
        writer.declare(instruction)
    for instruction in instructions:
        writer.write(instruction)
    return shadows


class _Writer:
    def __init__(self, module: Module, function: Function, shadows: Shadows, arena: Value, lanes: Lanes, frames: Frames):
        self.lanes = lanes
        self.frames = frames
        self.module = module
        self.function = function
        self.shadows = shadows
        self.activity = shadows.activity
        self.arena = arena
        #: Mirrors that still lack their operands.
        self.declared: dict[Instruction, Instruction] = {}
        #: How far behind dynamic memory its shadow lies.
        self.distance: Instruction | None = None
        self.counted = _hands_out_memory(module)

    def shadow_globals(self) -> None:
        """A frozen array that shares a pointer with active memory gets scratch: what lands there is dropped. The shadow of
        what a block of threads shares is shared like that."""
        builder = Inserter(self.function.entry, 0)
        for obj in sorted(self.activity.shadowed, key=str):
            if obj.origin == Origin.GLOBAL and isinstance(obj.site, Global):
                size = size_of(obj.site.value_type) if obj.site.value_type is not None else 0
                scaled = self.lanes.size(builder, i64(size))
                self.shadows.globals[obj.site] = self._take(builder, scaled, f"{obj.site.name}.shadow")
            elif obj.origin == Origin.SHARED and isinstance(obj.site, Global):
                self._shadow_shared(obj.site)

    def _shadow_shared(self, variable: Global) -> None:
        self.shadows.shared.append(variable)
        if is_dynamic(variable):
            self._check_types(variable)
            tell_own_size(self.module, self.function)
            self.distance = distance_to_shadow(self.module, self.function)
            self.shadows.globals[variable] = self._behind(variable)
        else:
            self.shadows.globals[variable] = shadow_of_shared(self.module, variable)

    def _check_types(self, variable: Global) -> None:
        """Parts of dynamic memory begin anywhere: whether one number is read as another cannot be seen."""
        floats = sorted(str(t) for t in self.activity.scalar_types(variable) if isinstance(t, FloatType))
        if len(floats) > 1:
            raise UnsupportedIR(f"cannot differentiate dynamic shared memory that holds {' and '.join(floats)}", None,
                                "Let it hold numbers of one type, and others those of a constant size.")

    def _behind(self, address: Value) -> Value:
        """The shadow of an address of dynamic memory."""
        assert self.distance is not None
        return Inserter.after(self.distance).offset(address, self.distance, "dynamic.shadow")

    def declare(self, instruction: Instruction) -> None:
        """First round: the shadow instruction, so that phis can refer to it."""
        if not self.activity.has_shadow(instruction):
            return
        if instruction.opcode in _MIRRORED:
            mirror = clone_instruction(instruction)
            mirror.name = self.function.fresh(f"{instruction.name}.shadow")
            block = instruction.parent
            block.insert(block.instructions.index(instruction) + 1, mirror)
            self.shadows.table[instruction] = self.declared[instruction] = mirror
            self.shadows.mirrors[mirror] = instruction
        elif instruction.opcode == "alloca":
            self._move_from_stack(instruction)
        elif instruction.opcode == "call":
            self._shadow_allocation(instruction)

    def write(self, instruction: Instruction) -> None:
        """Second round: operands of mirrors, stores of shadow pointers, allocations that have no shadow."""
        self._shadow_constants(instruction)
        if instruction.opcode == "call":
            self._write_call(instruction)
        elif instruction.opcode == "store":
            self._mirror_store(instruction)
        elif instruction in self.declared:
            mirror = self.declared[instruction]
            for operand in instruction.operands:
                mirror.append_operand(self.shadow_operand(operand))
            mirror.blocks = list(instruction.blocks)
            if self.lanes.width > 1:
                self._spread(instruction, mirror)

    def _spread(self, instruction: Instruction, mirror: Instruction) -> None:
        """In the place of a mirror that computes with distances: one that knows the lanes."""
        builder = Inserter.before(mirror)
        if instruction.opcode == "getelementptr":
            replacement = self.lanes.address(builder, instruction, mirror.operands[0], mirror.name)
            self._take_place_of(mirror, replacement)

    def _take_place_of(self, mirror: Instruction, replacement: Value) -> None:
        self.shadows.mirrors[replacement] = self.shadows.mirrors.pop(mirror)
        self.shadows.table[self.shadows.mirrors[replacement]] = replacement
        mirror.replace_uses(replacement)
        mirror.erase()

    def _shadow_constants(self, instruction: Instruction) -> None:
        """Adjoints ask for the shadows of addresses that are constant expressions as for those of others."""
        for operand in instruction.operands:
            if isinstance(operand, Constant) and operand.globals and self.activity.has_shadow(operand):
                self.shadows.table[operand] = self._shadow_constant(operand)

    def shadow_operand(self, operand: Value) -> Value:
        return self.shadows.of(operand) if is_pointer(operand.type) else operand

    def _shadow_constant(self, constant: Constant) -> Value:
        """The shadow of a constant expression over a global: rebuilt on the global's shadow."""
        for obj in self.activity.aliasing.objects_of(constant):
            if obj not in self.activity.shadowed or not isinstance(obj.site, Global):
                continue
            if obj.origin == Origin.SHARED and is_dynamic(obj.site):
                return self._behind(constant)
            if obj.origin == Origin.SHARED:
                return self._over_shared(constant)
            if obj.origin == Origin.GLOBAL:
                builder = Inserter(self.function.entry, len(self.shadows.globals) * 2)
                base, address = (builder.cast("ptrtoint", p, I64) for p in (obj.site, constant))
                offset = self.lanes.size(builder, builder.binary("sub", address, base))
                return builder.gep(I8, self.shadows.globals[obj.site], offset)
        return constant

    def _over_shared(self, constant: Constant) -> Constant:
        """The same expression over the shadows of what a block of threads shares."""
        for variable, shadow in self.shadows.globals.items():
            if variable.name in constant.globals and isinstance(shadow, Global):
                names = tuple(shadow.name if name == variable.name else name for name in constant.globals)
                text = re.sub(rf"{re.escape(variable.ref)}(?![\w.$-])", shadow.ref.replace("\\", r"\\"), constant.text)
                constant = Constant(constant.type, text, names)
        return constant

    # allocations ----------------------------------------------------------------------------------------------------

    def _take(self, builder: Builder, size: Value, name: str, zeroed: bool = True) -> Instruction:
        take = self.module.declare(TAKE, FunctionType(PTR, (PTR, I64)))
        memory = builder.call(take, take.function_type, [self.arena, size], name=name)
        self.shadows.allocations.append(memory)
        if zeroed:
            clear_memory(builder, self.module, memory, size)
        return memory

    def _move_from_stack(self, alloca: Instruction) -> None:
        memory, shadow = self.frames.get(alloca, (None, None))
        if memory is alloca and shadow is not None:
            self.shadows.table[alloca] = shadow
        elif memory is not None:
            self._replace(alloca, memory, shadow)
        else:
            self._move_to_arena(alloca)

    def _move_to_arena(self, alloca: Instruction) -> None:
        builder = Inserter.before(alloca)
        size: Value = i64(size_of(alloca.element))
        if alloca.operands:
            count = builder.cast("sext", alloca.operands[0], I64) if alloca.operands[0].type != I64 else alloca.operands[0]
            size = builder.binary("mul", size, count)
        memory = self._take(builder, size, alloca.name, zeroed=False)
        shadow = self._take(builder, self.lanes.size(builder, size), f"{memory.name}.shadow")
        self._replace(alloca, memory, shadow)

    def _replace(self, old: Instruction, new: Value, shadow: Value | None) -> None:
        """``new`` takes the place of ``old`` in the program and in what the analyses said of it."""
        self.activity.aliasing.take_place_of(new, old)
        if shadow is not None:
            self.shadows.table[new] = shadow
        old.replace_uses(new)
        self.shadows.table.pop(old, None)
        old.erase()

    def _shadow_allocation(self, call: Instruction) -> None:
        known = classify(call.callee_name)
        if known is None or known.kind != "allocate":
            return
        memory, size = self._allocate_in_arena(call)
        builder = Inserter.after(memory)
        shadow = self._allocate_shadow(builder, memory, known.returns, size)
        self._replace(call, memory, shadow)

    def _allocate_shadow(self, builder: Builder, memory: Instruction, returns: str, size: Value) -> Instruction:
        """Zeroed; a MemInfo is one only with one lane, else just the place where the pointer to the data is looked up."""
        scaled, name = self.lanes.size(builder, size), f"{memory.name}.shadow"
        if returns != "meminfo":
            return self._take(builder, scaled, name)
        info = self._make(builder, TAKE_ZEROED, scaled, name)
        self.shadows.paired[memory] = [info], size
        return info if self.lanes.width == 1 else self._allocate_head(builder, memory, info)

    def _allocate_head(self, builder: Builder, memory: Instruction, info: Instruction) -> Instruction:
        """Where several lanes find the data of a MemInfo."""
        head = self._make(builder, TAKE_MEMINFO, i64(MEMINFO_BYTES * self.lanes.width), f"{info.name}.head")
        self.shadows.paired[memory][0].append(head)
        place, data = (builder.load(PTR, builder.offset(made, MEMINFO_DATA), align=8) for made in (head, info))
        builder.store(data, builder.offset(place, MEMINFO_DATA * self.lanes.width), align=8)
        return place

    def _allocate_in_arena(self, call: Instruction) -> tuple[Instruction, Value]:
        known = classify(call.callee_name)
        builder = Inserter.before(call)
        size = call.arguments[known.size[0]]
        for position in known.size[1:]:
            size = builder.binary("mul", size, call.arguments[position])
        if known.returns != "meminfo":
            return self._take(builder, size, call.name, known.zeroed), size
        return self._make(builder, TAKE_ZEROED if known.zeroed else TAKE_COUNTED if self.counted else TAKE_MEMINFO,
                          size, call.name), size

    def _make(self, builder: Builder, how: str, size: Value, name: str) -> Instruction:
        make = self.module.declare(how, FunctionType(PTR, (PTR, I64, I64)))
        memory = builder.call(make, make.function_type, [self.arena, size, i64(DATA_ALIGNMENT)], name=name)
        self.shadows.allocations.append(memory)
        return memory

    # the rest -------------------------------------------------------------------------------------------------------

    def _write_call(self, call: Instruction) -> None:
        if call.parent is None:
            return
        known = classify(call.callee_name)
        if known is not None and known.kind == "allocate":
            memory, _ = self._allocate_in_arena(call)
            self._replace(call, memory, None)
        elif (is_transfer(call) or is_fill(call)) and self.activity.has_shadow(call.arguments[0]):
            self._mirror_pointer_memory(call)
        elif is_interpreted(call):
            call.set_operand(1 + ARENA_OF_BLOCK, self.arena)

    def _mirror_pointer_memory(self, call: Instruction) -> None:
        """Shadow memory that holds pointers is copied and cleared when the primal's is."""
        types = self.activity.scalar_types(call.arguments[0])
        if not any(map(is_pointer, types)):
            return
        builder = Inserter.after(call)
        arguments = [self.shadow_operand(a) if a.type == PTR else a for a in call.arguments]
        arguments[2] = self.lanes.size(builder, arguments[2])
        copy = builder.call(call.callee, call.function_type, arguments)
        self.shadows.mirrors[copy] = call

    def _mirror_store(self, store: Instruction) -> None:
        value, pointer = store.operands
        if not is_pointer(value.type) or not self.activity.has_shadow(pointer):
            return
        builder = Inserter.after(store)
        shadow, address = self.shadow_operand(value), self.shadow_operand(pointer)
        self.shadows.mirrors[builder.store(shadow, address, align=store.align)] = store


def stack_of_thread(module: Module, function: Function, activity: Activity) -> list[Instruction]:
    """The stack memory that has a shadow; no thread of many takes memory, so its size must be constant."""
    found = [i for i in function.instructions() if i.opcode == "alloca" and activity.has_shadow(i)]
    for alloca in found:
        if alloca.parent is not function.entry or alloca.operands:
            raise UnsupportedIR("cannot differentiate local memory of a size that is not constant",
                                module.location_of(alloca), "Make it at the beginning, of a constant size.")
    return found


def refuse_allocations(module: Module, shadows: Shadows) -> None:
    """Threads of many are given memory; they take none."""
    for call in shadows.allocations:
        raise UnsupportedIR("cannot differentiate memory that a thread allocates, or a global array among those that carry "
                            "derivatives", module.location_of(call), "Use cuda.local.array or cuda.shared.array.")


def _hands_out_memory(module: Module) -> bool:
    """Whether an interpreted block is given pointers: Python may keep what lies there."""
    blocks = [f for f in module.functions.values() if f.name.startswith(INTERPRETED)]
    return any(is_pointer(a.type) for block in blocks for a in block.arguments[ARENA_OF_BLOCK + 1:])


__all__ = ["Shadows", "insert_shadows"]
