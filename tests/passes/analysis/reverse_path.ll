; Which blocks the reverse sweep visits, and how it gets from each to the one before.

; RUN: dp-opt --pass=reverse_path --function=loop %s | filecheck %s --check-prefix=LOOP
; RUN: dp-opt --pass=reverse_path --function=idle_loop --set kinds=active,duplicated,const,const %s | filecheck %s --check-prefix=IDLE
; RUN: dp-opt --pass=reverse_path --function=idle_branch --set kinds=active,duplicated,const,const %s | filecheck %s --check-prefix=BRANCH
; RUN: dp-opt --pass=reverse_path --function=busy_branch %s | filecheck %s --check-prefix=BUSY
; RUN: dp-opt --pass=reverse_path --function=two_exits %s | filecheck %s --check-prefix=EXITS
; RUN: dp-opt --pass=reverse_path --function=early_exit %s | filecheck %s --check-prefix=EARLY
; RUN: dp-opt --pass=reverse_path --function=checked %s | filecheck %s --check-prefix=CHECKED
; RUN: dp-opt --pass=reverse_path --function=raises %s | filecheck %s --check-prefix=RAISES

; LOOP:      %done <- %loop (into loop)
; LOOP-NEXT: %loop <- %entry or %loop
; LOOP-NEXT: %entry <- entry
define i32 @loop(double %a, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %p = getelementptr double, ptr %y, i64 %i
  store double %a, ptr %p
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; A loop over integers has no reverse: the way goes by.
; IDLE:     %done <- %entry
; IDLE-NOT: %count
define i32 @idle_loop(double %a, ptr %y, ptr %marks, i64 %n) {
entry:
  store double %a, ptr %y
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %count.ready, label %done
count.ready:
  br label %count
count:
  %i = phi i64 [ 0, %count.ready ], [ %i.next, %count ]
  %p = getelementptr i64, ptr %marks, i64 %i
  store i64 %i, ptr %p
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %count, label %count.done
count.done:
  br label %done
done:
  ret i32 0
}

; BRANCH:     %join <- %entry
; BRANCH-NOT: %yes
define i32 @idle_branch(double %a, ptr %y, ptr %marks, i1 %c) {
entry:
  store double %a, ptr %y
  br i1 %c, label %yes, label %join
yes:
  store i64 1, ptr %marks
  br label %join
join:
  ret i32 0
}

; BUSY:      %join <- %{{entry|yes}} or %{{entry|yes}}
; BUSY-DAG:  %yes <- %entry
; BUSY-DAG:  %entry <- entry
define i32 @busy_branch(double %a, ptr %y, i1 %c) {
entry:
  br i1 %c, label %yes, label %join
yes:
  store double %a, ptr %y
  br label %join
join:
  ret i32 0
}

; Each exit enters the last iteration.
; EXITS-DAG: %done <- %{{broken|exhausted}} or %{{broken|exhausted}}
; EXITS-DAG: %broken <- %head (into head)
; EXITS-DAG: %exhausted <- %latch (into head)
; EXITS-DAG: %head <- %entry or %latch
; EXITS-DAG: %latch <- %head
define i32 @two_exits(ptr %x, ptr %y, i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %product = phi double [ 1.0, %entry ], [ %product.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %product.next = fmul double %product, %v
  %negative = fcmp olt double %v, 0.0
  br i1 %negative, label %broken, label %latch
latch:
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %head, label %exhausted
broken:
  %last = phi double [ %product, %head ]
  br label %done
exhausted:
  %all = phi double [ %product.next, %latch ]
  br label %done
done:
  %result = phi double [ %last, %broken ], [ %all, %exhausted ]
  store double %result, ptr %y
  ret i32 0
}

; The exit from the inner loop leaves both: the way back enters both, the outer one first.
; EARLY-DAG: %found <- %inner (into outer, inner)
; EARLY-DAG: %done <- %outer.latch (into outer)
; EARLY-DAG: %outer.latch <- %inner.latch (into inner)
; EARLY-DAG: %inner <- %outer or %inner.latch
; EARLY-DAG: %outer <- %entry or %outer.latch
define i32 @early_exit(ptr %x, ptr %y, double %limit, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  %total = phi double [ 0.0, %entry ], [ %inner.total, %outer.latch ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner.latch ]
  %sum = phi double [ %total, %outer ], [ %sum.next, %inner.latch ]
  %p = getelementptr double, ptr %x, i64 %j
  %v = load double, ptr %p
  %sum.next = fadd double %sum, %v
  %over = fcmp ogt double %v, %limit
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
  %found.sum = phi double [ %sum, %inner ]
  br label %end
done:
  %all = phi double [ %inner.total, %outer.latch ]
  br label %end
end:
  %result = phi double [ %found.sum, %found ], [ %all, %done ]
  store double %result, ptr %y
  ret i32 0
}

; What leads only to an exception has no reverse.
; CHECKED:      %work <- %entry
; CHECKED-NOT:  fail
define i32 @checked(double %a, ptr %y, i1 %bad) {
entry:
  br i1 %bad, label %fail, label %work
fail:
  store double %a, ptr %y
  ret i32 1
work:
  store double %a, ptr %y
  ret i32 0
}

; RAISES:     reverse path
; RAISES-NOT: <-
define i32 @raises(double %a, ptr %y) {
entry:
  store double %a, ptr %y
  ret i32 1
}
