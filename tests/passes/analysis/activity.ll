; RUN: dp-opt --pass=activity --function=values --set kinds=active,const,duplicated,const %s | filecheck %s --check-prefix=VALUES
; RUN: dp-opt --pass=activity --function=discrete %s | filecheck %s --check-prefix=DISCRETE
; RUN: dp-opt --pass=activity --function=work_array --set kinds=duplicated,const,duplicated %s | filecheck %s --check-prefix=WORK
; RUN: dp-opt --pass=activity --function=work_array --set kinds=duplicated,const,const %s | filecheck %s --check-prefix=UNUSED
; RUN: dp-opt --pass=activity --function=shared --set kinds=duplicated,const,duplicated,const %s | filecheck %s --check-prefix=SHARED
; RUN: dp-opt --pass=activity --function=shared_phi --set kinds=duplicated,const,duplicated,const %s | filecheck %s --check-prefix=PHI
; RUN: dp-opt --pass=activity --function=record %s | filecheck %s --check-prefix=RECORD
; RUN: dp-opt --pass=activity --function=cold %s | filecheck %s --check-prefix=COLD
; RUN: dp-opt --pass=activity --function=returned_array %s | filecheck %s --check-prefix=RETURNED
; RUN: dp-opt --pass=activity --function=copied --set elements=double,double,double %s | filecheck %s --check-prefix=COPIED
; RUN: dp-opt --pass=activity --function=loop_carried %s | filecheck %s --check-prefix=CARRIED
; RUN: dp-opt --pass=activity --function=called %s | filecheck %s --check-prefix=CALLED
; RUN: not dp-opt --pass=activity --function=values --set kinds=active %s | filecheck %s --check-prefix=TOO-FEW
; RUN: not dp-opt --pass=activity --function=values --set kinds=active,wobbly,const,const %s | filecheck %s --check-prefix=WRONG

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare ptr @NRT_MemInfo_alloc_aligned(i64, i32)
declare ptr @NRT_MemInfo_data_fast(ptr)
declare double @llvm.floor.f64(double)

; TOO-FEW: @values has 4 parameters, and there are 1 kinds
; WRONG: a kind is active, duplicated, const, not wobbly

; Active is what depends on an active input and reaches a result.
; VALUES:      %a: active
; VALUES-NEXT: %b: useful
; VALUES-NEXT: %product: active
; VALUES-NEXT: %unused: varied
; VALUES-NEXT: %constant: useful
; VALUES-NEXT: %sum: active
; VALUES-NOT:  shadow of argument %z
; VALUES:      shadow of argument %y
define i32 @values(double %a, double %b, ptr %y, ptr %z) {
  %product = fmul double %a, %b
  %unused = fadd double %a, 1.0
  %constant = fmul double %b, %b
  %sum = fadd double %product, %constant
  store double %sum, ptr %y
  store double %unused, ptr %z
  ret i32 0
}

; No derivative passes through rounding, comparisons and integers.
; DISCRETE: %a: active
; DISCRETE: %floor: useful
; DISCRETE: %back: useful
; DISCRETE: %chosen: useful
define i32 @discrete(double %a, ptr %y) {
  %floor = call double @llvm.floor.f64(double %a)
  %integer = fptosi double %a to i64
  %back = sitofp i64 %integer to double
  %positive = fcmp ogt double %a, 0.0
  %chosen = select i1 %positive, double %back, double %floor
  store double %chosen, ptr %y
  ret i32 0
}

; Active data that passes through a constant array gives it a shadow, unless nobody wants to know.
; WORK: %v: active
; WORK: %w: active
; WORK: shadow of argument %work
; UNUSED: %v: varied
; UNUSED: %w: varied
; UNUSED-NOT: shadow of argument %work
define i32 @work_array(ptr %x, ptr %work, ptr %y) {
  %v = load double, ptr %x
  store double %v, ptr %work
  %w = load double, ptr %work
  store double %w, ptr %y
  ret i32 0
}

; A pointer to either of two arrays needs a shadow of either.
; SHARED: shadow of argument %table
; SHARED: shadow of argument %x
define i32 @shared(ptr %x, ptr %table, ptr %y, i1 %c) {
  %p = select i1 %c, ptr %x, ptr %table
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; PHI: shadow of argument %table
; PHI: shadow of argument %x
define i32 @shared_phi(ptr %x, ptr %table, ptr %y, i1 %c) {
entry:
  br i1 %c, label %other, label %join
other:
  br label %join
join:
  %p = phi ptr [ %x, %entry ], [ %table, %other ]
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; Integer fields do not vary; the float made of one is constant.
; RECORD: %factor: useful
; RECORD: %v: active
define i32 @record(ptr %x, ptr %y) {
  %count = load i64, ptr %x
  %factor = sitofp i64 %count to double
  %field = getelementptr { i64, double }, ptr %x, i64 0, i32 1
  %v = load double, ptr %field
  %w = fmul double %v, %factor
  store double %w, ptr %y
  ret i32 0
}

; What leads only to an exception carries nothing and refuses nothing.
; COLD:     %v: active
; COLD:     %logged: constant
; COLD-NOT: cannot differentiate
define i32 @cold(ptr %x, ptr %y, i1 %bad) {
entry:
  %v = load double, ptr %x
  br i1 %bad, label %fail, label %work
fail:
  %logged = fmul double %v, 2.0
  %bits = bitcast double %logged to i64
  store i64 %bits, ptr %y
  store volatile double %logged, ptr %y
  ret i32 1
work:
  store double %v, ptr %y
  ret i32 0
}

; An array that is handed back in a structure has a shadow, and so has its MemInfo.
; RETURNED:     %square: active
; RETURNED-DAG: shadow of argument %retptr
; RETURNED-DAG: shadow of header %info
; RETURNED-DAG: shadow of heap %info
define i32 @returned_array(ptr %retptr, ptr %x) {
  %info = call ptr @NRT_MemInfo_alloc_aligned(i64 8, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %data
  store ptr %info, ptr %retptr
  %field = getelementptr { ptr, ptr }, ptr %retptr, i64 0, i32 1
  store ptr %data, ptr %field
  ret i32 0
}

; A float copied as an integer of its size is a float.
; COPIED: %bits{{.*}}: active
define i32 @copied(ptr %x, ptr %work, ptr %y) {
  %bits = load i64, ptr %x
  store i64 %bits, ptr %work
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %work, i64 8, i1 false)
  ret i32 0
}

; A value becomes active in a later iteration.
; CARRIED: %u: active
; CARRIED: %v: active
define i32 @loop_carried(double %a, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %u = phi double [ 1.0, %entry ], [ %v, %loop ]
  %v = phi double [ 2.0, %entry ], [ %a, %loop ]
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  %last = phi double [ %u, %loop ]
  store double %last, ptr %y
  ret i32 0
}

; A callee that is not inlined may do anything between what it is given.
; CALLED: %a: active
; CALLED: %v: active
define i32 @called(double %a, ptr %work, ptr %y) {
  %status = call i32 @helper(double %a, ptr %work)
  %v = load double, ptr %work
  store double %v, ptr %y
  ret i32 0
}

define internal i32 @helper(double %a, ptr %p) {
  store double %a, ptr %p
  ret i32 0
}
