; Chunks of parallel loops on Numba's threading layer, whichever that is; compiled once, when the first derivative that has such
; loops is loaded.

; One launch at a time: a layer may not allow more, and what is launched from within a launch, or from another thread
; meanwhile, runs in series where it is; the result is the same, since chunks are joined in order.
@dp.parallel.busy = internal global i32 0

declare i64 @llvm.umin.i64(i64, i64)
declare i32 @get_num_threads()
; function of a generalised ufunc, arguments, dimensions, steps, data, inner dimensions, number of arguments, threads
declare void @numba_parallel_for(ptr, ptr, ptr, ptr, ptr, i64, i64, i32)

define i64 @dp.parallel.chunks(i64 %iterations) {
  %threads = call i32 @get_num_threads()
  %wide = sext i32 %threads to i64
  %most = call i64 @llvm.umin.i64(i64 %wide, i64 128)
  %chunks = call i64 @llvm.umin.i64(i64 %most, i64 %iterations)
  ret i64 %chunks
}

; Runs a task for each chunk: how = 0 together, 1 one after the other from the last to the first.  The status of the first
; chunk whose status is not zero, and its exception.
define i32 @dp.parallel.run(ptr %task, ptr %environment, i64 %chunks, i64 %how, ptr %statuses, ptr %exceptions,
                                         ptr %exception) {
entry:
  %together = icmp eq i64 %how, 0
  %several = icmp ugt i64 %chunks, 1
  %wanted = and i1 %together, %several
  br i1 %wanted, label %try, label %backward

try:
  %pair = cmpxchg ptr @dp.parallel.busy, i32 0, i32 1 acquire monotonic
  %free = extractvalue { i32, i1 } %pair, 1
  br i1 %free, label %launch, label %backward

launch:
  call void @dp.parallel.launch(ptr %task, ptr %environment, i64 %chunks)
  store atomic i32 0, ptr @dp.parallel.busy release, align 4
  br label %look

backward:
  %left = phi i64 [ %chunks, %entry ], [ %chunks, %try ], [ %chunk, %backward ]
  %chunk = sub i64 %left, 1
  call void %task(ptr %environment, i64 %chunk)
  %more = icmp ne i64 %chunk, 0
  br i1 %more, label %backward, label %look

look:
  %number = phi i64 [ 0, %launch ], [ 0, %backward ], [ %next, %fine ]
  %done = icmp eq i64 %number, %chunks
  br i1 %done, label %good, label %check

check:
  %status.slot = getelementptr i32, ptr %statuses, i64 %number
  %status = load i32, ptr %status.slot, align 4
  %ok = icmp eq i32 %status, 0
  br i1 %ok, label %fine, label %bad

fine:
  %next = add i64 %number, 1
  br label %look

bad:
  %none = icmp eq ptr %exception, null
  br i1 %none, label %raise, label %hand.on

hand.on:
  %exception.slot = getelementptr ptr, ptr %exceptions, i64 %number
  %raised = load ptr, ptr %exception.slot, align 8
  store ptr %raised, ptr %exception, align 8
  br label %raise

raise:
  ret i32 %status

good:
  ret i32 0
}

define void @dp.parallel.launch(ptr %task, ptr %environment, i64 %chunks) noinline {
  %threads = call i32 @get_num_threads()
  %wide = sext i32 %threads to i64
  %used = call i64 @llvm.umin.i64(i64 %wide, i64 %chunks)
  %count = trunc i64 %used to i32
  %dimensions = alloca i64
  store i64 %chunks, ptr %dimensions
  %steps = alloca i64
  store i64 1, ptr %steps
  %arguments = alloca ptr
  store ptr null, ptr %arguments                  ; counts the chunks before those of a thread, a byte for each
  %data = alloca { ptr, ptr }
  store ptr %task, ptr %data
  %environment.slot = getelementptr { ptr, ptr }, ptr %data, i32 0, i32 1
  store ptr %environment, ptr %environment.slot
  call void @numba_parallel_for(ptr @dp.parallel.work, ptr %arguments, ptr %dimensions, ptr %steps, ptr %data, i64 0, i64 1,
                                i32 %count)
  ret void
}

define void @dp.parallel.work(ptr %arguments, ptr %dimensions, ptr %steps, ptr %data) noinline {
entry:
  %before = load ptr, ptr %arguments
  %first = ptrtoint ptr %before to i64
  %count = load i64, ptr %dimensions
  %task = load ptr, ptr %data
  %environment.slot = getelementptr { ptr, ptr }, ptr %data, i32 0, i32 1
  %environment = load ptr, ptr %environment.slot
  %behind = add i64 %first, %count
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %run

run:
  %chunk = phi i64 [ %first, %entry ], [ %next, %run ]
  call void %task(ptr %environment, i64 %chunk)
  %next = add i64 %chunk, 1
  %end = icmp eq i64 %next, %behind
  br i1 %end, label %done, label %run

done:
  ret void
}

; The sum, in order, of what so many chunks leave so many bytes apart.
define double @dp.parallel.total.f64(ptr %first, i64 %stride, i64 %chunks) {
entry:
  br label %next

next:
  %number = phi i64 [ 0, %entry ], [ %following, %next ]
  %total = phi double [ -0.0, %entry ], [ %sum, %next ]
  %offset = mul i64 %number, %stride
  %place = getelementptr i8, ptr %first, i64 %offset
  %share = load double, ptr %place, align 8
  %sum = fadd double %total, %share
  %following = add i64 %number, 1
  %all = icmp eq i64 %following, %chunks
  br i1 %all, label %done, label %next

done:
  ret double %sum
}

; The sum, in order, of what so many chunks leave so many bytes apart.
define float @dp.parallel.total.f32(ptr %first, i64 %stride, i64 %chunks) {
entry:
  br label %next

next:
  %number = phi i64 [ 0, %entry ], [ %following, %next ]
  %total = phi float [ -0.0, %entry ], [ %sum, %next ]
  %offset = mul i64 %number, %stride
  %place = getelementptr i8, ptr %first, i64 %offset
  %share = load float, ptr %place, align 8
  %sum = fadd float %total, %share
  %following = add i64 %number, 1
  %all = icmp eq i64 %following, %chunks
  br i1 %all, label %done, label %next

done:
  ret float %sum
}
