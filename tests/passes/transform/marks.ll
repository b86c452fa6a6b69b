; Marks that the front end puts on numbers: what derivatives do not see, or see elsewhere.

; RUN: dp-opt --pass=adjoint,verify --function=stopped %s | filecheck %s --check-prefix=STOPPED
; RUN: dp-opt --pass=tangent,verify --function=stopped %s | filecheck %s --check-prefix=TANGENT
; RUN: dp-opt --pass=adjoint,verify --function=by_rule %s | filecheck %s --check-prefix=RULE
; RUN: dp-opt --pass=tangent,verify --function=by_rule %s | filecheck %s --check-prefix=RULED-TANGENT
; RUN: dp-opt --pass=activity --function=by_rule %s | filecheck %s --check-prefix=ACTIVITY

declare double @dp.stop.f64(double)
declare double @dp.hold.f64(double)
declare double @dp.follow.f64(double)
declare double @dp.attach.f64(double, double)

; A factor that is stopped is a constant: a single product, by the other factor's seed.
; STOPPED:     @stopped.reverse
; STOPPED:     fmul contract double %[[SEED:.*]], %
; STOPPED-NOT: fmul
; STOPPED:     ret i32 0
; TANGENT:     @stopped.tangent
; TANGENT:     fmul contract double %a.dot, %held
; TANGENT-NOT: fmul contract
define i32 @stopped(double %a, ptr %y) {
  %held = call double @dp.stop.f64(double %a)
  %v = fmul double %a, %held
  store double %v, ptr %y
  ret i32 0
}

; The result changes as the second operand of attach does, that as its argument does; what is held does not change.
; ACTIVITY: %held: constant
; ACTIVITY: %change: active
; ACTIVITY: %result: active
; RULE:         @by_rule.reverse
; RULE:         %[[SEED:.*]] = load double, ptr %y.shadow
; RULE:         %[[CHANGE:.*]] = fmul contract double %[[SEED]], 0x3FF0000000000000
; RULE-NEXT:    %[[MOVING:.*]] = fmul contract double %[[CHANGE]], 3.0
; RULE-NEXT:    fmul contract double %[[MOVING]], 0x3FF0000000000000
; RULE-NOT:     %held
; RULE:         ret i32 0
; RULED-TANGENT: @by_rule.tangent
; RULED-TANGENT: %[[MOVING:.*]] = fmul contract double %a.dot, 0x3FF0000000000000
; RULED-TANGENT: %[[CHANGE:.*]] = fmul contract double %[[MOVING]], 3.0
; RULED-TANGENT: %[[RESULT:.*]] = fmul contract double %[[CHANGE]], 0x3FF0000000000000
; RULED-TANGENT: store double %[[RESULT]], ptr %y.shadow
define i32 @by_rule(double %a, ptr %y) {
  %held = call double @dp.hold.f64(double %a)
  %value = fmul double %held, %held
  %moving = call double @dp.follow.f64(double %a)
  %change = fmul double %moving, 3.0
  %result = call double @dp.attach.f64(double %value, double %change)
  store double %result, ptr %y
  ret i32 0
}
