; RUN: dp-opt --pass=gated --function=always %s | filecheck %s --check-prefix=ALWAYS
; RUN: dp-opt --pass=gated --function=always --set unseeded=y %s | filecheck %s --check-prefix=UNSEEDED
; RUN: dp-opt --pass=gated --function=arm %s | filecheck %s --check-prefix=ARM
; RUN: dp-opt --pass=gated --function=chosen %s | filecheck %s --check-prefix=CHOSEN
; RUN: dp-opt --pass=gated --function=flat %s | filecheck %s --check-prefix=FLAT
; RUN: dp-opt --pass=gated --function=steep %s | filecheck %s --check-prefix=STEEP
; RUN: dp-opt --pass=gated --function=called %s | filecheck %s --check-prefix=CALLED
; RUN: dp-opt --pass=gated --function=contested %s | filecheck %s --check-prefix=CONTESTED
; RUN: dp-opt --pass=gated --function=carried %s | filecheck %s --check-prefix=CARRIED
; RUN: dp-opt --pass=gated --function=uncontested %s | filecheck %s --check-prefix=UNCONTESTED

@dp.shared.a = internal global double undef
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)

declare double @llvm.exp.f64(double)
declare double @llvm.fabs.f64(double)

; What is used whenever it is computed has a seed of its own.
; ALWAYS:     gates of @always
; ALWAYS-NOT:   its seed is asked
; Unless nobody gives a cotangent for what is left in memory.
; UNSEEDED:      gates of @always
; UNSEEDED-NEXT:   %product: its seed is asked
; UNSEEDED-NEXT:   %quotient: its seed is asked
define i32 @always(double %a, double %b, ptr %y) {
entry:
  %product = fmul double %a, %b
  %quotient = fdiv double %product, %b
  store double %quotient, ptr %y
  ret i32 0
}

; What only one side of a branch uses may have the seed zero.
; ARM:      gates of @arm
; ARM-NEXT:   %product: its seed is asked
; ARM-NOT:    %twice
define i32 @arm(i1 %c, double %a, double %b, ptr %y) {
entry:
  %product = fmul double %a, %b
  br i1 %c, label %take, label %join
take:
  %twice = fmul double %product, 2.0
  br label %join
join:
  %value = phi double [ %twice, %take ], [ %b, %entry ]
  store double %value, ptr %y
  ret i32 0
}

; So may an operand of a select.
; CHOSEN:      gates of @chosen
; CHOSEN-NEXT:   %quotient: its seed is asked
define i32 @chosen(i1 %c, double %a, double %b, ptr %y) {
entry:
  %quotient = fdiv double %a, %b
  %value = select i1 %c, double %quotient, double %b
  store double %value, ptr %y
  ret i32 0
}

; The quotient may be infinite, and the exponential is flat there.
; FLAT:      gates of @flat
; FLAT-NEXT:   %inverse: its seed is asked
; FLAT-NEXT:   %scaled: its seed is asked
; FLAT-NEXT:   %bump: its partial is asked
define i32 @flat(double %a, double %b, ptr %y) {
entry:
  %inverse = fdiv double 1.0, %a
  %scaled = fmul double %inverse, %b
  %bump = call double @llvm.exp.f64(double %scaled)
  store double %bump, ptr %y
  ret i32 0
}

; Infinite, but never flat: no other use lies between it and memory.
; STEEP:     gates of @steep
; STEEP-NOT:   its seed is asked
define i32 @steep(double %a, double %b, ptr %y) {
entry:
  %inverse = fdiv double 1.0, %a
  %scaled = fmul double %inverse, %b
  %sum = fadd double %scaled, %a
  store double %sum, ptr %y
  ret i32 0
}

; What a function that is called does with a number is not asked: it may look at it in an arm only.
; CALLED:      gates of @called
; CALLED-NEXT:   %product: its seed is asked
define i32 @called(double %a, double %b, ptr %y) {
entry:
  %product = fmul double %a, %b
  %status = call i32 @first(double %product, double %b, i1 false, ptr %y)
  ret i32 %status
}

define internal i32 @first(double %a, double %b, i1 %c, ptr %y) {
entry:
  br i1 %c, label %take, label %leave
take:
  store double %a, ptr %y
  ret i32 0
leave:
  store double %b, ptr %y
  ret i32 0
}

; What stands in a cell has no cotangent where another thread's number wins over it.
; CONTESTED:      gates of @contested
; CONTESTED-NEXT:   %square: its seed is asked
define i32 @contested(double %a, ptr %y) {
  %square = fmul double %a, %a
  store double %square, ptr @dp.shared.a
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %old = atomicrmw fmaximum ptr @dp.shared.a, double 1.0 seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a
  store double %v, ptr %y
  ret i32 0
}

; UNCONTESTED:     gates of @uncontested
; UNCONTESTED-NOT:   its seed is asked
define i32 @uncontested(double %a, ptr %y) {
  %square = fmul double %a, %a
  store double %square, ptr @dp.shared.a
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a
  store double %v, ptr %y
  ret i32 0
}

; What the last iteration hands on is thrown away.
; CARRIED:      gates of @carried
; CARRIED-NEXT:   %inverse: its seed is asked
; CARRIED-NOT:    %kept
define i32 @carried(ptr %x, i64 %n, ptr %y) {
entry:
  br label %turn
turn:
  %i = phi i64 [ 0, %entry ], [ %next, %turn ]
  %now = phi double [ 0.0, %entry ], [ %inverse, %turn ]
  %sum = phi double [ 0.0, %entry ], [ %kept, %turn ]
  %place = getelementptr double, ptr %x, i64 %i
  %value = load double, ptr %place
  %twice = fmul double %sum, 0.5
  %kept = fadd double %twice, %now
  %inverse = fdiv double 1.0, %value
  %next = add nsw i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %turn, label %out
out:
  %last = phi double [ %kept, %turn ]
  store double %last, ptr %y
  ret i32 0
}
