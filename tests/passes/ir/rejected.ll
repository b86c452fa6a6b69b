; What the reader reads and the verifier must refuse; each case starts with the error that it expects.

; expect: the block has no terminator: in @f, block %entry
define void @f(double %x) {
entry:
  %y = fadd double %x, 1.0
}

; expect: %y does not dominate its use: in @f, block %entry,
define double @f(double %x) {
entry:
  %z = fadd double %y, 1.0
  %y = fadd double %x, 1.0
  ret double %z
}

; expect: %y does not dominate its use: in @f, block %end,
define double @f(double %x, i1 %c) {
entry:
  br i1 %c, label %then, label %end
then:
  %y = fadd double %x, 1.0
  br label %end
end:
  ret double %y
}

; expect: %y does not dominate its use: in @f, block %end,
define double @f(double %x, i1 %c) {
entry:
  br i1 %c, label %then, label %end
then:
  %y = fadd double %x, 1.0
  br label %end
end:
  %z = phi double [ %x, %then ], [ %y, %entry ]
  ret double %z
}

; expect: %y does not dominate its use: in @f, block %entry,
define double @f(double %x) {
entry:
  %y = fadd double %y, 1.0
  ret double %y
}

; expect: the phi's blocks are not the predecessors (%entry, %then)
define double @f(double %x, i1 %c) {
entry:
  br i1 %c, label %then, label %end
then:
  br label %end
end:
  %z = phi double [ %x, %entry ]
  ret double %z
}

; expect: the phi's blocks are not the predecessors (%entry, %entry)
define double @f(double %x, i1 %c) {
entry:
  br i1 %c, label %end, label %end
end:
  %z = phi double [ %x, %entry ]
  ret double %z
}

; expect: the phi takes two values from %entry
define double @f(double %x, i1 %c) {
entry:
  br i1 %c, label %end, label %end
end:
  %z = phi double [ %x, %entry ], [ 1.0, %entry ]
  ret double %z
}

; expect: a phi behind other instructions
define double @f(double %x) {
entry:
  br label %end
end:
  %y = fadd double %x, 1.0
  %z = phi double [ %x, %entry ]
  ret double %z
}

; expect: a branch to the entry
define void @f() {
entry:
  br label %entry
}

; expect: the function returns void
define void @f(double %x) {
  ret double %x
}

; expect: double %x should be a float
define float @f(double %x) {
  ret double %x
}

; expect: fadd does not work on i64
define i64 @f(i64 %x) {
  %y = fadd i64 %x, %x
  ret i64 %y
}

; expect: and does not work on <2 x double>
define void @f(<2 x double> %x) {
  %y = and <2 x double> %x, %x
  ret void
}

; expect: trunc does not take i32 to i64
define void @f(i32 %x) {
  %y = trunc i32 %x to i64
  ret void
}

; expect: sitofp does not take double to i64
define void @f(double %x) {
  %y = sitofp double %x to i64
  ret void
}

; expect: double %x should be a pointer
define void @f(double %x) {
  %y = load double, double %x
  ret void
}

; expect: the condition should be an i1
define void @f(i8 %c, double %x) {
  %y = select i8 %c, double %x, double %x
  ret void
}

; expect: i64 %n should be a double
define void @f(double %x, i64 %n) {
  %y = select i1 true, double %x, i64 %n
  ret void
}

; expect: 1 arguments for double (double, double)
define void @f(double %x, ptr %p) {
  %y = call double (double, double) %p(double %x)
  ret void
}

; expect: the callee is a void (double)
define void @f(double %x) {
  call void @f()
  ret void
}

; expect: an index should be an integer
define void @f(ptr %p, double %x) {
  %y = getelementptr double, ptr %p, double %x
  ret void
}

; expect: i8 %b should be a double
define void @f({ double, i8 } %s, i8 %b) {
  %y = insertvalue { double, i8 } %s, i8 %b, 0
  ret void
}

; expect: extractelement takes a vector and an integer
define void @f(<2 x double> %v, double %x) {
  %y = extractelement <2 x double> %v, double %x
  ret void
}

; expect: two cases are equal
define void @f(i32 %n) {
entry:
  switch i32 %n, label %a [
    i32 1, label %b
    i32 1, label %a
  ]
a:
  ret void
b:
  ret void
}

; expect: i64 %n should be a i1
define void @f(i64 %n) {
entry:
  br i64 %n, label %a, label %a
a:
  ret void
}
