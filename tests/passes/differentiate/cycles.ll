; Cycles that can be entered at several places.

declare double @llvm.sin.f64(double)

; Between %first and %second, entered at either: x is multiplied here and added there.
define i32 @two_doors(double %x, double %step, ptr %y, i64 %n, i1 %c) {
entry:
  br i1 %c, label %left, label %right
left:
  %scaled = fmul double %x, 2.0
  br label %first
right:
  br label %second
first:
  %a = phi double [ %scaled, %left ], [ %sum, %second ]
  %i = phi i64 [ 0, %left ], [ %k, %second ]
  %product = fmul double %a, %x
  %i.next = add i64 %i, 1
  %over = icmp sge i64 %i.next, %n
  br i1 %over, label %end, label %second
second:
  %b = phi double [ %x, %right ], [ %product, %first ]
  %j = phi i64 [ 1, %right ], [ %i.next, %first ]
  %sine = call double @llvm.sin.f64(double %b)
  %sum = fadd double %sine, %step
  %k = add i64 %j, 1
  %past = icmp sge i64 %k, %n
  br i1 %past, label %end, label %first
end:
  %result = phi double [ %product, %first ], [ %sum, %second ]
  store double %result, ptr %y
  ret i32 0
}

; One inside a loop, its merges taken crosswise, and a branch that leads to both doors.
define i32 @doors_in_a_loop(ptr %x, ptr %y, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %total = phi double [ 1.0, %entry ], [ %more, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %positive = fcmp ogt double %v, 0.0
  br i1 %positive, label %first, label %second
first:
  %a = phi double [ %v, %outer ], [ %d, %second ], [ %square, %third ]
  %b = phi double [ %total, %outer ], [ %c, %second ], [ %a, %third ]
  %k = phi i64 [ 0, %outer ], [ %m, %second ], [ %k.next, %third ]
  %square = fmul double %a, %b
  %k.next = add i64 %k, 1
  %again = icmp slt i64 %k.next, 3
  br i1 %again, label %third, label %latch
third:
  %small = fcmp olt double %square, 0.5
  br i1 %small, label %first, label %second
second:
  %c = phi double [ %total, %outer ], [ %square, %third ]
  %d = phi double [ %v, %outer ], [ %b, %third ]
  %l = phi i64 [ 0, %outer ], [ %k.next, %third ]
  %m = add i64 %l, 1
  br label %first
latch:
  %more = fadd double %total, %square
  %i.next = add i64 %i, 1
  %done = icmp sge i64 %i.next, %n
  br i1 %done, label %end, label %outer
end:
  store double %more, ptr %y
  ret i32 0
}
