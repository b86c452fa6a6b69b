; What threads of a GPU call while they run a gradient: where each keeps its tape, what a block clears together, additions
; that lose none.  No thread allocates memory: the host gives it to all of them before the launch.

; An arena is here what one thread knows of its storage: its first slot, bytes from one of its slots to the next, slots used,
; slots that there are, where to say how many were used.
%arena = type { ptr, i64, i64, i64, ptr }
; What the host gives: the slots of all threads, how many a thread has, the most that any has used; where the last field is not
; zero, a thread has a single one, and how many it would need is counted.
%storage = type { ptr, i64, i64, i64 }

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.tid.y()
declare i32 @llvm.nvvm.read.ptx.sreg.tid.z()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.y()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.z()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.y()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.z()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.y()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.z()
declare i32 @llvm.nvvm.read.ptx.sreg.dynamic_smem_size()

; The number of this thread in its block.
define linkonce_odr i64 @dp.thread.in.block() alwaysinline {
  %x = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %y = call i32 @llvm.nvvm.read.ptx.sreg.tid.y()
  %z = call i32 @llvm.nvvm.read.ptx.sreg.tid.z()
  %nx = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %ny = call i32 @llvm.nvvm.read.ptx.sreg.ntid.y()
  %planes = mul i32 %z, %ny
  %rows = add i32 %planes, %y
  %row = mul i32 %rows, %nx
  %number = add i32 %row, %x
  %wide = zext i32 %number to i64
  ret i64 %wide
}

define linkonce_odr i64 @dp.threads.a.block() alwaysinline {
  %nx = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %ny = call i32 @llvm.nvvm.read.ptx.sreg.ntid.y()
  %nz = call i32 @llvm.nvvm.read.ptx.sreg.ntid.z()
  %plane = mul i32 %nx, %ny
  %all = mul i32 %plane, %nz
  %wide = zext i32 %all to i64
  ret i64 %wide
}

define linkonce_odr void @dp.thread.begin(ptr %thread, ptr %storage) alwaysinline {
  %x = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %y = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.y()
  %z = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.z()
  %nx = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
  %ny = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.y()
  %nz = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.z()
  %x.wide = zext i32 %x to i64
  %y.wide = zext i32 %y to i64
  %z.wide = zext i32 %z to i64
  %nx.wide = zext i32 %nx to i64
  %ny.wide = zext i32 %ny to i64
  %nz.wide = zext i32 %nz to i64
  %planes = mul i64 %z.wide, %ny.wide
  %rows = add i64 %planes, %y.wide
  %row = mul i64 %rows, %nx.wide
  %block = add i64 %row, %x.wide
  %plane = mul i64 %nx.wide, %ny.wide
  %blocks = mul i64 %plane, %nz.wide
  %size = call i64 @dp.threads.a.block()
  %own = call i64 @dp.thread.in.block()
  %before = mul i64 %block, %size
  %number = add i64 %before, %own
  %threads = mul i64 %blocks, %size
  %slots = load ptr, ptr %storage, align 8
  %first = getelementptr [8 x i8], ptr %slots, i64 %number
  store ptr %first, ptr %thread, align 8
  %count.slot = getelementptr %storage, ptr %storage, i32 0, i32 3
  %count = load i64, ptr %count.slot, align 8
  %counts = icmp ne i64 %count, 0
  %apart = shl i64 %threads, 3
  %distance = select i1 %counts, i64 0, i64 %apart
  %distance.slot = getelementptr %arena, ptr %thread, i32 0, i32 1
  store i64 %distance, ptr %distance.slot, align 8
  %used.slot = getelementptr %arena, ptr %thread, i32 0, i32 2
  store i64 0, ptr %used.slot, align 8
  %room.slot = getelementptr %storage, ptr %storage, i32 0, i32 1
  %room = load i64, ptr %room.slot, align 8
  %room.own = getelementptr %arena, ptr %thread, i32 0, i32 3
  store i64 %room, ptr %room.own, align 8
  %most = getelementptr %storage, ptr %storage, i32 0, i32 2
  %most.own = getelementptr %arena, ptr %thread, i32 0, i32 4
  store ptr %most, ptr %most.own, align 8
  ret void
}

define linkonce_odr void @dp.thread.end(ptr %thread) alwaysinline {
  %used.slot = getelementptr %arena, ptr %thread, i32 0, i32 2
  %used = load i64, ptr %used.slot, align 8
  %most.own = getelementptr %arena, ptr %thread, i32 0, i32 4
  %most = load ptr, ptr %most.own, align 8
  %old = atomicrmw umax ptr %most, i64 %used syncscope("device") monotonic
  ret void
}

