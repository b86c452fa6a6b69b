"""The hot part of a linked module."""
import numba
import numpy as np
from dpcompile.passes.ir.reader import read
from dpcompile.passes.transform.raising_calls import RAISES, prune_raising_calls
from numba import float64

from dpcompile.frontend.callgraph import scan
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
