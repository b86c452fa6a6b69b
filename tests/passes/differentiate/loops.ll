; Loops of every form. Each entry returns a status, as Numba's functions do.

declare double @llvm.sin.f64(double)
declare double @llvm.cos.f64(double)
declare double @llvm.fabs.f64(double)

; y[i] = a x[i]
define i32 @scale(ptr %x, ptr %y, double %a, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %w = fmul double %v, %a
  %q = getelementptr double, ptr %y, i64 %i
  store double %w, ptr %q
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; y[0] = sum of x[i]^2, tested at the top, so that the loop may be skipped
define i32 @sum_of_squares(ptr %x, ptr %y, i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %body ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %body ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %body, label %done
body:
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %square = fmul double %v, %v
  %sum.next = fadd double %sum, %square
  %i.next = add nuw nsw i64 %i, 1
  br label %head
done:
  store double %sum, ptr %y
  ret i32 0
}

; (a, b) = (b, a b + x[i]): the phis are copied in parallel
define i32 @rotating(ptr %x, ptr %y, double %a, double %b, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %u = phi double [ %a, %entry ], [ %v, %loop ]
  %v = phi double [ %b, %entry ], [ %w, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %xi = load double, ptr %p
  %product = fmul double %u, %v
  %w = fadd double %product, %xi
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %u, ptr %y
  %q = getelementptr double, ptr %y, i64 1
  store double %w, ptr %q
  ret i32 0
}

; for i = n - 1; i >= 0; i -= 2: y[i] = sin(x[i]) x[i]
define i32 @countdown(ptr %x, ptr %y, i64 %n) {
entry:
  %last = sub i64 %n, 1
  br label %head
head:
  %i = phi i64 [ %last, %entry ], [ %i.next, %body ]
  %more = icmp sge i64 %i, 0
  br i1 %more, label %body, label %done
body:
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %s = call double @llvm.sin.f64(double %v)
  %w = fmul double %s, %v
  %q = getelementptr double, ptr %y, i64 %i
  store double %w, ptr %q
  %i.next = sub nsw i64 %i, 2
  br label %head
done:
  ret i32 0
}

; x[i] = x[i] x[j] + y[i] for all j < i, in place: a triangular nest whose values must be kept
define i32 @triangular(ptr %x, ptr %y, i64 %n) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %rows.latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %r = getelementptr double, ptr %y, i64 %i
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %body ]
  %more = icmp slt i64 %j, %i
  br i1 %more, label %body, label %rows.latch
body:
  %q = getelementptr double, ptr %x, i64 %j
  %xi = load double, ptr %p
  %xj = load double, ptr %q
  %product = fmul double %xi, %xj
  %yi = load double, ptr %r
  %sum = fadd double %product, %yi
  store double %sum, ptr %p
  %j.next = add nuw nsw i64 %j, 1
  br label %columns
rows.latch:
  %i.next = add nuw nsw i64 %i, 1
  %again = icmp slt i64 %i.next, %n
  br i1 %again, label %rows, label %done
done:
  ret i32 0
}

; The inner loop is rotated and guarded, counts by three to a bound that it meets exactly, and may not run at all.
define i32 @guarded_nest(ptr %x, ptr %y, i64 %n, i64 %m) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  %runs = icmp sgt i64 %m, 0
  br i1 %runs, label %inner.ready, label %outer.latch
inner.ready:
  br label %inner
inner:
  %j = phi i64 [ 0, %inner.ready ], [ %j.next, %inner ]
  %p = getelementptr double, ptr %x, i64 %j
  %v = load double, ptr %p
  %q = getelementptr double, ptr %y, i64 %i
  %old = load double, ptr %q
  %product = fmul double %v, %old
  %sine = call double @llvm.sin.f64(double %product)
  store double %sine, ptr %q
  %j.next = add nuw nsw i64 %j, 3
  %more = icmp ne i64 %j.next, %m
  br i1 %more, label %inner, label %inner.done