; Slots for so many bytes; null where there are not enough.
define linkonce_odr ptr @dp.arena.take(ptr %thread, i64 %bytes) alwaysinline {
  %used.slot = getelementptr %arena, ptr %thread, i32 0, i32 2
  %used = load i64, ptr %used.slot, align 8
  %more = lshr i64 %bytes, 3
  %all = add i64 %used, %more
  store i64 %all, ptr %used.slot, align 8
  %room.slot = getelementptr %arena, ptr %thread, i32 0, i32 3
  %room = load i64, ptr %room.slot, align 8
  %fits = icmp ule i64 %all, %room
  %first = load ptr, ptr %thread, align 8
  %distance.slot = getelementptr %arena, ptr %thread, i32 0, i32 1
  %distance = load i64, ptr %distance.slot, align 8
  %offset = mul i64 %used, %distance
  %slot = getelementptr i8, ptr %first, i64 %offset
  %given = select i1 %fits, ptr %slot, ptr null
  ret ptr %given
}

; Records of a loop, each with the one before in its first slot; the state holds the last one and the distance of slots.
define linkonce_odr ptr @dp.stack.push(ptr %thread, ptr %state, i64 %bytes) alwaysinline {
entry:
  %all = add i64 %bytes, 8
  %record = call ptr @dp.arena.take(ptr %thread, i64 %all)
  %failed = icmp eq ptr %record, null
  br i1 %failed, label %none, label %link

none:
  ret ptr null

link:
  %before = load ptr, ptr %state, align 8
  store ptr %before, ptr %record, align 8
  store ptr %record, ptr %state, align 8
  %distance.slot = getelementptr %arena, ptr %thread, i32 0, i32 1
  %distance = load i64, ptr %distance.slot, align 8
  %apart.slot = getelementptr i8, ptr %state, i64 8
  %apart = inttoptr i64 %distance to ptr
  store ptr %apart, ptr %apart.slot, align 8
  %fields = getelementptr i8, ptr %record, i64 %distance
  ret ptr %fields
}

define linkonce_odr ptr @dp.stack.pop(ptr %state, i64 %bytes) alwaysinline {
  %record = load ptr, ptr %state, align 8
  %before = load ptr, ptr %record, align 8
  store ptr %before, ptr %state, align 8
  %apart.slot = getelementptr i8, ptr %state, i64 8
  %apart = load ptr, ptr %apart.slot, align 8
  %distance = ptrtoint ptr %apart to i64
  %fields = getelementptr i8, ptr %record, i64 %distance
  ret ptr %fields
}

; Where the shadow of dynamic shared memory begins, behind n bytes of the primal's: at the next multiple of 16. The launch gives
; room for both, and no two n give the same sum.
define linkonce_odr i64 @dp.dynamic.distance() alwaysinline {
  %both = call i32 @llvm.nvvm.read.ptx.sreg.dynamic_smem_size()
  %up = add i32 %both, 31
  %half = lshr i32 %up, 5
  %distance = shl i32 %half, 4
  %wide = zext i32 %distance to i64
  ret i64 %wide
}

; n.
define linkonce_odr i32 @dp.dynamic.size() alwaysinline {
  %both = call i32 @llvm.nvvm.read.ptx.sreg.dynamic_smem_size()
  %distance = call i64 @dp.dynamic.distance()
  %before = trunc i64 %distance to i32
  %size = sub i32 %both, %before
  ret i32 %size
}

; Each thread clears every so many words of four bytes.
define linkonce_odr void @dp.block.clear(ptr %memory, i64 %bytes) alwaysinline {
entry:
  %first = call i64 @dp.thread.in.block()
  %step = call i64 @dp.threads.a.block()
  %words = lshr i64 %bytes, 2
  br label %head

head:
  %at = phi i64 [ %first, %entry ], [ %next, %body ]
  %more = icmp ult i64 %at, %words
  br i1 %more, label %body, label %done

body:
  %place = getelementptr i32, ptr %memory, i64 %at
  store i32 0, ptr %place, align 4
  %next = add i64 %at, %step
  br label %head

done:
  ret void
}

define linkonce_odr void @dp.add.atomic.f64(ptr %place, double %amount) alwaysinline {
  %old = atomicrmw fadd ptr %place, double %amount syncscope("device") monotonic
  ret void
}

define linkonce_odr void @dp.add.atomic.f32(ptr %place, float %amount) alwaysinline {
  %old = atomicrmw fadd ptr %place, float %amount syncscope("device") monotonic
  ret void
}

; Where no other thread gathers what belongs to the place.
define linkonce_odr void @dp.add.alone.f64(ptr %place, double %amount, i1 %is.gathered) alwaysinline {
entry:
  br i1 %is.gathered, label %done, label %add

add:
  %old = atomicrmw fadd ptr %place, double %amount syncscope("device") monotonic
  br label %done

done:
  ret void
}

define linkonce_odr void @dp.add.alone.f32(ptr %place, float %amount, i1 %is.gathered) alwaysinline {
entry:
  br i1 %is.gathered, label %done, label %add

add:
  %old = atomicrmw fadd ptr %place, float %amount syncscope("device") monotonic
  br label %done

done:
  ret void
}

