"""The types of LLVM IR, as values that compare by content."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Type:
    """Base of all types; ``str`` gives LLVM's spelling."""


@dataclass(frozen=True)
class IntType(Type):
    bits: int

    def __str__(self) -> str:
        return f"i{self.bits}"


@dataclass(frozen=True)
class FloatType(Type):
    """A floating-point type: ``half``, ``bfloat``, ``float``, ``double``, ``x86_fp80``, ``fp128``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class PointerType(Type):
    address_space: int = 0

    def __str__(self) -> str:
        return "ptr" if not self.address_space else f"ptr addrspace({self.address_space})"


@dataclass(frozen=True)
class ArrayType(Type):
    count: int
    element: Type

    def __str__(self) -> str:
        return f"[{self.count} x {self.element}]"


@dataclass(frozen=True)
class VectorType(Type):
    count: int
    element: Type

    def __str__(self) -> str:
        return f"<{self.count} x {self.element}>"


@dataclass(frozen=True)
class StructType(Type):
    elements: tuple[Type, ...]
    packed: bool = False

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.elements))
        text = f"{{ {inner} }}" if inner else "{}"
        return f"<{text}>" if self.packed else text


@dataclass(frozen=True)
class FunctionType(Type):
    result: Type
    parameters: tuple[Type, ...]
    variadic: bool = False

    def __str__(self) -> str:
        inner = ", ".join([*map(str, self.parameters), *(["..."] if self.variadic else [])])
        return f"{self.result} ({inner})"


@dataclass(frozen=True)
class NamedType(Type):
    """``void``, ``label``, ``metadata``, ``token`` and opaque structure names."""

    name: str

    def __str__(self) -> str:
        return self.name


VOID, LABEL, METADATA, TOKEN = map(NamedType, ("void", "label", "metadata", "token"))
I1, I8, I16, I32, I64 = map(IntType, (1, 8, 16, 32, 64))
FLOAT, DOUBLE = map(FloatType, ("float", "double"))
PTR = PointerType()

_FLOAT_BYTES = {"half": 2, "bfloat": 2, "float": 4, "double": 8, "x86_fp80": 16, "fp128": 16}


def size_of(ty: Type) -> int:
    """Bytes that a value of ``ty`` takes in memory on a 64-bit target, tail padding included."""
    match ty:
        case IntType(bits):
            return max(1, 1 << max(0, (bits + 7) // 8 - 1).bit_length()) if bits <= 64 else 16 * ((bits + 127) // 128)
        case FloatType(name):
            return _FLOAT_BYTES[name]
        case PointerType():
            return 8
        case ArrayType(count, element):
            return count * size_of(element)
        case VectorType(count, element):
            return count * size_of(element)
        case StructType(elements, packed):
            end = 0
            for element in elements:
                end = end if packed else -(-end // align_of(element)) * align_of(element)
                end += size_of(element)
            return end if packed else -(-end // align_of(ty)) * align_of(ty)
    raise TypeError(f"the type {ty} has no size")


def align_of(ty: Type) -> int:
    """Natural alignment of ``ty`` in bytes on a 64-bit target."""
    match ty:
        case ArrayType(_, element):
            return align_of(element)
        case StructType(elements, packed):
            return 1 if packed or not elements else max(map(align_of, elements))
        case VectorType():
            return size_of(ty)
    return min(size_of(ty), 16)


def offset_of(ty: StructType, index: int) -> int:
    """Byte offset of element ``index`` of a structure."""
    end = 0
    for position, element in enumerate(ty.elements):
        end = end if ty.packed else -(-end // align_of(element)) * align_of(element)
        if position == index:
            return end
        end += size_of(element)
    raise IndexError(index)


class Field(NamedTuple):
    """A scalar in a structure or array: the indices that lead to it, its type and its byte."""

    path: tuple[int, ...]
    type: Type
    offset: int


def fields(ty: Type) -> Iterator[Field]:
    """The scalars of a type, in order; a scalar or a vector is its own."""
    if isinstance(ty, StructType):
        elements = [(element, offset_of(ty, index)) for index, element in enumerate(ty.elements)]
    elif isinstance(ty, ArrayType):
        elements = [(ty.element, index * size_of(ty.element)) for index in range(ty.count)]
    else:
        yield Field((), ty, 0)
        return
    for index, (element, start) in enumerate(elements):
        for path, found, offset in fields(element):
            yield Field((index, *path), found, start + offset)


def element_at(ty: Type, indices: tuple[int, ...]) -> Type:
    """The type of the element of an aggregate that ``indices`` lead to, as ``extractvalue`` counts."""
    for index in indices:
        if isinstance(ty, StructType) and index < len(ty.elements):
            ty = ty.elements[index]
        elif isinstance(ty, ArrayType) and index < ty.count:
            ty = ty.element
        else:
            raise IndexError(f"{ty} has no element {index}")
    return ty
