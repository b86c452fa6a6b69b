"""From a kernel and its argument types to prepared LLVM IR, whichever compiler lowers it.

Requires: a front end that gives unoptimised LLVM IR, mathematics still by the names of libdevice.
Ensures:  a ``Primal`` as ``dpcompile.frontend.compile`` gives it, whose entry takes the kernel's arguments and returns a
          status; everything it calls inlined, barriers convergent; what a block shares is variables of address space 0 whose
          names begin with ``SHARED``, as the passes want them; nothing vectorised.
"""
from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import llvmlite.binding as llvm
from numba.core import types
from numba.core.typing.templates import Signature, signature

from dpcompile.passes.ir.vocabulary import DYNAMIC, SHARED, VIEW
from dpcompile.passes.transform.shared_shadows import DYNAMIC_SIZE

from ...errors import BackendError, NotAFunctionError, UnsupportedError
from ...frontend import telling_calls
from ...frontend.compile import HINDRANCES, NO_HINDRANCE, Primal, optimised, reducible, run_passes
from ...frontend.ties import ties_of_minimum_to_second
from . import atomics, externals
from .warps import exchanges_by_name

TRIPLE = "nvptx64-nvidia-cuda"
#: The processor that kernels are lowered for where nobody says which one they will run on.
DEFAULT_CC = (9, 0)
ENTRY = "kernel"
#: To which dynamic shared memory is aligned, and its shadow.
DYNAMIC_ALIGNMENT = 16
#: Modules beside this one, and what they offer, in the order in which they are asked.
_FRONTENDS = (("numba_cuda", "NumbaCuda"), ("numba_cuda_mlir", "NumbaCudaMlir"))
_MISSING = "No compiler of kernels is installed: pip install 'dpcompile[cuda]'."
_SHARED_VARIABLE = re.compile(r'^@("[^"]+"|[\w.$-]+) = (?:\w+ )*?addrspace\(3\) (?:\w+ )*?global (.*)$', re.MULTILINE)
#: What is written as assembly, by the intrinsics that say the same.
_REGISTERS = {"mov.u32 $0, %dynamic_smem_size;": DYNAMIC_SIZE, "activemask.b32 $0;": "llvm.nvvm.activemask",
              "mov.u32 $0, %lanemask_lt;": "llvm.nvvm.read.ptx.sreg.lanemask.lt"}
_ASSEMBLY = re.compile(r'call i32 asm (?:sideeffect )?"(' + "|".join(map(re.escape, _REGISTERS)) + r')", "=r"\(\)')


@dataclass(frozen=True, eq=False)
class Lowered:
    """Modules of a kernel, or a device function, and all that it calls; ``entry`` returns a status and takes a pointer to its
    result in front of the arguments."""

    name: str
    arguments: tuple[types.Type, ...]
    entry: str
    modules: tuple[str, ...]
    #: What a device function returns; a kernel nothing.
    result: types.Type = types.none
    #: Functions among them that have a derivative of their own, which the modules do not say.
    ruled: tuple[str, ...] = ()


