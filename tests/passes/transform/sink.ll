; What every iteration stores to one cell is stored behind the loop, if nothing in it may look there.

; RUN: dp-opt --pass=sink,verify --function=total %s | filecheck %s --check-prefix=TOTAL
; RUN: dp-opt --pass=sink,verify --function=nested %s | filecheck %s --check-prefix=NESTED
; RUN: dp-opt --pass=sink,verify --function=looked_at %s | filecheck %s --check-prefix=LOOKED
; RUN: dp-opt --pass=sink,verify --function=sometimes %s | filecheck %s --check-prefix=SOMETIMES
; RUN: dp-opt --pass=sink,verify --function=raising %s | filecheck %s --check-prefix=RAISING

; %x and %y are arguments that do not overlap.
; TOTAL-LABEL: @total.sunk
; TOTAL:       loop:
; TOTAL-NOT:   store
; TOTAL:       done:
; TOTAL-NEXT:  %sum.left = phi double [ %sum, %loop ]
; TOTAL-NEXT:  store double %sum.left, ptr %y
; TOTAL-NEXT:  ret i32 0
define i32 @total(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %s = phi double [ 0.0, %entry ], [ %sum, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %sum = fadd double %s, %a
  store double %sum, ptr %y
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; Out of both loops, where a phi is there already.
; NESTED-LABEL: @nested.sunk
; NESTED:       inner.done:
; NESTED-NEXT:  %last = phi double [ %a, %inner ]
; NESTED-NOT:   store
; NESTED:       done:
; NESTED-NEXT:  %last.left = phi double [ %last, %inner.done ]
; NESTED-NEXT:  store double %last.left, ptr %y
define i32 @nested(ptr %x, ptr %y, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %inner.done ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %p = getelementptr double, ptr %x, i64 %j
  %a = load double, ptr %p
  store double %a, ptr %y
  %j.next = add nuw nsw i64 %j, 1
  %more.inner = icmp slt i64 %j.next, %n
  br i1 %more.inner, label %inner, label %inner.done
inner.done:
  %last = phi double [ %a, %inner ]
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  ret i32 0
}

; LOOKED-LABEL: @looked_at.sunk
; LOOKED:       loop:
; LOOKED:       store double %sum, ptr %y
; LOOKED:       done:
; LOOKED-NOT:   store
define i32 @looked_at(ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %s = phi double [ 0.0, %entry ], [ %sum, %loop ]
  %p = getelementptr double, ptr %y, i64 %i
  %a = load double, ptr %p
  %sum = fadd double %s, %a
  store double %sum, ptr %y
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; SOMETIMES-LABEL: @sometimes.sunk
; SOMETIMES:       found:
; SOMETIMES-NEXT:  store double %a, ptr %y
; SOMETIMES:       done:
; SOMETIMES-NOT:   store
define i32 @sometimes(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %wanted = fcmp ogt double %a, 0.0
  br i1 %wanted, label %found, label %next
found:
  store double %a, ptr %y
  br label %next
next:
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; An exception leaves behind what has been stored before it.
; RAISING-LABEL: @raising.sunk
; RAISING:       loop:
; RAISING:       store double %a, ptr %y
; RAISING:       done:
; RAISING-NOT:   store
define i32 @raising(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  store double %a, ptr %y
  %bad = fcmp ogt double %a, 10.0
  br i1 %bad, label %raise, label %next
next:
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
raise:
  ret i32 1
}
