"""The memory of generated code, called as generated code calls it."""
from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import llvmlite.binding as llvm
import numpy as np
import pytest
from dpcompile.runtime import arena

from tests.passes.machine import load

POINTER, INTEGER = ctypes.c_void_p, ctypes.c_int64
SIGNATURES = {
    "dp.arena.new": (POINTER, INTEGER), "dp.arena.release": (None, POINTER), "dp.arena.exceeded": (INTEGER, POINTER),
    "dp.pool.clear": (None,), "dp.arena.take": (POINTER, POINTER, INTEGER),
    "dp.arena.meminfo": (POINTER, POINTER, INTEGER, INTEGER),
    "dp.arena.zeroed": (POINTER, POINTER, INTEGER, INTEGER),
    "dp.ring.begin": (None, POINTER), "dp.ring.next": (POINTER, POINTER, POINTER, INTEGER, INTEGER, INTEGER, ctypes.c_bool),
    "dp.arena.own": (None, POINTER, POINTER, POINTER),
    "dp.arena.mark": (POINTER, POINTER), "dp.arena.rewind": (None, POINTER, POINTER),
    "dp.stack.push": (POINTER, POINTER, POINTER, INTEGER), "dp.stack.pop": (POINTER, POINTER, INTEGER),
    "dp.transfer.f64": (None, POINTER, POINTER, INTEGER), "dp.transfer.f32": (None, POINTER, POINTER, INTEGER),
}
KIB, MIB = 1 << 10, 1 << 20
NO_LIMIT = 1 << 40


