"""Additions that lanes of a warp make together: the code for it run lane by lane in the simulator, and counted in the PTX."""
import ctypes
import itertools
import re

import llvmlite.binding as llvm
import numpy as np
import pytest
from dpcompile.passes.transform.deferred_sums import DeferredSums
from dpcompile.passes.transform.joined_sums import JoinedSums
from dpcompile.runtime import arena, sums

import dpcompile as dp
from dpcompile.targets.cuda import backend, threads
from dpcompile.targets.cuda.host import host

pytest.importorskip("numba_cuda")

from numba import cuda, float32, float64

from benchmarks.gpu_kernels import gravity, matmul

V, M = float64[::1], float64[:, ::1]
SIDE = 8
_definitions, APART = sums.definitions, arena.APART
_SHUFFLES = """
declare i32 @dp.shuffle.xor.i32(i32, i32, i32)
declare i32 @dp.shuffle.idx.i32(i32, i32, i32)
define i32 @test.across(i32 %mask, i32 %value, i32 %bit, i32 %clamp) alwaysinline {
  %other = call i32 @dp.shuffle.xor.i32(i32 %mask, i32 %value, i32 %bit)
  ret i32 %other
}
define i32 @test.first(i32 %mask, i32 %value, i32 %lane, i32 %clamp) alwaysinline {
  %other = call i32 @dp.shuffle.idx.i32(i32 %mask, i32 %value, i32 %lane)
  ret i32 %other
}
"""


def for_lanes(text):
    """Code for a warp as code for the simulator's lanes."""
    text = re.sub(r"^declare i32 @llvm\.nvvm\.shfl.*\n", "", text, flags=re.MULTILINE)
    text = text.replace('asm sideeffect "activemask.b32 $0;", "=r"() convergent', "@llvm.nvvm.activemask()")
    text = text.replace("llvm.nvvm.shfl.sync.bfly.i32", "test.across").replace("llvm.nvvm.shfl.sync.idx.i32", "test.first")
    return text.replace(" convergent", "")


def parts():
    """What sums over a warp are made of, but for those over a block."""
    kept = [f for f in re.findall(r"^define .*?^}\n", arena.TOGETHER, re.MULTILINE | re.DOTALL) if "@dp.add.block" not in f]
    return "\n".join(["declare i32 @llvm.nvvm.activemask()", "declare i32 @llvm.nvvm.read.ptx.sreg.laneid()",
                      "declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()", "declare i32 @llvm.nvvm.read.ptx.sreg.ntid.y()",
                      "declare i1 @llvm.nvvm.vote.all.sync(i32, i1)", *map(for_lanes, kept), _SHUFFLES, APART])


@pytest.fixture
def together(monkeypatch):
    """The simulator runs what a GPU would, and says how many additions threads make alone."""
    made = []

    def definitions(text, together):
        made.append(text)
        found = for_lanes(_definitions(text, together=True))
        return found and "declare i32 @test.across(i32, i32, i32, i32)\ndeclare i32 @test.first(i32, i32, i32, i32)\n" + found

    monkeypatch.setattr(threads.sums, "definitions", definitions)
    monkeypatch.setattr(threads.arena, "APART", parts())
    return made


def simulated(kernel, make, wrt, grid, block):
    rng = np.random.default_rng(0)
    args = make(rng)
    shadows = {k: rng.normal(size=np.shape(args[k])).astype(args[k].dtype) for k in wrt}
    given = [dp.Duplicated(a, shadows[k]) if k in wrt else a for k, a in enumerate(args)]
    report = dp.cuda.simulate(dp.cuda.grad(kernel), grid, block, given)
    assert not report.races, str(report)
    return list(shadows.values())


