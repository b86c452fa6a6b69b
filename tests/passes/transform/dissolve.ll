; RUN: dp-opt --pass=dissolve,verify --function=stored %s | filecheck %s --check-prefix=STORED
; RUN: dp-opt --pass=dissolve,verify --function=loaded %s | filecheck %s --check-prefix=LOADED
; RUN: dp-opt --pass=dissolve,verify --function=merged %s | filecheck %s --check-prefix=MERGED
; RUN: dp-opt --pass=dissolve,verify --function=literal %s | filecheck %s --check-prefix=LITERAL
; RUN: dp-opt --pass=dissolve,verify --function=handed_on %s | filecheck %s --check-prefix=HANDED

%pair = type { float, { ptr, [2 x i64] } }

declare { i64, i1 } @llvm.sadd.with.overflow.i64(i64, i64)
declare %pair @opaque(%pair)

; A structure that is put together to be stored is stored part by part, padding left alone.
; STORED-LABEL: define void @stored(
; STORED-NOT:   insertvalue
; STORED:       store float %x, ptr %p, align 8
; STORED-NEXT:  [[DATA:%.*]] = getelementptr i8, ptr %p, i64 8
; STORED-NEXT:  store ptr %data, ptr [[DATA]], align 8
; STORED-NEXT:  [[LENGTH:%.*]] = getelementptr i8, ptr %p, i64 16
; STORED-NEXT:  store i64 %n, ptr [[LENGTH]], align 8
; STORED-NEXT:  [[STRIDE:%.*]] = getelementptr i8, ptr %p, i64 24
; STORED-NEXT:  store i64 8, ptr [[STRIDE]], align 8
; STORED-NEXT:  ret void
define void @stored(ptr %p, float %x, ptr %data, i64 %n) {
  %lengths = insertvalue [2 x i64] [i64 1, i64 8], i64 %n, 0
  %first = insertvalue %pair undef, float %x, 0
  %second = insertvalue %pair %first, ptr %data, 1, 0
  %whole = insertvalue %pair %second, [2 x i64] %lengths, 1, 1
  store %pair %whole, ptr %p, align 8
  ret void
}

; Of one that is loaded only those parts are that somebody uses, through whatever steps.
; LOADED-LABEL: define i64 @loaded(
; LOADED:       [[AT:%.*]] = getelementptr i8, ptr %p, i64 24
; LOADED-NEXT:  [[PART:%.*]] = load i64, ptr [[AT]], align 8
; LOADED-NOT:   load
; LOADED:       ret i64 [[PART]]
define i64 @loaded(ptr %p) {
  %whole = load %pair, ptr %p, align 8
  %rest = extractvalue %pair %whole, 1
  %array = extractvalue { ptr, [2 x i64] } %rest, 1
  %part = extractvalue [2 x i64] %array, 1
  ret i64 %part
}

; What merges, is selected or frozen does so part by part; a merge may use what stands behind it.
; MERGED-LABEL: define double @merged(
; MERGED:       loop:
; MERGED-NEXT:    [[A:%.*]] = phi double [ 0x{{0+}}, %entry ], [ [[FROZEN:%.*]], %loop ]
; MERGED-NEXT:    [[B:%.*]] = phi double [ %x, %entry ], [ [[A]], %loop ]
; MERGED:         select i1 %c, double [[A]], double [[B]]
; MERGED:         [[FROZEN]] = freeze double
; MERGED:       end:
; MERGED-NEXT:    ret double [[B]]
define double @merged(double %x, i1 %c) {
entry:
  %start = insertvalue { double, double } zeroinitializer, double %x, 1
  br label %loop
loop:
  %state = phi { double, double } [ %start, %entry ], [ %next, %loop ]
  %a = extractvalue { double, double } %state, 0
  %b = extractvalue { double, double } %state, 1
  %swapped.a = insertvalue { double, double } undef, double %b, 0
  %swapped = insertvalue { double, double } %swapped.a, double %a, 1
  %chosen = select i1 %c, { double, double } %state, { double, double } %swapped
  %solid = freeze { double, double } %chosen
  %first = extractvalue { double, double } %solid, 0
  %next.a = insertvalue { double, double } undef, double %first, 0
  %next = insertvalue { double, double } %next.a, double %a, 1
  br i1 %c, label %loop, label %end
end:
  ret double %b
}

; LITERAL-LABEL: define void @literal(
; LITERAL:       store float 1.0{{.*}}, ptr %p
; LITERAL:       store ptr null
; LITERAL:       store i64 3
; LITERAL:       store i64 -4
; LITERAL:       store float 0x0000000000000000, ptr %p
; LITERAL:       store ptr null
; LITERAL:       store i64 0
define void @literal(ptr %p) {
  store %pair { float 1.0, { ptr, [2 x i64] } { ptr null, [2 x i64] [i64 3, i64 -4] } }, ptr %p
  store %pair zeroinitializer, ptr %p
  ret void
}

; What calls return is taken apart, what they are given and a function returns is put together again.
; HANDED-LABEL: define { float, { ptr, [2 x i64] } } @handed_on(
; HANDED:       %sum = call { i64, i1 } @llvm.sadd
; HANDED-NEXT:  [[SUM:%.*]] = extractvalue { i64, i1 } %sum, 0
; HANDED-NOT:   = extractvalue
; HANDED:       insertvalue { float, { ptr, [2 x i64] } } {{.*}}, i64 [[SUM]], 1, 1, 0
; HANDED:       call { float, { ptr, [2 x i64] } } @opaque(
; HANDED:       ret { float, { ptr, [2 x i64] } } %result
define %pair @handed_on(%pair %given, i64 %n) {
  %sum = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %n, i64 1)
  %number = extractvalue { i64, i1 } %sum, 0
  %changed = insertvalue %pair %given, i64 %number, 1, 1, 0
  %result = call %pair @opaque(%pair %changed)
  ret %pair %result
}
