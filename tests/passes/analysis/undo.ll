; What a kernel's stores overwrite is kept, and put back, where that is less than what its loads read.

; RUN: dp-opt --pass=cache_plan --set target=device --function=tiles %s | filecheck %s --check-prefix=TILES
; RUN: dp-opt --pass=adjoint --set target=device --function=tiles %s | filecheck %s --check-prefix=BACK
; RUN: dp-opt --pass=cache_plan --set target=device --function=staged %s | filecheck %s --check-prefix=STAGED
; RUN: dp-opt --pass=cache_plan --set target=device --function=waits_first %s | filecheck %s --check-prefix=WAITS
; RUN: dp-opt --pass=cache_plan --function=tiles %s | filecheck %s --check-prefix=HOST
; RUN: dp-opt --pass=cache_plan --set target=device --function=product %s | filecheck %s --check-prefix=PRODUCT
; RUN: dp-opt --pass=cache_plan --set target=device --function=used_later %s | filecheck %s --check-prefix=LATER
; RUN: dp-opt --pass=cache_plan --set target=device --function=behind_a_barrier %s | filecheck %s --check-prefix=BARRIER
; RUN: dp-opt --pass=cache_plan --set target=device --function=decides %s | filecheck %s --check-prefix=DECIDES
; RUN: dp-opt --pass=cache_plan --set target=device --function=one_atomic %s | filecheck %s --check-prefix=ATOMIC
; RUN: dp-opt --pass=cache_plan --set target=device --function=either %s | filecheck %s --check-prefix=EITHER
; RUN: dp-opt --pass=cache_plan --set target=device --function=shared_or_not %s | filecheck %s --check-prefix=OUTSIDE
; RUN: dp-opt --pass=cache_plan --set target=device --function=filled %s | filecheck %s --check-prefix=FILLED
; RUN: dp-opt --pass=cache_plan --set target=device --function=indices %s | filecheck %s --check-prefix=INDICES
; RUN: dp-opt --pass=adjoint --set target=device --function=indices %s | filecheck %s --check-prefix=PUT

@dp.shared.a = internal global [64 x double] undef
@dp.shared.b = internal global [64 x double] undef
@dp.shared.i = internal global [64 x i64] undef

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare double @llvm.sin.f64(double)

; One store an iteration, eight loads.
; TILES:     keep %old (8 bytes × 32)
; TILES-NOT: keep %v
; TILES:     put %old back for
; TILES:     reload %v
; HOST:      keep %v
; HOST-NOT:  put %
; BACK-LABEL: define {{.*}}@tiles.reverse
; BACK:      rev.read
; BACK:      load double, ptr %cell
; BACK:      rev.write
; BACK:      [[OLD:%old.*]] = load double
; BACK:      store double [[OLD]]
define i32 @tiles(ptr %x, ptr %y, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %own = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i32 %t
  br label %write
write:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %sum = phi double [ 0.0, %entry ], [ %more, %next ]
  %p = getelementptr double, ptr %x, i64 %k
  %w = load double, ptr %p
  %mixed = fadd double %w, %sum
  store double %mixed, ptr %own
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %read
read:
  %j = phi i64 [ 0, %write ], [ %j.next, %read ]
  %part = phi double [ %sum, %write ], [ %more, %read ]
  %cell = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i64 %j
  %v = load double, ptr %cell
  %square = fmul double %v, %v
  %more = fadd double %part, %square
  %j.next = add i64 %j, 1
  %j.on = icmp slt i64 %j.next, 8
  br i1 %j.on, label %read, label %next
next:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %write, label %done
done:
  %q = getelementptr double, ptr %y, i32 %t
  store double %more, ptr %q
  ret i32 0
}

