; RUN: dp-opt --pass=reducible,verify --function=doors %s | filecheck %s --check-prefix=DOORS
; RUN: dp-opt --pass=reducible --function=loop %s | filecheck %s --check-prefix=LOOP

; All ways to the two doors lead through one block, which takes over their merges.
; DOORS-LABEL: define void @doors(
; DOORS:         br i1 %c, label %[[LEFT:.*]], label %[[RIGHT:.*]]
; DOORS:       first:
; DOORS-NOT:     phi
; DOORS:         br i1 %c, label %[[ACROSS:.*]], label %end
; DOORS:       second:
; DOORS-NEXT:    br label %[[BACK:.*]]
; DOORS:       first.hub:
; DOORS-NEXT:    %way = phi i32 [ 0, %[[LEFT]] ], [ 0, %[[BACK]] ], [ 1, %[[RIGHT]] ], [ 1, %[[ACROSS]] ]
; DOORS-NEXT:    [[MERGE:%.*]] = phi double [ %x, %[[LEFT]] ], [ 1.0, %[[BACK]] ], [ 0x{{0+}}, %[[RIGHT]] ], [ 0x{{0+}}, %[[ACROSS]] ]
; DOORS-NEXT:    switch i32 %way, label %first [ i32 1, label %second ]
define void @doors(i1 %c, double %x) {
entry:
  br i1 %c, label %first, label %second
first:
  %v = phi double [ %x, %entry ], [ 1.0, %second ]
  br i1 %c, label %second, label %end
second:
  br label %first
end:
  ret void
}

; A natural loop stays what it was.
; LOOP:      loop:
; LOOP-NEXT:   br i1 %c, label %loop, label %end
; LOOP-NOT:  hub
define void @loop(i1 %c) {
entry:
  br label %loop
loop:
  br i1 %c, label %loop, label %end
end:
  ret void
}
