"""From the code of a thread to a coroutine for the host: it runs up to a barrier, and is resumed behind it.

Requires: a ``CompiledKernel`` whose mathematics the host has too.
Ensures:  a module for the host with ``START`` (ptr arguments, 8 bytes each → ptr coroutine), ``RESUME`` (ptr coroutine, ptr
          place → i32 barrier, -1 at the end) and ``DESTROY`` (ptr coroutine); every access of memory that others may reach
          is told to ``@dp.access`` with the number of its site; registers are read from ``PLACE``.
Algorithm: LLVM's switched-resume coroutines; all calls are inlined first, so that all barriers are in one function.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import llvmlite.binding as llvm

from dpcompile.passes.analysis.call_kinds import is_barrier
from dpcompile.passes.analysis.offsets import root_of
from dpcompile.passes.ir.builder import Builder, Inserter, const
from dpcompile.passes.ir.clone import split_before
from dpcompile.passes.ir.model import Block, Function, Instruction, Module, Value
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import I32, PTR, VOID, FunctionType, size_of
from dpcompile.passes.ir.vocabulary import DYNAMIC, SHARED
from dpcompile.passes.ir.writer import write
from dpcompile.passes.transform.increments import ATOMIC, BLOCK
from dpcompile.passes.transform.joined_sums import places_of
from dpcompile.passes.transform.memory import CLEAR_TAKEN
from dpcompile.runtime import arena, sums

from ...errors import UnsupportedError
from ...frontend.compile import run_passes
from .backend import optimised
from .host import host
from .host_mathematics import definitions
from .kernels import CompiledKernel
from .lanes import REPLACED
from .lanes import definitions as exchanges

START, RESUME, DESTROY = "dp.simulate.start", "dp.simulate.resume", "dp.simulate.destroy"
PLACE, STATUS = "dp.place", "dp.status"
#: What a thread knows of its place, in the order in which ``PLACE`` holds it, four bytes each.
REGISTERS = (*(f"{what}.{axis}" for what in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"), "laneid", "lanemask.lt",
             "warpsize", "dynamic_smem_size", "epoch")
#: Bytes of shared memory that a block can have, on all processors.
MOST_SHARED = 227 * 1024
READ, WRITE, ADD, ATOMIC_READ = "read", "write", "atomic access", "atomic read"
_CLEARED = frozenset(CLEAR_TAKEN.values())
_ADDITIONS = frozenset(name for names in (ATOMIC, BLOCK) for name in names.values())
_REGISTER, _OWN_REGISTER = "llvm.nvvm.read.ptx.sreg.", "dp.register."
_BARRIER = "dp.barrier"
_SHARED_VARIABLE = re.compile(rf'^(@"?{re.escape(SHARED)}[^ ]* = )external (?:\w+ )*?global (.*?)(, align \d+)?$', re.MULTILINE)
_DYNAMIC_VARIABLE = re.compile(rf"^@{re.escape(DYNAMIC)} = external [^\[]*\[0 x i8\]", re.MULTILINE)
_RETURN = re.compile(r"^  ret i32 (\S+)$", re.MULTILINE)
_BLOCK_OF_BARRIER = re.compile(rf"^({re.escape(_BARRIER)}\.(\d+)):(?:\s*;.*)?\n.*\n  br label %(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """A place in the code that accesses memory."""

    kind: str
    bytes: int
    sweep: str


@dataclass(frozen=True, eq=False)
class ThreadModule:
    """The optimised module, and its sites by number."""

    module: llvm.ModuleRef
    sites: tuple[Site, ...]
    #: Names of the variables that the threads of a block share.
    shared: tuple[str, ...]


def thread_module(kernel: CompiledKernel, function: str, after_optimisation: bool = False) -> ThreadModule:
    """The coroutine of ``function``, one of the kernel's; the runtime is part of what has been optimised for a GPU."""
    sites: list[Site] = []
    own = read(optimised(kernel, function) if after_optimisation else kernel.text)
    _watch(own, sites)
    linked = llvm.parse_assembly(_for_host(write(own)))
    for text in () if after_optimisation else (sums.definitions(kernel.text, together=False), *kernel.runtime, arena.APART):
        linked.link_in(llvm.parse_assembly(_for_host(_watched_runtime(text, sites))))
    linked.link_in(llvm.parse_assembly(definitions(str(linked), kernel.primal.name)))
    linked.link_in(llvm.parse_assembly(exchanges(str(linked))))
    linked.link_in(llvm.parse_assembly(_registers(str(linked), kernel.primal.name)))
    text = _coroutine(_inlined(linked, function), function)
    module = llvm.parse_assembly(text)
    module.link_in(llvm.parse_assembly(_SERVICES))
    module.verify()
    run_passes(module, host(), 2, [], default=True)
    return ThreadModule(module, tuple(sites), tuple(v.name for v in module.global_variables if v.name.startswith(SHARED)))


