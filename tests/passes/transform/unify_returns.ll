; RUN: dp-opt --pass=unify_returns --function=two %s | filecheck %s --check-prefix=TWO
; RUN: dp-opt --pass=unify_returns --function=nothing %s | filecheck %s --check-prefix=NOTHING
; RUN: dp-opt --pass=unify_returns --function=one %s | filecheck %s --check-prefix=ONE
; RUN: dp-opt --pass=unify_returns --function=none %s | filecheck %s --check-prefix=NONE
; RUN: dp-opt --pass=unify_returns,verify %s | filecheck %s --check-prefix=VERIFIED
; VERIFIED: define i32 @two

; Normal statuses meet in one block, and keep their values; an error keeps a return of its own.
; TWO:      yes:
; TWO-NEXT:   br label %normal.return
; TWO:      no:
; TWO-NEXT:   br label %normal.return
; TWO:      fail:
; TWO-NEXT:   ret i32 1
; TWO:      normal.return:
; TWO-NEXT:   %status = phi i32 [ 0, %yes ], [ -2, %no ]
; TWO-NEXT:   ret i32 %status
define i32 @two(i32 %n) {
entry:
  switch i32 %n, label %yes [ i32 1, label %no
                              i32 2, label %fail ]
yes:
  ret i32 0
no:
  ret i32 -2
fail:
  ret i32 1
}

; NOTHING:      normal.return:
; NOTHING-NEXT:   ret void
define void @nothing(i1 %c) {
entry:
  br i1 %c, label %yes, label %no
yes:
  ret void
no:
  ret void
}

; ONE-NOT: normal.return
define i32 @one(i1 %c) {
entry:
  br i1 %c, label %yes, label %no
yes:
  ret i32 0
no:
  ret i32 1
}

; NONE-NOT: normal.return
define i32 @none(i1 %c) {
entry:
  br i1 %c, label %yes, label %no
yes:
  ret i32 2
no:
  ret i32 1
}
