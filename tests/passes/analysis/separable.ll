; RUN: dp-opt --pass=separable --function=series %s | filecheck %s --check-prefix=SERIES
; RUN: dp-opt --pass=separable --function=squared %s | filecheck %s --check-prefix=SQUARED
; RUN: dp-opt --pass=separable --function=stores %s | filecheck %s --check-prefix=STORES
; RUN: dp-opt --pass=separable --function=branches %s | filecheck %s --check-prefix=BRANCHES
; RUN: dp-opt --pass=separable --function=flat %s | filecheck %s --check-prefix=FLAT

declare double @llvm.sin.f64(double)

; A sum of what each iteration computes by itself, scaled behind the loop.
; SERIES: separable loops of @series
; SERIES-NEXT: %outer: sums %total
define i32 @series(ptr noalias %result, ptr %x, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %total = phi double [ 0.0, %entry ], [ %total.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %term = phi double [ %v, %outer ], [ %term.next, %inner ]
  %term.next = call double @llvm.sin.f64(double %term)
  %j.next = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j.next, %n
  br i1 %again, label %inner, label %latch
latch:
  %share = phi double [ %term.next, %inner ]
  %total.next = fadd double %total, %share
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  %left = phi double [ %total.next, %latch ]
  %scaled = fmul double %left, 0.5
  store double %scaled, ptr %result
  ret i32 0
}

; What is done with the sum is not linear.
; SQUARED: %outer: what follows is not linear in what it sums up
define i32 @squared(ptr noalias %result, ptr %x, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %total = phi double [ 0.0, %entry ], [ %total.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %term = phi double [ %v, %outer ], [ %term.next, %inner ]
  %term.next = call double @llvm.sin.f64(double %term)
  %j.next = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j.next, %n
  br i1 %again, label %inner, label %latch
latch:
  %share = phi double [ %term.next, %inner ]
  %total.next = fadd double %total, %share
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  %left = phi double [ %total.next, %latch ]
  %square = fmul double %left, %left
  store double %square, ptr %result
  ret i32 0
}

; What an iteration stores may be read by others.
; STORES: %outer: an iteration stores to memory that is not its own
define i32 @stores(ptr noalias %result, ptr %x, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %total = phi double [ 0.0, %entry ], [ %total.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %term = phi double [ %v, %outer ], [ %term.next, %inner ]
  %term.next = call double @llvm.sin.f64(double %term)
  %j.next = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j.next, %n
  br i1 %again, label %inner, label %latch
latch:
  %share = phi double [ %term.next, %inner ]
  store double %share, ptr %p
  %total.next = fadd double %total, %share
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  %left = phi double [ %total.next, %latch ]
  store double %left, ptr %result
  ret i32 0
}

; Behind the loop it is open what becomes of the sum.
; BRANCHES: %outer: what follows does not run straight to the return
define i32 @branches(ptr noalias %result, ptr %x, i64 %n, i1 %c) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %total = phi double [ 0.0, %entry ], [ %total.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %term = phi double [ %v, %outer ], [ %term.next, %inner ]
  %term.next = call double @llvm.sin.f64(double %term)
  %j.next = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j.next, %n
  br i1 %again, label %inner, label %latch
latch:
  %share = phi double [ %term.next, %inner ]
  %total.next = fadd double %total, %share
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  %left = phi double [ %total.next, %latch ]
  br i1 %c, label %yes, label %no
yes:
  store double %left, ptr %result
  br label %no
no:
  ret i32 0
}

; Without a loop within there is little to keep.
; FLAT: separable loops of @flat
; FLAT-NOT: sums
define i32 @flat(ptr noalias %result, ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %total = phi double [ 0.0, %entry ], [ %total.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %total.next = fadd double %total, %v
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  %left = phi double [ %total.next, %loop ]
  store double %left, ptr %result
  ret i32 0
}
