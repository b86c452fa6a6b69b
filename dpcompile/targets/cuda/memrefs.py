"""Kernels that MLIR has lowered, by the convention of Numba.

Requires: the text of a module with one kernel, which takes arrays as memrefs: two pointers, an offset, extents, and strides
          that count elements.
Ensures:  an entry that takes the leaves of each argument as Numba passes them and returns a status, which is that of the first
          exception.  Pointers are of one address space, local variables stand where optimisers look for them, shuffles go by
          the names that ``warps`` gives them.  What could not be translated is refused.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

import llvmlite.binding as llvm
from numba.core import types

from dpcompile.passes.rules.warps import CONVERGENT, SHUFFLE

from ...errors import BackendError, UnsupportedError

ENTRY = "dp.entry.of.memrefs"
_STATUS = "%dp.status"
_KERNEL = re.compile(r'^define ptx_kernel void @("[^"]+"|[\w.$-]+)\((.*)\)', re.MULTILINE)
_SPACE = r"ptr addrspace\(\d+\)"
#: One among all lanes of a warp, as the last number says; others are not translated, and refused.
_SHUFFLE = re.compile(r"@llvm\.nvvm\.shfl\.sync\.(up(?=.*, i32 0\))|(?:down|bfly|idx)(?=.*, i32 31\)))\.(f32|i32)"
                      r"\((.*), i32 \d+\)")
_DECLARED_SHUFFLE = re.compile(r"^declare .*@llvm\.nvvm\.shfl\.sync\.(?:up|down|bfly|idx)\.[fi]32\(.*\n", re.MULTILINE)
#: Modes of shuffles that have another name in PTX.
_MODES = {"bfly": "xor"}
_SHUFFLED = {"f32": "float", "i32": "i32"}
#: What is known of this family: its other members would end the process in LLVM's code generator.
_KNOWN = re.compile(r"llvm\.nvvm\.(read\.ptx\.sreg\.|barrier\.cta\.sync\.aligned\.all$|bar\.warp\.sync$|vote\.|match\.any\.|"
                    r"activemask$)")
_DEFINITION = re.compile(r"^define .*?^}", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\s*(%\S+) = alloca .*, i64 \d+,")
_FLOATS = {32: "float", 64: "double"}


def with_entry(text: str, arguments: tuple[types.Type, ...], name: str, failures: str) -> str:
    """The module of the kernel of that name with ``ENTRY``; exceptions are numbers in the global variable ``failures``."""
    text = with_shuffles_by_name(without_spaces(text))
    for intrinsic in re.findall(r"^declare .*@(llvm\.nvvm\.[\w.]+)\(", text, re.MULTILINE):
        if not _KNOWN.match(intrinsic):
            raise UnsupportedError(f"cannot differentiate {name}: {intrinsic}, which is made of it, is not known.")
    kernel = _KERNEL.search(text)
    if kernel is None:
        raise UnsupportedError(f"cannot differentiate {name}: it is no kernel.")
    parameters = ", ".join(filter(None, [kernel[2], f"ptr {_STATUS}"]))
    text = _KERNEL.sub(lambda _: f"define internal void @{kernel[1]}({parameters})", text)
    text = with_variables_in_front(_with_status(text, failures, name), name)
    given = _Given()
    handed = [part for index, ty in enumerate(arguments) for part in given.handed_on(ty, f"arg.{index}")]
    _check_convention(text, kernel[1].strip('"'), [type_ for type_, _ in handed], name)
    return text + given.entry(kernel[1], handed)


def _check_convention(text: str, kernel: str, handed: list[str], name: str) -> None:
    """Whether the kernel takes what it is handed: another release may pass arguments otherwise."""
    try:
        module = llvm.parse_assembly(text)
    except RuntimeError as error:
        raise UnsupportedError(f"cannot differentiate {name}: LLVM {llvm.llvm_version_info[0]} cannot read what was made of "
                               f"it.\n  {error}") from error
    taken = [str(argument.type) for argument in module.get_function(kernel).arguments][:-1]
    if taken != handed:
        raise BackendError(f"the arguments of {name} are passed in a way that is not known: {', '.join(taken)}.")


def without_spaces(text: str) -> str:
    """Variables stay in their address spaces, all pointers are of none. What is said of overflow without a sign holds where
    strides are positive, and is left out."""
    return "\n".join(line if line.startswith("@") else _without_spaces(line) for line in text.splitlines())


def _without_spaces(line: str) -> str:
    line = re.sub(rf"({_SPACE}) (@[^\s,)]++)(?! to ptr)", r"ptr addrspacecast (\1 \2 to ptr)", line)
    line = re.sub(rf"addrspacecast (?:ptr|{_SPACE}) (%\S+) to (?:ptr|{_SPACE})", r"bitcast ptr \1 to ptr", line)
    return re.sub(r"\bnuw ", "", re.sub(rf"(?<!\(){_SPACE}", "ptr", line))


def with_shuffles_by_name(text: str) -> str:
    """Each shuffle among all lanes of a warp by the name that passes know."""
    found = {(_MODES.get(mode, mode), kind) for mode, kind, _ in _SHUFFLE.findall(text)}
    if not found:
        return text
    text = _SHUFFLE.sub(lambda match: f"@{SHUFFLE}{_MODES.get(match[1], match[1])}.{match[2]}({match[3]})", text)
    declared = [f"declare {_SHUFFLED[kind]} @{SHUFFLE}{mode}.{kind}(i32, {_SHUFFLED[kind]}, i32) {CONVERGENT}"
                for mode, kind in sorted(found)]
    return "\n".join([_DECLARED_SHUFFLE.sub("", text), *declared])


def _with_status(text: str, failures: str, name: str) -> str:
    """The first exception of a thread goes where its status lies, in the place of a variable that all threads share."""
    failure = re.compile(rf"^( *)(%\S+) = cmpxchg ptr @{failures}, i32 0, i32 (\S+) .*?align 4(.*)$", re.MULTILINE)
    text = re.sub(rf"^@{failures} = .*$", "", failure.sub(_kept_failure, text), flags=re.MULTILINE)
    raising = [function for function in _DEFINITION.findall(text) if _STATUS in function]
    if failures in text or any(f"ptr {_STATUS})" not in function.partition("\n")[0] for function in raising):
        raise UnsupportedError(f"cannot differentiate {name}: a device function that is not inlined may raise an exception.")
    return text


def _kept_failure(match: re.Match) -> str:
    indent, old, code, rest = match.groups()
    name = f"%dp.failure.{old[1:]}"
    return "\n".join((f"{indent}{old} = load i32, ptr {_STATUS}{rest}",
                      f"{indent}{name}.first = icmp eq i32 {old}, 0{rest}",
                      f"{indent}{name}.code = select i1 {name}.first, i32 {code}, i32 {old}{rest}",
                      f"{indent}store i32 {name}.code, ptr {_STATUS}{rest}"))


def with_variables_in_front(text: str, name: str) -> str:
    """Local variables of fixed size stand in the first block of their function."""
    return _DEFINITION.sub(lambda match: _in_front(match[0], name), text)


def _in_front(function: str, name: str) -> str:
    head, *lines = function.split("\n")
    first = next((place for place, line in enumerate(lines) if re.match(r"[\w.]+:", line)), len(lines))
    moved = [line for line in lines[first:] if _VARIABLE.match(line)]
    variables = [_VARIABLE.match(line)[1] for line in moved]
    if not all(_is_used_in_place(variable, lines) for variable in variables):
        raise UnsupportedError(f"cannot differentiate {name}: it makes a local array in a loop or a branch and hands it on.\n"
                               f"  Make the array at the beginning of the kernel.")
    function = "\n".join([head, *moved, *(line for line in lines if line not in moved)])
    for variable in variables:
        function = re.sub(rf"{variable}(?![\w.])", f"%dp.local.{variable[1:]}", function)
    return function


def _is_used_in_place(pointer: str, lines: list[str]) -> bool:
    """Whether it is only loaded from and stored to: then all iterations of a loop may use the same memory."""
    own = rf"{pointer}(?![\w.])"
    for line in lines:
        step = re.match(rf"\s*(%\S+) = (?:getelementptr [^@%]*|bitcast )ptr {own}", line)
        if step:
            if not _is_used_in_place(step[1], lines):
                return False
        elif re.search(own, line) and not re.search(
                rf"^\s*{pointer} = |= load [^%]*, ptr {own}|store (?!ptr {own}).*, ptr {own}", line):
            return False
    return True


class _Given:
    """The leaves of arguments by Numba's convention, and the code that makes of them what a kernel of MLIR takes."""

    def __init__(self) -> None:
        self.parameters: list[str] = []
        self.code: list[str] = []

    def entry(self, kernel: str, handed: list[tuple[str, str]]) -> str:
        """The function that takes the leaves and hands them on."""
        arguments = [*(f"{type_} {value}" for type_, value in handed), f"ptr {_STATUS}"]
        lines = [f"{_STATUS} = alloca i32", f"store i32 0, ptr {_STATUS}", *self.code,
                 f"call void @{kernel}({', '.join(arguments)})", f"%status = load i32, ptr {_STATUS}", "ret i32 %status"]
        return "\n".join(["", f"define i32 @{ENTRY}({', '.join(['ptr %result', *self.parameters])}) {{", *lines, "}", ""])

    def handed_on(self, ty: types.Type, name: str) -> Iterator[tuple[str, str]]:
        """LLVM's type and the value of each of the kernel's parameters for an argument of this type."""
        match ty:
            case types.BaseTuple():
                for index, item in enumerate(ty):
                    yield from self.handed_on(item, f"{name}.{index}")
            case types.Array():
                yield from self._memref(ty, name)
            case types.Complex():
                yield self._complex(_FLOATS[ty.bitwidth // 2], name)
            case types.Boolean():
                yield "i1", self._value(f"{name}.true", f"icmp ne i8 {self._leaf('i8', name)}, 0")
            case types.Float() | types.Integer():
                type_ = _FLOATS[ty.bitwidth] if isinstance(ty, types.Float) else f"i{ty.bitwidth}"
                yield type_, self._leaf(type_, name)

    def _leaf(self, type_: str, name: str) -> str:
        self.parameters.append(f"{type_} %{name}")
        return f"%{name}"

    def _value(self, name: str, code: str) -> str:
        self.code.append(f"%{name} = {code}")
        return f"%{name}"

    def _complex(self, part: str, name: str) -> tuple[str, str]:
        type_ = f"{{ {part}, {part} }}"
        real, imaginary = self._leaf(part, f"{name}.real"), self._leaf(part, f"{name}.imag")
        half = self._value(f"{name}.half", f"insertvalue {type_} poison, {part} {real}, 0")
        return type_, self._value(f"{name}.whole", f"insertvalue {type_} {half}, {part} {imaginary}, 1")

    def _memref(self, ty: types.Array, name: str) -> Iterator[tuple[str, str]]:
        for type_, part in (("ptr", "meminfo"), ("ptr", "parent"), ("i64", "nitems"), ("i64", "itemsize")):
            self._leaf(type_, f"{name}.{part}")
        data = self._leaf("ptr", f"{name}.data")
        shape = [self._leaf("i64", f"{name}.shape.{axis}") for axis in range(ty.ndim)]
        strides = [self._leaf("i64", f"{name}.strides.{axis}") for axis in range(ty.ndim)]
        yield from (("ptr", data), ("ptr", data), ("i64", "0"))
        yield from (("i64", number) for number in (*shape, *self._steps(ty, name, shape, strides)))

    def _steps(self, ty: types.Array, name: str, shape: list[str], strides: list[str]) -> list[str]:
        """Strides in elements: those of contiguous arrays follow from the extents."""
        if ty.layout == "A":
            size = 1 if isinstance(ty.dtype, types.Boolean) else ty.dtype.bitwidth // 8
            return [self._value(f"{name}.step.{axis}", f"sdiv exact i64 {stride}, {size}")
                    for axis, stride in enumerate(strides)]
        steps = ["1"]
        for extent in shape[:-1] if ty.layout == "F" else shape[:0:-1]:
            steps.append(self._value(f"{name}.step.{len(steps)}", f"mul nsw i64 {steps[-1]}, {extent}"))
        return steps if ty.layout == "F" else steps[::-1]
