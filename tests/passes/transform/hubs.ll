; The reverse of a loop with several ways out is entered through one hub, and so is each iteration of it.

; RUN: dp-opt --pass=adjoint,verify --function=two_exits %s | filecheck %s
; RUN: dp-opt --pass=adjoint,verify --function=one_exit %s | filecheck %s --check-prefix=ONE

; CHECK:      @two_exits.reverse
; CHECK:      rev.exhausted:
; CHECK:      store i32 0, ptr %head.way
; CHECK-NEXT: br label %rev.head.hub
; CHECK:      rev.over.limit:
; CHECK:      store i32 1, ptr %head.way
; CHECK-NEXT: br label %rev.head.hub
; CHECK:      rev.broken:
; CHECK:      store i32 2, ptr %head.way
; CHECK-NEXT: br label %rev.head.hub
; CHECK:      rev.head.hub:
; CHECK-NEXT: %[[WAY:.*]] = load i32, ptr %head.way
; CHECK-NEXT: switch i32 %[[WAY]], label %rev.head [ i32 1, label %rev.latch i32 2, label %rev.body i32 3, label %rev.latch ]
; CHECK:      rev.head.to.latch:
; CHECK:      store i32 1, ptr %head.way
; CHECK-NEXT: br label %rev.head.hub
define i32 @two_exits(ptr %x, ptr %y, double %limit, i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %product = phi double [ 1.0, %entry ], [ %product.next, %latch ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %latch ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %body, label %exhausted
body:
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %product.next = fmul double %product, %v
  %sum.next = fadd double %sum, %v
  %negative = fcmp olt double %v, 0.0
  br i1 %negative, label %broken, label %latch
latch:
  %i.next = add nuw nsw i64 %i, 1
  %over = fcmp ogt double %sum.next, %limit
  br i1 %over, label %over.limit, label %head
exhausted:
  br label %done
broken:
  %twice = fmul double %product.next, 2.0
  br label %done
over.limit:
  %squared = fmul double %sum.next, %sum.next
  br label %done
done:
  %result = phi double [ %product, %exhausted ], [ %twice, %broken ], [ %squared, %over.limit ]
  store double %result, ptr %y
  ret i32 0
}

; One way in needs none.
; ONE:     @one_exit.reverse
; ONE-NOT: hub
; ONE:     ret i32 0
define i32 @one_exit(ptr %x, ptr %y, i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %head ]
  %product = phi double [ 1.0, %entry ], [ %product.next, %head ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %product.next = fmul double %product, %v
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %head, label %done
done:
  store double %product.next, ptr %y
  ret i32 0
}
