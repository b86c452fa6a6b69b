; Threads that run one after the other add one after the other.

define linkonce_odr void @dp.add.block.f64(ptr %place, double %amount) alwaysinline {
  %old = atomicrmw fadd ptr %place, double %amount syncscope("device") monotonic
  ret void
}

define linkonce_odr void @dp.add.block.f32(ptr %place, float %amount) alwaysinline {
  %old = atomicrmw fadd ptr %place, float %amount syncscope("device") monotonic
  ret void
}
