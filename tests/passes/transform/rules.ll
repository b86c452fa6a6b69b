; A call of a function with a rule becomes one of its augmented function, which runs as it is, and, on the way back, one of its reverse, whose
; fields are the cotangents of the numbers.

; RUN: dp-opt --pass=adjoint,verify --function=calls_square --set rules=square:square.augmented:square.reverse:16::2 %s | filecheck %s
; RUN: not dp-opt --pass=adjoint --function=calls_square --set rules=square %s | filecheck %s --check-prefix=SPELLING
; RUN: not dp-opt --pass=tangent --function=calls_square --set rules=square:square.augmented:square.reverse:16::2 %s | filecheck %s --check-prefix=FORWARD

; SPELLING: a rule is function:augmented:reverse:bytes:arrays:numbers, not square
; FORWARD: cannot differentiate square in forward mode

; CHECK:      @calls_square.augmented
; CHECK-NOT:  call i32 @square(
; CHECK:      call i32 @square.augmented(ptr %[[RESULT:.*]], ptr %none, ptr %[[RESULT]].shadow, ptr %arena, ptr %status.record, i64 1, double %a)
; CHECK:      @calls_square.reverse
; CHECK:      call i32 @square.reverse(ptr %{{.*}}, ptr null, ptr %status.record.cached, ptr %[[FIELDS:.*]])
; CHECK:      %[[FIELD:.*]] = getelementptr i8, ptr %[[FIELDS]], i64 0
; CHECK-NEXT: %[[COTANGENT:.*]] = load double, ptr %[[FIELD]]
; CHECK:      fadd contract double %{{.*}}, %[[COTANGENT]]

define internal i32 @square(ptr %result, ptr %excinfo, double %x) noinline {
  %value = fmul double %x, %x
  store double %value, ptr %result
  ret i32 0
}

define internal i32 @square.augmented(ptr %result, ptr %excinfo, ptr %shadow, ptr %arena, ptr %record, i64 %kept, double %x) {
  %value = fmul double %x, %x
  store double %value, ptr %result
  store double %x, ptr %record
  %place = getelementptr i8, ptr %record, i64 8
  store ptr %shadow, ptr %place
  ret i32 0
}

define internal i32 @square.reverse(ptr %result, ptr %excinfo, ptr %record, ptr %cotangents) {
  %x = load double, ptr %record
  %place = getelementptr i8, ptr %record, i64 8
  %shadow = load ptr, ptr %place
  %seed = load double, ptr %shadow
  store double 0.0, ptr %shadow
  %twice = fmul double %x, 5.0
  %cotangent = fmul double %twice, %seed
  store double %cotangent, ptr %cotangents
  ret i32 0
}

define i32 @calls_square(double %a, ptr %y) {
  %place = alloca double
  %none = alloca ptr
  %status = call i32 @square(ptr %place, ptr %none, double %a)
  %squared = load double, ptr %place
  %scaled = fmul double %squared, %a
  store double %scaled, ptr %y
  ret i32 0
}
