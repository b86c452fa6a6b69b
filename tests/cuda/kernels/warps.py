"""Kernels whose lanes exchange numbers within their warp."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record

LANES = 32
FULL = 0xFFFFFFFF


@njit
def warp_sums_twin(x, out):
    for w in range(out.size):
        total = 0.0
        for i in range(w * LANES, (w + 1) * LANES):
            total += x[i] * x[i]
        out[w] = total


@record(warp_sums_twin, lambda rng: [*arrays(1, 2 * LANES)(rng), np.zeros(2)], (0, 1), 1, 2 * LANES)
@cuda.jit
def warp_sums(x, out):
    """Two warps of a block, each by itself."""
    i = cuda.grid(1)
    total = x[i] * x[i]
    distance = LANES // 2
    while distance > 0:
        total += cuda.shfl_down_sync(FULL, total, distance)
        distance //= 2
    if cuda.laneid == 0:
        out[i // LANES] = total


@njit
def butterfly_twin(x, rounds, out):
    values = x.copy()
    for n in range(rounds):
        before = values.copy()
        for i in range(x.size):
            values[i] = before[i] * math.cos(before[i ^ (1 << n)])
    out[:] = values


@record(butterfly_twin, lambda rng: [*arrays(1, LANES)(rng), 5, np.zeros(LANES)], (0, 2), 1, LANES, has_tape=True)
@cuda.jit
def butterfly(x, rounds, out):
    """What was exchanged is needed again."""
    value = x[cuda.grid(1)]
    for n in range(rounds):
        value *= math.cos(cuda.shfl_xor_sync(FULL, value, 1 << n))
    out[cuda.grid(1)] = value


@njit
def scan_twin(x, out):
    total = np.float32(1.0)
    for i in range(x.size):
        total = total * x[i]
        out[i] = total


@record(scan_twin, arrays(2, LANES, np.float32, 0.8, 1.2), (0, 1), 1, LANES, tolerance=2e-5, has_tape=True)
@cuda.jit
def scan(x, out):
    """Products of all lanes up to one's own, in single precision: lanes at the beginning keep their numbers."""
    lane = cuda.laneid
    value = x[lane]
    distance = 1
    while distance < LANES:
        other = cuda.shfl_up_sync(FULL, value, distance)
        if lane >= distance:
            value *= other
        distance *= 2
    out[lane] = value


@njit
def kept_twin(x, out):
    for i in range(LANES):
        up = x[i - 3] if i >= 3 else x[i]
        down = x[i + 5] if i + 5 < LANES else x[i]
        out[i] = up * up * down


@record(kept_twin, arrays(2, LANES), (0, 1), 1, LANES)
@cuda.jit
def kept(x, out):
    """Lanes that read beyond their warp keep what they have."""
    i = cuda.grid(1)
    up = cuda.shfl_up_sync(FULL, x[i], 3)
    out[i] = up * up * cuda.shfl_down_sync(FULL, x[i], 5)


@njit
def chosen_lanes_twin(x, places, out):
    for i in range(LANES):
        p = places[i] % LANES
        up = x[i - p] if i >= p else x[i]
        down = x[i + p] if i + p < LANES else x[i]
        out[i] = math.sin(x[p]) * x[7] + up * down * x[i ^ p]


@record(chosen_lanes_twin, lambda rng: [*arrays(1, LANES)(rng), rng.integers(0, 9, LANES), np.zeros(LANES)], (0, 2), 1, LANES)
@cuda.jit
def chosen_lanes(x, places, out):
    """Each lane says itself which it reads: several read one, and nobody reads others."""
    i = cuda.grid(1)
    first = math.sin(cuda.shfl_sync(FULL, x[i], places[i])) * cuda.shfl_sync(FULL, x[i], 7)
    up, down = cuda.shfl_up_sync(FULL, x[i], places[i]), cuda.shfl_down_sync(FULL, x[i], places[i])
    out[i] = first + up * down * cuda.shfl_xor_sync(FULL, x[i], places[i])


@njit
def halves_twin(x, out):
    for i in range(LANES):
        if i < 16:
            out[i] = x[i] * x[(i + 1) % 16]
        else:
            out[i] = math.exp(x[i ^ 1] - x[i])


@record(halves_twin, arrays(2, LANES), (0, 1), 1, LANES)
@cuda.jit
def halves(x, out):
    """Lanes that part, each part with a mask of its own."""
    i = cuda.grid(1)
    if i < 16:
        out[i] = x[i] * cuda.shfl_sync(0x0000FFFF, x[i], (i + 1) % 16)
    else:
        out[i] = math.exp(cuda.shfl_xor_sync(0xFFFF0000, x[i], 1) - x[i])


@njit
def incomplete_twin(x, out):
    for i in range(x.size):
        out[i] = x[i] * x[i + 1] if i + 1 < x.size else x[i] ** 2


@record(incomplete_twin, arrays(2, 20), (0, 1), 1, 24)
@cuda.jit
def incomplete(x, out):
    """A warp that is not full, of which some lanes have returned; the mask holds them all the same."""
    i = cuda.grid(1)
    if i >= x.size:
        return
    other = cuda.shfl_down_sync(FULL, x[i], 1)
    out[i] = x[i] * (other if i + 1 < x.size else x[i])


