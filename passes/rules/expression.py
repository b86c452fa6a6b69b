"""The language in which the derivative table writes partial derivatives: small immutable formulas.

A formula reads the operands ``x0`` … ``x3`` of a call and its result ``r``; Python's operators build it:
``1 / (1 + x0 * x0)``, ``where(x0 < 0, -1, 1)``, ``call("cos", x0)``.  One can be asked how it reads (``str``), which
primal values it reads (``needs``), whether it ``may_be_non_finite`` and for its value; ``emit.emit`` writes it as IR.
"""
from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

#: Opcode -> sign, binding strength, meaning.
OPERATORS: dict[str, tuple[str, int, Callable[[Any, Any], Any]]] = {
    "fadd": ("+", 1, operator.add),
    "fsub": ("-", 1, operator.sub),
    "fmul": ("*", 2, operator.mul),
    "fdiv": ("/", 2, operator.truediv),
}
#: Predicate of fcmp -> sign, meaning; the ordered ones are false and the unordered ones true where an operand is NaN.
COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "olt": ("<", operator.lt),
    "ole": ("<=", operator.le),
    "ogt": (">", operator.gt),
    "oge": (">=", operator.ge),
    "oeq": ("==", operator.eq),
    "une": ("!=", operator.ne),
}


@dataclass(frozen=True)
class Expr:
    """A formula of the operands and the result of one call."""

    @property
    def children(self) -> tuple[Expr, ...]:
        return ()

    def __add__(self, other: Formula) -> Expr:
        return Arithmetic("fadd", self, formula(other))

    def __radd__(self, other: Formula) -> Expr:
        return Arithmetic("fadd", formula(other), self)

    def __sub__(self, other: Formula) -> Expr:
        return Arithmetic("fsub", self, formula(other))

    def __rsub__(self, other: Formula) -> Expr:
        return Arithmetic("fsub", formula(other), self)

    def __mul__(self, other: Formula) -> Expr:
        return Arithmetic("fmul", self, formula(other))

    def __rmul__(self, other: Formula) -> Expr:
        return Arithmetic("fmul", formula(other), self)

    def __truediv__(self, other: Formula) -> Expr:
        return Arithmetic("fdiv", self, formula(other))

    def __rtruediv__(self, other: Formula) -> Expr:
        return Arithmetic("fdiv", formula(other), self)

    def __neg__(self) -> Expr:
        return Negation(self)

    def __lt__(self, other: Formula) -> Comparison:
        return Comparison("olt", self, formula(other))

    def __le__(self, other: Formula) -> Comparison:
        return Comparison("ole", self, formula(other))

    def __gt__(self, other: Formula) -> Comparison:
        return Comparison("ogt", self, formula(other))

    def __ge__(self, other: Formula) -> Comparison:
        return Comparison("oge", self, formula(other))

    # == and != must go on comparing formulas themselves, so that they can be keys of a dictionary.
    def equals(self, other: Formula) -> Comparison:
        return Comparison("oeq", self, formula(other))

    def is_nan(self) -> Comparison:
        return Comparison("une", self, self)


Formula: TypeAlias = Expr | float | int
Node = TypeVar("Node")


def _hashed_once(kind: type[Node]) -> type[Node]:
    """A class whose objects remember their hash: formulas share parts, and as trees they may be exponentially larger."""
    computed = kind.__hash__

    def remembered(self: Node) -> int:
        if "_hash" not in vars(self):
            vars(self)["_hash"] = computed(self)
        return vars(self)["_hash"]

    kind.__hash__ = remembered      # type: ignore[assignment, method-assign]
    return kind


@dataclass(frozen=True)
class Operand(Expr):
    """The operand of that position, floating-point unless an integer node holds it."""

    index: int

    def __str__(self) -> str:
        return f"x{self.index}"


@dataclass(frozen=True)
class Result(Expr):
    """What the call returned."""

    def __str__(self) -> str:
        return "r"


@dataclass(frozen=True)
class Number(Expr):
    value: float

    def __str__(self) -> str:
        return f"{self.value:g}"


@_hashed_once
@dataclass(frozen=True)
class Arithmetic(Expr):
    opcode: str
    left: Expr
    right: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.left, self.right

    def __str__(self) -> str:
        sign, strength, _ = OPERATORS[self.opcode]
        return f"{_bracketed(self.left, strength)} {sign} {_bracketed(self.right, strength + 1)}"


