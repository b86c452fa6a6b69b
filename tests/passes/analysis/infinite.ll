; RUN: dp-opt --pass=infinite --function=poles %s | filecheck %s --check-prefix=POLES
; RUN: dp-opt --pass=infinite --function=border %s | filecheck %s --check-prefix=BORDER
; RUN: dp-opt --pass=infinite --function=finite %s | filecheck %s --check-prefix=FINITE
; RUN: dp-opt --pass=infinite --function=across %s | filecheck %s --check-prefix=ACROSS
; RUN: dp-opt --pass=infinite --function=counts %s | filecheck %s --check-prefix=COUNTS
; RUN: dp-opt --pass=infinite --function=loop %s | filecheck %s --check-prefix=LOOP
; RUN: dp-opt --pass=infinite --function=asked %s | filecheck %s --check-prefix=ASKED
; RUN: dp-opt --pass=infinite --function=joined %s | filecheck %s --check-prefix=JOINED
; RUN: dp-opt --pass=infinite --function=softened %s | filecheck %s --check-prefix=SOFTENED

declare double @llvm.exp.f64(double)
declare double @llvm.cos.f64(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.log.f64(double)
declare double @llvm.pow.f64(double, double)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; Divisions and functions that grow without bound, and what is computed from them; a cosine is bounded, but not of infinity.
; POLES:      infinities of @poles
; POLES-NEXT:   %ratio may be infinite
; POLES-NEXT:   %grown may be infinite
; POLES-NEXT:   %sum may be infinite
; POLES-NEXT:   %wave may be infinite
; POLES-NOT:    %half
define i32 @poles(double %a, double %b, ptr %y) {
entry:
  %ratio = fdiv double %a, %b
  %half = fdiv double %a, 2.0
  %small = call double @llvm.cos.f64(double %half)
  %grown = call double @llvm.exp.f64(double %a)
  %sum = fadd double %small, %grown
  %wave = call double @llvm.cos.f64(double %sum)
  store double %wave, ptr %y
  ret i32 0
}

; A literal reaches a load through memory, a copy of memory and a phi.
; BORDER:      infinities of @border
; BORDER-NEXT:   %again may be infinite
; BORDER-NEXT:   %chosen may be infinite
; BORDER-NEXT:   %product may be infinite
define i32 @border(i1 %c, double %a, ptr %y) {
entry:
  %cell = alloca double
  %copy = alloca double
  store double 0x7FF0000000000000, ptr %cell
  call void @llvm.memcpy.p0.p0.i64(ptr %copy, ptr %cell, i64 8, i1 false)
  br i1 %c, label %read, label %join
read:
  %again = load double, ptr %copy
  br label %join
join:
  %chosen = phi double [ %again, %read ], [ %a, %entry ]
  %product = fmul double %chosen, %a
  store double %product, ptr %y
  ret i32 0
}

; Arguments and what lies behind them count as finite, sums and products as not overflowing.
; FINITE:      infinities of @finite
; FINITE-NOT:    may be infinite
define i32 @finite(ptr %x, double %a, ptr %y) {
entry:
  %value = load double, ptr %x
  %square = fmul double %value, %value
  %sum = fadd double %square, %a
  %scaled = fdiv double %sum, 3.0
  store double %scaled, ptr %y
  ret i32 0
}

define void @fill(ptr %p) {
  store double 0xFFF0000000000000, ptr %p
  ret void
}

; What is not inlined may write anything that it can reach.
; ACROSS:      infinities of @across
; ACROSS-NEXT:   %value may be infinite
define i32 @across(ptr %x, ptr %y) {
entry:
  call void @fill(ptr %x)
  %value = load double, ptr %x
  store double %value, ptr %y
  ret i32 0
}

; Counts that begin behind zero are no poles; others may be.
; COUNTS:      infinities of @counts
; COUNTS-NOT:    %term
; COUNTS:        %other may be infinite
define i32 @counts(double %a, i64 %k, ptr %y) {
entry:
  %next = add nuw nsw i64 %k, 1
  %second = add nuw nsw i64 %k, 2
  %both = mul nuw nsw i64 %next, %second
  %factor = uitofp nneg i64 %both to double
  %term = fdiv double %a, %factor
  %wrapped = mul i64 %next, %k
  %divisor = sitofp i64 %wrapped to double
  %other = fdiv double %term, %divisor
  store double %other, ptr %y
  ret i32 0
}

; So are those that count themselves, and what is twice that and one more.
; LOOP:      infinities of @loop
; LOOP-NOT:    %term
; LOOP:        %other may be infinite
define i32 @loop(double %a, i64 %bound, ptr %y) {
entry:
  br label %body
body:
  %n = phi i64 [ 1, %entry ], [ %n.next, %body ]
  %m = phi i64 [ 0, %entry ], [ %n, %body ]
  %twice = shl nuw nsw i64 %n, 1
  %more = or disjoint i64 %twice, 1
  %both = mul nuw nsw i64 %twice, %more
  %factor = uitofp nneg i64 %both to double
  %term = fdiv double %a, %factor
  %divisor = uitofp nneg i64 %m to double
  %other = fdiv double %term, %divisor
  store double %other, ptr %y
  %n.next = add nuw nsw i64 %n, 1
  %more.to.come = icmp ult i64 %n.next, %bound
  br i1 %more.to.come, label %body, label %done
done:
  ret i32 0
}

; A division behind a condition that a zero would not have passed; one that is not behind it; one whose divisor is made anew.
; ASKED:      infinities of @asked
; ASKED-NEXT:   %early may be infinite
; ASKED-NEXT:   %third may be infinite
define i32 @asked(double %a, double %b, i64 %n, ptr %y) {
entry:
  %early = fdiv double %a, %b
  store double %early, ptr %y
  %is.zero = fcmp oeq double %b, 0.0
  %last = add i64 %n, -1
  %count = sitofp i64 %last to double
  %is.one = icmp eq i64 %n, 1
  %either = or i1 %is.zero, %is.one
  br i1 %either, label %raise, label %divide
divide:
  %first = fdiv double %a, %b
  %second = fdiv double %first, %count
  %new = fsub double %b, %first
  %third = fdiv double %second, %new
  store double %third, ptr %y
  ret i32 0
raise:
  ret i32 1
}

; What a loop that does not run has left to the test behind it.
; JOINED:      infinities of @joined
; JOINED-NOT:    %quotient
; JOINED:        %other may be infinite
define i32 @joined(double %a, i64 %n, ptr %y) {
entry:
  %count = sitofp i64 %n to double
  %none = icmp slt i64 %n, 1
  br i1 %none, label %ask, label %before
before:
  br label %body
body:
  %i = phi i64 [ 0, %before ], [ %i.next, %body ]
  %i.next = add nuw nsw i64 %i, 1
  %done = icmp eq i64 %i.next, %n
  br i1 %done, label %left, label %body
left:
  br label %behind
ask:
  %zero = icmp eq i64 %n, 0
  br i1 %zero, label %raise, label %behind
behind:
  %quotient = fdiv double %a, %count
  %less = add i64 %n, -2
  %fewer = sitofp i64 %less to double
  %other = fdiv double %quotient, %fewer
  store double %other, ptr %y
  ret i32 0
raise:
  ret i32 1
}

; Distances that are softened are positive, also where a loop sums them up; a sum of squares alone may be zero.
; SOFTENED:      infinities of @softened
; SOFTENED-NEXT:   %near may be infinite
; SOFTENED-NEXT:   %below may be infinite
define i32 @softened(double %x, i64 %n, ptr %y) {
entry:
  br label %body
body:
  %i = phi i64 [ 0, %entry ], [ %i.next, %body ]
  %sum = phi double [ 0.0, %entry ], [ %sum.next, %body ]
  %square = fmul double %x, %x
  %sum.next = fadd double %sum, %square
  %i.next = add nuw nsw i64 %i, 1
  %done = icmp eq i64 %i.next, %n
  br i1 %done, label %behind, label %body
behind:
  %distance = call double @llvm.sqrt.f64(double %sum.next)
  %soft = fadd double %sum.next, 0x3F50624DD2F1A9FC
  %inverse = fdiv double %x, %soft
  %power = call double @llvm.pow.f64(double %soft, double -1.5)
  %entropy = call double @llvm.log.f64(double %soft)
  %near = call double @llvm.log.f64(double %distance)
  %difference = fsub double %soft, 1.0
  %below = call double @llvm.sqrt.f64(double %difference)
  store double %inverse, ptr %y
  ret i32 0
}
