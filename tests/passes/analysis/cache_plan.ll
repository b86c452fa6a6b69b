; What the reverse sweep keeps, computes again or reads again, and why.

; RUN: dp-opt --pass=cache_plan --function=linear %s | filecheck %s --check-prefix=LINEAR
; RUN: dp-opt --pass=cache_plan --function=recompute %s | filecheck %s --check-prefix=RECOMPUTE
; RUN: dp-opt --pass=cache_plan --function=reload %s | filecheck %s --check-prefix=RELOAD
; RUN: dp-opt --pass=cache_plan --function=overwritten %s | filecheck %s --check-prefix=OVERWRITTEN
; RUN: dp-opt --pass=cache_plan --function=expensive %s | filecheck %s --check-prefix=EXPENSIVE
; RUN: dp-opt --pass=cache_plan --function=one_for_two %s | filecheck %s --check-prefix=ONE
; RUN: dp-opt --pass=cache_plan --function=carried %s | filecheck %s --check-prefix=CARRIED
; RUN: dp-opt --pass=cache_plan --function=affine %s | filecheck %s --check-prefix=AFFINE
; RUN: dp-opt --pass=cache_plan --function=unknown_trips %s | filecheck %s --check-prefix=TRIPS
; RUN: dp-opt --pass=cache_plan --function=two_ways %s | filecheck %s --check-prefix=WAYS
; RUN: dp-opt --pass=cache_plan --function=three_ways %s | filecheck %s --check-prefix=THREE
; RUN: dp-opt --pass=cache_plan --function=swap %s | filecheck %s --check-prefix=SWAP
; RUN: dp-opt --pass=cache_plan --function=call --set kinds=duplicated,duplicated %s | filecheck %s --check-prefix=CALL
; RUN: dp-opt --pass=cache_plan --function=pairs %S/../differentiate/memory.ll | filecheck %s --check-prefix=PAIRS
; RUN: dp-opt --pass=cache_plan --function=pairs_moving %S/../differentiate/memory.ll | filecheck %s --check-prefix=MOVING

; What a column reads is the same in every row of a step, unless rows write there.
; PAIRS: keep %there (8 bytes × 1024): argument %x may be overwritten later by 'store' in
; MOVING: keep %d (8 bytes × 32768): keeping it is cheaper than rebuilding it

declare double @llvm.sin.f64(double)
declare double @llvm.exp.f64(double)

; Sums and products with constants need nothing.
; LINEAR:      cache plan of @linear.augmented
; LINEAR-NOT:  keep
; LINEAR-NOT:  reload
define i32 @linear(ptr %x, ptr %y) {
  %v = load double, ptr %x
  %half = fmul double %v, 0.5
  %sum = fadd double %half, 3.0
  store double %sum, ptr %y
  ret i32 0
}

; Arguments are there, and what is cheaply made of them is made again.
; RECOMPUTE-NOT: keep
; RECOMPUTE:     recompute %sum
; RECOMPUTE-NOT: keep
define i32 @recompute(double %a, double %b, ptr %y) {
  %sum = fadd double %a, %b
  %square = fmul double %sum, %sum
  store double %square, ptr %y
  ret i32 0
}

; RELOAD-NOT: keep
; RELOAD:     reload %v
; RELOAD-NOT: keep
define i32 @reload(ptr %x, ptr %y) {
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %y
  ret i32 0
}

; OVERWRITTEN: keep %v (8 bytes × 1): argument %x may be overwritten later by 'store' in
define i32 @overwritten(ptr %x) {
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %x
  ret i32 0
}

; The exponential is its own derivative; to keep it costs less than to call it again.
; EXPENSIVE: keep %e (8 bytes × 1): keeping it is cheaper than rebuilding it
define i32 @expensive(ptr %x, ptr %y) {
  %v = load double, ptr %x
  %e = call double @llvm.exp.f64(double %v)
  store double %e, ptr %y
  ret i32 0
}

