; Active data that reaches what has no derivative is refused, with the user's line where it is known.

; RUN: not dp-opt --pass=activity --function=stored_bits %s | filecheck %s --check-prefix=STORED
; RUN: not dp-opt --pass=activity --function=computed_bits %s | filecheck %s --check-prefix=COMPUTED
; RUN: not dp-opt --pass=activity --function=loaded_bits --set elements=double,double %s | filecheck %s --check-prefix=LOADED
; RUN: not dp-opt --pass=activity --function=shifted_bits --set elements=double,double %s | filecheck %s --check-prefix=LOADED
; RUN: not dp-opt --pass=activity --function=copied_by_bytes %s | filecheck %s --check-prefix=STORED
; RUN: not dp-opt --pass=activity --function=unknown_store %s | filecheck %s --check-prefix=ADDRESS
; RUN: not dp-opt --pass=activity --function=unknown_load %s | filecheck %s --check-prefix=ADDRESS
; RUN: not dp-opt --pass=activity --function=address_in_memory %s | filecheck %s --check-prefix=STORED-ADDRESS
; RUN: dp-opt --pass=activity --function=decided_by_addresses %s | filecheck %s --check-prefix=DECIDED
; RUN: not dp-opt --pass=activity --function=callers_pointer_read %s | filecheck %s --check-prefix=UNKNOWN
; RUN: not dp-opt --pass=activity --function=callers_pointer_written %s | filecheck %s --check-prefix=UNKNOWN
; RUN: dp-opt --pass=activity --function=callers_pointer_read --set kinds=const,duplicated %s | filecheck %s --check-prefix=CONSTANT
; RUN: not dp-opt --pass=activity --function=global_state %s | filecheck %s --check-prefix=GLOBAL
; RUN: not dp-opt --pass=activity --function=volatile_store %s | filecheck %s --check-prefix=ATOMIC
; RUN: not dp-opt --pass=activity --function=volatile_load %s | filecheck %s --check-prefix=ATOMIC
; RUN: not dp-opt --pass=activity --function=atomic_load %s | filecheck %s --check-prefix=ATOMIC
; RUN: not dp-opt --pass=activity --function=atomic_add %s | filecheck %s --check-prefix=ATOMIC
; RUN: not dp-opt --pass=activity --function=maximum_found %s | filecheck %s --check-prefix=FOUND
; RUN: dp-opt --pass=activity --function=volatile_load --set kinds=const,duplicated %s | filecheck %s --check-prefix=HARMLESS
; RUN: not dp-opt --pass=activity --function=unknown_function %s | filecheck %s --check-prefix=FUNCTION
; RUN: not dp-opt --pass=activity --function=unknown_writer %s | filecheck %s --check-prefix=WRITER
; RUN: not dp-opt --pass=activity --function=function_pointer --set kinds=const,active,duplicated %s | filecheck %s --check-prefix=POINTER
; RUN: not dp-opt --pass=activity --function=drawn_integer --set kinds=duplicated,active %s | filecheck %s --check-prefix=DISCRETE
; RUN: dp-opt --pass=activity --function=drawn_integer --set kinds=duplicated,const %s | filecheck %s --check-prefix=DRAWN
; RUN: not dp-opt --pass=activity --function=vectors %s | filecheck %s --check-prefix=VECTOR
; RUN: not dp-opt --pass=activity --function=half_precision %s | filecheck %s --check-prefix=HALF
; RUN: not dp-opt --pass=activity --function=halves %s | filecheck %s --check-prefix=HALVES
; RUN: not dp-opt --pass=activity --function=halves_of_known --set elements=double, %s | filecheck %s --check-prefix=HALVES
; RUN: not dp-opt --pass=activity --function=halves_seen %s | filecheck %s --check-prefix=HALVES
; RUN: dp-opt --pass=activity --function=kept_apart %s | filecheck %s --check-prefix=APART
; RUN: dp-opt --pass=activity --function=halves_that_decide %s | filecheck %s --check-prefix=DECIDE
; RUN: not dp-opt --pass=activity --function=misaligned %s | filecheck %s --check-prefix=MIDDLE
; RUN: not dp-opt --pass=activity --function=halves_untold %s | filecheck %s --check-prefix=HALVES
; RUN: dp-opt --pass=activity --function=halves_elsewhere %s | filecheck %s --check-prefix=ELSEWHERE
; RUN: not dp-opt --pass=activity --function=halves_in_a_callee %s | filecheck %s --check-prefix=HALVES
; RUN: not dp-opt --pass=activity --function=returned_pointer %s | filecheck %s --check-prefix=RETURNED
; RUN: not dp-opt --pass=activity --function=returned_float %s | filecheck %s --check-prefix=FLOAT

