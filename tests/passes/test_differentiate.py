"""Hand-written functions differentiated in every mode: primal unchanged, modes agree, and both agree with differences.

The dot test ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ compares forward with reverse at rounding error; differences of fourth order check that
both are the derivative of the primal; and the reverse of split mode gives the same again, also the second time.
"""
from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest
from dpcompile.passes import pipeline
from dpcompile.passes.errors import PassError
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.writer import write
from dpcompile.passes.transform.dependency import BITS
from dpcompile.passes.transform.reducible import make_reducible
from dpcompile.passes.transform.tape import TAPE_FULL

from tests.passes.machine import WIDTH, Machine, copies, pairing, request
from tests.sampling import one_in

FOLDER = Path(__file__).parent / "differentiate"
PASSES = ("add_loop_simplify_pass", "add_lcssa_pass", "add_instruction_namer_pass")


@functools.cache
def text_of(name: str) -> str:
    """A file of functions, in the loop form that every front end must bring them into."""
    text = (FOLDER / f"{name}.ll").read_text()
    module = llvm.parse_assembly(reducible(text) if name == "cycles" else text)
    manager = llvm.create_new_module_pass_manager()
    for step in PASSES:
        getattr(manager, step)()
    manager.run(module, llvm.create_pass_builder(
        llvm.Target.from_default_triple().create_target_machine(), llvm.create_pipeline_tuning_options()))
    return str(module)


def reducible(text: str) -> str:
    module = read(text)
    assert [make_reducible(function) for function in module.functions.values()].count(True) == 2
    return write(module)


@dataclass(frozen=True)
class Case:
    """A function with arguments to call it with; ``constant``: positions of floats that are not asked for."""

    file: str
    entry: str
    arguments: tuple
    constant: tuple[int, ...] = ()
    #: The differences cannot see more than this, relatively.
    precision: float = 1e-7
    agreement: float = 1e-12

    def __str__(self) -> str:
        return self.entry


def numbers(*values: float) -> np.ndarray:
    return np.array(values, float)


def spread(count: int, low: float = 0.4, high: float = 1.7) -> np.ndarray:
    """Numbers between ``low`` and ``high``, no two alike, in no order."""
    return low + (high - low) * (0.618034 * np.arange(1, count + 1) % 1)


def records(*rows: tuple[int, float]) -> np.ndarray:
    """Records of an integer and a float, as the floats that have the same bits."""
    return np.array(list(rows), dtype=[("count", "i8"), ("value", "f8")]).view("f8")


def loops(entry: str, *arguments: object, **fields) -> Case:
    return Case("loops", entry, arguments, **fields)


def scalars(entry: str, *arguments: object, **fields) -> Case:
    return Case("scalars", entry, arguments, **fields)


def memory(entry: str, *arguments: object, **fields) -> Case:
    return Case("memory", entry, arguments, **fields)


def calls(entry: str, *arguments: object, **fields) -> Case:
    return Case("calls", entry, arguments, **fields)


def cycles(entry: str, *arguments: object, **fields) -> Case:
    return Case("cycles", entry, arguments, **fields)


#: First element, stride, count.
WAYS = ((0, 3, 40), (0, 3, 3), (117, -3, 40), (120, -4, 30), (0, 2, 40), (0, 1, 40), (90, -1, 40), (5, 0, 20))
#: Rows, columns, steps from row to row of what is read and stored, cells between the two or -1.
NEIGHBOURS = [(10, 24, 26, 24, -1), (3, 8, 10, 8, -1), (4, 9, 11, 9, -1), (2, 24, 26, 24, -1), (10, 7, 9, 7, -1),
              (10, 24, 26, 23, -1), (10, 24, 26, 0, -1), (10, 24, 0, 24, -1), (10, 24, 1, 24, -1), (10, 24, 0, 0, -1),
              (4, 24, 26, 30, 200), (4, 24, 26, 26, 27), (4, 24, 26, 26, 156), (4, 24, 26, 26, 155), (4, 24, 52, 52, 26),
              (4, 0, 26, 26, -1)]

