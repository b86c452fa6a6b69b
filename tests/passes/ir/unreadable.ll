; What the reader must refuse; each case starts with the error that it expects.

; expect: line 2: unknown instruction 'va_arg'
define void @f(ptr %x) {
  %y = va_arg ptr %x, i32
  ret void
}

; expect: line 2: unknown instruction 'invoke'
define void @f() personality ptr @p {
  invoke void @p() to label %a unwind label %b
}
declare void @p()

; expect: line 2: undefined value %missing
define double @f(double %x) {
  %y = fadd double %x, %missing
  ret double %y
}

; expect: line 2: undefined block %nowhere
define void @f() {
  br label %nowhere
}

; expect: line 2: undefined global @missing
define void @f() {
  call void @missing()
  ret void
}

; expect: undefined global @missing
@x = global ptr @missing

; expect: %x is a double, not a i64
define void @f(double %x) {
  %y = add i64 %x, 1
  ret void
}

; expect: %y is a double, but was used as a i64
define void @f(double %x, i1 %c) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %y, %loop ]
  %y = fadd double %x, 1.0
  br i1 %c, label %loop, label %end
end:
  ret void
}

; expect: %x is defined twice
define void @f(double %x) {
  %x = fadd double 1.0, 1.0
  ret void
}

; expect: %here is defined twice
define void @f(double %x) {
here:
  br label %here
here:
  ret void
}

; expect: @f is defined twice
declare void @f()
declare void @f()

; expect: unexpected 'nonsense' behind the instruction
define void @f(double %x) {
  %y = fadd double %x, 1.0 nonsense 3
  ret void
}

; expect: unexpected '!dbg' behind the instruction
define void @f(double %x) {
  %y = fadd double %x, 1.0, !dbg !DILocation(line: 3, scope: !3)
  ret void
}

; expect: an operand bundle mentions a local value
define void @f(ptr %x) {
  call void @f(ptr null) [ "deopt"(ptr %x) ]
  ret void
}

; expect: unknown constant 'blockaddress'
define void @f(ptr %x) {
entry:
  store ptr blockaddress(@f, %entry), ptr %x
  ret void
}

; expect: unknown constant '!3'
define void @f() {
  %x = call i64 @llvm.read_register.i64(metadata !3)
  ret void
}
declare i64 @llvm.read_register.i64(metadata)
!3 = !{!"sp"}

; expect: unknown type 'target'
define void @f(target("spirv.Image") %x) {
  ret void
}

; expect: expected a number, found 'vscale'
define void @f(<vscale x 4 x i32> %x) {
  ret void
}

; expect: unknown syntax
^0 = module: (path: "x", hash: (0, 0, 0, 0, 0))

; expect: unknown kind of global 'ifunc'
@x = ifunc void (), ptr @resolver
declare ptr @resolver()

; expect: undefined type %unknown
define void @f(ptr %x) {
  %y = load %unknown, ptr %x
  ret void
}

; expect: the function has no end
define void @f(ptr %x) {
  ret void

; expect: the definition has no blocks
define void @f(ptr %x) {
}

; expect: {} has no element 0
define void @f({} %x) {
  %y = extractvalue {} %x, 0
  ret void
}

; expect: expected ',', found 'the end of the line'
define void @f(double %x) {
  %y = fadd double %x
  ret void
}

; expect: ret has no result to name
define void @f(double %x) {
  %y = ret void
}
