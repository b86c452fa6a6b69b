; RUN: dp-opt --pass=prepare,verify --function=counts %s | filecheck %s --check-prefix=COUNTS
; RUN: dp-opt --pass=prepare,verify --function=copies --set elements=double,double %s | filecheck %s --check-prefix=COPIES
; RUN: dp-opt --pass=prepare,verify --function=copies --set elements=i64,i64 %s | filecheck %s --check-prefix=INTEGERS
; RUN: dp-opt --pass=prepare,verify --function=looked_at --set elements=double,double %s | filecheck %s --check-prefix=LOOKED
; RUN: dp-opt --pass=prepare,verify --function=cleared --set elements=double %s | filecheck %s --check-prefix=CLEARED
; RUN: dp-opt --pass=prepare,verify --function=two_floats --set elements=float,float %s | filecheck %s --check-prefix=LANES
; RUN: dp-opt --pass=prepare,verify --function=merged --set elements=double,, %s | filecheck %s --check-prefix=MERGED
; RUN: dp-opt --pass=prepare,verify --function=pointers %s | filecheck %s --check-prefix=POINTERS
; RUN: dp-opt --pass=prepare,verify --function=forwarded %s | filecheck %s --check-prefix=FORWARDED
; RUN: dp-opt --pass=prepare,cfg --function=raises_in_a_loop %s | filecheck %s --check-prefix=RAISES
; RUN: dp-opt --pass=prepare,cfg --function=raises_with_an_odd_status %s | filecheck %s --check-prefix=ODD
; RUN: dp-opt --pass=prepare,cfg --function=raises_in_two_places %s | filecheck %s --check-prefix=TWO
; RUN: dp-opt --pass=prepare,verify --function=asked_of_exceptions %s | filecheck %s --check-prefix=ASKED
; RUN: not dp-opt --pass=prepare --function=copies --set elements=double,text %s | filecheck %s --check-prefix=WRONG

declare void @NRT_incref(ptr)
declare void @NRT_decref(ptr)
declare ptr @NRT_MemInfo_data_fast(ptr)
declare void @llvm.lifetime.start.p0(i64, ptr)
declare void @llvm.assume(i1)
declare void @free(ptr)

; WRONG: an element is {{.*}}not text

; Memory of a derivative lives in an arena: nobody counts references and nobody frees.
; COUNTS-NOT: call
; COUNTS:     %[[FIELD:[a-z.0-9]+]] = getelementptr i8, ptr %info, i64 24
; COUNTS-NEXT: load ptr, ptr %[[FIELD]]
; COUNTS-NOT: call
define i32 @counts(ptr %info, ptr %y, i1 %c) {
  call void @NRT_incref(ptr %info)
  call void @llvm.assume(i1 %c)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  %v = load double, ptr %data
  store double %v, ptr %y
  call void @NRT_decref(ptr %info)
  call void @free(ptr %info)
  ret i32 0
}

; A number copied as an integer is copied as a float where floats live, and only there.
; COPIES:     load double
; COPIES:     store double
; COPIES-NOT: i64,
; INTEGERS:   load i64
; INTEGERS:   store i64
define i32 @copies(ptr %x, ptr %y) {
  %bits = load i64, ptr %x
  store i64 %bits, ptr %y
  ret i32 0
}

; Who looks at the bits still gets them.
; LOOKED-DAG: load double
; LOOKED-DAG: %bits = load i64
; LOOKED-DAG: store double
; LOOKED-DAG: icmp slt i64 %bits, 0
define i32 @looked_at(ptr %x, ptr %y) {
  %bits = load i64, ptr %x
  store i64 %bits, ptr %y
  %negative = icmp slt i64 %bits, 0
  %status = select i1 %negative, i32 0, i32 -2
  ret i32 %status
}

; CLEARED: store double 0x0000000000000000
define i32 @cleared(ptr %x) {
  store i64 0, ptr %x
  ret i32 0
}

; Eight bytes are two floats.
; LANES-COUNT-2: load float
; LANES-COUNT-2: store float
define i32 @two_floats(ptr %x, ptr %y) {
  %bits = load i64, ptr %x
  store i64 %bits, ptr %y
  ret i32 0
}

; Through a merge, with a literal.
; MERGED: phi double [ {{.*}}, %entry ], [ 0x3FF0000000000000, %other ]
; MERGED: store double
define i32 @merged(ptr %x, ptr %y, i1 %c) {
entry:
  %bits = load i64, ptr %x
  br i1 %c, label %other, label %join
other:
  br label %join
join:
  %merged = phi i64 [ %bits, %entry ], [ 4607182418800017408, %other ]
  store i64 %merged, ptr %y
  ret i32 0
}

