; Choices between an index and one counted from the end of an array go where the index is never negative.

; RUN: dp-opt --pass=settle_signs --function=triangle %s | filecheck %s --check-prefix=TRIANGLE
; RUN: dp-opt --pass=settle_signs --function=unguarded %s | filecheck %s --check-prefix=UNGUARDED
; RUN: dp-opt --pass=settle_signs --function=other_bound %s | filecheck %s --check-prefix=OTHER
; RUN: dp-opt --pass=settle_signs --function=moving_bound %s | filecheck %s --check-prefix=MOVING
; RUN: dp-opt --pass=settle_signs --function=from_argument %s | filecheck %s --check-prefix=ARGUMENT
; RUN: dp-opt --pass=settle_signs --function=counted_up %s | filecheck %s --check-prefix=UP
; RUN: dp-opt --pass=settle_signs --function=counted_down %s | filecheck %s --check-prefix=DOWN
; RUN: dp-opt --pass=settle_signs --function=operations %s | filecheck %s --check-prefix=OPERATIONS
; RUN: dp-opt --pass=settle_signs --function=counted_by_another %s | filecheck %s --check-prefix=DISTANCE
; RUN: dp-opt --pass=settle_signs --function=down_to_one %s | filecheck %s --check-prefix=DOWN1
; RUN: dp-opt --pass=settle_signs --function=not_counted_by_another %s | filecheck %s --check-prefix=UNTOLD

; The inner counter begins behind the outer one, below the bound, and stops where it equals that.
; TRIANGLE-LABEL: define i32 @triangle
; TRIANGLE-NOT:   select
; TRIANGLE:       load double, ptr %p
define i32 @triangle(ptr %x, ptr %y, i64 %n) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %rows.latch ]
  %i.next = add nuw nsw i64 %i, 1
  %some = icmp sgt i64 %n, %i.next
  br i1 %some, label %columns.head, label %rows.latch
columns.head:
  br label %columns
columns:
  %j = phi i64 [ %i.next, %columns.head ], [ %j.next, %columns ]
  %j.next = add nuw i64 %j, 1
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %j
  %q = getelementptr double, ptr %p, i64 %wrapped
  %v = load double, ptr %q
  store double %v, ptr %y
  %ended = icmp eq i64 %j.next, %n
  br i1 %ended, label %rows.latch, label %columns
rows.latch:
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %rows, label %done
done:
  ret i32 0
}

; Nothing says that it begins below the bound: it may wrap before it meets that.
; UNGUARDED-LABEL: define i32 @unguarded
; UNGUARDED:       select i1 %negative
define i32 @unguarded(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %j.next, %loop ]
  %j.next = add i64 %j, 1
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %wrapped
  %v = load double, ptr %p
  store double %v, ptr %y
  %ended = icmp eq i64 %j.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; It begins below another number than that at which it stops.
; OTHER-LABEL: define i32 @other_bound
; OTHER:       select i1 %negative
define i32 @other_bound(ptr %x, ptr %y, i64 %n, i64 %m) {
entry:
  %some = icmp sgt i64 %m, 0
  br i1 %some, label %head, label %done
head:
  br label %loop
loop:
  %j = phi i64 [ 0, %head ], [ %j.next, %loop ]
  %j.next = add i64 %j, 1
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %wrapped
  %v = load double, ptr %p
  store double %v, ptr %y
  %ended = icmp eq i64 %j.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; The number at which it stops is read anew each time.
; MOVING-LABEL: define i32 @moving_bound
; MOVING:       select i1 %negative
define i32 @moving_bound(ptr %x, ptr %y, ptr %bound) {
entry:
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %j.next, %loop ]
  %j.next = add i64 %j, 1
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 7, i64 0
  %p = getelementptr double, ptr %x, i64 %wrapped
  %v = load double, ptr %p
  store double %v, ptr %y
  %n = load i64, ptr %bound
  %ended = icmp eq i64 %j.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; Of a parameter nothing is known unless somebody says so.
; ARGUMENT-LABEL: define i32 @from_argument
; ARGUMENT:       select i1 %negative
define i32 @from_argument(ptr %x, ptr %y, i64 %n, i64 %k) {
  %negative = icmp slt i64 %k, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %wrapped
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; A number that other loops carry on, by additions that do not wrap.
; UP-LABEL: define i32 @counted_up
; UP-NOT:   select
; UP:       ret i32 0
define i32 @counted_up(ptr %x, ptr %y, i64 %n) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %rows.latch ]
  %k = phi i64 [ 3, %entry ], [ %k.after, %rows.latch ]
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %k.here = phi i64 [ %k, %rows ], [ %k.next, %columns ]
  %positive = icmp sgt i64 %k.here, -1
  %wrapped = select i1 %positive, i64 0, i64 %n
  %p = getelementptr double, ptr %x, i64 %k.here
  %q = getelementptr double, ptr %p, i64 %wrapped
  %v = load double, ptr %q
  store double %v, ptr %y
  %k.next = add nsw i64 %k.here, 1
  %j.next = add nuw nsw i64 %j, 1
  %more.j = icmp slt i64 %j.next, %i
  br i1 %more.j, label %columns, label %rows.latch
rows.latch:
  %k.after = phi i64 [ %k.next, %columns ]
  %i.next = add nuw nsw i64 %i, 1
  %more.i = icmp slt i64 %i.next, %n
  br i1 %more.i, label %rows, label %done
done:
  ret i32 0
}

