"""What the lanes of a simulated warp, or the threads of a block, tell each other.

Requires: a module for the host that declares some of it; ``dp.exchange`` in simulation.ll, where a lane leaves what it gives
          before it waits, and finds what it gets when it is resumed.
Ensures:  definitions that wait like a barrier; ``results`` of the lanes that make one exchange together.
"""
from __future__ import annotations

import ctypes
import re

#: The kinds, in the order of their numbers, which begin at one; the first four are shuffles.
KINDS = ("dp.shuffle.idx", "dp.shuffle.up", "dp.shuffle.down", "dp.shuffle.xor", "dp.host.vote.all", "dp.host.vote.any",
         "dp.host.vote.uni", "dp.host.vote.ballot", "dp.host.match.any", "dp.host.bar.warp.sync", "dp.host.activemask",
         "dp.host.barrier.popc", "dp.host.barrier.and", "dp.host.barrier.or")
SHUFFLES = KINDS[:4]
BARRIER, ACTIVE = "dp.host.bar.warp.sync", "dp.host.activemask"
ALL = 0xFFFFFFFF
WARP = 32
#: What begins with these is here in the place of LLVM's intrinsics.
REPLACED = {f"llvm.nvvm.{name}": f"dp.host.{name}" for name in ("vote.", "match.any.", "bar.warp.sync", "activemask")}
REPLACED["llvm.nvvm.barrier.cta.red."] = "dp.host.barrier."
_DECLARED = re.compile(r"^declare (?:\w+ )*?(double|float|i64|i32|i1|void) @(dp\.(?:shuffle|host)\.[\w.]+)\(([^)]*)\)",
                       re.MULTILINE)
_TO_BITS = {"double": "bitcast double {} to i64", "float": "bitcast float {} to i32", "i32": "zext i32 {} to i64",
            "i1": "zext i1 {} to i64"}
_FROM_BITS = {"double": "bitcast i64 {} to double", "float": "bitcast i32 {} to float", "i32": "trunc i64 {} to i32",
              "i1": "trunc i64 {} to i1"}


class Exchange(ctypes.Structure):
    """``dp.exchange``."""

    _fields_ = (("kind", ctypes.c_int32), ("mask", ctypes.c_uint32), ("value", ctypes.c_uint64), ("lane", ctypes.c_uint32))

    @property
    def name(self) -> str:
        return KINDS[self.kind - 1]

    @property
    def is_of_block(self) -> bool:
        """Whether all threads of a block make it."""
        return self.name.startswith("dp.host.barrier.")

    @property
    def key(self) -> tuple[int, int]:
        return self.kind, self.mask


def definitions(text: str) -> str:
    """LLVM IR of what ``text`` declares."""
    found = {name: (result, [p.split()[0] for p in parameters.split(",") if p.strip()])
             for result, name, parameters in _DECLARED.findall(text)}
    lines = ["declare void @dp.barrier(i32)", "@dp.exchange = external global { i32, i32, i64, i32 }"] if found else []
    return "\n".join([*lines, *(_definition(name, result, parameters) for name, (result, parameters) in found.items())])


def _definition(name: str, result: str, parameters: list[str]) -> str:
    kind = next(number for number, known in enumerate(KINDS, 1) if name.startswith(known))
    names = ["%mask", "%value", "%lane"][:len(parameters)]
    given = {**dict.fromkeys(("%mask", "%lane"), "0"), **{n: n for n in names}}
    bits, code = _bits(parameters[1] if len(parameters) > 1 else "i64", given.get("%value", "0"))
    back = [] if result == "void" else _number(result)
    fields = (("i32", kind), ("i32", given["%mask"]), ("i64", bits), ("i32", given["%lane"]))
    body = [*code, *(f"store {t} {v}, ptr {_field(number)}" for number, (t, v) in enumerate(fields)),
            "call void @dp.barrier(i32 0)", *back, "ret void" if result == "void" else f"ret {result} %result"]
    head = ", ".join(f"{t} {n}" for t, n in zip(parameters, names, strict=True))
    return "\n  ".join([f"define linkonce_odr {result} @{name}({head}) alwaysinline {{", *body]) + "\n}"


def _field(number: int) -> str:
    return f"getelementptr ({{ i32, i32, i64, i32 }}, ptr @dp.exchange, i32 0, i32 {number})"


def _bits(type_: str, value: str) -> tuple[str, list[str]]:
    if type_ == "i64":
        return value, []
    code = [f"%bits = {_TO_BITS[type_].format(value)}"]
    return ("%wide", [*code, "%wide = zext i32 %bits to i64"]) if type_ == "float" else ("%bits", code)


def _number(type_: str) -> list[str]:
    read = f"load i64, ptr {_field(2)}"
    if type_ == "i64":
        return [f"%result = {read}"]
    if type_ == "float":
        return [f"%got = {read}", "%cut = trunc i64 %got to i32", f"%result = {_FROM_BITS[type_].format('%cut')}"]
    return [f"%got = {read}", f"%result = {_FROM_BITS[type_].format('%got')}"]


def source(name: str, lane: int, given: int) -> int:
    """The lane whose number a lane gets by a shuffle."""
    distance = given % WARP
    match name.rpartition(".")[2]:
        case "idx":
            return distance
        case "up":
            return lane - distance if lane >= distance else lane
        case "down":
            return lane + distance if lane + distance < WARP else lane
    return lane ^ distance


def voted(threads: dict[int, Exchange]) -> dict[int, int]:
    """What each thread of a block gets of the votes that all of them give at a barrier."""
    votes = [given.value & 1 for given in threads.values()]
    if not votes:
        return {}
    name = next(iter(threads.values())).name
    result = sum(votes) if name.endswith("popc") else int(all(votes) if name.endswith("and") else any(votes))
    return dict.fromkeys(threads, result)


def results(lanes: dict[int, Exchange]) -> dict[int, int]:
    """What each lane gets of an exchange that all of them make; a shuffle from a lane that has no part in it gives all bits,
    as a float NaN: nobody knows what a GPU would give."""
    name = next(iter(lanes.values())).name
    if name in SHUFFLES:
        sources = {lane: source(name, lane, given.lane) for lane, given in lanes.items()}
        return {lane: lanes[other].value if other in lanes else (1 << 64) - 1 for lane, other in sources.items()}
    votes = sum(1 << lane for lane, given in lanes.items() if given.value & 1)
    everyone = sum(1 << lane for lane in lanes)
    match name:
        case "dp.host.match.any":
            return {lane: sum(1 << other for other, o in lanes.items() if o.value == given.value)
                    for lane, given in lanes.items()}
        case "dp.host.vote.ballot":
            result = votes
        case "dp.host.vote.all":
            result = votes == everyone
        case "dp.host.vote.any":
            result = votes != 0
        case "dp.host.vote.uni":
            result = votes in (0, everyone)
        case _:
            result = everyone
    return dict.fromkeys(lanes, int(result))
