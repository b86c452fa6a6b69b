"""The hot part of a linked module."""
import numba
import numpy as np
from dpcompile.passes.ir.reader import read
from dpcompile.passes.transform.raising_calls import RAISES, prune_raising_calls
from numba import float64

import dpcompile as dp
from dpcompile.frontend.callgraph import scan, without_cold_bodies
from dpcompile.frontend.compile import compile_primal

RAISING = """
define i32 @entry(ptr %retptr, ptr %excinfo, i1 %bad) {
start:
  br i1 %bad, label %complain, label %go
complain:
  %a = call i32 @message(ptr %retptr, ptr %excinfo)
  br label %go
go:
  %b = call i32 @sometimes(ptr %retptr, ptr %excinfo, i1 %bad)
  ret i32 0
}
define i32 @message(ptr %retptr, ptr %excinfo) {
start:
  %a = call i32 @text(ptr %retptr, ptr %excinfo)
  br i1 poison, label %fail, label %hand.on
hand.on:
  ret i32 %a
fail:
  ret i32 1
}
define i32 @text(ptr %retptr, ptr %excinfo) {
start:
  ret i32 0
}
define i32 @sometimes(ptr %retptr, ptr %excinfo, i1 %bad) {
start:
  br i1 %bad, label %complain, label %done
complain:
  %a = call i32 @always(ptr %retptr, ptr %excinfo)
  br label %done
done:
  ret i32 0
}
define i32 @always(ptr %retptr, ptr %excinfo) {
start:
  %a = call i32 @message(ptr %retptr, ptr %excinfo)
  ret i32 0
}
"""


def test_what_always_raises_is_cold():
    graph = scan(RAISING, ["entry"])
    assert graph.raising == {"message", "always"}
    assert set(graph.calls) == {"entry", "sometimes"}
    assert graph.cold_roots == {"message", "always"}


def test_only_hot_blocks_count_as_growth():
    graph = scan(RAISING, ["entry"])
    assert graph.sizes == {"entry": 3, "sometimes": 2}


def test_broadcast_errors_stay_out_of_the_module():
    @numba.njit
    def kernel(x):
        out = np.zeros((2, x.size + 2))
        out[:, 1:-1] = x
        return out.sum()

    primal = compile_primal(kernel, (float64[::1],))
    module = read(primal.text)
    assert [name for name, f in module.functions.items() if not f.is_declaration] == [primal.entry]
    raising = [name for name in module.functions if "raise_with_shape_context" in name]
    assert raising and RAISES in primal.text
    prune_raising_calls(module, module.functions[primal.entry])
    assert all(module.functions[name].always_raises for name in raising)


def test_llvm_sees_that_a_status_is_no_normal_one():
    text = without_cold_bodies(RAISING, scan(RAISING, ["entry"]))
    assert "%a.status = call i32 @message(ptr %retptr, ptr %excinfo)\n  %a = or i32 %a.status, 1\n" in text
    assert "%b = call i32 @sometimes(" in text


def test_what_raises_behind_a_call_with_a_rule_is_cold():
    @numba.njit
    def kernel(x):
        square = np.dot(x, x)
        out = np.zeros((2, x.shape[0] + 2))
        out[:, 1:-1] = square[0]
        return out.sum()

    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    np.testing.assert_allclose(dp.grad(kernel)(x), dp.grad(numba.njit(lambda x: 2 * (x @ x)[0].sum()))(x))
