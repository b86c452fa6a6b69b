; Chunks of parallel loops on Numba's threading layer, whichever that is; compiled once, when the first derivative that has such
; loops is loaded.

; One launch at a time: a layer may not allow more, and what is launched from within a launch, or from another thread
; meanwhile, runs in series where it is; the result is the same, since chunks are joined in order.
@dp.parallel.busy = internal global i32 0

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare i64 @llvm.umin.i64(i64, i64)
declare i32 @get_num_threads()
; function of a generalised ufunc, arguments, dimensions, steps, data, inner dimensions, number of arguments, threads
declare void @numba_parallel_for(ptr, ptr, ptr, ptr, ptr, i64, i64, i32)

; In how many chunks a loop is run: so many a thread, at most 128, at most one an iteration.
define i64 @dp.parallel.chunks(i64 %iterations, i64 %turns) {
  %threads = call i32 @get_num_threads()
  %wide = sext i32 %threads to i64
  %wished = mul i64 %wide, %turns
  %most = call i64 @llvm.umin.i64(i64 %wished, i64 128)
  %chunks = call i64 @llvm.umin.i64(i64 %most, i64 %iterations)
  ret i64 %chunks
}

; Runs a task for each chunk: how = 0 together, 1 one after the other from the last to the first, 2 together but first those
; of an even number, then the others.  The status of the first chunk whose status is not zero, and its exception.
define i32 @dp.parallel.run(ptr %task, ptr %environment, i64 %chunks, i64 %how, ptr %statuses, ptr %exceptions, ptr %exception) {
entry:
  %together = icmp ne i64 %how, 1
  %several = icmp ugt i64 %chunks, 1
  %wanted = and i1 %together, %several
  br i1 %wanted, label %try, label %backward

try:
  %pair = cmpxchg ptr @dp.parallel.busy, i32 0, i32 1 acquire monotonic
  %free = extractvalue { i32, i1 } %pair, 1
  br i1 %free, label %begin, label %backward

begin:
  %in.turns = icmp eq i64 %how, 2
  br i1 %in.turns, label %turns, label %launch

turns:
  %more.by.one = add i64 %chunks, 1
  %even = lshr i64 %more.by.one, 1
  %odd = lshr i64 %chunks, 1
  call void @dp.parallel.launch(ptr %task, ptr %environment, i64 %even, i64 2, i64 0)
  call void @dp.parallel.launch(ptr %task, ptr %environment, i64 %odd, i64 2, i64 1)
  br label %finish

launch:
  call void @dp.parallel.launch(ptr %task, ptr %environment, i64 %chunks, i64 1, i64 0)
  br label %finish

finish:
  store atomic i32 0, ptr @dp.parallel.busy release, align 4
  br label %look

backward:
  %left = phi i64 [ %chunks, %entry ], [ %chunks, %try ], [ %chunk, %backward ]
  %chunk = sub i64 %left, 1
  call void %task(ptr %environment, i64 %chunk)
  %more = icmp ne i64 %chunk, 0
  br i1 %more, label %backward, label %look

look:
  %number = phi i64 [ 0, %finish ], [ 0, %backward ], [ %next, %fine ]
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

%work = type { ptr, ptr, i64, i64 }             ; task, environment, a chunk's number as a factor and a summand

define internal void @dp.parallel.launch(ptr %task, ptr %environment, i64 %count, i64 %factor, i64 %summand) noinline {
  %threads = call i32 @get_num_threads()
  %wide = sext i32 %threads to i64
  %used = call i64 @llvm.umin.i64(i64 %wide, i64 %count)
  %workers = trunc i64 %used to i32
  %dimensions = alloca i64
  store i64 %count, ptr %dimensions
  %steps = alloca i64
  store i64 1, ptr %steps
  %arguments = alloca ptr
  store ptr null, ptr %arguments                  ; counts the chunks before those of a thread, a byte for each
  %data = alloca %work
  store ptr %task, ptr %data
  %environment.slot = getelementptr %work, ptr %data, i32 0, i32 1
  store ptr %environment, ptr %environment.slot
  %factor.slot = getelementptr %work, ptr %data, i32 0, i32 2
  store i64 %factor, ptr %factor.slot
  %summand.slot = getelementptr %work, ptr %data, i32 0, i32 3
  store i64 %summand, ptr %summand.slot
  call void @numba_parallel_for(ptr @dp.parallel.work, ptr %arguments, ptr %dimensions, ptr %steps, ptr %data, i64 0, i64 1,
                                i32 %workers)
  ret void
}

define internal void @dp.parallel.work(ptr %arguments, ptr %dimensions, ptr %steps, ptr %data) noinline {
entry:
  %before = load ptr, ptr %arguments
  %first = ptrtoint ptr %before to i64
  %count = load i64, ptr %dimensions
  %task = load ptr, ptr %data
  %environment.slot = getelementptr %work, ptr %data, i32 0, i32 1
  %environment = load ptr, ptr %environment.slot
  %factor.slot = getelementptr %work, ptr %data, i32 0, i32 2
  %factor = load i64, ptr %factor.slot
  %summand.slot = getelementptr %work, ptr %data, i32 0, i32 3
  %summand = load i64, ptr %summand.slot
  %behind = add i64 %first, %count
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %run

run:
  %number = phi i64 [ %first, %entry ], [ %next, %run ]
  %scaled = mul i64 %number, %factor
  %chunk = add i64 %scaled, %summand
  call void %task(ptr %environment, i64 %chunk)
  %next = add i64 %number, 1
  %end = icmp eq i64 %next, %behind
  br i1 %end, label %done, label %run

done:
  ret void
}

%join = type { ptr, ptr, i64, i64, i64, i64 }   ; shadow, first copy, bytes to the next, numbers, copies, ranges

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

; Adds copies, in order, to the memory that they are copies of; on several threads where that is much.
define void @dp.parallel.join.f64(ptr %shadow, ptr %first, i64 %stride, i64 %bytes, i64 %copies) {
entry:
  %none = icmp eq i64 %bytes, 0
  %alone = icmp eq i64 %copies, 0
  %nothing = or i1 %none, %alone
  br i1 %nothing, label %done, label %some

some:
  %environment = alloca %join
  store ptr %shadow, ptr %environment
  %first.slot = getelementptr %join, ptr %environment, i32 0, i32 1
  store ptr %first, ptr %first.slot
  %stride.slot = getelementptr %join, ptr %environment, i32 0, i32 2
  store i64 %stride, ptr %stride.slot
  %count.slot = getelementptr %join, ptr %environment, i32 0, i32 3
  %count = lshr i64 %bytes, 3
  store i64 %count, ptr %count.slot
  %copies.slot = getelementptr %join, ptr %environment, i32 0, i32 4
  store i64 %copies, ptr %copies.slot
  %pages = lshr i64 %count, 13
  %more = add i64 %pages, 1
  %ranges = call i64 @dp.parallel.chunks(i64 %more, i64 1)
  %ranges.slot = getelementptr %join, ptr %environment, i32 0, i32 5
  store i64 %ranges, ptr %ranges.slot
  %statuses = alloca [128 x i32]
  call void @llvm.memset.p0.i64(ptr %statuses, i8 0, i64 512, i1 false)
  %status = call i32 @dp.parallel.run(ptr @dp.parallel.join.task.f64, ptr %environment, i64 %ranges, i64 0, ptr %statuses,
                                      ptr null, ptr null)
  br label %done

done:
  ret void
}

define internal void @dp.parallel.join.task.f64(ptr %environment, i64 %range) {
entry:
  %shadow = load ptr, ptr %environment
  %first.slot = getelementptr %join, ptr %environment, i32 0, i32 1
  %first = load ptr, ptr %first.slot
  %stride.slot = getelementptr %join, ptr %environment, i32 0, i32 2
  %stride = load i64, ptr %stride.slot
  %count.slot = getelementptr %join, ptr %environment, i32 0, i32 3
  %count = load i64, ptr %count.slot
  %copies.slot = getelementptr %join, ptr %environment, i32 0, i32 4
  %copies = load i64, ptr %copies.slot
  %ranges.slot = getelementptr %join, ptr %environment, i32 0, i32 5
  %ranges = load i64, ptr %ranges.slot
  %begin.all = mul i64 %range, %count
  %begin = udiv i64 %begin.all, %ranges
  %following = add i64 %range, 1
  %end.all = mul i64 %following, %count
  %end = udiv i64 %end.all, %ranges
  br label %copy

copy:
  %number = phi i64 [ 0, %entry ], [ %number.next, %copied ]
  %offset = mul i64 %number, %stride
  %own = getelementptr i8, ptr %first, i64 %offset
  %empty = icmp eq i64 %begin, %end
  br i1 %empty, label %copied, label %add

add:
  %index = phi i64 [ %begin, %copy ], [ %index.next, %add ]
  %place = getelementptr double, ptr %shadow, i64 %index
  %share.place = getelementptr double, ptr %own, i64 %index
  %share = load double, ptr %share.place, align 8
  %old = load double, ptr %place, align 8
  %new = fadd double %old, %share
  store double %new, ptr %place, align 8
  %index.next = add i64 %index, 1
  %whole = icmp eq i64 %index.next, %end
  br i1 %whole, label %copied, label %add

copied:
  %number.next = add i64 %number, 1
  %all = icmp eq i64 %number.next, %copies
  br i1 %all, label %done, label %copy

done:
  ret void
}

define void @dp.add.atomic.f64(ptr %place, double %amount) {
  %old = atomicrmw fadd ptr %place, double %amount monotonic
  ret void
}

; Adds copies, in order, to the memory that they are copies of; on several threads where that is much.
define void @dp.parallel.join.f32(ptr %shadow, ptr %first, i64 %stride, i64 %bytes, i64 %copies) {
entry:
  %none = icmp eq i64 %bytes, 0
  %alone = icmp eq i64 %copies, 0
  %nothing = or i1 %none, %alone
  br i1 %nothing, label %done, label %some

some:
  %environment = alloca %join
  store ptr %shadow, ptr %environment
  %first.slot = getelementptr %join, ptr %environment, i32 0, i32 1
  store ptr %first, ptr %first.slot
  %stride.slot = getelementptr %join, ptr %environment, i32 0, i32 2
  store i64 %stride, ptr %stride.slot
  %count.slot = getelementptr %join, ptr %environment, i32 0, i32 3
  %count = lshr i64 %bytes, 2
  store i64 %count, ptr %count.slot
  %copies.slot = getelementptr %join, ptr %environment, i32 0, i32 4
  store i64 %copies, ptr %copies.slot
  %pages = lshr i64 %count, 13
  %more = add i64 %pages, 1
  %ranges = call i64 @dp.parallel.chunks(i64 %more, i64 1)
  %ranges.slot = getelementptr %join, ptr %environment, i32 0, i32 5
  store i64 %ranges, ptr %ranges.slot
  %statuses = alloca [128 x i32]
  call void @llvm.memset.p0.i64(ptr %statuses, i8 0, i64 512, i1 false)
  %status = call i32 @dp.parallel.run(ptr @dp.parallel.join.task.f32, ptr %environment, i64 %ranges, i64 0, ptr %statuses,
                                      ptr null, ptr null)
  br label %done

done:
  ret void
}

define internal void @dp.parallel.join.task.f32(ptr %environment, i64 %range) {
entry:
  %shadow = load ptr, ptr %environment
  %first.slot = getelementptr %join, ptr %environment, i32 0, i32 1
  %first = load ptr, ptr %first.slot
  %stride.slot = getelementptr %join, ptr %environment, i32 0, i32 2
  %stride = load i64, ptr %stride.slot
  %count.slot = getelementptr %join, ptr %environment, i32 0, i32 3
  %count = load i64, ptr %count.slot
  %copies.slot = getelementptr %join, ptr %environment, i32 0, i32 4
  %copies = load i64, ptr %copies.slot
  %ranges.slot = getelementptr %join, ptr %environment, i32 0, i32 5
  %ranges = load i64, ptr %ranges.slot
  %begin.all = mul i64 %range, %count
  %begin = udiv i64 %begin.all, %ranges
  %following = add i64 %range, 1
  %end.all = mul i64 %following, %count
  %end = udiv i64 %end.all, %ranges
  br label %copy

copy:
  %number = phi i64 [ 0, %entry ], [ %number.next, %copied ]
  %offset = mul i64 %number, %stride
  %own = getelementptr i8, ptr %first, i64 %offset
  %empty = icmp eq i64 %begin, %end
  br i1 %empty, label %copied, label %add

add:
  %index = phi i64 [ %begin, %copy ], [ %index.next, %add ]
  %place = getelementptr float, ptr %shadow, i64 %index
  %share.place = getelementptr float, ptr %own, i64 %index
  %share = load float, ptr %share.place, align 4
  %old = load float, ptr %place, align 4
  %new = fadd float %old, %share
  store float %new, ptr %place, align 4
  %index.next = add i64 %index, 1
  %whole = icmp eq i64 %index.next, %end
  br i1 %whole, label %copied, label %add

copied:
  %number.next = add i64 %number, 1
  %all = icmp eq i64 %number.next, %copies
  br i1 %all, label %done, label %copy

done:
  ret void
}

define void @dp.add.atomic.f32(ptr %place, float %amount) {
  %old = atomicrmw fadd ptr %place, float %amount monotonic
  ret void
}
