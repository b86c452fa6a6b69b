; Additions to a cell to which the threads of a warp, or of a block, mostly add at the same time: they are added up first, so that
; one addition goes to memory where there were 32, or as many as the block has threads.

declare i32 @llvm.nvvm.read.ptx.sreg.laneid()
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare i32 @llvm.nvvm.shfl.sync.idx.i32(i32, i32, i32, i32)
declare i1 @llvm.nvvm.vote.all.sync(i32, i1)
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare i64 @dp.thread.in.block()

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

; Where across one bit of the lanes' numbers all mean the same place, they add up across it; the first of those that did adds to
; memory, which is the block's, so that the low half of an address says which cell it is.
define linkonce_odr void @dp.add.group.f64(ptr %place, double %amount) alwaysinline convergent {
entry:
  %mask = call i32 @dp.warp.here()
  %whole = icmp eq i32 %mask, -1
  br i1 %whole, label %bit.0, label %alone

bit.0:
  %bits = ptrtoint ptr %place to i64
  %cell = trunc i64 %bits to i32
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %across.1 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 1, i32 31)
  %same.1 = icmp eq i32 %cell, %across.1
  %crosses.1 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.1)
  br i1 %crosses.1, label %cross.0, label %next.0

cross.0:
  %other.1 = call double @dp.warp.across.f64(double %amount, i32 1)
  %both.1 = fadd double %amount, %other.1
  %with.1 = or i32 0, 1
  br label %next.0

next.0:
  %sum.1 = phi double [ %both.1, %cross.0 ], [ %amount, %bit.0 ]
  %crossed.1 = phi i32 [ %with.1, %cross.0 ], [ 0, %bit.0 ]
  br label %bit.1

bit.1:
  %across.2 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 2, i32 31)
  %same.2 = icmp eq i32 %cell, %across.2
  %crosses.2 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.2)
  br i1 %crosses.2, label %cross.1, label %next.1

cross.1:
  %other.2 = call double @dp.warp.across.f64(double %sum.1, i32 2)
  %both.2 = fadd double %sum.1, %other.2
  %with.2 = or i32 %crossed.1, 2
  br label %next.1

next.1:
  %sum.2 = phi double [ %both.2, %cross.1 ], [ %sum.1, %bit.1 ]
  %crossed.2 = phi i32 [ %with.2, %cross.1 ], [ %crossed.1, %bit.1 ]
  br label %bit.2

bit.2:
  %across.4 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 4, i32 31)
  %same.4 = icmp eq i32 %cell, %across.4
  %crosses.4 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.4)
  br i1 %crosses.4, label %cross.2, label %next.2

cross.2:
  %other.4 = call double @dp.warp.across.f64(double %sum.2, i32 4)
  %both.4 = fadd double %sum.2, %other.4
  %with.4 = or i32 %crossed.2, 4
  br label %next.2

next.2:
  %sum.4 = phi double [ %both.4, %cross.2 ], [ %sum.2, %bit.2 ]
  %crossed.4 = phi i32 [ %with.4, %cross.2 ], [ %crossed.2, %bit.2 ]
  br label %bit.3

bit.3:
  %across.8 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 8, i32 31)
  %same.8 = icmp eq i32 %cell, %across.8
  %crosses.8 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.8)
  br i1 %crosses.8, label %cross.3, label %next.3

cross.3:
  %other.8 = call double @dp.warp.across.f64(double %sum.4, i32 8)
  %both.8 = fadd double %sum.4, %other.8
  %with.8 = or i32 %crossed.4, 8
  br label %next.3

next.3:
  %sum.8 = phi double [ %both.8, %cross.3 ], [ %sum.4, %bit.3 ]
  %crossed.8 = phi i32 [ %with.8, %cross.3 ], [ %crossed.4, %bit.3 ]
  br label %bit.4

bit.4:
  %across.16 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 16, i32 31)
  %same.16 = icmp eq i32 %cell, %across.16
  %crosses.16 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.16)
  br i1 %crosses.16, label %cross.4, label %next.4

cross.4:
  %other.16 = call double @dp.warp.across.f64(double %sum.8, i32 16)
  %both.16 = fadd double %sum.8, %other.16
  %with.16 = or i32 %crossed.8, 16
  br label %next.4

next.4:
  %sum.16 = phi double [ %both.16, %cross.4 ], [ %sum.8, %bit.4 ]
  %crossed.16 = phi i32 [ %with.16, %cross.4 ], [ %crossed.8, %bit.4 ]
  br label %found
