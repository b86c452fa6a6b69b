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

; What a callee finds behind a pointer in memory: y[0] += p[0] * p[1], p[0] becomes its square.
define internal void @through_cell(ptr %cell, ptr %y) {
entry:
  %p = load ptr, ptr %cell
  %a = load double, ptr %p
  %p.1 = getelementptr double, ptr %p, i64 1
  %b = load double, ptr %p.1
  %product = fmul double %a, %b
  %old = load double, ptr %y
  %sum = fadd double %old, %product
  store double %sum, ptr %y
  %square = fmul double %a, %a
  store double %square, ptr %p
  ret void
}

define i32 @behind_a_pointer(ptr %x, ptr %y) {
entry:
  %cell = alloca ptr
  store ptr %x, ptr %cell
  call void @through_cell(ptr %cell, ptr %y)
  call void @through_cell(ptr %cell, ptr %y)
  ret i32 0
}

; The same memory as a parameter and behind another one: what is read through one is overwritten through the other.
define internal void @both_ways(ptr %cell, ptr %x, ptr %y) {
entry:
  %v = load double, ptr %x
  %p = load ptr, ptr %cell
  %square = fmul double %v, %v
  store double %square, ptr %p
  %again = load double, ptr %x
  %product = fmul double %again, %v
  store double %product, ptr %p
  %old = load double, ptr %y
  %last = load double, ptr %x
  %cube = fmul double %last, %last
  %sum = fadd double %old, %cube
  store double %sum, ptr %y
  ret void
}

define i32 @overlap_behind(ptr %x, ptr %y) {
entry:
  %cell = alloca ptr
  store ptr %x, ptr %cell
  call void @both_ways(ptr %cell, ptr %x, ptr %y)
  ret i32 0
}

; Two cells whose pointers lead to the same memory
define internal void @two_cells(ptr %first, ptr %second, ptr %y) {
entry:
  %p = load ptr, ptr %first
  %v = load double, ptr %p
  %q = load ptr, ptr %second
  %square = fmul double %v, %v
  store double %square, ptr %q
  %again = load double, ptr %p
  %product = fmul double %again, %v
  store double %product, ptr %y
  ret void
}

define i32 @overlap_behind_both(ptr %x, ptr %y) {
entry:
  %first = alloca ptr
  %second = alloca ptr
  store ptr %x, ptr %first
  store ptr %x, ptr %second
  call void @two_cells(ptr %first, ptr %second, ptr %y)
  ret i32 0
}

; A callee lets one cell point where another one does; only its caller writes there.
define internal void @connect(ptr %from, ptr %to, ptr %beside) {
entry:
  %p = load ptr, ptr %from
  store ptr %p, ptr %to
  %next = getelementptr double, ptr %p, i64 1
  store ptr %next, ptr %beside
  ret void
}

define i32 @connected(ptr %x, ptr %y) {
entry:
  %from = alloca ptr
  %to = alloca ptr
  store ptr %x, ptr %from
  store ptr %y, ptr %to
  %before = load double, ptr %x
  %beside = alloca ptr
  call void @connect(ptr %from, ptr %to, ptr %beside)
  %next = load ptr, ptr %beside
  %p = load ptr, ptr %to
  %square = fmul double %before, %before
  store double %square, ptr %p
  %second = load double, ptr %next
  %after = load double, ptr %x
  %product = fmul double %after, %second
  store double %product, ptr %next
  %result = load double, ptr %next
  %cube = fmul double %result, %after
  store double %cube, ptr %y
  ret i32 0
}

; A list that recursion makes, {value, next}, and another recursion walks: the sum of the products of all its tails.
define internal void @listed(ptr %x, i64 %n, ptr %slot) {
entry:
  %end = icmp sle i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %memory = call ptr @malloc(i64 16)
  %n.next = sub i64 %n, 1
  %x.next = getelementptr double, ptr %x, i64 1
  %place = getelementptr i8, ptr %memory, i64 8
  call void @listed(ptr %x.next, i64 %n.next, ptr %place)
  %v = load double, ptr %x
  store double %v, ptr %memory
  br label %done
done:
  %list = phi ptr [ null, %entry ], [ %memory, %more ]
  store ptr %list, ptr %slot
  ret void
}

define internal void @walk(ptr %list, double %product, ptr %y) {
entry:
  %end = icmp eq ptr %list, null
  br i1 %end, label %done, label %more
more:
  %v = load double, ptr %list
  %longer = fmul double %product, %v
  %old = load double, ptr %y
  %sum = fadd double %old, %longer
  store double %sum, ptr %y
  store double %longer, ptr %list
  %place = getelementptr i8, ptr %list, i64 8
  %next = load ptr, ptr %place
  call void @walk(ptr %next, double %longer, ptr %y)
  %changed = load double, ptr %list
  %now = load double, ptr %y
  %more.sum = fmul double %now, %changed
  store double %more.sum, ptr %y
  br label %done
done:
  ret void
}

define i32 @linked(ptr %x, ptr %y, i64 %n) {
entry:
  %slot = alloca ptr
  call void @listed(ptr %x, i64 %n, ptr %slot)
  %list = load ptr, ptr %slot
  call void @walk(ptr %list, double 1.0, ptr %y)
  ret i32 0
}

; What the caller has read is overwritten by a callee through a pointer in memory.
define i32 @written_behind(ptr %x, ptr %y) {
entry:
  %cell = alloca ptr
  store ptr %x, ptr %cell
  %v = load double, ptr %x
  call void @through_cell(ptr %cell, ptr %y)
  %square = fmul double %v, %v
  %old = load double, ptr %y
  %product = fmul double %old, %square
  store double %product, ptr %y
  ret i32 0
}
