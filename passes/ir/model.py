"""A small model of LLVM IR: modules, functions, blocks, instructions, and values that know their users.

Requires: opaque pointers (LLVM 17 or later).
Ensures:  ``value.users`` lists every instruction that has ``value`` among its operands, once for each operand slot.
          Only ``Instruction.set_operand``, ``append_operand``, ``replace_uses`` and ``erase`` change operands.

An instruction is one class for all opcodes; what only some opcodes have (a predicate, an element type, indices …) is in
named fields that are None elsewhere.  Blocks named by a branch, a switch or a phi are in ``Instruction.blocks``:
``br``: targets; ``switch``: default first, then one for each case; ``phi``: where ``operands[i]`` comes from.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .call_rule import CallRule
from .types import LABEL, PTR, FloatType, FunctionType, IntType, PointerType, Type

#: Characters of a name that is given here.  LLVM refuses more than 1024, and its own names of inlined functions with many
#: arguments come near that.
_LONGEST_NAME = 240


class Value:
    """Anything that an operand may be: typed, with a list of users."""

    def __init__(self, type_: Type, name: str = ""):
        self.type = type_
        self.name = name
        self.users: list[Instruction] = []

    @property
    def ref(self) -> str:
        """How an operand names this value, without its type."""
        return f"%{quoted(self.name)}"

    def replace_uses(self, other: Value) -> None:
        """Every user of this value uses ``other`` instead."""
        for user in list(self.users):
            for slot, operand in enumerate(user.operands):
                if operand is self:
                    user.set_operand(slot, other)

    def __repr__(self) -> str:
        return f"{self.type} {self.ref}"


class Constant(Value):
    """A literal or constant expression, kept as LLVM spells it (``0``, ``1.5``, ``null``, ``getelementptr (…)``)."""

    def __init__(self, type_: Type, text: str, globals_: tuple[str, ...] = ()):
        super().__init__(type_)
        self.text = text
        #: Names of the globals that a constant expression mentions.
        self.globals = globals_

    @property
    def ref(self) -> str:
        return self.text

    @property
    def integer(self) -> int | None:
        """The integer that this literal denotes (signed), or None."""
        if not isinstance(self.type, IntType):
            return None
        if self.text in ("true", "false", "zeroinitializer"):
            return int(self.text == "true")
        try:
            return int(self.text)
        except ValueError:
            return None


class Argument(Value):
    """A formal parameter; ``attributes`` is LLVM's text (``noalias nonnull align 8``)."""

    def __init__(self, type_: Type, name: str, attributes: str = ""):
        super().__init__(type_, name)
        self.attributes = attributes


class Global(Value):
    """A global variable or alias, kept as the line that defines it."""

    def __init__(self, name: str, text: str, value_type: Type | None = None, constant: bool = False,
                 mentions: tuple[str, ...] = (), address_space: int = 0):
        super().__init__(PointerType(address_space), name)
        self.text = text
        self.value_type = value_type
        self.constant = constant
        #: Names of the globals that the initialiser mentions.
        self.mentions = mentions

    @property
    def ref(self) -> str:
        return f"@{quoted(self.name)}"