; Two values are needed, and both can be made from a third: one is kept.
; ONE:      keep %sum
; ONE-NOT:  keep %
; ONE:      recompute %twice
; ONE-NOT:  keep %
define i32 @one_for_two(ptr %x, ptr %y) {
  %a = load double, ptr %x
  %p = getelementptr double, ptr %x, i64 1
  %b = load double, ptr %p
  %sum = fadd double %a, %b
  %twice = fmul double %sum, 2.0
  %square = fmul double %sum, %twice
  store double %square, ptr %x
  store double %square, ptr %p
  ret i32 0
}

; CARRIED: keep %v (8 bytes × {{[0-9]+}}): it is carried from one iteration to the next
define i32 @carried(double %a, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %v = phi double [ %a, %entry ], [ %v.next, %loop ]
  %v.next = fmul double %v, %v
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; Nothing that is affine in counters is ever kept: indices, addresses, pointers that step, bounds of inner loops.
; AFFINE-NOT: keep
; AFFINE-DAG: recompute %index
; AFFINE-DAG: recompute %walking
; AFFINE-NOT: keep
define i32 @affine(ptr %x, ptr %y, i64 %n, i64 %m) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  %row = mul nsw i64 %i, %m
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %walking = phi ptr [ %x, %outer ], [ %walking.next, %inner ]
  %index = add nsw i64 %row, %j
  %v = load double, ptr %walking
  %square = fmul double %v, %v
  %q = getelementptr double, ptr %y, i64 %index
  store double %square, ptr %q
  %walking.next = getelementptr double, ptr %walking, i64 2
  %j.next = add nuw nsw i64 %j, 1
  %more = icmp sle i64 %j.next, %i
  br i1 %more, label %inner, label %outer.latch
outer.latch:
  %i.next = add nuw nsw i64 %i, 1
  %again = icmp slt i64 %i.next, %n
  br i1 %again, label %outer, label %done
done:
  ret i32 0
}

; The number of iterations is known only afterwards, and is kept once.
; TRIPS-DAG: keep %loop.last (8 bytes × 1): the number of iterations is known only afterwards
; TRIPS-DAG: keep %v (8 bytes × {{[0-9]+}}): it is carried from one iteration to the next
define i32 @unknown_trips(double %a, ptr %y) {
entry:
  br label %loop
loop:
  %v = phi double [ %a, %entry ], [ %v.next, %loop ]
  %v.next = fmul double %v, %v
  %more = fcmp ogt double %v.next, 0.5
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; Which of two ways was taken, the condition tells again.
; WAYS-NOT: keep %join.source
; WAYS:     recompute %join.source
define i32 @two_ways(double %a, double %b, ptr %y) {
entry:
  %more = fcmp ogt double %a, %b
  br i1 %more, label %yes, label %join
yes:
  %square = fmul double %a, %a
  br label %join
join:
  %result = phi double [ %square, %yes ], [ %b, %entry ]
  store double %result, ptr %y
  ret i32 0
}

; Which of three, one byte tells.
; THREE: keep %join.source (1 bytes × 1): paths join here
define i32 @three_ways(double %a, double %b, ptr %y, i64 %n) {
entry:
  switch i64 %n, label %other [ i64 0, label %yes
                                i64 1, label %no ]
yes:
  %square = fmul double %a, %a
  br label %join
no:
  %product = fmul double %a, %b
  br label %join
other:
  br label %join
join:
  %result = phi double [ %square, %yes ], [ %product, %no ], [ %b, %other ]
  store double %result, ptr %y
  ret i32 0
}

; Two buffers that change places: the state is kept, once a cell, and so is which buffer it was.
; SWAP-NOT: reload %a
; SWAP:     keep %a (8 bytes × {{[0-9]+}}): argument {{%[xy]}} may be overwritten later by 'store' in %loop
; SWAP-NOT: reload %a
define i32 @swap(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %from = phi ptr [ %x, %entry ], [ %to, %loop ]
  %to = phi ptr [ %y, %entry ], [ %from, %loop ]
  %a = load double, ptr %from
  %s = call double @llvm.sin.f64(double %a)
  store double %s, ptr %to
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; The callee's record is all that its reverse needs.
; CALL: keep %status.tape
define i32 @call(ptr %x, ptr %y) {
  %status = call i32 @callee(ptr %x, ptr %y)
  ret i32 0
}

define internal i32 @callee(ptr %x, ptr %y) {
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %y
  ret i32 0
}