def _for_host(text: str) -> str:
    """The text without what it says of a GPU."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("target "))
    text = text.replace(_REGISTER, _OWN_REGISTER).replace("llvm.nvvm.barrier.cta.sync.aligned.all", _BARRIER)
    for name, replacement in REPLACED.items():
        text = text.replace(f"@{name}", f"@{replacement}")
    text = text.replace("syncscope(\"device\") ", "")
    text = _DYNAMIC_VARIABLE.sub(f"@{DYNAMIC} = external global [{MOST_SHARED} x i8]", text)
    return _SHARED_VARIABLE.sub(r"\1global \2 zeroinitializer, align 16", text)


# accesses -----------------------------------------------------------------------------------------------------------

def _watch(module: Module, sites: list[Site]) -> None:
    """Tells of every access in functions of the module, in front of it."""
    for definition in list(module.functions.values()):
        if not definition.is_declaration:
            _watch_function(module, definition, sites, _sweep(definition.name))


def _sweep(name: str) -> str:
    """What a function of a derivative does, by its name."""
    last = name.rpartition(".")[2]
    return {"reverse": "the reverse sweep", "augmented": "the first sweep", "kernel": "the kernel"}.get(last, "its beginning")


def _watched_runtime(text: str, sites: list[Site]) -> str:
    """What the runtime does to memory that is shared; its atomic additions are watched where they are asked for."""
    module = read(text)
    for definition in list(module.functions.values()):
        if definition.name.startswith(("dp.block.clear", "dp.transfer.", "dp.add.own.", "dp.add.alone.", "dp.bound.")):
            _watch_function(module, definition, sites, _sweep("clear" if "clear" in definition.name else "reverse"))
    return write(module)


def _watch_function(module: Module, function: Function, sites: list[Site], sweep: str) -> None:
    tell = module.declare("dp.access", FunctionType(VOID, (PTR, I32)))
    for instruction in list(function.instructions()):
        for pointer, kind, size in _accesses(instruction):
            if not _is_private(pointer):
                Inserter.before(instruction).call(tell, tell.function_type, [pointer, const(I32, len(sites))])
                sites.append(Site(kind, size, sweep))


def _accesses(instruction: Instruction) -> list[tuple[Value, str, int]]:
    """Through which pointers an instruction accesses memory, how, and how many bytes."""
    found = _access(instruction)
    return [found] if found is not None else [(p, ADD, size_of(type_)) for p, type_ in places_of(instruction)]


def _access(instruction: Instruction) -> tuple[Value, str, int] | None:
    match instruction.opcode:
        case "load":
            kind = ATOMIC_READ if "atomic" in instruction.flags else READ
            return instruction.operands[0], kind, size_of(instruction.type)
        case "store":
            kind = ADD if "atomic" in instruction.flags else WRITE
            return instruction.operands[1], kind, size_of(instruction.operands[0].type)
        case "atomicrmw" | "cmpxchg":
            return instruction.operands[0], ADD, size_of(instruction.operands[1].type)
        case "call" if instruction.callee_name in _ADDITIONS or instruction.callee_name in _CLEARED:
            kind = WRITE if instruction.callee_name in _CLEARED else ADD
            return instruction.arguments[0], kind, size_of(instruction.arguments[1].type)
    return None


def _is_private(pointer: Value) -> bool:
    """Whether a pointer is made from one to the stack."""
    root = root_of(pointer)
    return isinstance(root, Instruction) and root.opcode == "alloca"


# registers ----------------------------------------------------------------------------------------------------------

def _registers(text: str, name: str) -> str:
    """Functions in the place of special registers."""
    lines = [f"@{PLACE} = external global [{len(REGISTERS) + 1} x i32]"]
    for register in sorted(set(re.findall(rf"@{re.escape(_OWN_REGISTER)}([\w.]+)", text))):
        if register not in REGISTERS:
            raise UnsupportedError(f"cannot simulate {name}: it reads the register {register}.")
        lines.append(f"""define i32 @{_OWN_REGISTER}{register}() alwaysinline {{
          %at = getelementptr i32, ptr @{PLACE}, i64 {REGISTERS.index(register)}
          %value = load i32, ptr %at, align 4
          ret i32 %value
        }}""")
    return "\n".join(lines)


# coroutine ----------------------------------------------------------------------------------------------------------

def _inlined(module: llvm.ModuleRef, function: str) -> Module:
    """All in one function, each barrier in a block of its own, behind the stack's memory a block that begins."""
    for definition in module.functions:
        if not definition.is_declaration and definition.name != function:
            definition.linkage = "internal"
            definition.add_function_attribute("alwaysinline")
    run_passes(module, host(), 0, ["add_always_inliner_pass", "add_global_dead_code_eliminate_pass", "add_sroa_pass",
                                   "add_instruction_namer_pass"], default=False)
    found = read(str(module))
    thread = found.functions[function]
    behind = [i for i in thread.entry.instructions if i.opcode != "alloca"]
    for alloca in [i for i in thread.entry.instructions if i.opcode == "alloca"]:
        thread.entry.instructions.remove(alloca)
        thread.entry.instructions.insert(0, alloca)
    _cut(behind[0], "dp.body")
    for number, call in enumerate([i for i in thread.instructions() if _is_barrier(i)]):
        block = _cut(call, f"{_BARRIER}.{number}")
        _cut(block.instructions[1], f"dp.behind.{number}")
    return found


