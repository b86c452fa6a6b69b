; Debug locations are read; all other metadata, debug records and hints are dropped.
define double @outer(ptr %x, i64 %n) !dbg !6 !custom !20 {
entry:
  #dbg_value(ptr %x, !17, !DIExpression(), !9)
  %v = load double, ptr %x, align 8, !dbg !9, !tbaa !18, !alias.scope !21, !noalias !21
  call void @llvm.experimental.noalias.scope.decl(metadata !21)
  call void @llvm.assume(i1 true) [ "align"(ptr %x, i64 8) ]
  %w = fmul double %v, %v, !dbg !12
  %r = call double @inner(double %w), !dbg !14, !numba_exception_output !20
  br label %next, !dbg !9, !llvm.loop !20

next:
  store double %r, ptr %x, align 8, !dbg !15, !nontemporal !20
  ret double %r
}

declare !dbg !16 double @inner(double)


declare void @llvm.experimental.noalias.scope.decl(metadata)

declare void @llvm.assume(i1)

@counted = global i64 0, align 8, !custom !20

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!named\2enode = !{!20}

!0 = distinct !DICompileUnit(language: DW_LANG_Python, file: !1, producer: "a \22producer\22", isOptimized: true, runtimeVersion: 0, emissionKind: LineTablesOnly)
!1 = !DIFile(filename: "kernel \22a\22.py", directory: "/home/user")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = !DIFile(filename: "/elsewhere/callee.py", directory: "/home/user")
!4 = !DISubroutineType(types: !5)
!5 = !{}
!6 = distinct !DISubprogram(name: "outer", linkageName: "_Zouter", scope: !1, file: !1, line: 3, type: !4, scopeLine: 3, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !0)
!7 = distinct !DILexicalBlock(scope: !6, file: !1, line: 4, column: 1)
!8 = !DILexicalBlockFile(scope: !7, file: !3, discriminator: 0)
!9 = !DILocation(line: 5, column: 1, scope: !7)
!10 = distinct !DISubprogram(name: "middle", scope: !3, file: !3, line: 20, type: !4, spFlags: DISPFlagDefinition, unit: !0)
!11 = distinct !DILocation(line: 6, column: 1, scope: !6)
!12 = !DILocation(line: 21, column: 2, scope: !10, inlinedAt: !11)
!13 = distinct !DISubprogram(name: "innermost", scope: !3, file: !3, line: 30, type: !4, spFlags: DISPFlagDefinition, unit: !0)
!14 = !DILocation(line: 31, scope: !13, inlinedAt: !12)
!15 = !DILocation(line: 0, scope: !8)
!16 = !DISubprogram(name: "inner", scope: !1, file: !1, line: 1, type: !4, spFlags: DISPFlagOptimized)
!17 = !DILocalVariable(name: "x", scope: !6, file: !1, line: 3, type: !19)
!18 = !{!24, !24, i64 0}
!19 = !DIBasicType(name: "ptr", size: 64, encoding: DW_ATE_unsigned)
!20 = distinct !{!20, !"!DILocation(line: 9)", i32 1}
!21 = !{!22}
!22 = distinct !{!22, !23}
!23 = distinct !{!23}
!24 = !{!"double", !25, i64 0}
!25 = !{!"root"}