#: Columns, rows, steps from row to row and from sum to sum, cells between the two arrays or -1, whether sums are wanted.
COLUMNS = [(12, 5, 12, 1, -1, 1), (300, 4, 300, 1, -1, 1), (8, 3, 8, 1, -1, 1), (7, 5, 12, 1, -1, 1), (12, 2, 12, 1, -1, 1),
           (12, 5, 12, 3, -1, 1), (12, 5, 12, 0, -1, 1), (12, 5, 12, -1, 100, 1), (12, 5, 12, 1, 25, 1), (12, 5, 12, 1, 59, 1),
           (12, 5, 12, 1, 60, 1), (12, 5, 1, 1, 15, 1), (12, 5, 1, 1, 16, 1), (12, 5, 0, 1, -1, 1), (12, 5, 12, 1, -1, 0)]
CLAMPED = [(8, 20, 1), (8, 20, -1), (1, 9, 0), (2, 9, 0), (3, 8, 0), (4, 9, 5), (4, 7, 0), (5, 1, 1), (5, 2, 1)]


CASES = [
    cycles("two_doors", 0.7, 0.3, np.zeros(1), 6, 0),
    cycles("two_doors", 0.7, 0.3, np.zeros(1), 6, 1),
    cycles("two_doors", 0.7, 0.3, np.zeros(1), 1, 1),
    cycles("doors_in_a_loop", numbers(0.7, -0.4, 1.3, -1.1), np.zeros(1), 4),
    loops("scale", spread(5), np.zeros(5), 1.5, 5),
    loops("sum_of_squares", spread(5), np.zeros(1), 5),
    loops("sum_of_squares", spread(5), np.zeros(1), 0),
    loops("rotating", spread(6), np.zeros(2), 0.3, 0.8, 6),
    loops("rotating", spread(6), np.zeros(2), 0.3, 0.8, 1),
    loops("countdown", spread(6), np.zeros(6), 6),
    loops("countdown", spread(6), np.zeros(6), 5),
    loops("countdown", spread(6), np.zeros(6), 0),
    loops("triangular", spread(5), spread(5, -1, 1), 5),
    loops("guarded_nest", spread(6), spread(3), 3, 6),
    loops("guarded_nest", spread(6), spread(3), 3, 3),
    loops("guarded_nest", spread(6), spread(3), 3, 0),
    loops("guarded_nest", spread(6), spread(3), 3, -5),
    loops("newton", 2.0, np.zeros(1)),
    loops("newton", 200.0, np.zeros(1)),
    loops("two_exits", spread(5), np.zeros(1), 100.0, 5),
    loops("two_exits", spread(5), np.zeros(1), 2.5, 5),
    loops("two_exits", spread(5), np.zeros(1), 100.0, 0),
    loops("two_exits", np.array([0.5, 1.2, -0.7, 1.5]), np.zeros(1), 100.0, 4),
    loops("early_exit", spread(4), np.zeros(1), 100.0, 4),
    loops("early_exit", spread(4), np.zeros(1), 1.7, 4),
    loops("early_exit", spread(4), np.zeros(1), 0.0, 4),
    loops("many_steps", 1.0, 0.01, 60.0, np.zeros(1), constant=(2,), precision=1e-6),
    loops("choices", numbers(0.3, -0.8, 0.7, 0.2, 0.9, -0.9, -0.2), np.zeros(1), 7),
    loops("switching", spread(6), np.array([4, 0, 2, 9, 1, 3]), np.zeros(1), 6),
    loops("switching", spread(6), np.array([4, 2, 0, 9, 1, 7]), np.zeros(1), 6),
    loops("mixed_nest", spread(3), np.zeros(1), 4.0, 3, constant=(2,)),
    loops("kept_truth", numbers(0.7, 1.3, -0.4, 0.2), numbers(0.9), 4),
    loops("narrow_counter", spread(12), np.zeros(1)),
    scalars("arithmetic", 0.7, 1.3, 0.4, np.zeros(1)),
    scalars("constant_operands", 0.7, 1.3, np.zeros(1)),
    scalars("square", 0.7, np.zeros(1)),
    scalars("extremes", 0.7, 1.3, np.zeros(1)),
    scalars("remainder", 7.3, 2.1, np.zeros(1)),
    scalars("remainder", -7.3, 2.1, np.zeros(1)),
    scalars("single", 0.7, 1.3, np.array([0.9], "f4"), np.zeros(1, "f4"), precision=2e-3, agreement=1e-5),
    scalars("gated_select", 0.7, 1.3, np.zeros(1)),
    scalars("gated_branch", 0.7, 1.3, np.zeros(1)),
    scalars("gated_flat", 0.7, 1.3, np.zeros(1)),
    scalars("gated_memory", spread(3), np.zeros(3), np.zeros(3), 3),
    scalars("either", 0.7, 1.9, np.zeros(1)),
    scalars("either", 0.3, 1.9, np.zeros(1)),
    scalars("returns_nothing", numbers(0.7), np.zeros(1)),
    scalars("returns", 0.7, np.zeros(1)),
    scalars("returns", 1.7, np.zeros(1)),
    *(memory(f"swap_{how}", spread(2), np.zeros(2), steps) for how in ("phis", "parity", "copied", "memory")
      for steps in (1, 4, 5)),
    memory("moves", spread(6), 32),
    memory("moves", spread(6), 8),
    memory("fills", spread(5), np.zeros(5)),
    memory("integer_zero", spread(1), np.zeros(2)),
    memory("integer_copies", spread(2), np.zeros(2), 1),
    memory("integer_copies", spread(2), np.zeros(2), 0),
    memory("integer_looked_at", numbers(0.7), np.zeros(1)),
    memory("integer_looked_at", numbers(-0.7), np.zeros(1)),
    memory("running_product", spread(6), 6),
    memory("allocating", spread(4), np.zeros(4), 4),
    memory("stack_table", spread(4), np.zeros(1)),
    memory("heat", spread(7), spread(7, 0, 1), 6, 4),
    memory("nonlinear_stencil", spread(7), spread(7, 0, 1), 6, 4),
    memory("packed", spread(5), spread(16), 5, 3),
    memory("packed_wider", spread(5), spread(26), 5, 3),
    memory("negative_indices", spread(6), np.zeros(1), 6),
    memory("pairs", spread(5), spread(5, 0, 1), 5, 3),
    memory("pairs_moving", spread(5), spread(5, 0, 1), 5, 3),
    memory("matmul", spread(9), spread(9, -1, 1), spread(9, 0, 1), 3),
    memory("lotka_volterra", 0.7, 1.2, 0.05, np.zeros(2), 20),
    memory("shared_pointer", spread(5), spread(5), np.zeros(1), 5, constant=(1,)),
    memory("shared_pointer", spread(5), spread(5), np.zeros(1), 5),
    memory("table_copied", spread(2), np.zeros(4), 1),
    memory("table_copied", spread(2), np.zeros(4), 0),
    memory("global_table", spread(3), np.zeros(1)),
    memory("walking", spread(10), np.zeros(5), 5),
    memory("shared_target", spread(5), numbers(0.6), np.zeros(2), 5, constant=(1,)),
    memory("zeroed", spread(6), np.zeros(6), 6),
    memory("checked_loop", spread(6), 2.0, 6, constant=(1,)),
    memory("scratch", spread(1), np.zeros(1), np.zeros(1), constant=(1,)),
    calls("tree", spread(5), numbers(0.3), 5),
    calls("mutual", 0.7, numbers(0.4), 4),
    calls("mutual", 0.7, numbers(0.4), 0),
    calls("overlapping", spread(4), np.zeros(2)),
    calls("called_steps", numbers(0.7), 0.1, 12.0, constant=(2,)),
    calls("itself", numbers(0.7), 1.2, 4),
    calls("checked", numbers(0.7), np.zeros(1), 1),
    calls("made_by_callee", spread(2), np.zeros(2)),
    calls("two_sites", numbers(0.7), numbers(0.4), 1.2, np.zeros(3), constant=(1,)),
    calls("two_sites", numbers(0.7), numbers(0.4), 1.2, np.zeros(3)),
    calls("behind_a_pointer", spread(2), numbers(0.3)),
    calls("overlap_behind", spread(1), numbers(0.3)),
    calls("overlap_behind_both", spread(1), np.zeros(1)),
    calls("written_behind", spread(2), numbers(0.3)),
    calls("connected", spread(2), np.zeros(1)),
    calls("linked", spread(4), numbers(0.3), 4),
    # Long enough for loops to be distributed over several strips, and for those whose accesses overlap not to be.
    loops("scale", spread(300), np.zeros(300), 1.5, 300),
    loops("countdown", spread(301), np.zeros(301), 301),
    *(memory("heat", spread(n + 1), spread(n + 1, 0, 1), n, 3) for n in (8, 9, 257, 258, 600)),
    memory("nonlinear_stencil", spread(600), spread(600, 0, 1), 599, 3),
    memory("smooth_in_place", spread(300), 299),
    # Rows and columns too few to be gathered and just enough; cells that are stored twice, or read and stored; rows that
    # lie in each other.
    *(memory("neighbours", spread(400), np.zeros(300), *way) for way in NEIGHBOURS),
    # Rows and columns that are too few once those at the borders are apart, and where a choice is the other one all along.
    *(memory("summed_neighbours", spread(60), np.zeros(1), 2, *way) for way in ((2, 5), (2, 20), (4, 5), (5, 12), (4, 15))),
    *(memory("clamped_neighbours", spread(300), np.zeros(300), 0.3, *way) for way in CLAMPED),
    *(memory("far_neighbours", spread(300), spread(300, -1, 1), np.zeros(150), np.zeros(150), *way)
      for way in [(6, 20), (6, 8), (6, 3), (3, 20), (4, 20)]),
    *(memory("flagged_rows", spread(160), np.zeros(140), np.array(flags), 6, 20)
      for flags in [(1, 1, 1, 1, 1, 1), (1, 0, 1, 1, 1, 0), (0, 0, 0, 0, 0, 0), (0, 1, 1, 1, 1, 1)]),
    *(memory("diffusion", spread(200), spread(200, 0, 1), *way) for way in
      [(8, 12, 14, 1, 1), (8, 12, 14, 4, 1), (8, 12, 14, 3, 1), (8, 12, 14, 3, 0), (8, 12, 13, 3, 1), (8, 12, 12, 3, 1),
       (8, 12, 11, 3, 1), (8, 12, 17, 3, 1), (3, 8, 10, 2, 1), (1, 3, 5, 2, 1)]),
    # Loops interchanged, in several strips too, and those whose sums lie among the terms, share cells, or are too few.
    *(memory("columns", spread(1300), spread(12, 0, 1), spread(300, -1, 1), *way, constant=(1,)) for way in COLUMNS),
    *(memory("scaled_columns", spread(60), spread(12), spread(12, 0.5, 1), spread(12, -1, 1), np.zeros(1), *way)
      for way in [(12, 5, 12), (7, 5, 12), (12, 2, 12)]),
    *(memory("column_by_column", spread(80), spread(12), spread(12, -1, 1), *way, constant=(1,))
      for way in [(12, 5, 12, -1), (7, 5, 12, -1), (12, 5, 12, 25), (12, 5, 12, 59), (12, 5, 12, 60)]),
    memory("total_in_memory", spread(5), spread(1), 5),
    memory("running_product", spread(300, 0.9, 1.1), 300),
    memory("matmul", spread(144), spread(144, -1, 1), spread(144, 0, 1), 12),
    memory("scaled_by_second", spread(4), 4),
    # Independent iterations, forwards and backwards, and those that share cells after all; few ones.
    *(memory("strided_windows", spread(130), np.zeros(1), 0.7, *way) for way in WAYS),
]


