; Whether what a load read is still there in the reverse sweep. The pointers that change places are the old trap: a store
; never hits what was read in the same iteration, and always what was read in the one before.

; RUN: dp-opt --pass=overwrites --function=straight %s | filecheck %s --check-prefix=STRAIGHT
; RUN: dp-opt --pass=overwrites --function=swap_phis %s | filecheck %s --check-prefix=PHIS
; RUN: dp-opt --pass=overwrites --function=swap_parity %s | filecheck %s --check-prefix=PARITY
; RUN: dp-opt --pass=overwrites --function=swap_copied %s | filecheck %s --check-prefix=COPIED
; RUN: dp-opt --pass=overwrites --function=swap_memory %s | filecheck %s --check-prefix=MEMORY
; RUN: dp-opt --pass=overwrites --function=later_loop %s | filecheck %s --check-prefix=LATER
; RUN: dp-opt --pass=overwrites --function=cold_writer %s | filecheck %s --check-prefix=COLD
; RUN: dp-opt --pass=overwrites --function=kinds_of_memory --set kinds=duplicated,duplicated %s | filecheck %s --check-prefix=KINDS
; RUN: dp-opt --pass=overwrites --function=calls --set kinds=duplicated,const,duplicated %s | filecheck %s --check-prefix=CALLS
; RUN: dp-opt --pass=overwrites --function=fills %s | filecheck %s --check-prefix=FILLS
; RUN: dp-opt --pass=overwrites --function=ahead %s | filecheck %s --check-prefix=AHEAD
; RUN: dp-opt --pass=overwrites --function=rows %s | filecheck %s --check-prefix=ROWS
; RUN: dp-opt --pass=overwrites --function=each_step %s | filecheck %s --check-prefix=EACH
; RUN: dp-opt --pass=overwrites --function=a_loop_within %s | filecheck %s --check-prefix=WITHIN
; RUN: dp-opt --pass=overwrites --function=short_rows %s | filecheck %s --check-prefix=SHORT

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare double @llvm.sin.f64(double)
declare ptr @NRT_MemInfo_alloc_aligned(i64, i32)
@table = internal constant [3 x double] zeroinitializer
@state = internal global double 0.0

; Only what is written behind the load counts.
; STRAIGHT: %before: argument %x may be overwritten later by 'store' in %entry
; STRAIGHT: %after: argument %x may be overwritten later by 'store' in %entry
; STRAIGHT: %other: may be read again
; STRAIGHT: %last: may be read again
define i32 @straight(ptr %x, ptr %y) {
entry:
  %before = load double, ptr %x
  store double %before, ptr %x
  %after = load double, ptr %x
  %other = load double, ptr %y
  store double %other, ptr %x
  %last = load double, ptr %x
  ret i32 0
}

