; Copies of shadow memory in reverse.

; The adjoint of a copy: what was added to the destination belongs to the source, and the destination's is consumed.
; For overlapping memory the order makes sure that each cell is read before anything is added to it.
define linkonce_odr void @dp.transfer.f64(ptr %to, ptr %from, i64 %bytes) {
entry:
  %count = ashr i64 %bytes, 3
  %any = icmp sgt i64 %count, 0
  %up = icmp uge ptr %to, %from
  %last = add i64 %count, -1
  %first = select i1 %up, i64 0, i64 %last
  %step = select i1 %up, i64 1, i64 -1
  br i1 %any, label %loop, label %done

loop:
  %n = phi i64 [ 0, %entry ], [ %n.next, %loop ]
  %i = phi i64 [ %first, %entry ], [ %i.next, %loop ]
  %target = getelementptr double, ptr %to, i64 %i
  %source = getelementptr double, ptr %from, i64 %i
  %seed = load double, ptr %target, align 8
  store double 0.0, ptr %target, align 8
  %old = load double, ptr %source, align 8
  %sum = fadd double %old, %seed
  store double %sum, ptr %source, align 8
  %i.next = add i64 %i, %step
  %n.next = add i64 %n, 1
  %more = icmp slt i64 %n.next, %count
  br i1 %more, label %loop, label %done, !llvm.loop !0

done:
  ret void
}

define linkonce_odr void @dp.transfer.f32(ptr %to, ptr %from, i64 %bytes) {
entry:
  %count = ashr i64 %bytes, 2
  %any = icmp sgt i64 %count, 0
  %up = icmp uge ptr %to, %from
  %last = add i64 %count, -1
  %first = select i1 %up, i64 0, i64 %last
  %step = select i1 %up, i64 1, i64 -1
  br i1 %any, label %loop, label %done

loop:
  %n = phi i64 [ 0, %entry ], [ %n.next, %loop ]
  %i = phi i64 [ %first, %entry ], [ %i.next, %loop ]
  %target = getelementptr float, ptr %to, i64 %i
  %source = getelementptr float, ptr %from, i64 %i
  %seed = load float, ptr %target, align 4
  store float 0.0, ptr %target, align 4
  %old = load float, ptr %source, align 4
  %sum = fadd float %old, %seed
  store float %sum, ptr %source, align 4
  %i.next = add i64 %i, %step
  %n.next = add i64 %n, 1
  %more = icmp slt i64 %n.next, %count
  br i1 %more, label %loop, label %done, !llvm.loop !0

done:
  ret void
}

; What is left over when the loop has become vectors is not unrolled as well.
!0 = distinct !{!0, !1}
!1 = !{!"llvm.loop.unroll.runtime.disable"}
