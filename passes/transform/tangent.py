"""Writes the tangent of each instruction right behind it: forward mode.

Requires: a prepared function with its analyses and shadows.
Ensures:  shadow memory holds the tangents of what the primal's memory holds, at every point of the program; the same
          derivative table, activity and conventions at kinks as the adjoint, so that each mode checks the other.
          With several lanes (``transform.lanes``) a tangent is a vector.
Algorithm: dual numbers as in Griewank & Walther, "Evaluating Derivatives" (2008), §3.1, on SSA form.
"""
from __future__ import annotations

from ..analysis.activity import Activity
from ..analysis.alias import is_pointer
from ..analysis.call_kinds import is_fill, is_shuffle, is_transfer
from ..analysis.gated import Gates
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, zero
from ..ir.clone import clone_instruction
from ..ir.model import Instruction, Module, Value, is_float
from ..ir.types import Type
from ..rules.emit import emit
from ..rules.scalar import lookup
from ..target import HOST
from .adjoint import REMAINDER, adjoint_flags
from .bounds import WinningTangents
from .gates import gate_of, gated
from .lanes import Lanes
from .memory import clear_memory
from .shadow import Shadows


class TangentWriter:
    """Writes tangents into one function; ``tangents`` starts with those of the parameters."""

    def __init__(self, module: Module, activity: Activity, shadows: Shadows, tangents: dict[Value, Value],
                 gates: Gates, internal: set[Instruction], lanes: Lanes):
        self.lanes = lanes
        self.target = HOST
        self.module = module
        self.activity = activity
        self.shadows = shadows
        self.tangents: dict[Value, Value] = dict(tangents)
        self.gates = gates
        #: Calls that are not inlined: their callees write the tangents.
        self.internal = internal
        #: Of atomic maxima and minima.
        self.winning: WinningTangents | None = None
        self.builder: Builder
        self.flags: tuple[str, ...] = ()
        self.rules = {
            "fadd": self._linear, "fsub": self._linear, "fmul": self._product, "fdiv": self._quotient,
            "frem": self._remainder, "fneg": self._negation, "fpext": self._conversion, "fptrunc": self._conversion,
            "freeze": self._copy, "select": self._select, "load": self._load, "call": self._call,
        }

    def write(self, instructions: list[Instruction]) -> None:
        merged: dict[Instruction, Instruction] = {}
        phis = [i for i in instructions if i.opcode == "phi" and is_float(i) and self.activity.active(i)]
        for phi in phis:
            merged[phi] = self.tangents[phi] = Inserter(phi.parent, 0).phi(self.lanes.type_of(phi.type), name=f"{phi.name}.dot")
        for instruction in instructions:
            self._write(instruction)
        for phi, tangent in merged.items():
            for value, block in phi.incoming():
                tangent.append_operand(self.of(value))
                tangent.blocks.append(block)
        if self.winning is not None:
            self.winning.write(instructions)

    def of(self, value: Value) -> Value:
        """The tangent of a value, zero where it is constant."""
        return self.tangents.get(value) or zero(self.lanes.type_of(value.type))

    def _write(self, instruction: Instruction) -> None:
        if instruction.is_terminator or instruction in self.internal:
            return
        self.builder = Inserter.after(instruction)
        self.flags = adjoint_flags(instruction)
        if instruction.opcode == "store":
            self._store(instruction)
        elif self.winning is not None and instruction in self.winning.bounds.changes:
            self.builder = Inserter.after(self.winning.bounds.changes[instruction])
            pointer, value = instruction.operands
            if self.lanes.type_of(value.type) != value.type:
                raise UnsupportedIR("cannot differentiate an atomic maximum or minimum in several directions at once",
                                    self.module.location_of(instruction))
            self.winning.keep(self.builder, instruction, self.shadows.of(pointer), self.of(value))
        elif instruction.opcode == "atomicrmw":
            self._atomic_sum(instruction)
        elif is_transfer(instruction) or is_fill(instruction):
            self._move(instruction)
        elif instruction.opcode != "phi" and is_float(instruction) and self.activity.active(instruction):
            self.tangents[instruction] = self.rules[instruction.opcode](instruction)

    # arithmetic -----------------------------------------------------------------------------------------------------

    def _binary(self, opcode: str, left: Value, right: Value) -> Value:
        return self.builder.binary(opcode, left, right, flags=self.flags)

    def _scaled(self, instruction: Instruction, tangent: Value, partial: Value, opcode: str = "fmul",
                is_gated: bool = False) -> Value:
        """tangent · partial; exactly zero for a zero tangent where the partial may be infinite or NaN, and for a zero
        partial where the tangent may be."""
        partial = self.lanes.spread(self.builder, partial)
        by_tangent = is_gated or instruction in self.gates.seeds
        if opcode == "fmul" and instruction in self.gates.partials:
            return gated(self.builder, self.module, "both" if by_tangent else "fmul", partial, tangent)
        if by_tangent:
            return gated(self.builder, self.module, opcode, tangent, partial)
        return self._binary(opcode, tangent, partial)

    def _total(self, type_: Type, terms: list[Value]) -> Value:
        total = terms[0] if terms else zero(self.lanes.type_of(type_))
        for term in terms[1:]:
            total = self._binary("fadd", total, term)
        return total

    def _linear(self, instruction: Instruction) -> Value:
        left, right = instruction.operands
        if not self.activity.active(right):
            return self.of(left)
        if not self.activity.active(left) and instruction.opcode == "fadd":
            return self.of(right)
        if not self.activity.active(left):
            return self.builder.fneg(self.of(right))
        return self._binary(instruction.opcode, self.of(left), self.of(right))

    def _product(self, instruction: Instruction) -> Value:
        left, right = instruction.operands
        terms = [self._scaled(instruction, self.of(mine), other)
                 for mine, other in ((left, right), (right, left)) if self.activity.active(mine)]
        return self._total(instruction.type, terms)

    def _quotient(self, instruction: Instruction) -> Value:
        """r = a / b: ṙ = (ȧ - r·ḃ) / b."""
        numerator, denominator = instruction.operands
        top = self.of(numerator)
        if self.activity.active(denominator):
            share = self._scaled(instruction, self.of(denominator), instruction)
            top = self._binary("fsub", top, share) if self.activity.active(numerator) else self.builder.fneg(share)
        if self.lanes.width == 1:
            return self._scaled(instruction, top, denominator, "fdiv")
        inverse = self._binary("fdiv", const(denominator.type, 1.0), denominator)      # one division for all lanes
        return self._scaled(instruction, top, inverse)

    def _remainder(self, instruction: Instruction) -> Value:
        left, right = instruction.operands
        if not self.activity.active(right):
            return self.of(left)
        partial = emit(REMAINDER, self.builder, [left, right], instruction, self.module, right.type, self.target.dialect)
        share = self._scaled(instruction, self.of(right), partial, is_gated=True)
        return self._total(instruction.type, [self.of(left), share] if self.activity.active(left) else [share])

    def _negation(self, instruction: Instruction) -> Value:
        return self.builder.fneg(self.of(instruction.operands[0]))

    def _conversion(self, instruction: Instruction) -> Value:
        return self.builder.cast(instruction.opcode, self.of(instruction.operands[0]),
                                 self.lanes.type_of(instruction.type))

    def _copy(self, instruction: Instruction) -> Value:
        return self.of(instruction.operands[0])

    def _select(self, instruction: Instruction) -> Value:
        condition, yes, no = instruction.operands
        return self.builder.select(condition, self.of(yes), self.of(no))

    def _call(self, call: Instruction) -> Value:
        if is_shuffle(call):
            mask, value, lane = call.arguments
            return self.builder.call(call.callee, call.function_type, [mask, self.of(value), lane])
        found = lookup(call.callee_name)
        assert found is not None, call.callee_name
        rule, _ = found
        terms = []
        for position, (argument, partial) in enumerate(zip(call.arguments, rule.partials, strict=False)):
            if partial is None or not self.activity.active(argument):
                continue
            slope = emit(partial, self.builder, call.arguments, call, self.module, call.type, self.target.dialect,
                         flags=self.flags)
            if kind := gate_of(rule, position):
                slope = self.lanes.spread(self.builder, slope)
                terms.append(gated(self.builder, self.module, kind, slope, self.of(argument)))
            else:
                terms.append(self._scaled(call, self.of(argument), slope, is_gated=rule.gated[position]))
        return self._total(call.type, terms)

    # memory ---------------------------------------------------------------------------------------------------------

    def _load(self, load: Instruction) -> Value:
        pointer, type_ = load.operands[0], self.lanes.type_of(load.type)
        if not self.activity.active_memory(pointer):
            return zero(type_)
        return self.builder.load(type_, self.shadows.of(pointer), f"{load.name}.dot", load.align)

    def _store(self, store: Instruction) -> None:
        value, pointer = store.operands
        if not is_pointer(value.type) and self.activity.active_memory(pointer):
            self.builder.store(self.of(value), self.shadows.of(pointer), store.align)

    def _atomic_sum(self, instruction: Instruction) -> None:
        pointer, value = instruction.operands
        if self.activity.active_memory(pointer) and self.activity.active(value):
            if self.lanes.type_of(value.type) != value.type:
                raise UnsupportedIR("cannot differentiate an atomic addition in several directions at once",
                                    self.module.location_of(instruction))
            copy = clone_instruction(instruction)
            copy.name = self.builder.function.fresh(f"{instruction.name}.dot")
            for operand in (self.shadows.of(pointer), self.of(value)):
                copy.append_operand(operand)
            self.builder.place(copy)

    def _move(self, call: Instruction) -> None:
        """A copy or a fill of memory; where it holds pointers, the shadows have been copied already."""
        destination, source = call.arguments[:2]
        types = self.activity.scalar_types(destination)
        if not self.activity.active_memory(destination) or any(map(is_pointer, types)):
            return
        size = self.lanes.size(self.builder, call.arguments[2])
        if is_transfer(call) and self.activity.has_shadow(source):
            arguments = [self.shadows.of(destination), self.shadows.of(source), size, *call.arguments[3:]]
            self.builder.call(call.callee, call.function_type, arguments)
            return
        clear_memory(self.builder, self.module, self.shadows.of(destination), size)
