; Which loops of a kernel are reversed in segments, and which are not.

; RUN: dp-opt --pass=forms --set target=device --function=carried --set elements=double,double, %s | filecheck %s --check-prefix=CARRIED
; RUN: dp-opt --pass=adjoint --set target=device --function=carried --set elements=double,double, %s | filecheck %s --check-prefix=ADJOINT
; RUN: dp-opt --pass=forms --function=carried --set elements=double,double, %s | filecheck %s --check-prefix=HOST
; RUN: dp-opt --pass=forms --set target=device --function=overwritten --set elements=double,double, %s | filecheck %s --check-prefix=OVERWRITTEN
; RUN: dp-opt --pass=forms --set target=device --function=dear --set elements=double,double, %s | filecheck %s --check-prefix=DEAR
; RUN: dp-opt --pass=forms --set target=device --function=left_early --set elements=double,double, %s | filecheck %s --check-prefix=EARLY
; RUN: dp-opt --pass=adjoint --set target=device --function=left_early --set elements=double,double, %s | filecheck %s --check-prefix=HUB

declare double @__nv_exp(double)

; CARRIED:      forms of @carried
; CARRIED-NEXT: loop body: what it carries is kept once for every 16 iterations, which are run again
; HOST:         forms of @carried: none

; The state of the segment is read where that begins, and then that of each of its iterations from the stack.
; ADJOINT-LABEL: define i32 @carried.reverse
; ADJOINT:       %v.buffer = alloca [16 x double]
; ADJOINT:       rev.body:
; ADJOINT:       getelementptr inbounds double, ptr %v.buffer
; ADJOINT:       rev.body.front:
; ADJOINT-NEXT:  [[LAST:%.*]] = load i64, ptr %body.counter.slot
; ADJOINT-NEXT:  [[FIRST:%.*]] = and i64 [[LAST]], -16
; ADJOINT:       load double, ptr {{.*}} !alias.scope
; ADJOINT:       rev.body.again.body:
; ADJOINT:       store double %v.again
define i32 @carried(ptr %x, ptr %y, i64 %n) {
entry:
  %start = load double, ptr %x
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %v = phi double [ %start, %entry ], [ %v.next, %body ]
  %v.next = fmul double %v, %v
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  %last = phi double [ %v.next, %body ]
  store double %last, ptr %y
  ret i32 0
}

; OVERWRITTEN: forms of @overwritten: none
define i32 @overwritten(ptr %x, ptr %y, i64 %n) {
entry:
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %v = phi double [ 1.0, %entry ], [ %v.next, %body ]
  %x.k = getelementptr double, ptr %x, i64 %k
  %factor = load double, ptr %x.k
  %v.next = fmul double %v, %factor
  %k.next = add nuw nsw i64 %k, 1
  %x.next = getelementptr double, ptr %x, i64 %k.next
  store double %v.next, ptr %x.next
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  %last = phi double [ %v.next, %body ]
  store double %last, ptr %y
  ret i32 0
}

; What costs more than its place in memory is not done again.
; DEAR: forms of @dear: none
define i32 @dear(ptr %x, ptr %y, i64 %n) {
entry:
  %start = load double, ptr %x
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %v = phi double [ %start, %entry ], [ %v.next, %body ]
  %a = call double @__nv_exp(double %v)
  %b = call double @__nv_exp(double %a)
  %c = call double @__nv_exp(double %b)
  %d = call double @__nv_exp(double %c)
  %v.next = call double @__nv_exp(double %d)
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  %last = phi double [ %v.next, %body ]
  store double %last, ptr %y
  ret i32 0
}

; EARLY:      forms of @left_early
; EARLY-NEXT: loop head: what it carries is kept once for every 16 iterations, which are run again

; The reverse begins in the middle of an iteration, in those of a segment at the end of one.
; HUB-LABEL: define i32 @left_early.reverse
; HUB:       rev.head.segment:
; HUB:       br label %rev.head.hub
; HUB:       rev.head.hub:
; HUB:       switch i32 %{{.*}}, label %rev.head [ i32 1, label %rev.latch ]
; HUB:       br i1 %{{.*}}, label %rev.head.front, label %rev.head.hub
define i32 @left_early(ptr %x, ptr %y, i64 %n) {
entry:
  %start = load double, ptr %x
  br label %head
head:
  %k = phi i64 [ 0, %entry ], [ %k.next, %latch ]
  %v = phi double [ %start, %entry ], [ %v.next, %latch ]
  %half = fmul double %v, 0.5
  %more = icmp slt i64 %k, %n
  br i1 %more, label %latch, label %done
latch:
  %v.next = fmul double %half, %v
  %k.next = add nuw nsw i64 %k, 1
  br label %head
done:
  %last = phi double [ %half, %head ]
  store double %last, ptr %y
  ret i32 0
}
