; What additions to cells are made of to which the threads of a warp, or of a block, mostly add at the same time: they are added up
; first, so that one addition goes to memory where there were 32, or as many as the block has threads. See sums.py for the rest.

declare i32 @llvm.nvvm.read.ptx.sreg.laneid()
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare i32 @llvm.nvvm.shfl.sync.idx.i32(i32, i32, i32, i32)
declare i1 @llvm.nvvm.vote.all.sync(i32, i1)
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare i64 @dp.thread.in.block()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.y()

; Which threads of the warp are here together.
define linkonce_odr i32 @dp.warp.here() alwaysinline convergent {
  %mask = call i32 asm sideeffect "activemask.b32 $0;", "=r"() convergent
  ret i32 %mask
}

; Whether the whole warp is here, and means the same place.
define linkonce_odr i1 @dp.warp.agrees(ptr %place) alwaysinline convergent {
entry:
  %mask = call i32 @dp.warp.here()
  %whole = icmp eq i32 %mask, -1
  br i1 %whole, label %compare, label %no

compare:
  %bits = ptrtoint ptr %place to i64
  %low = trunc i64 %bits to i32
  %shifted = lshr i64 %bits, 32
  %high = trunc i64 %shifted to i32
  %first.low = call i32 @llvm.nvvm.shfl.sync.idx.i32(i32 -1, i32 %low, i32 0, i32 31)
  %first.high = call i32 @llvm.nvvm.shfl.sync.idx.i32(i32 -1, i32 %high, i32 0, i32 31)
  %same.low = icmp eq i32 %low, %first.low
  %same.high = icmp eq i32 %high, %first.high
  %same = and i1 %same.low, %same.high
  %all = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same)
  ret i1 %all

no:
  ret i1 false
}

; The bits of lanes' numbers across which no coordinate of a thread in its block changes that counts: x, y, z. Threads are numbered
; x first; where there is a power of two of them along an axis, or a multiple of it, bits below that move along it alone.
define linkonce_odr i32 @dp.lanes.alike(i1 %x, i1 %y, i1 %z) alwaysinline {
  %nx = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %ny = call i32 @llvm.nvvm.read.ptx.sreg.ntid.y()
  %minus.nx = sub i32 0, %nx
  %minus.ny = sub i32 0, %ny
  %power.x = and i32 %nx, %minus.nx
  %power.y = and i32 %ny, %minus.ny
  %pure.x = icmp eq i32 %power.x, %nx
  %pure.y = icmp eq i32 %power.y, %ny
  %pure = and i1 %pure.x, %pure.y
  %power.xy = mul i32 %power.x, %power.y
  %below.x = sub i32 %power.x, 1
  %below.xy = sub i32 %power.xy, 1
  %low = and i32 %below.x, 31
  %lower = and i32 %below.xy, 31
  %high = xor i32 %low, 31
  %higher = xor i32 %lower, 31
  %middle = xor i32 %lower, %low
  %moves.x = select i1 %pure.x, i32 %low, i32 31
  %moves.y = select i1 %pure, i32 %middle, i32 %high
  %moves.z = select i1 %pure.x, i32 %higher, i32 %high
  %x.bits = select i1 %x, i32 %moves.x, i32 0
  %y.bits = select i1 %y, i32 %moves.y, i32 0
  %z.bits = select i1 %z, i32 %moves.z, i32 0
  %xy.bits = or i32 %x.bits, %y.bits
  %moves = or i32 %xy.bits, %z.bits
  %alike = xor i32 %moves, 31
  ret i32 %alike
}

@dp.block.cell = internal addrspace(3) global double undef, align 8

; What the lane has whose number differs in one bit.
define linkonce_odr double @dp.warp.across.f64(double %amount, i32 %bit) alwaysinline convergent {
  %bits = bitcast double %amount to i64
  %low = trunc i64 %bits to i32
  %shifted = lshr i64 %bits, 32
  %high = trunc i64 %shifted to i32
  %other.low = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %low, i32 %bit, i32 31)
  %other.high = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %high, i32 %bit, i32 31)
  %wide.low = zext i32 %other.low to i64
  %wide.high = zext i32 %other.high to i64
  %moved = shl i64 %wide.high, 32
  %both = or i64 %moved, %wide.low
  %other = bitcast i64 %both to double
  ret double %other
}

