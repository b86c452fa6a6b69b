; Memory: overwriting, swapping, copying, allocating, records.

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare ptr @malloc(i64)
declare void @free(ptr)
declare double @llvm.sin.f64(double)
declare double @llvm.sqrt.f64(double)
declare i64 @llvm.smin.i64(i64, i64)

@weights = internal constant [3 x double] [double 0.5, double 2.0, double -1.5]

; Two buffers exchanged by phis: to[0] = sin(from[0]) from[1], to[1] = from[0] + from[1]
define i32 @swap_phis(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %from = phi ptr [ %x, %entry ], [ %to, %loop ]
  %to = phi ptr [ %y, %entry ], [ %from, %loop ]
  %a = load double, ptr %from
  %from.1 = getelementptr double, ptr %from, i64 1
  %b = load double, ptr %from.1
  %s = call double @llvm.sin.f64(double %a)
  %product = fmul double %s, %b
  store double %product, ptr %to
  %sum = fadd double %a, %b
  %to.1 = getelementptr double, ptr %to, i64 1
  store double %sum, ptr %to.1
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; The same, the buffer chosen by the parity of the step
define i32 @swap_parity(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %bit = and i64 %i, 1
  %even = icmp eq i64 %bit, 0
  %from = select i1 %even, ptr %x, ptr %y
  %to = select i1 %even, ptr %y, ptr %x
  %a = load double, ptr %from
  %from.1 = getelementptr double, ptr %from, i64 1
  %b = load double, ptr %from.1
  %s = call double @llvm.sin.f64(double %a)
  %product = fmul double %s, %b
  store double %product, ptr %to
  %sum = fadd double %a, %b
  %to.1 = getelementptr double, ptr %to, i64 1
  store double %sum, ptr %to.1
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; The same, the new state copied back
define i32 @swap_copied(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %a = load double, ptr %x
  %x.1 = getelementptr double, ptr %x, i64 1
  %b = load double, ptr %x.1
  %s = call double @llvm.sin.f64(double %a)
  %product = fmul double %s, %b
  store double %product, ptr %y
  %sum = fadd double %a, %b
  %y.1 = getelementptr double, ptr %y, i64 1
  store double %sum, ptr %y.1
  call void @llvm.memcpy.p0.p0.i64(ptr %x, ptr %y, i64 16, i1 false)
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; The same, the pointers kept in a structure on the stack
define i32 @swap_memory(ptr %x, ptr %y, i64 %n) {
entry:
  %pair = alloca { ptr, ptr }
  %second = getelementptr { ptr, ptr }, ptr %pair, i64 0, i32 1
  store ptr %x, ptr %pair
  store ptr %y, ptr %second
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %from = load ptr, ptr %pair
  %to = load ptr, ptr %second
  %a = load double, ptr %from
  %from.1 = getelementptr double, ptr %from, i64 1
  %b = load double, ptr %from.1
  %s = call double @llvm.sin.f64(double %a)
  %product = fmul double %s, %b
  store double %product, ptr %to
  %sum = fadd double %a, %b
  %to.1 = getelementptr double, ptr %to, i64 1
  store double %sum, ptr %to.1
  store ptr %to, ptr %pair
  store ptr %from, ptr %second
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; x[i + 1] = x[i] by one move, and back again after squaring x[1]
define i32 @moves(ptr %x, i64 %bytes) {
entry:
  %x.1 = getelementptr double, ptr %x, i64 1
  call void @llvm.memmove.p0.p0.i64(ptr %x.1, ptr %x, i64 %bytes, i1 false)
  %v = load double, ptr %x.1
  %w = fmul double %v, %v
  store double %w, ptr %x.1
  %x.2 = getelementptr double, ptr %x, i64 2
  call void @llvm.memmove.p0.p0.i64(ptr %x, ptr %x.2, i64 %bytes, i1 false)
  call void @llvm.memmove.p0.p0.i64(ptr %x, ptr %x, i64 %bytes, i1 false)
  ret i32 0
}

; The middle of y is set to zero, then y[0] y[1] is stored behind it
define i32 @fills(ptr %x, ptr %y) {
entry:
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %x, i64 40, i1 false)
  %y.1 = getelementptr double, ptr %y, i64 1
  %before = load double, ptr %y.1
  call void @llvm.memset.p0.i64(ptr %y.1, i8 0, i64 16, i1 false)
  %v = load double, ptr %y
  %w = load double, ptr %y.1
  %sum = fadd double %w, %before
  %product = fmul double %v, %sum
  %y.4 = getelementptr double, ptr %y, i64 4
  store double %product, ptr %y.4
  ret i32 0
}

; A constant is stored as an integer of the same size, as LLVM does with short fills; y[0] = x[0]^2, then zeroed
define i32 @integer_zero(ptr %x, ptr %y) {
entry:
  %v = load double, ptr %x
  %w = fmul double %v, %v
  store double %w, ptr %y
  %y.1 = getelementptr double, ptr %y, i64 1
  store double %w, ptr %y.1
  store i64 0, ptr %y
  ret i32 0
}

; Numbers copied as integers of the same size, as LLVM does with short copies
define i32 @integer_copies(ptr %x, ptr %y, i64 %n) {
entry:
  %positive = icmp sgt i64 %n, 0
  %v = load i64, ptr %x
  %x.1 = getelementptr double, ptr %x, i64 1
  %w = load i64, ptr %x.1
  %chosen = select i1 %positive, i64 %v, i64 %w
  store i64 %chosen, ptr %y
  %number = load double, ptr %y
  %square = fmul double %number, %number
  %y.1 = getelementptr double, ptr %y, i64 1
  store double %square, ptr %y.1
  ret i32 0
}

; Bits that are copied and looked at besides
define i32 @integer_looked_at(ptr %x, ptr %y) {
entry:
  %v = load i64, ptr %x
  store i64 %v, ptr %y
  %negative = icmp slt i64 %v, 0
  br i1 %negative, label %yes, label %no
yes:
  br label %no
no:
  %factor = phi double [ 1.0, %entry ], [ 3.0, %yes ]
  %number = load double, ptr %y
  %product = fmul double %number, %factor
  store double %product, ptr %y
  ret i32 0
}

; x[i] *= x[i - 1]: each value is overwritten after it was read
define i32 @running_product(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %i.next, %loop ]
  %before = sub nsw i64 %i, 1
  %p = getelementptr double, ptr %x, i64 %before
  %q = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %b = load double, ptr %q
  %product = fmul double %a, %b
  store double %product, ptr %q
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A work array of its own in each iteration
define i32 @allocating(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %work = call ptr @malloc(i64 16)
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %square = fmul double %v, %v
  store double %square, ptr %work
  %sine = call double @llvm.sin.f64(double %square)
  %work.1 = getelementptr double, ptr %work, i64 1
  store double %sine, ptr %work.1
  %a = load double, ptr %work
  %b = load double, ptr %work.1
  %product = fmul double %a, %b
  %q = getelementptr double, ptr %y, i64 %i
  store double %product, ptr %q
  call void @free(ptr %work)
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A table on the stack, filled in one loop and read backwards in another
define i32 @stack_table(ptr %x, ptr %y) {
entry:
  %table = alloca [4 x double]
  br label %fill
fill:
  %i = phi i64 [ 0, %entry ], [ %i.next, %fill ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %square = fmul double %v, %v
  %cell = getelementptr [4 x double], ptr %table, i64 0, i64 %i
  store double %square, ptr %cell
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %i.next, 4
  br i1 %more, label %fill, label %ready
ready:
  br label %use
use:
  %j = phi i64 [ 3, %ready ], [ %j.next, %use ]
  %product = phi double [ 1.0, %ready ], [ %product.next, %use ]
  %place = getelementptr [4 x double], ptr %table, i64 0, i64 %j
  %w = load double, ptr %place
  %scaled = fmul double %product, %w
  %product.next = fadd double %scaled, 0.5
  store double %product.next, ptr %place
  %j.next = sub nsw i64 %j, 1
  %again = icmp sge i64 %j.next, 0
  br i1 %again, label %use, label %done
done:
  %last = load double, ptr %table
  %result = fmul double %last, %product.next
  store double %result, ptr %y
  ret i32 0
}

; y[i] = 0.25 x[i-1] + 0.5 x[i] + 0.25 x[i+1], several times between two buffers: linear
define i32 @heat(ptr %x, ptr %y, i64 %n, i64 %steps) {
entry:
  br label %time
time:
  %t = phi i64 [ 0, %entry ], [ %t.next, %time.latch ]
  %from = phi ptr [ %x, %entry ], [ %to, %time.latch ]
  %to = phi ptr [ %y, %entry ], [ %from, %time.latch ]
  br label %space
space:
  %i = phi i64 [ 1, %time ], [ %i.next, %space ]
  %i.before = sub nsw i64 %i, 1
  %i.next = add nuw nsw i64 %i, 1
  %left.p = getelementptr double, ptr %from, i64 %i.before
  %middle.p = getelementptr double, ptr %from, i64 %i
  %right.p = getelementptr double, ptr %from, i64 %i.next
  %left = load double, ptr %left.p
  %middle = load double, ptr %middle.p
  %right = load double, ptr %right.p
  %sides = fadd double %left, %right
  %sides.part = fmul double %sides, 0.25
  %middle.part = fmul double %middle, 0.5
  %sum = fadd double %sides.part, %middle.part
  %q = getelementptr double, ptr %to, i64 %i
  store double %sum, ptr %q
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %space, label %time.latch
time.latch:
  %t.next = add nuw nsw i64 %t, 1
  %again = icmp slt i64 %t.next, %steps
  br i1 %again, label %time, label %done
done:
  ret i32 0
}

; The same with the square of the middle: one number a point must be kept
define i32 @nonlinear_stencil(ptr %x, ptr %y, i64 %n, i64 %steps) {
entry:
  br label %time
time:
  %t = phi i64 [ 0, %entry ], [ %t.next, %time.latch ]
  %from = phi ptr [ %x, %entry ], [ %to, %time.latch ]
  %to = phi ptr [ %y, %entry ], [ %from, %time.latch ]
  br label %space
space:
  %i = phi i64 [ 1, %time ], [ %i.next, %space ]
  %i.before = sub nsw i64 %i, 1
  %i.next = add nuw nsw i64 %i, 1
  %left.p = getelementptr double, ptr %from, i64 %i.before
  %middle.p = getelementptr double, ptr %from, i64 %i
  %right.p = getelementptr double, ptr %from, i64 %i.next
  %left = load double, ptr %left.p
  %middle = load double, ptr %middle.p
  %right = load double, ptr %right.p
  %sides = fadd double %left, %right
  %sides.part = fmul double %sides, 0.25
  %middle.part = fmul double %middle, %middle
  %sum = fadd double %sides.part, %middle.part
  %q = getelementptr double, ptr %to, i64 %i
  store double %sum, ptr %q
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %space, label %time.latch
time.latch:
  %t.next = add nuw nsw i64 %t, 1
  %again = icmp slt i64 %t.next, %steps
  br i1 %again, label %time, label %done
done:
  ret i32 0
}

; Forces between all pairs move all positions: one state a step must be kept, not one number a pair
define i32 @pairs(ptr %x, ptr %f, i64 %n, i64 %steps) {
entry:
  br label %time
time:
  %t = phi i64 [ 0, %entry ], [ %t.next, %time.latch ]
  br label %rows
rows:
  %i = phi i64 [ 0, %time ], [ %i.next, %rows.latch ]
  %here.p = getelementptr double, ptr %x, i64 %i
  %here = load double, ptr %here.p
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %sum = phi double [ 0.0, %rows ], [ %sum.next, %columns ]
  %there.p = getelementptr double, ptr %x, i64 %j
  %there = load double, ptr %there.p
  %d = fsub double %there, %here
  %square = fmul double %d, %d
  %cube = fmul double %square, %d
  %sum.next = fadd double %sum, %cube
  %j.next = add nuw nsw i64 %j, 1
  %more.j = icmp slt i64 %j.next, %n
  br i1 %more.j, label %columns, label %rows.latch
rows.latch:
  %force = phi double [ %sum.next, %columns ]
  %f.p = getelementptr double, ptr %f, i64 %i
  store double %force, ptr %f.p
  %i.next = add nuw nsw i64 %i, 1
  %more.i = icmp slt i64 %i.next, %n
  br i1 %more.i, label %rows, label %moves
moves:
  br label %move
move:
  %k = phi i64 [ 0, %moves ], [ %k.next, %move ]
  %k.p = getelementptr double, ptr %x, i64 %k
  %g.p = getelementptr double, ptr %f, i64 %k
  %old = load double, ptr %k.p
  %g = load double, ptr %g.p
  %step = fmul double %g, 0.01
  %new = fadd double %old, %step
  store double %new, ptr %k.p
  %k.next = add nuw nsw i64 %k, 1
  %more.k = icmp slt i64 %k.next, %n
  br i1 %more.k, label %move, label %time.latch
time.latch:
  %t.next = add nuw nsw i64 %t, 1
  %again = icmp slt i64 %t.next, %steps
  br i1 %again, label %time, label %done
done:
  ret i32 0
}

; The same where each row moves the first position too: columns read other positions in each row
define i32 @pairs_moving(ptr %x, ptr %f, i64 %n, i64 %steps) {
entry:
  br label %time
time:
  %t = phi i64 [ 0, %entry ], [ %t.next, %time.latch ]
  br label %rows
rows:
  %i = phi i64 [ 0, %time ], [ %i.next, %rows.latch ]
  %here.p = getelementptr double, ptr %x, i64 %i
  %here = load double, ptr %here.p
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %sum = phi double [ 0.0, %rows ], [ %sum.next, %columns ]
  %there.p = getelementptr double, ptr %x, i64 %j
  %there = load double, ptr %there.p
  %d = fsub double %there, %here
  %square = fmul double %d, %d
  %cube = fmul double %square, %d
  %sum.next = fadd double %sum, %cube
  %j.next = add nuw nsw i64 %j, 1
  %more.j = icmp slt i64 %j.next, %n
  br i1 %more.j, label %columns, label %rows.latch
rows.latch:
  %force = phi double [ %sum.next, %columns ]
  %f.p = getelementptr double, ptr %f, i64 %i
  store double %force, ptr %f.p
  %x.new = fmul double %force, 0.01
  %x.old = load double, ptr %x
  %x.moved = fadd double %x.old, %x.new
  store double %x.moved, ptr %x
  %i.next = add nuw nsw i64 %i, 1
  %more.i = icmp slt i64 %i.next, %n
  br i1 %more.i, label %rows, label %moves
moves:
  br label %move
move:
  %k = phi i64 [ 0, %moves ], [ %k.next, %move ]
  %k.p = getelementptr double, ptr %x, i64 %k
  %g.p = getelementptr double, ptr %f, i64 %k
  %old = load double, ptr %k.p
  %g = load double, ptr %g.p
  %step = fmul double %g, 0.01
  %new = fadd double %old, %step
  store double %new, ptr %k.p
  %k.next = add nuw nsw i64 %k, 1
  %more.k = icmp slt i64 %k.next, %n
  br i1 %more.k, label %move, label %time.latch
time.latch:
  %t.next = add nuw nsw i64 %t, 1
  %again = icmp slt i64 %t.next, %steps
  br i1 %again, label %time, label %done
done:
  ret i32 0
}

; c += a b for square matrices
define i32 @matmul(ptr %a, ptr %b, ptr %c, i64 %n) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %rows.latch ]
  %row = mul nsw i64 %i, %n
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns.latch ]
  %c.index = add nsw i64 %row, %j
  %c.p = getelementptr double, ptr %c, i64 %c.index
  %start = load double, ptr %c.p
  br label %sum
sum:
  %k = phi i64 [ 0, %columns ], [ %k.next, %sum ]
  %total = phi double [ %start, %columns ], [ %total.next, %sum ]
  %a.index = add nsw i64 %row, %k
  %a.p = getelementptr double, ptr %a, i64 %a.index
  %b.row = mul nsw i64 %k, %n
  %b.index = add nsw i64 %b.row, %j
  %b.p = getelementptr double, ptr %b, i64 %b.index
  %a.v = load double, ptr %a.p
  %b.v = load double, ptr %b.p
  %product = fmul double %a.v, %b.v
  %total.next = fadd double %total, %product
  %k.next = add nuw nsw i64 %k, 1
  %k.more = icmp slt i64 %k.next, %n
  br i1 %k.more, label %sum, label %columns.latch
columns.latch:
  %result = phi double [ %total.next, %sum ]
  store double %result, ptr %c.p
  %j.next = add nuw nsw i64 %j, 1
  %j.more = icmp slt i64 %j.next, %n
  br i1 %j.more, label %columns, label %rows.latch
rows.latch:
  %i.next = add nuw nsw i64 %i, 1
  %i.more = icmp slt i64 %i.next, %n
  br i1 %i.more, label %rows, label %done
done:
  ret i32 0
}

; Euler steps of u' = u - u v, v' = u v - v; the last state is the result
define i32 @lotka_volterra(double %u0, double %v0, double %h, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %u = phi double [ %u0, %entry ], [ %u.next, %loop ]
  %v = phi double [ %v0, %entry ], [ %v.next, %loop ]
  %met = fmul double %u, %v
  %born = fsub double %u, %met
  %eaten = fsub double %met, %v
  %u.step = fmul double %born, %h
  %v.step = fmul double %eaten, %h
  %u.next = fadd double %u, %u.step
  %v.next = fadd double %v, %v.step
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %u.next, ptr %y
  %y.1 = getelementptr double, ptr %y, i64 1
  store double %v.next, ptr %y.1
  ret i32 0
}

; Records of an integer and a float: the integer is copied and counted, the float squared
define i32 @records(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %p = getelementptr { i64, double }, ptr %x, i64 %i
  %p.1 = getelementptr { i64, double }, ptr %x, i64 %i, i32 1
  %q = getelementptr { i64, double }, ptr %y, i64 %i
  %q.1 = getelementptr { i64, double }, ptr %y, i64 %i, i32 1
  %count = load i64, ptr %p
  store i64 %count, ptr %q
  %more.count = add i64 %count, 1
  %factor = sitofp i64 %more.count to double
  %v = load double, ptr %p.1
  %square = fmul double %v, %v
  %w = fmul double %square, %factor
  store double %w, ptr %q.1
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A constant array that shares a pointer with an active one needs a shadow of its own.
define i32 @shared_pointer(ptr %x, ptr %table, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %loop ]
  %bit = and i64 %i, 1
  %even = icmp eq i64 %bit, 0
  %array = select i1 %even, ptr %x, ptr %table
  %p = getelementptr double, ptr %array, i64 %i
  %v = load double, ptr %p
  %square = fmul double %v, %v
  %sum.next = fadd double %sum, %square
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %sum.next, ptr %y
  ret i32 0
}

; The same with a table in the program itself
define i32 @global_table(ptr %x, ptr %y) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %loop ]
  %w.p = getelementptr [3 x double], ptr @weights, i64 0, i64 %i
  %w = load double, ptr %w.p
  %p = getelementptr double, ptr %x, i64 %i
  %middle = icmp eq i64 %i, 1
  %either = select i1 %middle, ptr getelementptr (double, ptr @weights, i64 2), ptr %p
  %v = load double, ptr %either
  %product = fmul double %v, %w
  %square = fmul double %product, %v
  %sum.next = fadd double %sum, %square
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %i.next, 3
  br i1 %more, label %loop, label %done
done:
  store double %sum.next, ptr %y
  ret i32 0
}

