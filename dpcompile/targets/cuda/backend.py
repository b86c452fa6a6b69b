"""From the code of a thread to PTX, by LLVM's own code generator.

Requires: a ``CompiledKernel``; libdevice from NVIDIA's packages; no GPU.
Ensures:  PTX for the processor asked for, with entries of the names that it says; mathematics is that of libdevice, linked
          after differentiation; products and sums are contracted, as numba-cuda does.  What the code generator would not
          take is refused by name before it runs, because it ends the process.
"""
from __future__ import annotations

import functools
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding as llvm

from dpcompile.passes.ir.vocabulary import DYNAMIC, SHARED
from dpcompile.passes.transform.tape import TAPE_FULL
from dpcompile.runtime import arena, gates, sums

from ...errors import BackendError
from ...frontend.compile import run_passes
from .frontend import DEFAULT_CC, machine
from .kernels import COUNT_LAUNCH, ENTRY_LAUNCH, CompiledKernel

#: LLVM's intrinsics that its code generator for PTX knows, without the types at the end of their names.
ALLOWED = frozenset("""llvm.fabs llvm.fma llvm.fmuladd llvm.sqrt llvm.floor llvm.ceil llvm.trunc llvm.rint llvm.nearbyint
    llvm.roundeven llvm.copysign llvm.minnum llvm.maxnum llvm.minimum llvm.maximum llvm.smin llvm.smax llvm.umin llvm.umax
    llvm.abs llvm.ctpop llvm.ctlz llvm.cttz llvm.bswap llvm.bitreverse llvm.fshl llvm.fshr llvm.memcpy llvm.memmove llvm.memset
    llvm.assume llvm.lifetime.start llvm.lifetime.end llvm.experimental.noalias.scope.decl llvm.sadd.with.overflow
    llvm.uadd.with.overflow llvm.ssub.with.overflow llvm.usub.with.overflow llvm.smul.with.overflow llvm.umul.with.overflow
    llvm.sadd.sat llvm.uadd.sat llvm.ssub.sat llvm.usub.sat llvm.is.fpclass llvm.expect llvm.trap llvm.convert.from.fp16
    llvm.convert.to.fp16 llvm.vector.reduce.add llvm.is.constant llvm.objectsize llvm.fptosi.sat llvm.fptoui.sat""".split())
_OWN_FAMILY = "llvm.nvvm."
#: Functions that the driver supplies.
_SYSTEM_CALLS = frozenset({"vprintf", "__assertfail", "malloc", "free"})
_TYPES = re.compile(r"(\.(v\d+)?(i\d+|p\d+|f\d+|bf16))+$")
_CONTRACTED = re.compile(r"^(  \S+ = f(?:add|sub|mul|div)) (?!.*contract)", re.MULTILINE)
_SHARED_VARIABLE = re.compile(rf'^@("{re.escape(SHARED)}[^"]+"|{re.escape(SHARED)}[\w.$-]+) = external (?:\w+ )*?global (.*)$',
                              re.MULTILINE)


@dataclass(frozen=True)
class Assembly:
    """The text, and the names of its entries by the launches that they are for, as ``CompiledKernel`` names those."""

    text: str
    entries: dict[str, str]

    @property
    def entry(self) -> str:
        return self.entries[ENTRY_LAUNCH]


def ptx(kernel: CompiledKernel, cc: tuple[int, int] = DEFAULT_CC) -> Assembly:
    """The assembly text for a processor."""
    module, names = _complete(kernel)
    return Assembly(_emitted(module, tuple(names.values()), kernel.primal.name, cc), names)


def function_ptx(text: str, name: str, cc: tuple[int, int]) -> str:
    """The assembly text of a function that kernels call, which ``text`` defines; it may be linked several times."""
    module = llvm.parse_assembly(_CONTRACTED.sub(r"\1 contract ", text))
    module.link_in(llvm.parse_assembly(_target_lines(text) + gates.definitions(text)))
    return _emitted(module, (name,), name, cc)


def _emitted(module: llvm.ModuleRef, kept: tuple[str, ...], name: str, cc: tuple[int, int]) -> str:
    processor = machine(cc)
    module.link_in(_libdevice().clone())
    for function in module.functions:
        if not function.is_declaration and function.name not in kept:
            function.linkage = "internal"
    optimise(module, processor)
    _check(module, name)
    return processor.emit_assembly(module)