; PHIS: %a: argument {{%[xy]}} may be overwritten later by 'store' in %loop
; PHIS: %b: argument {{%[xy]}} may be overwritten later by 'store' in %loop
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
  %product = fmul double %a, %b
  store double %product, ptr %to
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; PARITY: %a: argument {{%[xy]}} may be overwritten later by 'store' in %loop
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
  %product = fmul double %a, %a
  store double %product, ptr %to
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; COPIED: %a: argument %x may be overwritten later by 'call' in %loop
define i32 @swap_copied(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %a = load double, ptr %x
  %product = fmul double %a, %a
  store double %product, ptr %y
  call void @llvm.memcpy.p0.p0.i64(ptr %x, ptr %y, i64 8, i1 false)
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; Neither the numbers nor the pointers themselves stay.
; MEMORY: %from: stack %pair may be overwritten later by 'store' in %loop
; MEMORY: %a: argument {{%[xy]}} may be overwritten later by 'store' in %loop
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
  %product = fmul double %a, %a
  store double %product, ptr %to
  store ptr %to, ptr %pair
  store ptr %from, ptr %second
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A loop before is over; a loop behind is not.
; LATER: %kept: argument %x may be overwritten later by 'store' in %second
; LATER: %again: may be read again
define i32 @later_loop(ptr %x, ptr %y, i64 %n) {
entry:
  br label %first
first:
  %i = phi i64 [ 0, %entry ], [ %i.next, %first ]
  %p = getelementptr double, ptr %x, i64 %i
  %kept = load double, ptr %p
  %q = getelementptr double, ptr %y, i64 %i
  store double %kept, ptr %q
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %first, label %ready
ready:
  br label %second
second:
  %j = phi i64 [ 0, %ready ], [ %j.next, %second ]
  %r = getelementptr double, ptr %y, i64 %j
  %again = load double, ptr %r
  %s = getelementptr double, ptr %x, i64 %j
  store double %again, ptr %s
  %j.next = add i64 %j, 1
  %j.more = icmp slt i64 %j.next, %n
  br i1 %j.more, label %second, label %done
done:
  ret i32 0
}

; What an error path writes, no reverse sweep will see.
; COLD: %v: may be read again
define i32 @cold_writer(ptr %x, ptr %y, i1 %bad) {
entry:
  %v = load double, ptr %x
  br i1 %bad, label %fail, label %work
fail:
  store double 0.0, ptr %x
  ret i32 1
work:
  store double %v, ptr %y
  ret i32 0
}

; KINDS: %constant: may be read again
; KINDS: %variable: it reads a global variable
; KINDS: %local: stack memory is gone in the reverse sweep
; KINDS: %kept: may be read again
; KINDS: %lost: {{.*}}unknown
; KINDS: %tricky: the access is volatile or atomic
define i32 @kinds_of_memory(ptr %x, ptr %y) {
  %constant = load double, ptr @table
  %variable = load double, ptr @state
  %slot = alloca i64
  store i64 3, ptr %slot
  %local = load i64, ptr %slot
  %work = alloca double
  %v = load double, ptr %x
  store double %v, ptr %work
  %kept = load double, ptr %work
  store double %kept, ptr %y
  %nowhere = inttoptr i64 %local to ptr
  %lost = load double, ptr %nowhere
  %tricky = load volatile i64, ptr %slot
  ret i32 0
}

; A function of numbers writes nothing, one that is not inlined all that it is given.
; CALLS: %pure: may be read again
; CALLS: %handed: argument %work may be overwritten later by 'call'
define i32 @calls(ptr %x, ptr %work, ptr %y) {
  %pure = load double, ptr %x
  %sine = call double @llvm.sin.f64(double %pure)
  store double %sine, ptr %y
  %handed = load double, ptr %work
  call void @helper(ptr %work)
  ret i32 0
}

define internal void @helper(ptr %p) {
  store double 0.0, ptr %p
  ret void
}

; FILLS: %v: argument %x may be overwritten later by 'call'
define i32 @fills(ptr %x, ptr %y) {
  %v = load double, ptr %x
  store double %v, ptr %y
  call void @llvm.memset.p0.i64(ptr %x, i8 0, i64 8, i1 false)
  ret i32 0
}

; What is stored one place ahead of what is read never meets what has been read before; what is stored one place behind, two
; iterations later, does, and so does all of it when the loop runs again.
; AHEAD: %once: may be read again
; AHEAD: %behind: argument %x may be overwritten later by 'store' in %two
; AHEAD: %again: argument %y may be overwritten later by 'store' in %inner
define i32 @ahead(ptr %x, ptr %y, ptr %z, i64 %n) {
entry:
  br label %one
one:
  %i = phi i64 [ 0, %entry ], [ %i.next, %one ]
  %i.next = add nuw nsw i64 %i, 1
  %p = getelementptr double, ptr %z, i64 %i
  %once = load double, ptr %p
  %q = getelementptr double, ptr %z, i64 %i.next
  store double %once, ptr %q
  %one.ends = icmp eq i64 %i.next, %n
  br i1 %one.ends, label %between, label %one
between:
  br label %two
two:
  %j = phi i64 [ 0, %between ], [ %j.next, %two ]
  %j.next = add nuw nsw i64 %j, 1
  %p.2 = getelementptr double, ptr %x, i64 %j.next
  %behind = load double, ptr %p.2
  %q.2 = getelementptr double, ptr %x, i64 %j
  store double %behind, ptr %q.2
  %two.ends = icmp eq i64 %j.next, %n
  br i1 %two.ends, label %before, label %two
before:
  br label %outer
outer:
  %t = phi i64 [ 0, %before ], [ %t.next, %outer.latch ]
  br label %inner
inner:
  %k = phi i64 [ 0, %outer ], [ %k.next, %inner ]
  %k.next = add nuw nsw i64 %k, 1
  %p.3 = getelementptr double, ptr %y, i64 %k
  %again = load double, ptr %p.3
  %q.3 = getelementptr double, ptr %y, i64 %k.next
  store double %again, ptr %q.3
  %inner.ends = icmp eq i64 %k.next, %n
  br i1 %inner.ends, label %outer.latch, label %inner
outer.latch:
  %t.next = add nuw nsw i64 %t, 1
  %outer.ends = icmp eq i64 %t.next, %n
  br i1 %outer.ends, label %done, label %outer
done:
  ret i32 0
}

; Each row is made of the one before, whatever the columns are, where columns do not lead into another row.
; ROWS: %above: may be read again
define i32 @rows(ptr %x, i64 %n, i64 %m) {
entry:
  %any = icmp sgt i64 %m, 0
  br i1 %any, label %head, label %done
head:
  br label %rows
rows:
  %i = phi i64 [ 0, %head ], [ %i.next, %rows.latch ]
  %i.next = add nuw nsw i64 %i, 1
  %here = mul nuw nsw i64 %i, %m
  %below = mul nuw nsw i64 %i.next, %m
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %j.next = add nuw nsw i64 %j, 1
  %a = add nuw nsw i64 %here, %j
  %p = getelementptr double, ptr %x, i64 %a
  %above = load double, ptr %p
  %b = add nuw nsw i64 %below, %j
  %q = getelementptr double, ptr %x, i64 %b
  store double %above, ptr %q
  %columns.end = icmp eq i64 %j.next, %m
  br i1 %columns.end, label %rows.latch, label %columns
rows.latch:
  %rows.end = icmp eq i64 %i.next, %n
  br i1 %rows.end, label %rows.done, label %rows
rows.done:
  br label %done
done:
  ret i32 0
}

; The same with more columns than a row is long.
; SHORT: %above: argument %x may be overwritten later by 'store' in %columns
define i32 @short_rows(ptr %x, i64 %n, i64 %m, i64 %length) {
entry:
  %any = icmp sgt i64 %m, 0
  %long = icmp sgt i64 %length, 0
  %both = and i1 %any, %long
  br i1 %both, label %head, label %done
head:
  br label %rows
rows:
  %i = phi i64 [ 0, %head ], [ %i.next, %rows.latch ]
  %i.next = add nuw nsw i64 %i, 1
  %here = mul nuw nsw i64 %i, %length
  %below = mul nuw nsw i64 %i.next, %length
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %j.next = add nuw nsw i64 %j, 1
  %a = add nuw nsw i64 %here, %j
  %p = getelementptr double, ptr %x, i64 %a
  %above = load double, ptr %p
  %b = add nuw nsw i64 %below, %j
  %q = getelementptr double, ptr %x, i64 %b
  store double %above, ptr %q
  %columns.end = icmp eq i64 %j.next, %m
  br i1 %columns.end, label %rows.latch, label %columns
rows.latch:
  %rows.end = icmp eq i64 %i.next, %n
  br i1 %rows.end, label %rows.done, label %rows
rows.done:
  br label %done
done:
  ret i32 0
}

; Each step has an array of its own: nothing that was there before it is overwritten there, but what the step itself reads is.
; EACH: %before: may be read again
; EACH: %own: heap %new may be overwritten later by 'store' in %loop
; EACH: %other: may be read again
; EACH: %chosen: heap %new may be overwritten later by 'store' in %loop
define i32 @each_step(ptr %x, i64 %n, i1 %choice) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %state = phi ptr [ %x, %entry ], [ %data, %loop ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  %from = getelementptr double, ptr %state, i64 %i
  %before = load double, ptr %from
  store double %before, ptr %data
  %own = load double, ptr %data
  %square = fmul double %own, %own
  store double %square, ptr %data
  %other = load double, ptr %state
  %either = select i1 %choice, ptr %state, ptr %data
  %chosen = load double, ptr %either
  %next = getelementptr double, ptr %data, i64 1
  store double %chosen, ptr %next
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; Within the step a pointer walks through its array, more than once; the array of a step before is left alone even where no
; step need come between.
; WITHIN: %own: heap %new may be overwritten later by 'store' in %inner
; WITHIN: %last: may be read again
define i32 @a_loop_within(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %behind ]
  %state = phi ptr [ %x, %entry ], [ %data, %behind ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  br label %outer
outer:
  %k = phi i64 [ 0, %loop ], [ %k.next, %after ]
  %first = load double, ptr %x
  br label %inner
inner:
  %at = phi ptr [ %data, %outer ], [ %at.next, %inner ]
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  store double %first, ptr %at
  %at.next = getelementptr double, ptr %at, i64 1
  %j.next = add i64 %j, 1
  %j.more = icmp slt i64 %j.next, 10
  br i1 %j.more, label %inner, label %after
after:
  %own = load double, ptr %data
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, 3
  br i1 %k.more, label %outer, label %behind
behind:
  %left = phi ptr [ %data, %after ]
  %last = load double, ptr %left
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
