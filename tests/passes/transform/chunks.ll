; A loop marked as parallel becomes a function of a part of its iterations, unless these depend on each other.

; RUN: dp-opt --pass=chunks,verify --function=sum_of_squares %s | filecheck %s --check-prefix=SUM
; RUN: dp-opt --pass=chunks,verify --function=sums_of_columns %s | filecheck %s --check-prefix=ARRAY
; RUN: dp-opt --pass=parallel --function=sum_of_squares %s | filecheck %s --check-prefix=OWN
; RUN: dp-opt --pass=parallel --function=neighbours --set kinds=duplicated,duplicated,const %s | filecheck %s --check-prefix=NEAR
; RUN: dp-opt --pass=parallel --function=prefix %s | filecheck %s --check-prefix=PREFIX
; RUN: dp-opt --pass=parallel --function=one_cell %s | filecheck %s --check-prefix=CELL
; RUN: dp-opt --pass=parallel --function=sums_of_columns %s | filecheck %s --check-prefix=COLUMNS

; Each chunk begins with what changes no sum, and leaves its share in a cell of its own.
; SUM:      @sum_of_squares(
; SUM:      %loop.chunks = call i64 @dp.parallel.chunks(i64 %loop.iterations, i64 1)
; SUM:      %loop.status = call i32 @sum_of_squares.loop.chunk(i64 0, i64 %loop.chunks, i64 %loop.iterations, ptr %x, i64 %n, ptr %s.shares)
; SUM:      %s.total = phi double [ 1.0, %{{.*}} ], [ %[[SUM:.*]], %loop.join ]
; SUM:      %s.share = load double, ptr
; SUM:      %[[SUM]] = fadd double %s.total, %s.share
; SUM:      define internal i32 @sum_of_squares.loop.chunk(
; SUM:      %s = phi double [ 0x8000000000000000, %begin ]
; SUM:      store double %{{.*}}, ptr %{{.*}}
; OWN:      %loop: runs in parallel; joins in order a sum
; OWN-NEXT: %x: each iteration adds to cells of its own
define i32 @sum_of_squares(ptr %x, i64 %n, ptr %out) {
entry:
  br label %loop

loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %s = phi double [ 1.0, %entry ], [ %s.next, %loop ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %square = fmul double %v, %v
  %s.next = fadd double %s, %square
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done, !llvm.loop !0

done:
  %s.end = phi double [ %s.next, %loop ]
  store double %s.end, ptr %out
  ret i32 0
}

; What two iterations read both add to.
; NEAR:      %near: runs in parallel
; NEAR-NEXT: %x: {{.*}} unless the run shows that chunks do not meet
define i32 @neighbours(ptr %x, ptr %y, i64 %n) {
entry:
  br label %near

near:
  %i = phi i64 [ 0, %entry ], [ %i.next, %near ]
  %i.next = add nuw nsw i64 %i, 1
  %p = getelementptr double, ptr %x, i64 %i
  %q = getelementptr double, ptr %x, i64 %i.next
  %v = load double, ptr %p
  %w = load double, ptr %q
  %product = fmul double %v, %w
  %r = getelementptr double, ptr %y, i64 %i
  store double %product, ptr %r
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %near, label %done, !llvm.loop !0

done:
  ret i32 0
}

; PREFIX: %summed: runs in series: an iteration needs what the one before left in %s
define i32 @prefix(ptr %x, ptr %y, i64 %n) {
entry:
  br label %summed

summed:
  %i = phi i64 [ 0, %entry ], [ %i.next, %summed ]
  %s = phi double [ 0.0, %entry ], [ %s.next, %summed ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %s.next = fadd double %s, %v
  %q = getelementptr double, ptr %y, i64 %i
  store double %s.next, ptr %q
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %summed, label %done, !llvm.loop !0

done:
  ret i32 0
}

; CELL: %cell: runs in series: it stores to the same memory in each iteration
define i32 @one_cell(ptr %x, ptr %y, i64 %n) {
entry:
  br label %cell

cell:
  %i = phi i64 [ 0, %entry ], [ %i.next, %cell ]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  store double %v, ptr %y
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %cell, label %done, !llvm.loop !0

done:
  ret i32 0
}

; Each chunk accumulates in a copy, and says that it came to the array.
; COLUMNS: %rows: runs in parallel; joins in order a sum for each element of an array
; ARRAY:      @sums_of_columns(
; ARRAY:      %sums.copies = call ptr @malloc(i64
; ARRAY:      call void @llvm.memset.p0.i64(ptr %sums.notes, i8 0, i64 1024, i1 false)
; ARRAY:      sums.fill:
; ARRAY:      store double 0x8000000000000000, ptr
; ARRAY:      call i32 @sums_of_columns.rows.chunk(
; ARRAY:      sums.join:
; ARRAY:      %note = load i64, ptr
; ARRAY:      %total = load double, ptr
; ARRAY:      %share = load double, ptr
; ARRAY:      fadd double %total, %share
; ARRAY:      define internal i32 @sums_of_columns.rows.chunk(
; ARRAY:      %sums.own = getelementptr i8, ptr
; ARRAY:      store i64 1, ptr
; ARRAY:      %place = getelementptr double, ptr %sums.own, i64 %j
define i32 @sums_of_columns(ptr %x, ptr %sums, i64 %n, i64 %m) {
entry:
  br label %rows

rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %row = mul i64 %i, %m
  br label %columns

columns:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns ]
  %k = add i64 %row, %j
  %p = getelementptr double, ptr %x, i64 %k
  %v = load double, ptr %p
  %place = getelementptr double, ptr %sums, i64 %j
  %before = load double, ptr %place
  %after = fadd double %before, %v
  store double %after, ptr %place
  %j.next = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j.next, %m
  br i1 %again, label %columns, label %next

next:
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %rows, label %done, !llvm.loop !0

done:
  ret i32 0
}

!0 = distinct !{!0, !1}
!1 = !{!"dpcompile.parallel"}
