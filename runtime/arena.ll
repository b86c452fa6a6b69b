; An arena hands out memory and takes none back until it is released as a whole, so that an exception leaks nothing and
; what the reverse sweep reads lives as long as it must.  One chunk is kept between calls (@dp.pool), so that a second
; call touches no fresh page; it is taken and put back by an atomic exchange, hence threads never share one.
; Here is what is compiled once for all derivatives; ``inlined.ll`` is linked into each.

; last chunk, top, end, bytes in all, limit, 1 if the limit was hit, list of what to call at its release, spare chunk, arenas
; of the chunks of parallel loops
%arena = type { ptr, ptr, ptr, i64, i64, i64, ptr, ptr, ptr }
%chunk = type { ptr, i64, [48 x i8] }           ; chunk before, bytes; the memory begins behind, 64-byte aligned
%part = type { %arena, [56 x i8] }              ; no two of them share a line of a cache

@dp.pool = global ptr null
@dp.pool.parts = global [128 x ptr] zeroinitializer   ; the same for the arenas of chunks
@dp.pool.bytes = global i64 1073741824   ; a larger chunk is not kept

declare noalias ptr @aligned_alloc(i64, i64)
declare noalias ptr @malloc(i64)
declare i32 @madvise(ptr, i64, i32)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @free(ptr)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)

; Memory for a chunk. A large one asks for huge pages, without which much of the time of reading a tape goes to the tables of
; pages, and the processor fetches ahead no further than the end of one; 14 is Linux's MADV_HUGEPAGE, others do not know it.
define noalias ptr @dp.chunk.new(i64 %size) {
  %chunk = call ptr @aligned_alloc(i64 64, i64 %size)
  %large = icmp uge i64 %size, 8388608
  %there = icmp ne ptr %chunk, null
  %asks = and i1 %large, %there
  br i1 %asks, label %ask, label %done

ask:                                            ; for the huge pages that lie in it as a whole
  %first = ptrtoint ptr %chunk to i64
  %behind = add i64 %first, %size
  %up = add i64 %first, 2097151
  %begin = and i64 %up, -2097152
  %end = and i64 %behind, -2097152
  %bytes = sub i64 %end, %begin
  %place = inttoptr i64 %begin to ptr
  %ignored = call i32 @madvise(ptr %place, i64 %bytes, i32 14)
  br label %done

done:
  ret ptr %chunk
}

define ptr @dp.arena.new(i64 %limit) {
  %arena = call ptr @malloc(i64 72)
  call void @dp.arena.begin(ptr %arena, i64 %limit, ptr @dp.pool)
  ret ptr %arena
}

define internal void @dp.arena.begin(ptr %arena, i64 %limit, ptr %kept) {
  %list = getelementptr %arena, ptr %arena, i32 0, i32 6
  store ptr null, ptr %list
  %spare.slot = getelementptr %arena, ptr %arena, i32 0, i32 7
  store ptr null, ptr %spare.slot
  %parts.slot = getelementptr %arena, ptr %arena, i32 0, i32 8
  store ptr null, ptr %parts.slot
  %chunk = atomicrmw xchg ptr %kept, ptr null acquire
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
  ret void

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
  ret void
}

define void @dp.arena.release(ptr %arena) {
start:
  %parts.slot = getelementptr %arena, ptr %arena, i32 0, i32 8
  %parts = load ptr, ptr %parts.slot
  call void @dp.arena.end(ptr %arena, ptr @dp.pool)
  call void @free(ptr %arena)
  %none = icmp eq ptr %parts, null
  br i1 %none, label %done, label %next

next:
  %number = phi i64 [ 0, %start ], [ %following, %skip ]
  %part = getelementptr %part, ptr %parts, i64 %number
  %limit.slot = getelementptr %arena, ptr %part, i32 0, i32 4
  %limit = load i64, ptr %limit.slot
  %unused = icmp eq i64 %limit, 0
  br i1 %unused, label %skip, label %end

end:
  %kept = getelementptr ptr, ptr @dp.pool.parts, i64 %number
  call void @dp.arena.end(ptr %part, ptr %kept)
  br label %skip

skip:
  %following = add i64 %number, 1
  %all = icmp eq i64 %following, 128
  br i1 %all, label %drop, label %next

drop:
  call void @free(ptr %parts)
  br label %done

done:
  ret void
}

