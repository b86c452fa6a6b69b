; What all threads of a block compute alike, and threads that return where others still wait.

; RUN: dp-opt --pass=uniform --function=values %s | filecheck %s --check-prefix=VALUES
; RUN: dp-opt --pass=uniform --function=reduction %s | filecheck %s --check-prefix=REDUCTION
; RUN: dp-opt --pass=uniform --function=early %s | filecheck %s --check-prefix=EARLY
; RUN: dp-opt --pass=uniform --function=between %s | filecheck %s --check-prefix=BETWEEN
; RUN: dp-opt --pass=uniform --function=shares_and_leaves %s | filecheck %s --check-prefix=SHARES
; RUN: dp-opt --pass=uniform --function=leaves_its_own %s | filecheck %s --check-prefix=OWN
; RUN: dp-opt --pass=uniform --function=adds_and_leaves %s | filecheck %s --check-prefix=ADDS
; RUN: dp-opt --pass=uniform --function=as_they_vote %s | filecheck %s --check-prefix=VOTE
; RUN: dp-opt --pass=adjoint --set target=device --function=as_they_vote %s | filecheck %s --check-prefix=MIRROR
; RUN: dp-opt --pass=uniform --function=some_iterations %s | filecheck %s --check-prefix=ITERATIONS

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare i1 @llvm.nvvm.barrier.cta.red.or.aligned.all(i32, i1)

; VALUES:     what differs
; VALUES-NOT: %size
; VALUES:     %t
; VALUES-NOT: %bound
; VALUES:     %own
; VALUES:     %chosen
; VALUES-NOT: %both
; VALUES:     astray at nowhere
define i32 @values(ptr %x, i32 %n) {
entry:
  %size = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %bound = load i32, ptr %x
  %place = getelementptr i32, ptr %x, i32 %t
  %own = load i32, ptr %place
  %first = icmp eq i32 %t, 0
  br i1 %first, label %some, label %joined
some:
  br label %joined
joined:
  %chosen = phi i32 [ 1, %entry ], [ 2, %some ]
  %many = icmp sgt i32 %bound, 8
  br i1 %many, label %all, label %done
all:
  br label %done
done:
  %both = phi i32 [ 1, %joined ], [ 2, %all ]
  ret i32 0
}

; REDUCTION: astray at nowhere
define i32 @reduction(ptr %x, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  br label %loop
loop:
  %step = phi i32 [ %n, %entry ], [ %half, %next ]
  %takes.part = icmp slt i32 %t, %step
  br i1 %takes.part, label %add, label %next
add:
  %place = getelementptr double, ptr %x, i32 %t
  %old = load double, ptr %place
  store double %old, ptr %place
  br label %next
next:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %half = lshr i32 %step, 1
  %more = icmp ne i32 %half, 0
  br i1 %more, label %loop, label %last
last:
  %first = icmp eq i32 %t, 0
  br i1 %first, label %write, label %done
write:
  store double 1.0, ptr %x
  br label %done
done:
  ret i32 0
}

; Who returns before the first barrier has none to wait at.
; EARLY: astray at nowhere
define i32 @early(ptr %x, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %inside = icmp slt i32 %t, %n
  br i1 %inside, label %go, label %done
go:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  store double 1.0, ptr %x
  br label %done
done:
  ret i32 0
}

; BETWEEN: astray at %go
define i32 @between(ptr %x, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  br label %go
go:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %inside = icmp slt i32 %t, %n
  br i1 %inside, label %on, label %done
on:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %done
done:
  ret i32 0
}

; What one who returns wrote, and others read behind the barrier, has its cotangent only when they have been there.
; SHARES: too early what others share at %entry
define i32 @shares_and_leaves(ptr %x, ptr %y, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  store double 1.0, ptr %x
  %inside = icmp slt i32 %t, %n
  br i1 %inside, label %go, label %done
go:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = load double, ptr %x
  store double %v, ptr %y
  br label %done
done:
  ret i32 0
}

; Nobody looks at it, what both read is no matter, and what waits is another.
; OWN: too early what others share at nowhere
define i32 @leaves_its_own(ptr %x, ptr %y, ptr %z, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %v = load double, ptr %x
  store double %v, ptr %z
  %inside = icmp slt i32 %t, %n
  br i1 %inside, label %go, label %done
go:
  store double %v, ptr %y
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %w = load double, ptr %x
  %old = load double, ptr %y
  store double %w, ptr %y
  br label %done
done:
  ret i32 0
}

; The order of additions is no matter, but they come before what reads the sum.
; ADDS: too early what others share at %out
define i32 @adds_and_leaves(ptr %x, ptr %y, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %a = atomicrmw fadd ptr %x, double 1.0 monotonic
  %inside = icmp slt i32 %t, %n
  br i1 %inside, label %go, label %out
out:
  %b = atomicrmw fadd ptr %y, double 1.0 monotonic
  br label %done
go:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %c = atomicrmw fadd ptr %x, double 1.0 monotonic
  %v = load double, ptr %y
  br label %done
done:
  ret i32 0
}

; ITERATIONS: astray at %loop
define i32 @some_iterations(ptr %x, i32 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %t
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; All threads know what they have voted; the mirror of a vote is a barrier.
; VOTE:     what differs
; VOTE:     %own
; VOTE-NOT: %any
; VOTE:     astray at nowhere
; MIRROR-LABEL: define {{.*}}@as_they_vote.reverse
; MIRROR-NOT:   barrier.cta.red
; MIRROR:       call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
; MIRROR-NOT:   barrier.cta.red
define i32 @as_they_vote(ptr %x, ptr %y) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %place = getelementptr double, ptr %x, i32 %t
  br label %loop
loop:
  %own = load double, ptr %place
  %square = fmul double %own, %own
  store double %square, ptr %place
  %large = fcmp ogt double %square, 1.0
  %any = call i1 @llvm.nvvm.barrier.cta.red.or.aligned.all(i32 0, i1 %large)
  br i1 %any, label %loop, label %done
done:
  ret i32 0
}
