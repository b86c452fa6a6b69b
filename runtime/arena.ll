; An arena hands out memory and takes none back until it is released as a whole, so that an exception leaks nothing and
; what the reverse sweep reads lives as long as it must.  One chunk is kept between calls (@dp.pool), so that a second
; call touches no fresh page; it is taken and put back by an atomic exchange, hence threads never share one.
; Here is what is compiled once for all derivatives; ``inlined.ll`` is linked into each.

; last chunk, top, end, bytes in all, limit, 1 if the limit was hit, list of what to call at its release, spare chunk
%arena = type { ptr, ptr, ptr, i64, i64, i64, ptr, ptr }
%chunk = type { ptr, i64, [48 x i8] }           ; chunk before, bytes; the memory begins behind, 64-byte aligned

@dp.pool = global ptr null
@dp.pool.bytes = global i64 1073741824   ; a larger chunk is not kept

declare noalias ptr @aligned_alloc(i64, i64)
declare noalias ptr @malloc(i64)
declare void @free(ptr)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)

define ptr @dp.arena.new(i64 %limit) {
  %arena = call ptr @malloc(i64 64)
  %list = getelementptr %arena, ptr %arena, i32 0, i32 6
  store ptr null, ptr %list
  %spare.slot = getelementptr %arena, ptr %arena, i32 0, i32 7
  store ptr null, ptr %spare.slot
  %chunk = atomicrmw xchg ptr @dp.pool, ptr null acquire
  store ptr %chunk, ptr %arena
  %limit.slot = getelementptr %arena, ptr %arena, i32 0, i32 4
  store i64 %limit, ptr %limit.slot
  %hit.slot = getelementptr %arena, ptr %arena, i32 0, i32 5
  store i64 0, ptr %hit.slot
  %top.slot = getelementptr %arena, ptr %arena, i32 0, i32 1
  %end.slot = getelementptr %arena, ptr %arena, i32 0, i32 2
  %total.slot = getelementptr %arena, ptr %arena, i32 0, i32 3
  %none = icmp eq ptr %chunk, null
  br i1 %none, label %empty, label %pooled

empty:
  store ptr null, ptr %top.slot
  store ptr null, ptr %end.slot
  store i64 0, ptr %total.slot
  ret ptr %arena

pooled:
  %bytes.slot = getelementptr %chunk, ptr %chunk, i32 0, i32 1
  %bytes = load i64, ptr %bytes.slot
  store ptr null, ptr %chunk
  %begin = getelementptr %chunk, ptr %chunk, i64 1
  %usable = call i64 @llvm.umin.i64(i64 %bytes, i64 %limit)     ; the limit holds for a larger chunk kept from before too
  %least = call i64 @llvm.umax.i64(i64 %usable, i64 64)
  %end = getelementptr i8, ptr %chunk, i64 %least
  store ptr %begin, ptr %top.slot
  store ptr %end, ptr %end.slot
  store i64 %usable, ptr %total.slot
  ret ptr %arena
}

define void @dp.arena.release(ptr %arena) {
start:
  %list = getelementptr %arena, ptr %arena, i32 0, i32 6
  %first.owned = load ptr, ptr %list
  br label %owning

owning:
  %owned = phi ptr [ %first.owned, %start ], [ %owned.before, %drop.reference ]
  %all.dropped = icmp eq ptr %owned, null
  br i1 %all.dropped, label %entry, label %drop.reference

drop.reference:
  %owned.before = load ptr, ptr %owned
  %thing.slot = getelementptr i8, ptr %owned, i64 8
  %thing = load ptr, ptr %thing.slot
  %release.slot = getelementptr i8, ptr %owned, i64 16
  %release = load ptr, ptr %release.slot
  call void %release(ptr %thing)
  br label %owning

entry:
  %total.slot = getelementptr %arena, ptr %arena, i32 0, i32 3
  %total = load i64, ptr %total.slot
  %last = load ptr, ptr %arena
  %spare.slot = getelementptr %arena, ptr %arena, i32 0, i32 7
  %spare = load ptr, ptr %spare.slot
  call void @free(ptr %spare)
  call void @free(ptr %arena)
  %none = icmp eq ptr %last, null
  br i1 %none, label %done, label %some

some:
  %before = load ptr, ptr %last
  %single = icmp eq ptr %before, null
  %most = load i64, ptr @dp.pool.bytes
  %fits = icmp ule i64 %total, %most
  %keep = and i1 %single, %fits
  br i1 %keep, label %pool, label %drop

drop:
  %chunk = phi ptr [ %last, %some ], [ %next, %drop ]
  %next = load ptr, ptr %chunk
  call void @free(ptr %chunk)
  %end = icmp eq ptr %next, null
  br i1 %end, label %dropped, label %drop

dropped:
  br i1 %fits, label %merge, label %done

merge:                                          ; one chunk as large as all together serves the next call
  %rounded = add i64 %total, 63
  %size = and i64 %rounded, -64
  %merged = call ptr @aligned_alloc(i64 64, i64 %size)
  %failed = icmp eq ptr %merged, null
  br i1 %failed, label %done, label %merged.ok

merged.ok:
  %size.slot = getelementptr %chunk, ptr %merged, i32 0, i32 1
  store i64 %size, ptr %size.slot
  br label %pool

pool:
  %kept = phi ptr [ %last, %some ], [ %merged, %merged.ok ]
  store ptr null, ptr %kept
  %old = atomicrmw xchg ptr @dp.pool, ptr %kept release
  call void @free(ptr %old)
  br label %done

done:
  ret void
}

define i64 @dp.arena.exceeded(ptr %arena) {
  %hit.slot = getelementptr %arena, ptr %arena, i32 0, i32 5
  %hit = load i64, ptr %hit.slot
  ret i64 %hit
}

define void @dp.pool.clear() {
  %old = atomicrmw xchg ptr @dp.pool, ptr null acquire
  call void @free(ptr %old)
  ret void
}