; What is stored is a function of the iteration, so what is overwritten is one of the one before.
; STAGED:     keep %before (8 bytes × 1)
; STAGED-NOT: keep %old
; STAGED:     put %old back for %v
; STAGED:     recompute %old
define i32 @staged(ptr %x, ptr %y, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %own = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i32 %t
  br label %write
write:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %sum = phi double [ 0.0, %entry ], [ %more, %next ]
  %p = getelementptr double, ptr %x, i64 %k
  %w = load double, ptr %p
  store double %w, ptr %own
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %read
read:
  %j = phi i64 [ 0, %write ], [ %j.next, %read ]
  %part = phi double [ %sum, %write ], [ %more, %read ]
  %cell = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i64 %j
  %v = load double, ptr %cell
  %square = fmul double %v, %v
  %more = fadd double %part, %square
  %j.next = add i64 %j, 1
  %j.on = icmp slt i64 %j.next, 8
  br i1 %j.on, label %read, label %next
next:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %write, label %done
done:
  %q = getelementptr double, ptr %y, i32 %t
  store double %more, ptr %q
  ret i32 0
}

; Nothing can be read in front of the loop where others may write there until the barrier.
; WAITS-NOT: %before
; WAITS:     keep %old (8 bytes × 32)
define i32 @waits_first(ptr %x, ptr %y, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %own = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i32 %t
  br label %write
write:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %sum = phi double [ 0.0, %entry ], [ %more, %next ]
  %p = getelementptr double, ptr %x, i64 %k
  %w = load double, ptr %p
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  store double %w, ptr %own
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %read
read:
  %j = phi i64 [ 0, %write ], [ %j.next, %read ]
  %part = phi double [ %sum, %write ], [ %more, %read ]
  %cell = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i64 %j
  %v = load double, ptr %cell
  %square = fmul double %v, %v
  %more = fadd double %part, %square
  %j.next = add i64 %j, 1
  %j.on = icmp slt i64 %j.next, 8
  br i1 %j.on, label %read, label %next
next:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %write, label %done
done:
  %q = getelementptr double, ptr %y, i32 %t
  store double %more, ptr %q
  ret i32 0
}

; What the program has just read there is what the store overwrites.
; PRODUCT:     keep %mine (8 bytes × 32)
; PRODUCT-NOT: keep %other
; PRODUCT:     put %mine back for %other
; PRODUCT:     reload %other
define i32 @product(ptr %x, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %own = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i32 %t
  %w = load double, ptr %x
  store double %w, ptr %own
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %mine = load double, ptr %own
  %next = getelementptr double, ptr %own, i64 1
  %other = load double, ptr %next
  %product = fmul double %mine, %other
  store double %product, ptr %own
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  %last = load double, ptr %own
  store double %last, ptr %x
  ret i32 0
}

