"""What is known of memory, said to LLVM: alias scopes, and loops whose iterations share no cell.

Requires: the names given to one ``AliasScopes`` mean memory that is pairwise disjoint over the whole function; of a loop
          marked independent, no iteration writes what another one reads or writes.
Ensures:  ``of(names)`` is the text of ``!alias.scope`` and ``!noalias`` for an access of memory under any of ``names``.
"""
from __future__ import annotations

from collections.abc import Iterable

from .model import Block, Module

#: What keeps LLVM from making a loop larger: where it is not to become vectors, and where it is; what leaves no loop.
SCALAR = ('!{!"llvm.loop.vectorize.enable", i1 false}', '!{!"llvm.loop.unroll.disable"}')
UNROLLED = ('!{!"llvm.loop.unroll.full"}',)
SHORT = ('!{!"llvm.loop.interleave.count", i32 1}', '!{!"llvm.loop.unroll.disable"}')


def mark_independent(module: Module, blocks: Iterable[Block], hints: Iterable[str] = ()) -> None:
    """Says that the iterations of the loop made of ``blocks``, the last of which leads back, are independent."""
    group = module.add_metadata("distinct !{}")
    for block in blocks:
        for access in (i for i in block.instructions if i.opcode in ("load", "store")):
            access.metadata += f", !llvm.access.group !{group}"
    mark_loop(module, block, [f'!{{!"llvm.loop.parallel_accesses", !{group}}}', *hints])


def mark_loop(module: Module, latch: Block, properties: Iterable[str]) -> None:
    """Says something of the loop that ``latch`` leads back to."""
    told = [module.add_metadata(text) for text in properties]
    itself = told[-1] + 1
    loop = module.add_metadata(f"distinct !{{!{itself}, {', '.join(f'!{number}' for number in told)}}}")
    assert loop == itself
    latch.instructions[-1].metadata += f", !llvm.loop !{loop}"


class AliasScopes:
    """One domain of scopes; scopes are made on demand, lists of them when the function is complete."""

    def __init__(self, module: Module, domain: str, names: list[str]):
        self.module = module
        self._domain = module.add_metadata(f'distinct !{{!"{_plain(domain)}"}}')
        self._scopes = {name: module.add_metadata(f'distinct !{{!"{_plain(name)}", !{self._domain}}}') for name in names}
        self._texts: dict[frozenset[str], str] = {}

    def of(self, names: frozenset[str]) -> str:
        known = names & self._scopes.keys()
        if not known or known != names:
            return ""
        if names not in self._texts:
            self._texts[names] = self._make(names)
        return self._texts[names]

    def _make(self, names: frozenset[str]) -> str:
        inside = self._list([n for n in self._scopes if n in names])
        outside = self._list([n for n in self._scopes if n not in names])
        return f", !alias.scope !{inside}" + (f", !noalias !{outside}" if outside is not None else "")

    def _list(self, names: list[str]) -> int | None:
        if not names:
            return None
        return self.module.add_metadata("!{" + ", ".join(f"!{self._scopes[n]}" for n in names) + "}")


def _plain(name: str) -> str:
    """``name`` in a string of metadata: what would end it, as the quotes of a name with other letters than ASCII, left out."""
    return name.replace('"', "")