def optimise(module: llvm.ModuleRef, processor: llvm.TargetMachine) -> None:
    """LLVM's pipeline for the processor; threads stand side by side already, so nothing is vectorised."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(processor, options)
    builder.getModulePassManager().run(module, builder)
    run_passes(module, processor, 0, ["add_global_dead_code_eliminate_pass"], default=False)


def optimised(kernel: CompiledKernel, function: str) -> str:
    """The code of a thread as it is before machine code is made of it, but for mathematics and shared memory."""
    module = llvm.parse_assembly(_CONTRACTED.sub(r"\1 contract ", kernel.text))
    for text in (sums.definitions(kernel.text, together=False), *kernel.runtime, arena.APART):
        module.link_in(llvm.parse_assembly(_target_lines(kernel.text) + text))
    for definition in module.functions:
        if not definition.is_declaration and definition.name != function:
            definition.linkage = "internal"
    optimise(module, machine())
    return str(module)


def _complete(kernel: CompiledKernel) -> tuple[llvm.ModuleRef, dict[str, str]]:
    """The module with its entries and its runtime, shared memory in its address space."""
    entry = re.sub(r"[^0-9A-Za-z_]", "_", kernel.primal.name) + ("_grad" if kernel.derivative else "")
    functions = kernel.launches | ({COUNT_LAUNCH: kernel.count} if kernel.count else {})
    names = {which: entry if which == ENTRY_LAUNCH else f"{entry}_{which}" for which in functions}
    module = llvm.parse_assembly(_with_shared(_CONTRACTED.sub(r"\1 contract ", kernel.text)))
    for which, function in functions.items():
        module.link_in(llvm.parse_assembly(_target_lines(kernel.text) + _entry(module.get_function(function), names[which])))
        module.get_function(function).add_function_attribute("alwaysinline")
    for text in (sums.definitions(kernel.text, together=True), arena.TOGETHER, *kernel.runtime, *kernel.exchanges):
        module.link_in(llvm.parse_assembly(_target_lines(kernel.text) + text))
    module.verify()
    return module, names


def _entry(thread: llvm.ValueRef, name: str) -> str:
    """What is launched. A thread whose tape is longer than the one that was counted stops the launch with an error, because
    it has no reverse sweep; it would take a kernel that does other work each time that it runs."""
    types = [str(argument.type) for argument in thread.arguments]
    given = ", ".join(f"{type_} %a{index}" for index, type_ in enumerate(types))
    return f"""
        declare i32 @"{thread.name}"({", ".join(types)})
        declare void @llvm.trap()
        define ptx_kernel void @{name}({given}) {{
          %status = call i32 @"{thread.name}"({given})
          %full = icmp eq i32 %status, {TAPE_FULL}
          br i1 %full, label %stop, label %done
        stop:
          call void @llvm.trap()
          unreachable
        done:
          ret void
        }}"""


def _target_lines(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith("target ")) + "\n"


def _with_shared(text: str) -> str:
    """What a block shares is where the processor wants it."""
    for name, content in _SHARED_VARIABLE.findall(text):
        plain = name.strip('"').removeprefix(SHARED)
        kept, separator, rest = content.partition(", align")
        # What is external keeps its name, and ptxas takes no dots.
        own = "shared_dynamic" if name == DYNAMIC else f'"shared.{plain}"'
        text = re.sub(rf"^@{re.escape(name)} = .*$", "", text, flags=re.MULTILINE)
        cast = f"ptr addrspacecast (ptr addrspace(3) @{own} to ptr)"
        text = re.sub(rf"ptr @{re.escape(name)}(?![\w.$-])", cast.replace("\\", r"\\"), text)
        linkage, value = ("external", "") if name == DYNAMIC else ("internal", " undef")
        text += f"\n@{own} = {linkage} addrspace(3) global {kept}{value}{separator}{rest}\n"
    return text


@functools.cache
def _libdevice() -> llvm.ModuleRef:
    return llvm.parse_bitcode(libdevice_path().read_bytes())


def libdevice_path() -> Path:
    """Where NVIDIA's mathematical library lies."""
    try:
        from cuda.pathfinder import find_bitcode_lib
        return Path(find_bitcode_lib("device"))
    except (ImportError, RuntimeError) as error:
        raise BackendError("libdevice, NVIDIA's mathematical library, is not found. It comes with the CUDA toolkit, and with "
                           "pip install 'dpcompile[cuda]'.") from error


def _check(module: llvm.ModuleRef, name: str) -> None:
    """Refuses what the code generator does not know."""
    for function in module.functions:
        if function.is_declaration and not _is_known(function.name):
            raise BackendError(f"{name}: no code for a GPU can be made, because it calls {function.name}")


def _is_known(symbol: str) -> bool:
    return _TYPES.sub("", symbol) in ALLOWED or symbol.startswith(_OWN_FAMILY) or symbol in _SYSTEM_CALLS


def ptxas_path() -> Path | None:
    """NVIDIA's assembler, where it is installed."""
    try:
        from cuda.pathfinder import find_nvidia_binary_utility
        found = find_nvidia_binary_utility("ptxas")
    except (ImportError, RuntimeError):
        return None
    return Path(found) if found else None


def assemble(text: str, cc: tuple[int, int] = DEFAULT_CC) -> str:
    """What ptxas says of the code: registers, bytes that did not fit into them."""
    assembler = ptxas_path()
    if assembler is None:
        raise BackendError("ptxas, NVIDIA's assembler, is not found. pip install nvidia-cuda-nvcc.")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_text(text)
        result = subprocess.run([assembler, "-v", f"-arch=sm_{cc[0]}{cc[1]}", "-o", Path(folder) / "kernel.cubin", source],
                                capture_output=True, text=True, check=False)
    if result.returncode:
        raise BackendError(f"ptxas refuses the code of a kernel:\n{result.stderr}")
    return result.stderr + result.stdout
