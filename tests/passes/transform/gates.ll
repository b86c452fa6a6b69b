; A product that is gated is differentiated as the product that it is, also where a factor is zero now; each term is gated
; as the product was.

; RUN: dp-opt --pass=tangent,verify --function=product %s | filecheck %s --check-prefix=TANGENT
; RUN: dp-opt --pass=adjoint,verify --function=product %s | filecheck %s --check-prefix=ADJOINT
; RUN: dp-opt --pass=scalarise,tangent,verify --function=lanes --set kinds=duplicated,const,duplicated %s | filecheck %s --check-prefix=LANES

declare double @dp.gated_product.f64(double, double)
declare <2 x double> @dp.gated_product.v2f64(<2 x double>, <2 x double>)

; TANGENT:      %[[ONE:.*]] = call double @dp.gated_product.f64(double %a.dot, double %b)
; TANGENT-NEXT: %[[OTHER:.*]] = call double @dp.gated_product.f64(double %a, double %b.dot)
; TANGENT-NEXT: fadd contract double %[[ONE]], %[[OTHER]]
; ADJOINT:      @product.reverse
; ADJOINT:      call double @dp.gated_product.f64(double %[[SEED:.*]], double %b)
; ADJOINT:      call double @dp.gated_product.f64(double %a, double %[[SEED]])
define i32 @product(double %a, double %b, ptr %y) {
  %product = call double @dp.gated_product.f64(double %a, double %b)
  store double %product, ptr %y
  ret i32 0
}

; LANES: @lanes.tangent
; LANES: call double @dp.gated_product.f64(double %v.0.dot, double 2.0)
; LANES-NOT: v2f64
define i32 @lanes(ptr %x, double %b, ptr %y) {
  %v = load <2 x double>, ptr %x
  %scaled = call <2 x double> @dp.gated_product.v2f64(<2 x double> %v, <2 x double> <double 2.0, double 2.0>)
  store <2 x double> %scaled, ptr %y
  ret i32 0
}
