; Shuffles as a GPU makes them, of 32 bits at a time.

declare i32 @llvm.nvvm.shfl.sync.idx.i32(i32, i32, i32, i32)
declare float @llvm.nvvm.shfl.sync.idx.f32(i32, float, i32, i32)

define linkonce_odr i32 @dp.shuffle.idx.i32(i32 %mask, i32 %value, i32 %lane) alwaysinline convergent {
  %got = call i32 @llvm.nvvm.shfl.sync.idx.i32(i32 %mask, i32 %value, i32 %lane, i32 31)
  ret i32 %got
}

define linkonce_odr float @dp.shuffle.idx.f32(i32 %mask, float %value, i32 %lane) alwaysinline convergent {
  %got = call float @llvm.nvvm.shfl.sync.idx.f32(i32 %mask, float %value, i32 %lane, i32 31)
  ret float %got
}

define linkonce_odr i64 @dp.shuffle.idx.i64(i32 %mask, i64 %value, i32 %lane) alwaysinline convergent {
  %low = trunc i64 %value to i32
  %upper = lshr i64 %value, 32
  %high = trunc i64 %upper to i32
  %low.got = call i32 @llvm.nvvm.shfl.sync.idx.i32(i32 %mask, i32 %low, i32 %lane, i32 31)
  %high.got = call i32 @llvm.nvvm.shfl.sync.idx.i32(i32 %mask, i32 %high, i32 %lane, i32 31)
  %low.wide = zext i32 %low.got to i64
  %high.wide = zext i32 %high.got to i64
  %up = shl i64 %high.wide, 32
  %both = or i64 %up, %low.wide
  ret i64 %both
}

define linkonce_odr double @dp.shuffle.idx.f64(i32 %mask, double %value, i32 %lane) alwaysinline convergent {
  %bits = bitcast double %value to i64
  %got = call i64 @dp.shuffle.idx.i64(i32 %mask, i64 %bits, i32 %lane)
  %number = bitcast i64 %got to double
  ret double %number
}

declare i32 @llvm.nvvm.shfl.sync.up.i32(i32, i32, i32, i32)
declare float @llvm.nvvm.shfl.sync.up.f32(i32, float, i32, i32)

define linkonce_odr i32 @dp.shuffle.up.i32(i32 %mask, i32 %value, i32 %lane) alwaysinline convergent {
  %got = call i32 @llvm.nvvm.shfl.sync.up.i32(i32 %mask, i32 %value, i32 %lane, i32 0)
  ret i32 %got
}

define linkonce_odr float @dp.shuffle.up.f32(i32 %mask, float %value, i32 %lane) alwaysinline convergent {
  %got = call float @llvm.nvvm.shfl.sync.up.f32(i32 %mask, float %value, i32 %lane, i32 0)
  ret float %got
}

define linkonce_odr i64 @dp.shuffle.up.i64(i32 %mask, i64 %value, i32 %lane) alwaysinline convergent {
  %low = trunc i64 %value to i32
  %upper = lshr i64 %value, 32
  %high = trunc i64 %upper to i32
  %low.got = call i32 @llvm.nvvm.shfl.sync.up.i32(i32 %mask, i32 %low, i32 %lane, i32 0)
  %high.got = call i32 @llvm.nvvm.shfl.sync.up.i32(i32 %mask, i32 %high, i32 %lane, i32 0)
  %low.wide = zext i32 %low.got to i64
  %high.wide = zext i32 %high.got to i64
  %up = shl i64 %high.wide, 32
  %both = or i64 %up, %low.wide
  ret i64 %both
}

define linkonce_odr double @dp.shuffle.up.f64(i32 %mask, double %value, i32 %lane) alwaysinline convergent {
  %bits = bitcast double %value to i64
  %got = call i64 @dp.shuffle.up.i64(i32 %mask, i64 %bits, i32 %lane)
  %number = bitcast i64 %got to double
  ret double %number
}

declare i32 @llvm.nvvm.shfl.sync.down.i32(i32, i32, i32, i32)
declare float @llvm.nvvm.shfl.sync.down.f32(i32, float, i32, i32)

define linkonce_odr i32 @dp.shuffle.down.i32(i32 %mask, i32 %value, i32 %lane) alwaysinline convergent {
  %got = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 %mask, i32 %value, i32 %lane, i32 31)
  ret i32 %got
}

define linkonce_odr float @dp.shuffle.down.f32(i32 %mask, float %value, i32 %lane) alwaysinline convergent {
  %got = call float @llvm.nvvm.shfl.sync.down.f32(i32 %mask, float %value, i32 %lane, i32 31)
  ret float %got
}

define linkonce_odr i64 @dp.shuffle.down.i64(i32 %mask, i64 %value, i32 %lane) alwaysinline convergent {
  %low = trunc i64 %value to i32
  %upper = lshr i64 %value, 32
  %high = trunc i64 %upper to i32
  %low.got = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 %mask, i32 %low, i32 %lane, i32 31)
  %high.got = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 %mask, i32 %high, i32 %lane, i32 31)
  %low.wide = zext i32 %low.got to i64
  %high.wide = zext i32 %high.got to i64
  %up = shl i64 %high.wide, 32
  %both = or i64 %up, %low.wide
  ret i64 %both
}

define linkonce_odr double @dp.shuffle.down.f64(i32 %mask, double %value, i32 %lane) alwaysinline convergent {
  %bits = bitcast double %value to i64
  %got = call i64 @dp.shuffle.down.i64(i32 %mask, i64 %bits, i32 %lane)
  %number = bitcast i64 %got to double
  ret double %number
}

declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare float @llvm.nvvm.shfl.sync.bfly.f32(i32, float, i32, i32)

define linkonce_odr i32 @dp.shuffle.xor.i32(i32 %mask, i32 %value, i32 %lane) alwaysinline convergent {
  %got = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 %mask, i32 %value, i32 %lane, i32 31)
  ret i32 %got
}

define linkonce_odr float @dp.shuffle.xor.f32(i32 %mask, float %value, i32 %lane) alwaysinline convergent {
  %got = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 %mask, float %value, i32 %lane, i32 31)
  ret float %got
}

define linkonce_odr i64 @dp.shuffle.xor.i64(i32 %mask, i64 %value, i32 %lane) alwaysinline convergent {
  %low = trunc i64 %value to i32
  %upper = lshr i64 %value, 32
  %high = trunc i64 %upper to i32
  %low.got = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 %mask, i32 %low, i32 %lane, i32 31)
  %high.got = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 %mask, i32 %high, i32 %lane, i32 31)
  %low.wide = zext i32 %low.got to i64
  %high.wide = zext i32 %high.got to i64
  %up = shl i64 %high.wide, 32
  %both = or i64 %up, %low.wide
  ret i64 %both
}

define linkonce_odr double @dp.shuffle.xor.f64(i32 %mask, double %value, i32 %lane) alwaysinline convergent {
  %bits = bitcast double %value to i64
  %got = call i64 @dp.shuffle.xor.i64(i32 %mask, i64 %bits, i32 %lane)
  %number = bitcast i64 %got to double
  ret double %number
}