; Makes zero what was loaded. The store waits for the load, which decides whether there is anything to clear: a store to a cell
; of global memory whose load is under way holds up the memory for all threads.
define linkonce_odr void @dp.clear.f64(ptr captures(none) %place, double %taken) alwaysinline nounwind willreturn memory(argmem: readwrite) {
entry:
  %bits = bitcast double %taken to i64
  %is.zero = icmp eq i64 %bits, 0
  br i1 %is.zero, label %done, label %clear

clear:
  store double 0.0, ptr %place, align 8
  br label %done

done:
  ret void
}

define linkonce_odr void @dp.clear.f32(ptr captures(none) %place, float %taken) alwaysinline nounwind willreturn memory(argmem: readwrite) {
entry:
  %bits = bitcast float %taken to i32
  %is.zero = icmp eq i32 %bits, 0
  br i1 %is.zero, label %done, label %clear

clear:
  store float 0.0, ptr %place, align 4
  br label %done

done:
  ret void
}

; Where no other thread adds to the same place.
define linkonce_odr void @dp.add.own.f64(ptr captures(none) %place, double %amount) alwaysinline nounwind willreturn memory(argmem: readwrite) {
  %old = load double, ptr %place, align 8
  %new = fadd double %old, %amount
  store double %new, ptr %place, align 8
  ret void
}

define linkonce_odr void @dp.add.own.f32(ptr captures(none) %place, float %amount) alwaysinline nounwind willreturn memory(argmem: readwrite) {
  %old = load float, ptr %place, align 4
  %new = fadd float %old, %amount
  store float %new, ptr %place, align 4
  ret void
}

; Cells of which threads of a block take atomic maxima or minima: see passes/analysis/bounds.py. The cotangent of a cell belongs to
; the thread whose number stands there; -0 adds nothing. What was read is put back by all that had read it, which is why that is
; atomic; where it stands already nobody writes, since others may be reading it in their first sweep. A number that wins brings
; its tangent.

define linkonce_odr double @dp.bound.take.f64(ptr %cell, double %given, i1 %changed, ptr %shadow) alwaysinline {
entry:
  br i1 %changed, label %compare, label %done

compare:
  %stands = load double, ptr %cell, align 8
  %wins = fcmp oeq double %stands, %given
  br i1 %wins, label %take, label %done

take:
  %cotangent = load double, ptr %shadow, align 8
  store double 0.0, ptr %shadow, align 8
  br label %done

done:
  %taken = phi double [ -0.0, %entry ], [ -0.0, %compare ], [ %cotangent, %take ]
  ret double %taken
}

define linkonce_odr void @dp.bound.put.f64(ptr %cell, double %read) alwaysinline {
entry:
  %bits = bitcast double %read to i64
  %stands = load atomic i64, ptr %cell syncscope("device") monotonic, align 8
  %same = icmp eq i64 %stands, %bits
  br i1 %same, label %done, label %put

put:
  store atomic i64 %bits, ptr %cell syncscope("device") monotonic, align 8
  br label %done

done:
  ret void
}

define linkonce_odr void @dp.bound.give.f64(ptr %cell, double %given, i1 %changed, ptr %shadow, double %tangent) alwaysinline {
entry:
  br i1 %changed, label %compare, label %done

compare:
  %stands = load double, ptr %cell, align 8
  %wins = fcmp oeq double %stands, %given
  br i1 %wins, label %give, label %done

give:
  store double %tangent, ptr %shadow, align 8
  br label %done

done:
  ret void
}

define linkonce_odr float @dp.bound.take.f32(ptr %cell, float %given, i1 %changed, ptr %shadow) alwaysinline {
entry:
  br i1 %changed, label %compare, label %done

compare:
  %stands = load float, ptr %cell, align 4
  %wins = fcmp oeq float %stands, %given
  br i1 %wins, label %take, label %done

take:
  %cotangent = load float, ptr %shadow, align 4
  store float 0.0, ptr %shadow, align 4
  br label %done

done:
  %taken = phi float [ -0.0, %entry ], [ -0.0, %compare ], [ %cotangent, %take ]
  ret float %taken
}

define linkonce_odr void @dp.bound.put.f32(ptr %cell, float %read) alwaysinline {
entry:
  %bits = bitcast float %read to i32
  %stands = load atomic i32, ptr %cell syncscope("device") monotonic, align 4
  %same = icmp eq i32 %stands, %bits
  br i1 %same, label %done, label %put

put:
  store atomic i32 %bits, ptr %cell syncscope("device") monotonic, align 4
  br label %done

done:
  ret void
}

define linkonce_odr void @dp.bound.give.f32(ptr %cell, float %given, i1 %changed, ptr %shadow, float %tangent) alwaysinline {
entry:
  br i1 %changed, label %compare, label %done

compare:
  %stands = load float, ptr %cell, align 4
  %wins = fcmp oeq float %stands, %given
  br i1 %wins, label %give, label %done

give:
  store float %tangent, ptr %shadow, align 4
  br label %done

done:
  ret void
}