class Instruction(Value):
    """One instruction of any opcode; see the module's docstring for ``blocks``."""

    def __init__(self, opcode: str, type_: Type, operands: list[Value] | tuple[Value, ...] = (), name: str = "", *,
                 blocks: list[Block] | tuple[Block, ...] = (), flags: tuple[str, ...] = (),
                 predicate: str | None = None, element: Type | None = None, align: int | None = None,
                 indices: tuple[int, ...] | None = None,
                 function_type: FunctionType | None = None, call: CallInfo | None = None,
                 location: int | None = None, metadata: str = ""):
        super().__init__(type_, name)
        self.opcode = opcode
        self.operands: list[Value] = []
        self.blocks = list(blocks)
        self.flags = flags              # nsw nuw exact fast reassoc … inbounds volatile tail disjoint; orderings
        self.predicate = predicate      # icmp, fcmp; the operation of atomicrmw
        self.element = element          # source element type of getelementptr; allocated type of alloca
        self.align = align              # load, store, alloca
        self.indices = indices          # extractvalue, insertvalue
        self.function_type = function_type
        self.call = call                # attributes of a call
        self.location = location        # number of a DILocation of the module
        self.metadata = metadata        # other metadata, LLVM's text: ", !noalias !7"
        self.loop: int | None = None    # br: number of the loop to whose header it goes back
        self.parent: Block | None = None
        for operand in operands:
            self.append_operand(operand)

    def append_operand(self, value: Value) -> None:
        self.operands.append(value)
        value.users.append(self)

    def set_operand(self, slot: int, value: Value) -> None:
        self.operands[slot].users.remove(self)
        self.operands[slot] = value
        value.users.append(self)

    def drop_operands(self) -> None:
        """Uses nothing any more."""
        for operand in self.operands:
            operand.users.remove(self)
        self.operands = []

    def remove_incoming(self, block: Block) -> None:
        """Forgets what a phi takes from ``block``."""
        slot = self.blocks.index(block)
        self.operands.pop(slot).users.remove(self)
        self.blocks.pop(slot)

    def erase(self) -> None:
        """Leaves its block; must have no users."""
        assert not self.users, f"{self!r} is still used"
        self.drop_operands()
        if self.parent is not None:
            self.parent.instructions.remove(self)
            self.parent = None

    @property
    def callee(self) -> Value | None:
        """What a call calls (operand 0), or None for other instructions."""
        return self.operands[0] if self.opcode == "call" else None

    @property
    def is_ordered(self) -> bool:
        """Whether an access of memory is volatile or atomic, so that none may be left out, repeated or moved."""
        return "volatile" in self.flags or "atomic" in self.flags

    @property
    def callee_name(self) -> str:
        """Symbol that a direct call calls, else the empty string."""
        callee = self.callee
        return callee.name if isinstance(callee, (Function, Global)) else ""

    @property
    def arguments(self) -> list[Value]:
        """The arguments of a call."""
        return self.operands[1:]

    @property
    def is_terminator(self) -> bool:
        return self.opcode in TERMINATORS

    def incoming(self) -> Iterator[tuple[Value, Block]]:
        """The pairs of a phi."""
        return zip(self.operands, self.blocks, strict=True)

    def value_from(self, block: Block) -> Value:
        """What a phi takes from ``block``."""
        return self.operands[self.blocks.index(block)]


TERMINATORS = frozenset({"ret", "br", "switch", "unreachable", "indirectbr"})


@dataclass(frozen=True)
class CallInfo:
    """The attributes of a call as LLVM spells them."""

    convention: str = ""                    # fastcc, …
    result_attributes: str = ""
    argument_attributes: tuple[str, ...] = ()
    function_attributes: str = ""           # "#3" or keywords
    bundles: str = ""


class Block(Value):
    """A basic block: phis first, one terminator last."""

    def __init__(self, name: str, parent: Function | None = None):
        super().__init__(LABEL, name)
        self.instructions: list[Instruction] = []
        self.parent = parent

    @property
    def terminator(self) -> Instruction:
        return self.instructions[-1]

    @property
    def successors(self) -> list[Block]:
        """Targets of the terminator, each once, in order."""
        return list(dict.fromkeys(self.terminator.blocks)) if self.instructions else []

    @property
    def phis(self) -> list[Instruction]:
        found = []
        for instruction in self.instructions:
            if instruction.opcode != "phi":
                break
            found.append(instruction)
        return found

    def append(self, instruction: Instruction) -> Instruction:
        instruction.parent = self
        self.instructions.append(instruction)
        return instruction

    def insert(self, position: int, instruction: Instruction) -> Instruction:
        instruction.parent = self
        self.instructions.insert(position, instruction)
        return instruction

    def insert_phi(self, phi: Instruction) -> Instruction:
        return self.insert(len(self.phis), phi)