def _cut(instruction: Instruction, name: str) -> Block:
    """A block that begins with the instruction, and goes on where it stood."""
    above = instruction.parent
    block = split_before(instruction, name)
    Builder(above).br(block)
    return block


def _is_barrier(instruction: Instruction) -> bool:
    return is_barrier(instruction) or (instruction.opcode == "call" and instruction.callee_name == _BARRIER)


def _coroutine(module: Module, function: str) -> str:
    """The text with the function as a coroutine, which finds its arguments in memory."""
    thread = module.functions[function]
    loads = [line for number, argument in enumerate(thread.arguments) for line in (
        f"  %dp.at.{number} = getelementptr i64, ptr %dp.packed, i64 {number}",
        f"  {argument.ref} = load {argument.type}, ptr %dp.at.{number}, align 8")]
    text = write(module)
    begin = re.search(rf"^define [^\n]*@\"?{re.escape(function)}\"?\([^\n]*\{{$", text, re.MULTILINE)
    end = text.index("\n}", begin.end())
    body = text[begin.end():end]
    body = body.replace("  br label %dp.body", "\n".join([*loads, _BEGIN]), 1)
    body = _RETURN.sub(rf"  store i32 \1, ptr @{STATUS}\n  br label %dp.final", body)
    body = _BLOCK_OF_BARRIER.sub(_suspension, body)
    head = f"define ptr @{START}(ptr %dp.packed) presplitcoroutine {{"
    return text[:begin.start()] + head + body + "\n" + _END + text[end:] + "\n" + _INTRINSICS


def _suspension(match: re.Match) -> str:
    block, number, following = match.groups()
    return f"""{block}:
  store i32 {number}, ptr @dp.waiting
  %dp.resumed.{number} = call i8 @llvm.coro.suspend(token none, i1 false)
  switch i8 %dp.resumed.{number}, label %dp.suspend [ i8 0, label %{following} i8 1, label %dp.cleanup ]"""


_BEGIN = """  %dp.id = call token @llvm.coro.id(i32 0, ptr null, ptr null, ptr null)
  %dp.size = call i64 @llvm.coro.size.i64()
  %dp.frame = call ptr @malloc(i64 %dp.size)
  %dp.handle = call ptr @llvm.coro.begin(token %dp.id, ptr %dp.frame)
  %dp.first = call i8 @llvm.coro.suspend(token none, i1 false)
  switch i8 %dp.first, label %dp.suspend [ i8 0, label %dp.body i8 1, label %dp.cleanup ]"""
_END = """dp.final:
  store i32 -1, ptr @dp.waiting
  %dp.last = call i8 @llvm.coro.suspend(token none, i1 true)
  switch i8 %dp.last, label %dp.suspend [ i8 0, label %dp.never i8 1, label %dp.cleanup ]
dp.never:
  unreachable
dp.cleanup:
  %dp.memory = call ptr @llvm.coro.free(token %dp.id, ptr %dp.handle)
  call void @free(ptr %dp.memory)
  br label %dp.suspend
dp.suspend:
  call void @llvm.coro.end(ptr %dp.handle, i1 false, token none)
  ret ptr %dp.handle"""
_INTRINSICS = f"""@dp.waiting = external global i32
@{STATUS} = external global i32
declare token @llvm.coro.id(i32, ptr, ptr, ptr)
declare i64 @llvm.coro.size.i64()
declare ptr @llvm.coro.begin(token, ptr)
declare i8 @llvm.coro.suspend(token, i1)
declare ptr @llvm.coro.free(token, ptr)
declare void @llvm.coro.end(ptr, i1, token)
declare ptr @malloc(i64)
declare void @free(ptr)
"""
_SERVICES = resources.files(__package__).joinpath("simulation.ll").read_text(encoding="utf-8")
