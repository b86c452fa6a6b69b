; Forward mode: the tangent stands behind each instruction.

; RUN: dp-opt --pass=tangent,verify --function=product %s | filecheck %s --check-prefix=PRODUCT
; RUN: dp-opt --pass=tangent,verify --function=loop %s | filecheck %s --check-prefix=LOOP
; RUN: dp-opt --pass=tangent,verify --function=memory --set kinds=duplicated,duplicated %s | filecheck %s --check-prefix=MEMORY
; RUN: dp-opt --pass=tangent,verify --function=called %s | filecheck %s --check-prefix=CALLED
; RUN: dp-opt --pass=tangent,verify --function=scratch --set kinds=duplicated,const,duplicated %s | filecheck %s --check-prefix=SCRATCH

declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)

; PRODUCT:      define i32 @product.tangent(double %a, double %b, ptr %y, ptr %y.shadow, double %a.dot, double %b.dot, ptr %arena)
; PRODUCT:        %product = fmul double %a, %b
; PRODUCT-NEXT:   %[[A:.*]] = fmul contract double %a.dot, %b
; PRODUCT-NEXT:   %[[B:.*]] = fmul contract double %b.dot, %a
; PRODUCT-NEXT:   %[[SUM:.*]] = fadd contract double %[[A]], %[[B]]
; PRODUCT-NEXT:   store double %product, ptr %y
; PRODUCT-NEXT:   store double %[[SUM]], ptr %y.shadow
define i32 @product(double %a, double %b, ptr %y) {
  %product = fmul double %a, %b
  store double %product, ptr %y
  ret i32 0
}

; LOOP: %v.dot = phi double [ %a.dot, %entry ], [ %[[NEXT:.*]], %loop ]
define i32 @loop(double %a, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %v = phi double [ %a, %entry ], [ %v.next, %loop ]
  %v.next = fmul double %v, 0.5
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; Shadow memory moves as the primal's does; a constant has a zero tangent.
; MEMORY: @memory.tangent
; MEMORY: call void @llvm.memmove.p0.p0.i64(ptr %y, ptr %x, i64 16, i1 false)
; MEMORY-NEXT: call void @llvm.memmove.p0.p0.i64(ptr %y.shadow, ptr %x.shadow, i64 16, i1 false)
; MEMORY: store double 1.0, ptr %y
; MEMORY-NEXT: store double 0x0000000000000000, ptr %y.shadow
define i32 @memory(ptr %x, ptr %y) {
  %v = load double, ptr %x
  store double %v, ptr %y
  call void @llvm.memmove.p0.p0.i64(ptr %y, ptr %x, i64 16, i1 false)
  store double 1.0, ptr %y
  ret i32 0
}

; CALLED: call i32 @called.helper.tangent(double %a, ptr %y, ptr %y.shadow, double %a.dot, ptr %arena)
define i32 @called(double %a, ptr %y) {
  %status = call i32 @helper(double %a, ptr %y)
  ret i32 0
}

define internal i32 @helper(double %a, ptr %p) {
  store double %a, ptr %p
  ret i32 0
}

; SCRATCH: define i32 @scratch.tangent(ptr %x, ptr %work, ptr %y, ptr %x.shadow, ptr %work.shadow, ptr %y.shadow, ptr %arena)
define i32 @scratch(ptr %x, ptr %work, ptr %y) {
  %v = load double, ptr %x
  store double %v, ptr %work
  %w = load double, ptr %work
  store double %w, ptr %y
  ret i32 0
}
