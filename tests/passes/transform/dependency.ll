; Sets of inputs in the place of tangents: united where tangents are added, moved where they are moved.

; RUN: dp-opt --pass=dependency,verify --function=product %s | filecheck %s --check-prefix=PRODUCT
; RUN: dp-opt --pass=dependency,verify --function=chosen %s | filecheck %s --check-prefix=CHOSEN
; RUN: dp-opt --pass=dependency,verify --function=loop %s | filecheck %s --check-prefix=LOOP
; RUN: dp-opt --pass=dependency,verify --function=narrow %s | filecheck %s --check-prefix=NARROW
; RUN: dp-opt --pass=dependency,verify --function=memory --set kinds=duplicated,duplicated %s | filecheck %s --check-prefix=MEMORY
; RUN: dp-opt --pass=dependency,verify --function=called %s | filecheck %s --check-prefix=CALLED

declare double @llvm.pow.f64(double, double)
declare double @llvm.floor.f64(double)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)

; A function of the table depends on what it has a partial by; a floor on nothing.
; PRODUCT:      define i32 @product.dependency(double %a, double %b, ptr %y, ptr %y.shadow, i64 %a.dot, i64 %b.dot, ptr %arena)
; PRODUCT:        %[[PRODUCT:.*]] = or i64 %a.dot, %b.dot
; PRODUCT:        %[[POWER:.*]] = or i64 %[[PRODUCT]], %b.dot
; PRODUCT:        store i64 %[[POWER]], ptr %y.shadow
; PRODUCT-NOT:    or i64
define i32 @product(double %a, double %b, ptr %y) {
  %product = fmul double %a, %b
  %power = call double @llvm.pow.f64(double %product, double %b)
  %floor = call double @llvm.floor.f64(double %a)
  %sum = fadd double %power, %floor
  store double %sum, ptr %y
  ret i32 0
}

; Both arms count, whichever is taken.
; CHOSEN:      %[[EITHER:.*]] = or i64 %a.dot, %b.dot
; CHOSEN:      store i64 %[[EITHER]], ptr %y.shadow
define i32 @chosen(double %a, double %b, ptr %y) {
  %less = fcmp olt double %a, %b
  %value = select i1 %less, double %a, double %b
  store double %value, ptr %y
  ret i32 0
}

; LOOP: %v.dot = phi i64 [ %a.dot, %entry ], [ %v.dot, %loop ]
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

; A set is as long as its number.
; NARROW: define i32 @narrow.dependency(float %a, ptr %y, ptr %y.shadow, i32 %a.dot, ptr %arena)
; NARROW: %[[WIDE:.*]] = zext i32 %a.dot to i64
; NARROW: %[[NARROW:.*]] = trunc i64 %[[WIDE]] to i32
; NARROW: store i32 %[[NARROW]], ptr %y.shadow
define i32 @narrow(float %a, ptr %y) {
  %wide = fpext float %a to double
  %narrow = fptrunc double %wide to float
  store float %narrow, ptr %y
  ret i32 0
}

; MEMORY: call void @llvm.memmove.p0.p0.i64(ptr %y.shadow, ptr %x.shadow, i64 16, i1 false)
; MEMORY: store double 1.0, ptr %y
; MEMORY-NEXT: store i64 0, ptr %y.shadow
define i32 @memory(ptr %x, ptr %y) {
  %v = load double, ptr %x
  store double %v, ptr %y
  call void @llvm.memmove.p0.p0.i64(ptr %y, ptr %x, i64 16, i1 false)
  store double 1.0, ptr %y
  ret i32 0
}

; CALLED: call i32 @called.helper.dependency(double %a, ptr %y, ptr %y.shadow, i64 %a.dot, ptr %arena)
define i32 @called(double %a, ptr %y) {
  %status = call i32 @helper(double %a, ptr %y)
  ret i32 0
}

define internal i32 @helper(double %a, ptr %p) {
  store double %a, ptr %p
  ret i32 0
}
