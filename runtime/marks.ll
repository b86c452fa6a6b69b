; The marks of ``passes/rules/scalar.py`` as numbers: nothing is left of them in machine code.

define linkonce_odr double @dp.stop.f64(double %x) alwaysinline {
  ret double %x
}

define linkonce_odr float @dp.stop.f32(float %x) alwaysinline {
  ret float %x
}

define linkonce_odr double @dp.hold.f64(double %x) alwaysinline {
  ret double %x
}

define linkonce_odr float @dp.hold.f32(float %x) alwaysinline {
  ret float %x
}

define linkonce_odr double @dp.discrete.f64(double %x) alwaysinline {
  ret double %x
}

define linkonce_odr float @dp.discrete.f32(float %x) alwaysinline {
  ret float %x
}

define linkonce_odr double @dp.follow.f64(double %x) alwaysinline {
  ret double 0.0
}

define linkonce_odr float @dp.follow.f32(float %x) alwaysinline {
  ret float 0.0
}

define linkonce_odr double @dp.attach.f64(double %value, double %change) alwaysinline {
  ret double %value
}

define linkonce_odr float @dp.attach.f32(float %value, float %change) alwaysinline {
  ret float %value
}
