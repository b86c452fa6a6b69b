; The two functions of reverse mode.

; RUN: dp-opt --pass=adjoint,verify --function=product %s | filecheck %s --check-prefix=PRODUCT
; RUN: dp-opt --pass=adjoint,verify --function=overwriting %s | filecheck %s --check-prefix=OVERWRITING
; RUN: dp-opt --pass=adjoint,verify --function=constants %s | filecheck %s --check-prefix=CONSTANTS
; RUN: dp-opt --pass=adjoint,verify --function=gated %s | filecheck %s --check-prefix=GATED
; RUN: dp-opt --pass=adjoint,verify --function=rotating %s | filecheck %s --check-prefix=ROTATING
; RUN: dp-opt --pass=adjoint,verify --function=cold %s | filecheck %s --check-prefix=COLD
; RUN: dp-opt --pass=adjoint,verify --function=returned_array %s | filecheck %s --check-prefix=RETURNED
; RUN: dp-opt --pass=adjoint,verify --function=counted %s | filecheck %s --check-prefix=COUNTED
; RUN: dp-opt --pass=adjoint,verify --function=uncounted %s | filecheck %s --check-prefix=UNCOUNTED
; RUN: dp-opt --pass=adjoint,verify --function=copied %s | filecheck %s --check-prefix=COPIED
; RUN: dp-opt --pass=adjoint,verify --function=table %s | filecheck %s --check-prefix=TABLE
; RUN: dp-opt --pass=adjoint,verify --function=flags %s | filecheck %s --check-prefix=FLAGS
; RUN: dp-opt --pass=adjoint,verify --function=atomic_sum %s | filecheck %s --check-prefix=SUM
; RUN: dp-opt --pass=adjoint,verify --function=between_barriers %s | filecheck %s --check-prefix=BARRIER
; RUN: dp-opt --pass=adjoint,verify --function=fixed_place %s | filecheck %s --check-prefix=FIXED
; RUN: not dp-opt --pass=adjoint --function=number %s | filecheck %s --check-prefix=NUMBER