; A constant work array that active data flows through
define i32 @scratch(ptr %x, ptr %work, ptr %y) {
entry:
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %work
  %w = load double, ptr %work
  %sine = call double @llvm.sin.f64(double %w)
  store double %sine, ptr %y
  ret i32 0
}

; x[i] = x[i - 1] / 4 + x[i] / 2 + x[i + 1] / 4 in place: what is added to meets what is read
define i32 @smooth_in_place(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %i.next, %loop ]
  %i.before = sub nsw i64 %i, 1
  %i.next = add nuw nsw i64 %i, 1
  %left.p = getelementptr double, ptr %x, i64 %i.before
  %middle.p = getelementptr double, ptr %x, i64 %i
  %right.p = getelementptr double, ptr %x, i64 %i.next
  %left = load double, ptr %left.p
  %middle = load double, ptr %middle.p
  %right = load double, ptr %right.p
  %sides = fadd double %left, %right
  %sides.part = fmul double %sides, 0.25
  %middle.part = fmul double %middle, 0.5
  %sum = fadd double %sides.part, %middle.part
  store double %sum, ptr %middle.p
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A pointer that walks two cells a step
define i32 @walking(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %p = phi ptr [ %x, %entry ], [ %p.next, %loop ]
  %a = load double, ptr %p
  %p.1 = getelementptr double, ptr %p, i64 1
  %b = load double, ptr %p.1
  %product = fmul double %a, %b
  %q = getelementptr double, ptr %y, i64 %i
  store double %product, ptr %q
  %p.next = getelementptr double, ptr %p, i64 2
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; Writes alternate between the result and a constant work array, which is read again
define i32 @shared_target(ptr %x, ptr %work, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %bit = and i64 %i, 1
  %even = icmp eq i64 %bit, 0
  %to = select i1 %even, ptr %work, ptr %y
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %old = load double, ptr %work
  %product = fmul double %v, %old
  %sum = fadd double %product, %v
  store double %sum, ptr %to
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  %last = load double, ptr %work
  %q = getelementptr double, ptr %y, i64 1
  store double %last, ptr %q
  ret i32 0
}

; Memory that begins as zeros
define i32 @zeroed(ptr %x, ptr %y, i64 %n) {
entry:
  %work = call ptr @calloc(i64 %n, i64 8)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %half = lshr i64 %i, 1
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %w = getelementptr double, ptr %work, i64 %half
  %old = load double, ptr %w
  %square = fmul double %v, %v
  %sum = fadd double %old, %square
  store double %sum, ptr %w
  %q = getelementptr double, ptr %y, i64 %i
  %scaled = fmul double %sum, %v
  store double %scaled, ptr %q
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

declare ptr @calloc(i64, i64)

; An error leaves the loop where a number is too large; until then the loop keeps what it overwrites.
define i32 @checked_loop(ptr %x, double %limit, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %large = fcmp ogt double %v, %limit
  br i1 %large, label %fail, label %next
next:
  %square = fmul double %v, %v
  store double %square, ptr %p
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
fail:
  ret i32 1
done:
  ret i32 0
}

; Each iteration reads three neighbours; whether those of two iterations are the same is known when it runs
define i32 @strided_windows(ptr %x, ptr %total, double %y, i64 %first, i64 %stride, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %next ]
  %moved = mul i64 %i, %stride
  %index = add i64 %moved, %first
  %p0 = getelementptr double, ptr %x, i64 %index
  %p1 = getelementptr i8, ptr %p0, i64 8
  %p2 = getelementptr i8, ptr %p0, i64 16
  %a = load double, ptr %p0
  %b = load double, ptr %p1
  %c = load double, ptr %p2
  %aa = fmul double %a, %a
  %by = fmul double %b, %y
  %cc = fmul double %c, %c
  %ab = fadd double %aa, %by
  %q = fadd double %ab, %cc
  %zero = fcmp oeq double %q, 0.0
  br i1 %zero, label %failed, label %next
next:
  %r = call double @llvm.sqrt.f64(double %q)
  %qr = fmul double %q, %r
  %w = fdiv double %a, %qr
  %v = fmul double %w, %c
  %sum.next = fadd double %sum, %v
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %sum.next, ptr %total
  ret i32 0
failed:
  ret i32 1
}

; Five neighbours in two dimensions. What is stored goes behind y where apart is negative, else so many cells behind x;
; rows of both may be as near as the caller likes.
define i32 @neighbours(ptr %x, ptr %y, i64 %rows, i64 %columns, i64 %step, i64 %step.stored, i64 %apart) {
entry:
  %outside = icmp slt i64 %apart, 0
  %behind = getelementptr double, ptr %x, i64 %apart
  %w = select i1 %outside, ptr %y, ptr %behind
  %any = icmp sgt i64 %columns, 0
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %below = add nuw nsw i64 %i, 2
  %up = mul i64 %i, %step
  %here = mul i64 %i.next, %step
  %down = mul i64 %below, %step
  %stored = mul i64 %i, %step.stored
  %up.row = getelementptr double, ptr %x, i64 %up
  %here.row = getelementptr double, ptr %x, i64 %here
  %down.row = getelementptr double, ptr %x, i64 %down
  %w.row = getelementptr double, ptr %w, i64 %stored
  br i1 %any, label %cell, label %row.done
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %j.right = add nuw nsw i64 %j, 2
  %up.p = getelementptr double, ptr %up.row, i64 %j.next
  %down.p = getelementptr double, ptr %down.row, i64 %j.next
  %left.p = getelementptr double, ptr %here.row, i64 %j
  %here.p = getelementptr double, ptr %here.row, i64 %j.next
  %right.p = getelementptr double, ptr %here.row, i64 %j.right
  %w.p = getelementptr double, ptr %w.row, i64 %j
  %u = load double, ptr %up.p
  %d = load double, ptr %down.p
  %l = load double, ptr %left.p
  %c = load double, ptr %here.p
  %r = load double, ptr %right.p
  %ud = fadd double %u, %d
  %lr = fadd double %l, %r
  %sides = fadd double %ud, %lr
  %part = fmul double %sides, 0.2
  %square = fmul double %c, %c
  %sum = fadd double %part, %square
  store double %sum, ptr %w.p
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret i32 0
}

; Neighbours at a distance, columns backwards, two results
define i32 @far_neighbours(ptr %x, ptr %y, ptr %z, ptr %v, i64 %rows, i64 %columns) {
entry:
  %wide = add i64 %columns, 3
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %third = add nuw nsw i64 %i, 3
  %first = mul i64 %i, %wide
  %last = mul i64 %third, %wide
  %out = mul i64 %i, %columns
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %back = sub i64 %columns, %j.next
  %back.right = add i64 %back, 3
  %first.right = add i64 %first, %back.right
  %last.left = add i64 %last, %back
  %here = add i64 %out, %back
  %a.p = getelementptr double, ptr %x, i64 %first.right
  %b.p = getelementptr double, ptr %x, i64 %last.left
  %c.p = getelementptr double, ptr %y, i64 %last.left
  %d.p = getelementptr double, ptr %y, i64 %first.right
  %z.p = getelementptr double, ptr %z, i64 %here
  %v.p = getelementptr double, ptr %v, i64 %here
  %a = load double, ptr %a.p
  %b = load double, ptr %b.p
  %c = load double, ptr %c.p
  %d = load double, ptr %d.p
  %ab = fmul double %a, %b
  %bc = fsub double %b, %c
  %abd = fadd double %ab, %d
  store double %abd, ptr %z.p
  store double %bc, ptr %v.p
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret i32 0
}

; Neighbours clamped above, to the right of that, and below, wrapped on the right; the one on the left of which it is said by a sign whether it is
; one or itself. c has a derivative too.
define i32 @clamped_neighbours(ptr %x, ptr %y, double %c, i64 %rows, i64 %columns, i64 %sign) {
entry:
  %wide = add nsw i64 %columns, 1
  %last = add nsw i64 %rows, -1
  %last.column = add nsw i64 %columns, -1
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %below = call i64 @llvm.smin.i64(i64 %i.next, i64 %last)
  %first = icmp eq i64 %i, 0
  %before = add nsw i64 %i, -1
  %above = select i1 %first, i64 0, i64 %before
  %up = mul i64 %above, %wide
  %here = mul i64 %i, %wide
  %down = mul i64 %below, %wide
  %stored = mul i64 %i, %columns
  %up.row = getelementptr double, ptr %x, i64 %up
  %here.row = getelementptr double, ptr %x, i64 %here
  %down.row = getelementptr double, ptr %x, i64 %down
  %y.row = getelementptr double, ptr %y, i64 %stored
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %right = urem i64 %j.next, %columns
  %right.or.here = call i64 @llvm.smin.i64(i64 %j.next, i64 %last.column)
  %signs = xor i64 %j, %sign
  %differ = icmp slt i64 %signs, 0
  %moved = select i1 %differ, i64 1, i64 0
  %left = add nsw i64 %j, %moved
  %up.p = getelementptr double, ptr %up.row, i64 %right.or.here
  %down.p = getelementptr double, ptr %down.row, i64 %j
  %left.p = getelementptr double, ptr %here.row, i64 %left
  %here.p = getelementptr double, ptr %here.row, i64 %j
  %right.p = getelementptr double, ptr %here.row, i64 %right
  %y.p = getelementptr double, ptr %y.row, i64 %j
  %u = load double, ptr %up.p
  %d = load double, ptr %down.p
  %l = load double, ptr %left.p
  %h = load double, ptr %here.p
  %r = load double, ptr %right.p
  %ud = fadd double %u, %d
  %lr = fadd double %l, %r
  %sides = fadd double %ud, %lr
  %part = fmul double %sides, %c
  %square = fmul double %h, %h
  %sum = fadd double %part, %square
  store double %sum, ptr %y.p
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret i32 0
}

; In each round the sum of products of neighbours, the right one clamped; the next round begins with what the one before has found.
define i32 @summed_neighbours(ptr %x, ptr %y, i64 %rounds, i64 %rows, i64 %columns) {
entry:
  %last.column = add nsw i64 %columns, -1
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %rows.done ]
  %result = phi double [ 0.5, %entry ], [ %found, %rows.done ]
  %begin = fmul double %result, 0.25
  br label %row
row:
  %i = phi i64 [ 0, %round ], [ %i.next, %row.done ]
  %row.sum = phi double [ %begin, %round ], [ %row.total, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %here = mul i64 %i, %columns
  %here.row = getelementptr double, ptr %x, i64 %here
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %sum = phi double [ %row.sum, %row ], [ %less, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %right = call i64 @llvm.smin.i64(i64 %j.next, i64 %last.column)
  %here.p = getelementptr double, ptr %here.row, i64 %j
  %right.p = getelementptr double, ptr %here.row, i64 %right
  %h = load double, ptr %here.p
  %r = load double, ptr %right.p
  %product = fmul double %h, %r
  %more.sum = fadd double %sum, %product
  %third = fmul double %r, 0.3
  %less = fsub double %more.sum, %third
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %row.total = phi double [ %less, %cell ]
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %rows.done
rows.done:
  %total = phi double [ %row.total, %row.done ]
  %found = fmul double %total, %total
  %k.next = add nuw nsw i64 %k, 1
  %once.more = icmp slt i64 %k.next, %rounds
  br i1 %once.more, label %round, label %done
done:
  %end = phi double [ %found, %rows.done ]
  store double %end, ptr %y
  ret i32 0
}

; Rows that are left out where a flag is zero
define i32 @flagged_rows(ptr %x, ptr %y, ptr %flags, i64 %rows, i64 %columns) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %flag.p = getelementptr i64, ptr %flags, i64 %i
  %flag = load i64, ptr %flag.p
  %wanted = icmp ne i64 %flag, 0
  %here = mul i64 %i, %columns
  %below = mul i64 %i.next, %columns
  br i1 %wanted, label %cell, label %row.done
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %k = add i64 %here, %j
  %k.below = add i64 %below, %j.next
  %a.p = getelementptr double, ptr %x, i64 %k
  %b.p = getelementptr double, ptr %x, i64 %k.below
  %y.p = getelementptr double, ptr %y, i64 %k
  %a = load double, ptr %a.p
  %b = load double, ptr %b.p
  %product = fmul double %a, %b
  store double %product, ptr %y.p
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret i32 0
}

; As neighbours in time: two buffers that change places, or do not
define i32 @diffusion(ptr %x, ptr %y, i64 %rows, i64 %columns, i64 %wide, i64 %steps, i64 %changes) {
entry:
  %swap = icmp ne i64 %changes, 0
  br label %step
step:
  %t = phi i64 [ 0, %entry ], [ %t.next, %step.done ]
  %from = phi ptr [ %x, %entry ], [ %from.next, %step.done ]
  %to = phi ptr [ %y, %entry ], [ %to.next, %step.done ]
  br label %row
row:
  %i = phi i64 [ 0, %step ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %below = add nuw nsw i64 %i, 2
  %up = mul nsw i64 %i, %wide
  %here = mul nsw i64 %i.next, %wide
  %down = mul nsw i64 %below, %wide
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %k = add nsw i64 %here, %j.next
  %k.up = add nsw i64 %up, %j.next
  %k.down = add nsw i64 %down, %j.next
  %k.right = add nsw i64 %k, 1
  %c.p = getelementptr double, ptr %from, i64 %k
  %u.p = getelementptr double, ptr %from, i64 %k.up
  %d.p = getelementptr double, ptr %from, i64 %k.down
  %r.p = getelementptr double, ptr %from, i64 %k.right
  %w.p = getelementptr double, ptr %to, i64 %k
  %c = load double, ptr %c.p
  %u = load double, ptr %u.p
  %d = load double, ptr %d.p
  %r = load double, ptr %r.p
  %ud = fadd double %u, %d
  %udr = fadd double %ud, %r
  %part = fmul double %udr, 0.2
  %rest = fsub double 1.0, %c
  %growth = fmul double %c, %rest
  %sum = fadd double %part, %growth
  store double %sum, ptr %w.p
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %step.done
step.done:
  %from.next = select i1 %swap, ptr %to, ptr %from
  %to.next = select i1 %swap, ptr %from, ptr %to
  %t.next = add nuw nsw i64 %t, 1
  %later = icmp slt i64 %t.next, %steps
  br i1 %later, label %step, label %done
done:
  ret i32 0
}

; x[i] = x[i] x[1] in place: what every iteration reads changes in the second one
define i32 @scaled_by_second(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %second = getelementptr double, ptr %x, i64 1
  %scale = load double, ptr %second
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %product = fmul double %a, %scale
  store double %product, ptr %p
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; Python's negative indices: from the third element down to the last but one
define i32 @negative_indices(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %j = phi i64 [ 2, %entry ], [ %j.next, %loop ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %loop ]
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %j
  %q = getelementptr double, ptr %p, i64 %wrapped
  %v = load double, ptr %q
  %product = fmul double %v, %v
  %scaled = fmul double %sum, 0.5
  %sum.next = fadd double %scaled, %product
  %j.next = add nsw i64 %j, -1
  %more = icmp sgt i64 %j, -2
  br i1 %more, label %loop, label %done
done:
  store double %sum.next, ptr %y
  ret i32 0
}

; A triangle in packed storage: where a row begins is counted up by the rows before, the same in every step
define i32 @packed(ptr %x, ptr %m, i64 %n, i64 %steps) {
entry:
  br label %time
time:
  %t = phi i64 [ 0, %entry ], [ %t.next, %time.latch ]
  br label %rows
rows:
  %i = phi i64 [ 0, %time ], [ %i.next, %rows.latch ]
  %p = phi i64 [ 0, %time ], [ %p.after, %rows.latch ]
  %x.p = getelementptr double, ptr %x, i64 %i
  %i.next = add nuw nsw i64 %i, 1
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %q = phi i64 [ %p, %rows ], [ %q.next, %columns ]
  %m.p = getelementptr double, ptr %m, i64 %q
  %v = load double, ptr %m.p
  %old = load double, ptr %x.p
  %square = fmul double %v, %v
  %product = fmul double %square, %old
  %scaled = fmul double %product, 0.1
  %new = fadd double %old, %scaled
  store double %new, ptr %x.p
  %q.next = add nsw i64 %q, 1
  %j.next = add nuw nsw i64 %j, 1
  %more.j = icmp slt i64 %j.next, %i.next
  br i1 %more.j, label %columns, label %rows.latch
rows.latch:
  %p.after = phi i64 [ %q.next, %columns ]
  %more.i = icmp slt i64 %i.next, %n
  br i1 %more.i, label %rows, label %time.latch
time.latch:
  %last = load double, ptr %x
  store double %last, ptr %m
  %t.next = add nuw nsw i64 %t, 1
  %again = icmp slt i64 %t.next, %steps
  br i1 %again, label %time, label %done
done:
  ret i32 0
}

; The same with rows that are longer in each step: where they begin is kept for each
define i32 @packed_wider(ptr %x, ptr %m, i64 %n, i64 %steps) {
entry:
  br label %time
time:
  %t = phi i64 [ 0, %entry ], [ %t.next, %time.latch ]
  br label %rows
rows:
  %i = phi i64 [ 0, %time ], [ %i.next, %rows.latch ]
  %p = phi i64 [ 0, %time ], [ %p.after, %rows.latch ]
  %x.p = getelementptr double, ptr %x, i64 %i
  %i.next = add nuw nsw i64 %i, 1
  %width = add nuw nsw i64 %i.next, %t
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %q = phi i64 [ %p, %rows ], [ %q.next, %columns ]
  %m.p = getelementptr double, ptr %m, i64 %q
  %v = load double, ptr %m.p
  %old = load double, ptr %x.p
  %square = fmul double %v, %v
  %product = fmul double %square, %old
  %scaled = fmul double %product, 0.1
  %new = fadd double %old, %scaled
  store double %new, ptr %x.p
  %q.next = add nsw i64 %q, 1
  %j.next = add nuw nsw i64 %j, 1
  %more.j = icmp slt i64 %j.next, %width
  br i1 %more.j, label %columns, label %rows.latch
rows.latch:
  %p.after = phi i64 [ %q.next, %columns ]
  %more.i = icmp slt i64 %i.next, %n
  br i1 %more.i, label %rows, label %time.latch
time.latch:
  %last = load double, ptr %x
  store double %last, ptr %m
  %t.next = add nuw nsw i64 %t, 1
  %again = icmp slt i64 %t.next, %steps
  br i1 %again, label %time, label %done
done:
  ret i32 0
}

; A part of a table that shares a pointer with active memory is copied, and so is that part itself
define i32 @table_copied(ptr %x, ptr %y, i64 %k) {
  %mine = icmp eq i64 %k, 1
  %from = select i1 %mine, ptr %x, ptr getelementptr (double, ptr @weights, i64 1)
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %from, i64 16, i1 false)
  %second = getelementptr double, ptr %y, i64 2
  call void @llvm.memcpy.p0.p0.i64(ptr %second, ptr getelementptr (double, ptr @weights, i64 1), i64 16, i1 false)
  %a = load double, ptr %y
  %b = load double, ptr %second
  %w = load double, ptr getelementptr (double, ptr @weights, i64 2)
  %x.first = load double, ptr %x
  %product = fmul double %a, %b
  %more = fmul double %product, %x.first
  %total = fmul double %more, %w
  store double %total, ptr %y
  ret i32 0
}

; To each of %columns numbers the sum of a column is added, times numbers of the rows, if it is wanted. The numbers lie in y where
; apart is negative, else so many cells behind x.
define i32 @columns(ptr %x, ptr %v, ptr %y, i64 %columns, i64 %rows, i64 %step, i64 %step.stored, i64 %apart, i64 %wanted) {
entry:
  %outside = icmp slt i64 %apart, 0
  %behind = getelementptr double, ptr %x, i64 %apart
  %w = select i1 %outside, ptr %y, ptr %behind
  %is.wanted = icmp ne i64 %wanted, 0
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %place = mul i64 %j, %step.stored
  %w.p = getelementptr double, ptr %w, i64 %place
  %begin = load double, ptr %w.p
  %start = fmul double %begin, 0.75
  %x.column = getelementptr double, ptr %x, i64 %j
  br i1 %is.wanted, label %term, label %column.done
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ %start, %column ], [ %s.next, %term ]
  %row = mul i64 %k, %step
  %x.p = getelementptr double, ptr %x.column, i64 %row
  %a = load double, ptr %x.p
  %v.p = getelementptr double, ptr %v, i64 %k
  %b = load double, ptr %v.p
  %ab = fmul double %a, %b
  %s.next = fadd double %s, %ab
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %start, %column ], [ %s.next, %term ]
  store double %sum, ptr %w.p
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; The same in another spelling, the sum in memory; each column has a factor, and the square of each sum is added up.
define i32 @scaled_columns(ptr %x, ptr %v, ptr %f, ptr %y, ptr %loss, i64 %columns, i64 %rows, i64 %step) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %squares = phi double [ 0.0, %entry ], [ %squares.next, %column.done ]
  %f.p = getelementptr double, ptr %f, i64 %j
  %factor = load double, ptr %f.p
  %square = fmul double %factor, %factor
  %y.p = getelementptr double, ptr %y, i64 %j
  %start = load double, ptr %y.p
  %x.column = getelementptr double, ptr %x, i64 %j
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ %start, %column ], [ %s.next, %term ]
  %row = mul i64 %k, %step
  %x.p = getelementptr double, ptr %x.column, i64 %row
  %a = load double, ptr %x.p
  %v.p = getelementptr double, ptr %v, i64 %k
  %b = load double, ptr %v.p
  %ab = fmul double %a, %b
  %abf = fmul double %ab, %square
  %s.next = fsub double %s, %abf
  store double %s.next, ptr %y.p
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ]
  %times = fmul double %sum, %square
  %squared = fmul double %times, %sum
  %squares.next = fadd double %squares, %squared
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  store double %squares.next, ptr %loss
  ret i32 0
}

; What is summed are rows, column by column, in memory that may be that of the terms.
define i32 @column_by_column(ptr %x, ptr %v, ptr %y, i64 %columns, i64 %rows, i64 %step, i64 %apart) {
entry:
  %outside = icmp slt i64 %apart, 0
  %behind = getelementptr double, ptr %x, i64 %apart
  %w = select i1 %outside, ptr %y, ptr %behind
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %x.column = getelementptr double, ptr %x, i64 %j
  %v.p = getelementptr double, ptr %v, i64 %j
  %b = load double, ptr %v.p
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %row = mul i64 %k, %step
  %x.p = getelementptr double, ptr %x.column, i64 %row
  %a = load double, ptr %x.p
  %ab = fmul double %a, %b
  %w.p = getelementptr double, ptr %w, i64 %k
  %s = load double, ptr %w.p
  %s.next = fadd double %s, %ab
  store double %s.next, ptr %w.p
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; y[0] = y[0] + x[i] y[0]
define i32 @total_in_memory(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %b = load double, ptr %y
  %ab = fmul double %a, %b
  %sum = fadd double %b, %ab
  store double %sum, ptr %y
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
