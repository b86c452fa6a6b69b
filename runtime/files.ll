; Memory in a file without a name: it goes to disk where there is no room for it, and vanishes with its last user.
; Compiled once, when it is first asked for.

declare ptr @strcpy(ptr, ptr)
declare i64 @strlen(ptr)
declare i32 @mkstemp(ptr)
declare i32 @unlink(ptr)
declare i32 @posix_fallocate(i32, i64, i64)
declare i32 @close(i32)
declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
declare i32 @munmap(ptr, i64)

; %template: the path, with six X at its end.  Null where the file cannot be made or not so large.
define ptr @dp.file.map(ptr %template, i64 %bytes) {
  %length = call i64 @strlen(ptr %template)
  %with.end = add i64 %length, 1
  %path = alloca i8, i64 %with.end, align 1
  %same = call ptr @strcpy(ptr %path, ptr %template)
  %file = call i32 @mkstemp(ptr %path)
  %missing = icmp slt i32 %file, 0
  br i1 %missing, label %failed, label %made

made:
  %gone = call i32 @unlink(ptr %path)
  %empty = icmp eq i64 %bytes, 0
  %size = select i1 %empty, i64 1, i64 %bytes
  %short = call i32 @posix_fallocate(i32 %file, i64 0, i64 %size)     ; a full disk says so here, not at some later store
  %sized = icmp eq i32 %short, 0
  br i1 %sized, label %map, label %close.it

map:                                            ; readable and writable (3), shared with the file (1)
  %memory = call ptr @mmap(ptr null, i64 %size, i32 3, i32 1, i32 %file, i64 0)
  br label %close.it

close.it:
  %found = phi ptr [ inttoptr (i64 -1 to ptr), %made ], [ %memory, %map ]
  %closed = call i32 @close(i32 %file)
  %bad = icmp eq ptr %found, inttoptr (i64 -1 to ptr)
  br i1 %bad, label %failed, label %done

done:
  ret ptr %found

failed:
  ret ptr null
}

; Destructor of a MemInfo whose data are the address and the size of such memory.
define void @dp.file.unmap(ptr %data, i64 %size, ptr %info) {
  %memory = load ptr, ptr %data, align 8
  %none = icmp eq ptr %memory, null
  br i1 %none, label %done, label %some

some:
  %bytes.slot = getelementptr i8, ptr %data, i64 8
  %bytes = load i64, ptr %bytes.slot, align 8
  %empty = icmp eq i64 %bytes, 0
  %mapped = select i1 %empty, i64 1, i64 %bytes
  %gone = call i32 @munmap(ptr %memory, i64 %mapped)
  br label %done

done:
  ret void
}