; An arena for each chunk of a parallel loop, so that no two threads take from one.  They belong to the arena and share its
; limit equally.
define ptr @dp.arena.parts(ptr %arena, i64 %chunks) {
start:
  %parts.slot = getelementptr %arena, ptr %arena, i32 0, i32 8
  %known = load ptr, ptr %parts.slot
  %none = icmp eq ptr %known, null
  br i1 %none, label %make, label %ready

make:
  %made = call ptr @malloc(i64 16384)
  call void @llvm.memset.p0.i64(ptr %made, i8 0, i64 16384, i1 false)
  store ptr %made, ptr %parts.slot
  br label %ready

ready:
  %parts = phi ptr [ %known, %start ], [ %made, %make ]
  %limit.slot = getelementptr %arena, ptr %arena, i32 0, i32 4
  %limit = load i64, ptr %limit.slot
  %share = udiv i64 %limit, %chunks
  %least = call i64 @llvm.umax.i64(i64 %share, i64 1)
  br label %next

next:
  %number = phi i64 [ 0, %ready ], [ %following, %skip ]
  %part = getelementptr %part, ptr %parts, i64 %number
  %own.slot = getelementptr %arena, ptr %part, i32 0, i32 4
  %own = load i64, ptr %own.slot
  %unused = icmp eq i64 %own, 0
  br i1 %unused, label %begin, label %skip

begin:
  %kept = getelementptr ptr, ptr @dp.pool.parts, i64 %number
  call void @dp.arena.begin(ptr %part, i64 %least, ptr %kept)
  br label %skip

skip:
  %following = add i64 %number, 1
  %all = icmp eq i64 %following, %chunks
  br i1 %all, label %done, label %next

done:
  ret ptr %parts
}

; Whether a chunk's arena hit its limit is told to the arena that they belong to.
define void @dp.arena.gather(ptr %arena, i64 %chunks) {
start:
  %parts.slot = getelementptr %arena, ptr %arena, i32 0, i32 8
  %parts = load ptr, ptr %parts.slot
  %hit.slot = getelementptr %arena, ptr %arena, i32 0, i32 5
  br label %next

next:
  %number = phi i64 [ 0, %start ], [ %following, %skip ]
  %part = getelementptr %part, ptr %parts, i64 %number
  %own.slot = getelementptr %arena, ptr %part, i32 0, i32 5
  %own = load i64, ptr %own.slot
  %fine = icmp eq i64 %own, 0
  br i1 %fine, label %skip, label %tell

tell:
  store i64 1, ptr %hit.slot
  br label %skip

skip:
  %following = add i64 %number, 1
  %all = icmp eq i64 %following, %chunks
  br i1 %all, label %done, label %next

done:
  ret void
}

define internal void @dp.arena.end(ptr %arena, ptr %kept.before) {
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
  %merged = call ptr @dp.chunk.new(i64 %size)
  %failed = icmp eq ptr %merged, null
  br i1 %failed, label %done, label %merged.ok

merged.ok:
  %size.slot = getelementptr %chunk, ptr %merged, i32 0, i32 1
  store i64 %size, ptr %size.slot
  br label %pool

pool:
  %kept = phi ptr [ %last, %some ], [ %merged, %merged.ok ]
  store ptr null, ptr %kept
  %old = atomicrmw xchg ptr %kept.before, ptr %kept release
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
start:
  %old = atomicrmw xchg ptr @dp.pool, ptr null acquire
  call void @free(ptr %old)
  br label %next

next:
  %number = phi i64 [ 0, %start ], [ %following, %next ]
  %kept = getelementptr ptr, ptr @dp.pool.parts, i64 %number
  %part = atomicrmw xchg ptr %kept, ptr null acquire
  call void @free(ptr %part)
  %following = add i64 %number, 1
  %all = icmp eq i64 %following, 128
  br i1 %all, label %done, label %next

done:
  ret void
}
