"""LLVM's words, as the reader, the writer and the verifier share them."""
from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BINARY_OPCODES = _words("add sub mul sdiv udiv srem urem shl lshr ashr and or xor fadd fsub fmul fdiv frem")
FLOAT_OPCODES = _words("fadd fsub fmul fdiv frem fneg")
COMPARE_OPCODES = _words("icmp fcmp")
CAST_OPCODES = _words("""trunc zext sext fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint ptrtoaddr inttoptr bitcast
                         addrspacecast""")
ATOMIC_OPCODES = _words("atomicrmw cmpxchg fence")
FLOAT_TYPES = _words("half bfloat float double x86_fp80 fp128")

FAST_MATH = _words("fast nnan ninf nsz arcp contract afn reassoc")
#: Flags that stand between the opcode and the first operand.
FLAGS = FAST_MATH | _words("""nuw nsw nusw exact disjoint nneg samesign inbounds volatile atomic weak inalloca
                              swifterror""")
EXPRESSION_FLAGS = _words("nuw nsw nusw inbounds")
TAIL_CALLS = _words("tail musttail notail")
ORDERINGS = _words("unordered monotonic acquire release acq_rel seq_cst")

LINKAGES = _words("""private internal available_externally linkonce weak common appending extern_weak linkonce_odr
                     weak_odr external""")
VISIBILITIES = _words("""dso_local dso_preemptable default hidden protected dllimport dllexport thread_local
                         externally_initialized local_unnamed_addr unnamed_addr""")
CONVENTIONS = _words("""ccc fastcc coldcc tailcc swiftcc swifttailcc preserve_mostcc preserve_allcc preserve_nonecc
                        webkit_jscc anyregcc cxx_fast_tlscc ghccc x86_stdcallcc x86_fastcallcc x86_thiscallcc
                        x86_vectorcallcc x86_64_sysvcc win64cc ptx_kernel ptx_device spir_func spir_kernel
                        amdgpu_kernel""")

#: Among the operands of the ``!llvm.loop`` node of a loop whose iterations are independent but for reductions.
PARALLEL = "dpcompile.parallel"
#: How names of functions begin that tell of memory that is seen as numbers of another type, ``of`` those that it holds so far
#: and ``as`` others: void (ptr, i64 bytes of an element before, i64 bytes of the floats that lie there, or 0, i64 step).
#: One that is ``untold``, void (), says that any memory may be seen so without a word.
VIEW = "dp.view."
#: How names of functions begin that tell that code stands in for the function whose symbol follows: void (ptr …), the data of
#: the arrays that the function is given there, and of those that it returns.
STANDS_IN = "dp.stands_in_for."
#: How symbols of functions begin that hand their arguments to an interpreter: an i32 status, and as parameters the result,
#: the exception, an arena that owns what the result points to, and what is handed over.
INTERPRETED = "dp.interpreted."
#: How names of variables begin that all threads of a block share, each block with its own.
SHARED = "dp.shared."
#: The one of them whose size the launch says.
DYNAMIC = f"{SHARED}dynamic"

LITERAL_WORDS = _words("true false null undef poison zeroinitializer none")
CONSTANT_EXPRESSIONS = _words("""getelementptr ptrtoint ptrtoaddr inttoptr bitcast addrspacecast trunc add sub mul xor
                                 extractelement insertelement shufflevector splat""")
#: Words with which a constant starts; any other word between a type and its value is an attribute.
CONSTANT_WORDS = LITERAL_WORDS | CONSTANT_EXPRESSIONS | _words("asm blockaddress dso_local_equivalent no_cfi ptrauth")


def stands_behind(flag: str) -> bool:
    """Is ``flag`` one of an atomic instruction that stands behind its operands?"""
    return flag in ORDERINGS or flag.startswith("syncscope")
