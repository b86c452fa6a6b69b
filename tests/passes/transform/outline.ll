; A loop becomes a function that goes on for a few iterations more at each call; cells hold what it carries and leaves.

; RUN: dp-opt --pass=outline,verify --function=product --set loop=loop %s | filecheck %s
; RUN: dp-opt --pass=outline,loops --function=product --set loop=loop %s | filecheck %s --check-prefix=LOOPS
; RUN: dp-opt --pass=outline,verify --function=until --set loop=loop %s | filecheck %s --check-prefix=UNTIL
; RUN: not dp-opt --pass=outline --function=product --set loop=entry %s | filecheck %s --check-prefix=NONE

; NONE: @product has no outermost loop at %entry
; LOOPS: loop %loop.again latch %loop.more preheader %before

; The trips are known: each call is told how many to make, and whether they are the last.
; CHECK:      @product(
; CHECK:      store double {{.*}}, ptr %s.cell
; CHECK:      %length = phi i64 [ 8, %before ], [ %longer, %loop.more ]
; CHECK:      %left = sub i64 %iterations, %{{.*}}
; CHECK:      %[[LAST:.*]] = icmp sle i64 %left, %length
; CHECK:      %[[MOST:.*]] = select i1 %[[LAST]], i64 %left, i64 %length
; CHECK:      %[[CODE:.*]] = call i64 @product.loop(ptr %x, i64 %n, ptr %i.cell, ptr %s.cell, ptr %r.cell, i64 %[[MOST]], i1 %[[LAST]])
; CHECK-NEXT: switch i64 %[[CODE]], label %loop.more [ i64 1, label %exit.left ]
; CHECK:      load double, ptr %r.cell
; CHECK:      define internal i64 @product.loop(
; CHECK:      %s.begin = load double, ptr %s.cell
; CHECK:      ret i64 1
; CHECK:      icmp slt i64 %iterations, %most.iterations
; CHECK:      store double %{{.*}}, ptr %s.cell
; CHECK-NEXT: ret i64 0
define i32 @product(ptr %x, i64 %n, ptr %out) {
entry:
  %none = icmp sle i64 %n, 0
  br i1 %none, label %done, label %before

before:
  br label %loop

loop:
  %i = phi i64 [ 0, %before ], [ %i.next, %loop ]
  %s = phi double [ 1.0, %before ], [ %s.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %s.next = fmul double %s, %v
  %i.next = add nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %exit

exit:
  %r = phi double [ %s.next, %loop ]
  br label %done

done:
  %result = phi double [ 0.0, %entry ], [ %r, %exit ]
  store double %result, ptr %out
  ret i32 0
}

; They are not: the loop ends where it ends, or where the call has made as many as it may.
; UNTIL: define internal i64 @until.loop(double %bound, ptr %{{.*}}, ptr %{{.*}}, i64 %most.iterations, i1 %is.last)
; UNTIL: br i1 %small, label %exit.leave, label %on
; UNTIL: icmp slt i64 %iterations, %most.iterations
define i32 @until(double %x, double %bound, ptr %out) {
entry:
  br label %loop

loop:
  %y = phi double [ %x, %entry ], [ %half, %loop ]
  %half = fmul double %y, 5.0e-1
  %small = fcmp olt double %half, %bound
  br i1 %small, label %exit, label %loop

exit:
  %r = phi double [ %half, %loop ]
  store double %r, ptr %out
  ret i32 0
}
