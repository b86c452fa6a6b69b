; For how many iterations what a loop allocates is used, and in which loops nothing of it is left for the next iteration.

; RUN: dp-opt --pass=lifetimes --function=next_step %s | filecheck %s --check-prefix=NEXT
; RUN: dp-opt --pass=lifetimes --function=two_steps %s | filecheck %s --check-prefix=TWO
; RUN: dp-opt --pass=lifetimes --function=within %s | filecheck %s --check-prefix=WITHIN
; RUN: dp-opt --pass=lifetimes --function=into_the_loop_around %s | filecheck %s --check-prefix=AROUND
; RUN: dp-opt --pass=lifetimes --function=perhaps_for_ever %s | filecheck %s --check-prefix=EVER
; RUN: dp-opt --pass=lifetimes --function=escapes %s | filecheck %s --check-prefix=ESCAPES

declare ptr @NRT_MemInfo_alloc_aligned(i64, i32)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @unknown(ptr)
@kept = internal global ptr null

; NEXT: %new: 1 beyond its own of %loop, not beyond one of %loop
define i32 @next_step(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %state = phi ptr [ %x, %entry ], [ %data, %loop ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  %p = getelementptr double, ptr %state, i64 %i
  call void @llvm.memcpy.p0.p0.i64(ptr %data, ptr %p, i64 8, i1 false)
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  %last = phi ptr [ %data, %loop ]
  store double 0.0, ptr %last
  ret i32 0
}

; TWO: %new: 2 beyond its own of %loop, not beyond one of %loop
define i32 @two_steps(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %state = phi ptr [ %x, %entry ], [ %data, %loop ]
  %before = phi ptr [ %x, %entry ], [ %state, %loop ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  %v = load double, ptr %before
  store double %v, ptr %data
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; A pointer walks through the array; addresses are compared, as where arrays might overlap.
; WITHIN: %new: 0 beyond its own of %loop, not beyond one of %rounds
define i32 @within(ptr %x, i64 %n) {
entry:
  br label %rounds
rounds:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round.done ]
  br label %loop
loop:
  %i = phi i64 [ 0, %rounds ], [ %i.next, %walked ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  %address = ptrtoint ptr %data to i64
  %end = add i64 %address, 80
  %other = ptrtoint ptr %x to i64
  %apart = icmp ule i64 %end, %other
  br label %walk
walk:
  %at = phi ptr [ %data, %loop ], [ %at.next, %walk ]
  %j = phi i64 [ 0, %loop ], [ %j.next, %walk ]
  store double 1.0, ptr %at
  %at.next = getelementptr i8, ptr %at, i64 8
  %j.next = add i64 %j, 1
  %j.ended = icmp eq i64 %j.next, 10
  br i1 %j.ended, label %walked, label %walk
walked:
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %round.done, label %loop
round.done:
  %k.next = add i64 %k, 1
  %k.ended = icmp eq i64 %k.next, %n
  br i1 %k.ended, label %done, label %rounds
done:
  ret i32 0
}

; AROUND: %new: 1 beyond its own of %loop, not beyond one of %loop
define i32 @into_the_loop_around(ptr %x, i64 %n) {
entry:
  br label %rounds
rounds:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round.done ]
  %begin = phi ptr [ %x, %entry ], [ %left, %round.done ]
  br label %loop
loop:
  %i = phi i64 [ 0, %rounds ], [ %i.next, %loop ]
  %state = phi ptr [ %begin, %rounds ], [ %data, %loop ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  %v = load double, ptr %state
  store double %v, ptr %data
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %round.done, label %loop
round.done:
  %left = phi ptr [ %data, %loop ]
  %k.next = add i64 %k, 1
  %k.ended = icmp eq i64 %k.next, %n
  br i1 %k.ended, label %done, label %rounds
done:
  ret i32 0
}

; EVER: %new: nobody knows
define i32 @perhaps_for_ever(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %best = phi ptr [ %x, %entry ], [ %better, %loop ]
  %new = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %field = getelementptr i8, ptr %new, i64 24
  %data = load ptr, ptr %field
  %v = load double, ptr %best
  store double %v, ptr %data
  %is.better = fcmp olt double %v, 1.0
  %better = select i1 %is.better, ptr %data, ptr %best
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; ESCAPES: %stored: nobody knows
; ESCAPES: %given: nobody knows
; ESCAPES: %number: nobody knows
; ESCAPES: %holder: nobody knows
; ESCAPES: %fleeting: 0 beyond its own of %loop
; ESCAPES: %outside: nobody knows
define i32 @escapes(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %stored = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  store ptr %stored, ptr @kept
  %given = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  call void @unknown(ptr %given)
  %number = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %address = ptrtoint ptr %number to i64
  store i64 %address, ptr %x
  %holder = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %held = load ptr, ptr %holder
  %fleeting = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  %v = load double, ptr %fleeting
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  %outside = call ptr @NRT_MemInfo_alloc_aligned(i64 80, i32 32)
  ret i32 0
}
