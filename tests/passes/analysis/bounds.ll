; Atomic maxima and minima in memory of a block: who wins is known behind a barrier.

; RUN: dp-opt --pass=bounds --set target=device --function=rounds %s | filecheck %s --check-prefix=ROUNDS
; RUN: dp-opt --pass=cache_plan --set target=device --function=rounds %s | filecheck %s --check-prefix=KEPT
; RUN: dp-opt --pass=adjoint --set target=device --function=rounds %s | filecheck %s --check-prefix=ADJOINT
; RUN: dp-opt --pass=tangent --set target=device --function=rounds %s | filecheck %s --check-prefix=TANGENT
; RUN: dp-opt --pass=bounds --set target=device --function=several %s | filecheck %s --check-prefix=SEVERAL
; RUN: dp-opt --pass=adjoint --set target=device --function=several %s | filecheck %s --check-prefix=ADJOINT-SEVERAL
; RUN: not dp-opt --pass=tangent --set target=device --function=several %s | filecheck %s --check-prefix=WANDERS
; RUN: dp-opt --pass=adjoint --set target=device --function=missing %s | filecheck %s --check-prefix=MISSING
; RUN: dp-opt --pass=bounds --set target=device --function=side_by_side %s | filecheck %s --check-prefix=SIDE
; RUN: dp-opt --pass=bounds --set target=device --function=one_after_the_other %s | filecheck %s --check-prefix=AFTER
; RUN: not dp-opt --pass=bounds --set target=device --function=reads_at_once %s | filecheck %s --check-prefix=ACCESS
; RUN: not dp-opt --pass=bounds --set target=device --function=stores_at_once %s | filecheck %s --check-prefix=ACCESS
; RUN: not dp-opt --pass=bounds --set target=device --function=on_another_way %s | filecheck %s --check-prefix=ACCESS
; RUN: dp-opt --pass=bounds --set target=device --function=either_way %s | filecheck %s --check-prefix=WAY
; RUN: dp-opt --pass=bounds --set target=device --function=no_iteration %s | filecheck %s --check-prefix=ITERATION
; RUN: not dp-opt --pass=bounds --set target=device --function=waits_for_a_warp %s | filecheck %s --check-prefix=ACCESS
; RUN: not dp-opt --pass=bounds --set target=device --function=both_at_once %s | filecheck %s --check-prefix=BOTH
; RUN: not dp-opt --pass=bounds --set target=device --function=adds_too %s | filecheck %s --check-prefix=ADDS
; RUN: dp-opt --pass=bounds --set target=device --function=of_all %s | filecheck %s --check-prefix=ALL
; RUN: dp-opt --pass=adjoint --set target=device --function=of_all %s | filecheck %s --check-prefix=ADJOINT-ALL
; RUN: not dp-opt --pass=bounds --function=of_all %s | filecheck %s --check-prefix=NEITHER
; RUN: not dp-opt --pass=bounds --set target=device --function=of_a_thread %s | filecheck %s --check-prefix=NEITHER
; RUN: not dp-opt --pass=bounds --set target=device --function=read_by_all %s | filecheck %s --check-prefix=GLOBAL
; RUN: not dp-opt --pass=bounds --set target=device --function=both_for_all %s | filecheck %s --check-prefix=GLOBAL
; RUN: not dp-opt --pass=adjoint --set target=device --function=own_tiles %s | filecheck %s --check-prefix=OWN
; RUN: not dp-opt --pass=bounds --set target=device --function=nobody_waits %s | filecheck %s --check-prefix=WAITS
; RUN: not dp-opt --pass=bounds --set target=device --function=here_or_there %s | filecheck %s --check-prefix=EITHER

@dp.shared.a = internal global [64 x double] undef
@dp.shared.b = internal global [64 x double] undef

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare void @llvm.nvvm.bar.warp.sync(i32)

