; Calls that are not inlined.

declare double @llvm.sin.f64(double)

; Sum of squares by halves, in place: y[0] += sum of x[low..high]^2
define internal i32 @halves(ptr %x, ptr %y, i64 %low, i64 %high) {
entry:
  %count = sub i64 %high, %low
  %single = icmp sle i64 %count, 1
  br i1 %single, label %leaf, label %split
leaf:
  %p = getelementptr double, ptr %x, i64 %low
  %v = load double, ptr %p
  %square = fmul double %v, %v
  %old = load double, ptr %y
  %sum = fadd double %old, %square
  store double %sum, ptr %y
  br label %done
split:
  %half = lshr i64 %count, 1
  %middle = add i64 %low, %half
  %left = call i32 @halves(ptr %x, ptr %y, i64 %low, i64 %middle)
  %right = call i32 @halves(ptr %x, ptr %y, i64 %middle, i64 %high)
  %now = load double, ptr %y
  %sine = call double @llvm.sin.f64(double %now)
  store double %sine, ptr %y
  br label %done
done:
  ret i32 0
}

define i32 @tree(ptr %x, ptr %y, i64 %n) {
entry:
  %status = call i32 @halves(ptr %x, ptr %y, i64 0, i64 %n)
  ret i32 0
}

; Mutual recursion that hands an active float down and results up by pointer
define internal i32 @even_step(double %v, ptr %y, i64 %n) {
entry:
  %end = icmp sle i64 %n, 0
  br i1 %end, label %last, label %more
last:
  %old = load double, ptr %y
  %sum = fadd double %old, %v
  store double %sum, ptr %y
  br label %done
more:
  %square = fmul double %v, %v
  %n.next = sub i64 %n, 1
  %status = call i32 @odd_step(double %square, ptr %y, i64 %n.next)
  br label %done
done:
  ret i32 0
}

define internal i32 @odd_step(double %v, ptr %y, i64 %n) {
entry:
  %sine = call double @llvm.sin.f64(double %v)
  %old = load double, ptr %y
  %product = fmul double %old, %sine
  store double %product, ptr %y
  %n.next = sub i64 %n, 1
  %status = call i32 @even_step(double %sine, ptr %y, i64 %n.next)
  ret i32 0
}

define i32 @mutual(double %a, ptr %y, i64 %n) {
entry:
  %status = call i32 @even_step(double %a, ptr %y, i64 %n)
  ret i32 0
}

; to[0] = from[0] from[1]: both may be the same memory
define internal void @multiply(ptr %from, ptr %to) {
entry:
  %a = load double, ptr %from
  %from.1 = getelementptr double, ptr %from, i64 1
  %b = load double, ptr %from.1
  %product = fmul double %a, %b
  store double %product, ptr %to
  %again = load double, ptr %from
  %sum = fadd double %again, %b
  %to.1 = getelementptr double, ptr %to, i64 1
  %sine = call double @llvm.sin.f64(double %sum)
  store double %sine, ptr %to.1
  ret void
}

define i32 @overlapping(ptr %x, ptr %y) {
entry:
  call void @multiply(ptr %x, ptr %x)
  %x.1 = getelementptr double, ptr %x, i64 1
  call void @multiply(ptr %x, ptr %x.1)
  call void @multiply(ptr %x.1, ptr %x)
  call void @multiply(ptr %x, ptr %y)
  ret i32 0
}

; A call in a loop that nobody can count, whose callee keeps what it overwrites
define internal void @advance(ptr %state, double %h) {
entry:
  %v = load double, ptr %state
  %sine = call double @llvm.sin.f64(double %v)
  %step = fmul double %sine, %h
  %next = fadd double %v, %step
  store double %next, ptr %state
  ret void
}

define i32 @called_steps(ptr %state, double %h, double %end) {
entry:
  br label %loop
loop:
  %t = phi double [ 0.0, %entry ], [ %t.next, %loop ]
  call void @advance(ptr %state, double %h)
  %t.next = fadd double %t, 1.0
  %more = fcmp olt double %t.next, %end
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; The entry calls itself.
define i32 @itself(ptr %x, double %a, i64 %n) {
entry:
  %end = icmp sle i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %v = load double, ptr %x
  %product = fmul double %v, %a
  %sine = call double @llvm.sin.f64(double %product)
  store double %sine, ptr %x
  %n.next = sub i64 %n, 1
  %status = call i32 @itself(ptr %x, double %product, i64 %n.next)
  br label %done
done:
  ret i32 0
}

; What an error path calls carries nothing.
define internal void @report(ptr %x) {
entry:
  store double 0.0, ptr %x
  ret void
}

define i32 @checked(ptr %x, ptr %y, i64 %n) {
entry:
  %bad = icmp slt i64 %n, 0
  br i1 %bad, label %fail, label %work
fail:
  call void @report(ptr %x)
  ret i32 1
work:
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %y
  ret i32 0
}

declare ptr @malloc(i64)

; A callee makes memory, fills it and hands it back through a pointer to a pointer.
define internal void @make(ptr %slot, ptr %x) {
entry:
  %memory = call ptr @malloc(i64 16)
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %memory
  %second = getelementptr double, ptr %memory, i64 1
  store double %v, ptr %second
  store ptr %memory, ptr %slot
  ret void
}

define i32 @made_by_callee(ptr %x, ptr %y) {
entry:
  %slot = alloca ptr
  call void @make(ptr %slot, ptr %x)
  %first = load ptr, ptr %slot
  %x.1 = getelementptr double, ptr %x, i64 1
  call void @make(ptr %slot, ptr %x.1)
  %second = load ptr, ptr %slot
  %a = load double, ptr %first
  %second.1 = getelementptr double, ptr %second, i64 1
  %b = load double, ptr %second.1
  %product = fmul double %a, %b
  store double %product, ptr %y
  store double %product, ptr %first
  %again = load double, ptr %first
  %y.1 = getelementptr double, ptr %y, i64 1
  %scaled = fmul double %again, %b
  store double %scaled, ptr %y.1
  ret i32 0
}

; One callee, called with active and with constant data
define internal void @scale_by(ptr %from, double %factor, ptr %to) {
entry:
  %v = load double, ptr %from
  %product = fmul double %v, %factor
  store double %product, ptr %to
  ret void
}

define i32 @two_sites(ptr %x, ptr %table, double %a, ptr %y) {
entry:
  call void @scale_by(ptr %x, double 3.0, ptr %y)
  %y.1 = getelementptr double, ptr %y, i64 1
  call void @scale_by(ptr %table, double %a, ptr %y.1)
  %y.2 = getelementptr double, ptr %y, i64 2
  call void @scale_by(ptr %y, double %a, ptr %y.2)
  ret i32 0
}
