; RUN: dp-opt --pass=induction --function=triangle %s | filecheck %s --check-prefix=TRIANGLE
; RUN: dp-opt --pass=induction --function=loaded_bound %s | filecheck %s --check-prefix=LOADED
; RUN: dp-opt --pass=induction --function=do_while %s | filecheck %s --check-prefix=DOWHILE
; RUN: dp-opt --pass=induction --function=two_exits %s | filecheck %s --check-prefix=EXITS
; RUN: dp-opt --pass=induction --function=raising %s | filecheck %s --check-prefix=RAISING
; RUN: dp-opt --pass=induction --function=power %s | filecheck %s --check-prefix=POWER
; RUN: dp-opt --pass=induction --function=pointers %s | filecheck %s --check-prefix=POINTERS
; RUN: dp-opt --pass=induction --function=may_step_over %s | filecheck %s --check-prefix=OVER
; RUN: dp-opt --pass=induction --function=conditional_test %s | filecheck %s --check-prefix=CONDITIONAL
; RUN: dp-opt --pass=induction --function=variant_bound %s | filecheck %s --check-prefix=VARIANT
; RUN: dp-opt --pass=induction --function=inner_exit %s | filecheck %s --check-prefix=INNER
; RUN: dp-opt --pass=induction --function=nothing_moves %s | filecheck %s --check-prefix=NOTHING
; RUN: dp-opt --pass=induction --function=widened %s | filecheck %s --check-prefix=WIDENED

; The inner bound is a value of the outer loop.
; TRIANGLE:      loop %outer trips first k with not 1 + 1·k ne %n
; TRIANGLE-NEXT:   %i = 0 + counter(outer)
; TRIANGLE-NEXT:   loop %inner trips first k with not 1 + 1·k slt %i
; TRIANGLE-NEXT:     %j = 0 + counter(inner)
; TRIANGLE-NEXT:     %square = %i + counter(inner)·%i
define void @triangle(i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %square = phi i64 [ %i, %outer ], [ %square.next, %inner ]
  %square.next = add i64 %square, %i
  %j.next = add i64 %j, 1
  %more = icmp slt i64 %j.next, %i
  br i1 %more, label %inner, label %outer.latch
outer.latch:
  %i.next = add i64 %i, 1
  %done = icmp eq i64 %i.next, %n
  br i1 %done, label %end, label %outer
end:
  ret void
}

; LOADED: loop %head trips first k with not 0 + 3·k slt %n
define void @loaded_bound(ptr %bound) {
entry:
  %n = load i64, ptr %bound
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %body ]
  %more = icmp sgt i64 %n, %i
  br i1 %more, label %body, label %end
body:
  %i.next = add nsw i64 %i, 3
  br label %head
end:
  ret void
}

; A negated condition; a step of three modulo 2^8.
; DOWHILE: loop %head trips first k with not %a + 3·k ne 7
define void @do_while(i8 %a) {
entry:
  br label %head
head:
  %i = phi i8 [ %a, %entry ], [ %i.next, %head ]
  %i.next = add i8 %i, 3
  %same = icmp eq i8 %i, 7
  %more = xor i1 %same, true
  br i1 %more, label %head, label %end
end:
  ret void
}

; EXITS: loop %head trips unknown
define void @two_exits(i64 %n, i1 %c) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  br i1 %c, label %latch, label %found
latch:
  %i.next = add nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %head, label %end
found:
  ret void
end:
  ret void
}

; An exit by an exception does not count.
; RAISING: loop %head trips first k with not 1 + 1·k slt %n
define i32 @raising(i64 %n, i1 %c) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  br i1 %c, label %latch, label %fail
latch:
  %i.next = add nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %head, label %end
fail:
  ret i32 1
end:
  ret i32 0
}

; The exponent of x^13 loses a bit an iteration.
; POWER:      loop %head trips 3
; POWER-NEXT: loop %flag trips 1
define void @power() {
entry:
  br label %head
head:
  %n = phi i64 [ 13, %entry ], [ %half, %head ]
  %half = lshr i64 %n, 1
  %more = icmp ugt i64 %half, 0
  br i1 %more, label %head, label %between
between:
  br label %flag
flag:
  %last = phi i1 [ false, %between ], [ true, %flag ]
  br i1 %last, label %end, label %flag
end:
  ret void
}