declare ptr @NRT_MemInfo_alloc_aligned(i64, i32)
declare ptr @NRT_MemInfo_data_fast(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare double @llvm.log.f64(double)
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
@dp.shared.cell = external global double, align 8
@dp.shared.cells = external global [4 x double], align 8
@weights = internal constant [2 x double] [double 1.0, double 2.0]

; A stored-over cell's cotangent is consumed: read, then cleared. The cotangents are stored in the order of the parameters.
; PRODUCT:      define i32 @product.augmented(double %a, double %b, ptr %y, ptr %y.shadow, ptr %arena, ptr %tape)
; PRODUCT:      define i32 @product.reverse(double %a, double %b, ptr %y, ptr %y.shadow, ptr %arena, ptr %tape, ptr %cotangents)
; PRODUCT:        %[[SEED:.*]] = load double, ptr %y.shadow
; PRODUCT-NEXT:   store double 0x0000000000000000, ptr %y.shadow
; PRODUCT-NEXT:   %[[A:.*]] = fmul contract double %[[SEED]], %b
; PRODUCT:        %[[B:.*]] = fmul contract double %[[SEED]], %a
; PRODUCT:        store double %{{.*}}, ptr %{{.*}}, align 8
; PRODUCT:        getelementptr i8, ptr %cotangents, i64 8
; PRODUCT:        ret i32 0
define i32 @product(double %a, double %b, ptr %y) {
  %product = fmul double %a, %b
  store double %product, ptr %y
  ret i32 0
}

; What is added to a cell atomically has the cell's cotangent, which stays there.
; SUM:      @atomic_sum.reverse
; SUM:        load double, ptr %y.shadow
; SUM-NOT:    store double 0x0000000000000000, ptr %y.shadow
; SUM:        ret i32 0
define i32 @atomic_sum(double %a, ptr %y) {
  %old = atomicrmw fadd ptr %y, double %a seq_cst
  ret i32 0
}

; The reverse of a barrier is a barrier at the mirrored place; a load behind one does not leave the loop that it is in.
; BARRIER:      @between_barriers.augmented
; BARRIER:        call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
; BARRIER-NEXT:   load double, ptr @dp.shared.cell
; BARRIER:      @between_barriers.reverse
; BARRIER:        load double, ptr @dp.shared.cell.shadow
; BARRIER:        call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
; BARRIER:        load double, ptr @dp.shared.cell.shadow
; BARRIER:        store double 0x0000000000000000, ptr @dp.shared.cell.shadow
define i32 @between_barriers(double %a, ptr %y) {
entry:
  store double %a, ptr @dp.shared.cell
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr @dp.shared.cell
  %place = getelementptr double, ptr %y, i64 %i
  store double %v, ptr %place
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, 4
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; The shadow of a constant address in what a block shares is the same address in the shadow.
; FIXED:      @fixed_place.reverse
; FIXED:        load double, ptr getelementptr (i8, ptr @dp.shared.cells.shadow, i64 8)
; FIXED:        store double 0x0000000000000000, ptr getelementptr (i8, ptr @dp.shared.cells.shadow, i64 8)
define i32 @fixed_place(double %a, ptr %y, i64 %i) {
  store double %a, ptr getelementptr (i8, ptr @dp.shared.cells, i64 8)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %cell = getelementptr double, ptr @dp.shared.cells, i64 %i
  %v = load double, ptr %cell
  store double %v, ptr %y
  ret i32 0
}

; What is overwritten is put on the tape.
; OVERWRITING: @overwriting.augmented
; OVERWRITING:   %v = load double, ptr %x
; OVERWRITING:   store double %v, ptr %{{.*}}, align 8
; OVERWRITING:   store double %square, ptr %x
; OVERWRITING: @overwriting.reverse
; OVERWRITING:   %v.cached = load double
define i32 @overwriting(ptr %x) {
  %v = load double, ptr %x
  %square = fmul double %v, %v
  store double %square, ptr %x
  ret i32 0
}

; A constant stored over active memory consumes the cotangent too, and so does an integer.
; CONSTANTS:        @constants.reverse
; CONSTANTS-COUNT-2: store {{double 0x0000000000000000|i64 0}}, ptr %{{y|p}}
define i32 @constants(double %a, ptr %y) {
  store double %a, ptr %y
  %p = getelementptr double, ptr %y, i64 1
  store i64 0, ptr %p
  store double 1.0, ptr %y
  ret i32 0
}

; GATED: @gated.reverse
; GATED:   %[[PARTIAL:.*]] = fdiv contract double 0x3FF0000000000000, %a
; GATED-NEXT: call double @dp.gated_product.f64(double %{{.*}}, double %[[PARTIAL]])
define i32 @gated(double %a, ptr %y, i1 %c) {
  %log = call double @llvm.log.f64(double %a)
  %chosen = select i1 %c, double %log, double 0.0
  store double %chosen, ptr %y
  ret i32 0
}

; The phis of a header change places: both cotangents are taken before either is added to.
; ROTATING: @rotating.reverse
; ROTATING: rev.loop:
; ROTATING-DAG: load double, ptr %u.bar
; ROTATING-DAG: load double, ptr %v.bar
; ROTATING: br i1
define i32 @rotating(double %a, double %b, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %u = phi double [ %a, %entry ], [ %v, %loop ]
  %v = phi double [ %b, %entry ], [ %u, %loop ]
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  %last = phi double [ %u, %loop ]
  store double %last, ptr %y
  ret i32 0
}

; COLD:      @cold.augmented
; COLD:      fail:
; COLD-NEXT:   store double 0.0, ptr %y
; COLD-NEXT:   ret i32 1
; COLD:      @cold.reverse
; COLD-NOT:  fail
define i32 @cold(double %a, ptr %y, i1 %bad) {
entry:
  br i1 %bad, label %fail, label %work
fail:
  store double 0.0, ptr %y
  ret i32 1
work:
  store double %a, ptr %y
  ret i32 0
}

; The structure's shadow receives the shadow of the array, which is zeroed; nothing is left to Numba's allocator.
; RETURNED:     @returned_array.augmented
; RETURNED:     %[[INFO:[a-z.0-9]+]] = call ptr @dp.arena.meminfo
; RETURNED:     %[[SHADOW:[a-z.0-9]+]] = call ptr @dp.arena.zeroed
; RETURNED:     store ptr %[[INFO]], ptr %retptr
; RETURNED:     store ptr %[[SHADOW]], ptr %retptr.shadow
; RETURNED-NOT: call ptr @NRT_MemInfo_alloc
define i32 @returned_array(ptr %retptr, ptr %x) {
  %info = call ptr @NRT_MemInfo_alloc_aligned(i64 8, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %x
  store double %v, ptr %data
  store ptr %info, ptr %retptr
  ret i32 0
}

; One array for the loop, taken before it, its room checked.
; COUNTED: @counted.augmented
; COUNTED:   %v.tape = call ptr @dp.arena.take(ptr %arena, i64 %{{.*}})
; COUNTED:   icmp eq ptr %v.tape, null
; COUNTED: tape.full:
; COUNTED-NEXT: ret i32 17488
define i32 @counted(double %a, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %v = phi double [ %a, %entry ], [ %v.next, %loop ]
  %v.next = fmul double %v, %v
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; One record an iteration, pushed and popped.
; UNCOUNTED: @uncounted.augmented
; UNCOUNTED:   call ptr @dp.stack.push(ptr %arena, ptr %{{.*}}, i64 8)
; UNCOUNTED: @uncounted.reverse
; UNCOUNTED:   call ptr @dp.stack.pop(ptr %{{.*}}, i64 8)
define i32 @uncounted(double %a, ptr %y) {
entry:
  br label %loop
loop:
  %v = phi double [ %a, %entry ], [ %v.next, %loop ]
  %v.next = fmul double %v, %v
  %more = fcmp ogt double %v.next, 0.5
  br i1 %more, label %loop, label %done
done:
  store double %v.next, ptr %y
  ret i32 0
}

; COPIED: @copied.reverse
; COPIED:   call void @dp.transfer.f64(ptr %y.shadow, ptr %x.shadow, i64 16)
define i32 @copied(ptr %x, ptr %y) {
  %v = load double, ptr %x
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %x, i64 16, i1 false)
  ret i32 0
}

; A table that shares a pointer with active memory gets scratch of its size; what lands there is dropped.
; TABLE: @table.augmented
; TABLE:   %weights.shadow = call ptr @dp.arena.take(ptr %arena, i64 16)
; TABLE:   %p.shadow = select i1 %c, ptr %x.shadow, ptr %weights.shadow
define i32 @table(ptr %x, ptr %y, i1 %c) {
  %p = select i1 %c, ptr %x, ptr @weights
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; Fast-math flags that forbid infinities are not taken over.
; FLAGS:     @flags.reverse
; FLAGS-NOT: {{ fast | nnan | ninf }}
; FLAGS:     fmul arcp contract nsz reassoc double
; FLAGS-NOT: {{ fast | nnan | ninf }}
define i32 @flags(double %a, double %b, ptr %y) {
  %product = fmul fast double %a, %b
  store double %product, ptr %y
  ret i32 0
}

; NUMBER: @number returns double
define double @number(double %a) {
  ret double %a
}