; One cell for all iterations: what is read is put back, and what is compared is kept.
; ROUNDS:      atomic bounds of @rounds
; ROUNDS-NEXT: %old: fmaximum of %w, once
; ROUNDS-NEXT: %w is compared
; KEPT-DAG:    keep %w {{.*}}compared with what stands in memory
; KEPT-DAG:    keep %v {{.*}}may be overwritten later
; KEPT-DAG:    keep %changed
; ADJOINT-LABEL: define {{.*}}@rounds.augmented
; ADJOINT:     [[OLD:%.*]] = atomicrmw fmaximum ptr @dp.shared.a, double %w
; ADJOINT-NEXT: %changed = fcmp olt double [[OLD]], %w
; ADJOINT-LABEL: define {{.*}}@rounds.reverse
; ADJOINT:     call void @llvm.nvvm.barrier
; ADJOINT:     call void @dp.bound.put.f64(ptr @dp.shared.a, double [[READ:%.*]])
; ADJOINT:     call void @dp.add.{{.*}}(ptr @dp.shared.a.shadow
; ADJOINT:     call void @llvm.nvvm.barrier
; ADJOINT:     call double @dp.bound.take.f64(ptr @dp.shared.a, double {{.*}}, i1 {{.*}}, ptr @dp.shared.a.shadow)
; ADJOINT:     call void @llvm.nvvm.barrier
; TANGENT-LABEL: define {{.*}}@rounds.tangent
; TANGENT:     atomicrmw fmaximum
; TANGENT-NEXT: fcmp olt
; TANGENT:     call void @llvm.nvvm.barrier
; TANGENT:     call void @dp.bound.give.f64
; TANGENT-NEXT: store i1 false
; TANGENT-NEXT: call void @llvm.nvvm.barrier
; TANGENT-NEXT: load double, ptr @dp.shared.a,
define i32 @rounds(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %k.next, %loop ]
  store double 0.0, ptr @dp.shared.a, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %p = getelementptr double, ptr %x, i64 %k
  %u = load double, ptr %p, align 8
  %w = fmul double %u, %u
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %w seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  %q = getelementptr double, ptr %y, i64 %k
  store double %v, ptr %q, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; What is read from memory that stays is exact, and need not be kept. Nothing overwrites the cells that are read: they stay.
; SEVERAL:     %old: fminimum of %u, again before a barrier
; SEVERAL-NOT: is compared
; ADJOINT-SEVERAL-NOT: dp.bound.put
; WANDERS:     an atomic maximum or minimum in forward mode that a thread takes of several cells before it waits
define i32 @several(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %k.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %k
  %u = load double, ptr %p, align 8
  %cell = getelementptr [64 x double], ptr @dp.shared.a, i64 0, i64 %k
  %old = atomicrmw fminimum ptr %cell, double %u seq_cst
  %k.next = add nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %loop, label %done
done:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; A NaN in the cell is less than any number, and one that is given changes nothing.
; MISSING-LABEL: define {{.*}}@missing.augmented
; MISSING:      %old = atomicrmw fmax
; MISSING-NEXT: [[LESS:%.*]] = fcmp ult double %old, %u
; MISSING-NEXT: [[ANY:%.*]] = fcmp ord double %u, %u
; MISSING-NEXT: and i1 [[LESS]], [[ANY]]
define i32 @missing(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmax ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; SIDE: fmaximum of %u, once
; SIDE: fminimum of %u, once
define i32 @side_by_side(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  %before = atomicrmw fminimum ptr getelementptr inbounds nuw (i8, ptr @dp.shared.a, i64 8), double %u seq_cst
  %other = load double, ptr getelementptr inbounds nuw (i8, ptr @dp.shared.a, i64 16), align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; AFTER: fmaximum of %u, once
; AFTER: fminimum of %u, once
define i32 @one_after_the_other(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %before = atomicrmw fminimum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; ACCESS: an atomic maximum or minimum, and another access of the same memory between the same two barriers
define i32 @reads_at_once(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret i32 0
}

define i32 @stores_at_once(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  store double 0.0, ptr @dp.shared.a, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; One thread reads while another takes the maximum.
define i32 @on_another_way(ptr %x, ptr %y) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %first = icmp eq i32 %t, 0
  %u = load double, ptr %x, align 8
  br i1 %first, label %reads, label %takes
reads:
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  br label %done
takes:
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  br label %done
done:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret i32 0
}

define i32 @waits_for_a_warp(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret i32 0
}

; BOTH: an atomic maximum and an atomic minimum of the same memory between the same two barriers
define i32 @both_at_once(ptr %x, ptr %y, i64 %k) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  %cell = getelementptr double, ptr @dp.shared.a, i64 %k
  %before = atomicrmw fminimum ptr %cell, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; ADDS: an atomic operation on memory of which threads take an atomic maximum or minimum too
define i32 @adds_too(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %sum = atomicrmw fadd ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; EITHER: an access of memory of which threads take an atomic maximum or minimum, or of other memory, as it comes
define i32 @here_or_there(ptr %x, ptr %y, i1 %which) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %cell = select i1 %which, ptr @dp.shared.a, ptr %x
  %v = load double, ptr %cell, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}

; Memory of the launch: what a block shares is gone when the reverse sweep is launched, so that it is kept.
; ALL:      %old: fmaximum of %v, once
; ALL-NEXT: %v is compared
; ADJOINT-ALL-LABEL: define {{.*}}@of_all.augmented
; ADJOINT-ALL:       %v = load double, ptr @dp.shared.a
; ADJOINT-ALL-NEXT:  getelementptr i8, ptr %tape
; ADJOINT-ALL-NEXT:  store double %v,
; ADJOINT-ALL-LABEL: define {{.*}}@of_all.reverse
; ADJOINT-ALL-NOT:   load double, ptr @dp.shared.a,
; ADJOINT-ALL:       call double @dp.bound.take.f64(ptr %y, double %v.cached, i1 {{.*}}, ptr %y.shadow)
; NEITHER: an atomic maximum or minimum in memory that carries derivatives and is neither shared memory nor that of an array which a kernel is given
define i32 @of_all(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %w = fmul double %u, %u
  store double %w, ptr @dp.shared.a, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  %old = atomicrmw fmaximum ptr %y, double %v seq_cst
  ret i32 0
}

define i32 @of_a_thread(ptr %x, ptr %y) {
  %own = alloca double
  store double 0.0, ptr %own
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr %own, double %u seq_cst
  %v = load double, ptr %own
  store double %v, ptr %y, align 8
  ret i32 0
}

; GLOBAL: another access of global memory of which threads take an atomic maximum or minimum
define i32 @read_by_all(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr %y, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr %y, align 8
  store double %v, ptr %x, align 8
  ret i32 0
}

define i32 @both_for_all(ptr %x, ptr %y) {
  %u = load double, ptr %x, align 8
  %old = atomicrmw fmaximum ptr %y, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %before = atomicrmw fminimum ptr %y, double %u seq_cst
  ret i32 0
}

; OWN: takes an atomic maximum or minimum in global memory, and chooses among arrays of a thread or a block
define i32 @own_tiles(ptr %x, ptr %y, ptr %z, i64 %n) {
entry:
  br label %loop
loop:
  %tile = phi ptr [ @dp.shared.a, %entry ], [ %other, %loop ]
  %other = phi ptr [ @dp.shared.b, %entry ], [ %tile, %loop ]
  %k = phi i64 [ 0, %entry ], [ %k.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %k
  %u = load double, ptr %p, align 8
  store double %u, ptr %tile, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr %other, align 8
  %q = getelementptr double, ptr %z, i64 %k
  store double %v, ptr %q, align 8
  %old = atomicrmw fmaximum ptr %y, double %u seq_cst
  %k.next = add nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; WAITS: an atomic maximum or minimum in shared memory behind which a thread may end without a barrier
define i32 @nobody_waits(ptr %x, ptr %y, i64 %n) {
entry:
  store double 0.0, ptr @dp.shared.a, align 8
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %k.next, %loop ]
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %p = getelementptr double, ptr %x, i64 %k
  %u = load double, ptr %p, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  %k.next = add nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; All threads read, or all take the maximum.
; WAY: fmaximum of %u, once
define i32 @either_way(ptr %x, ptr %y, i1 %reads) {
entry:
  %u = load double, ptr %x, align 8
  br i1 %reads, label %first, label %takes
first:
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  br label %done
takes:
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  br label %done
done:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret i32 0
}

; What is read behind a loop of maxima is read in the phase of the first one only if there is no maximum.
; ITERATION: fmaximum of %u, once
define i32 @no_iteration(ptr %x, ptr %y, i64 %n) {
entry:
  store double 0.0, ptr @dp.shared.a, align 8
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %head
head:
  %k = phi i64 [ 0, %entry ], [ %k.next, %loop ]
  %more = icmp slt i64 %k, %n
  br i1 %more, label %loop, label %done
loop:
  %p = getelementptr double, ptr %x, i64 %k
  %u = load double, ptr %p, align 8
  %old = atomicrmw fmaximum ptr @dp.shared.a, double %u seq_cst
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %k.next = add nsw i64 %k, 1
  br label %head
done:
  %v = load double, ptr @dp.shared.a, align 8
  store double %v, ptr %y, align 8
  ret i32 0
}
