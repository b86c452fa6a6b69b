; Straight-line arithmetic, and what must not leak from an arm that is not taken.

declare double @llvm.log.f64(double)
declare double @llvm.exp.f64(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.pow.f64(double, double)
declare double @llvm.maxnum.f64(double, double)
declare double @llvm.minnum.f64(double, double)
declare double @llvm.fma.f64(double, double, double)
declare float @llvm.sin.f32(float)
declare double @hypot(double, double)

define i32 @arithmetic(double %a, double %b, double %c, ptr %y) {
entry:
  %sum = fadd double %a, %b
  %difference = fsub double %a, %c
  %product = fmul double %sum, %difference
  %quotient = fdiv double %product, %b
  %negated = fneg double %quotient
  %frozen = freeze double %negated
  %fused = call double @llvm.fma.f64(double %frozen, double %a, double %c)
  %power = call double @llvm.pow.f64(double %b, double %c)
  %radius = call double @hypot(double %fused, double %power)
  store double %radius, ptr %y
  ret i32 0
}

define i32 @constant_operands(double %a, double %b, ptr %y) {
entry:
  %one = fsub double 1.0, %a
  %two = fdiv double 2.0, %b
  %three = fdiv double %one, 3.0
  %four = fmul double %two, -4.0
  %five = fadd double %three, %four
  store double %five, ptr %y
  ret i32 0
}

; x x: both operands are one value
define i32 @square(double %a, ptr %y) {
entry:
  %square = fmul double %a, %a
  %ratio = fdiv double %a, %a
  %nothing = fsub double %a, %a
  %one = fadd double %square, %ratio
  %two = fadd double %one, %nothing
  store double %two, ptr %y
  ret i32 0
}

define i32 @extremes(double %a, double %b, ptr %y) {
entry:
  %most = call double @llvm.maxnum.f64(double %a, double %b)
  %least = call double @llvm.minnum.f64(double %a, double %b)
  %weighted = fmul double %most, 3.0
  %sum = fadd double %weighted, %least
  store double %sum, ptr %y
  ret i32 0
}

define i32 @remainder(double %a, double %b, ptr %y) {
entry:
  %r = frem double %a, %b
  %scaled = fmul double %r, %r
  store double %scaled, ptr %y
  ret i32 0
}

define i32 @single(float %a, float %b, ptr %x, ptr %y) {
entry:
  %v = load float, ptr %x
  %product = fmul float %a, %v
  %sine = call float @llvm.sin.f32(float %product)
  %wide = fpext float %sine to double
  %b.wide = fpext float %b to double
  %quotient = fdiv double %wide, %b.wide
  %narrow = fptrunc double %quotient to float
  store float %narrow, ptr %y
  ret i32 0
}

; a > 0 ? log(a) sqrt(a) / a : b, by a select
define i32 @gated_select(double %a, double %b, ptr %y) {
entry:
  %positive = fcmp ogt double %a, 0.0
  %log = call double @llvm.log.f64(double %a)
  %root = call double @llvm.sqrt.f64(double %a)
  %product = fmul double %log, %root
  %quotient = fdiv double %product, %a
  %chosen = select i1 %positive, double %quotient, double %b
  store double %chosen, ptr %y
  ret i32 0
}

; 1/a² is infinite at a = 0, and exp(-1/a²) flat.
define i32 @gated_flat(double %a, double %b, ptr %y) {
entry:
  %square = fmul double %a, %a
  %inverse = fdiv double -1.0, %square
  %scaled = fmul double %inverse, %b
  %bump = call double @llvm.exp.f64(double %scaled)
  %sum = fadd double %bump, %b
  store double %sum, ptr %y
  ret i32 0
}

; The same where the arm is computed before a branch.
define i32 @gated_branch(double %a, double %b, ptr %y) {
entry:
  %positive = fcmp ogt double %a, 0.0
  %log = call double @llvm.log.f64(double %a)
  %product = fmul double %log, %a
  %quotient = fdiv double %product, %a
  br i1 %positive, label %take, label %join
take:
  %scaled = fmul double %quotient, 2.0
  br label %join
join:
  %chosen = phi double [ %scaled, %take ], [ %b, %entry ]
  store double %chosen, ptr %y
  ret i32 0
}

; The same where the arm goes through memory, as array expressions do.
define i32 @gated_memory(ptr %x, ptr %work, ptr %y, i64 %n) {
entry:
  br label %first
first:
  %i = phi i64 [ 0, %entry ], [ %i.next, %first ]
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %log = call double @llvm.log.f64(double %a)
  %product = fmul double %a, %log
  %quotient = fdiv double %product, %a
  %w = getelementptr double, ptr %work, i64 %i
  store double %quotient, ptr %w
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %first, label %ready
ready:
  br label %second
second:
  %j = phi i64 [ 0, %ready ], [ %j.next, %latch ]
  %q = getelementptr double, ptr %x, i64 %j
  %b = load double, ptr %q
  %positive = fcmp ogt double %b, 0.0
  br i1 %positive, label %take, label %latch
take:
  %r = getelementptr double, ptr %work, i64 %j
  %kept = load double, ptr %r
  br label %latch
latch:
  %chosen = phi double [ %kept, %take ], [ %b, %second ]
  %s = getelementptr double, ptr %y, i64 %j
  store double %chosen, ptr %s
  %j.next = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j.next, %n
  br i1 %again, label %second, label %done
done:
  ret i32 0
}

define void @returns_nothing(ptr %x, ptr %y) {
entry:
  %v = load double, ptr %x
  %w = fmul double %v, %v
  store double %w, ptr %y
  ret void
}

; Several returns, an error among them
define i32 @returns(double %a, ptr %y) {
entry:
  %negative = fcmp olt double %a, 0.0
  br i1 %negative, label %fail, label %work
fail:
  ret i32 1
work:
  %large = fcmp ogt double %a, 1.0
  br i1 %large, label %cube, label %square
square:
  %two = fmul double %a, %a
  store double %two, ptr %y
  ret i32 0
cube:
  %a2 = fmul double %a, %a
  %three = fmul double %a2, %a
  store double %three, ptr %y
  ret i32 -2
}

define i32 @raises(double %a, ptr %y) {
entry:
  store double %a, ptr %y
  ret i32 1
}

; Two ways without work of their own
define i32 @either(double %a, double %b, ptr %y) {
entry:
  %product = fmul double %a, %b
  %large = fcmp ogt double %product, 1.0
  br i1 %large, label %yes, label %no
yes:
  br label %join
no:
  br label %join
join:
  %chosen = phi double [ %a, %yes ], [ %b, %no ]
  %result = fmul double %chosen, %product
  store double %result, ptr %y
  ret i32 0
}
