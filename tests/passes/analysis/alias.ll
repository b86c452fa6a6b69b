; RUN: dp-opt --pass=alias --function=arguments %s | filecheck %s --check-prefix=ARGUMENTS
; RUN: dp-opt --pass=alias --function=swap %s | filecheck %s --check-prefix=SWAP
; RUN: dp-opt --pass=alias --function=through_memory %s | filecheck %s --check-prefix=MEMORY
; RUN: dp-opt --pass=alias --function=allocations %s | filecheck %s --check-prefix=ALLOCATIONS
; RUN: dp-opt --pass=alias --function=copied_pointers %s | filecheck %s --check-prefix=COPIED
; RUN: dp-opt --pass=alias --function=moves_up %s | filecheck %s --check-prefix=UP
; RUN: dp-opt --pass=alias --function=goes_round %s | filecheck %s --check-prefix=ROUND
; RUN: dp-opt --pass=alias --function=globals %s | filecheck %s --check-prefix=GLOBALS
; RUN: dp-opt --pass=alias --function=addresses %s | filecheck %s --check-prefix=ADDRESSES
; RUN: dp-opt --pass=alias --function=calls %s | filecheck %s --check-prefix=CALLS

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare ptr @malloc(i64)
declare ptr @NRT_MemInfo_alloc_aligned(i64, i32)
declare ptr @NRT_MemInfo_data_fast(ptr)
declare ptr @mystery(ptr)

; Arguments are apart; what a pointer steps to stays in its object.
; ARGUMENTS:      %x: argument %x
; ARGUMENTS-NEXT: %y: argument %y
; ARGUMENTS-NEXT: %p: argument %x
; ARGUMENTS-NEXT: %either: argument %x, argument %y
define void @arguments(ptr %x, ptr %y, i64 %i, i1 %c) {
  %p = getelementptr double, ptr %x, i64 %i
  %either = select i1 %c, ptr %p, ptr %y
  ret void
}

; In some iteration each of two pointers that change places points where the other one did.
; SWAP: %from: argument %x, argument %y
; SWAP: %to: argument %x, argument %y
; SWAP: %p: argument %x, argument %y
define void @swap(ptr %x, ptr %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %from = phi ptr [ %x, %entry ], [ %to, %loop ]
  %to = phi ptr [ %y, %entry ], [ %from, %loop ]
  %p = getelementptr double, ptr %to, i64 %i
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

; Fields at constant offsets are told apart; at a varying offset lies either, and what is stored there is seen by all.
; MEMORY: %pair: stack %pair
; MEMORY: %first: argument %x
; MEMORY: %either: argument %x, argument %y
; MEMORY: %third: argument %x, argument %z
; MEMORY: %copied: argument %y
; MEMORY: in stack %pair: argument %x, argument %y
define void @through_memory(ptr %x, ptr %y, ptr %z, i64 %i) {
  %pair = alloca { ptr, ptr }
  %second = getelementptr { ptr, ptr }, ptr %pair, i64 0, i32 1
  store ptr %x, ptr %pair
  store ptr %y, ptr %second
  %first = load ptr, ptr %pair
  %varying = getelementptr ptr, ptr %pair, i64 %i
  %either = load ptr, ptr %varying
  %row = alloca [2 x ptr]
  store ptr %x, ptr %row
  %somewhere = getelementptr ptr, ptr %row, i64 %i
  store ptr %z, ptr %somewhere
  %third = load ptr, ptr %row
  %twin = alloca { ptr, ptr }
  call void @llvm.memcpy.p0.p0.i64(ptr %twin, ptr %pair, i64 16, i1 false)
  %twin.second = getelementptr i8, ptr %twin, i64 8
  %copied = load ptr, ptr %twin.second
  ret void
}

; One object an allocation site; a MemInfo holds the pointer to its data.
; ALLOCATIONS: %raw: heap %raw
; ALLOCATIONS: %info: header %info
; ALLOCATIONS: %data: heap %info
; ALLOCATIONS: in header %info: heap %info
define void @allocations() {
  %raw = call ptr @malloc(i64 8)
  %info = call ptr @NRT_MemInfo_alloc_aligned(i64 8, i32 32)
  %data = call ptr @NRT_MemInfo_data_fast(ptr %info)
  ret void
}

; A copy of memory copies the pointers in it.
; COPIED: %found: argument %x
; COPIED: in stack %other: argument %x
define void @copied_pointers(ptr %x) {
  %slot = alloca ptr
  %other = alloca ptr
  store ptr %x, ptr %slot
  call void @llvm.memcpy.p0.p0.i64(ptr %other, ptr %slot, i64 8, i1 false)
  %found = load ptr, ptr %other
  ret void
}

; Memory that moves within an object moves ever further.
; UP: %found: argument %x
define void @moves_up(ptr %x, i1 %c) {
entry:
  %row = alloca [4 x ptr]
  %second = getelementptr i8, ptr %row, i64 8
  store ptr %x, ptr %second
  br label %loop
loop:
  call void @llvm.memcpy.p0.p0.i64(ptr %row, ptr %second, i64 24, i1 false)
  br i1 %c, label %loop, label %done
done:
  %found = load ptr, ptr %row
  ret void
}

; So it does on its way round through two.
; ROUND: %found: argument %x
define void @goes_round(ptr %x, i1 %c) {
entry:
  %row = alloca [4 x ptr]
  %other = alloca [4 x ptr]
  %second = getelementptr i8, ptr %row, i64 8
  store ptr %x, ptr %second
  br label %loop
loop:
  call void @llvm.memcpy.p0.p0.i64(ptr %other, ptr %row, i64 24, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %second, ptr %other, i64 24, i1 false)
  br i1 %c, label %loop, label %done
done:
  %last = getelementptr i8, ptr %row, i64 24
  %found = load ptr, ptr %last
  ret void
}

; What a global points to is known to nobody, nor is where the caller's memory leads.
; GLOBALS: %p: unknown
; GLOBALS: %q: unknown
; GLOBALS: %either: argument %x, global @table
@table = internal constant [4 x double] zeroinitializer
@cell = internal global ptr null
define void @globals(ptr %x, i1 %c) {
  %p = load ptr, ptr @cell
  %q = load ptr, ptr %x
  %either = select i1 %c, ptr %x, ptr getelementptr (double, ptr @table, i64 2)
  ret void
}

; Addresses are followed through integers, and never trusted.
; ADDRESSES: %p: argument %x, unknown
; ADDRESSES: %q: argument %x
; ADDRESSES: %r: unknown
define void @addresses(ptr %x, i64 %n) {
  %slot = alloca i64
  %address = ptrtoint ptr %x to i64
  %next = add i64 %address, 8
  %p = inttoptr i64 %next to ptr
  store i64 %next, ptr %slot
  %q = load ptr, ptr %slot
  %r = inttoptr i64 %n to ptr
  ret void
}

; A call that is not inlined may store whatever it reaches wherever it reaches, and hand it back.
; CALLS: %known: argument %x, callee %known, stack %slot
; CALLS: %loaded: argument %x, callee %known, stack %slot
; CALLS: %other: argument %x, {{.*}}unknown
define void @calls(ptr %x) {
  %slot = alloca ptr
  %known = call ptr @keep(ptr %slot, ptr %x)
  %loaded = load ptr, ptr %slot
  %other = call ptr @mystery(ptr %x)
  ret void
}

define internal ptr @keep(ptr %slot, ptr %x) {
  store ptr %x, ptr %slot
  ret ptr %x
}
