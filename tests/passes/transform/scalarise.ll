; RUN: dp-opt --pass=scalarise,verify --function=lanes %s | filecheck %s --check-prefix=LANES
; RUN: dp-opt --pass=scalarise,verify --function=carried %s | filecheck %s --check-prefix=CARRIED
; RUN: dp-opt --pass=scalarise,verify --function=called %s | filecheck %s --check-prefix=CALLED

declare <2 x double> @llvm.fabs.v2f64(<2 x double>)

; Each lane is computed by itself; a splat is the number itself, a literal is taken apart.
; LANES-LABEL: define void @lanes(
; LANES:       load double
; LANES:       load double
; LANES:       fmul double %x.0, %a
; LANES:       fmul double %x.1, %a
; LANES:       fadd double %scaled.0, 1.0
; LANES:       fadd double %scaled.1, 2.0
; LANES:       call double @llvm.fabs.f64
; LANES:       call double @llvm.fabs.f64
; LANES:       store double
; LANES:       store double
; LANES:       ret void
define void @lanes(ptr %p, double %a) {
  %x = load <2 x double>, ptr %p
  %first = insertelement <2 x double> poison, double %a, i64 0
  %all = shufflevector <2 x double> %first, <2 x double> poison, <2 x i32> zeroinitializer
  %scaled = fmul <2 x double> %x, %all
  %sum = fadd <2 x double> %scaled, <double 1.0, double 2.0>
  %size = call <2 x double> @llvm.fabs.v2f64(<2 x double> %sum)
  store <2 x double> %size, ptr %p
  ret void
}

; A vector that a loop carries becomes as many phis; a comparison and a choice lane by lane.
; CARRIED-LABEL: define double @carried(
; CARRIED:       phi double [ 0x0000000000000000, %entry ]
; CARRIED:       phi double [ 0x0000000000000000, %entry ]
; CARRIED:       fcmp olt double
; CARRIED:       select i1
; CARRIED:       ret double
define double @carried(i64 %n, double %a) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %sum = phi <2 x double> [ zeroinitializer, %entry ], [ %chosen, %loop ]
  %placed = insertelement <2 x double> %sum, double %a, i64 1
  %small = fcmp olt <2 x double> %placed, <double 4.0, double 4.0>
  %more = fadd <2 x double> %placed, %sum
  %chosen = select <2 x i1> %small, <2 x double> %more, <2 x double> %sum
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %n
  br i1 %again, label %loop, label %done
done:
  %last = extractelement <2 x double> %chosen, i64 1
  ret double %last
}

; Parameters and arguments too.
; CALLED-LABEL: define double @called(double %{{.*}}, double %{{.*}}, i64 %n)
; CALLED:         call double @called(double %{{.*}}, double %{{.*}}, i64 %less)
define double @called(<2 x double> %v, i64 %n) {
entry:
  %done = icmp eq i64 %n, 0
  br i1 %done, label %stop, label %more
stop:
  %one = extractelement <2 x double> %v, i64 0
  ret double %one
more:
  %less = sub i64 %n, 1
  %twice = fadd <2 x double> %v, %v
  %deeper = call double @called(<2 x double> %twice, i64 %less)
  ret double %deeper
}
