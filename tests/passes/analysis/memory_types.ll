; RUN: dp-opt --pass=memory_types --function=mixed %s | filecheck %s --check-prefix=MIXED
; RUN: dp-opt --pass=memory_types --function=records %s | filecheck %s --check-prefix=RECORDS
; RUN: dp-opt --pass=memory_types --function=copied %s | filecheck %s --check-prefix=COPIED
; RUN: dp-opt --pass=memory_types --function=known --set elements=double,ptr %s | filecheck %s --check-prefix=KNOWN

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; Cells at constant offsets are told apart; one at an offset that varies is one of those at multiples of a stride.
; MIXED:      memory types
; MIXED-NEXT:   argument %p + 0: i64
; MIXED-NEXT:   argument %p + 8: double
; MIXED-NEXT:   argument %q + 0 + 4 k: float
define i32 @mixed(ptr %p, ptr %q, i64 %i) {
entry:
  %n = load i64, ptr %p
  %second = getelementptr i8, ptr %p, i64 8
  store double 1.0, ptr %second
  %cell = getelementptr float, ptr %q, i64 %i
  %value = load float, ptr %cell
  ret i32 0
}

; What is copied has the same types on both sides.
; COPIED:      memory types
; COPIED-NEXT:   argument %p + 0: double
; COPIED-NEXT:   stack %local + 0: double
define i32 @copied(ptr %p) {
entry:
  %local = alloca double
  call void @llvm.memcpy.p0.p0.i64(ptr %local, ptr %p, i64 8, i1 false)
  %value = load double, ptr %local
  ret i32 0
}

; Fields of records lie at multiples of the size of a record from each other.
; RECORDS:      memory types
; RECORDS-NEXT:   argument %p + 0 + 24 k: double
; RECORDS-NEXT:   argument %p + 8 + 24 k: i64
define i32 @records(ptr %p, i64 %i) {
entry:
  %distance = mul i64 %i, 24
  %number = getelementptr i8, ptr %p, i64 %distance
  %value = load double, ptr %number
  %field = getelementptr i8, ptr %number, i64 8
  store i64 1, ptr %field
  ret i32 0
}

; What the front end knows counts like an access.
; KNOWN:      memory types
; KNOWN-NEXT:   argument %p + any: double
; KNOWN-NEXT:   argument %q + any: ptr
define i32 @known(ptr %p, ptr %q) {
entry:
  ret i32 0
}
