"""Calls by which the front end tells the passes something, of functions that there are not.

Ensures:  ``kept``: LLVM leaves the calls where they are, and takes them to touch nothing of the program's; ``without``: they
          are gone. Functions are known by how their symbols begin.
"""
from __future__ import annotations

import re

#: What LLVM may think of such a call.
HARMLESS = "nounwind willreturn memory(inaccessiblemem: readwrite)"


def kept(text: str, start: str) -> str:
    def declared(found: re.Match) -> str:
        return f"{found[1]}({re.sub('ptr', 'ptr captures(none)', found[2])}) {HARMLESS}"

    pattern = rf'^(declare [^@]*@"?{re.escape(start)}[^(]*)\(([^)]*)\).*$'
    return re.sub(pattern, declared, text, flags=re.MULTILINE) if start in text else text


def without(text: str, start: str) -> str:
    return re.sub(rf'^.*@"?{re.escape(start)}[^(\n]*\(.*\n', "", text, flags=re.MULTILINE) if start in text else text