; POINTERS: load ptr, ptr
; POINTERS: store ptr
; POINTERS: load ptr, ptr %other
define i32 @pointers(ptr %x, ptr %y) {
  %slot = alloca ptr
  %other = alloca ptr
  store ptr %x, ptr %slot
  %bits = load i64, ptr %slot
  store i64 %bits, ptr %other
  %p = load ptr, ptr %other
  %v = load double, ptr %p
  store double %v, ptr %y
  ret i32 0
}

; A float that LLVM forwarded to an integer load, and bits that become a float again.
; FORWARDED: %[[PHI:.*]] = phi double [ %square, %entry ], [ %{{.*}}, %other ]
; FORWARDED: store double %[[PHI]]
; FORWARDED-NOT: bitcast i64
; FORWARDED: fmul double %[[PHI]], 2.0
define i32 @forwarded(ptr %x, ptr %y, i1 %c) {
entry:
  %v = load double, ptr %x
  %square = fmul double %v, %v
  %bits = bitcast double %square to i64
  br i1 %c, label %other, label %join
other:
  %loaded = load i64, ptr %y
  br label %join
join:
  %merged = phi i64 [ %bits, %entry ], [ %loaded, %other ]
  store i64 %merged, ptr %x
  %number = bitcast i64 %merged to double
  %twice = fmul double %number, 2.0
  store double %twice, ptr %y
  ret i32 0
}

define i32 @always_raises(ptr %excinfo) {
  store ptr null, ptr %excinfo
  ret i32 1
}

; Loop-closed form hands the status out of the loop through a phi: it is that of an exception all the same.
; RAISES:     control flow of @raises_in_a_loop
; RAISES:     %fail -> {{.*}} cold
; RAISES:     %out{{.*}} cold
define i32 @raises_in_a_loop(ptr %excinfo, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %bad = icmp eq i64 %i, 7
  br i1 %bad, label %fail, label %latch
fail:
  %status = call i32 @always_raises(ptr %excinfo)
  switch i32 %status, label %out [ i32 0, label %latch
                                   i32 -2, label %latch ]
latch:
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %end
out:
  %status.lcssa = phi i32 [ %status, %fail ]
  br label %end
end:
  %result = phi i32 [ 0, %latch ], [ %status.lcssa, %out ]
  ret i32 %result
}

; The front end writes `or STATUS, 1`, by which LLVM sees that it is no normal one.
; ODD:     %fail -> {{.*}} cold
define i32 @raises_with_an_odd_status(ptr %excinfo, i1 %bad) {
entry:
  br i1 %bad, label %fail, label %end
fail:
  %status = call i32 @always_raises(ptr %excinfo)
  %odd = or i32 %status, 1
  br label %end
end:
  %result = phi i32 [ 0, %entry ], [ %odd, %fail ]
  ret i32 %result
}

; Where two blocks end alike, LLVM merges what follows the calls.
; TWO:     %left -> {{.*}} cold
; TWO:     %right -> {{.*}} cold
; TWO:     %fail -> {{.*}} cold
define i32 @raises_in_two_places(ptr %excinfo, i1 %bad, i1 %worse) {
entry:
  br i1 %bad, label %left, label %checked
checked:
  br i1 %worse, label %right, label %end
left:
  %one = call i32 @always_raises(ptr %excinfo)
  br label %fail
right:
  %other = call i32 @always_raises(ptr %excinfo)
  br label %fail
fail:
  %status = phi i32 [ %one, %left ], [ %other, %right ]
  %odd = or i32 %status, 1
  br label %end
end:
  %result = phi i32 [ 0, %checked ], [ %odd, %fail ]
  ret i32 %result
}

; A caller into which this was inlined asks whether nothing was returned.
; ASKED:     define i32 @asked_of_exceptions
; ASKED-NOT: more:
; ASKED:     fail:
; ASKED-NEXT:  %status = phi i32
; ASKED-NEXT:  %nothing = icmp
; ASKED-NEXT:  br label %raised
; ASKED:     ret i32 %status
define i32 @asked_of_exceptions(ptr %excinfo, i1 %bad, i1 %worse) {
entry:
  br i1 %bad, label %left, label %checked
checked:
  br i1 %worse, label %right, label %end
left:
  %one = call i32 @always_raises(ptr %excinfo)
  br label %fail
right:
  br label %fail
fail:
  %status = phi i32 [ %one, %left ], [ 1, %right ]
  %nothing = icmp eq i32 %status, -2
  br i1 %nothing, label %more, label %raised
more:
  call void @work()
  br label %end
raised:
  br label %end
end:
  %result = phi i32 [ 0, %checked ], [ 0, %more ], [ %status, %raised ]
  ret i32 %result
}

declare void @work()
