; What the threads of a simulated GPU are run by, and where they say which memory they access.

@dp.place = global [18 x i32] zeroinitializer   ; tid, ntid, ctaid, nctaid, each x, y, z; lane; mask of lanes
                                                ; before; threads of a warp; bytes of dynamic shared memory; times that
                                                ; the warp has waited for itself; thread
@dp.waiting = global i32 0                      ; the barrier at which the thread stopped, -1 at its end
@dp.exchange = global { i32, i32, i64, i32 } zeroinitializer   ; what a lane tells others of its warp: kind, mask, value, lane
@dp.status = global i32 0                       ; the status with which it ended

; Accesses: address, site, thread, times that its warp has waited for itself; records used, records that there is room for, whom to call when it is full.
%access = type { i64, i32, i32, i64 }
@dp.log = global ptr null
@dp.log.used = global i64 0
@dp.log.room = global i64 0
@dp.log.full = global ptr null

declare void @llvm.coro.resume(ptr)
declare void @llvm.coro.destroy(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define i32 @dp.simulate.resume(ptr %thread, ptr %place) {
  call void @llvm.memcpy.p0.p0.i64(ptr @dp.place, ptr %place, i64 72, i1 false)
  call void @llvm.coro.resume(ptr %thread)
  %barrier = load i32, ptr @dp.waiting, align 4
  ret i32 %barrier
}

define void @dp.simulate.destroy(ptr %thread) {
  call void @llvm.coro.destroy(ptr %thread)
  ret void
}

define void @dp.access(ptr %memory, i32 %site) noinline {
entry:
  %before = load i64, ptr @dp.log.used, align 8
  %room = load i64, ptr @dp.log.room, align 8
  %fits = icmp ult i64 %before, %room
  br i1 %fits, label %write, label %empty

empty:
  %full = load ptr, ptr @dp.log.full, align 8
  call void %full()
  store i64 0, ptr @dp.log.used, align 8
  br label %write

write:
  %used = load i64, ptr @dp.log.used, align 8
  %log = load ptr, ptr @dp.log, align 8
  %record = getelementptr %access, ptr %log, i64 %used
  %address = ptrtoint ptr %memory to i64
  store i64 %address, ptr %record, align 8
  %site.at = getelementptr %access, ptr %record, i32 0, i32 1
  store i32 %site, ptr %site.at, align 8
  %thread.at = getelementptr %access, ptr %record, i32 0, i32 2
  %thread.place = getelementptr i32, ptr @dp.place, i64 17
  %thread = load i32, ptr %thread.place, align 4
  store i32 %thread, ptr %thread.at, align 4
  %epoch.at = getelementptr %access, ptr %record, i32 0, i32 3
  %epoch.place = getelementptr i32, ptr @dp.place, i64 16
  %epoch = load i32, ptr %epoch.place, align 4
  %epoch.wide = zext i32 %epoch to i64
  store i64 %epoch.wide, ptr %epoch.at, align 8
  %more = add i64 %used, 1
  store i64 %more, ptr @dp.log.used, align 8
  ret void
}
