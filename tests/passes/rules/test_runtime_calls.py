"""The table of calls that are not mathematics, against Numba's own sources."""
from __future__ import annotations

import ctypes
import inspect
import re

import numpy as np
import pytest
from dpcompile.passes.rules import INACTIVE, classify, lookup
from dpcompile.passes.rules.runtime_calls import (
    MEMINFO_BYTES,
    MEMINFO_DATA,
    MEMINFO_REFERENCE_COUNT,
    MEMINFO_SIZE,
    RUNTIME_CALLS,
)
from numba.core import pythonapi
from numba.core.registry import cpu_target
from numba.core.runtime import _nrt_python, context, rtsys
from numba.np import linalg
from numba.parfors import parfor_lowering
from numba.typed import dictobject, listobject

#: What a symbol looks like that Numba's sources name.
NAMES = r"numba_(?:list|dict|x|ez)\w+|NRT_[A-Za-z]\w*|_?Py(?!Exc_)[A-Z][a-z]*_[A-Z]\w+"


@pytest.mark.parametrize(("symbol", "kind"), [
    ("NRT_MemInfo_alloc_aligned", "allocate"),
    ("NRT_MemInfo_varsize_realloc", "reallocate"),
    ("NRT_decref", "refcount"),
    ("llvm.memcpy.p0.p0.i64", "copy"),
    ("llvm.memset.p0.i64", "fill"),
    ("llvm.lifetime.start.p0", "hint"),
    ("llvm.smul.with.overflow.i64", "integer"),
    ("llvm.umin.v4i32", "integer"),
    ("PyErr_SetString", "effect"),
    ("PyUnicode_FromStringAndSize", "effect"),
    ("PyFloat_AsDouble", "python"),
    ("numba_xxgemm", "linear_algebra"),
    ("numba_cpow", "mathematics"),
])
def test_classify(symbol: str, kind: str):
    assert classify(symbol).kind == kind


@pytest.mark.parametrize("symbol", ["sin", "llvm.sin.f64", "llvm.vector.reduce.fadd.v4f64", "llvm.frexp.f64.i32"])
def test_the_unknown_stays_unknown(symbol: str):
    assert classify(symbol) is None


def test_nothing_is_in_two_tables():
    assert not [name for name in RUNTIME_CALLS if lookup(name) or name in INACTIVE]


def test_allocations_say_how_much_and_what():
    for call in RUNTIME_CALLS.values():
        if call.kind in ("allocate", "reallocate"):
            assert call.size and call.returns in ("meminfo", "memory"), call


@pytest.mark.parametrize("source", [context, linalg, parfor_lowering, listobject, dictobject, pythonapi])
def test_every_name_in_numba_is_known(source):
    text = inspect.getsource(source)
    names = set(re.findall(fr"""(?<=["'])(?:{NAMES})(?=["'])""", text))
    names |= set(re.findall(r'name="((?:get|set|do|allocate|deallocate)_\w+)"', text))
    assert names and not sorted(name for name in names if classify(name) is None)


def test_every_function_of_the_runtime_is_known():
    names = {f"NRT_{name}" for name in _nrt_python.c_helpers if not name.startswith("_nrt")}
    assert not sorted(name for name in names if classify(name) is None)


def test_layout_of_a_meminfo():
    """The words of a MemInfo as Numba's runtime writes them."""
    allocate = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)(_nrt_python.c_helpers["MemInfo_alloc"])
    data = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(_nrt_python.c_helpers["MemInfo_data"])
    rtsys.initialize(cpu_target.target_context)
    meminfo = allocate(80)
    words = np.ctypeslib.as_array((ctypes.c_size_t * (MEMINFO_BYTES // 8)).from_address(meminfo))
    assert words[MEMINFO_REFERENCE_COUNT // 8] == 1
    assert words[MEMINFO_DATA // 8] == data(meminfo)
    assert words[MEMINFO_SIZE // 8] == 80
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_nrt_python.c_helpers["MemInfo_release"])(meminfo)
