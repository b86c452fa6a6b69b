; Arrays of the primal that interpreted code may keep: memory of Numba's own, of which the arena holds one reference.

declare noalias ptr @NRT_MemInfo_alloc_aligned(i64, i32)
declare void @NRT_decref(ptr)
declare void @dp.arena.own(ptr, ptr, ptr)

define linkonce_odr noalias ptr @dp.arena.counted(ptr %arena, i64 %bytes, i64 %align) {
  %alignment = trunc i64 %align to i32
  %memory = call ptr @NRT_MemInfo_alloc_aligned(i64 %bytes, i32 %alignment)
  call void @dp.arena.own(ptr %arena, ptr %memory, ptr @NRT_decref)
  ret ptr %memory
}
