; Every instruction, with the flags that LLVM 22 knows.
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define i64 @integers(i64 %a, i64 %b, i8 %c) {
entry:
  %add = add nuw nsw i64 %a, %b
  %sub = sub nsw i64 %add, 7
  %mul = mul i64 %sub, -3
  %sdiv = sdiv exact i64 %mul, %b
  %udiv = udiv i64 %mul, 3
  %srem = srem i64 %sdiv, %udiv
  %urem = urem i64 %srem, 5
  %shl = shl nuw nsw i64 %urem, 1
  %lshr = lshr exact i64 %shl, 1
  %ashr = ashr i64 %lshr, 2
  %and = and i64 %ashr, 255
  %or = or disjoint i64 %and, 256
  %xor = xor i64 %or, -1
  %trunc = trunc nuw nsw i64 %xor to i8
  %sext = sext i8 %trunc to i64
  %zext = zext nneg i8 %c to i64
  %same = icmp samesign ult i64 %sext, %zext
  %less = icmp slt i64 %a, %b
  %both = and i1 %same, %less
  %frozen = freeze i1 %both
  %chosen = select i1 %frozen, i64 %sext, i64 %zext
  ret i64 %chosen
}

define double @floats(double %x, float %y, i64 %n) {
  %add = fadd fast double %x, 1.000000e+00
  %sub = fsub reassoc nnan ninf nsz arcp contract afn double %add, 0x3FB999999999999A
  %mul = fmul contract double %sub, 0xFFF0000000000000
  %div = fdiv double %mul, 0x7FF8000000000000
  %rem = frem double %div, -2.500000e+00
  %negative = fneg nsz double %rem
  %wide = fpext float %y to double
  %narrow = fptrunc double %negative to float
  %signed = sitofp i64 %n to double
  %unsigned = uitofp nneg i64 %n to double
  %truncated = fptosi double %signed to i64
  %positive = fptoui double %unsigned to i64
  %ordered = fcmp nnan olt double %wide, %signed
  %unordered = fcmp une float %narrow, 0x3FF8000000000000
  %any = or i1 %ordered, %unordered
  %chosen = select nnan i1 %any, double %x, double %wide
  %bits = bitcast double %chosen to i64
  %sum = add i64 %bits, %truncated
  %total = add i64 %sum, %positive
  %back = bitcast i64 %total to double
  ret double %back
}

define void @memory(ptr %p, ptr addrspace(3) %shared, i64 %n, double %x) {
entry:
  %cell = alloca double, align 8
  %cells = alloca [4 x double], i64 %n, align 16
  %fixed = alloca i64, i64 1, align 8
  %unaligned = alloca { i64, ptr }
  %element = getelementptr inbounds nuw [4 x double], ptr %cells, i64 0, i64 %n
  %wrapping = getelementptr nusw i8, ptr %p, i64 8
  %plain = getelementptr { i64, double }, ptr %p, i64 %n, i32 1
  %cast = addrspacecast ptr addrspace(3) %shared to ptr
  %near = getelementptr inbounds float, ptr addrspace(3) %shared, i64 1
  %f = load float, ptr addrspace(3) %near, align 4
  %v = load volatile double, ptr %element, align 8
  %a = load atomic double, ptr %p syncscope("singlethread") acquire, align 8
  %av = load atomic volatile i64, ptr %plain monotonic, align 8
  store double %v, ptr %cell, align 8
  store volatile double %a, ptr %wrapping
  store atomic i64 %av, ptr %fixed release, align 8
  store float %f, ptr %cast, align 4
  store { i64, ptr } { i64 1, ptr null }, ptr %unaligned, align 8
  fence syncscope("agent") seq_cst
  fence acq_rel
  %old = atomicrmw fadd ptr %p, double %x seq_cst, align 8
  %maximum = atomicrmw volatile umax ptr %p, i64 %n syncscope("agent") monotonic, align 8
  %exchanged = cmpxchg weak volatile ptr %p, i64 0, i64 %n acq_rel monotonic, align 8
  %ok = extractvalue { i64, i1 } %exchanged, 1
  %pair = cmpxchg ptr %p, ptr null, ptr %cell seq_cst seq_cst, align 8
  %address = ptrtoint ptr %cell to i64
  %pointer = inttoptr i64 %address to ptr
  store double %old, ptr %pointer, align 8
  ret void
}

