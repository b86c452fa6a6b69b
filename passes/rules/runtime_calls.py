"""What the functions do that compiled kernels call and that are not scalar mathematics: memory, threads, printing …

Requires: nothing; the table is data.
Ensures:  a symbol that is not listed is unknown (``classify`` gives None): it may do anything, and a pass must refuse
          it wherever active data could be involved.

Sources: Numba 0.68 (``core/runtime/nrt.h``, ``nrt.cpp``; ``cext/*.h``; ``np/linalg.py``;
``parfors/parfor_lowering.py``; ``core/pythonapi.py``) and the LLVM language reference.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..ir.vocabulary import INTERPRETED, STANDS_IN, VIEW
from .warps import SHUFFLE

Kind: TypeAlias = Literal[
    "allocate",         # gives new memory
    "reallocate",       # gives memory with the old contents in front; the old memory may be gone
    "free",             # releases memory, perhaps through a destructor
    "refcount",         # counts references; at zero the memory is released
    "exchange",         # what lanes of a warp tell each other
    "accessor",         # gives a pointer that a MemInfo holds
    "copy",             # copies bytes, whatever they mean
    "fill",             # repeats a byte
    "hint",             # only tells the optimiser something
    "view",             # tells the passes that memory is seen as numbers of another type
    "stand_in",         # tells the passes that a rule's code runs instead of the function itself
    "integer",          # arithmetic on integers and truth values
    "pure",             # reads and writes nothing but what its row says, and only integers
    "effect",           # prints, raises, holds the interpreter's lock: a sink that carries no derivative, run once
    "python",           # hands values to or from the interpreter: they may carry derivatives that nobody can follow
    "random",           # state of a random generator: bits that no active value enters
    "parallel",         # threads and their schedule
    "linear_algebra",   # BLAS and LAPACK: active, needs a rule of its own
    "container",        # typed list, dictionary or set: moves values through memory that only it knows
    "barrier",          # waits for the other threads of the block
    "mathematics",      # active functions whose values pass through memory: need a rule of their own
]
#: ``meminfo``: a MemInfo that owns new memory; ``memory``: the new memory itself; ``data``: memory of an argument.
Returns: TypeAlias = Literal["meminfo", "memory", "data", ""]

#: In Numba's calling convention the parameter of this name points to where an exception is left, never to numbers.
EXCEPTION_PARAMETER = "excinfo"
#: Layout of Numba's MemInfo in bytes.
MEMINFO_REFERENCE_COUNT, MEMINFO_DESTRUCTOR, MEMINFO_DESTRUCTOR_DATA, MEMINFO_DATA, MEMINFO_SIZE = range(0, 40, 8)
MEMINFO_BYTES = 48
#: Counters in front of the items in the memory of Numba's reflected lists.
LIST_HEADER_BYTES = 24


@dataclass(frozen=True)
class RuntimeCall:
    """What one function does; numbers are positions of arguments.

    ``reads``, ``writes``: pointers through which it reads or writes (for a container also what is reachable from them);
    ``size``: the arguments whose product is the number of bytes allocated, copied or filled; ``zeroed``: new memory that
    begins as zeros.
    """

    name: str
    kind: Kind
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    size: tuple[int, ...] = ()
    returns: Returns = ""
    zeroed: bool = False


def _all(kind: Kind, names: str) -> tuple[RuntimeCall, ...]:
    return tuple(RuntimeCall(name, kind) for name in names.split())


_ROWS: tuple[RuntimeCall, ...] = (
    # Numba's runtime
    RuntimeCall("NRT_MemInfo_alloc", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_safe", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_aligned", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_safe_aligned", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_safe_aligned_external", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_external", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_dtor", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_alloc_dtor_safe", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_new_varsize", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_MemInfo_new_varsize_dtor", "allocate", size=(0,), returns="meminfo"),
    RuntimeCall("NRT_Allocate", "allocate", size=(0,), returns="memory"),
    RuntimeCall("NRT_Allocate_External", "allocate", size=(0,), returns="memory"),
    # Takes new memory into the MemInfo and leaves the old one alive and unowned.
    RuntimeCall("NRT_MemInfo_varsize_alloc", "allocate", writes=(0,), size=(1,), returns="memory"),
    RuntimeCall("NRT_MemInfo_varsize_realloc", "reallocate", reads=(0,), writes=(0,), size=(1,), returns="memory"),
    RuntimeCall("NRT_Reallocate", "reallocate", reads=(0,), writes=(0,), size=(1,), returns="memory"),
    RuntimeCall("NRT_Free", "free", writes=(0,)),
    RuntimeCall("NRT_MemInfo_call_dtor", "free", reads=(0,), writes=(0,)),
    RuntimeCall("NRT_MemInfo_varsize_free", "free", reads=(0,), writes=(0, 1)),
    RuntimeCall("NRT_incref", "refcount", reads=(0,), writes=(0,)),
    RuntimeCall("NRT_decref", "refcount", reads=(0,), writes=(0,)),
    RuntimeCall("NRT_MemInfo_acquire", "refcount", reads=(0,), writes=(0,)),
    RuntimeCall("NRT_MemInfo_release", "refcount", reads=(0,), writes=(0,)),
    RuntimeCall("NRT_MemInfo_data", "accessor", reads=(0,), returns="data"),
    RuntimeCall("NRT_MemInfo_data_fast", "accessor", reads=(0,), returns="data"),
    RuntimeCall("NRT_MemInfo_size", "pure", reads=(0,)),
    RuntimeCall("NRT_MemInfo_refcount", "pure", reads=(0,)),
    RuntimeCall("NRT_get_api", "pure"),
    # C's memory
    RuntimeCall("malloc", "allocate", size=(0,), returns="memory"),
    RuntimeCall("calloc", "allocate", size=(0, 1), returns="memory", zeroed=True),
    RuntimeCall("realloc", "reallocate", reads=(0,), writes=(0,), size=(1,), returns="memory"),
    RuntimeCall("free", "free", writes=(0,)),
    *(RuntimeCall(name, "copy", reads=(1,), writes=(0,), size=(2,))
      for name in ("llvm.memcpy", "llvm.memcpy.inline", "llvm.memmove", "memcpy", "memmove")),
    *(RuntimeCall(name, "fill", writes=(0,), size=(2,)) for name in ("llvm.memset", "llvm.memset.inline", "memset")),
    *(RuntimeCall(name, "pure", reads=(0, 1)) for name in ("memcmp", "bcmp", "strcmp", "strncmp")),
    RuntimeCall("strlen", "pure", reads=(0,)),
    # Intrinsics of LLVM
    *_all("hint", """llvm.lifetime.start llvm.lifetime.end llvm.invariant.start llvm.invariant.end llvm.assume
        llvm.dbg.value llvm.dbg.declare llvm.dbg.assign llvm.dbg.label llvm.experimental.noalias.scope.decl
        llvm.stacksave llvm.stackrestore llvm.prefetch llvm.donothing llvm.sideeffect llvm.pseudoprobe llvm.var.annotation"""),
    *_all("integer", """llvm.sadd.with.overflow llvm.uadd.with.overflow llvm.ssub.with.overflow llvm.usub.with.overflow
        llvm.smul.with.overflow llvm.umul.with.overflow llvm.sadd.sat llvm.uadd.sat llvm.ssub.sat llvm.usub.sat
        llvm.sshl.sat llvm.ushl.sat llvm.smax llvm.smin llvm.umax llvm.umin llvm.scmp llvm.ucmp llvm.abs llvm.ctlz
        llvm.cttz llvm.ctpop llvm.bswap llvm.bitreverse llvm.fshl llvm.fshr llvm.expect llvm.expect.with.probability
        llvm.is.constant llvm.objectsize numba_sdiv numba_srem numba_udiv numba_urem"""),
    # What a derivative calls that is differentiated again: its memory becomes that of the derivative of higher order
    RuntimeCall("dp.arena.take", "allocate", size=(1,), returns="memory"),
    RuntimeCall("dp.arena.meminfo", "allocate", size=(1,), returns="meminfo"),
    RuntimeCall("dp.arena.zeroed", "allocate", size=(1,), returns="meminfo", zeroed=True),
    # Zeros where a derivative counts on zeros: memory that comes again was cleared
    RuntimeCall("dp.ring.next", "allocate", size=(3,), returns="meminfo", zeroed=True),
    RuntimeCall("dp.arena.counted", "allocate", size=(1,), returns="meminfo"),
    RuntimeCall("dp.arena.new", "pure"),
    RuntimeCall("dp.arena.exceeded", "pure", reads=(0,)),
    RuntimeCall("dp.arena.release", "free", writes=(0,)),
    RuntimeCall("dp.parallel.chunks", "pure"),
    RuntimeCall("dp.arena.own", "refcount", reads=(0, 1)),
    *_all("hint", "dp.snapshot dp.share dp.ring.begin"),
    *(RuntimeCall(f"{VIEW}{what}", "view") for what in ("of", "as", "untold")),
    RuntimeCall("dp.address", "pure"),
    *_all("pure", "dp.seed.f64 dp.seed.f32"),
    RuntimeCall("dp.memory.overlap", "pure", reads=(1, 3)),
    RuntimeCall("dp.memory.repeats", "pure", reads=(1,)),
    RuntimeCall("dp.file.map", "allocate", size=(1,), returns="memory"),
    # Integer helpers of Numba
    RuntimeCall("numba_attempt_nocopy_reshape", "pure", reads=(1, 2, 4), writes=(5,)),
    RuntimeCall("numba_gettyperecord", "pure", writes=(1, 2, 3, 4, 5, 6)),
    RuntimeCall("numba_get_PyUnicode_ExtendedCase", "pure"),
    # Printing, raising, the interpreter's lock
    *(RuntimeCall(name, "effect", writes=(0,)) for name in ("snprintf", "_snprintf")),
    *_all("effect", """printf vprintf puts putchar fflush abort llvm.trap llvm.debugtrap numba_gil_ensure
        numba_gil_release PyEval_SaveThread PyEval_RestoreThread PyGILState_Ensure PyGILState_Release numba_do_raise
        numba_fatal_error numba_unpickle numba_runtime_build_excinfo_struct numba_gdb_breakpoint numba_set_fnclex
        nrt_unresolved_abort Py_IncRef Py_DecRef Py_FatalError PySys_FormatStdout PyObject_Str PyObject_Repr
        _PyObject_Dump PyFloat_FromDouble PyComplex_FromDoubles PyBool_FromLong PyLong_FromLong PyLong_FromLongLong
        PyLong_FromSsize_t PyLong_FromUnsignedLong PyLong_FromUnsignedLongLong PyLong_FromVoidPtr PyTuple_New
        PyTuple_Pack PyTuple_SetItem PyList_New PyList_Append PyList_SetItem PyDict_New _PyDict_NewPresized
        PyDict_SetItem PyDict_SetItemString"""),
    # Values that come from the interpreter or go into objects that live on
    *_all("python", """PyFloat_AsDouble PyComplex_RealAsDouble PyComplex_ImagAsDouble PyLong_AsLong PyLong_AsLongLong
        PyLong_AsUnsignedLongLong PyLong_AsVoidPtr PyArg_ParseTuple PyArg_ParseTupleAndKeywords PyArg_UnpackTuple
        PyDict_GetItem PyDict_GetItemString PyImport_ImportModule PyIter_Next PyList_GetItem PyList_SetSlice
        PyList_Size PyObject_Call PyObject_CallFunctionObjArgs PyObject_CallMethod PyObject_DelItem PyObject_GetAttr
        PyObject_GetAttrString PyObject_GetItem PyObject_GetIter PyObject_Hash PyObject_IsTrue PyObject_Not
        PyObject_RichCompare PyObject_SetAttr PyObject_SetAttrString PyObject_SetItem PyObject_Type PySequence_Concat
        PySequence_Contains PySequence_GetSlice PySequence_Tuple PySet_Add PySet_Clear PySet_New PySet_Size
        _PySet_NextEntry _PySet_Update PyTuple_GetItem PyTuple_Size PyUFunc_ReorderableNone
        NRT_adapt_ndarray_from_python NRT_adapt_ndarray_to_python_acqref NRT_adapt_buffer_from_python
        NRT_meminfo_as_pyobject NRT_meminfo_from_pyobject NRT_meminfo_new_from_pyobject numba_adapt_ndarray
        numba_adapt_buffer numba_complex_adaptor numba_create_np_datetime numba_create_np_timedelta
        numba_extract_np_datetime numba_extract_np_timedelta numba_extract_record_data numba_extract_unicode
        numba_get_buffer numba_release_buffer numba_get_pyobject_private_data numba_set_pyobject_private_data
        numba_reset_pyobject_private_data numba_make_generator numba_ndarray_new numba_py_type numba_recreate_record
        numba_unpack_slice"""),
    # Random numbers
    *_all("random", """numba_get_py_random_state numba_get_np_random_state numba_get_internal_random_state
        numba_poisson_ptrs"""),
    RuntimeCall("numba_rnd_shuffle", "random", reads=(0,), writes=(0,)),
    RuntimeCall("numba_rnd_init", "random", writes=(0,)),
    # Threads
    *_all("parallel", """numba_parallel_for get_num_threads set_num_threads get_thread_id get_parallel_chunksize
        set_parallel_chunksize allocate_sched deallocate_sched"""),
    RuntimeCall("get_sched_size", "parallel", reads=(2, 3)),
    RuntimeCall("do_scheduling_signed", "parallel", reads=(1, 2), writes=(4,)),
    RuntimeCall("do_scheduling_unsigned", "parallel", reads=(1, 2), writes=(4,)),
    # BLAS and LAPACK
    RuntimeCall("numba_xxdot", "linear_algebra", reads=(3, 4), writes=(5,)),
    RuntimeCall("numba_xxnrm2", "linear_algebra", reads=(2,), writes=(4,)),
    RuntimeCall("numba_xxgemv", "linear_algebra", reads=(4, 5, 7, 8, 9), writes=(9,)),
    RuntimeCall("numba_xxgemm", "linear_algebra", reads=(6, 7, 9, 11, 12), writes=(12,)),
    RuntimeCall("numba_xgesv", "linear_algebra", reads=(3, 6), writes=(3, 5, 6)),
    RuntimeCall("numba_xxgetrf", "linear_algebra", reads=(3,), writes=(3, 5)),
    RuntimeCall("numba_ez_xxgetri", "linear_algebra", reads=(2, 4), writes=(2,)),
    RuntimeCall("numba_xxpotrf", "linear_algebra", reads=(3,), writes=(3,)),
    RuntimeCall("numba_ez_rgeev", "linear_algebra", reads=(4,), writes=(4, 6, 7, 8, 10)),
    RuntimeCall("numba_ez_cgeev", "linear_algebra", reads=(4,), writes=(4, 6, 7, 9)),
    RuntimeCall("numba_ez_xxxevd", "linear_algebra", reads=(4,), writes=(4, 6)),
    RuntimeCall("numba_ez_gesdd", "linear_algebra", reads=(4,), writes=(4, 6, 7, 9)),
    RuntimeCall("numba_ez_geqrf", "linear_algebra", reads=(3,), writes=(3, 5)),
    RuntimeCall("numba_ez_xxgqr", "linear_algebra", reads=(4, 6), writes=(4,)),
    RuntimeCall("numba_ez_gelsd", "linear_algebra", reads=(4, 6), writes=(4, 6, 8, 10)),
    # The same by their own names, arguments by address
    *(RuntimeCall(f"dp.{kind}getrs", "linear_algebra", reads=tuple(range(8)), writes=(6, 8)) for kind in "sdcz"),
    *(RuntimeCall(f"dp.{kind}trsm", "linear_algebra", reads=tuple(range(11)), writes=(9,)) for kind in "sdcz"),
    # Typed containers
    *(RuntimeCall(f"numba_{what}", "container", reads=(0,), writes=(0,)) for what in """
        list_set_method_table list_free list_set_is_mutable list_delitem list_delete_slice list_resize
        dict_set_method_table dict_free dict_delitem dict_resize set_set_method_table set_free""".split()),
    *(RuntimeCall(f"numba_{what}", "container", writes=(0,)) for what in
      "list_new dict_new dict_new_sized set_new set_new_sized".split()),
    *(RuntimeCall(f"numba_{what}", "container", reads=(0,)) for what in """
        list_length list_allocated list_is_mutable dict_length dict_dump set_length set_dump""".split()),
    *_all("container", "numba_list_iter_sizeof numba_dict_iter_sizeof numba_set_iter_sizeof"),
    RuntimeCall("numba_list_base_ptr", "container", reads=(0,), returns="data"),
    RuntimeCall("numba_list_size_address", "container", reads=(0,), returns="data"),
    RuntimeCall("numba_list_getitem", "container", reads=(0,), writes=(2,)),
    RuntimeCall("numba_list_setitem", "container", reads=(0, 2), writes=(0,)),
    RuntimeCall("numba_list_append", "container", reads=(0, 1), writes=(0,)),
    RuntimeCall("numba_list_iter", "container", reads=(1,), writes=(0,)),
    RuntimeCall("numba_list_iter_next", "container", reads=(0,), writes=(0, 1)),
    RuntimeCall("numba_dict_lookup", "container", reads=(0, 1), writes=(3,)),
    RuntimeCall("numba_dict_insert", "container", reads=(0, 1, 3), writes=(0, 4)),
    RuntimeCall("numba_dict_insert_ez", "container", reads=(0, 1, 3), writes=(0,)),
    RuntimeCall("numba_dict_popitem", "container", reads=(0,), writes=(0, 1, 2)),
    RuntimeCall("numba_dict_iter", "container", reads=(1,), writes=(0,)),
    RuntimeCall("numba_dict_iter_next", "container", reads=(0,), writes=(0, 1, 2)),
    RuntimeCall("numba_set_contains", "container", reads=(0, 1)),
    RuntimeCall("numba_set_add", "container", reads=(0, 1), writes=(0,)),
    RuntimeCall("numba_set_discard", "container", reads=(0, 1), writes=(0,)),
    RuntimeCall("numba_set_iter", "container", reads=(1,), writes=(0,)),
    RuntimeCall("numba_set_iter_next", "container", reads=(0,), writes=(0, 1)),
    # Threads of a block
    *_all("barrier", "llvm.nvvm.barrier.cta.sync.aligned.all llvm.nvvm.bar.warp.sync"),
    *_all("barrier", " ".join(f"llvm.nvvm.barrier.cta.red.{how}.aligned.all" for how in ("popc", "and", "or"))),
    *_all("integer", "dp.dynamic.size dp.dynamic.distance __nv_ffs __nv_ffsll"),
    # Mathematics through memory
    RuntimeCall("numba_cpow", "mathematics", reads=(1, 2), writes=(0,)),
    RuntimeCall("numba_cpowf", "mathematics", reads=(1, 2), writes=(0,)),
    RuntimeCall("numba_frexp", "mathematics", writes=(1,)),
    RuntimeCall("numba_frexpf", "mathematics", writes=(1,)),
    *(RuntimeCall(f"__nv_{what}{suffix}", "mathematics", writes=writes) for suffix in ("", "f") for what, writes in (
        ("frexp", (1,)), ("modf", (1,)), ("sincos", (1, 2)), ("sincospi", (1, 2)), ("remquo", (2,)))),
)

RUNTIME_CALLS: dict[str, RuntimeCall] = {row.name: row for row in _ROWS}

#: Families of Python's C API: reporting errors and making strings, arithmetic on objects; and what runs Python itself.
_FAMILIES: dict[str, Kind] = {"PyErr_": "effect", "PyUnicode_": "effect", "PyBytes_": "effect", "PyString_": "effect",
                               "PyNumber_": "python", INTERPRETED: "python", STANDS_IN: "stand_in",
                               # What a thread reads of its place among the others: it never changes, as clocks do.
                               **{f"llvm.nvvm.read.ptx.sreg.{what}": "integer" for what in (
                                   "tid.", "ntid.", "ctaid.", "nctaid.", "laneid", "lanemask", "warpsize",
                                   "dynamic_smem_size")},
                               # What lanes of a warp tell each other.
                               **dict.fromkeys((SHUFFLE, "llvm.nvvm.vote.", "llvm.nvvm.match.any.",
                                                "llvm.nvvm.activemask"), "exchange")}
#: The types that an overloaded intrinsic carries at the end of its name.
_TYPE_SUFFIX = re.compile(r"(\.(v\d+)?(i\d+|p\d+))+$")


def classify(symbol: str) -> RuntimeCall | None:
    """What the function of that name does, or None where nobody knows."""
    name = _TYPE_SUFFIX.sub("", symbol) if symbol.startswith("llvm.") else symbol
    if name in RUNTIME_CALLS:
        return RUNTIME_CALLS[name]
    kinds = (kind for family, kind in _FAMILIES.items() if name.startswith(family))
    return next((RuntimeCall(name, kind) for kind in kinds), None)
