; Bodies of C helpers of Numba's that compute with numbers in memory, for the passes to see through.

declare double @hypot(double, double)
declare double @atan2(double, double)
declare double @llvm.pow.f64(double, double)
declare double @llvm.exp.f64(double)
declare double @llvm.log.f64(double)
declare double @llvm.sin.f64(double)
declare double @llvm.cos.f64(double)
declare i1 @llvm.is.constant.f64(double)

; out = a ** b for complex numbers, in polar form, as Python computes it (Objects/complexobject.c, _Py_c_pow); where Python
; raises ZeroDivisionError it is NaN.  At a = 0 the derivative with respect to a is 1 for b = 1, else 0.
define linkonce_odr void @numba_cpow(ptr %a, ptr %b, ptr %out) {
entry:
  %a.imag.slot = getelementptr i8, ptr %a, i64 8
  %b.imag.slot = getelementptr i8, ptr %b, i64 8
  %a.real = load double, ptr %a, align 8
  %a.imag = load double, ptr %a.imag.slot, align 8
  %b.real = load double, ptr %b, align 8
  %b.imag = load double, ptr %b.imag.slot, align 8
  %real.is.zero = fcmp oeq double %a.real, 0.0
  %imag.is.zero = fcmp oeq double %a.imag, 0.0
  %is.zero = and i1 %real.is.zero, %imag.is.zero
  %b.is.real = fcmp oeq double %b.imag, 0.0
  br i1 %is.zero, label %zero, label %polar

zero:
  %real.is.one = fcmp oeq double %b.real, 1.0
  %is.one = and i1 %b.is.real, %real.is.one
  br i1 %is.one, label %done, label %power.of.zero

power.of.zero:
  %b.is.positive = fcmp oge double %b.real, 0.0
  %defined = and i1 %b.is.real, %b.is.positive
  %b.real.is.zero = fcmp oeq double %b.real, 0.0
  %one.or.zero = select i1 %b.real.is.zero, double 1.0, double 0.0
  %power.real = select i1 %defined, double %one.or.zero, double 0x7FF8000000000000
  %power.imag = select i1 %defined, double 0.0, double 0x7FF8000000000000
  br label %done

polar:
  %radius = call double @hypot(double %a.real, double %a.imag)
  %angle = call double @atan2(double %a.imag, double %a.real)
  %length = call double @llvm.pow.f64(double %radius, double %b.real)
  %phase = fmul double %angle, %b.real
  ; A zero that is written in the program has no derivative; one that is computed may have.
  %b.imag.literal = call i1 @llvm.is.constant.f64(double %b.imag)
  %infinite = fcmp oeq double %radius, 0x7FF0000000000000
  %irrelevant = or i1 %b.imag.literal, %infinite
  %real.exponent = and i1 %b.is.real, %irrelevant
  br i1 %real.exponent, label %cartesian, label %turn

turn:
  %spiral = fmul double %angle, %b.imag
  %decay = fneg double %spiral
  %factor = call double @llvm.exp.f64(double %decay)
  %turned.length = fmul double %length, %factor
  %logarithm = call double @llvm.log.f64(double %radius)
  %more = fmul double %b.imag, %logarithm
  %turned.phase = fadd double %phase, %more
  br label %cartesian

cartesian:
  %r = phi double [ %length, %polar ], [ %turned.length, %turn ]
  %t = phi double [ %phase, %polar ], [ %turned.phase, %turn ]
  %cosine = call double @llvm.cos.f64(double %t)
  %sine = call double @llvm.sin.f64(double %t)
  %x = fmul double %r, %cosine
  %y = fmul double %r, %sine
  br label %done

done:
  %real = phi double [ %a.real, %zero ], [ %power.real, %power.of.zero ], [ %x, %cartesian ]
  %imag = phi double [ %a.imag, %zero ], [ %power.imag, %power.of.zero ], [ %y, %cartesian ]
  %out.imag.slot = getelementptr i8, ptr %out, i64 8
  store double %real, ptr %out, align 8
  store double %imag, ptr %out.imag.slot, align 8
  ret void
}

define linkonce_odr void @numba_cpowf(ptr %a, ptr %b, ptr %out) {
  %wide.a = alloca { double, double }, align 8
  %wide.b = alloca { double, double }, align 8
  %wide.out = alloca { double, double }, align 8
  call void @dp.widen(ptr %a, ptr %wide.a)
  call void @dp.widen(ptr %b, ptr %wide.b)
  call void @numba_cpow(ptr %wide.a, ptr %wide.b, ptr %wide.out)
  %imag.slot = getelementptr i8, ptr %wide.out, i64 8
  %real = load double, ptr %wide.out, align 8
  %imag = load double, ptr %imag.slot, align 8
  %narrow.real = fptrunc double %real to float
  %narrow.imag = fptrunc double %imag to float
  %out.imag.slot = getelementptr i8, ptr %out, i64 4
  store float %narrow.real, ptr %out, align 4
  store float %narrow.imag, ptr %out.imag.slot, align 4
  ret void
}

define linkonce_odr void @dp.widen(ptr %narrow, ptr %wide) {
  %imag.slot = getelementptr i8, ptr %narrow, i64 4
  %real = load float, ptr %narrow, align 4
  %imag = load float, ptr %imag.slot, align 4
  %wide.real = fpext float %real to double
  %wide.imag = fpext float %imag to double
  %wide.imag.slot = getelementptr i8, ptr %wide, i64 8
  store double %wide.real, ptr %wide, align 8
  store double %wide.imag, ptr %wide.imag.slot, align 8
  ret void
}
