; The transposes of what the lanes of a warp give each other. Lanes that have returned have no part in it.

declare i32 @llvm.nvvm.read.ptx.sreg.laneid()
declare i32 @llvm.nvvm.vote.ballot.sync(i32, i1)
declare double @dp.shuffle.idx.f64(i32, double, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare float @dp.shuffle.idx.f32(i32, float, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare double @dp.shuffle.up.f64(i32, double, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare float @dp.shuffle.up.f32(i32, float, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare double @dp.shuffle.down.f64(i32, double, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare float @dp.shuffle.down.f32(i32, float, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare double @dp.shuffle.xor.f64(i32, double, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare float @dp.shuffle.xor.f32(i32, float, i32) convergent nounwind memory(inaccessiblemem: readwrite)
declare i32 @dp.shuffle.idx.i32(i32, i32, i32) convergent nounwind memory(inaccessiblemem: readwrite)

; Of which lane a lane gets the number: its own where there is no such lane.
define linkonce_odr i32 @dp.shuffled.from.idx(i32 %lane) alwaysinline {
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %source = and i32 %lane, 31
  ret i32 %source
}

define linkonce_odr i32 @dp.shuffled.from.up(i32 %lane) alwaysinline {
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = sub i32 %me, %far
  %inside = icmp ule i32 %far, %me
  %source = select i1 %inside, i32 %from, i32 %me
  ret i32 %source
}

define linkonce_odr i32 @dp.shuffled.from.down(i32 %lane) alwaysinline {
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = add i32 %me, %far
  %inside = icmp ule i32 %from, 31
  %source = select i1 %inside, i32 %from, i32 %me
  ret i32 %source
}

define linkonce_odr i32 @dp.shuffled.from.xor(i32 %lane) alwaysinline {
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %source = xor i32 %me, %far
  ret i32 %source
}

define linkonce_odr double @dp.unshuffle.up.f64(i32 %mask, double %seed, i32 %lane) alwaysinline convergent {
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %given = call double @dp.shuffle.down.f64(i32 %mask, double %seed, i32 %lane)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = add i32 %me, %far
  %inside = icmp ule i32 %from, 31
  %place = and i32 %from, 31
  %bits = lshr i32 %there, %place
  %bit = trunc i32 %bits to i1
  %counts = and i1 %inside, %bit
  %got = select i1 %counts, double %given, double 0.0
  %keeps = icmp ult i32 %me, %far
  %kept = select i1 %keeps, double %seed, double 0.0
  %sum.all = fadd double %got, %kept
  ret double %sum.all
}

define linkonce_odr double @dp.unshuffle.down.f64(i32 %mask, double %seed, i32 %lane) alwaysinline convergent {
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %given = call double @dp.shuffle.up.f64(i32 %mask, double %seed, i32 %lane)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = sub i32 %me, %far
  %inside = icmp ule i32 %far, %me
  %place = and i32 %from, 31
  %bits = lshr i32 %there, %place
  %bit = trunc i32 %bits to i1
  %counts = and i1 %inside, %bit
  %got = select i1 %counts, double %given, double 0.0
  %sum = add i32 %me, %far
  %keeps = icmp ugt i32 %sum, 31
  %kept = select i1 %keeps, double %seed, double 0.0
  %sum.all = fadd double %got, %kept
  ret double %sum.all
}

define linkonce_odr double @dp.unshuffle.xor.f64(i32 %mask, double %seed, i32 %lane) alwaysinline convergent {
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %given = call double @dp.shuffle.xor.f64(i32 %mask, double %seed, i32 %lane)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = xor i32 %me, %far
  %inside = icmp ule i32 %from, 31
  %place = and i32 %from, 31
  %bits = lshr i32 %there, %place
  %bit = trunc i32 %bits to i1
  %counts = and i1 %inside, %bit
  %got = select i1 %counts, double %given, double 0.0
  %keeps = icmp ugt i32 %from, 31
  %kept = select i1 %keeps, double %seed, double 0.0
  %sum.all = fadd double %got, %kept
  ret double %sum.all
}

define linkonce_odr double @dp.unshuffle.any.f64(i32 %mask, double %seed, i32 %source) alwaysinline convergent {
entry:
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  br label %lanes

lanes:
  %lane = phi i32 [ 0, %entry ], [ %next, %lanes ]
  %sum = phi double [ 0.0, %entry ], [ %more, %lanes ]
  %from = call i32 @dp.shuffle.idx.i32(i32 %mask, i32 %source, i32 %lane)
  %given = call double @dp.shuffle.idx.f64(i32 %mask, double %seed, i32 %lane)
  %bits = lshr i32 %there, %lane
  %bit = trunc i32 %bits to i1
  %mine = icmp eq i32 %from, %me
  %counts = and i1 %mine, %bit
  %got = select i1 %counts, double %given, double 0.0
  %more = fadd double %sum, %got
  %next = add i32 %lane, 1
  %again = icmp ult i32 %next, 32
  br i1 %again, label %lanes, label %done

done:
  ret double %more
}

define linkonce_odr double @dp.unshuffle.idx.f64(i32 %mask, double %seed, i32 %lane) alwaysinline convergent {
  %source = call i32 @dp.shuffled.from.idx(i32 %lane)
  %sum = call double @dp.unshuffle.any.f64(i32 %mask, double %seed, i32 %source)
  ret double %sum
}

define linkonce_odr float @dp.unshuffle.up.f32(i32 %mask, float %seed, i32 %lane) alwaysinline convergent {
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %given = call float @dp.shuffle.down.f32(i32 %mask, float %seed, i32 %lane)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = add i32 %me, %far
  %inside = icmp ule i32 %from, 31
  %place = and i32 %from, 31
  %bits = lshr i32 %there, %place
  %bit = trunc i32 %bits to i1
  %counts = and i1 %inside, %bit
  %got = select i1 %counts, float %given, float 0.0
  %keeps = icmp ult i32 %me, %far
  %kept = select i1 %keeps, float %seed, float 0.0
  %sum.all = fadd float %got, %kept
  ret float %sum.all
}

define linkonce_odr float @dp.unshuffle.down.f32(i32 %mask, float %seed, i32 %lane) alwaysinline convergent {
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %given = call float @dp.shuffle.up.f32(i32 %mask, float %seed, i32 %lane)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = sub i32 %me, %far
  %inside = icmp ule i32 %far, %me
  %place = and i32 %from, 31
  %bits = lshr i32 %there, %place
  %bit = trunc i32 %bits to i1
  %counts = and i1 %inside, %bit
  %got = select i1 %counts, float %given, float 0.0
  %sum = add i32 %me, %far
  %keeps = icmp ugt i32 %sum, 31
  %kept = select i1 %keeps, float %seed, float 0.0
  %sum.all = fadd float %got, %kept
  ret float %sum.all
}

define linkonce_odr float @dp.unshuffle.xor.f32(i32 %mask, float %seed, i32 %lane) alwaysinline convergent {
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %given = call float @dp.shuffle.xor.f32(i32 %mask, float %seed, i32 %lane)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %far = and i32 %lane, 31
  %from = xor i32 %me, %far
  %inside = icmp ule i32 %from, 31
  %place = and i32 %from, 31
  %bits = lshr i32 %there, %place
  %bit = trunc i32 %bits to i1
  %counts = and i1 %inside, %bit
  %got = select i1 %counts, float %given, float 0.0
  %keeps = icmp ugt i32 %from, 31
  %kept = select i1 %keeps, float %seed, float 0.0
  %sum.all = fadd float %got, %kept
  ret float %sum.all
}

define linkonce_odr float @dp.unshuffle.any.f32(i32 %mask, float %seed, i32 %source) alwaysinline convergent {
entry:
  %there = call i32 @llvm.nvvm.vote.ballot.sync(i32 %mask, i1 true)
  %me = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  br label %lanes

lanes:
  %lane = phi i32 [ 0, %entry ], [ %next, %lanes ]
  %sum = phi float [ 0.0, %entry ], [ %more, %lanes ]
  %from = call i32 @dp.shuffle.idx.i32(i32 %mask, i32 %source, i32 %lane)
  %given = call float @dp.shuffle.idx.f32(i32 %mask, float %seed, i32 %lane)
  %bits = lshr i32 %there, %lane
  %bit = trunc i32 %bits to i1
  %mine = icmp eq i32 %from, %me
  %counts = and i1 %mine, %bit
  %got = select i1 %counts, float %given, float 0.0
  %more = fadd float %sum, %got
  %next = add i32 %lane, 1
  %again = icmp ult i32 %next, 32
  br i1 %again, label %lanes, label %done

done:
  ret float %more
}

define linkonce_odr float @dp.unshuffle.idx.f32(i32 %mask, float %seed, i32 %lane) alwaysinline convergent {
  %source = call i32 @dp.shuffled.from.idx(i32 %lane)
  %sum = call float @dp.unshuffle.any.f32(i32 %mask, float %seed, i32 %source)
  ret float %sum
}
