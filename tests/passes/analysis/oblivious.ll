; What decides how a program goes on: integers by value and shapes may, numbers and what lies in memory make it no longer
; oblivious.

; RUN: dp-opt --pass=oblivious --function=stencil %s | filecheck %s --check-prefix=STENCIL
; RUN: dp-opt --pass=oblivious --function=branch %s | filecheck %s --check-prefix=BRANCH
; RUN: dp-opt --pass=oblivious --function=raises %s | filecheck %s --check-prefix=RAISES
; RUN: dp-opt --pass=oblivious --function=chosen %s | filecheck %s --check-prefix=CHOSEN
; RUN: dp-opt --pass=oblivious --function=gathered --set kinds=duplicated,const,duplicated %s | filecheck %s --check-prefix=GATHERED
; RUN: dp-opt --pass=oblivious --function=rounded %s | filecheck %s --check-prefix=ROUNDED
; RUN: dp-opt --pass=oblivious --function=carried %s | filecheck %s --check-prefix=CARRIED
; RUN: dp-opt --pass=oblivious --function=swapped %s | filecheck %s --check-prefix=SWAPPED
; RUN: dp-opt --pass=oblivious --function=either %s | filecheck %s --check-prefix=EITHER
; RUN: dp-opt --pass=oblivious --function=apart %s | filecheck %s --check-prefix=APART
; RUN: dp-opt --pass=oblivious --function=sized %s | filecheck %s --check-prefix=SIZED
; RUN: dp-opt --pass=oblivious --function=calls %s | filecheck %s --check-prefix=CALLS

declare double @llvm.sin.f64(double)
declare i64 @llvm.smax.i64(i64, i64)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)

; STENCIL: @{{.*}}: oblivious
define i32 @stencil(ptr %x, ptr %y, i64 %n) {
entry:
  %last = call i64 @llvm.smax.i64(i64 %n, i64 1)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %i.next = add nsw i64 %i, 1
  %p = getelementptr double, ptr %x, i64 %i.next
  %v = load double, ptr %p
  %s = call double @llvm.sin.f64(double %v)
  %q = getelementptr double, ptr %y, i64 %i
  store double %s, ptr %q
  %more = icmp slt i64 %i.next, %last
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; BRANCH: data decide at
; BRANCH-NEXT: br in entry
define i32 @branch(double %a, ptr %y) {
entry:
  %positive = fcmp ogt double %a, 0.0
  br i1 %positive, label %yes, label %done
yes:
  store double %a, ptr %y
  br label %done
done:
  ret i32 0
}

; RAISES: @{{.*}}: oblivious
define i32 @raises(double %a, ptr %y) {
entry:
  %positive = fcmp ogt double %a, 0.0
  br i1 %positive, label %yes, label %error
yes:
  store double %a, ptr %y
  ret i32 0
error:
  ret i32 1
}

; CHOSEN: @{{.*}}: oblivious
define i32 @chosen(double %a, double %b, ptr %y) {
  %less = fcmp olt double %a, %b
  %value = select i1 %less, double %a, double %b
  store double %value, ptr %y
  ret i32 0
}

; GATHERED: data decide at
; GATHERED-NEXT: %p in
define i32 @gathered(ptr %x, ptr %index, ptr %y) {
  %i = load i64, ptr %index
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; ROUNDED: data decide at
; ROUNDED-NEXT: %p in
define i32 @rounded(ptr %x, double %a, ptr %y) {
  %i = fptosi double %a to i64
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; Data reach the second turn's branch by way of a phi.
; CARRIED: data decide at
; CARRIED-NEXT: br in loop
define i32 @carried(ptr %x, ptr %y) {
entry:
  br label %loop
loop:
  %state = phi i64 [ 0, %entry ], [ %chosen, %next ]
  %last = icmp sgt i64 %state, 3
  br i1 %last, label %done, label %next
next:
  %v = load double, ptr %x
  %positive = fcmp ogt double %v, 0.0
  %chosen = select i1 %positive, i64 4, i64 1
  br label %loop
done:
  store double 1.0, ptr %y
  ret i32 0
}

; Buffers that change places do so whatever is in them.
; SWAPPED: @{{.*}}: oblivious
define i32 @swapped(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %old = phi ptr [ %x, %entry ], [ %new, %loop ]
  %new = phi ptr [ %y, %entry ], [ %old, %loop ]
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %v = load double, ptr %old
  store double %v, ptr %new
  %i.next = add nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}

; EITHER: data decide at
; EITHER-NEXT: %p in
define i32 @either(double %a, ptr %x, ptr %y) {
  %positive = fcmp ogt double %a, 0.0
  %p = select i1 %positive, ptr %x, ptr %y
  store double %a, ptr %p
  ret i32 0
}

; Where arrays lie is no property of the arguments.
; APART: data decide at
; APART-NEXT: br in entry
define i32 @apart(ptr %x, ptr %y) {
entry:
  %before = icmp ult ptr %x, %y
  br i1 %before, label %yes, label %done
yes:
  store double 1.0, ptr %y
  br label %done
done:
  ret i32 0
}

; SIZED: data decide at
; SIZED-NEXT: call in
define i32 @sized(ptr %x, ptr %y, ptr %count) {
  %size = load i64, ptr %count
  call void @llvm.memmove.p0.p0.i64(ptr %y, ptr %x, i64 %size, i1 false)
  ret i32 0
}

; What a callee decides is not looked at.
; CALLS: data decide at
; CALLS-NEXT: %status in
define i32 @calls(double %a, ptr %y) {
  %status = call i32 @helper(double %a, ptr %y)
  ret i32 0
}

define internal i32 @helper(double %a, ptr %p) {
  store double %a, ptr %p
  ret i32 0
}