@functools.cache
def machine(file: str, entry: str, constant: tuple[int, ...], shape: tuple, level: int) -> Machine:
    arguments = [np.zeros(1, kind) if kind else value for kind, value in shape]
    return Machine(text_of(file), entry, arguments, constant, level)


def machine_of(case: Case, level: int = 0) -> Machine:
    shape = tuple((str(v.dtype), None) if isinstance(v, np.ndarray) else ("", type(v)(1)) for v in case.arguments)
    return machine(case.file, case.entry, case.constant, shape, level)


def random_like(values: list, seed: int) -> list:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=v.shape).astype(v.dtype) if isinstance(v, np.ndarray) else float(generator.normal())
            for v in values]


def shifted(case: Case, machine: Machine, tangents: list, step: float) -> list:
    """What the primal leaves in the arrays for arguments moved along the tangents."""
    moved = copies(case.arguments)
    for k, tangent in zip(machine.directions, tangents, strict=True):
        moved[k] = moved[k] + np.asarray(tangent, getattr(moved[k], "dtype", float)) * step
        moved[k] = moved[k] if isinstance(moved[k], np.ndarray) and moved[k].ndim else float(moved[k])
    left = machine.primal(moved)
    return [left[k].astype(float) for k in machine.duplicated]


def differences(case: Case, machine: Machine, tangents: list) -> list[np.ndarray]:
    step = 1e-3 if case.precision < 1e-5 else 1e-2
    points = {m: shifted(case, machine, tangents, m * step) for m in (-2, -1, 1, 2)}
    return [(8 * (p - m) - (pp - mm)) / (12 * step)
            for p, m, pp, mm in zip(points[1], points[-1], points[2], points[-2], strict=True)]


