; What Numba's own code for typed lists and dictionaries calls beside the primitives that dpcompile/frontend/containers has
; in their place: pointers into their memory, and the iterator of a dictionary (the dictionary, its count, the next entry).

define linkonce_odr ptr @numba_list_base_ptr(ptr %list) {
  %field = getelementptr i8, ptr %list, i64 48
  %items = load ptr, ptr %field, align 8
  ret ptr %items
}

define linkonce_odr i64 @numba_list_size_address(ptr %list) {
  %address = ptrtoint ptr %list to i64
  ret i64 %address
}

define linkonce_odr void @numba_dict_iter(ptr %iterator, ptr %table) {
  %count = load i64, ptr %table, align 8
  store ptr %table, ptr %iterator, align 8
  %count.field = getelementptr i8, ptr %iterator, i64 8
  store i64 %count, ptr %count.field, align 8
  %next.field = getelementptr i8, ptr %iterator, i64 16
  store i64 0, ptr %next.field, align 8
  ret void
}

define linkonce_odr i32 @numba_dict_iter_next(ptr %iterator, ptr %key.out, ptr %value.out) {
entry:
  %table = load ptr, ptr %iterator, align 8
  %count.field = getelementptr i8, ptr %iterator, i64 8
  %count.before = load i64, ptr %count.field, align 8
  %count = load i64, ptr %table, align 8
  %same = icmp eq i64 %count, %count.before
  %next.field = getelementptr i8, ptr %iterator, i64 16
  %first = load i64, ptr %next.field, align 8
  %used.field = getelementptr i8, ptr %table, i64 8
  %used = load i64, ptr %used.field, align 8
  %present.field = getelementptr i8, ptr %table, i64 80
  %present = load ptr, ptr %present.field, align 8
  br i1 %same, label %search, label %mutated

search:
  %index = phi i64 [ %first, %entry ], [ %following, %absent ]
  %left = icmp slt i64 %index, %used
  br i1 %left, label %look, label %exhausted

look:
  %flag.address = getelementptr i64, ptr %present, i64 %index
  %flag = load i64, ptr %flag.address, align 8
  %is.absent = icmp eq i64 %flag, 0
  br i1 %is.absent, label %absent, label %found

absent:
  %following = add i64 %index, 1
  br label %search

found:
  %after = add i64 %index, 1
  store i64 %after, ptr %next.field, align 8
  %key.size.field = getelementptr i8, ptr %table, i64 32
  %key.size = load i64, ptr %key.size.field, align 8
  %key.offset = mul i64 %key.size, %index
  %keys.field = getelementptr i8, ptr %table, i64 56
  %keys = load ptr, ptr %keys.field, align 8
  %key = getelementptr i8, ptr %keys, i64 %key.offset
  store ptr %key, ptr %key.out, align 8
  %value.size.field = getelementptr i8, ptr %table, i64 40
  %value.size = load i64, ptr %value.size.field, align 8
  %value.offset = mul i64 %value.size, %index
  %values.field = getelementptr i8, ptr %table, i64 64
  %values = load ptr, ptr %values.field, align 8
  %value = getelementptr i8, ptr %values, i64 %value.offset
  store ptr %value, ptr %value.out, align 8
  ret i32 0

exhausted:
  ret i32 -3

mutated:
  ret i32 -2
}
