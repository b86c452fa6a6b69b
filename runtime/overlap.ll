; Whether arrays share memory, exactly: interleaved views that have no byte in common are told apart.  An array is given by
; the address of its element of index zero and, in memory, by its form, numbers of 64 bits: bytes of an element, how many axes
; there are, and length and stride of each.  Compiled once.

declare ptr @calloc(i64, i64)
declare void @free(ptr)
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.abs.i64(i64, i1)

define internal { i64, i64 } @axis(ptr %form, i64 %axis) alwaysinline {
  %twice = shl i64 %axis, 1
  %place = add i64 %twice, 2
  %length.slot = getelementptr i64, ptr %form, i64 %place
  %stride.slot = getelementptr i64, ptr %length.slot, i64 1
  %length = load i64, ptr %length.slot, align 8
  %stride = load i64, ptr %stride.slot, align 8
  %head = insertvalue { i64, i64 } poison, i64 %length, 0
  %both = insertvalue { i64, i64 } %head, i64 %stride, 1
  ret { i64, i64 } %both
}

; How many elements there are.
define internal i64 @size(ptr %form) {
  %axes.slot = getelementptr i64, ptr %form, i64 1
  %axes = load i64, ptr %axes.slot, align 8
  br label %next

next:
  %axis = phi i64 [ 0, %0 ], [ %axis.next, %more ]
  %size = phi i64 [ 1, %0 ], [ %size.next, %more ]
  %left = icmp slt i64 %axis, %axes
  br i1 %left, label %more, label %done

more:
  %found = call { i64, i64 } @axis(ptr %form, i64 %axis)
  %length = extractvalue { i64, i64 } %found, 0
  %size.next = mul i64 %size, %length
  %axis.next = add i64 %axis, 1
  br label %next

done:
  ret i64 %size
}

; Where the element of this index in C order lies.
define internal i64 @place(i64 %address, ptr %form, i64 %index) {
  %axes.slot = getelementptr i64, ptr %form, i64 1
  %axes = load i64, ptr %axes.slot, align 8
  br label %next

next:
  %axis = phi i64 [ %axes, %0 ], [ %axis.next, %more ]
  %place = phi i64 [ %address, %0 ], [ %place.next, %more ]
  %rest = phi i64 [ %index, %0 ], [ %rest.next, %more ]
  %left = icmp sgt i64 %axis, 0
  br i1 %left, label %more, label %done

more:
  %axis.next = sub i64 %axis, 1
  %found = call { i64, i64 } @axis(ptr %form, i64 %axis.next)
  %length = extractvalue { i64, i64 } %found, 0
  %stride = extractvalue { i64, i64 } %found, 1
  %along = urem i64 %rest, %length
  %rest.next = udiv i64 %rest, %length
  %distance = mul i64 %along, %stride
  %place.next = add i64 %place, %distance
  br label %next

done:
  ret i64 %place
}

; The first byte of an array that has elements, and the one behind its last.
define internal { i64, i64 } @bounds(i64 %address, ptr %form) {
  %item = load i64, ptr %form, align 8
  %behind = add i64 %address, %item
  %axes.slot = getelementptr i64, ptr %form, i64 1
  %axes = load i64, ptr %axes.slot, align 8
  br label %next

next:
  %axis = phi i64 [ 0, %0 ], [ %axis.next, %more ]
  %low = phi i64 [ %address, %0 ], [ %low.next, %more ]
  %high = phi i64 [ %behind, %0 ], [ %high.next, %more ]
  %left = icmp slt i64 %axis, %axes
  br i1 %left, label %more, label %done

more:
  %found = call { i64, i64 } @axis(ptr %form, i64 %axis)
  %length = extractvalue { i64, i64 } %found, 0
  %stride = extractvalue { i64, i64 } %found, 1
  %last = sub i64 %length, 1
  %extent = mul i64 %last, %stride
  %before = call i64 @llvm.smin.i64(i64 %extent, i64 0)
  %after = call i64 @llvm.smax.i64(i64 %extent, i64 0)
  %low.next = add i64 %low, %before
  %high.next = add i64 %high, %after
  %axis.next = add i64 %axis, 1
  br label %next

done:
  %head = insertvalue { i64, i64 } poison, i64 %low, 0
  %both = insertvalue { i64, i64 } %head, i64 %high, 1
  ret { i64, i64 } %both
}

; Whether a byte of any element is marked in the map of those from %low to %high; all are marked where %mark is one, which
; ends at the first that was where %first is.
define internal i1 @visit(i64 %address, ptr %form, ptr %map, i64 %low, i64 %high, i1 %mark, i1 %first) {
  %item = load i64, ptr %form, align 8
  %size = call i64 @size(ptr %form)
  br label %next

next:
  %index = phi i64 [ 0, %0 ], [ %index.next, %leave ]
  %left = icmp slt i64 %index, %size
  br i1 %left, label %element, label %done

element:
  %start = call i64 @place(i64 %address, ptr %form, i64 %index)
  %end = add i64 %start, %item
  %from = call i64 @llvm.smax.i64(i64 %start, i64 %low)
  %to = call i64 @llvm.smin.i64(i64 %end, i64 %high)
  br label %byte

byte:
  %at = phi i64 [ %from, %element ], [ %at.next, %marked ]
  %inside = icmp slt i64 %at, %to
  br i1 %inside, label %look, label %leave

look:
  %distance = sub i64 %at, %low
  %slot = getelementptr i8, ptr %map, i64 %distance
  %taken = load i8, ptr %slot, align 1
  %is.taken = icmp ne i8 %taken, 0
  %stop = and i1 %is.taken, %first
  br i1 %stop, label %found, label %write

write:
  %new = select i1 %mark, i8 1, i8 %taken
  store i8 %new, ptr %slot, align 1
  br label %marked

marked:
  %at.next = add i64 %at, 1
  br label %byte

leave:
  %index.next = add i64 %index, 1
  br label %next

found:
  ret i1 true

done:
  ret i1 false
}

