; Prologue, types, globals, constants, linkages and attributes of functions.
; ModuleID = 'globals; not "a" comment'
source_filename = "a \22quoted\22; name"
target triple = "x86_64-unknown-linux-gnu"

module asm ".globl nothing; really"

%pair = type { i64, %inner }
%inner = type <{ ptr, [3 x i8] }>
%handle = type opaque
%"odd name" = type { %pair, %pair }

$shared = comdat any

@semicolon = internal constant [21 x i8] c"; not, !a !1 comment\00"
@shared = linkonce_odr dso_local unnamed_addr global %pair { i64 1, %inner <{ ptr @external, [3 x i8] c"abc" }> }, comdat, align 8
@external = external local_unnamed_addr global i32
@extern_weak = extern_weak global i8
@table = private constant { ptr, ptr, ptr, i64 } { ptr @entry, ptr getelementptr inbounds nuw (i8, ptr @semicolon, i64 4), ptr inttoptr (i64 -1 to ptr), i64 ptrtoint (ptr @shared to i64) }, section ".data", align 16
@empty = global [0 x double] zeroinitializer
@floats = constant [4 x double] [double 0x7FF0000000000000, double -0.000000e+00, double 1.000000e-08, double undef]
@wide = constant [2 x x86_fp80] [x86_fp80 0xK3FFF8000000000000000, x86_fp80 0xK00000000000000000000]
@half = constant half 0xH3C00
@local = thread_local(initialexec) global i32 0
@device = addrspace(3) global [64 x float] undef, align 4
@"quoted \22name\22" = common global ptr null
@difference = constant i64 sub (i64 ptrtoint (ptr @table to i64), i64 ptrtoint (ptr @shared to i64))
@alias = internal alias i32, ptr @external.definition
@external.definition = global i32 3
@function.alias = alias void (i32), ptr @aliased

define weak_odr hidden noundef nonnull align 8 ptr @entry(ptr noalias writeonly captures(none) align 8 %result, ptr byval({ i64, i64 }) align 8 %0, i64 range(i64 0, 5) %1) unnamed_addr #0 section ".text.hot" comdat($shared) align 16 gc "statepoint-example" personality ptr @takes {
  %3 = load %pair, ptr %result, align 8
  %field = extractvalue %pair %3, 1, 0
  store %"odd name" zeroinitializer, ptr %0, align 8
  %"4" = getelementptr inbounds %pair, ptr %0, i64 %1, i32 1, i32 1, i64 2
  %4 = call ptr @entry(ptr align 8 @shared, ptr byval({ i64, i64 }) align 8 %"4", i64 1)
  store i64 ptrtoint (ptr @shared to i64), ptr getelementptr (i8, ptr @shared, i64 8), align 8
  store float 0.000000e+00, ptr addrspace(3) getelementptr inbounds ([64 x float], ptr addrspace(3) @device, i64 0, i64 1), align 4
  call void @function.alias(i32 1)
  ret ptr @"quoted \22name\22"
}

define void @aliased(i32) {
  ret void
}

define available_externally dso_local fastcc void @takes(i32) #1 {
  br label %2

2:                                                ; preds = %4, %1
  %3 = phi i32 [ %0, %1 ], [ %5, %4 ]
  br label %4

4:                                                ; preds = %2
  %5 = add i32 %3, 1
  %v0 = icmp eq i32 %5, 9
  %"a b\22c" = icmp eq i32 %5, 10
  %block4 = or i1 %v0, %"a b\22c"
  br i1 %block4, label %2, label %"the end"

"the end":                                        ; preds = %4
  ret void
}

declare void @returned(ptr sret(%pair) align 8)

declare extern_weak dllimport x86_stdcallcc zeroext i8 @declared(i8 signext, ptr readonly, ...) local_unnamed_addr #1

attributes #0 = { nounwind memory(argmem: readwrite) "no-frame-pointer-elim"="true" "{braces}" }
attributes #1 = { mustprogress nofree norecurse nosync nounwind speculatable willreturn memory(none) uwtable vscale_range(1,16) }
