"""What MLIR translates to becomes what the passes take: text, no compiler of kernels is needed."""
import re

import llvmlite.binding as llvm
import pytest
from numba.core import types

from dpcompile import errors
from dpcompile.targets.cuda.memrefs import ENTRY, with_entry, with_shuffles_by_name, with_variables_in_front, without_spaces

HEAD = 'target triple = "nvptx64-nvidia-cuda"\n@failed = common global i32 0\n'


def matrix(layout):
    return types.Array(types.float64, 2, layout)


def converted(parameters, arguments, body="  ret void"):
    text = f"{HEAD}define ptx_kernel void @kernel({parameters}) {{\n{body}\n}}\n"
    made = with_entry(text, arguments, "kernel", "failed")
    llvm.parse_assembly(made).verify()
    return made[made.index(f"@{ENTRY}("):]


MEMREF = "ptr %0, ptr %1, i64 %2, i64 %3, i64 %4, i64 %5, i64 %6"


@pytest.mark.parametrize(("layout", "code", "steps"), [
    ("C", "mul nsw i64 1, %arg.0.shape.1", "i64 %arg.0.step.1, i64 1"),
    ("F", "mul nsw i64 1, %arg.0.shape.0", "i64 1, i64 %arg.0.step.1"),
    ("A", "sdiv exact i64 %arg.0.strides.1, 8", "i64 %arg.0.step.0, i64 %arg.0.step.1"),
])
def test_an_array_is_handed_on_as_a_memref(layout, code, steps):
    entry = converted(MEMREF, (matrix(layout),))
    assert code in entry
    assert f"ptr %arg.0.data, ptr %arg.0.data, i64 0, i64 %arg.0.shape.0, i64 %arg.0.shape.1, {steps}, ptr" in entry


def test_numbers_and_tuples_are_handed_on():
    pair = types.Tuple((types.float32, types.int64))
    entry = converted("{ double, double } %0, i1 %1, float %2, i64 %3", (types.complex128, types.boolean, pair))
    assert "i8 %arg.1" in entry.partition(")")[0] and "{ double, double } %arg.0.whole, i1 %arg.1.true, float %arg.2.0" in entry


def test_a_convention_that_is_not_known_is_refused():
    with pytest.raises(errors.BackendError, match="in a way that is not known: ptr, ptr, i64"):
        converted("ptr %0, ptr %1, i64 %2", (matrix("C"),))


def test_an_exception_is_a_status_and_the_first_one_stays():
    body = "  %2 = cmpxchg ptr @failed, i32 0, i32 3 monotonic monotonic, align 4\n  ret void"
    text = with_entry(f"{HEAD}define ptx_kernel void @kernel(i64 %0) {{\n{body}\n}}\n", (types.int64,), "kernel", "failed")
    assert "@failed" not in text and "cmpxchg" not in text
    assert "select i1 %dp.failure.2.first, i32 3, i32 %2" in text


def test_an_exception_in_a_function_that_is_called_is_refused():
    body = "  %1 = cmpxchg ptr @failed, i32 0, i32 3 monotonic monotonic, align 4\n  ret void"
    text = (f"{HEAD}define void @inner() {{\n{body}\n}}\n"
            "define ptx_kernel void @kernel() {\n  call void @inner()\n  ret void\n}\n")
    with pytest.raises(errors.UnsupportedError, match="a device function that is not inlined may raise"):
        with_entry(text, (), "kernel", "failed")


def test_intrinsics_that_are_not_known_are_refused_by_name():
    with pytest.raises(errors.UnsupportedError, match=r"llvm\.nvvm\.redux\.sync\.add"):
        with_entry(f"{HEAD}declare i32 @llvm.nvvm.redux.sync.add(i32, i32)\n", (), "kernel", "failed")


def test_a_device_function_is_refused():
    with pytest.raises(errors.UnsupportedError, match="it is no kernel"):
        with_entry("define double @inner() {\n  ret double 0.0\n}\n", (), "inner", "failed")


def test_text_that_cannot_be_read_is_refused():
    with pytest.raises(errors.UnsupportedError, match="cannot read what was made of it"):
        converted("i64 %0", (types.int64,), "  %2 = unheard of\n  ret void")


def test_pointers_are_of_one_space_and_variables_stay_in_theirs():
    text = without_spaces("@cells = private addrspace(3) global [4 x float] undef\n"
                          "  %1 = getelementptr inbounds nuw float, ptr addrspace(3) @cells, i64 %0\n"
                          "  %2 = addrspacecast ptr %9 to ptr addrspace(1)\n"
                          "  %3 = load float, ptr addrspace(3) %1\n"
                          "  store float %3, ptr addrspacecast (ptr addrspace(4) @fixed to ptr)\n")
    assert text == ("@cells = private addrspace(3) global [4 x float] undef\n"
                    "  %1 = getelementptr inbounds float, ptr addrspacecast (ptr addrspace(3) @cells to ptr), i64 %0\n"
                    "  %2 = bitcast ptr %9 to ptr\n"
                    "  %3 = load float, ptr %1\n"
                    "  store float %3, ptr addrspacecast (ptr addrspace(4) @fixed to ptr)")


@pytest.mark.parametrize(("mode", "own", "clamp"), [
    ("up", "up", 0), ("down", "down", 31), ("bfly", "xor", 31), ("idx", "idx", 31)])
def test_shuffles_go_by_their_names(mode, own, clamp):
    text = with_shuffles_by_name(f"  %1 = call float @llvm.nvvm.shfl.sync.{mode}.f32(i32 -1, float %0, i32 4, i32 {clamp})\n"
                                 f"declare float @llvm.nvvm.shfl.sync.{mode}.f32(i32, float, i32, i32)\n")
    assert text.splitlines()[0] == f"  %1 = call float @dp.shuffle.{own}.f32(i32 -1, float %0, i32 4)"
    declared = rf"^declare float @dp\.shuffle\.{own}\.f32\(i32, float, i32\) convergent"
    assert "llvm.nvvm" not in text and re.search(declared, text, re.MULTILINE)


@pytest.mark.parametrize(("mode", "clamp"), [("up", 31), ("down", 0), ("down", 6175)])
def test_a_shuffle_among_some_lanes_is_refused(mode, clamp):
    with pytest.raises(errors.UnsupportedError, match="shfl"):
        with_entry(f"  %1 = call float @llvm.nvvm.shfl.sync.{mode}.f32(i32 -1, float %0, i32 4, i32 {clamp})\n"
                   f"declare float @llvm.nvvm.shfl.sync.{mode}.f32(i32, float, i32, i32)\n", (), "kernel", "failed")


LOOP = """define void @f(ptr %0) {{
  br label %2

2:
  %3 = alloca i64, i64 2, align 8
  %4 = getelementptr inbounds i64, ptr %3, i32 1
  {use}
  br label %2
}}"""


def test_a_variable_of_a_loop_stands_in_front():
    text = with_variables_in_front(LOOP.format(use="store i64 0, ptr %4"), "f")
    llvm.parse_assembly(text).verify()
    assert text.splitlines()[1] == "  %dp.local.3 = alloca i64, i64 2, align 8"


@pytest.mark.parametrize("use", ["store ptr %4, ptr %0", "store ptr %3, ptr %0", "call void @g(ptr %3)",
                                 "%5 = select i1 true, ptr %4, ptr %0"])
def test_a_variable_of_a_loop_that_is_handed_on_is_refused(use):
    with pytest.raises(errors.UnsupportedError, match="at the beginning of the kernel"):
        with_variables_in_front(LOOP.format(use=use), "f")