; Whether any byte belongs to elements of both arrays.
define i8 @dp.memory.overlap(ptr %one, ptr %one.form, ptr %other, ptr %other.form) {
  %one.size = call i64 @size(ptr %one.form)
  %other.size = call i64 @size(ptr %other.form)
  %one.empty = icmp eq i64 %one.size, 0
  %other.empty = icmp eq i64 %other.size, 0
  %empty = or i1 %one.empty, %other.empty
  br i1 %empty, label %apart, label %compare

compare:
  %one.address = ptrtoint ptr %one to i64
  %other.address = ptrtoint ptr %other to i64
  %one.bounds = call { i64, i64 } @bounds(i64 %one.address, ptr %one.form)
  %other.bounds = call { i64, i64 } @bounds(i64 %other.address, ptr %other.form)
  %one.low = extractvalue { i64, i64 } %one.bounds, 0
  %one.high = extractvalue { i64, i64 } %one.bounds, 1
  %other.low = extractvalue { i64, i64 } %other.bounds, 0
  %other.high = extractvalue { i64, i64 } %other.bounds, 1
  %low = call i64 @llvm.smax.i64(i64 %one.low, i64 %other.low)
  %high = call i64 @llvm.smin.i64(i64 %one.high, i64 %other.high)
  %meet = icmp slt i64 %low, %high
  br i1 %meet, label %map.both, label %apart

map.both:
  %bytes = sub i64 %high, %low
  %map = call ptr @calloc(i64 %bytes, i64 1)
  %none = call i1 @visit(i64 %one.address, ptr %one.form, ptr %map, i64 %low, i64 %high, i1 true, i1 false)
  %shared = call i1 @visit(i64 %other.address, ptr %other.form, ptr %map, i64 %low, i64 %high, i1 false, i1 true)
  call void @free(ptr %map)
  %answer = zext i1 %shared to i8
  ret i8 %answer

apart:
  ret i8 0
}

; The bytes from the first to behind the last element along all axes of shorter strides than this one, of axes with equal
; strides those before it.
define internal i64 @reach(ptr %form, i64 %axis) {
  %item = load i64, ptr %form, align 8
  %axes.slot = getelementptr i64, ptr %form, i64 1
  %axes = load i64, ptr %axes.slot, align 8
  %mine = call { i64, i64 } @axis(ptr %form, i64 %axis)
  %my.stride = extractvalue { i64, i64 } %mine, 1
  %my.step = call i64 @llvm.abs.i64(i64 %my.stride, i1 false)
  br label %next

next:
  %other = phi i64 [ 0, %0 ], [ %other.next, %more ]
  %reach = phi i64 [ %item, %0 ], [ %reach.next, %more ]
  %left = icmp slt i64 %other, %axes
  br i1 %left, label %more, label %done

more:
  %found = call { i64, i64 } @axis(ptr %form, i64 %other)
  %length = extractvalue { i64, i64 } %found, 0
  %stride = extractvalue { i64, i64 } %found, 1
  %step = call i64 @llvm.abs.i64(i64 %stride, i1 false)
  %shorter = icmp slt i64 %step, %my.step
  %equal = icmp eq i64 %step, %my.step
  %before = icmp slt i64 %other, %axis
  %first = and i1 %equal, %before
  %within = or i1 %shorter, %first
  %last = sub i64 %length, 1
  %extent = mul i64 %step, %last
  %counted = select i1 %within, i64 %extent, i64 0
  %reach.next = add i64 %reach, %counted
  %other.next = add i64 %other, 1
  br label %next

done:
  ret i64 %reach
}

; Whether two indices of an array lead to the same byte.
define i8 @dp.memory.repeats(ptr %array, ptr %form) {
  %size = call i64 @size(ptr %form)
  %empty = icmp eq i64 %size, 0
  br i1 %empty, label %apart, label %start

start:
  %axes.slot = getelementptr i64, ptr %form, i64 1
  %axes = load i64, ptr %axes.slot, align 8
  br label %next

next:
  %axis = phi i64 [ 0, %start ], [ %axis.next, %jump ]
  %left = icmp slt i64 %axis, %axes
  br i1 %left, label %more, label %apart

more:
  %found = call { i64, i64 } @axis(ptr %form, i64 %axis)
  %length = extractvalue { i64, i64 } %found, 0
  %stride = extractvalue { i64, i64 } %found, 1
  %step = call i64 @llvm.abs.i64(i64 %stride, i1 false)
  %reach = call i64 @reach(ptr %form, i64 %axis)
  %short = icmp slt i64 %step, %reach
  %several = icmp sgt i64 %length, 1
  %may.repeat = and i1 %short, %several
  br i1 %may.repeat, label %map.it, label %jump

jump:
  %axis.next = add i64 %axis, 1
  br label %next

map.it:
  %address = ptrtoint ptr %array to i64
  %bounds = call { i64, i64 } @bounds(i64 %address, ptr %form)
  %low = extractvalue { i64, i64 } %bounds, 0
  %high = extractvalue { i64, i64 } %bounds, 1
  %bytes = sub i64 %high, %low
  %map = call ptr @calloc(i64 %bytes, i64 1)
  %repeated = call i1 @visit(i64 %address, ptr %form, ptr %map, i64 %low, i64 %high, i1 true, i1 true)
  call void @free(ptr %map)
  %answer = zext i1 %repeated to i8
  ret i8 %answer

apart:
  ret i8 0
}
