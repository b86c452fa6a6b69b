; RUN: not dp-opt --pass=scalarise %s | filecheck %s
; Which lane it is must be known.
; CHECK: cannot differentiate 'extractelement'
define double @unknown(<2 x double> %v, i64 %lane) {
  %one = extractelement <2 x double> %v, i64 %lane
  ret double %one
}
