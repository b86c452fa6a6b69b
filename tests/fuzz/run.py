"""Differentiate random programs and report those that go wrong: ``python -m tests.fuzz.run --count 2000 --jobs 2``.

The exit status is 0 when no derivative is wrong, nothing crashes or leaks; refusals are listed, for they should be rare.
``--only Tuples`` gives every program a construct of ``tests/fuzz/grammar`` beside those that it draws.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fuzz.examine import Verdict
from tests.fuzz.generate import generate
from tests.fuzz.grammar import OPTIONAL
from tests.fuzz.program import Program
from tests.fuzz.shrink import as_test, shrink
from tests.fuzz.worker import Worker


def report(program: Program, verdict: Verdict, worker: Worker, shrinking: bool) -> None:
    reason = verdict.detail.splitlines()[0][:300] if verdict.detail else ""
    print(f"seed {program.seed}: {verdict.kind} ({', '.join(program.constructs)}): {reason}")
    if shrinking:
        small = shrink(program, worker)
        print(as_test(small, worker.examine(small).detail))
    sys.stdout.flush()


def examine_all(seeds: range, shrinking: bool, only: str | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The verdict on each seed, from one worker, and the constructs of the program."""
    worker = Worker()
    for seed in seeds:
        program = generate(seed, only)
        verdict = worker.examine(program)
        if verdict.kind != "right":
            report(program, verdict, worker, shrinking)
        elif seed % 50 == 0:
            print(f"seed {seed}: right", flush=True)
        yield verdict.symptom if verdict.kind == "refused" else verdict.kind, program.constructs
    worker.close()


def table(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--shrink", action="store_true", help="cut each failing program down and print it as a test")
    names = [construct.__name__ for construct in OPTIONAL]
    parser.add_argument("--only", choices=names, help="a construct that every program has")
    options = parser.parse_args()
    shares = [range(options.seed + job, options.seed + options.count, options.jobs) for job in range(options.jobs)]
    with ThreadPoolExecutor(options.jobs) as pool:
        verdicts = pool.map(lambda seeds: list(examine_all(seeds, options.shrink, options.only)), shares)
        found = list(chain.from_iterable(verdicts))
    kinds = Counter(kind for kind, _ in found)
    print("programs with", table(Counter(name for _, constructs in found for name in constructs)))
    print(table(kinds))
    return 1 if kinds["wrong"] + kinds["crash"] + kinds["invalid"] else 0


if __name__ == "__main__":
    sys.exit(main())
