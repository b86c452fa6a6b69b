"""Numba functions arrive as one prepared module."""
import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from dpcompile.passes.analysis import loops
from dpcompile.passes.errors import IrreducibleError
from dpcompile.passes.ir.reader import read
from numba import float64, int64

from dpcompile.frontend.callgraph import scan
from dpcompile.frontend.compile import Primal, compile_primal, with_reducible_cycles


def defined(text):
    return [function for function in llvm.parse_assembly(text).functions if not function.is_declaration]


def test_callees_are_inlined():
    helper = numba.njit(lambda x: x * 2.0)
    primal = compile_primal(numba.njit(lambda x: helper(x) + np.sum(np.ones(3) * x)), (float64,))
    assert [function.name for function in defined(primal.text)] == [primal.entry]


def test_recursion_stays_a_direct_call():
    @numba.njit
    def power(x, n):
        if n <= 0:
            return 1.0
        return x * power(x, n - 1)

    primal = compile_primal(numba.njit(lambda x: power(x, 3)), (float64,))
    assert "numba.unresolved" not in primal.text
    assert len(defined(primal.text)) == 2


def test_error_text_is_kept_out():
    @numba.njit
    def refuse(x, n):
        if n > 3:
            raise ValueError(f"{n} is too large")
        return x * n

    primal = compile_primal(refuse, (float64, int64))
    assert len(primal.text.splitlines()) < 250
    assert len(defined(primal.text)) == 1
    assert "unicode_concat" in primal.support


def test_source_lines_survive():
    primal = compile_primal(numba.njit(lambda x: x * x), (float64,))
    assert "test_compile.py" in primal.text


def test_explicit_signatures_stay():
    single = numba.njit("float32(float32)")(lambda x: x * x)
    primal = compile_primal(single, (float64,))
    assert primal.signature.args == (numba.float32,)


@pytest.mark.parametrize("level", ["0", "1", "2", "3"])
def test_every_level_of_preparation(monkeypatch, level):
    monkeypatch.setenv("DPCOMPILE_PREOPT", level)
    primal = compile_primal(numba.njit(lambda x: np.sum(x)), (float64[::1],))
    llvm.parse_assembly(primal.text).verify()
    assert len(defined(primal.text)) == 1


HOT_AND_COLD = """
define i32 @entry(ptr %retptr, ptr %excinfo, i1 %bad) {
start:
  br i1 %bad, label %fail, label %go
fail:
  %a = call i32 @message(ptr %retptr, ptr %excinfo)
  ret i32 1
go:
  %b = call i32 @helper(ptr %retptr, ptr %excinfo)
  br i1 %bad, label %hand.on, label %done
hand.on:
  ret i32 %b
done:
  ret i32 0
}
define i32 @helper(ptr %retptr, ptr %excinfo) {
start:
  ret i32 0
}
define i32 @message(ptr %retptr, ptr %excinfo) {
start:
  %a = call i32 @text(ptr %retptr, ptr %excinfo)
  ret i32 0
}
define i32 @text(ptr %retptr, ptr %excinfo) {
start:
  ret i32 0
}
"""


def test_what_only_errors_reach_is_cold():
    graph = scan(HOT_AND_COLD, ["entry"])
    assert set(graph.calls) == {"entry", "helper"}
    assert graph.cold == {"message", "text"}
    assert graph.cold_roots == {"message"}
    assert graph.inlined() == {"helper", "entry"}


CYCLE = """
define i32 @f(i1 %c, double %x, ptr %y) !dbg !4 {
entry:
  br i1 %c, label %first, label %second, !dbg !5
first:
  %v = phi double [ %x, %entry ], [ %w, %second ]
  %product = fmul double %v, %x, !dbg !6
  store double %product, ptr %y
  br i1 %c, label %second, label %end, !dbg !5
second:
  %u = phi double [ %x, %entry ], [ %product, %first ]
  %w = fadd double %u, 1.0, !dbg !6
  br label %first, !dbg !5
end:
  ret i32 0, !dbg !5
}

!llvm.module.flags = !{!0}
!llvm.dbg.cu = !{!1}
!0 = !{i32 2, !"Debug Info Version", i32 3}
!1 = distinct !DICompileUnit(language: DW_LANG_C_plus_plus, file: !2, emissionKind: LineTablesOnly)
!2 = !DIFile(filename: "user.py", directory: "/tmp")
!3 = !DISubroutineType(types: !{})
!4 = distinct !DISubprogram(name: "f", scope: !2, file: !2, line: 1, type: !3, unit: !1)
!5 = !DILocation(line: 1, scope: !4)
!6 = !DILocation(line: 7, scope: !4)
"""


def test_cycles_get_one_way_in_and_keep_their_lines():
    """As LLVM may leave them; the module is in canonical form again."""
    primal = Primal("f", None, "f", CYCLE, "", {})
    with pytest.raises(IrreducibleError):
        loops.analyse(read(CYCLE).functions["f"])
    module = read(with_reducible_cycles(primal).text)
    assert len(list(loops.analyse(module.functions["f"]))) == 1
    (product,) = [i for i in module.functions["f"].instructions() if i.opcode == "fmul"]
    assert module.locations[product.location].line == 7