@njit
def voted_twin(x, out):
    for w in range(x.size // LANES):
        part = x[w * LANES:(w + 1) * LANES]
        count = (part > 1.0).sum()
        for t in range(LANES):
            value = part[t] * count
            if (part > 1.9).any():
                value = math.sin(value)
            if (part > 0.1).all():
                value *= part[t]
            out[w * LANES + t] = value * (part[:t] > 1.0).sum()


@record(voted_twin, arrays(2, 2 * LANES), (0, 1), 2, LANES)
@cuda.jit
def voted(x, out):
    i = cuda.grid(1)
    above = cuda.ballot_sync(FULL, x[i] > 1.0)
    value = x[i] * cuda.popc(above)
    if cuda.any_sync(FULL, x[i] > 1.9):
        value = math.sin(value)
    if cuda.all_sync(FULL, x[i] > 0.1):
        value *= x[i]
    out[i] = value * cuda.popc(above & cuda.lanemask_lt())


@njit
def matched_twin(x, groups, out):
    for i in range(LANES):
        out[i] = x[i] ** 2 * (groups == groups[i]).sum() + x[LANES - 1 - i] * groups[(i + 1) % LANES]


@record(matched_twin, lambda rng: [*arrays(1, LANES)(rng), rng.integers(0, 4, LANES), np.zeros(LANES)], (0, 2), 1, LANES)
@cuda.jit
def matched(x, groups, out):
    """Integers are exchanged too, of 64 bits."""
    i = cuda.grid(1)
    same = cuda.match_any_sync(FULL, groups[i])
    out[i] = x[i] ** 2 * cuda.popc(same)
    out[i] += cuda.shfl_xor_sync(FULL, x[i], LANES - 1) * cuda.shfl_sync(FULL, groups[i], i + 1)


@njit
def matched_by_all_twin(x, groups, out):
    for first in range(0, x.size, LANES):
        agree = (groups[first:first + LANES] == groups[first]).all()
        signs = (x[first:first + LANES] > 0.0).sum()
        for i in range(first, first + LANES):
            out[i] = x[i] ** 3 * LANES if agree else (x[i] if signs in (0, LANES) else x[first])


@record(matched_by_all_twin, lambda rng: [*arrays(1, 3 * LANES)(rng), np.repeat([7, 0, 5], LANES) + np.arange(3 * LANES) // 40,
                                          np.zeros(3 * LANES)], (0, 2), 3, LANES)
@cuda.jit
def matched_by_all(x, groups, out):
    i = cuda.grid(1)
    lanes, agree = cuda.match_all_sync(FULL, groups[i])
    alike, signs = cuda.match_all_sync(FULL, np.float32(1.0 if x[i] > 0.0 else -1.0))
    first = cuda.shfl_sync(FULL, x[i], 0)
    if agree:
        out[i] = x[i] ** 3 * cuda.popc(lanes)
    else:
        out[i] = x[i] if signs and alike != 0 else first


@njit
def led_twin(x, out):
    for w in range(x.size // LANES):
        leader = -1
        for i in range(w * LANES, (w + 1) * LANES):
            if x[i] > 1.0:
                leader = i if leader < 0 else leader
                out[i] = x[leader] ** 2 * x[i]


@record(led_twin, arrays(2, 2 * LANES), (0, 1), 2, LANES)
@cuda.jit
def led(x, out):
    """The lanes that came here, whichever those are, read from the first of them."""
    i = cuda.grid(1)
    if x[i] > 1.0:
        mask = cuda.activemask()
        first = cuda.ffs(mask) - 1
        out[i] = cuda.shfl_sync(mask, x[i] ** 2, first) * x[i]


@njit
def warp_maximum_twin(x, out):
    for w in range(out.size):
        out[w] = x[w * LANES:(w + 1) * LANES].max() ** 2


@record(warp_maximum_twin, lambda rng: [*arrays(1, 2 * LANES)(rng), np.zeros(2)], (0, 1), 2, LANES)
@cuda.jit
def warp_maximum(x, out):
    i = cuda.grid(1)
    value = x[i]
    for n in range(5):
        value = max(value, cuda.shfl_xor_sync(FULL, value, 16 >> n))
    if cuda.laneid == 0:
        out[cuda.blockIdx.x] = value * value


@njit
def waits_for_its_warp_twin(x, out):
    for i in range(x.size):
        first = i // LANES * LANES
        out[i] = x[first + (i + 1) % LANES] ** 2 * x[i]


@record(waits_for_its_warp_twin, arrays(2, 2 * LANES), (0, 1), 1, 2 * LANES)
@cuda.jit
def waits_for_its_warp(x, out):
    cells = cuda.shared.array(64, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[t]
    cuda.syncwarp()
    value = cells[t // LANES * LANES + (t + 1) % LANES]
    cuda.syncwarp()
    cells[t] = value * value
    cuda.syncwarp()
    out[t] = cells[t] * x[t]


@njit
def block_sum_twin(x, out):
    for b in range(out.size):
        total = 0.0
        for i in range(b * 2 * LANES, (b + 1) * 2 * LANES):
            total += math.sqrt(x[i])
        out[b] = total * total


@record(block_sum_twin, lambda rng: [*arrays(1, 4 * LANES)(rng), np.zeros(2)], (0, 1), 2, 2 * LANES)
@cuda.jit
def block_sum(x, out):
    """Warps through shuffles, their sums through shared memory."""
    sums = cuda.shared.array(2, dtype=np.float64)
    i, lane, warp = cuda.grid(1), cuda.laneid, cuda.threadIdx.x // LANES
    total = math.sqrt(x[i])
    for n in range(5):
        total += cuda.shfl_xor_sync(FULL, total, 16 >> n)
    if lane == 0:
        sums[warp] = total
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        out[cuda.blockIdx.x] = (sums[0] + sums[1]) ** 2