@pytest.mark.parametrize(("case", "level"), [(case, 3) for case in CASES] + [(case, 0) for case in one_in(4, CASES)], ids=str)
def test_modes_agree_with_each_other_and_with_differences(case: Case, level: int) -> None:
    check(case, machine_of(case, level))


def check(case: Case, machine: Machine) -> None:
    tangents = random_like([case.arguments[k] for k in machine.directions], 1)
    seeds = random_like([case.arguments[k] for k in machine.duplicated], 2)
    left = machine.primal(case.arguments)
    after, results = machine.forward(case.arguments, tangents)
    assert all(np.array_equal(a, b) for a, b in zip(left, after, strict=True))

    others = [random_like([case.arguments[k] for k in machine.directions], lane) for lane in range(3, WIDTH + 2)]
    for lane, wide in zip([tangents, *others], machine.wide(case.arguments, [tangents, *others]), strict=True):
        for one, other in zip(machine.forward(case.arguments, lane)[1], wide, strict=True):
            np.testing.assert_allclose(other, one, rtol=case.agreement, atol=case.agreement)

    cotangents = machine.reverse(case.arguments, seeds)
    assert all(np.array_equal(a, b) for a, b in zip(left, machine.left, strict=True))
    product = pairing(seeds, results)
    assert pairing(cotangents, tangents) == pytest.approx(product, rel=case.agreement, abs=case.agreement)
    assert pairing(seeds, differences(case, machine, tangents)) == pytest.approx(product, rel=case.precision,
                                                                                 abs=case.precision)
    for times in (1, 2):
        again = machine.split(case.arguments, seeds, times)
        assert all(np.array_equal(a, b) for a, b in zip(cotangents, again, strict=True))
    check_dependencies(case, machine)


