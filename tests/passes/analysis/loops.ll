; RUN: dp-opt --pass=loops --function=nest %s | filecheck %s --check-prefix=NEST
; RUN: dp-opt --pass=loops --function=raising %s | filecheck %s --check-prefix=RAISING
; RUN: dp-opt --pass=loops --function=cold_cycle %s | filecheck %s --check-prefix=COLD
; RUN: not dp-opt --pass=loops --function=irreducible %s | filecheck %s --check-prefix=IRREDUCIBLE
; RUN: not dp-opt --pass=loops --function=two_latches %s | filecheck %s --check-prefix=LATCHES
; RUN: not dp-opt --pass=loops --function=no_preheader %s | filecheck %s --check-prefix=PREHEADER
; RUN: not dp-opt --pass=loops --function=shared_exit %s | filecheck %s --check-prefix=EXIT

; NEST:      loops of @nest
; NEST-NEXT:   loop %outer latch %outer.latch preheader %entry exits %outer.latch -> %done
; NEST-NEXT:     loop %first latch %first preheader %outer exits %first -> %between
; NEST-NEXT:     loop %second latch %second preheader %between exits %second -> %outer.latch
define void @nest(i1 %c) {
entry:
  br label %outer
outer:
  br label %first
first:
  br i1 %c, label %first, label %between
between:
  br label %second
second:
  br i1 %c, label %second, label %outer.latch
outer.latch:
  br i1 %c, label %outer, label %done
done:
  ret void
}

; Two normal exits, one of them out of both loops, and one by an exception.
; RAISING:      loop %outer latch %outer.latch preheader %entry exits %body -> %found, %outer.latch -> %done, cold %inner -> %fail
; RAISING-NEXT:   loop %inner latch %inner.latch preheader %outer exits %body -> %found, %inner.latch -> %outer.latch, cold %inner -> %fail
define i32 @raising(i1 %c) {
entry:
  br label %outer
outer:
  br label %inner
inner:
  br i1 %c, label %body, label %fail
body:
  br i1 %c, label %inner.latch, label %found
inner.latch:
  br i1 %c, label %inner, label %outer.latch
outer.latch:
  br i1 %c, label %outer, label %done
found:
  ret i32 0
done:
  ret i32 0
fail:
  ret i32 1
}

; Loops that only an exception reaches are left out, whatever their shape.
; COLD:     loops of @cold_cycle
; COLD-NOT: loop %
define i32 @cold_cycle(i1 %c) {
entry:
  br i1 %c, label %done, label %fail
done:
  ret i32 0
fail:
  br i1 %c, label %one, label %other
one:
  br label %other
other:
  br i1 %c, label %one, label %end
end:
  ret i32 1
}

; IRREDUCIBLE: dp-opt: @irreducible has a cycle through %other that can be entered elsewhere
define void @irreducible(i1 %c) {
entry:
  br i1 %c, label %one, label %other
one:
  br label %other
other:
  br i1 %c, label %one, label %end
end:
  ret void
}

; LATCHES: dp-opt: the loop at %head of @two_latches has several latches
define void @two_latches(i1 %c) {
entry:
  br label %head
head:
  br i1 %c, label %one, label %other
one:
  br label %head
other:
  br i1 %c, label %head, label %end
end:
  ret void
}

; PREHEADER: dp-opt: the loop at %head has no preheader
define void @no_preheader(i1 %c) {
entry:
  br i1 %c, label %head, label %end
head:
  br i1 %c, label %head, label %leave
leave:
  br label %end
end:
  ret void
}

; EXIT: dp-opt: the loop exit %end is also reached from outside the loop at %head
define void @shared_exit(i1 %c) {
entry:
  br i1 %c, label %before, label %end
before:
  br label %head
head:
  br i1 %c, label %head, label %end
end:
  ret void
}
