; What no iteration writes is read before the loop, if every iteration reads it.

; RUN: dp-opt --pass=hoist,verify --function=scaled %s | filecheck %s --check-prefix=SCALED
; RUN: dp-opt --pass=hoist,verify --function=nested %s | filecheck %s --check-prefix=NESTED
; RUN: dp-opt --pass=hoist,verify --function=overwritten %s | filecheck %s --check-prefix=OVERWRITTEN
; RUN: dp-opt --pass=hoist,verify --function=swapped %s | filecheck %s --check-prefix=SWAPPED
; RUN: dp-opt --pass=hoist,verify --function=sometimes %s | filecheck %s --check-prefix=SOMETIMES

declare ptr @malloc(i64)

; The address too; %x and %factor are arguments that do not overlap.
; SCALED-LABEL: @scaled.hoisted
; SCALED:       entry:
; SCALED:       %second = getelementptr double, ptr %factor, i64 1
; SCALED-NEXT:  %scale = load double, ptr %second
; SCALED-NEXT:  br label %loop
; SCALED:       loop:
; SCALED-NOT:   %scale = load
define i32 @scaled(ptr %x, ptr %factor, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %second = getelementptr double, ptr %factor, i64 1
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

; Out of the inner loop only: the outer one writes it.
; NESTED-LABEL: @nested.hoisted
; NESTED:       outer:
; NESTED:       %scale = load double, ptr %factor
; NESTED:       inner:
; NESTED-NOT:   %scale = load
; NESTED:       store double %scaled, ptr %factor
define i32 @nested(ptr %x, ptr %factor, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %p = getelementptr double, ptr %x, i64 %j
  %a = load double, ptr %p
  %scale = load double, ptr %factor
  %product = fmul double %a, %scale
  store double %product, ptr %p
  %j.next = add nuw nsw i64 %j, 1
  %more.inner = icmp slt i64 %j.next, %n
  br i1 %more.inner, label %inner, label %outer.latch
outer.latch:
  %scale.lcssa = phi double [ %scale, %inner ]
  %scaled = fmul double %scale.lcssa, 0.5
  store double %scaled, ptr %factor
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  ret i32 0
}

; OVERWRITTEN-LABEL: @overwritten.hoisted
; OVERWRITTEN:       loop:
; OVERWRITTEN:       load double, ptr %x
define i32 @overwritten(ptr %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %first = load double, ptr %x
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %sum = fadd double %a, %first
  store double %sum, ptr %p
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; Two buffers that change places: what is read from one in an iteration of the outer loop is written in the next.
; SWAPPED-LABEL: @swapped.hoisted
; SWAPPED:       outer:
; SWAPPED:       inner:
; SWAPPED:       %first = load double, ptr %from
; SWAPPED:       store double %sum, ptr %p
define i32 @swapped(ptr %x, i64 %n) {
entry:
  %y = call ptr @malloc(i64 64)
  br label %outer
outer:
  %from = phi ptr [ %x, %entry ], [ %to, %outer.latch ]
  %to = phi ptr [ %y, %entry ], [ %from, %outer.latch ]
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %first = load double, ptr %from
  %sum = fmul double %first, 2.0
  %p = getelementptr double, ptr %to, i64 %j
  store double %sum, ptr %p
  %j.next = add nuw nsw i64 %j, 1
  %more.inner = icmp slt i64 %j.next, %n
  br i1 %more.inner, label %inner, label %outer.latch
outer.latch:
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %outer, label %done
done:
  ret i32 0
}

; A load that not every iteration runs stays where its condition is.
; SOMETIMES-LABEL: @sometimes.hoisted
; SOMETIMES:       rare:
; SOMETIMES-NEXT:  %scale = load double, ptr %factor
define i32 @sometimes(ptr %x, ptr %factor, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %large = fcmp ogt double %a, 1.0
  br i1 %large, label %rare, label %latch
rare:
  %scale = load double, ptr %factor
  %product = fmul double %a, %scale
  store double %product, ptr %p
  br label %latch
latch:
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