@_hashed_once
@dataclass(frozen=True)
class Negation(Expr):
    value: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.value,)

    def __str__(self) -> str:
        return f"-{_bracketed(self.value, 3)}"


@_hashed_once
@dataclass(frozen=True)
class Comparison(Expr):
    """A truth value: only ``where`` takes one."""

    predicate: str
    left: Expr
    right: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.left, self.right

    def __str__(self) -> str:
        return f"{self.left} {COMPARISONS[self.predicate][0]} {self.right}"


@_hashed_once
@dataclass(frozen=True)
class Where(Expr):
    condition: Comparison
    yes: Expr
    no: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.condition, self.yes, self.no

    def __str__(self) -> str:
        return f"where({self.condition}, {self.yes}, {self.no})"


@_hashed_once
@dataclass(frozen=True)
class Call(Expr):
    """A function of the derivative table, by the name of its row; its type is that of the whole formula."""

    function: str
    arguments: tuple[Expr, ...]

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.arguments

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Predecessor(Expr):
    """An integer operand minus one, as an integer."""

    operand: Operand

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"{self.operand} - 1"


@dataclass(frozen=True)
class Successor(Expr):
    """An integer operand plus one, as an integer."""

    operand: Operand

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"{self.operand} + 1"


@dataclass(frozen=True)
class Unavailable(Expr):
    """A partial for which there is no formula: an operand that carries a derivative is refused, as ``reason`` says."""

    reason: str

    def __str__(self) -> str:
        return f"refused ({self.reason})"


@dataclass(frozen=True)
class ToFloat(Expr):
    """A signed integer operand as a floating-point number."""

    operand: Operand

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"float({self.operand})"


def _bracketed(expr: Expr, strength: int) -> str:
    weaker = isinstance(expr, Arithmetic) and OPERATORS[expr.opcode][1] < strength
    return f"({expr})" if weaker else str(expr)


def formula(value: Formula) -> Expr:
    """``value`` itself, or the constant that a number denotes."""
    return value if isinstance(value, Expr) else Number(float(value))


def where(condition: Comparison, yes: Formula, no: Formula) -> Expr:
    return Where(condition, formula(yes), formula(no))


def call(function: str, *arguments: Formula) -> Expr:
    return Call(function, tuple(map(formula, arguments)))


class Needs(NamedTuple):
    """The primal values that a formula reads."""

    operands: frozenset[int]
    result: bool


@functools.cache
def needs(expr: Expr) -> Needs:
    """What must be at hand when ``expr`` is computed: this is what the cache plan pays for."""
    match expr:
        case Operand(index):
            return Needs(frozenset({index}), False)
        case Result():
            return Needs(frozenset(), True)
    parts = [needs(child) for child in expr.children]
    return Needs(frozenset().union(*(part.operands for part in parts)), any(part.result for part in parts))


def may_be_non_finite(expr: Expr) -> bool:
    """Whether ``expr`` can be infinite or NaN for some operands, infinities and NaN among them: unless it chooses among
    finite constants, it can."""
    match expr:
        case Number(value):
            return not math.isfinite(value)
        case Negation(value):
            return may_be_non_finite(value)
        case Where(_, yes, no):
            return may_be_non_finite(yes) or may_be_non_finite(no)
    return True


def evaluate(expr: Expr, operands: tuple[Any, ...], result: Any,
             functions: Mapping[str, Callable[..., Any]] = vars(math)) -> Any:
    """The value of ``expr`` in the arithmetic of ``operands`` and ``functions``; only the arm taken is computed."""
    def value(node: Expr) -> Any:
        match node:
            case Operand(index):
                return operands[index]
            case Result():
                return result
            case Number(number):
                return number
            case Arithmetic(opcode, left, right):
                return OPERATORS[opcode][2](value(left), value(right))
            case Negation(negated):
                return -value(negated)
            case Comparison(predicate, left, right):
                return COMPARISONS[predicate][1](value(left), value(right))
            case Where(condition, yes, no):
                return value(yes) if value(condition) else value(no)
            case Call(function, arguments):
                return functions[function](*map(value, arguments))
            case Predecessor(operand):
                return value(operand) - 1
            case Successor(operand):
                return value(operand) + 1
            case ToFloat(operand):
                return value(operand) * 1.0
        raise TypeError(f"no value for {node!r}")
    return value(expr)


x0, x1, x2, x3 = map(Operand, range(4))
r = Result()