; Where they are wanted, memory holds something else already.
; LATER-NOT: put %
; LATER:     keep %first
; LATER-NOT: put %
define i32 @used_later(ptr %x, i64 %n) {
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %sum = phi double [ 0.0, %entry ], [ %more, %round ]
  %cell = getelementptr double, ptr @dp.shared.a, i64 %k
  %first = load double, ptr %cell
  %second = load double, ptr @dp.shared.a
  %w = load double, ptr %x
  store double %w, ptr %cell
  %product = fmul double %first, %second
  %more = fadd double %sum, %product
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; Behind a barrier others may have written.
; BARRIER-NOT: put %
; BARRIER:     keep %first
; BARRIER-NOT: put %
define i32 @behind_a_barrier(ptr %x, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %own = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i32 %t
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %sum = phi double [ 0.0, %entry ], [ %more, %round ]
  %cell = getelementptr double, ptr %own, i64 1
  %first = load double, ptr %cell
  %second = load double, ptr @dp.shared.a
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %product = fmul double %first, %second
  %more = fadd double %sum, %product
  %w = load double, ptr %x
  store double %w, ptr %own
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; Which way was taken is asked where the ways have met, behind the store; what is multiplied, before.
; DECIDES:     keep %joined.source
; DECIDES:     put %old back for
; DECIDES:     reload %v
define i32 @decides(ptr %x, i64 %n) {
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %joined ]
  %sum = phi double [ 0.0, %entry ], [ %more, %joined ]
  %cell = getelementptr double, ptr @dp.shared.a, i64 %k
  %v = load double, ptr %cell
  %beside = getelementptr double, ptr %cell, i64 1
  %u = load double, ptr %beside
  %square = fmul double %u, %v
  %decider = load double, ptr @dp.shared.a
  %positive = fcmp ogt double %decider, 0.0
  br i1 %positive, label %yes, label %joined
yes:
  %s = call double @llvm.sin.f64(double %square)
  %w = load double, ptr %x
  store double %w, ptr @dp.shared.a
  br label %joined
joined:
  %term = phi double [ %s, %yes ], [ %square, %round ]
  %more = fadd double %sum, %term
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; Nobody keeps what an atomic addition finds.
; ATOMIC-NOT: put %
; ATOMIC:     keep %v
; ATOMIC-NOT: put %
define i32 @one_atomic(ptr %x, i64 %n) {
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %sum = phi double [ 0.0, %entry ], [ %more, %round ]
  %w = load double, ptr %x
  store double %w, ptr @dp.shared.a
  %a = atomicrmw fadd ptr @dp.shared.a, double %w monotonic
  %v = load double, ptr @dp.shared.a
  %square = fmul double %v, %v
  %more = fadd double %sum, %square
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; A store that may hit either is put back wherever it went.
; EITHER:     keep %old
; EITHER-NOT: keep %u
; EITHER-NOT: keep %v
; EITHER:     reload %u
; EITHER:     reload %v
define i32 @either(ptr %x, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %own = zext i32 %t to i64
  %even = icmp eq i64 %own, 0
  %tile = select i1 %even, ptr @dp.shared.a, ptr @dp.shared.b
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %sum = phi double [ 0.0, %entry ], [ %more, %round ]
  %u = load double, ptr @dp.shared.a
  %v = load double, ptr @dp.shared.b
  %product = fmul double %u, %v
  %more = fadd double %sum, %product
  %w = load double, ptr %x
  %cell = getelementptr double, ptr %tile, i64 %k
  store double %w, ptr %cell
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; The caller's array must end as the primal leaves it.
; OUTSIDE-NOT: put %
; OUTSIDE:     keep %u
; OUTSIDE:     keep %v
; OUTSIDE-NOT: put %
define i32 @shared_or_not(ptr %x, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %even = icmp eq i32 %t, 0
  %tile = select i1 %even, ptr @dp.shared.a, ptr %x
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %sum = phi double [ 0.0, %entry ], [ %more, %round ]
  %there = getelementptr double, ptr @dp.shared.a, i64 %k
  %u = load double, ptr %there
  %v = load double, ptr @dp.shared.a
  %product = fmul double %u, %v
  %w = load double, ptr %x
  %both = fadd double %product, %w
  %more = fadd double %sum, %both
  store double %more, ptr %tile
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; A fill overwrites more than one value.
; FILLED-NOT: put %
; FILLED:     keep %v
; FILLED-NOT: put %
define i32 @filled(ptr %x, i64 %n) {
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %sum = phi double [ 0.0, %entry ], [ %more, %round ]
  call void @llvm.memset.p0.i64(ptr @dp.shared.a, i8 0, i64 64, i1 false)
  %w = load double, ptr %x
  store double %w, ptr @dp.shared.a
  %v = load double, ptr @dp.shared.a
  %square = fmul double %v, %v
  %more = fadd double %sum, %square
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %x
  ret i32 0
}

; Stores of what carries no derivative have mirrors too, where they are put back.
; INDICES-NOT: keep %i
; INDICES:     put %old back for %i
; INDICES:     reload %i
; PUT-LABEL: define {{.*}}@indices.reverse
; PUT:       store i64 {{.*}}, ptr @dp.shared.i
define i32 @indices(ptr %x, ptr %which, ptr %y, i64 %n) {
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %sum = phi double [ 0.0, %entry ], [ %more, %next ]
  %p = getelementptr i64, ptr %which, i64 %k
  %new = load i64, ptr %p
  store i64 %new, ptr @dp.shared.i
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %read
read:
  %j = phi i64 [ 0, %round ], [ %j.next, %read ]
  %part = phi double [ %sum, %round ], [ %more, %read ]
  %cell = getelementptr [64 x i64], ptr @dp.shared.i, i64 0, i64 %j
  %i = load i64, ptr %cell
  %q = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %q
  %more = fadd double %part, %v
  %j.next = add i64 %j, 1
  %j.on = icmp slt i64 %j.next, 8
  br i1 %j.on, label %read, label %next
next:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add i64 %k, 1
  %on = icmp slt i64 %k.next, %n
  br i1 %on, label %round, label %done
done:
  store double %more, ptr %y
  ret i32 0
}