; POINTERS:      loop %outer trips 9
; POINTERS-NEXT:   %row = %data + 24·counter(outer)
; POINTERS-NEXT:   %i = 0 + counter(outer)
; POINTERS-NEXT:   loop %inner trips 4
; POINTERS-NEXT:     %cell = %row + 8·counter(inner)·%stride
; POINTERS-NEXT:     %j = 0 + counter(inner)
define void @pointers(ptr %data, i64 %stride) {
entry:
  br label %outer
outer:
  %row = phi ptr [ %data, %entry ], [ %row.next, %latch ]
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  br label %inner
inner:
  %cell = phi ptr [ %row, %outer ], [ %cell.next, %inner ]
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %cell.next = getelementptr double, ptr %cell, i64 %stride
  %j.next = add i64 %j, 1
  %j.more = icmp ult i64 %j.next, 5
  br i1 %j.more, label %inner, label %latch
latch:
  %row.next = getelementptr [3 x double], ptr %row, i64 1
  %i.next = add i64 %i, 1
  %i.more = icmp ult i64 %i.next, 10
  br i1 %i.more, label %outer, label %end
end:
  ret void
}

; By twos towards a bound that may be odd, and by twos past a bound that may be near the largest number.
; OVER:      loop %equal trips unknown
; OVER:      loop %less trips unknown
; OVER:      loop %even trips first k with not 2 + 2·k ne 2·%n
define void @may_step_over(i64 %n) {
entry:
  br label %equal
equal:
  %i = phi i64 [ 0, %entry ], [ %i.next, %equal ]
  %i.next = add nsw i64 %i, 2
  %i.done = icmp eq i64 %i.next, %n
  br i1 %i.done, label %second, label %equal
second:
  br label %less
less:
  %j = phi i64 [ 0, %second ], [ %j.next, %less ]
  %j.next = add i64 %j, 2
  %j.more = icmp slt i64 %j.next, %n
  br i1 %j.more, label %less, label %third
third:
  br label %even
even:
  %k = phi i64 [ 0, %third ], [ %k.next, %even ]
  %k.next = add i64 %k, 2
  %twice = shl i64 %n, 1
  %k.done = icmp eq i64 %k.next, %twice
  br i1 %k.done, label %end, label %even
end:
  ret void
}

; The test is not made in every iteration.
; CONDITIONAL: loop %head trips unknown
define void @conditional_test(i64 %n, i1 %c) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %i.next = add nsw i64 %i, 1
  br i1 %c, label %test, label %latch
test:
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %latch, label %end
latch:
  br label %head
end:
  ret void
}

; The bound is loaded anew in every iteration.
; VARIANT: loop %head trips unknown
define void @variant_bound(ptr %bound) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %head ]
  %i.next = add nsw i64 %i, 1
  %n = load i64, ptr %bound
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %head, label %end
end:
  ret void
}

; The only normal exit of both loops is tested in every iteration of the inner one.
; INNER:      loop %outer trips unknown
; INNER:      loop %inner trips unknown
define void @inner_exit(i64 %n, i1 %c) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner.latch ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %inner.latch, label %end
inner.latch:
  %j.next = add nsw i64 %j, 1
  br i1 %c, label %inner, label %latch
latch:
  %i.next = add nsw i64 %i, 1
  br label %outer
end:
  ret void
}

; NOTHING: loop %first trips unknown
; NOTHING: loop %second trips unknown
define void @nothing_moves(i64 %a, i64 %n) {
entry:
  br label %first
first:
  %more = icmp sgt i64 %a, %n
  br i1 %more, label %first, label %between
between:
  br label %second
second:
  %i = phi i8 [ 0, %between ], [ %i.next, %second ]
  %i.next = add i8 %i, 64
  %times = shl i8 %i, 2
  %same = icmp ne i8 %times, 1
  br i1 %same, label %second, label %end
end:
  ret void
}

; A narrow counter may be compared at a greater width only if it does not wrap.
; WIDENED: loop %first trips unknown
; WIDENED: loop %second trips first k with not 1 + 1·k slt %n
define void @widened(i64 %n) {
entry:
  br label %first
first:
  %i = phi i32 [ 0, %entry ], [ %i.next, %first ]
  %i.next = add i32 %i, 1
  %i.wide = sext i32 %i to i64
  %i.more = icmp slt i64 %i.wide, %n
  br i1 %i.more, label %first, label %between
between:
  br label %second
second:
  %j = phi i32 [ 0, %between ], [ %j.next, %second ]
  %j.next = add nsw i32 %j, 1
  %j.wide = sext i32 %j.next to i64
  %j.more = icmp slt i64 %j.wide, %n
  br i1 %j.more, label %second, label %end
end:
  ret void
}