class Frontend(Protocol):
    """A compiler of kernels."""

    def jit(self, function: Any, options: dict[str, Any]) -> Any:
        """The kernel that the compiler's own decorator makes."""

    def lowers(self, kernel: Any) -> bool:
        """Whether this is a kernel of this compiler."""

    def typeof(self, value: Any) -> types.Type:
        """The type by which a kernel takes this argument."""

    def lower(self, kernel: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        """Types and lowers a kernel."""

    def lower_function(self, function: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        """Types and lowers a device function."""

    def external(self, name: str, result: types.Type, arguments: tuple[types.Type, ...], ptx: str) -> Callable:
        """What kernels call for the device function of that name, by the compiler's own convention; their launches link
        ``ptx``, which defines it."""

    def written_anew(self, name: str, parameters: Sequence[str], implementation: Callable[..., Callable]) -> Any:
        """A device function of these parameters; ``implementation`` gives for their types the function that it calls, whose
        parameters have the names of ``argument_names``."""


def argument_names(count: int) -> list[str]:
    """Names of so many parameters of generated functions."""
    return [f"argument_{index}" for index in range(count)]


@functools.cache
def _installed(module: str, name: str) -> Frontend | None:
    try:
        return getattr(importlib.import_module(f".{module}", __package__), name)()
    except ImportError:
        return None


def frontends() -> Iterator[Frontend]:
    """Those that are installed; each is imported when the ones before it were not meant."""
    for module, name in _FRONTENDS:
        if (found := _installed(module, name)) is not None:
            yield found


def default_frontend() -> Frontend:
    """The first of those that are installed."""
    for frontend in frontends():
        return frontend
    raise BackendError(_MISSING)


def frontend_of(kernel: Any) -> Frontend:
    for frontend in frontends():
        if frontend.lowers(kernel):
            return frontend
    raise NotAFunctionError(f"{kernel!r} is no kernel of numba.cuda.jit." + ("" if any(frontends()) else f" {_MISSING}"))


@functools.cache
def machine(cc: tuple[int, int] = DEFAULT_CC) -> llvm.TargetMachine:
    """LLVM's description of the processor."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE)
    return target.create_target_machine(cpu=f"sm_{cc[0]}{cc[1]}", features="+ptx80", opt=3)


def compile_kernel(kernel: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int] = DEFAULT_CC,
                   to_differentiate: bool = False) -> Primal:
    """The prepared module of ``kernel``; errors of the compiler pass through unchanged."""
    lowered = frontend_of(kernel).lower(kernel, arguments, cc)
    if to_differentiate:
        _refuse_rules(lowered)
    return _primal(lowered, cc)


def compile_function(function: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int] = DEFAULT_CC) -> Primal:
    """The same of a device function that is to be differentiated: its entry takes a pointer to the result in front of the
    arguments."""
    lowered = frontend_of(function).lower_function(function, arguments, cc)
    _refuse_rules(lowered)
    return _primal(lowered, cc)


def _refuse_rules(lowered: Lowered) -> None:
    """The derivative of what stands in the body of such a function is not the one that it was given."""
    if lowered.ruled:
        raise UnsupportedError(f"cannot differentiate {lowered.name}: it calls {', '.join(sorted(lowered.ruled))}, and rules "
                               f"of functions (custom_vjp, custom_jvp, stop_gradient …) are not known in kernels.\n  Call a "
                               f"function without a rule there.")


def _primal(lowered: Lowered, cc: tuple[int, int]) -> Primal:
    found: Signature = signature(lowered.result, *lowered.arguments)
    return Primal(lowered.name, found, ENTRY, _prepared(lowered, machine(cc)), "", {})


def with_reducible_cycles(primal: Primal) -> Primal:
    """The same, each cycle with one way in."""
    return reducible(primal, machine())


def _prepared(lowered: Lowered, processor: llvm.TargetMachine) -> str:
    linked = llvm.parse_assembly("")
    for text in lowered.modules:
        linked.link_in(llvm.parse_assembly(text))
    entry = _entry if lowered.result == types.none else _entry_with_result
    linked.link_in(llvm.parse_assembly(entry(linked.get_function(lowered.entry))))
    externals.link(linked)
    linked.link_in(llvm.parse_assembly(atomics.definitions(str(linked))))
    told = telling_calls.kept(str(linked), VIEW)
    text = exchanges_by_name(shared_by_name(registers_by_name(HINDRANCES.sub(NO_HINDRANCE, told))))
    if "addrspace(3)" in text:
        raise UnsupportedError(f"cannot differentiate {lowered.name}: it uses shared memory in a way that is not known.")
    linked = llvm.parse_assembly(text)
    for function in linked.functions:
        if not function.is_declaration and function.name != ENTRY:
            function.linkage = "internal"
            function.add_function_attribute("alwaysinline")
    run_passes(linked, processor, 0, ["add_sroa_pass", "add_instruction_combine_pass"], default=False)
    return optimised(llvm.parse_assembly(ties_of_minimum_to_second(str(linked))), processor)


def _entry(lowered: llvm.ValueRef) -> str:
    """The function without the pointer to a result that a kernel does not have."""
    own = [f"{argument.type} %{argument.name}" if _is_plain(argument.name) else f'{argument.type} %"{argument.name}"'
           for argument in list(lowered.arguments)[1:]]
    parameters = ", ".join(str(argument.type) for argument in lowered.arguments)
    return f"""declare i32 @"{lowered.name}"({parameters})
        define i32 @{ENTRY}({", ".join(own)}) {{
          %result = alloca ptr
          %status = call i32 @"{lowered.name}"({", ".join(["ptr %result", *own])})
          ret i32 %status
        }}"""


def _entry_with_result(lowered: llvm.ValueRef) -> str:
    """The function by a name that we know."""
    types_ = [str(argument.type) for argument in lowered.arguments]
    given = ", ".join(f"{type_} %a{index}" for index, type_ in enumerate(types_))
    return f"""declare i32 @"{lowered.name}"({", ".join(types_)})
        define i32 @{ENTRY}({given}) {{
          %status = call i32 @"{lowered.name}"({given})
          ret i32 %status
        }}"""


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[\w.$-]+", name) is not None


def shared_by_name(text: str) -> str:
    """What a block shares as variables that anyone may write, known by their names, in the place of an address space: no
    optimiser and no pass takes them for memory of one thread, and pointers are of one kind. All whose size the launch says
    are one."""
    for name, rest in _SHARED_VARIABLE.findall(text):
        plain = name.strip('"')
        if re.match(r"\[0 x ", rest):
            text = _as_dynamic(text, name)
            continue
        own = f'@"{SHARED}{plain}"' if name.startswith('"') else f"@{SHARED}{plain}"
        content = re.sub(r" (?:undef|poison|zeroinitializer)\b", "", rest, count=1)
        text = _renamed(text, name, own, f"{own} = external global {content}")
    return text


def _as_dynamic(text: str, name: str) -> str:
    line = f"@{DYNAMIC} = external global [0 x i8], align {DYNAMIC_ALIGNMENT}"
    return _renamed(text, name, f"@{DYNAMIC}", "" if line in text else line)


def _renamed(text: str, name: str, own: str, line: str) -> str:
    """A variable of the address space as ``own``, which ``line`` defines."""
    text = re.sub(rf"^@{re.escape(name)} = .*$", line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    text = text.replace(f"addrspacecast (ptr addrspace(3) @{name} to ptr)", own)
    return text.replace(f"addrspacecast ptr addrspace(3) @{name} to ptr", f"bitcast ptr {own} to ptr")


def registers_by_name(text: str) -> str:
    """Registers that are read by assembly are read by intrinsics."""
    found = {_REGISTERS[code] for code in _ASSEMBLY.findall(text)}
    text = _ASSEMBLY.sub(lambda match: f"call i32 @{_REGISTERS[match[1]]}()", text)
    return text + "".join(f"\ndeclare i32 @{name}()\n" for name in sorted(found))
