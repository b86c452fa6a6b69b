; Parameters that a function uses in comparisons and integers alone: what is returned has no derivative by them.

; RUN: dp-opt --pass=compared --function=chosen %s | filecheck %s --check-prefix=CHOSEN
; RUN: dp-opt --pass=compared --function=larger %s | filecheck %s --check-prefix=LARGER
; RUN: dp-opt --pass=compared --function=replaced %s | filecheck %s --check-prefix=REPLACED
; RUN: dp-opt --pass=compared --function=asked %s | filecheck %s --check-prefix=ASKED
; RUN: dp-opt --pass=compared --function=rounded %s | filecheck %s --check-prefix=ROUNDED
; RUN: dp-opt --pass=compared --function=checked %s | filecheck %s --check-prefix=CHECKED
; RUN: dp-opt --pass=compared --function=branch %s | filecheck %s --check-prefix=BRANCH
; RUN: dp-opt --pass=compared --function=calls %s | filecheck %s --check-prefix=CALLS
; RUN: dp-opt --pass=compared --function=kept %s | filecheck %s --check-prefix=KEPT
; RUN: dp-opt --pass=compared --function=drawn %s | filecheck %s --check-prefix=DRAWN

declare double @dp.stop.f64(double)

; CHOSEN: only compared: %x
define i32 @chosen(ptr %y, double %x, double %a) {
  %positive = fcmp ogt double %x, 0.0
  %v = select i1 %positive, double %a, double 1.0
  store double %v, ptr %y
  ret i32 0
}

; LARGER: only compared: none
define i32 @larger(ptr %y, double %x, double %a) {
  %more = fcmp ogt double %x, %a
  %v = select i1 %more, double %x, double %a
  store double %v, ptr %y
  ret i32 0
}

; ROUNDED: only compared: %x
define i32 @rounded(ptr %y, double %x) {
  %n = fptosi double %x to i64
  %twice = shl i64 %n, 1
  %v = sitofp i64 %twice to double
  store double %v, ptr %y
  ret i32 0
}

; why: the other way out raises
; CHECKED: only compared: none
define i32 @checked(ptr %y, double %x, double %a) {
entry:
  %negative = fcmp olt double %x, 0.0
  br i1 %negative, label %bad, label %good
good:
  store double %a, ptr %y
  ret i32 0
bad:
  ret i32 1
}

; BRANCH: only compared: %x
define i32 @branch(ptr %y, ptr %x, double %a) {
entry:
  %first = load double, ptr %x
  %square = fmul double %first, %first
  %more = fcmp ogt double %square, 1.0
  br i1 %more, label %twice, label %done
twice:
  %two = fadd double %a, %a
  br label %done
done:
  %v = phi double [ %a, %entry ], [ %two, %twice ]
  store double %v, ptr %y
  ret i32 0
}

; why: who knows what the callee does with it
; CALLS: only compared: none
define i32 @calls(ptr %y, double %x) {
  %more = fcmp ogt double %x, 0.0
  %v = select i1 %more, double 2.0, double 1.0
  store double %v, ptr %y
  %status = call i32 @takes(ptr %y, double %x)
  ret i32 0
}

define internal i32 @takes(ptr %y, double %x) noinline {
  store double %x, ptr %y
  ret i32 0
}

; why: it comes out again, from memory
; KEPT: only compared: none
define i32 @kept(ptr %y, double %x) {
  %cell = alloca double
  store double %x, ptr %cell
  %more = fcmp ogt double %x, 0.0
  %v = load double, ptr %cell
  %w = select i1 %more, double %v, double 0.0
  store double %w, ptr %y
  ret i32 0
}

; why: the user has said that it is a constant
; DRAWN: only compared: none
define i32 @drawn(ptr %y, double %x) {
  %s = call double @dp.stop.f64(double %x)
  %more = fcmp ogt double %s, 0.0
  %v = select i1 %more, double 2.0, double 1.0
  store double %v, ptr %y
  ret i32 0
}

; Who is not replaced is still there.
; REPLACED: only compared: none
define i32 @replaced(ptr %largest, double %v) {
  %old = load double, ptr %largest
  %more = fcmp ogt double %v, %old
  br i1 %more, label %replace, label %done

replace:
  store double %v, ptr %largest
  br label %done

done:
  ret i32 0
}

; ASKED: only compared: %limit
define i32 @asked(ptr %y, ptr %limit, double %v) {
  %bound = load double, ptr %limit
  %more = fcmp ogt double %v, %bound
  %w = select i1 %more, double %v, double 1.0
  store double %w, ptr %y
  ret i32 0
}