class Function(Value):
    """A definition (with blocks, the first the entry) or a declaration (without)."""

    def __init__(self, name: str, function_type: FunctionType, arguments: list[Argument] | None = None):
        super().__init__(PTR, name)
        self.function_type = function_type
        self.arguments = arguments if arguments is not None else [Argument(t, "") for t in function_type.parameters]
        self.blocks: list[Block] = []
        self.linkage = ""               # internal, linkonce_odr, … or empty
        self.visibility = ""            # dso_local hidden …
        self.convention = ""            # fastcc …
        self.result_attributes = ""     # noundef range(…) …
        self.attributes = ""            # local_unnamed_addr #0 …
        #: Whether its status is always that of an exception; see ``transform.raising_calls``.
        self.always_raises = False
        #: A derivative of its own; see ``call_rule``.
        self.rule: CallRule | None = None
        #: Whether its calls are run again in the reverse sweep; see ``transform.checkpoints``.
        self.checkpointed = False
        #: Whether its one call stands for several at the same time; see ``transform.chunks``.
        self.parallel = False
        #: The cotangents that it is given, its last arguments, where its reverse follows each call at once; see
        #: ``transform.fused_loops``.
        self.fused = 0
        #: Positions of the pointers through which it may write, where that has been found out.
        self.stores: frozenset[int] | None = None
        self.subprogram: int | None = None

    @property
    def ref(self) -> str:
        return f"@{quoted(self.name)}"

    @property
    def is_declaration(self) -> bool:
        return not self.blocks

    @property
    def entry(self) -> Block:
        return self.blocks[0]

    def instructions(self) -> Iterator[Instruction]:
        for block in self.blocks:
            yield from block.instructions

    def add_block(self, name: str) -> Block:
        """A new block at the end, with a name not yet taken."""
        block = Block(self.fresh(name), self)
        self.blocks.append(block)
        return block

    def fresh(self, name: str) -> str:
        """``name``, or ``name.N`` where it is taken in this function; its beginning where LLVM might refuse its length."""
        taken, name = self._names(), name[:_LONGEST_NAME]
        candidate, count = name, taken.get(name, 0)
        while candidate in taken:
            count += 1
            candidate = f"{name}.{count}"
        taken[name] = count             # the next search begins where this one ended: thousands share a name
        taken.setdefault(candidate, 0)
        return candidate

    def _names(self) -> dict[str, int]:
        """Each name taken, with the last number given to it."""
        if not hasattr(self, "_taken"):
            names = [a.name for a in self.arguments] + [b.name for b in self.blocks]
            names += [i.name for i in self.instructions() if i.name]
            self._taken = dict.fromkeys(names, 0)
        return self._taken


@dataclass(frozen=True)
class Location:
    """A line of the user's source, as debug information gives it; ``inlined_at`` is the call that brought it here."""

    file: str
    function: str
    line: int
    inlined_at: Location | None = None

    def chain(self) -> list[Location]:
        """From the innermost function out to the one that was compiled."""
        return [self, *(self.inlined_at.chain() if self.inlined_at else [])]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@dataclass
class Module:
    """A module; ``locations`` maps numbers of debug locations to source lines."""

    functions: dict[str, Function] = field(default_factory=dict)
    globals: dict[str, Global] = field(default_factory=dict)
    #: Text of ``target datalayout``, ``target triple`` and the like, of named types, of attribute groups.
    header: list[str] = field(default_factory=list)
    attribute_groups: dict[str, str] = field(default_factory=dict)
    locations: dict[int, Location] = field(default_factory=dict)
    #: Metadata nodes that instructions still mention and the writer must print, by number.
    metadata: dict[int, str] = field(default_factory=dict)
    #: Numbers of the loops (``Instruction.loop``) whose iterations are independent but for reductions.
    parallel: frozenset[int] = frozenset()

    def declare(self, name: str, function_type: FunctionType) -> Function:
        """The function of that name, declared now where it is not there yet."""
        if name not in self.functions:
            self.functions[name] = Function(name, function_type)
        return self.functions[name]

    def location_of(self, instruction: Instruction) -> Location | None:
        """The line of an instruction, where it is known."""
        return self.locations.get(instruction.location) if instruction.location is not None else None

    def add_metadata(self, text: str) -> int:
        """Number of a new metadata node with this text (``!{!1, !2}``)."""
        number = max(self.metadata, default=-1) + 1
        self.metadata[number] = text
        return number


def is_float(value: Value | Type) -> bool:
    ty = value.type if isinstance(value, Value) else value
    return isinstance(ty, FloatType)


def quoted(name: str) -> str:
    """``name`` as it stands behind % or @, quoted where LLVM wants it."""
    plain = name.replace("$", "a").replace(".", "a").replace("_", "a").replace("-", "a")
    if plain.isalnum() and plain.isascii() and not name[0].isdigit():
        return name
    return '"' + name + '"'