define <4 x double> @vectors(<4 x double> %v, <4 x i1> %mask, double %x, i32 %lane) {
entry:
  %one = insertelement <4 x double> poison, double %x, i64 0
  %all = shufflevector <4 x double> %one, <4 x double> poison, <4 x i32> zeroinitializer
  %low = shufflevector <4 x double> %v, <4 x double> %all, <2 x i32> <i32 0, i32 poison>
  %wide = shufflevector <2 x double> %low, <2 x double> undef, <4 x i32> <i32 0, i32 1, i32 undef, i32 3>
  %sum = fadd <4 x double> %all, splat (double 2.000000e+00)
  %listed = fmul <4 x double> %sum, <double 1.000000e+00, double 2.000000e+00, double 3.000000e+00, double 4.000000e+00>
  %chosen = select <4 x i1> %mask, <4 x double> %listed, <4 x double> %wide
  %single = extractelement <4 x double> %chosen, i32 %lane
  %compared = fcmp ogt <4 x double> %chosen, zeroinitializer
  %counts = zext <4 x i1> %compared to <4 x i8>
  %base = inttoptr i64 64 to ptr
  %addresses = getelementptr i8, ptr %base, <4 x i8> %counts
  %loaded = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %addresses, <4 x i1> %compared, <4 x double> poison)
  %result = insertelement <4 x double> %loaded, double %single, i32 %lane
  ret <4 x double> %result
}

define { double, [2 x { i8, ptr }] } @aggregates({ double, [2 x { i8, ptr }] } %s, <{ i8, i64 }> %packed) {
entry:
  %inner = extractvalue { double, [2 x { i8, ptr }] } %s, 1, 0
  %byte = extractvalue { i8, ptr } %inner, 0
  %long = extractvalue <{ i8, i64 }> %packed, 1
  %p = inttoptr i64 %long to ptr
  %with = insertvalue { double, [2 x { i8, ptr }] } %s, i8 %byte, 1, 1, 0
  %both = insertvalue { double, [2 x { i8, ptr }] } %with, ptr %p, 1, 1, 1
  %nothing = insertvalue { double, {} } undef, {} zeroinitializer, 1
  ret { double, [2 x { i8, ptr }] } %both
}

define i32 @control(i32 %n, i1 %c) {
entry:
  br i1 %c, label %loop, label %choice

loop:                                             ; preds = %loop, %entry
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi fast double [ 0.000000e+00, %entry ], [ %grown, %loop ]
  %next = add i32 %i, 1
  %grown = fadd double %s, 1.000000e+00
  %more = icmp slt i32 %next, %n
  br i1 %more, label %loop, label %choice

choice:                                           ; preds = %loop, %entry
  switch i32 %n, label %other [
    i32 0, label %zero
    i32 -1, label %zero
    i32 7, label %never
  ]

zero:                                             ; preds = %choice, %choice
  %merged = phi i32 [ 1, %choice ], [ 1, %choice ]
  ret i32 %merged

never:                                            ; preds = %choice
  unreachable

other:                                            ; preds = %choice
  switch i32 %n, label %last [
  ]

last:                                             ; preds = %other
  ret i32 2
}

define double @calls(ptr %f, double %x, i64 %n) {
entry:
  %direct = tail call fast fastcc noundef nofpclass(nan inf) double @callee(double noundef %x) #0
  %marked = notail call contract double @llvm.fmuladd.f64(double %x, double %x, double 1.000000e+00)
  %indirect = call double %f(double %x, ptr nonnull align 8 dereferenceable(56) captures(none) %f)
  %printed = call i32 (ptr, ...) @printf(ptr noundef nonnull dereferenceable(1) @.text, double %x)
  %assembled = call i64 asm sideeffect "rdtsc; ,(", "={ax},~{dx}"()
  call void asm "", "r"(i64 %n)
  %pure = call range(i64 0, 10) i64 @pure(i64 range(i64 -5, 5) %n) memory(argmem: read, inaccessiblemem: write) nounwind "key"="value,(" "lone"
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %f, ptr align 8 @.text, i64 8, i1 false)
  %numbered = call cc 10 i64 @ghc(i64 %pure)
  %size = call i64 @llvm.objectsize.i64.p0(ptr %f, i1 false, i1 true, i1 false) [ "deopt"(i64 1, ptr @.text) ]
  %rounded = call double @llvm.experimental.constrained.fadd.f64(double %x, double %x, metadata !"round.tonearest", metadata !"fpexcept.strict") #1
  %again = musttail call double @calls(ptr %f, double %rounded, i64 %assembled)
  ret double %again
}

define internal fastcc double @callee(double %x) #0 {
entry:
  ret double %x
}

declare i64 @pure(i64)

declare i32 @printf(ptr noundef, ...)

declare cc 10 i64 @ghc(i64)

declare double @llvm.fmuladd.f64(double, double, double)

declare i64 @llvm.objectsize.i64.p0(ptr, i1 immarg, i1 immarg, i1 immarg)

declare void @llvm.memcpy.p0.p0.i64(ptr noalias writeonly captures(none), ptr noalias readonly captures(none), i64, i1 immarg)

declare double @llvm.experimental.constrained.fadd.f64(double, double, metadata, metadata)

declare <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr>, <4 x i1>, <4 x double>)

@.text = private unnamed_addr constant [4 x i8] c"%f\0A\00", align 1

attributes #0 = { nounwind memory(none) }
attributes #1 = { strictfp }
