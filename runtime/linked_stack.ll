; The stack of records of ``inlined.ll`` for a derivative that is differentiated again: a list of records, each in memory
; of its own that is never used for another, so that what lies in one may be read again whenever it is needed.

declare noalias ptr @dp.arena.take(ptr, i64)

define linkonce_odr ptr @dp.stack.push(ptr %arena, ptr %state, i64 %bytes) alwaysinline {
  %size = add i64 %bytes, 8
  %memory = call ptr @dp.arena.take(ptr %arena, i64 %size)
  %failed = icmp eq ptr %memory, null
  br i1 %failed, label %none, label %fresh

none:
  ret ptr null

fresh:
  %last = load ptr, ptr %state, align 8
  store ptr %last, ptr %memory, align 8
  store ptr %memory, ptr %state, align 8
  %record = getelementptr i8, ptr %memory, i64 8
  ret ptr %record
}

define linkonce_odr ptr @dp.stack.pop(ptr %state, i64 %bytes) alwaysinline {
  %memory = load ptr, ptr %state, align 8
  %before = load ptr, ptr %memory, align 8
  store ptr %before, ptr %state, align 8
  %record = getelementptr i8, ptr %memory, i64 8
  ret ptr %record
}
