; RUN: dp-opt --pass=callees --function=lists %s | filecheck %s --check-prefix=LISTS
; RUN: dp-opt --pass=callees --function=numbers %s | filecheck %s --check-prefix=NUMBERS
; RUN: dp-opt --pass=callees --function=outside %s | filecheck %s --check-prefix=OUTSIDE

declare ptr @malloc(i64)

; What a callee makes is one object for its caller; behind a parameter lies what pointers in its memory lead to.  A function
; that is called with what it finds there does not know the one from the other.
; LISTS-LABEL: aliasing of @lists.walk.analysed
; LISTS:         %list: argument %list
; LISTS:         %place: argument %list
; LISTS:         %next: argument %list
; LISTS-LABEL: aliasing of @lists.listed.analysed
; LISTS:         %slot: argument %slot
; LISTS:         %memory: heap %memory
; LISTS:         in argument %slot: heap %memory
; LISTS-LABEL: aliasing of @lists.analysed
; LISTS:         %list: callee {{.*}}
; LISTS-NOT:     unknown
define internal i32 @listed(i64 %n, ptr %slot) {
entry:
  %memory = call ptr @malloc(i64 16)
  store ptr %memory, ptr %slot
  %end = icmp sle i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %place = getelementptr i8, ptr %memory, i64 8
  %less = sub i64 %n, 1
  %status = call i32 @listed(i64 %less, ptr %place)
  br label %done
done:
  ret i32 0
}

define internal i32 @walk(ptr %list) {
entry:
  %end = icmp eq ptr %list, null
  br i1 %end, label %done, label %more
more:
  %place = getelementptr i8, ptr %list, i64 8
  %next = load ptr, ptr %place
  %status = call i32 @walk(ptr %next)
  br label %done
done:
  ret i32 0
}

define i32 @lists(i64 %n) {
  %slot = alloca ptr
  %made = call i32 @listed(i64 %n, ptr %slot)
  %list = load ptr, ptr %slot
  %walked = call i32 @walk(ptr %list)
  ret i32 0
}

; Memory in which no caller has put a pointer leads nowhere; two parameters that may be the same are one object.
; NUMBERS-LABEL: aliasing of @numbers.add.analysed
; NUMBERS:         %to: argument [[OWNER:%.*]]
; NUMBERS:         %from: argument [[OWNER]]
; NUMBERS:         %by: argument %by
; NUMBERS-NOT:     behind
define internal i32 @add(ptr %to, ptr %from, ptr %by) {
  %a = load double, ptr %from
  %b = load double, ptr %by
  %sum = fadd double %a, %b
  store double %sum, ptr %to
  ret i32 0
}

define i32 @numbers(ptr %x) {
  %one = alloca [2 x double]
  %two = alloca double
  store double 1.0, ptr %one
  store double 1.0, ptr %two
  %second = getelementptr double, ptr %one, i64 1
  %status = call i32 @add(ptr %second, ptr %one, ptr %two)
  ret i32 0
}

; Where memory of the entry's caller leads, nobody knows, at whatever distance.
; OUTSIDE-LABEL: aliasing of @outside.follow.analysed
; OUTSIDE:         %p: unknown
; OUTSIDE:         %q: unknown
; OUTSIDE:         %r: behind %own
define internal i32 @follow(ptr %theirs, ptr %mine, ptr %own) {
  %p = load ptr, ptr %theirs
  %q = load ptr, ptr %mine
  %r = load ptr, ptr %own
  ret i32 0
}

define i32 @outside(ptr %x) {
  %mine = alloca ptr
  store ptr %x, ptr %mine
  %own = alloca ptr
  %memory = call ptr @malloc(i64 8)
  store ptr %memory, ptr %own
  %status = call i32 @follow(ptr %x, ptr %mine, ptr %own)
  ret i32 0
}