; DOWN-LABEL: define i32 @counted_down
; DOWN:       select i1 %negative
define i32 @counted_down(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %j = phi i64 [ 7, %entry ], [ %j.next, %loop ]
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 8, i64 0
  %p = getelementptr double, ptr %x, i64 %wrapped
  %v = load double, ptr %p
  store double %v, ptr %y
  %j.next = add nsw i64 %j, -1
  %ended = icmp eq i64 %j.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; OPERATIONS-LABEL: define i32 @operations
; OPERATIONS-NOT:   %masked.chosen = select
; OPERATIONS-NOT:   %half.chosen = select
; OPERATIONS-NOT:   %most.chosen = select
; OPERATIONS:       %sum.chosen = select
; OPERATIONS:       %least.chosen = select
; OPERATIONS:       %narrow.chosen = select
define i32 @operations(ptr %y, i64 %a, i32 %b) {
  %masked = and i64 %a, 63
  %masked.negative = icmp slt i64 %masked, 0
  %masked.chosen = select i1 %masked.negative, i64 1, i64 2
  %half = lshr i64 %masked, 1
  %half.negative = icmp slt i64 %half, 0
  %half.chosen = select i1 %half.negative, i64 1, i64 2
  %most = call i64 @llvm.smax.i64(i64 %a, i64 0)
  %most.negative = icmp slt i64 %most, 0
  %most.chosen = select i1 %most.negative, i64 1, i64 2
  %sum = add i64 %masked, %most
  %sum.negative = icmp slt i64 %sum, 0
  %sum.chosen = select i1 %sum.negative, i64 1, i64 2
  %least = call i64 @llvm.smin.i64(i64 %a, i64 0)
  %least.negative = icmp slt i64 %least, 0
  %least.chosen = select i1 %least.negative, i64 1, i64 2
  %narrow = trunc i64 %most to i32
  %narrow.negative = icmp slt i32 %narrow, 0
  %narrow.chosen = select i1 %narrow.negative, i64 1, i64 2
  %t1 = add i64 %masked.chosen, %half.chosen
  %t2 = add i64 %t1, %most.chosen
  %t3 = add i64 %t2, %sum.chosen
  %t4 = add i64 %t3, %least.chosen
  %t5 = add i64 %t4, %narrow.chosen
  store i64 %t5, ptr %y
  ret i32 0
}

declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)

; The counter goes on while another comes down from the distance between the bound and its start, which is positive.
; DISTANCE-LABEL: define i32 @counted_by_another
; DISTANCE-NOT:   select
; DISTANCE:       load double, ptr %p
define i32 @counted_by_another(ptr %x, ptr %y, i64 %n) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %rows.latch ]
  %i.next = add nuw nsw i64 %i, 1
  %distance = sub nsw i64 %n, %i.next
  %left = call i64 @llvm.smax.i64(i64 %distance, i64 0)
  %none = icmp slt i64 %distance, 1
  br i1 %none, label %rows.latch, label %columns.head
columns.head:
  br label %columns
columns:
  %k = phi i64 [ %left, %columns.head ], [ %k.next, %columns ]
  %j = phi i64 [ %i.next, %columns.head ], [ %j.next, %columns ]
  %k.next = add nsw i64 %k, -1
  %j.next = add nuw i64 %j, 1
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %j
  %q = getelementptr double, ptr %p, i64 %wrapped
  %v = load double, ptr %q
  store double %v, ptr %y
  %goes.on = icmp samesign ugt i64 %k, 1
  br i1 %goes.on, label %columns, label %rows.latch
