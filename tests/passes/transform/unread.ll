; What the first sweep leaves out: stores that neither a caller nor the reverse sweep reads. Where the result is looked at, all
; runs; where it is not, only what something else asks for.

; RUN: dp-opt --pass=adjoint --function=sum --set elements=double,double, %s | filecheck %s --check-prefix=READ
; RUN: dp-opt --pass=adjoint --function=sum --set elements=double,double, --set unread=result %s | filecheck %s --check-prefix=SUM
; RUN: dp-opt --pass=adjoint --function=chain --set elements=double,double, --set unread=result %s | filecheck %s --check-prefix=CHAIN
; RUN: dp-opt --pass=adjoint --function=again --set elements=double,double, --set unread=result %s | filecheck %s --check-prefix=AGAIN
; RUN: dp-opt --pass=adjoint --function=decides --set elements=double,double, --set unread=result %s | filecheck %s --check-prefix=DECIDES
; RUN: dp-opt --pass=adjoint --function=leaves --set elements=double,double,ptr --set unread=result %s | filecheck %s --check-prefix=LEAVES
; RUN: dp-opt --pass=adjoint --function=hands --set elements=double,double --set unread=result %s | filecheck %s --check-prefix=HANDS
; RUN: dp-opt --pass=adjoint --function=either --set elements=double,double, --set unread=result %s | filecheck %s --check-prefix=EITHER

declare ptr @NRT_MemInfo_alloc_safe_aligned(i64, i32)
declare ptr @NRT_MemInfo_data_fast(ptr)
declare double @llvm.exp.f64(double)

; READ: @sum.augmented(
; READ: store double %total, ptr %result
; READ: @sum.reverse(
;
; The exponential is computed again in the reverse sweep, which costs nothing: the first one has no use for it.
; SUM: @sum.augmented(
; SUM-NOT: store
; SUM: @sum.reverse(
; SUM: call double @llvm.exp.f64
define i32 @sum(ptr %result, ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %so.far = phi double [ 0.0, %entry ], [ %total, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %e = call double @llvm.exp.f64(double %v)
  %total = fadd double %so.far, %e
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %total, ptr %result
  ret i32 0
}

; An array that only the result is made of: nothing is stored into it.
; CHAIN: @chain.augmented(
; CHAIN-NOT: store double
; CHAIN: @chain.reverse(
define i32 @chain(ptr %result, ptr %x, i64 %n) {
entry:
  %info = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  %double = fmul double %v, 2.0
  store double %double, ptr %data
  %w = load double, ptr %data
  store double %w, ptr %result
  ret i32 0
}

; What the reverse sweep reads again must be there.
; AGAIN: @again.augmented(
; AGAIN: store double %twice, ptr %data
; AGAIN-NOT: store double %square
; AGAIN: @again.reverse(
define i32 @again(ptr %result, ptr %x, i64 %n) {
entry:
  %info = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  %twice = fmul double %v, 2.0
  store double %twice, ptr %data
  %w = load double, ptr %data
  %square = fmul double %w, %w
  store double %square, ptr %result
  ret i32 0
}

; What decides about an iteration, or about what is returned, is computed.
; DECIDES: @decides.augmented(
; DECIDES: store double %twice, ptr %data
; DECIDES: @decides.reverse(
define i32 @decides(ptr %result, ptr %x, i64 %n) {
entry:
  %info = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  %twice = fmul double %v, 2.0
  store double %twice, ptr %data
  %w = load double, ptr %data
  %positive = fcmp ogt double %w, 0.0
  br i1 %positive, label %yes, label %no
yes:
  store double %w, ptr %result
  ret i32 0
no:
  ret i32 1
}

; Whoever finds the address of an array may read it.
; LEAVES: @leaves.augmented(
; LEAVES: store double %v, ptr %data
; LEAVES: @leaves.reverse(
define i32 @leaves(ptr %result, ptr %x, ptr %place) {
entry:
  %info = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  store double %v, ptr %data
  store ptr %data, ptr %place
  store double %v, ptr %result
  ret i32 0
}

define internal i32 @callee(ptr %from, ptr %to) noinline {
entry:
  %v = load double, ptr %from
  %w = fmul double %v, %v
  store double %w, ptr %to
  ret i32 0
}

; And what is called.
; HANDS: @hands.augmented(
; HANDS: store double %v, ptr %{{.*}}
; HANDS: call i32 @hands.callee.augmented
; HANDS: @hands.reverse(
define i32 @hands(ptr %result, ptr %x) {
entry:
  %info = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  store double %v, ptr %data
  %status = call i32 @callee(ptr %data, ptr %result)
  ret i32 0
}

; A store that may go into either of two arrays, of which one is read.
; EITHER: @either.augmented(
; EITHER: store double %v, ptr %one
; EITHER: store double %v, ptr %to
; EITHER-NOT: store double %sum
; EITHER: @either.reverse(
define i32 @either(ptr %result, ptr %x, i64 %n) {
entry:
  %info.one = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %one = call ptr @NRT_MemInfo_data_fast(ptr %info.one)
  %info.two = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 16, i32 32)
  %two = call ptr @NRT_MemInfo_data_fast(ptr %info.two)
  %v = load double, ptr %x
  store double %v, ptr %one
  store double 0.0, ptr %two
  %first = icmp slt i64 %n, 5
  %to = select i1 %first, ptr %one, ptr %two
  store double %v, ptr %to
  %a = load double, ptr %one
  %b = load double, ptr %two
  %square = fmul double %a, %a
  %sum = fadd double %square, %b
  store double %sum, ptr %result
  ret i32 0
}
