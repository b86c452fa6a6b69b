"""The front end of numba-cuda, and what the back end makes of its kernels."""
import re

import numpy as np
import pytest

import dpcompile as dp
from dpcompile import errors
from dpcompile.targets.cuda import backend
from dpcompile.targets.cuda.frontend import compile_kernel, shared_by_name

pytest.importorskip("numba_cuda")

from numba import cuda, float64

VECTOR = float64[::1]


@cuda.jit(device=True)
def square(x):
    return x * x


@cuda.jit
def waits(x, out):
    cells = cuda.shared.array(32, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = square(x[cuda.grid(1)])
    cuda.syncthreads()
    out[cuda.grid(1)] = cells[31 - t]


@cuda.jit
def recursive_free(a, x):
    i = cuda.grid(1)
    if i < x.size:
        x[i] = a * x[i]


@cuda.jit(device=True)
def low_bits(x, i):
    return x.view(np.int32)[2 * i]


@cuda.jit
def rounded(x, out):
    out[0] = x[0] if low_bits(x, 0) > 0 else 2.0 * x[0]


def test_what_is_compiled_to_be_differentiated_is_not_what_is_launched():
    """A launch could not resolve the calls that tell the passes of views."""
    assert "dp.view." in compile_kernel(rounded, (VECTOR, VECTOR)).text
    assert not low_bits.overloads


def test_device_functions_find_their_processor_where_there_is_none():
    """numba-cuda asks for the device by this name where it compiles device functions."""
    from numba.cuda import dispatcher
    assert callable(dispatcher.get_current_device)


def test_pointers_are_moved_as_numba_cuda_does():
    """What is put in its place takes the same parameters."""
    from inspect import signature

    from numba.cuda import cgutils

    from dpcompile.targets.cuda.numba_cuda import _pointer_add
    assert list(signature(cgutils.pointer_add).parameters) == list(signature(_pointer_add).parameters)


def test_all_is_inlined_and_what_a_block_shares_goes_by_its_name():
    text = compile_kernel(waits, (VECTOR, VECTOR)).text
    assert len(re.findall(r"^define", text, re.MULTILINE)) == 1
    assert re.search(r"^@dp\.shared\.\S+ = external .*global \[32 x double\]", text, re.MULTILINE)
    assert "addrspace" not in text
    barrier = re.search(r"call void @llvm\.nvvm\.barrier.*", text)
    assert barrier
    group = re.search(r"^declare void @llvm\.nvvm\.barrier\S* (#\d+)$", text, re.MULTILINE)[1]
    assert "convergent" in re.search(rf"^attributes {group} = .*", text, re.MULTILINE)[0]


def test_lines_of_the_kernel_are_known():
    assert "DILocation" in compile_kernel(waits, (VECTOR, VECTOR)).text


def test_names_of_shared_variables():
    text = '@"a b" = addrspace(3) global [2 x float] undef, align 4\n  %p = addrspacecast ptr addrspace(3) @"a b" to ptr\n'
    assert shared_by_name(text) == ('@"dp.shared.a b" = external global [2 x float], align 4\n'
                                    '  %p = bitcast ptr @"dp.shared.a b" to ptr\n')


def test_ptx_has_shared_memory_in_its_place_and_both_barriers():
    text = dp.cuda.compile(dp.cuda.grad(waits), (VECTOR, VECTOR), cc=(9, 0))
    assert ".target sm_90" in text and ".visible .entry waits_grad(" in text
    assert len(re.findall(r"^\s*\.shared .*\[256\]", text, re.MULTILINE)) == 2     # the cells and their shadow
    # Cleared; the kernel's; its mirror, in a sweep for threads that are apart and in one for those that may meet.
    assert len(re.findall(r"\tbar\.sync", text)) == 4
    assert "atom.shared.add.f64" in text and "atom.global.add.f64" in text


def test_ptx_for_other_processors():
    assert ".target sm_80" in dp.cuda.compile(recursive_free, (float64, VECTOR), cc=(8, 0))


def test_signatures_say_what_is_wanted():
    gradient = dp.cuda.grad(recursive_free)
    constant = dp.cuda.compile(gradient, (float64, VECTOR))
    active = dp.cuda.compile(gradient, (dp.Active(float64), VECTOR))
    assert len(active) > len(constant)
    with pytest.raises(errors.AnnotationError, match="Numba types"):
        dp.cuda.compile(gradient, (1.0, VECTOR))


@pytest.mark.parametrize(("symbol", "known"), [("llvm.fma.f64", True), ("llvm.smax.i64", True), ("llvm.sin.f64", False),
                                              ("llvm.nvvm.read.ptx.sreg.tid.x", True), ("sin", False), ("__nv_sin", False)])
def test_what_the_code_generator_takes(symbol, known):
    assert backend._is_known(symbol) is known


def test_the_account_says_who_adds_how():
    @cuda.jit
    def neighbours(x, out):
        own = cuda.local.array(4, dtype=np.float64)
        i = cuda.grid(1)
        for k in range(4):
            own[k] = x[i + k]
        out[i] = own[i % 4]

    account = dp.cuda.grad(neighbours).explain((VECTOR, VECTOR))
    rows = account[account.index("Additions to shadows"):]
    assert "atomic: other threads may read the same cell" in rows and "plain: the memory is the thread's own" in rows


def test_kernels_carry_their_derivatives():
    @dp.cuda.jit
    def doubled(x):
        i = cuda.grid(1)
        if i < x.size:
            x[i] *= 2.0

    @dp.cuda.jit(fastmath=True)
    def halved(x):
        i = cuda.grid(1)
        if i < x.size:
            x[i] *= 0.5

    for kernel, factor in ((doubled, 2.0), (halved, 0.5)):
        x, dx = np.ones(4), np.ones(4)
        dp.cuda.simulate(kernel, 1, 4, [x])
        dp.cuda.simulate(kernel.grad, 1, 4, [dp.Duplicated(x, dx)])
        assert (x == factor ** 2).all() and (dx == factor).all()
        dp.cuda.simulate(kernel.jvp, 1, 4, [dp.Duplicated(x, dx)])
        assert (x == factor ** 3).all() and (dx == factor ** 2).all()
    assert halved.targetoptions["fastmath"]


def test_errors_name_the_line():
    @cuda.jit
    def takes_a_number(x, out):
        out[1] = cuda.atomic.add(out, 0, x[cuda.grid(1)])

    with pytest.raises(errors.UnsupportedError, match=r"test_frontend\.py:\d+, in .*takes_a_number"):
        dp.cuda.compile(dp.cuda.grad(takes_a_number), (VECTOR, VECTOR))