@cuda.jit
def products(a, b, c):
    """Tiles of which groups of lanes read the same cells."""
    rows = cuda.shared.array((SIDE, SIDE), dtype=np.float64)
    columns = cuda.shared.array((SIDE, SIDE), dtype=np.float64)
    j, i = cuda.grid(2)
    t, s = cuda.threadIdx.x, cuda.threadIdx.y
    total = 0.0
    for tile in range(a.shape[1] // SIDE):
        rows[s, t] = a[i, tile * SIDE + t]
        columns[s, t] = b[tile * SIDE + s, j]
        cuda.syncthreads()
        for n in range(SIDE):
            total += rows[s, n] * columns[n, t]
        cuda.syncthreads()
    c[i, j] = total


def of_weights(count, number):
    @cuda.jit
    def weighted(x, w, out):
        i = cuda.grid(1)
        if i < x.size:
            total = number(0.0)
            for k in range(count):
                total += w[k] * (x[i] + number(k))
            out[i] = total
    return weighted


@cuda.jit
def odd_lanes(x, w, out):
    i = cuda.grid(1)
    if i % 2 == 1:
        out[i] = w[0] * x[i] + w[1] * x[i] * x[i] + w[2]


@cuda.jit
def several_groups(x, out):
    """One cell for all, one for pairs, one for every fourth, one for each."""
    cells = cuda.shared.array(64, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    out[i] = cells[3] * cells[t // 2] * cells[t // 2 + 1] * cells[t % 8] * cells[t % 8 + 2] * cells[t]


@cuda.jit
def single_cells(x, out):
    cells = cuda.shared.array((4, 16), dtype=np.float32)
    t, s, i = cuda.threadIdx.x, cuda.threadIdx.y, cuda.threadIdx.x + cuda.blockDim.x * cuda.threadIdx.y
    cells[s, t] = x[i]
    cuda.syncthreads()
    total = float32(0.0)
    for k in range(4):
        total += cells[s, k] * cells[k, t] * cells[3, i // 8]
    out[i] = total


@cuda.jit
def by_axes(x, out):
    """Cells that threads share that differ only along some axes."""
    cells = cuda.shared.array(80, dtype=np.float64)
    tx, ty, tz = cuda.threadIdx.x, cuda.threadIdx.y, cuda.threadIdx.z
    i = tx + cuda.blockDim.x * (ty + cuda.blockDim.y * tz)
    cells[i] = x[i]
    cuda.syncthreads()
    out[i] = cells[tx + 1] * cells[tx + 2] * cells[ty] * cells[ty + 3] * cells[tz] * cells[tx + 2 * ty] * cells[ty + 2 * tz] \
        * cells[i]


@cuda.jit
def by_rounds(x, rounds, out):
    """As ``by_axes``, but for what all threads are likely to agree on, and need not."""
    cells = cuda.shared.array(64, dtype=np.float64)
    tx, ty = np.uint64(cuda.threadIdx.x), np.uint64(cuda.threadIdx.y)
    i = tx + np.uint64(cuda.blockDim.x) * ty
    cells[i] = x[i]
    cuda.syncthreads()
    shift = rounds[0] if (tx + ty) % np.uint64(3) == 0 else rounds[1] + rounds[2]
    total = 0.0
    for n in range(rounds.size):
        total += cells[ty + rounds[n]] * cells[ty + rounds[n] + np.uint64(1)] * cells[tx + shift]
    out[i] = total


@cuda.jit
def moving(x, steps, out):
    """Cells at a distance that is the same for all lanes, and no constant."""
    cells = cuda.shared.array(64, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    total, group = 0.0, np.uint64(t) // np.uint64(8)
    for n in range(steps.size):
        total += cells[group + steps[n]] * cells[group + steps[n] * steps[0] * steps[1]] * cells[group + np.uint64(n)]
    out[i] = total


@cuda.jit
def apart(x, steps, out):
    """As ``moving``, but that lanes do not agree on the distance."""
    cells = cuda.shared.array(64, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    step = steps[0] if t % 3 == 0 else steps[1] + steps[2]
    group = np.uint64(t) // np.uint64(8)
    out[i] = cells[group + step] * cells[group] * x[step]


@cuda.jit
def chosen(x, places, out):
    """What lanes have chosen they do not agree on, though it is computed from what all know."""
    t = cuda.threadIdx.x
    place = places[0] if t % 2 else places[1] + places[2]
    out[t] = x[place] * x[place + 1]


def of_a_long_loop(trips, number):
    """LLVM does not unroll the loop before it is differentiated."""
    @cuda.jit
    def fractions(x, w, out):
        i = cuda.grid(1)
        total = number(0.0)
        for k in range(trips):
            d = x[i] - w[k]
            e = number(1.0) + d * d
            total += d / (e + d * e * (number(2.0) + d * (number(3.0) + e * (d + e * e)))) \
                + d * e * (d - number(2.0) * e) / (e * e + number(7.0) * d) + e / (e + d * (d - e) * d + e)
        out[i] = total
    return fractions


@cuda.jit
def fractions_of_rows(x, out):
    """The cells that a loop reads are those of groups of lanes."""
    cells = cuda.shared.array(64, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    total = 0.0
    for k in range(12):
        d = x[i] - cells[16 * (t // 16) + k]
        e = 1.0 + d * d
        total += d / (e + d * e * (2.0 + d * (3.0 + e * (d + e * e)))) + d * e * (d - 2.0 * e) / (e * e + 7.0 * d) \
            + e / (e + d * (d - e) * d + e)
    out[i] = total


@cuda.jit
def in_turn(x, places, cells, out):
    """A thread reads cells that it writes between: what is added to shadows must be there when the stores are reversed."""
    b = cuda.blockIdx.x
    cells[b, 0] = x[b] * x[b]
    value = cells[b, places[0]]
    cells[b, places[1]] = value * x[b]
    out[b] = cells[b, places[2]] * value


@cuda.jit
def in_turn_in_a_loop(x, cells, out):
    b = cuda.blockIdx.x
    cells[b, 0] = cells[b, 1] = x[b]
    total = 0.0
    for k in range(16):
        d = cells[b, k]
        e = 1.0 + d * d
        f = d / (e + d * e * (2.0 + d * (3.0 + e * (d + e * e)))) + d * e * (d - 2.0 * e) / (e * e + 7.0 * d)
        cells[b, k + 2] = f + e / (e + d * (d - e) * d + e)
        total += f
    out[b] = total


def vectors(*sizes, dtype=np.float64):
    return lambda rng: [rng.uniform(0.5, 1.5, n).astype(dtype) for n in sizes]


def with_steps(rng):
    return [rng.uniform(0.5, 1.5, 64), np.array([1, 5, 9], np.uint64), np.zeros(64)]


def with_cells(rng):
    return [rng.uniform(0.5, 1.5, 4), np.array([0, 1, 1]), np.zeros((4, 2)), np.zeros(4)]


def matrices(rng):
    return [rng.normal(size=(16, 16)), rng.normal(size=(16, 16)), np.zeros((16, 16))]


def bodies(count):
    return lambda rng: [rng.normal(size=(count, 3)), rng.uniform(0.5, 2.0, count), np.zeros((count, 3))]


LAUNCHES = {
    "whole warps": (gravity, bodies(32), (0, 1, 2), 1, 32),
    "a warp that is not whole": (gravity, bodies(40), (0, 1, 2), 1, 40),
    "lanes that return": (gravity, bodies(9), (0, 1, 2), 1, 32),
    "half the lanes": (odd_lanes, vectors(32, 3, 32), (0, 1, 2), 1, 32),
    "tiles": (products, matrices, (0, 1, 2), (2, 2), (SIDE, SIDE)),
    "groups": (several_groups, vectors(64, 64), (0, 1), 1, 64),
    "groups of a warp that is not whole": (several_groups, vectors(44, 44), (0, 1), 1, 44),
    **{f"axes of {shape}": (by_axes, vectors(64, 64), (0, 1), 1, shape)
       for shape in ((8, 4, 2), (16, 3, 1), (2, 3, 8), (64, 1, 1), (1, 32, 1))},
    "cells of single numbers": (single_cells, vectors(64, 64, dtype=np.float32), (0, 1), 1, (16, 4)),
    "rounds of (8, 4)": (by_rounds, with_steps, (0, 2), 1, (8, 4)),
    "rounds of (4, 16)": (by_rounds, with_steps, (0, 2), 1, (4, 16)),
    "distances that are asked for": (moving, with_steps, (0, 2), 1, 64),
    "distances that differ": (apart, with_steps, (0, 2), 1, 64),
    "cells that differ": (chosen, lambda rng: [rng.normal(size=32), np.arange(3), np.zeros(32)], (0, 2), 1, 32),
    **{f"{count} weights": (of_weights(count, float64), vectors(40, count, 40), (0, 1, 2), 2, 32)
       for count in (1, 2, 3, 4, 5, 8)},
    "a loop of 16": (of_a_long_loop(16, float64), vectors(64, 16, 64), (0, 1, 2), 1, 64),
    "a loop of 21, and a warp that is not whole": (of_a_long_loop(21, float64), vectors(40, 21, 40), (0, 1, 2), 1, 40),
    "a loop of 5, single": (of_a_long_loop(5, float32), vectors(32, 5, 32, dtype=np.float32), (0, 1, 2), 1, 32),
    "a loop over cells of groups": (fractions_of_rows, vectors(64, 64), (0, 1), 1, 64),
    "cells that are written between": (in_turn, with_cells, (0, 2, 3), 4, 1),
    "cells that a loop writes": (in_turn_in_a_loop, lambda rng: [rng.normal(size=4), np.zeros((4, 18)), np.zeros(4)],
                                 (0, 1, 2), 4, 1),
    "11 weights, single": (of_weights(11, float32), vectors(64, 11, 64, dtype=np.float32), (0, 1, 2), 1, 64),
}


@pytest.mark.parametrize("launch", LAUNCHES)
def test_what_lanes_add_up_is_what_they_add_one_by_one(launch, request):
    expected = simulated(*LAUNCHES[launch])
    request.getfixturevalue("together")
    found = simulated(*LAUNCHES[launch])
    for own, wanted in zip(found, expected, strict=True):
        tolerance = 1e-12 if wanted.dtype == np.float64 else 2e-5
        np.testing.assert_allclose(own, wanted, rtol=tolerance, atol=tolerance)


def replaced(owner, name, replacement):
    return lambda monkeypatch: monkeypatch.setattr(owner, name, replacement)


def nothing(*arguments):
    pass


def alike_everywhere(monkeypatch):
    changed = threads.arena.APART.replace("%alike = xor i32 %moves, 31", "%alike = or i32 0, 31")
    monkeypatch.setattr(threads.arena, "APART", changed)


_halved = sums._Writer._halved
#: What is switched off, and a launch that notices.
MUTATIONS = {
    "lanes keep what they send": ("4 weights", replaced(sums._Writer, "_plus_other", lambda self, kept, sent, bit: kept)),
    "each half keeps the places of the other": ("tiles", replaced(sums._Writer, "_halved", lambda self, low, high, upper, bit: (
        _halved(self, sums._Sum(high.place, low.amount), sums._Sum(low.place, high.amount), upper, bit)))),
    "all axes are taken to be alike": ("axes of (8, 4, 2)", alike_everywhere),
    "places on axes are not asked for": ("rounds of (8, 4)", replaced(JoinedSums, "words_of_place", lambda *given: [])),
    "groups are not asked for": ("groups", replaced(sums._Writer, "_crossed", lambda self: "31")),
    "distances are not asked for": ("distances that differ", replaced(JoinedSums, "_words_of_distances", lambda *given: [])),
    "words are not asked for": ("cells that differ", replaced(JoinedSums, "_words_of_warp", lambda *given: [])),
    "what waits is read": ("cells that are written between", replaced(JoinedSums, "before", nothing)),
    "loops leave what they read": ("cells that a loop writes", replaced(DeferredSums, "_may_wait", lambda *given: True)),
    "not all that a loop leaves is made": ("a loop of 21, and a warp that is not whole",
                                           replaced(DeferredSums, "complete", nothing)),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutant_is_noticed(mutation, monkeypatch, request):
    launch, switch_off = MUTATIONS[mutation]
    expected = simulated(*LAUNCHES[launch])
    request.getfixturevalue("together")
    switch_off(monkeypatch)
    found = simulated(*LAUNCHES[launch])
    assert not all(np.allclose(own, wanted, rtol=1e-6) for own, wanted in zip(found, expected, strict=True))


def crossed(shape, axes):
    """Across which bits of their numbers the lanes of a warp agree on their places along some axes, thread by thread."""
    places = [(n % shape[0], n // shape[0] % shape[1], n // shape[0] // shape[1]) for n in range(np.prod(shape))]
    chosen = [tuple(place[k] for k in axes) for place in places[:len(places) // 32 * 32]]
    return sum(bit for bit in (1, 2, 4, 8, 16) if all(chosen[n] == chosen[n ^ bit] for n in range(len(chosen))))


def lanes_alike():
    """The function that says so, with the shape of a block as its first parameters."""
    found = re.search(r"^define \S+ i32 @dp\.lanes\.alike.*?^}", arena.TOGETHER, re.MULTILINE | re.DOTALL)[0]
    module = llvm.parse_assembly(found.replace("llvm.nvvm.read.ptx.sreg.ntid.", "ntid.") + _OF_SHAPE)
    engine = llvm.create_mcjit_compiler(module, host())
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(ctypes.c_uint32, *[ctypes.c_uint32] * 5)
    function = kind(engine.get_function_address("alike"))
    function.engine = engine
    return function


_OF_SHAPE = "".join(f"""
@n{axis} = global i32 0
define i32 @ntid.{axis}() {{
  %n = load i32, ptr @n{axis}
  ret i32 %n
}}""" for axis in "xy") + """
define i32 @alike(i32 %nx, i32 %ny, i32 %x, i32 %y, i32 %z) {
  store i32 %nx, ptr @nx
  store i32 %ny, ptr @ny
  %moves.x = trunc i32 %x to i1
  %moves.y = trunc i32 %y to i1
  %moves.z = trunc i32 %z to i1
  %bits = call i32 @dp.lanes.alike(i1 %moves.x, i1 %moves.y, i1 %moves.z)
  ret i32 %bits
}"""


def test_which_lanes_are_alike():
    """No bit too many for any shape of a block, and none too few for those of powers of two."""
    alike = lanes_alike()
    sides = (*range(1, 18), 24, 31, 32, 33, 48, 64, 96), (*range(1, 10), 16, 32), (1, 2, 3, 4, 8, 16, 32)
    for shape in itertools.product(*sides):
        for moves in itertools.product((False, True), repeat=3):
            if 32 <= np.prod(shape) <= 1024:
                found, wanted = alike(*shape[:2], *moves), crossed(shape, [k for k in range(3) if moves[k]])
                assert found & ~wanted == 0, (shape, moves)
                assert found == wanted or any(n & (n - 1) for n in shape), (shape, moves)


def counted(kernel, sig):
    """Shuffles, votes, accesses of memory of a thread's own in the PTX."""
    text = dp.cuda.compile(dp.cuda.grad(kernel), sig, cc=(9, 0))
    return tuple(len(re.findall(what, text)) for what in (r"\bshfl\.", r"\bvote\.", r"\b(?:ld|st)\.local"))


def test_four_sums_are_folded_at_once_and_asked_for_once():
    """Two words of a counter, then 2 + 1 exchanges and one for each of three bits, of two words each."""
    assert counted(gravity, (M, V, M)) == (2 + 2 * (2 + 1 + 3), 1, 0)


def test_the_additions_of_a_tile_are_made_four_at_once():
    """Four calls for each of two tiles in the sweep for threads that meet, for one in the other: 2 + 1 + 1 + 1 + 1 exchanges of
    two words. The shape of the block says which lanes read the same cells."""
    assert counted(matmul, (M, M, M)) == (12 * 2 * 6, 0, 0)


def test_one_addition_goes_to_memory_where_there_were_four():
    """Beside the four of threads that are not all here, and the three behind the loop."""
    text = dp.cuda.compile(dp.cuda.grad(gravity), (M, V, M), cc=(9, 0))
    assert len(re.findall(r"\b(?:atom|red)\.", text)) == 1 + 4 + 3


def test_what_a_loop_leaves_is_in_registers():
    """8 + 4 + 2 + 1 + 1 exchanges of two words for each sweep, for threads that meet and for others; nothing is asked."""
    assert counted(of_a_long_loop(16, float64), (V, V, V)) == (2 * 2 * 16, 0, 0)


@pytest.mark.skipif(backend.ptxas_path() is None, reason="ptxas is not installed")
@pytest.mark.parametrize("number", [float64, float32])
def test_ptxas_takes_sums_of_any_number(number):
    vector = number[::1]
    for kernel in (of_weights(7, number), of_a_long_loop(19, number)):
        backend.assemble(dp.cuda.compile(dp.cuda.grad(kernel), (vector, vector, vector)))


def test_the_account_says_how_many_are_made_at_once():
    told = dp.cuda.grad(gravity).explain((M, V, M))
    assert "line" in told and "read the same cell together; 4 of them at once" in told
