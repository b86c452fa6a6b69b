; What a thread reads that changes while it runs is no property of its place.

; RUN: dp-opt --pass=cache_plan --function=place %s | filecheck %s --check-prefix=PLACE
; RUN: dp-opt --pass=cache_plan --function=time %s | filecheck %s --check-prefix=TIME

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.clock()

; PLACE-NOT: not repeated
; PLACE:     recompute %place
define i32 @place(ptr %x, i32 %n) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %place = getelementptr double, ptr %x, i32 %t
  store double 0.0, ptr %place
  ret i32 0
}

; TIME: keep %t {{.*}}: the call of llvm.nvvm.read.ptx.sreg.clock is not repeated
define i32 @time(ptr %x, i32 %n) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.clock()
  %place = getelementptr double, ptr %x, i32 %t
  store double 0.0, ptr %place
  ret i32 0
}