declare double @mystery(double)
declare void @writer(ptr)
@dp.shared.cell = internal global double undef
@state = internal global double 0.0

; STORED: the bits of a floating-point number stored as an integer
define i32 @stored_bits(double %a, ptr %y) {
  %bits = bitcast double %a to i64
  store i64 %bits, ptr %y
  ret i32 0
}

; With the line: twice a, by adding one to the exponent.
; COMPUTED: cannot differentiate the operation 'bitcast' giving double has no derivative here (/home/user/kernel.py:7 in twice)
define i32 @computed_bits(double %a, ptr %y) !dbg !3 {
  %bits = bitcast double %a to i64, !dbg !4
  %more = add i64 %bits, 4503599627370496, !dbg !4
  %b = bitcast i64 %more to double, !dbg !5
  store double %b, ptr %y, !dbg !5
  ret i32 0, !dbg !5
}

; LOADED: cannot differentiate {{the bits of a floating-point number stored as an integer|a load of type i64}}
define i32 @loaded_bits(ptr %x, ptr %y) {
  %v = load i64, ptr %x
  %masked = and i64 %v, 9223372036854775807
  store i64 %masked, ptr %y
  ret i32 0
}

define i32 @shifted_bits(ptr %x, ptr %y) {
  %v = load i64, ptr %x
  %more = add i64 %v, 4503599627370496
  store i64 %more, ptr %y
  ret i32 0
}

; ADDRESS: a pointer to memory that carries derivatives which comes from 'inttoptr'
define i32 @unknown_store(ptr %x, ptr %y) {
  %n = ptrtoint ptr %y to i64
  %p = inttoptr i64 %n to ptr
  %v = load double, ptr %x
  store double %v, ptr %p
  ret i32 0
}

