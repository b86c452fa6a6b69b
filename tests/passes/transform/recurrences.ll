; Cotangents that wait for what an earlier iteration made of them are multiplied once, by what the partials make together.

; RUN: dp-opt --pass=recurrences --function=integrator %s | filecheck %s --check-prefix=STEP
; RUN: dp-opt --pass=recurrences --function=quotient %s | filecheck %s --check-prefix=QUOTIENT
; RUN: dp-opt --pass=recurrences --function=shared %s | filecheck %s --check-prefix=SHARED
; RUN: dp-opt --pass=recurrences --function=scaled %s | filecheck %s --check-prefix=SCALED
; RUN: dp-opt --pass=recurrences --function=summed %s | filecheck %s --check-prefix=SUMMED
; RUN: dp-opt --pass=recurrences --function=once %s | filecheck %s --check-prefix=ONCE

; x c - (x a) b + y as x (c - a b) + y.
; STEP-LABEL: define void @integrator
; STEP:       [[INNER:%.*]] = fmul contract double %a, %b
; STEP:       [[FACTOR:%.*]] = fsub contract double %c, [[INNER]]
; STEP-NEXT:  [[PRODUCT:%.*]] = fmul contract double %x, [[FACTOR]]
; STEP-NEXT:  [[TOTAL:%.*]] = fadd contract double %y, [[PRODUCT]]
; STEP-NOT:   fmul
; STEP:       store double [[TOTAL]], ptr %slot
define void @integrator(double %a, double %b, double %c, double %y, i64 %n) {
entry:
  %slot = alloca double
  store double 1.0, ptr %slot
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %x = load double, ptr %slot
  %first = fmul contract double %x, %a
  %second = fmul contract double %first, %b
  %third = fmul contract double %x, %c
  %difference = fsub contract double %third, %second
  %total = fadd contract double %difference, %y
  store double %total, ptr %slot
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  ret void
}

; A division waits for nothing but its divisor.
; QUOTIENT-LABEL: define void @quotient
; QUOTIENT:       [[INVERSE:%.*]] = fdiv contract double 0x3FF0000000000000, %a
; QUOTIENT:       fmul contract double %x, [[INVERSE]]
define void @quotient(double %a, i64 %n) {
entry:
  %slot = alloca double
  store double 1.0, ptr %slot
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %x = load double, ptr %slot
  %ratio = fdiv contract double %x, %a
  store double %ratio, ptr %slot
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  ret void
}

; What is used for something else besides is still computed.
; SHARED-LABEL: define void @shared
; SHARED:       %first = fmul contract double %x, %a
; SHARED:       [[FACTOR:%.*]] = fmul contract double %a, %b
; SHARED:       fmul contract double %x, [[FACTOR]]
; SHARED:       store double %first, ptr %p
define void @shared(double %a, double %b, ptr %p, i64 %n) {
entry:
  %slot = alloca double
  store double 1.0, ptr %slot
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %x = load double, ptr %slot
  %first = fmul contract double %x, %a
  %second = fmul contract double %first, %b
  store double %first, ptr %p
  store double %second, ptr %slot
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  ret void
}

; A cotangent in another unit, of which there are several products, stays: each of them would have one operation more.
; SCALED-LABEL: define void @scaled
; SCALED:       fmul contract double %first, %a
; SCALED:       fmul contract double %first, %b
define void @scaled(double %a, double %b, ptr %p, i64 %n) {
entry:
  %slot = alloca double
  store double 1.0, ptr %slot
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %x = load double, ptr %slot
  %first = fmul contract double %x, 0.125
  %second = fmul contract double %first, %a
  %third = fmul contract double %first, %b
  store double %third, ptr %p
  store double %second, ptr %slot
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  ret void
}

; What is only added up waits for a sum.
; SUMMED-LABEL: define void @summed
; SUMMED:       %first = fmul contract double %y, %a
; SUMMED:       %second = fmul contract double %first, %b
; SUMMED:       %total = fadd contract double %x, %second
define void @summed(double %a, double %b, double %y, i64 %n) {
entry:
  %slot = alloca double
  store double 1.0, ptr %slot
  br label %body
body:
  %k = phi i64 [ 0, %entry ], [ %k.next, %body ]
  %x = load double, ptr %slot
  %first = fmul contract double %y, %a
  %second = fmul contract double %first, %b
  %total = fadd contract double %x, %second
  store double %total, ptr %slot
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %body, label %done
done:
  ret void
}

; Nothing waits where nothing comes back.
; ONCE-LABEL: define double @once
; ONCE:       %second = fmul contract double %first, %b
define double @once(double %x, double %a, double %b) {
  %first = fmul contract double %x, %a
  %second = fmul contract double %first, %b
  ret double %second
}
