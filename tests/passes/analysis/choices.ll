; RUN: dp-opt --pass=choices --function=clamped %s | filecheck %s --check-prefix=CLAMPED
; RUN: dp-opt --pass=choices --function=wrapped %s | filecheck %s --check-prefix=WRAPPED
; RUN: dp-opt --pass=choices --function=unknown %s | filecheck %s --check-prefix=UNKNOWN

declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.umin.i64(i64, i64)

; CLAMPED:      choices of row and cell in @clamped
; CLAMPED-NEXT:   %below is counter(row) + 2, but for 0 first and 2 last of row
; CLAMPED-NEXT:   %largest is counter(cell), but for 1 first and 0 last of cell
; CLAMPED-NOT:    is
define void @clamped(ptr %x, ptr %y, i64 %rows, i64 %columns) {
entry:
  %last = add nsw i64 %rows, -1
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %second = add nuw nsw i64 %i, 2
  %below = call i64 @llvm.umin.i64(i64 %second, i64 %last)
  %start = mul i64 %below, %columns
  %x.row = getelementptr double, ptr %x, i64 %start
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %largest = call i64 @llvm.smax.i64(i64 %j, i64 1)
  %left = add nsw i64 %largest, -1
  %x.p = getelementptr double, ptr %x.row, i64 %left
  %number = load double, ptr %x.p
  store double %number, ptr %y
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret void
}

; What Python's remainder of a number that may be negative is made of, and an index that may be: each supposes another.
; WRAPPED:      choices of row and cell in @wrapped
; WRAPPED-NEXT:   %added is 0, but for 1 first and 0 last of cell
; WRAPPED-NEXT:   %remainder is counter(cell) - 1, but for 1 first and 0 last of cell
; WRAPPED-NEXT:   %wraps is 0, but for 1 first and 0 last of cell
; WRAPPED-NOT:    is
define void @wrapped(ptr %x, ptr %y, i64 %rows, i64 %columns) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %before = add nsw i64 %j, -1
  %remainder = srem i64 %before, %columns
  %signs = xor i64 %remainder, %columns
  %differ = icmp slt i64 %signs, 0
  %added = select i1 %differ, i64 %columns, i64 0
  %python = add i64 %added, %remainder
  %negative = icmp slt i64 %python, 0
  %wraps = select i1 %negative, i64 %columns, i64 0
  %index = add i64 %python, %wraps
  %x.p = getelementptr double, ptr %x, i64 %index
  %number = load double, ptr %x.p
  store double %number, ptr %y
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret void
}

; A bound that is not that of the loop; one that comes out at any time; numbers that may wrap; what is read where it differs.
; UNKNOWN:      choices of row and cell in @unknown
; UNKNOWN-NOT:    is
define void @unknown(ptr %x, ptr %y, ptr %index, i64 %rows, i64 %columns, i64 %bound) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.done ]
  %i.next = add nuw nsw i64 %i, 1
  %i.wrapping = add i64 %i, %bound
  %i.largest = call i64 @llvm.smax.i64(i64 %i.wrapping, i64 1)
  br label %cell
cell:
  %j = phi i64 [ 0, %row ], [ %j.next, %cell ]
  %j.next = add nuw nsw i64 %j, 1
  %least = call i64 @llvm.umin.i64(i64 %j, i64 %bound)
  %fifth = icmp eq i64 %j, 5
  %but.fifth = select i1 %fifth, i64 0, i64 %j
  %index.p = getelementptr i64, ptr %index, i64 %i
  %read = load i64, ptr %index.p
  %first = icmp eq i64 %j, 0
  %or.read = select i1 %first, i64 %read, i64 %j
  %a = add i64 %least, %but.fifth
  %b = add i64 %or.read, %i.largest
  %c = add i64 %a, %b
  %x.p = getelementptr double, ptr %x, i64 %c
  %number = load double, ptr %x.p
  store double %number, ptr %y
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %cell, label %row.done
row.done:
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %row, label %done
done:
  ret void
}