; What all lanes of a warp have, to each of them.
define linkonce_odr double @dp.warp.sum.f64(double %amount) alwaysinline convergent {
  %other.16 = call double @dp.warp.across.f64(double %amount, i32 16)
  %sum.16 = fadd double %amount, %other.16
  %other.8 = call double @dp.warp.across.f64(double %sum.16, i32 8)
  %sum.8 = fadd double %sum.16, %other.8
  %other.4 = call double @dp.warp.across.f64(double %sum.8, i32 4)
  %sum.4 = fadd double %sum.8, %other.4
  %other.2 = call double @dp.warp.across.f64(double %sum.4, i32 2)
  %sum.2 = fadd double %sum.4, %other.2
  %other.1 = call double @dp.warp.across.f64(double %sum.2, i32 1)
  %sum.1 = fadd double %sum.2, %other.1
  ret double %sum.1
}

define linkonce_odr void @dp.add.warp.f64(ptr %place, double %amount) alwaysinline convergent {
entry:
  %agrees = call i1 @dp.warp.agrees(ptr %place)
  br i1 %agrees, label %together, label %alone

together:
  %sum = call double @dp.warp.sum.f64(double %amount)
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %first = icmp eq i32 %lane, 0
  br i1 %first, label %one, label %done

one:
  %old = atomicrmw fadd ptr %place, double %sum syncscope("device") monotonic
  ret void

alone:
  %old.own = atomicrmw fadd ptr %place, double %amount syncscope("device") monotonic
  ret void

done:
  ret void
}

; All threads of a block come here; the cell is theirs until the last barrier.
define linkonce_odr void @dp.add.block.f64(ptr %place, double %amount) alwaysinline convergent {
entry:
  %cell = addrspacecast ptr addrspace(3) @dp.block.cell to ptr
  %number = call i64 @dp.thread.in.block()
  %first = icmp eq i64 %number, 0
  br i1 %first, label %clear, label %add

clear:
  store double 0.0, ptr %cell, align 8
  br label %add

add:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  call void @dp.add.warp.f64(ptr %cell, double %amount)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br i1 %first, label %give, label %done

give:
  %sum = load double, ptr %cell, align 8
  %old = atomicrmw fadd ptr %place, double %sum syncscope("device") monotonic
  br label %done

done:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret void
}

; What the lane has whose number differs in one bit.
define linkonce_odr float @dp.warp.across.f32(float %amount, i32 %bit) alwaysinline convergent {
  %bits = bitcast float %amount to i32
  %other.bits = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %bits, i32 %bit, i32 31)
  %other = bitcast i32 %other.bits to float
  ret float %other
}

; What all lanes of a warp have, to each of them.
define linkonce_odr float @dp.warp.sum.f32(float %amount) alwaysinline convergent {
  %other.16 = call float @dp.warp.across.f32(float %amount, i32 16)
  %sum.16 = fadd float %amount, %other.16
  %other.8 = call float @dp.warp.across.f32(float %sum.16, i32 8)
  %sum.8 = fadd float %sum.16, %other.8
  %other.4 = call float @dp.warp.across.f32(float %sum.8, i32 4)
  %sum.4 = fadd float %sum.8, %other.4
  %other.2 = call float @dp.warp.across.f32(float %sum.4, i32 2)
  %sum.2 = fadd float %sum.4, %other.2
  %other.1 = call float @dp.warp.across.f32(float %sum.2, i32 1)
  %sum.1 = fadd float %sum.2, %other.1
  ret float %sum.1
}

define linkonce_odr void @dp.add.warp.f32(ptr %place, float %amount) alwaysinline convergent {
entry:
  %agrees = call i1 @dp.warp.agrees(ptr %place)
  br i1 %agrees, label %together, label %alone

together:
  %sum = call float @dp.warp.sum.f32(float %amount)
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %first = icmp eq i32 %lane, 0
  br i1 %first, label %one, label %done

one:
  %old = atomicrmw fadd ptr %place, float %sum syncscope("device") monotonic
  ret void

alone:
  %old.own = atomicrmw fadd ptr %place, float %amount syncscope("device") monotonic
  ret void

done:
  ret void
}

; All threads of a block come here; the cell is theirs until the last barrier.
define linkonce_odr void @dp.add.block.f32(ptr %place, float %amount) alwaysinline convergent {
entry:
  %cell = addrspacecast ptr addrspace(3) @dp.block.cell to ptr
  %number = call i64 @dp.thread.in.block()
  %first = icmp eq i64 %number, 0
  br i1 %first, label %clear, label %add

clear:
  store float 0.0, ptr %cell, align 8
  br label %add

add:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  call void @dp.add.warp.f32(ptr %cell, float %amount)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br i1 %first, label %give, label %done

give:
  %sum = load float, ptr %cell, align 8
  %old = atomicrmw fadd ptr %place, float %sum syncscope("device") monotonic
  br label %done

done:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret void
}