found:
  %place.in.group = and i32 %lane, %crossed.16
  %leads = icmp eq i32 %place.in.group, 0
  br i1 %leads, label %one, label %done

one:
  %old = atomicrmw fadd ptr %place, double %sum.16 syncscope("device") monotonic
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

; Where across one bit of the lanes' numbers all mean the same place, they add up across it; the first of those that did adds to
; memory, which is the block's, so that the low half of an address says which cell it is.
define linkonce_odr void @dp.add.group.f32(ptr %place, float %amount) alwaysinline convergent {
entry:
  %mask = call i32 @dp.warp.here()
  %whole = icmp eq i32 %mask, -1
  br i1 %whole, label %bit.0, label %alone

bit.0:
  %bits = ptrtoint ptr %place to i64
  %cell = trunc i64 %bits to i32
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %across.1 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 1, i32 31)
  %same.1 = icmp eq i32 %cell, %across.1
  %crosses.1 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.1)
  br i1 %crosses.1, label %cross.0, label %next.0

cross.0:
  %other.1 = call float @dp.warp.across.f32(float %amount, i32 1)
  %both.1 = fadd float %amount, %other.1
  %with.1 = or i32 0, 1
  br label %next.0

next.0:
  %sum.1 = phi float [ %both.1, %cross.0 ], [ %amount, %bit.0 ]
  %crossed.1 = phi i32 [ %with.1, %cross.0 ], [ 0, %bit.0 ]
  br label %bit.1

bit.1:
  %across.2 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 2, i32 31)
  %same.2 = icmp eq i32 %cell, %across.2
  %crosses.2 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.2)
  br i1 %crosses.2, label %cross.1, label %next.1

cross.1:
  %other.2 = call float @dp.warp.across.f32(float %sum.1, i32 2)
  %both.2 = fadd float %sum.1, %other.2
  %with.2 = or i32 %crossed.1, 2
  br label %next.1

next.1:
  %sum.2 = phi float [ %both.2, %cross.1 ], [ %sum.1, %bit.1 ]
  %crossed.2 = phi i32 [ %with.2, %cross.1 ], [ %crossed.1, %bit.1 ]
  br label %bit.2

bit.2:
  %across.4 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 4, i32 31)
  %same.4 = icmp eq i32 %cell, %across.4
  %crosses.4 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.4)
  br i1 %crosses.4, label %cross.2, label %next.2

cross.2:
  %other.4 = call float @dp.warp.across.f32(float %sum.2, i32 4)
  %both.4 = fadd float %sum.2, %other.4
  %with.4 = or i32 %crossed.2, 4
  br label %next.2

next.2:
  %sum.4 = phi float [ %both.4, %cross.2 ], [ %sum.2, %bit.2 ]
  %crossed.4 = phi i32 [ %with.4, %cross.2 ], [ %crossed.2, %bit.2 ]
  br label %bit.3

bit.3:
  %across.8 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 8, i32 31)
  %same.8 = icmp eq i32 %cell, %across.8
  %crosses.8 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.8)
  br i1 %crosses.8, label %cross.3, label %next.3

cross.3:
  %other.8 = call float @dp.warp.across.f32(float %sum.4, i32 8)
  %both.8 = fadd float %sum.4, %other.8
  %with.8 = or i32 %crossed.4, 8
  br label %next.3

next.3:
  %sum.8 = phi float [ %both.8, %cross.3 ], [ %sum.4, %bit.3 ]
  %crossed.8 = phi i32 [ %with.8, %cross.3 ], [ %crossed.4, %bit.3 ]
  br label %bit.4

bit.4:
  %across.16 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %cell, i32 16, i32 31)
  %same.16 = icmp eq i32 %cell, %across.16
  %crosses.16 = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %same.16)
  br i1 %crosses.16, label %cross.4, label %next.4

cross.4:
  %other.16 = call float @dp.warp.across.f32(float %sum.8, i32 16)
  %both.16 = fadd float %sum.8, %other.16
  %with.16 = or i32 %crossed.8, 16
  br label %next.4

next.4:
  %sum.16 = phi float [ %both.16, %cross.4 ], [ %sum.8, %bit.4 ]
  %crossed.16 = phi i32 [ %with.16, %cross.4 ], [ %crossed.8, %bit.4 ]
  br label %found
found:
  %place.in.group = and i32 %lane, %crossed.16
  %leads = icmp eq i32 %place.in.group, 0
  br i1 %leads, label %one, label %done

one:
  %old = atomicrmw fadd ptr %place, float %sum.16 syncscope("device") monotonic
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
