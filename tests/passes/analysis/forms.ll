; Which loops are interchanged in the reverse sweep, and which are not.

; RUN: dp-opt --pass=forms --function=product --set elements=double,double,double,, %s | filecheck %s --check-prefix=PRODUCT
; RUN: dp-opt --pass=forms --function=rows_by_rows --set elements=double,double,double,, %s | filecheck %s --check-prefix=ROWS
; RUN: dp-opt --pass=forms --function=triangle --set elements=double,double,double, %s | filecheck %s --check-prefix=TRIANGLE
; RUN: dp-opt --pass=forms --function=running --set elements=double,double,double,, %s | filecheck %s --check-prefix=RUNNING
; RUN: dp-opt --pass=forms --function=left_early --set elements=double,double,double,, %s | filecheck %s --check-prefix=EARLY
; RUN: dp-opt --pass=forms --function=of_the_row_before --set elements=double,double,, %s | filecheck %s --check-prefix=BEFORE

; PRODUCT:      forms of @product
; PRODUCT-NEXT: loops column and term: interchanged; %a summed; 0 checks
define i32 @product(ptr %x, ptr %y, ptr %z, i64 %columns, i64 %rows) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %y.column = getelementptr double, ptr %y, i64 %j
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ 0.0, %column ], [ %s.next, %term ]
  %x.p = getelementptr double, ptr %x, i64 %k
  %a = load double, ptr %x.p
  %row = mul i64 %k, %columns
  %y.p = getelementptr double, ptr %y.column, i64 %row
  %b = load double, ptr %y.p
  %ab = fmul double %a, %b
  %s.next = fadd double %s, %ab
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ]
  %z.p = getelementptr double, ptr %z, i64 %j
  store double %sum, ptr %z.p
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; The strides are short as they are.
; ROWS: forms of @rows_by_rows: none
define i32 @rows_by_rows(ptr %x, ptr %y, ptr %z, i64 %columns, i64 %rows) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %place = mul i64 %j, %rows
  %y.row = getelementptr double, ptr %y, i64 %place
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ 0.0, %column ], [ %s.next, %term ]
  %x.p = getelementptr double, ptr %x, i64 %k
  %a = load double, ptr %x.p
  %y.p = getelementptr double, ptr %y.row, i64 %k
  %b = load double, ptr %y.p
  %ab = fmul double %a, %b
  %s.next = fadd double %s, %ab
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ]
  %z.p = getelementptr double, ptr %z, i64 %j
  store double %sum, ptr %z.p
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; How many terms there are depends on the column.
; TRIANGLE: forms of @triangle: none
define i32 @triangle(ptr %x, ptr %y, ptr %z, i64 %columns) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %j.next = add nuw nsw i64 %j, 1
  %y.column = getelementptr double, ptr %y, i64 %j
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ 0.0, %column ], [ %s.next, %term ]
  %x.p = getelementptr double, ptr %x, i64 %k
  %a = load double, ptr %x.p
  %row = mul i64 %k, %columns
  %y.p = getelementptr double, ptr %y.column, i64 %row
  %b = load double, ptr %y.p
  %ab = fmul double %a, %b
  %s.next = fadd double %s, %ab
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %j.next
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ]
  %z.p = getelementptr double, ptr %z, i64 %j
  store double %sum, ptr %z.p
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; Each term hands a cotangent of its own on.
; RUNNING: forms of @running: none
define i32 @running(ptr %x, ptr %y, ptr %z, i64 %columns, i64 %rows) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %y.column = getelementptr double, ptr %y, i64 %j
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ 0.5, %column ], [ %s.next, %term ]
  %x.p = getelementptr double, ptr %x, i64 %k
  %a = load double, ptr %x.p
  %row = mul i64 %k, %columns
  %y.p = getelementptr double, ptr %y.column, i64 %row
  %b = load double, ptr %y.p
  %ab = fmul double %a, %b
  %sab = fmul double %s, %ab
  %s.next = fadd double %s, %sab
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ]
  %z.p = getelementptr double, ptr %z, i64 %j
  store double %sum, ptr %z.p
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; EARLY: forms of @left_early: none
define i32 @left_early(ptr %x, ptr %y, ptr %z, i64 %columns, i64 %rows) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %y.column = getelementptr double, ptr %y, i64 %j
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term.next ]
  %s = phi double [ 0.0, %column ], [ %s.next, %term.next ]
  %x.p = getelementptr double, ptr %x, i64 %k
  %a = load double, ptr %x.p
  %row = mul i64 %k, %columns
  %y.p = getelementptr double, ptr %y.column, i64 %row
  %b = load double, ptr %y.p
  %ab = fmul double %a, %b
  %s.next = fadd double %s, %ab
  %enough = fcmp ogt double %s.next, 10.0
  br i1 %enough, label %column.done, label %term.next
term.next:
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ], [ %s.next, %term.next ]
  %z.p = getelementptr double, ptr %z, i64 %j
  store double %sum, ptr %z.p
  %j.next = add nuw nsw i64 %j, 1
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}

; Terms are the sum of the column before, to whose cotangent they add before that is consumed.
; BEFORE:     forms of @of_the_row_before
; BEFORE-NOT: interchanged
define i32 @of_the_row_before(ptr %x, ptr %y, i64 %columns, i64 %rows) {
entry:
  br label %column
column:
  %j = phi i64 [ 0, %entry ], [ %j.next, %column.done ]
  %before = getelementptr double, ptr %x, i64 %j
  %j.next = add nuw nsw i64 %j, 1
  %here = getelementptr double, ptr %x, i64 %j.next
  br label %term
term:
  %k = phi i64 [ 0, %column ], [ %k.next, %term ]
  %s = phi double [ 0.0, %column ], [ %s.next, %term ]
  %b = load double, ptr %before
  %s.next = fadd double %s, %b
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %rows
  br i1 %more, label %term, label %column.done
column.done:
  %sum = phi double [ %s.next, %term ]
  store double %sum, ptr %here
  %more.columns = icmp slt i64 %j.next, %columns
  br i1 %more.columns, label %column, label %done
done:
  ret i32 0
}
