; What generated code calls while it runs, linked into each derivative so that the fast paths are inlined: memory from the
; arena; stacks of records for loops whose trips nobody knows beforehand; the address by which a container is known.

; last chunk, top, end, bytes in all, limit, 1 if the limit was hit, list of what to call at its release, spare chunk, arenas
; of the chunks of parallel loops
%arena = type { ptr, ptr, ptr, i64, i64, i64, ptr, ptr, ptr }
%chunk = type { ptr, i64, [48 x i8] }           ; chunk before, bytes; the memory begins behind, 64-byte aligned

declare noalias ptr @dp.chunk.new(i64)
declare void @free(ptr)
declare i64 @llvm.umax.i64(i64, i64)
declare i64 @llvm.uadd.sat.i64(i64, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

define linkonce_odr noalias ptr @dp.arena.take(ptr %arena, i64 %bytes) alwaysinline {
  %top.slot = getelementptr %arena, ptr %arena, i32 0, i32 1
  %end.slot = getelementptr %arena, ptr %arena, i32 0, i32 2
  %top = load ptr, ptr %top.slot
  %end = load ptr, ptr %end.slot
  %least = call i64 @llvm.umax.i64(i64 %bytes, i64 1)          ; an empty block is no failure
  %more = call i64 @llvm.uadd.sat.i64(i64 %least, i64 31)
  %rounded = and i64 %more, -32
  %from = ptrtoint ptr %top to i64
  %to = ptrtoint ptr %end to i64
  %room = sub i64 %to, %from
  %fits = icmp ule i64 %rounded, %room
  br i1 %fits, label %fast, label %slow

fast:
  %next = getelementptr i8, ptr %top, i64 %rounded
  store ptr %next, ptr %top.slot
  ret ptr %top

slow:
  %fresh = call ptr @dp.arena.grow(ptr %arena, i64 %rounded)
  ret ptr %fresh
}

define linkonce_odr ptr @dp.arena.grow(ptr %arena, i64 %bytes) noinline cold {
  %top.slot = getelementptr %arena, ptr %arena, i32 0, i32 1
  %end.slot = getelementptr %arena, ptr %arena, i32 0, i32 2
  %total.slot = getelementptr %arena, ptr %arena, i32 0, i32 3
  %limit.slot = getelementptr %arena, ptr %arena, i32 0, i32 4
  %hit.slot = getelementptr %arena, ptr %arena, i32 0, i32 5
  %total = load i64, ptr %total.slot
  %limit = load i64, ptr %limit.slot
  %left = sub i64 %limit, %total
  %enough = add i64 %bytes, 128
  %sane = icmp ult i64 %bytes, 4611686018427387904
  %within = icmp sle i64 %enough, %left
  %allowed = and i1 %sane, %within
  br i1 %allowed, label %allocate, label %exceeded

exceeded:
  store i64 1, ptr %hit.slot
  ret ptr null

allocate:                                       ; as much again as there is already, at least 64 KiB, at most what is left
  %reused = call ptr @dp.arena.spare(ptr %arena, i64 %enough)
  %none = icmp eq ptr %reused, null
  br i1 %none, label %new, label %reuse

reuse:
  %reused.size.slot = getelementptr %chunk, ptr %reused, i32 0, i32 1
  %reused.size = load i64, ptr %reused.size.slot
  br label %link

new:
  %least = call i64 @llvm.umax.i64(i64 %total, i64 65536)
  %wanted = call i64 @llvm.umax.i64(i64 %least, i64 %enough)
  %over = icmp sgt i64 %wanted, %left
  %chosen = select i1 %over, i64 %enough, i64 %wanted
  %more = add i64 %chosen, 63
  %size = and i64 %more, -64
  %fresh = call ptr @dp.chunk.new(i64 %size)
  %failed = icmp eq ptr %fresh, null
  br i1 %failed, label %exceeded, label %link

link:
  %chunk = phi ptr [ %reused, %reuse ], [ %fresh, %new ]
  %chunk.size = phi i64 [ %reused.size, %reuse ], [ %size, %new ]
  %last = load ptr, ptr %arena
  store ptr %last, ptr %chunk
  %size.slot = getelementptr %chunk, ptr %chunk, i32 0, i32 1
  store i64 %chunk.size, ptr %size.slot
  store ptr %chunk, ptr %arena
  %begin = getelementptr %chunk, ptr %chunk, i64 1
  %next = getelementptr i8, ptr %begin, i64 %bytes
  %end = getelementptr i8, ptr %chunk, i64 %chunk.size
  store ptr %next, ptr %top.slot
  store ptr %end, ptr %end.slot
  %sum = add i64 %total, %chunk.size
  store i64 %sum, ptr %total.slot
  ret ptr %begin
}

; The chunk that a rewind left, where it is large enough; a smaller one is freed, because a larger takes its place.
define linkonce_odr ptr @dp.arena.spare(ptr %arena, i64 %enough) noinline cold {
  %spare.slot = getelementptr %arena, ptr %arena, i32 0, i32 7
  %spare = load ptr, ptr %spare.slot
  %none = icmp eq ptr %spare, null
  br i1 %none, label %nothing, label %some

some:
  store ptr null, ptr %spare.slot
  %size.slot = getelementptr %chunk, ptr %spare, i32 0, i32 1
  %size = load i64, ptr %size.slot
  %total.slot = getelementptr %arena, ptr %arena, i32 0, i32 3
  %total = load i64, ptr %total.slot
  %limit.slot = getelementptr %arena, ptr %arena, i32 0, i32 4
  %limit = load i64, ptr %limit.slot
  %left = sub i64 %limit, %total
  %large = icmp sge i64 %size, %enough
  %allowed = icmp sle i64 %size, %left
  %fits = and i1 %large, %allowed
  br i1 %fits, label %give, label %drop

give:
  ret ptr %spare

drop:
  call void @free(ptr %spare)
  br label %nothing

nothing:
  ret ptr null
}

; Where the arena stands now: its last chunk, top and end, in memory of its own.
define linkonce_odr ptr @dp.arena.mark(ptr %arena) {
  %mark = call ptr @dp.arena.take(ptr %arena, i64 24)
  %failed = icmp eq ptr %mark, null
  br i1 %failed, label %none, label %some

none:
  ret ptr null

some:
  call void @llvm.memcpy.p0.p0.i64(ptr %mark, ptr %arena, i64 24, i1 false)
  ret ptr %mark
}

; Takes back all that was given since the mark; of the chunks behind it the largest is kept for the next time.
define linkonce_odr void @dp.arena.rewind(ptr %arena, ptr %mark) {
entry:
  %end = load ptr, ptr %mark
  %total.slot = getelementptr %arena, ptr %arena, i32 0, i32 3
  %spare.slot = getelementptr %arena, ptr %arena, i32 0, i32 7
  br label %next

next:
  %chunk = load ptr, ptr %arena
  %done = icmp eq ptr %chunk, %end
  br i1 %done, label %finish, label %unlink

unlink:
  %before = load ptr, ptr %chunk
  store ptr %before, ptr %arena
  %size.slot = getelementptr %chunk, ptr %chunk, i32 0, i32 1
  %size = load i64, ptr %size.slot
  %total = load i64, ptr %total.slot
  %less = sub i64 %total, %size
  store i64 %less, ptr %total.slot
  %spare = load ptr, ptr %spare.slot
  %none = icmp eq ptr %spare, null
  br i1 %none, label %keep, label %compare

compare:
  %spare.size.slot = getelementptr %chunk, ptr %spare, i32 0, i32 1
  %spare.size = load i64, ptr %spare.size.slot
  %larger = icmp ugt i64 %size, %spare.size
  br i1 %larger, label %replace, label %drop

replace:
  call void @free(ptr %spare)
  br label %keep

keep:
  store ptr %chunk, ptr %spare.slot
  br label %next

drop:
  call void @free(ptr %chunk)
  br label %next

finish:
  call void @llvm.memcpy.p0.p0.i64(ptr %arena, ptr %mark, i64 24, i1 false)
  ret void
}

; Numba's MemInfo (numba/core/runtime/nrt.cpp): reference count, destructor, its argument, data, size, allocator.
; The count is so large that no code ever frees what the arena owns.
define linkonce_odr noalias ptr @dp.arena.meminfo(ptr %arena, i64 %bytes, i64 %align) alwaysinline {
  %sane = icmp ult i64 %bytes, 4611686018427387904
  %head = add i64 %bytes, 64
  %extra = add i64 %head, %align
  %asked = select i1 %sane, i64 %extra, i64 -1
  %memory = call ptr @dp.arena.take(ptr %arena, i64 %asked)
  %failed = icmp eq ptr %memory, null
  br i1 %failed, label %none, label %fill

none:
  ret ptr null

fill:
  store i64 1099511627776, ptr %memory, align 8
  %dtor = getelementptr i8, ptr %memory, i64 8
  store ptr null, ptr %dtor, align 8
  %dtor.info = getelementptr i8, ptr %memory, i64 16
  store ptr null, ptr %dtor.info, align 8
  %address = ptrtoint ptr %memory to i64
  %behind = add i64 %address, 63
  %shifted = add i64 %behind, %align
  %minus = sub i64 0, %align
  %aligned = and i64 %shifted, %minus
  %distance = sub i64 %aligned, %address
  %data = getelementptr i8, ptr %memory, i64 %distance
  %data.slot = getelementptr i8, ptr %memory, i64 24
  store ptr %data, ptr %data.slot, align 8
  %size.slot = getelementptr i8, ptr %memory, i64 32
  store i64 %bytes, ptr %size.slot, align 8
  %allocator = getelementptr i8, ptr %memory, i64 40
  store ptr null, ptr %allocator, align 8
  ret ptr %memory
}

; The same with data that are zero.
define linkonce_odr noalias ptr @dp.arena.zeroed(ptr %arena, i64 %bytes, i64 %align) {
  %made = call ptr @dp.arena.meminfo(ptr %arena, i64 %bytes, i64 %align)
  %failed = icmp eq ptr %made, null
  br i1 %failed, label %none, label %clear

clear:
  %data.slot = getelementptr i8, ptr %made, i64 24
  %data = load ptr, ptr %data.slot, align 8
  call void @llvm.memset.p0.i64(ptr %data, i8 0, i64 %bytes, i1 false)
  ret ptr %made

none:
  ret ptr null
}

; A ring of places that are used in turn: the number of the turn, and the MemInfo in each place. A place that has none, or a
; smaller one, is given another.
define linkonce_odr void @dp.ring.begin(ptr %ring) alwaysinline {
  call void @llvm.memset.p0.i64(ptr %ring, i8 0, i64 40, i1 false)
  ret void
}

define linkonce_odr ptr @dp.ring.next(ptr %arena, ptr %ring, i64 %last, i64 %bytes, i64 %align, i1 %zeroed) {
  %turn = load i64, ptr %ring, align 8
  %following = add i64 %turn, 1
  store i64 %following, ptr %ring, align 8
  %number = and i64 %turn, %last
  %places = getelementptr i8, ptr %ring, i64 8
  %place = getelementptr ptr, ptr %places, i64 %number
  %there = load ptr, ptr %place, align 8
  %empty = icmp eq ptr %there, null
  br i1 %empty, label %take, label %compare

compare:
  %size.slot = getelementptr i8, ptr %there, i64 32
  %size = load i64, ptr %size.slot, align 8
  %enough = icmp uge i64 %size, %bytes
  br i1 %enough, label %again, label %take

again:
  ret ptr %there

take:
  br i1 %zeroed, label %take.zeroed, label %take.any

take.zeroed:
  %zeros = call ptr @dp.arena.zeroed(ptr %arena, i64 %bytes, i64 %align)
  br label %put

take.any:
  %any = call ptr @dp.arena.meminfo(ptr %arena, i64 %bytes, i64 %align)
  br label %put

put:
  %made = phi ptr [ %zeros, %take.zeroed ], [ %any, %take.any ]
  store ptr %made, ptr %place, align 8
  ret ptr %made
}

; The arena holds something until it is released, when it calls what is given with it: a list of the one before, the
; thing, the function.
define linkonce_odr void @dp.arena.own(ptr %arena, ptr %thing, ptr %release) noinline {
  %none = icmp eq ptr %thing, null
  br i1 %none, label %done, label %some

some:
  %entry = call ptr @dp.arena.take(ptr %arena, i64 24)
  %failed = icmp eq ptr %entry, null
  br i1 %failed, label %done, label %link

link:                                           ; where there is no memory the call fails as a whole, and loses this one
  %list = getelementptr %arena, ptr %arena, i32 0, i32 6
  %before = load ptr, ptr %list, align 8
  store ptr %before, ptr %entry, align 8
  %slot = getelementptr i8, ptr %entry, i64 8
  store ptr %thing, ptr %slot, align 8
  %release.slot = getelementptr i8, ptr %entry, i64 16
  store ptr %release, ptr %release.slot, align 8
  store ptr %entry, ptr %list, align 8
  br label %done

done:
  ret void
}

; A stack of records: %state holds top, base of the current chunk, end of it.  In front of a chunk's records lie the base and
; top of the chunk before, and its own end.
define linkonce_odr ptr @dp.stack.push(ptr %arena, ptr %state, i64 %bytes) alwaysinline {
  %base.slot = getelementptr i8, ptr %state, i64 8
  %end.slot = getelementptr i8, ptr %state, i64 16
  %top = load ptr, ptr %state, align 8
  %end = load ptr, ptr %end.slot, align 8
  %next = getelementptr i8, ptr %top, i64 %bytes
  %fits = icmp ule ptr %next, %end
  br i1 %fits, label %fast, label %slow

fast:
  store ptr %next, ptr %state, align 8
  ret ptr %top

slow:
  %base = load ptr, ptr %base.slot, align 8
  %chunk = call ptr @dp.stack.grow(ptr %arena, ptr %base, ptr %top, i64 %bytes)
  %failed = icmp eq ptr %chunk, null
  br i1 %failed, label %none, label %fresh

none:
  ret ptr null

fresh:
  %begin = getelementptr i8, ptr %chunk, i64 32
  %own.slot = getelementptr i8, ptr %chunk, i64 16
  %own.end = load ptr, ptr %own.slot, align 8
  %after = getelementptr i8, ptr %begin, i64 %bytes
  store ptr %after, ptr %state, align 8
  store ptr %begin, ptr %base.slot, align 8
  store ptr %own.end, ptr %end.slot, align 8
  ret ptr %begin
}

define linkonce_odr ptr @dp.stack.grow(ptr %arena, ptr %base, ptr %top, i64 %bytes) noinline cold {
entry:
  %first = icmp eq ptr %base, null
  br i1 %first, label %choose, label %measure

measure:
  %old.end.slot = getelementptr i8, ptr %base, i64 -16
  %old.end = load ptr, ptr %old.end.slot, align 8
  %old.to = ptrtoint ptr %old.end to i64
  %old.from = ptrtoint ptr %base to i64
  %old.size = sub i64 %old.to, %old.from
  %double = shl i64 %old.size, 1
  %large = icmp ugt i64 %double, 67108864
  %grown = select i1 %large, i64 67108864, i64 %double
  br label %choose

choose:
  %wish = phi i64 [ 1024, %entry ], [ %grown, %measure ]
  %some = shl i64 %bytes, 3
  %size = call i64 @llvm.umax.i64(i64 %wish, i64 %some)
  %all = add i64 %size, 32
  %chunk = call ptr @dp.arena.take(ptr %arena, i64 %all)
  %failed = icmp eq ptr %chunk, null
  br i1 %failed, label %none, label %link

none:
  ret ptr null

link:
  store ptr %base, ptr %chunk, align 8
  %top.slot = getelementptr i8, ptr %chunk, i64 8
  store ptr %top, ptr %top.slot, align 8
  %end.slot = getelementptr i8, ptr %chunk, i64 16
  %end = getelementptr i8, ptr %chunk, i64 %all
  store ptr %end, ptr %end.slot, align 8
  ret ptr %chunk
}

define linkonce_odr ptr @dp.stack.pop(ptr %state, i64 %bytes) alwaysinline {
entry:
  %base.slot = getelementptr i8, ptr %state, i64 8
  %top = load ptr, ptr %state, align 8
  %base = load ptr, ptr %base.slot, align 8
  %empty = icmp eq ptr %top, %base
  br i1 %empty, label %back, label %have

back:
  %prior.base.slot = getelementptr i8, ptr %base, i64 -32
  %prior.top.slot = getelementptr i8, ptr %base, i64 -24
  %prior.base = load ptr, ptr %prior.base.slot, align 8
  %prior.top = load ptr, ptr %prior.top.slot, align 8
  store ptr %prior.base, ptr %base.slot, align 8
  br label %have

have:
  %here = phi ptr [ %top, %entry ], [ %prior.top, %back ]
  %minus = sub i64 0, %bytes
  %record = getelementptr i8, ptr %here, i64 %minus
  store ptr %record, ptr %state, align 8
  ret ptr %record
}

define linkonce_odr i64 @dp.address(ptr %memory) alwaysinline {
  %address = ptrtoint ptr %memory to i64
  ret i64 %address
}
