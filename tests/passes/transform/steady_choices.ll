; Numbers that a condition from outside the loops either sets in each iteration or leaves as they began.

; RUN: dp-opt --pass=steady_choices --function=axis %s | filecheck %s --check-prefix=AXIS
; RUN: dp-opt --pass=steady_choices --function=two_axes %s | filecheck %s --check-prefix=TWO
; RUN: dp-opt --pass=steady_choices --function=seen_elsewhere %s | filecheck %s --check-prefix=SEEN
; RUN: dp-opt --pass=steady_choices --function=condition_of_the_loop %s | filecheck %s --check-prefix=VARIES
; RUN: dp-opt --pass=steady_choices --function=condition_of_the_loop_around %s | filecheck %s --check-prefix=AROUND
; RUN: dp-opt --pass=steady_choices --function=two_beginnings %s | filecheck %s --check-prefix=BEGINS
; RUN: dp-opt --pass=steady_choices --function=the_other_way %s | filecheck %s --check-prefix=OTHER
; RUN: dp-opt --pass=steady_choices --function=changed_otherwise %s | filecheck %s --check-prefix=CHANGED

; AXIS-LABEL: define i32 @axis
; AXIS-NOT:   phi i64 [ 0, %entry ], [ %index
; AXIS:       %index = select i1 %long, i64 %i, i64 0
define i32 @axis(ptr %x, i64 %n, i64 %length) {
entry:
  %long = icmp ne i64 %length, 1
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %before = phi i64 [ 0, %entry ], [ %index, %loop ]
  %index = select i1 %long, i64 %i, i64 %before
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; Through both loops, also where the inner one does not go round.
; TWO-LABEL: define i32 @two_axes
; TWO:       rows:
; TWO-NOT:   phi i64 {{.*}}%last
; TWO:       %index = select i1 %long, i64 %j, i64 0
; TWO-NOT:   %last
; TWO:       ret
define i32 @two_axes(ptr %x, i64 %n, i64 %m, i1 %long) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %behind ]
  %row.before = phi i64 [ 0, %entry ], [ %last, %behind ]
  %some = icmp sgt i64 %m, 0
  br i1 %some, label %columns, label %behind
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %before = phi i64 [ %row.before, %rows ], [ %index, %columns ]
  %index = select i1 %long, i64 %j, i64 %before
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %j.next = add i64 %j, 1
  %j.ended = icmp eq i64 %j.next, %m
  br i1 %j.ended, label %behind, label %columns
behind:
  %last = phi i64 [ %row.before, %rows ], [ %index, %columns ]
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %rows
done:
  ret i32 0
}

; The number of the iteration before is wanted too.
; SEEN-LABEL: define i32 @seen_elsewhere
; SEEN:       %before = phi i64 [ 7, %entry ], [ %index, %loop ]
; SEEN:       %index = select i1 %long, i64 %i, i64 7
; SEEN:       getelementptr double, ptr %x, i64 %before
define i32 @seen_elsewhere(ptr %x, i64 %n, i1 %long) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %before = phi i64 [ 7, %entry ], [ %index, %loop ]
  %index = select i1 %long, i64 %i, i64 %before
  %p = getelementptr double, ptr %x, i64 %before
  store double 0.0, ptr %p
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; VARIES-LABEL: define i32 @condition_of_the_loop
; VARIES:       %index = select i1 %odd, i64 %i, i64 %before
define i32 @condition_of_the_loop(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %before = phi i64 [ 0, %entry ], [ %index, %loop ]
  %odd = trunc i64 %i to i1
  %index = select i1 %odd, i64 %i, i64 %before
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; One row may set what the next one leaves.
; AROUND-LABEL: define i32 @condition_of_the_loop_around
; AROUND:       %index = select i1 %odd, i64 %j, i64 %before
define i32 @condition_of_the_loop_around(ptr %x, i64 %n, i64 %m) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %behind ]
  %row.before = phi i64 [ 0, %entry ], [ %index, %behind ]
  %odd = trunc i64 %i to i1
  br label %columns
columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %before = phi i64 [ %row.before, %rows ], [ %index, %columns ]
  %index = select i1 %odd, i64 %j, i64 %before
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %j.next = add i64 %j, 1
  %j.ended = icmp eq i64 %j.next, %m
  br i1 %j.ended, label %behind, label %columns
behind:
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %rows
done:
  ret i32 0
}

; BEGINS-LABEL: define i32 @two_beginnings
; BEGINS:       %index = select i1 %long, i64 %i, i64 %before
define i32 @two_beginnings(ptr %x, i64 %n, i1 %long, i1 %other) {
entry:
  br i1 %other, label %one, label %two
one:
  br label %loop
two:
  br label %loop
loop:
  %i = phi i64 [ 0, %one ], [ 0, %two ], [ %i.next, %loop ]
  %before = phi i64 [ 0, %one ], [ 1, %two ], [ %index, %loop ]
  %index = select i1 %long, i64 %i, i64 %before
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; OTHER-LABEL: define i32 @the_other_way
; OTHER-NOT:   %before
; OTHER:       %index = select i1 %short, i64 %first, i64 %i
define i32 @the_other_way(ptr %x, i64 %n, i1 %short, i64 %first) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %before = phi i64 [ %first, %entry ], [ %index, %loop ]
  %index = select i1 %short, i64 %before, i64 %i
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}

; What it is while the condition does not hold, something else changes.
; CHANGED-LABEL: define i32 @changed_otherwise
; CHANGED:       %index = select i1 %long, i64 %i, i64 %before
define i32 @changed_otherwise(ptr %x, i64 %n, i1 %long) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %before = phi i64 [ 0, %entry ], [ %more, %loop ]
  %index = select i1 %long, i64 %i, i64 %before
  %more = add i64 %index, 1
  %p = getelementptr double, ptr %x, i64 %index
  store double 0.0, ptr %p
  %i.next = add i64 %i, 1
  %ended = icmp eq i64 %i.next, %n
  br i1 %ended, label %done, label %loop
done:
  ret i32 0
}