rows.latch:
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %rows, label %done
done:
  ret i32 0
}

; The same where nothing says that the distance is positive, where it may have wrapped, and where it is that of another counter.
; UNTOLD-LABEL: define i32 @not_counted_by_another
; UNTOLD:       select i1 %negative
; UNTOLD:       select i1 %negative.2
; UNTOLD:       select i1 %negative.3
define i32 @not_counted_by_another(ptr %x, ptr %y, i64 %n, i64 %s) {
entry:
  %start = and i64 %s, 9223372036854775807
  %distance = sub nsw i64 %n, %start
  br label %first
first:
  %k = phi i64 [ %distance, %entry ], [ %k.next, %first ]
  %j = phi i64 [ %start, %entry ], [ %j.next, %first ]
  %k.next = add nsw i64 %k, -1
  %j.next = add nuw i64 %j, 1
  %negative = icmp slt i64 %j, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %q = getelementptr double, ptr %x, i64 %wrapped
  %v = load double, ptr %q
  store double %v, ptr %y
  %goes.on = icmp sgt i64 %k, 1
  br i1 %goes.on, label %first, label %between
between:
  %wide = sub i64 %n, %start
  %some = icmp sgt i64 %wide, 0
  br i1 %some, label %second, label %done
second:
  %k.2 = phi i64 [ %wide, %between ], [ %k.2.next, %second ]
  %j.2 = phi i64 [ %start, %between ], [ %j.2.next, %second ]
  %k.2.next = add nsw i64 %k.2, -1
  %j.2.next = add nuw i64 %j.2, 1
  %negative.2 = icmp slt i64 %j.2, 0
  %wrapped.2 = select i1 %negative.2, i64 %n, i64 0
  %q.2 = getelementptr double, ptr %x, i64 %wrapped.2
  %v.2 = load double, ptr %q.2
  store double %v.2, ptr %y
  %goes.on.2 = icmp sgt i64 %k.2, 1
  br i1 %goes.on.2, label %second, label %last
last:
  %other = sub nsw i64 %n, 1
  %any = icmp sgt i64 %other, 0
  br i1 %any, label %third, label %done
third:
  %k.3 = phi i64 [ %other, %last ], [ %k.3.next, %third ]
  %j.3 = phi i64 [ %start, %last ], [ %j.3.next, %third ]
  %k.3.next = add nsw i64 %k.3, -1
  %j.3.next = add nuw i64 %j.3, 1
  %negative.3 = icmp slt i64 %j.3, 0
  %wrapped.3 = select i1 %negative.3, i64 %n, i64 0
  %q.3 = getelementptr double, ptr %x, i64 %wrapped.3
  %v.3 = load double, ptr %q.3
  store double %v.3, ptr %y
  %goes.on.3 = icmp sgt i64 %k.3, 1
  br i1 %goes.on.3, label %third, label %done
done:
  ret i32 0
}

; One less than a number that is counted down from a positive one while it is more than one.
; DOWN1-LABEL: define i32 @down_to_one
; DOWN1-NOT:   select i1 %negative,
; DOWN1:       select i1 %negative.2
define i32 @down_to_one(ptr %x, ptr %y, i64 %n, i64 %m) {
entry:
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %head, label %between
head:
  br label %first
first:
  %k = phi i64 [ %n, %head ], [ %less, %first ]
  %less = add i64 %k, -1
  %negative = icmp slt i64 %less, 0
  %wrapped = select i1 %negative, i64 %n, i64 0
  %p = getelementptr double, ptr %x, i64 %less
  %q = getelementptr double, ptr %p, i64 %wrapped
  %v = load double, ptr %q
  store double %v, ptr %y
  %goes.on = icmp sgt i64 %k, 1
  br i1 %goes.on, label %first, label %between
between:
  br label %second
second:
  %k.2 = phi i64 [ %m, %between ], [ %less.2, %second ]
  %less.2 = add i64 %k.2, -1
  %negative.2 = icmp slt i64 %less.2, 0
  %wrapped.2 = select i1 %negative.2, i64 %n, i64 0
  %p.2 = getelementptr double, ptr %x, i64 %less.2
  %q.2 = getelementptr double, ptr %p.2, i64 %wrapped.2
  %v.2 = load double, ptr %q.2
  store double %v.2, ptr %y
  %goes.on.2 = icmp sgt i64 %k.2, 1
  br i1 %goes.on.2, label %second, label %done
done:
  ret i32 0
}