def check_dependencies(case: Case, machine: Machine) -> None:
    """Where the tangent along one input is not zero, the set has that input: for as many inputs as there are bits."""
    given = [np.asarray(case.arguments[k]) for k in machine.directions]
    starts = np.cumsum([0, *(array.size for array in given)])
    sets = machine.dependencies(case.arguments, [singletons(array, start) for array, start in zip(given, starts, strict=False)])
    count = min(starts[-1], BITS * WIDTH)
    units = [[unit(array, start, k) for array, start in zip(given, starts, strict=False)] for k in range(count)]
    for first in range(0, count, WIDTH):
        together = [units[min(first + lane, count - 1)] for lane in range(WIDTH)]
        for k, results in zip(range(first, count), machine.wide(case.arguments, together), strict=False):
            for found, tangent in zip(sets, results, strict=True):
                bits = found[..., k // BITS].astype(np.uint64) >> np.uint64(k % BITS) & np.uint64(1)
                assert np.all((tangent == 0) | (bits == 1))


def singletons(array: np.ndarray, start: int) -> np.ndarray:
    """Each element as the set of itself, counted from ``start``; none where the bits have run out."""
    sets = np.zeros((array.size, WIDTH), np.uint32 if array.dtype == np.float32 else np.uint64)
    for k in range(min(array.size, BITS * WIDTH - start)):
        sets[k, (start + k) // BITS] = 1 << (start + k) % BITS
    return sets.reshape(*array.shape, WIDTH)


def unit(array: np.ndarray, start: int, k: int):
    one = np.zeros(array.size, array.dtype)
    one[k - start:k - start + 1] = start <= k
    return one.reshape(array.shape) if array.ndim else float(one[0])


# What must not leak ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("entry", ["gated_select", "gated_branch"])
@pytest.mark.parametrize("a", [0.0, -1.0])
def test_arm_not_taken_leaks_nothing(entry: str, a: float) -> None:
    machine = machine_of(scalars(entry, 1.0, 1.0, np.zeros(1)))
    assert machine.reverse((a, 2.0, np.zeros(1)), [np.ones(1)])[:2] == [0, 1]
    assert machine.forward((a, 2.0, np.zeros(1)), [1.0, 0.0, np.zeros(1)])[1] == [0]


def test_arm_not_taken_leaks_nothing_through_memory() -> None:
    machine = machine_of(scalars("gated_memory", np.zeros(3), np.zeros(3), np.zeros(3), 3))
    x, zeros = numbers(0, -1, 2), np.zeros(3)
    cotangents = machine.reverse((x, zeros, zeros, 3), [zeros, zeros, np.ones(3)])
    assert np.array_equal(cotangents[0], [1, 1, 0.5])
    _, tangents = machine.forward((x, zeros, zeros, 3), [np.ones(3), zeros, zeros])
    assert np.array_equal(tangents[2], [1, 1, 0.5])


def test_infinity_ends_where_a_function_is_flat() -> None:
    machine = machine_of(scalars("gated_flat", 1.0, 1.0, np.zeros(1)))
    assert machine.reverse((0.0, 0.5, np.zeros(1)), [np.ones(1)])[:2] == [0, 1]
    assert machine.forward((0.0, 0.5, np.zeros(1)), [1.0, 1.0, np.zeros(1)])[1] == [1]


def test_ties_and_kinks() -> None:
    machine = machine_of(scalars("extremes", 1.0, 1.0, np.zeros(1)))
    assert machine.reverse((1.0, 1.0, np.zeros(1)), [np.ones(1)])[:2] == [3, 1]


# Long, failing and refused runs ---------------------------------------------------------------------------------------

def test_a_million_records() -> None:
    machine = machine_of(loops("many_steps", 1.0, 1.0, 1.0, np.zeros(1), constant=(2,)))
    arguments = (1.0, 1e-6, 1e6, np.zeros(1))
    v = machine.primal(arguments)[3][0]
    cotangents = machine.reverse(arguments, [np.ones(1)])
    # dv/dv0 of v' = sin v is sin(v) / sin(v0), but for the step's error.
    assert cotangents[0] == pytest.approx(np.sin(v) / np.sin(1.0), rel=1e-5)
    assert cotangents[1] == pytest.approx(np.sin(v) * 1e6, rel=1e-5)


def test_tape_over_the_limit_is_reported() -> None:
    machine = machine_of(loops("many_steps", 1.0, 1.0, 1.0, np.zeros(1), constant=(2,)))
    arguments = (1.0, 1e-6, 1e6, np.zeros(1))
    machine.reverse(arguments, [np.ones(1)], limit=1_000_000)
    assert machine.status == TAPE_FULL
    machine.reverse(arguments, [np.ones(1)], limit=1 << 30)
    assert machine.status == 0


def test_error_status_and_none() -> None:
    machine = machine_of(scalars("returns", 1.0, np.zeros(1)))
    untouched = machine.reverse((-1.0, np.zeros(1)), [np.ones(1)])
    assert machine.status == 1 and untouched == [0, 1]
    assert machine.reverse((3.0, np.zeros(1)), [np.ones(1)])[0] == 27 and machine.status == -2


def test_always_raising() -> None:
    machine = machine_of(scalars("raises", 1.0, np.zeros(1)))
    machine.reverse((1.0, np.zeros(1)), [np.ones(1)])
    assert machine.status == 1


def test_raising_in_a_loop() -> None:
    machine = machine_of(memory("checked_loop", spread(6), 2.0, 6, constant=(1,)))
    machine.reverse((spread(6), 1.4, 6), [np.ones(6)])
    assert machine.status == 1


def test_call_that_raises() -> None:
    machine = machine_of(calls("checked", numbers(0.7), np.zeros(1), 1))
    machine.reverse((numbers(0.7), np.zeros(1), -1), [np.zeros(1), np.ones(1)])
    assert machine.status == 1


def test_results_go_through_memory() -> None:
    text = "define double @f(double %x) {\n  ret double %x\n}\n"
    with pytest.raises(PassError, match="@f returns double"):
        pipeline.differentiate(text, request(text, "f", (1.0,), "reverse"))


def test_unknown_mode() -> None:
    text = "define i32 @f(double %x) {\n  ret i32 0\n}\n"
    with pytest.raises(PassError, match="unknown mode 'sideways'"):
        pipeline.differentiate(text, request(text, "f", (1.0,), "sideways"))


def test_integers_of_records_are_copied_and_carry_nothing() -> None:
    rows = records((3, 0.5), (5, 0.25))
    case = memory("records", rows, np.zeros(4), 2)
    machine = machine_of(case)
    left = machine.primal(case.arguments)[1].view(np.int64)
    assert list(left[::2]) == [3, 5]
    cotangents = machine.reverse(case.arguments, [np.zeros(4), np.array([9.0, 1.0, 9.0, 1.0])])
    assert list(cotangents[0]) == [9, 2 * 0.5 * 4, 9, 2 * 0.25 * 6] and not cotangents[1].any()
