; RUN: dp-opt --pass=split_returns,verify --function=merged %s | filecheck %s --check-prefix=MERGED
; RUN: dp-opt --pass=split_returns,cfg --function=merged %s | filecheck %s --check-prefix=COLD
; RUN: dp-opt --pass=split_returns,verify --function=forwarded %s | filecheck %s --check-prefix=FORWARDED
; RUN: dp-opt --pass=split_returns,verify --function=all_errors %s | filecheck %s --check-prefix=ALL
; RUN: dp-opt --pass=split_returns,verify --function=switched %s | filecheck %s --check-prefix=SWITCHED
; RUN: dp-opt --pass=split_returns,verify --function=busy %s | filecheck %s --check-prefix=BUSY
; RUN: dp-opt --pass=split_returns,verify --function=forwarded_errors %s | filecheck %s --check-prefix=ERRORS

; MERGED:      br i1 %c, label %work, label %done.error
; MERGED:      work:
; MERGED-NEXT:   %status = call i32 @callee()
; MERGED-NEXT:   br i1 %c, label %done, label %more
; MERGED:      more:
; MERGED-NEXT:   br label %done
; MERGED:      done:
; MERGED-NEXT:   %result = phi i32 [ %status, %work ], [ 0, %more ]
; MERGED-NEXT:   ret i32 %result
; MERGED:      done.error:
; MERGED-NEXT:   ret i32 1

; COLD-DAG: %done -> end
; COLD-DAG: %done.error -> end  ; idom %entry, cold
define i32 @merged(i1 %c) {
entry:
  br i1 %c, label %work, label %done
work:
  %status = call i32 @callee()
  br i1 %c, label %done, label %more
more:
  br label %done
done:
  %result = phi i32 [ 1, %entry ], [ %status, %work ], [ 0, %more ]
  ret i32 %result
}

; A block that only forwards a merged status.
; FORWARDED:      entry:
; FORWARDED-NEXT:   br i1 %c, label %work, label %merge.error
; FORWARDED:      work:
; FORWARDED-NEXT:   br i1 %c, label %merge, label %done
; FORWARDED:      merge:
; FORWARDED-NEXT:   %inner = phi i32 [ -2, %work ]
; FORWARDED-NEXT:   ret i32 %inner
; FORWARDED:      done:
; FORWARDED-NEXT:   %result = phi i32 [ 0, %work ]
; FORWARDED-NEXT:   ret i32 %result
; FORWARDED:      merge.error:
; FORWARDED-NEXT:   ret i32 7
define i32 @forwarded(i1 %c) {
entry:
  br i1 %c, label %work, label %merge
work:
  br i1 %c, label %merge, label %done
merge:
  %inner = phi i32 [ 7, %entry ], [ -2, %work ]
  br label %done
done:
  %result = phi i32 [ %inner, %merge ], [ 0, %work ]
  ret i32 %result
}

; Nothing is left of a block that only errors reach.
; ALL:     br i1 %c, label %one, label %two
; ALL-NOT: done:
; ALL:     done.error:
; ALL-NEXT:  ret i32 1
; ALL:     done.error.1:
; ALL-NEXT:  ret i32 2
define i32 @all_errors(i1 %c) {
entry:
  br i1 %c, label %one, label %two
one:
  br label %done
two:
  br label %done
done:
  %result = phi i32 [ 1, %one ], [ 2, %two ]
  ret i32 %result
}

; Several edges from one block.
; SWITCHED:      switch i32 %n, label %work
; SWITCHED-SAME:   i32 1, label %done.error
; SWITCHED-SAME:   i32 2, label %done.error
; SWITCHED:      phi i32 [ 0, %work ]
define i32 @switched(i32 %n) {
entry:
  switch i32 %n, label %work [ i32 1, label %done
                               i32 2, label %done ]
work:
  br label %done
done:
  %result = phi i32 [ 1, %entry ], [ 1, %entry ], [ 0, %work ]
  ret i32 %result
}

; Work between the merge and the return is not duplicated.
; BUSY: phi i32 [ 1, %entry ], [ 0, %work ]
define i32 @busy(i1 %c) {
entry:
  br i1 %c, label %work, label %done
work:
  br label %done
done:
  %result = phi i32 [ 1, %entry ], [ 0, %work ]
  %status = call i32 @callee()
  ret i32 %result
}

declare i32 @callee()

; A forwarding block to which only errors come.
; ERRORS:     br i1 %c, label %one, label %other
; ERRORS-NOT: merge:
; ERRORS:     done:
; ERRORS-NEXT:  %result = phi i32 [ 0, %other ]
; ERRORS:     merge.error:
; ERRORS-NEXT:  ret i32 3
define i32 @forwarded_errors(i1 %c) {
entry:
  br i1 %c, label %one, label %other
one:
  br label %merge
other:
  br label %done
merge:
  %inner = phi i32 [ 3, %one ]
  br label %done
done:
  %result = phi i32 [ %inner, %merge ], [ 0, %other ]
  ret i32 %result
}
