; RUN: dp-opt --pass=cfg --function=diamond %s | filecheck %s --check-prefix=DIAMOND
; RUN: dp-opt --pass=cfg --function=status %s | filecheck %s --check-prefix=STATUS
; RUN: dp-opt --pass=cfg --function=forever %s | filecheck %s --check-prefix=FOREVER
; RUN: dp-opt --pass=cfg --function=number %s | filecheck %s --check-prefix=NUMBER
; RUN: dp-opt --pass=cfg --function=refuted %s | filecheck %s --check-prefix=REFUTED
; RUN: dp-opt --pass=cfg --function=half_refuted %s | filecheck %s --check-prefix=HALF

; DIAMOND:      control flow of @diamond
; DIAMOND-NEXT:   %entry -> %yes, %no  ; ipdom %join
; DIAMOND-NEXT:   %yes -> %join  ; idom %entry, ipdom %join
; DIAMOND-NEXT:   %no -> %join  ; idom %entry, ipdom %join
; DIAMOND-NEXT:   %join -> end  ; idom %entry
; DIAMOND-NOT:  unreachable
define void @diamond(i1 %c) {
entry:
  br i1 %c, label %yes, label %no
yes:
  br label %join
no:
  br label %join
unreachable:
  br label %join
join:
  ret void
}

; An error status makes cold what leads only there; None (-2) and an exhausted iterator (-3) are ordinary ends.
; STATUS:      %entry -> %work, %fail
; STATUS-NOT:  cold
; STATUS:      %work -> %ok, %none, %stop
; STATUS-NEXT: %ok -> end  ; idom %work
; STATUS-NEXT: %none -> end  ; idom %work
; STATUS-NEXT: %stop -> end  ; idom %work
; STATUS-NEXT: %fail -> %fail.user, %fail.system, %trap  ; idom %entry, cold
; STATUS-NEXT: %fail.user -> end  ; idom %fail, cold
; STATUS-NEXT: %fail.system -> end  ; idom %fail, cold
; STATUS-NEXT: %trap -> end  ; idom %fail, cold
define i32 @status(i1 %c, i32 %n) {
entry:
  br i1 %c, label %work, label %fail
work:
  switch i32 %n, label %ok [ i32 1, label %none
                             i32 2, label %stop ]
ok:
  ret i32 0
none:
  ret i32 -2
stop:
  ret i32 -3
fail:
  switch i32 %n, label %fail.user [ i32 1, label %fail.system
                                    i32 2, label %trap ]
fail.user:
  ret i32 1
fail.system:
  ret i32 -1
trap:
  unreachable
}

; What runs forever is cold, and has a place in the tree of post-dominators all the same.
; FOREVER:      %entry -> %spin, %done
; FOREVER-NEXT: %spin -> %spin.back  ; idom %entry, ipdom %spin.back, cold
; FOREVER-NEXT: %spin.back -> %spin  ; idom %spin, cold
; FOREVER-NEXT: %done -> end  ; idom %entry
define void @forever(i1 %c) {
entry:
  br i1 %c, label %spin, label %done
spin:
  br label %spin.back
spin.back:
  br label %spin
done:
  ret void
}

; Only an i32 is a status.
; NUMBER:     %entry -> end
; NUMBER-NOT: cold
define i64 @number() {
entry:
  ret i64 1
}

declare i32 @work(i32)

; A status that a switch found to be none of the normal ones is that of an exception, also behind a detour and through phis.
; REFUTED:      %entry -> %fail, %done
; REFUTED-NEXT: %fail -> %merge {{.*}} cold
; REFUTED-NEXT: %merge -> end {{.*}} cold
; REFUTED-NEXT: %done -> end  ; idom %entry
define i32 @refuted(i32 %n) {
entry:
  %status = call i32 @work(i32 %n)
  switch i32 %status, label %fail [ i32 -2, label %done
                                    i32 0, label %done ]
done:
  ret i32 0
fail:
  br label %merge
merge:
  %merged = phi i32 [ %status, %fail ]
  ret i32 %merged
}

; Where another way leads to the return, or a normal status is not among those refuted, it is no exception for sure.
; HALF-NOT: cold
define i32 @half_refuted(i32 %n, i1 %c) {
entry:
  %status = call i32 @work(i32 %n)
  br i1 %c, label %check, label %give
check:
  switch i32 %status, label %give [ i32 -2, label %again
                                    i32 0, label %again ]
again:
  %other = call i32 @work(i32 %n)
  switch i32 %other, label %hand.on [ i32 0, label %done ]
hand.on:
  ret i32 %other
done:
  ret i32 0
give:
  ret i32 %status
}