define i32 @unknown_load(ptr %x, ptr %y) {
  %n = ptrtoint ptr %x to i64
  %p = inttoptr i64 %n to ptr
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; STORED-ADDRESS: a pointer to memory that carries derivatives stored as an integer
define i32 @address_in_memory(ptr %x, ptr %y) {
  %slot = alloca i64
  %n = ptrtoint ptr %x to i64
  store i64 %n, ptr %slot
  %p = load ptr, ptr %slot
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; Whether two arrays overlap, kept in memory, is no address.
; DECIDED: activity
define i32 @decided_by_addresses(ptr %x, ptr %y, ptr %kept) {
  %a = ptrtoint ptr %x to i64
  %b = ptrtoint ptr %y to i64
  %below = icmp ult i64 %a, %b
  %bit = zext i1 %below to i8
  store i8 %bit, ptr %kept
  %v = load double, ptr %x
  store double %v, ptr %y
  ret i32 0
}

; A list of arrays, say: the caller's structure leads to memory of which nothing is known.
; UNKNOWN: memory that carries derivatives is reached through a pointer of unknown origin
; CONSTANT: %v: useful
define i32 @callers_pointer_read(ptr %x, ptr %y) {
  %p = load ptr, ptr %x
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

define i32 @callers_pointer_written(ptr %x, ptr %y) {
  %p = load ptr, ptr %y
  %v = load double, ptr %x
  store double %v, ptr %p
  ret i32 0
}

; GLOBAL: a store of active data into a global constant
define i32 @global_state(double %a, ptr %y) {
  store double %a, ptr @state
  %b = load double, ptr @state
  store double %b, ptr %y
  ret i32 0
}

; ATOMIC: an atomic or volatile access of memory that carries derivatives
; HARMLESS: %v: useful
define i32 @volatile_store(double %a, ptr %y) {
  store volatile double %a, ptr %y
  ret i32 0
}

define i32 @volatile_load(ptr %x, ptr %y) {
  %v = load volatile double, ptr %x
  store double %v, ptr %y
  ret i32 0
}

define i32 @atomic_load(ptr %x, ptr %y) {
  %v = load atomic double, ptr %x unordered, align 8
  store double %v, ptr %y
  ret i32 0
}

define i32 @atomic_add(double %a, ptr %y) {
  %old = atomicrmw fadd ptr %y, double %a seq_cst
  %place = getelementptr double, ptr %y, i64 1
  store double %old, ptr %place
  ret i32 0
}

; FOUND: the result of an atomic maximum or minimum of numbers that carry derivatives
define i32 @maximum_found(double %a, ptr %y) {
  %old = atomicrmw fmax ptr @dp.shared.cell, double %a seq_cst
  store double %old, ptr %y
  ret i32 0
}

; FUNCTION: cannot differentiate a call of mystery
define i32 @unknown_function(double %a, ptr %y) {
  %b = call double @mystery(double %a)
  store double %b, ptr %y
  ret i32 0
}

; WRITER: cannot differentiate a call of writer
define i32 @unknown_writer(ptr %x, ptr %y) {
  call void @writer(ptr %x)
  %v = load double, ptr %x
  store double %v, ptr %y
  ret i32 0
}

; POINTER: cannot differentiate a call through a function pointer
define i32 @function_pointer(ptr %f, double %a, ptr %y) {
  %b = call double %f(double %a)
  store double %b, ptr %y
  ret i32 0
}

; VECTOR: a load of type <2 x double> from memory that carries derivatives
define i32 @vectors(ptr %x, ptr %y) {
  %v = load <2 x double>, ptr %x
  %w = fmul <2 x double> %v, %v
  store <2 x double> %w, ptr %y
  ret i32 0
}

; HALF: the operation 'fmul' giving half
define i32 @half_precision(half %a, ptr %y) {
  %square = fmul half %a, %a
  store half %square, ptr %y
  ret i32 0
}

; RETURNED: a pointer to memory that carries derivatives which comes from 'call'
define i32 @returned_pointer(ptr %x, ptr %y) {
  %p = call ptr @behind(ptr %x)
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

define internal ptr @behind(ptr %x) {
  %p = getelementptr double, ptr %x, i64 1
  ret ptr %p
}

; Two of eight bytes: what is read from the copy would have no derivative.
define i32 @copied_by_bytes(ptr %x, ptr %y) {
  %copy = alloca double
  %first = load i8, ptr %x
  %x1 = getelementptr i8, ptr %x, i64 1
  %second = load i8, ptr %x1
  store i8 %first, ptr %copy
  %copy1 = getelementptr i8, ptr %copy, i64 1
  store i8 %second, ptr %copy1
  %v = load double, ptr %copy
  store double %v, ptr %y
  ret i32 0
}

; FLOAT: a call of square that returns double
define i32 @returned_float(double %a, ptr %y) {
  %v = call double @square(double %a)
  store double %v, ptr %y
  ret i32 0
}

define internal double @square(double %a) {
  %v = fmul double %a, %a
  ret double %v
}

declare double @dp.discrete.f64(double)

; why: a drawn integer has no derivative by its probability, even where no number comes back
; DISCRETE: cannot differentiate a draw from a discrete distribution, which gives integers
; DRAWN: activity of @drawn_integer
define i32 @drawn_integer(ptr %y, double %p) {
  %marked = call double @dp.discrete.f64(double %p)
  %some = fcmp olt double %marked, 0.5
  %n = zext i1 %some to i64
  %v = sitofp i64 %n to double
  store double %v, ptr %y
  ret i32 0
}

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C_plus_plus, file: !1, producer: "test", isOptimized: false, runtimeVersion: 0, emissionKind: FullDebug)
!1 = !DIFile(filename: "kernel.py", directory: "/home/user")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "twice", linkageName: "twice", scope: !1, file: !1, line: 5, type: !6, scopeLine: 5, spFlags: DISPFlagDefinition, unit: !0)
!4 = !DILocation(line: 6, column: 1, scope: !3)
!5 = !DILocation(line: 7, column: 1, scope: !3)
!6 = !DISubroutineType(types: !7)
!7 = !{}

; Numbers stored as one type and read as another.
; HALVES: cannot differentiate memory of float64 that is also used as float32
define i32 @halves(ptr %x, ptr %y) {
  %cells = alloca [2 x double]
  %v = load double, ptr %x
  store double %v, ptr %cells
  %upper = getelementptr i8, ptr %cells, i64 4
  %half = load float, ptr %upper
  store float %half, ptr %y
  ret i32 0
}

define i32 @halves_of_known(ptr %x, ptr %y) {
  %upper = getelementptr i8, ptr %x, i64 4
  %half = load float, ptr %upper
  store float %half, ptr %y
  ret i32 0
}

; Where they lie nobody knows: what was put there by its type stays what it is, as in fields of records ...
; APART: shadow of stack %cells
define i32 @kept_apart(ptr %x, ptr %y, i64 %i, i64 %k) {
  %cells = alloca [64 x i8]
  %v = load double, ptr %x
  %wide = getelementptr double, ptr %cells, i64 %i
  store double %v, ptr %wide
  %narrow = getelementptr float, ptr %cells, i64 %k
  %half = load float, ptr %narrow
  store float %half, ptr %y
  ret i32 0
}

; ... but where the front end says that it is seen by another type.
declare void @dp.view.as(ptr, i64, i64, i64)
define i32 @halves_seen(ptr %x, ptr %y, i64 %i, i64 %k) {
  %cells = alloca [64 x i8]
  call void @dp.view.as(ptr %cells, i64 8, i64 4, i64 4)
  %v = load double, ptr %x
  %wide = getelementptr double, ptr %cells, i64 %i
  store double %v, ptr %wide
  %narrow = getelementptr float, ptr %cells, i64 %k
  %half = load float, ptr %narrow
  store float %half, ptr %y
  ret i32 0
}

; DECIDE: shadow of argument %x
define i32 @halves_that_decide(ptr %x, ptr %y) {
  %v = load double, ptr %x
  %upper = getelementptr i8, ptr %x, i64 4
  %half = load float, ptr %upper
  %positive = fcmp ogt float %half, 0.0
  %w = select i1 %positive, double %v, double 1.0
  store double %w, ptr %y
  ret i32 0
}

; MIDDLE: cannot differentiate memory of float64 that is also used as float64 from the middle of a number on
define i32 @misaligned(ptr %x, ptr %y) {
  %v = load double, ptr %x
  %upper = getelementptr i8, ptr %x, i64 4
  %w = load double, ptr %upper
  %sum = fadd double %v, %w
  store double %sum, ptr %y
  ret i32 0
}

define internal i32 @reads_half(ptr %x, ptr %y) noinline {
  %upper = getelementptr i8, ptr %x, i64 4
  %half = load float, ptr %upper
  store float %half, ptr %y
  ret i32 0
}

define i32 @halves_in_a_callee(ptr %x, ptr %y) {
  %cells = alloca [2 x double]
  %v = load double, ptr %x
  %second = getelementptr i8, ptr %cells, i64 8
  store double %v, ptr %second
  %status = call i32 @reads_half(ptr %second, ptr %y)
  ret i32 %status
}

; A front end that does not say what is seen as what: nothing is told apart by its type alone.
define i32 @halves_untold(ptr %x, ptr %y, i64 %n, i64 %m) {
  call void @dp.view.untold()
  %cells = alloca [2 x double]
  %v = load double, ptr %x
  %cell = getelementptr i8, ptr %cells, i64 %n
  store double %v, ptr %cell
  %other = getelementptr i8, ptr %cells, i64 %m
  %half = load float, ptr %other
  store float %half, ptr %y
  ret i32 0
}

declare void @dp.view.untold()

; ELSEWHERE: %half: active
define i32 @halves_elsewhere(ptr %x, ptr %y, i64 %n) {
  call void @dp.view.untold()
  %v = load double, ptr %x
  store double %v, ptr %y
  %cells = alloca [2 x float]
  %w = fptrunc double %v to float
  %cell = getelementptr float, ptr %cells, i64 %n
  store float %w, ptr %cell
  %half = load float, ptr %cell
  %wide = fpext float %half to double
  store double %wide, ptr %y
  ret i32 0
}