@dataclass
class Heap:
    """C's allocator with a list of what is out, in place of the one that the arena would call."""

    out: dict[int, int] = field(default_factory=dict)
    allocations: int = 0
    #: What was said of memory: where, bytes, advice.
    advice: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.libc = ctypes.CDLL(None)
        self.libc.aligned_alloc.restype = POINTER
        self.libc.free.argtypes = [POINTER]
        self.callbacks = {
            "counted.aligned_alloc": ctypes.CFUNCTYPE(POINTER, INTEGER, INTEGER)(self.allocate),
            "counted.malloc": ctypes.CFUNCTYPE(POINTER, INTEGER)(lambda size: self.allocate(16, -(-size // 16) * 16)),
            "counted.madvise": ctypes.CFUNCTYPE(ctypes.c_int32, INTEGER, INTEGER, ctypes.c_int32)(self.advise),
            "counted.free": ctypes.CFUNCTYPE(None, POINTER)(self.free),
        }
        for name, callback in self.callbacks.items():
            llvm.add_symbol(name, ctypes.cast(callback, POINTER).value)

    def allocate(self, alignment: int, size: int) -> int | None:
        assert size % alignment == 0
        pointer = self.libc.aligned_alloc(ctypes.c_size_t(alignment), ctypes.c_size_t(size))
        self.out[pointer] = size
        self.allocations += 1
        return pointer

    def advise(self, pointer: int, size: int, advice: int) -> int:
        self.advice.append((pointer, size, advice))
        return -1

    def free(self, pointer: int | None) -> None:
        if pointer:
            del self.out[pointer]
            self.libc.free(pointer)


class Runtime:
    """The functions by the end of their name: ``runtime.take(arena, 8)``."""

    def __init__(self) -> None:
        self.heap = Heap()
        texts = [text.replace("linkonce_odr", "") for text in (arena.SHARED, arena.INLINED)]
        for name in ("aligned_alloc", "malloc", "madvise", "free"):
            texts = [text.replace(f"@{name}(", f"@counted.{name}(") for text in texts]
        self.engine = load(*texts)
        for symbol, signature in SIGNATURES.items():
            function = ctypes.CFUNCTYPE(*signature)(self.engine.get_function_address(symbol))
            setattr(self, symbol.removeprefix("dp.").removeprefix("arena.").replace(".", "_"), function)


@pytest.fixture(scope="module")
def shared() -> Runtime:
    return Runtime()


@pytest.fixture
def runtime(shared: Runtime) -> Iterator[Runtime]:
    """The runtime with an empty pool, which leaks nothing."""
    shared.pool_clear()
    shared.heap.allocations = 0
    yield shared
    shared.pool_clear()
    assert shared.heap.out == {}


def fill(pointer: int, size: int, value: int) -> np.ndarray:
    view = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(pointer))
    view[:] = value
    return view


def test_blocks_are_aligned_and_apart(runtime: Runtime) -> None:
    memory = runtime.new(NO_LIMIT)
    blocks = []
    for number, size in enumerate([1, 8, 31, 32, 33, 100, 4096, 70_000, 8, 200_000]):
        pointer = runtime.take(memory, size)
        assert pointer % 32 == 0
        blocks.append((number, fill(pointer, size, number)))
    assert all((view == number).all() for number, view in blocks)
    runtime.release(memory)


def test_empty_block_is_no_failure(runtime: Runtime) -> None:
    memory = runtime.new(NO_LIMIT)
    assert runtime.take(memory, 0) is not None
    assert not runtime.exceeded(memory)
    runtime.release(memory)


def test_chunks_grow_geometrically(runtime: Runtime) -> None:
    memory = runtime.new(NO_LIMIT)
    for _ in range(64 * KIB):
        assert runtime.take(memory, KIB)
    assert runtime.heap.allocations <= 2 + np.log2(64 * MIB / (64 * KIB)) + 1
    assert sum(runtime.heap.out.values()) <= 2.1 * 64 * MIB
    runtime.release(memory)


def test_large_chunks_ask_for_huge_pages(runtime: Runtime) -> None:
    """For whole ones that lie in them, and run without."""
    runtime.heap.advice.clear()
    memory = runtime.new(NO_LIMIT)
    fill(runtime.take(memory, 7 * MIB), 7 * MIB, 1)
    assert runtime.heap.advice == []
    fill(runtime.take(memory, 30 * MIB), 30 * MIB, 2)
    (begin, size, advice), = runtime.heap.advice
    chunk, total = max(runtime.heap.out.items(), key=lambda item: item[1])
    assert (begin % (2 * MIB), size % (2 * MIB), advice) == (0, 0, 14)
    assert chunk <= begin < chunk + 2 * MIB and chunk + total - 2 * MIB < begin + size <= chunk + total
    runtime.release(memory)
    assert len(runtime.heap.advice) == 2        # one chunk as large as both is kept for the next call


@pytest.mark.parametrize("limit", [0, 1000, 100_000, 10 * MIB])
def test_limit(runtime: Runtime, limit: int) -> None:
    memory = runtime.new(limit)
    taken = 0
    while runtime.take(memory, 1000):
        taken += 1000
    assert runtime.exceeded(memory) == 1
    assert taken <= limit and taken >= limit / 2 - 2000
    assert sum(runtime.heap.out.values()) <= limit + KIB
    runtime.release(memory)


def test_limit_holds_for_pooled_memory(runtime: Runtime) -> None:
    memory = runtime.new(NO_LIMIT)
    runtime.take(memory, MIB)
    runtime.release(memory)
    memory = runtime.new(1000)
    assert runtime.take(memory, 500) and not runtime.exceeded(memory)
    assert runtime.take(memory, 10_000) is None and runtime.exceeded(memory)
    runtime.release(memory)
    memory = runtime.new(NO_LIMIT)
    assert runtime.take(memory, MIB)
    runtime.release(memory)


@pytest.mark.parametrize("size", [1 << 62, (1 << 63) - 1, -1, -8, -(1 << 63)])
def test_absurd_sizes(runtime: Runtime, size: int) -> None:
    for prepare in (0, KIB):
        memory = runtime.new(NO_LIMIT)
        runtime.take(memory, prepare)
        assert runtime.take(memory, size) is None and runtime.exceeded(memory)
        assert runtime.meminfo(memory, size, 64) is None
        runtime.release(memory)


def test_release_frees_or_pools(runtime: Runtime) -> None:
    memory = runtime.new(NO_LIMIT)
    runtime.take(memory, 100)
    runtime.release(memory)
    assert len(runtime.heap.out) == 1
    runtime.pool_clear()
    assert runtime.heap.out == {}


def test_second_call_allocates_nothing_but_the_arena(runtime: Runtime) -> None:
    for call in range(4):
        before = runtime.heap.allocations
        memory = runtime.new(NO_LIMIT)
        for _ in range(1000):
            runtime.take(memory, 1000)
        runtime.release(memory)
        assert call == 0 or runtime.heap.allocations == before + 1
        assert len(runtime.heap.out) == 1


def test_two_arenas_at_once(runtime: Runtime) -> None:
    outer = runtime.new(NO_LIMIT)
    mine = fill(runtime.take(outer, 1000), 1000, 1)
    inner = runtime.new(NO_LIMIT)
    fill(runtime.take(inner, 1000), 1000, 2)
    runtime.release(inner)
    assert (mine == 1).all()
    runtime.release(outer)
    assert len(runtime.heap.out) == 1


def test_memory_over_the_pool_size_is_freed(runtime: Runtime) -> None:
    size = ctypes.c_int64.from_address(runtime.engine.get_global_value_address("dp.pool.bytes"))
    usual, size.value = size.value, MIB
    for blocks in (1, 40):
        memory = runtime.new(NO_LIMIT)
        for _ in range(blocks):
            runtime.take(memory, 2 * MIB // blocks + KIB)
        runtime.release(memory)
        assert runtime.heap.out == {}
    size.value = usual


def test_threads_share_nothing(runtime: Runtime) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            memory = runtime.new(NO_LIMIT)
            views = [fill(runtime.take(memory, 3000), 3000, number) for _ in range(50)]
            wrong.extend(number for view in views if not (view == number).all())
            runtime.release(memory)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and len(runtime.heap.out) == 1


@pytest.mark.parametrize("alignment", [16, 64, 4096])
def test_meminfo(runtime: Runtime, alignment: int) -> None:
    memory = runtime.new(NO_LIMIT)
    runtime.take(memory, 40)
    info = runtime.meminfo(memory, 1000, alignment)
    count, destructor, argument, data, size, allocator = (ctypes.c_int64 * 6).from_address(info)
    assert count > 1 << 30 and (destructor, argument, allocator) == (0, 0, 0)
    assert size == 1000 and data % alignment == 0 and data >= info + 48
    view = fill(data, 1000, 7)
    fill(runtime.take(memory, 1000), 1000, 8)
    assert (view == 7).all()
    runtime.release(memory)


# Stacks ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [8, 24, 40, 2000])
@pytest.mark.parametrize("count", [0, 1, 7, 20_000])
def test_records_come_back_in_the_opposite_order(runtime: Runtime, size: int, count: int) -> None:
    memory = runtime.new(NO_LIMIT)
    state = (ctypes.c_int64 * 3)()
    for number in range(count):
        record = runtime.stack_push(memory, ctypes.addressof(state), size)
        fields = (ctypes.c_int64 * (size // 8)).from_address(record)
        fields[0] = fields[-1] = number
    for _ in range(2):                              # the reverse sweep may run several times
        reading = (ctypes.c_int64 * 2)(*state[:2])
        for number in reversed(range(count)):
            record = runtime.stack_pop(ctypes.addressof(reading), size)
            fields = (ctypes.c_int64 * (size // 8)).from_address(record)
            assert fields[0] == fields[-1] == number
    runtime.release(memory)


def test_two_stacks_in_one_arena(runtime: Runtime) -> None:
    memory = runtime.new(NO_LIMIT)
    states = [(ctypes.c_int64 * 3)() for _ in range(2)]
    for number in range(3000):
        for which, state in enumerate(states):
            record = runtime.stack_push(memory, ctypes.addressof(state), 16)
            ctypes.c_int64.from_address(record).value = 2 * number + which
    for which, state in enumerate(states):
        popped = [ctypes.c_int64.from_address(runtime.stack_pop(ctypes.addressof(state), 16)).value for _ in range(3000)]
        assert popped == [2 * number + which for number in reversed(range(3000))]
    runtime.release(memory)


def test_full_stack(runtime: Runtime) -> None:
    memory = runtime.new(200_000)
    state = (ctypes.c_int64 * 3)()
    pushed = 0
    while runtime.stack_push(memory, ctypes.addressof(state), 16):
        pushed += 1
    assert runtime.exceeded(memory) and 200_000 / 16 / 4 < pushed < 200_000 / 16
    runtime.release(memory)


# Transfers ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "kind"), [("transfer_f64", "f8"), ("transfer_f32", "f4")])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize(("to", "source"), [(0, 10), (10, 0), (0, 1), (1, 0), (0, 3), (3, 0), (2, 2)])
def test_transfer_is_the_adjoint_of_a_move(runtime: Runtime, name: str, kind: str, count: int, to: int, source: int) -> None:
    cells = np.arange(1, 21).astype(kind)
    expected = cells.copy()
    expected[to:to + count] = 0
    expected[source:source + count] += cells[to:to + count]
    width = cells.itemsize
    getattr(runtime, name)(cells.ctypes.data + to * width, cells.ctypes.data + source * width, count * width)
    assert np.array_equal(cells, expected)


@pytest.mark.parametrize("before", [0, 1000, 300_000])
def test_rewind(runtime: Runtime, before: int) -> None:
    """What was given before the mark stays; memory given again and again since then is the same."""
    memory = runtime.new(NO_LIMIT)
    kept = fill(runtime.take(memory, before), before, 7) if before else None
    counts = []
    for number in range(20):
        mark = runtime.mark(memory)
        for size in (100, 5000, 70_000, 200_000, 31):
            fill(runtime.take(memory, size), size, number)
        runtime.rewind(memory, mark)
        counts.append(runtime.heap.allocations)
    assert kept is None or (kept == 7).all()
    assert counts[-1] - counts[9] <= 10 * 3 and len(runtime.heap.out) <= 4
    after = fill(runtime.take(memory, 500), 500, 3)
    assert (after == 3).all()
    runtime.release(memory)


def test_rewind_keeps_to_the_limit(runtime: Runtime) -> None:
    memory = runtime.new(MIB)
    for _ in range(100):
        mark = runtime.mark(memory)
        assert runtime.take(memory, 300 * KIB) and runtime.take(memory, 300 * KIB)
        runtime.rewind(memory, mark)
    assert not runtime.exceeded(memory)
    runtime.release(memory)


def test_release_calls_what_it_holds(runtime: Runtime) -> None:
    released: list[int] = []
    callback = ctypes.CFUNCTYPE(None, POINTER)(released.append)
    memory = runtime.new(NO_LIMIT)
    for thing in (11, 22, 0, 33):
        runtime.own(memory, thing, ctypes.cast(callback, POINTER))
    assert released == []
    runtime.release(memory)
    assert released == [33, 22, 11]


def test_places_of_a_ring_take_turns(runtime: Runtime) -> None:
    """Each is given memory once, and more where it is not enough; a ring that begins anew has none."""
    memory, ring = runtime.new(NO_LIMIT), (ctypes.c_int64 * 5)(*[7] * 5)
    runtime.ring_begin(ring)
    infos = [runtime.ring_next(memory, ring, 1, 80, 64, True) for _ in range(6)]
    assert infos[0] != infos[1]
    assert infos == infos[:2] * 3
    small = runtime.ring_next(memory, ring, 1, 40, 64, True)
    larger = runtime.ring_next(memory, ring, 1, 160, 64, True)
    assert small == infos[0]
    assert larger not in infos
    assert runtime.ring_next(memory, ring, 1, 80, 64, True) == infos[0]
    assert runtime.ring_next(memory, ring, 1, 160, 64, True) == larger
    runtime.ring_begin(ring)
    assert runtime.ring_next(memory, ring, 1, 80, 64, True) not in (*infos, larger)
    runtime.release(memory)


@pytest.mark.parametrize("function", ["zeroed", "ring_next"])
def test_memory_is_zeroed_when_it_is_taken(runtime: Runtime, function: str) -> None:
    memory, ring = runtime.new(NO_LIMIT), (ctypes.c_int64 * 5)()
    runtime.take(memory, 32)
    runtime.release(memory)
    memory = runtime.new(NO_LIMIT)
    fill(runtime.take(memory, 4096), 4096, 255)
    runtime.release(memory)
    memory = runtime.new(NO_LIMIT)
    given = (memory, 512, 64) if function == "zeroed" else (memory, ring, 0, 512, 64, True)
    info = getattr(runtime, function)(*given)
    words = np.ctypeslib.as_array((ctypes.c_int64 * 5).from_address(info))
    assert words[4] == 512
    data = int(words[3])
    assert data % 64 == 0
    assert not np.ctypeslib.as_array((ctypes.c_uint8 * 512).from_address(data)).any()
    runtime.release(memory)


def test_ring_without_memory(runtime: Runtime) -> None:
    memory, ring = runtime.new(1000), (ctypes.c_int64 * 5)()
    assert runtime.ring_next(memory, ring, 0, 4096, 64, False) is None
    assert runtime.exceeded(memory)
    runtime.release(memory)
