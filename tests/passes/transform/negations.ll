; Changes of sign move out of products into the sums behind them.

; RUN: dp-opt --pass=negations --function=two_products %s | filecheck %s --check-prefix=TWO
; RUN: dp-opt --pass=negations --function=stored %s | filecheck %s --check-prefix=STORED
; RUN: dp-opt --pass=negations --function=both %s | filecheck %s --check-prefix=BOTH
; RUN: dp-opt --pass=negations --function=sums %s | filecheck %s --check-prefix=SUMS
; RUN: dp-opt --pass=negations --function=chain %s | filecheck %s --check-prefix=CHAIN

; TWO-LABEL: define double @two_products
; TWO-NOT:   fneg
; TWO:       %left = fmul contract double %s, %a
; TWO:       %right = fmul contract double %s, %b
; TWO:       %first = fsub contract double %t, %left
; TWO:       %second = fsub contract double %first, %right
define double @two_products(double %s, double %t, double %a, double %b) {
  %minus = fneg double %s
  %left = fmul contract double %minus, %a
  %right = fmul contract double %minus, %b
  %first = fadd contract double %t, %left
  %second = fadd contract double %right, %first
  ret double %second
}

; What is stored must have its sign: nothing would be won.
; STORED-LABEL: define void @stored
; STORED:       %minus = fneg double %s
; STORED:       %left = fmul double %minus, %a
define void @stored(double %s, double %a, ptr %p) {
  %minus = fneg double %s
  %left = fmul double %minus, %a
  store double %left, ptr %p
  ret void
}

; BOTH-LABEL: define double @both
; BOTH-NOT:   fneg
; BOTH:       %product = fmul double %s, %a
define double @both(double %s, double %a, double %b) {
  %one = fneg double %s
  %other = fneg double %a
  %product = fmul double %one, %other
  %total = fadd double %product, %b
  ret double %total
}

; A negated value less another one keeps its sign: zeros would lose theirs.
; SUMS-LABEL: define double @sums
; SUMS:       %minus = fneg double %a
; SUMS:       %x = fadd double %b, %a
; SUMS:       %y = fsub double %x, %a
; SUMS:       %z = fsub double %minus, %y
define double @sums(double %a, double %b) {
  %minus = fneg double %a
  %x = fsub double %b, %minus
  %y = fadd double %minus, %x
  %z = fsub double %minus, %y
  ret double %z
}

; CHAIN-LABEL: define double @chain
; CHAIN-NOT:   fneg
; CHAIN:       %total = fsub double %c, %quotient
define double @chain(double %s, double %a, double %b, double %c) {
  %minus = fneg double %s
  %product = fmul double %minus, %a
  %quotient = fdiv double %product, %b
  %total = fadd double %c, %quotient
  ret double %total
}