inner.done:
  br label %outer.latch
outer.latch:
  %i.next = add nuw nsw i64 %i, 1
  %again = icmp slt i64 %i.next, %n
  br i1 %again, label %outer, label %done
done:
  ret i32 0
}

; Newton's iteration for sqrt(a): nobody knows beforehand how often
define i32 @newton(double %a, ptr %y) {
entry:
  br label %loop
loop:
  %r = phi double [ 1.0, %entry ], [ %half, %loop ]
  %quotient = fdiv double %a, %r
  %sum = fadd double %r, %quotient
  %half = fmul double %sum, 0.5
  %square = fmul double %half, %half
  %difference = fsub double %square, %a
  %error = call double @llvm.fabs.f64(double %difference)
  %far = fcmp ogt double %error, 1.0e-13
  br i1 %far, label %loop, label %done
done:
  store double %half, ptr %y
  ret i32 0
}

; Product of x[i] until one is negative or their sum exceeds the limit: two ways out of one loop
define i32 @two_exits(ptr %x, ptr %y, double %limit, i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %product = phi double [ 1.0, %entry ], [ %product.next, %latch ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %latch ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %body, label %exhausted
body:
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %product.next = fmul double %product, %v
  %sum.next = fadd double %sum, %v
  %negative = fcmp olt double %v, 0.0
  br i1 %negative, label %broken, label %latch
latch:
  %i.next = add nuw nsw i64 %i, 1
  %over = fcmp ogt double %sum.next, %limit
  br i1 %over, label %over.limit, label %head
exhausted:
  br label %done
broken:
  %twice = fmul double %product.next, 2.0
  br label %done
over.limit:
  %squared = fmul double %sum.next, %sum.next
  br label %done
done:
  %result = phi double [ %product, %exhausted ], [ %twice, %broken ], [ %squared, %over.limit ]
  store double %result, ptr %y
  ret i32 0
}

; Leaves both loops where a product exceeds the limit
define i32 @early_exit(ptr %x, ptr %y, double %limit, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  %total = phi double [ 0.0, %entry ], [ %inner.total, %outer.latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %xi = load double, ptr %p
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner.latch ]
  %sum = phi double [ %total, %outer ], [ %sum.next, %inner.latch ]
  %q = getelementptr double, ptr %x, i64 %j
  %xj = load double, ptr %q
  %product = fmul double %xi, %xj
  %sum.next = fadd double %sum, %product
  %over = fcmp ogt double %product, %limit
  br i1 %over, label %found, label %inner.latch
inner.latch:
  %j.next = add nuw nsw i64 %j, 1
  %more = icmp slt i64 %j.next, %n
  br i1 %more, label %inner, label %outer.latch
outer.latch:
  %inner.total = phi double [ %sum.next, %inner.latch ]
  %i.next = add nuw nsw i64 %i, 1
  %again = icmp slt i64 %i.next, %n
  br i1 %again, label %outer, label %done
found:
  %found.sum = phi double [ %sum.next, %inner ]
  %found.xi = phi double [ %xi, %inner ]
  %weighted = fmul double %found.sum, %found.xi
  br label %end
done:
  %all = phi double [ %inner.total, %outer.latch ]
  br label %end
end:
  %result = phi double [ %weighted, %found ], [ %all, %done ]
  store double %result, ptr %y
  ret i32 0
}

; v += h sin(v), until the time is up: one record an iteration, many chunks of them
define i32 @many_steps(double %v0, double %h, double %end, ptr %y) {
entry:
  br label %loop
loop:
  %v = phi double [ %v0, %entry ], [ %v.next, %loop ]
  %t = phi double [ 0.0, %entry ], [ %t.next, %loop ]
  %slope = call double @llvm.sin.f64(double %v)
  %step = fmul double %slope, %h
  %v.next = fadd double %v, %step
  %t.next = fadd double %t, 1.0
  %more = fcmp olt double %t.next, %end
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; A step is taken or left out or doubled, by what x says: paths that join in the loop
define i32 @choices(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %v = phi double [ 1.0, %entry ], [ %v.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %xi = load double, ptr %p
  %small = fcmp olt double %xi, -0.5
  br i1 %small, label %latch, label %middle
middle:
  %product = fmul double %v, %xi
  %large = fcmp ogt double %xi, 0.5
  br i1 %large, label %double, label %latch
double:
  %twice = fmul double %product, %product
  br label %latch
latch:
  %v.next = phi double [ %v, %loop ], [ %product, %middle ], [ %twice, %double ]
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; A switch in a loop, two of whose cases lead to one block and one straight to the join
define i32 @switching(ptr %x, ptr %codes, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %v = phi double [ 1.0, %entry ], [ %v.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %xi = load double, ptr %p
  %c = getelementptr i64, ptr %codes, i64 %i
  %code = load i64, ptr %c
  switch i64 %code, label %other [ i64 0, label %square
                                   i64 1, label %square
                                   i64 2, label %latch
                                   i64 3, label %latch ]
square:
  %squared = fmul double %v, %v
  br label %latch
other:
  %difference = fsub double %xi, %v
  br label %latch
latch:
  %v.next = phi double [ %squared, %square ], [ %difference, %other ], [ %xi, %loop ], [ %xi, %loop ]
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; A counted loop inside one that nobody can count, and one that nobody can count inside that
define i32 @mixed_nest(ptr %x, ptr %y, double %end, i64 %n) {
entry:
  br label %outer
outer:
  %t = phi double [ 0.0, %entry ], [ %t.next, %outer.latch ]
  %v = phi double [ 1.0, %entry ], [ %v.last, %outer.latch ]
  br label %middle
middle:
  %i = phi i64 [ 0, %outer ], [ %i.next, %middle.latch ]
  %u = phi double [ %v, %outer ], [ %u.last, %middle.latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %xi = load double, ptr %p
  %product = fmul double %u, %xi
  br label %inner
inner:
  %w = phi double [ %product, %middle ], [ %w.next, %inner ]
  %s = call double @llvm.cos.f64(double %w)
  %half = fmul double %w, %s
  %w.next = fmul double %half, 0.75
  %size = call double @llvm.fabs.f64(double %w.next)
  %large = fcmp ogt double %size, 0.05
  br i1 %large, label %inner, label %middle.latch
middle.latch:
  %w.last = phi double [ %w.next, %inner ]
  %u.last = fadd double %w.last, %u
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %middle, label %outer.latch
outer.latch:
  %v.last = phi double [ %u.last, %middle.latch ]
  %t.next = fadd double %t, 1.0
  %again = fcmp olt double %t.next, %end
  br i1 %again, label %outer, label %done
done:
  %result = phi double [ %v.last, %outer.latch ]
  store double %result, ptr %y
  ret i32 0
}

; The truth value that decides is computed from what the iteration overwrites: it must be kept
define i32 @kept_truth(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %q = getelementptr double, ptr %x, i64 %i
  %xi = load double, ptr %q
  %v = load double, ptr %y
  %positive = fcmp ogt double %v, %xi
  %product = fmul double %v, %xi
  %sum = fadd double %v, %xi
  %chosen = select i1 %positive, double %product, double %sum
  store double %chosen, ptr %y
  store double %v, ptr %q
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A narrow counter that wraps around: 250, 251, ... 255, 0, ... 5
define i32 @narrow_counter(ptr %x, ptr %y) {
entry:
  br label %loop
loop:
  %i = phi i8 [ -6, %entry ], [ %i.next, %loop ]
  %v = phi double [ 1.0, %entry ], [ %v.next, %loop ]
  %shifted = add i8 %i, 6
  %index = zext i8 %shifted to i64
  %p = getelementptr double, ptr %x, i64 %index
  %xi = load double, ptr %p
  %v.next = fmul double %v, %xi
  %i.next = add i8 %i, 1
  %more = icmp ne i8 %i.next, 6
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}
