"""How benchmarks take time and memory: in turns in one process, because a machine's speed changes from minute to minute.

Time is that which the process spends on processors, its threads added up: on a shared machine the clock on the wall runs while
others compute, more often in a long call than in a short one.  Only where threads are compared it is the clock on the wall.
"""
from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def seconds(call: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    start = clock()
    call()
    return clock() - start


#: Seconds of a call that fills the caches by itself.
SLOW = 0.01


def repeated(call: Callable[[], object]) -> Callable[[], float]:
    """Seconds of one call, from enough repetitions for a millisecond; the first calls happen here.  One that is fast is called
    once before, because what ran meanwhile emptied the caches."""
    first, second = seconds(call), seconds(call)
    count = max(1, round(1e-3 / max(min(first, second), 1e-6)))

    def one() -> float:
        if second < SLOW:
            call()
        return seconds(lambda: [call() for _ in range(count)]) / count

    return one


def in_turns(calls: list[Callable[[], object]], rounds: int) -> np.ndarray:
    """Seconds of each call, a row for each round."""
    timed = [repeated(call) for call in calls]
    return np.array([[one() for one in timed] for _ in range(rounds)])


def spread(calls: dict[str, Callable[[], object]], rounds: int, limit: float = 5.0) -> dict[str, np.ndarray]:
    """Seconds of each call, taken in turns; one that would take more than ``limit`` seconds in all takes part in fewer rounds,
    three at least."""
    timed = {name: repeated(call) for name, call in calls.items()}
    last = {name: max(3, int(limit / one())) for name, one in timed.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name, one in timed.items():
            if number < last[name]:
                times[name].append(one())
    return {name: np.array(found) for name, found in times.items()}


def ratio(times: np.ndarray) -> float:
    """The second call beside the first: the median of the ratios of each round."""
    return float(np.median(times[:, 1] / times[:, 0]))


def geometric_mean(numbers) -> float:
    return float(np.exp(np.mean(np.log(list(numbers)))))


def slope(sizes, times) -> float:
    """The power of the size with which the time grows."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def peak_mib(call: Callable[[], object]) -> float:
    """MiB by which the memory of this process grows at most while the call runs (Linux)."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = _status("VmRSS")
    call()
    return _status("VmHWM") - before


def _status(key: str) -> float:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024
