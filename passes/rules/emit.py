"""Writes formulas of the derivative table as instructions.

Requires: operands of the types that the call had; the block of the builder is open.
Ensures:  a value of the type asked for; each function called is declared in the module as free of side effects, or
          defined there where no mathematical library has it.  Equal parts of one formula are computed once.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.builder import Builder, const
from ..ir.model import Block, Function, Module, Value
from ..ir.types import DOUBLE, FloatType, FunctionType, IntType, Type
from .expression import (
    Arithmetic,
    Call,
    Comparison,
    Expr,
    Negation,
    Number,
    Operand,
    Predecessor,
    Result,
    Successor,
    ToFloat,
    Where,
)
from .library import ASYMPTOTIC_FROM, LIBRARY, LibraryFunction
from .row import Dialect
from .scalar import row_of
from .special import is_special

#: What an optimiser may know of every function of the table, errno aside.
_PURE = "nounwind willreturn memory(none)"

#: Fast-math flags that make infinities and NaN poison.
FINITE_ONLY = frozenset({"nnan", "ninf", "fast"})


def emit(expr: Expr, builder: Builder, operands: list[Value], result: Value | None, module: Module, type_: Type,
         dialect: Dialect = "host", flags: tuple[str, ...] = ()) -> Value:
    """The value of ``expr`` for a call with these operands and this result; ``flags`` go on its arithmetic."""
    if not FINITE_ONLY.isdisjoint(flags):
        raise ValueError(f"formulas compute with infinities, which the flags {' '.join(flags)} forbid")
    if not (isinstance(type_, FloatType) and type_.name in ("double", "float")):
        raise TypeError(f"derivatives are tabulated for double and float, not for {type_}")
    return _Emission(builder, operands, result, module, type_, dialect, flags).value(expr)


@dataclass
class _Emission:
    builder: Builder
    operands: list[Value]
    result: Value | None
    module: Module
    type: FloatType
    dialect: Dialect
    flags: tuple[str, ...]
    known: dict[Expr, Value] = field(default_factory=dict)

    def value(self, expr: Expr) -> Value:
        if expr not in self.known:
            self.known[expr] = self._write(expr)
        return self.known[expr]

    def _write(self, expr: Expr) -> Value:
        builder = self.builder
        match expr:
            case Operand(index):
                return self.operands[index]
            case Result():
                assert self.result is not None, "the formula reads the result of the call"
                return self.result
            case Number(number):
                return const(self.type, number)
            case Arithmetic(opcode, left, right):
                return builder.binary(opcode, self.value(left), self.value(right), flags=self.flags)
            case Negation(value):
                return builder.fneg(self.value(value), flags=self.flags)
            case Comparison(predicate, left, right):
                return builder.compare(predicate, self.value(left), self.value(right))
            case Where(condition, yes, no):
                return builder.select(self.value(condition), self.value(yes), self.value(no))
            case Call(function, arguments):
                return self._call(function, [self.value(argument) for argument in arguments])
            case Predecessor(operand) | Successor(operand):
                integer = self.value(operand)
                return builder.binary("sub" if isinstance(expr, Predecessor) else "add", integer, const(integer.type, 1))
            case ToFloat(operand):
                return builder.cast("sitofp", self.value(operand), self.type)
        raise TypeError(f"no instruction for {expr!r}")

    def _call(self, name: str, arguments: list[Value]) -> Value:
        if is_special(name) and self.type != DOUBLE:
            return self._through_double(name, arguments)
        function_type = FunctionType(self.type, tuple(argument.type for argument in arguments))
        if name in LIBRARY:
            callee = define_library_function(name, self.module, self.type, self.dialect)
        else:
            callee = self._declare(name, function_type)
        return self.builder.call(callee, function_type, arguments, name=name)

    def _through_double(self, name: str, arguments: list[Value]) -> Value:
        """A function that is there in double precision only."""
        wide = [self.builder.cast("fpext", a, DOUBLE) if a.type == self.type else a for a in arguments]
        inner = _Emission(self.builder, [], None, self.module, DOUBLE, self.dialect, self.flags)
        return self.builder.cast("fptrunc", inner._call(name, wide), self.type)

    def _declare(self, name: str, function_type: FunctionType) -> Function:
        integers = [str(ty) for ty in function_type.parameters if isinstance(ty, IntType)]
        symbol = row_of(name).symbol("double" if self.type == DOUBLE else "float", self.dialect, *integers[:1])
        known = symbol in self.module.functions
        callee = self.module.declare(symbol, function_type)
        if not known and not symbol.startswith("llvm."):
            callee.attributes = _PURE
        return callee


def define_library_function(name: str, module: Module, type_: FloatType, dialect: Dialect = "host") -> Function:
    """The function ``dp.NAME.f64`` or ``dp.NAME.f32``, with its body, in ``module``."""
    symbol = f"dp.{name}.{'f64' if type_ == DOUBLE else 'f32'}"
    function = module.declare(symbol, FunctionType(type_, (type_,)))
    if function.is_declaration:
        function.linkage, function.attributes = "internal", _PURE
        function.arguments[0].name = "x"
        if type_ == DOUBLE:
            _Body(LIBRARY[name], function, module, dialect).write()
        else:
            _write_through_double(name, function, module, dialect)
    return function


def _write_through_double(name: str, function: Function, module: Module, dialect: Dialect) -> None:
    """The body in single precision: rounds what the double function gives."""
    double = define_library_function(name, module, DOUBLE, dialect)
    builder = Builder(function.add_block("entry"))
    wide = builder.cast("fpext", function.arguments[0], DOUBLE)
    value = builder.call(double, double.function_type, [wide])
    builder.ret(builder.cast("fptrunc", value, function.function_type.result))


@dataclass
class _Body:
    """The control flow around the formulas of a library function."""

    description: LibraryFunction
    function: Function
    module: Module
    dialect: Dialect

    def write(self) -> None:
        names = ("entry", "reflect", "start", "recur", "step", "finish")
        entry, reflect, start, recur, step, finish = map(self.function.add_block, names)
        x, one, zero = self.function.arguments[0], const(DOUBLE, 1), const(DOUBLE, 0)
        builder = Builder(entry)
        builder.cond_br(builder.compare("ole", x, zero), reflect, start)

        reflection, mirrored = self._reflect(reflect, start, x)
        builder = Builder(start)
        first, sign, offset = (
            builder.phi(DOUBLE, [(plain, entry), (reflected, reflect)]) for plain, reflected in
            ((x, mirrored), (one, const(DOUBLE, self.description.sign)), (zero, reflection)))
        builder.br(recur)

        argument, total = self._recur(start, recur, step, finish, first)
        builder = Builder(finish)
        value = builder.binary("fadd", total, self._emit(self.description.asymptotic, builder, argument))
        builder.ret(builder.binary("fadd", builder.binary("fmul", sign, value), offset))

    def _reflect(self, reflect: Block, start: Block, x: Value) -> tuple[Value, Value]:
        builder = Builder(reflect)
        reflection = self._emit(self.description.reflection, builder, x)
        mirrored = builder.binary("fsub", const(DOUBLE, 1), x)
        builder.br(start)
        return reflection, mirrored

    def _recur(self, start: Block, recur: Block, step: Block, finish: Block, first: Value) -> tuple[Value, Value]:
        """The loop: the argument it ends with and the sum of the steps."""
        builder = Builder(recur)
        argument = builder.phi(DOUBLE, [(first, start)], name="argument")
        total = builder.phi(DOUBLE, [(const(DOUBLE, 0), start)], name="total")
        builder.cond_br(builder.compare("olt", argument, const(DOUBLE, ASYMPTOTIC_FROM)), step, finish)
        builder = Builder(step)
        next_total = builder.binary("fadd", total, self._emit(self.description.step, builder, argument))
        next_argument = builder.binary("fadd", argument, const(DOUBLE, 1))
        builder.br(recur)
        for phi, value in ((argument, next_argument), (total, next_total)):
            phi.append_operand(value)
            phi.blocks.append(step)
        return argument, total

    def _emit(self, expr: Expr, builder: Builder, x: Value) -> Value:
        return emit(expr, builder, [x], None, self.module, DOUBLE, self.dialect)
