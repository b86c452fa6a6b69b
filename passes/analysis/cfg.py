"""The control-flow graph of a function: orders, dominance, reachability, and which blocks only an exception reaches.

Requires: a definition; every block ends in a terminator.
Ensures:  what is said here concerns only blocks that the entry reaches; every order is deterministic.
Algorithm: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001), figure 3; dominance queries by
interval numbers of a preorder of the tree.
Debug:    dp-opt --pass=cfg

A block is *cold* when no normal return can follow it.  Numba returns an i32 status; a constant status other than
"done", "returned None" and "iterator exhausted" is an exception, as is the status of a function that always raises, and
derivatives have no part in what leads only there.  So is a status that was compared with those and found to be none of them.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeGuard, TypeVar

from ..ir.model import Block, Constant, Function, Instruction, Value
from ..ir.types import I32

#: A node of the graph, or None for the virtual exit.
Node: TypeAlias = Block | None
#: What leads to others of its kind.
Item = TypeVar("Item")

#: Constant statuses with which a Numba function ends normally: done, returned None, iterator exhausted.
NORMAL_STATUSES = frozenset({0, -2, -3})
#: Those of them that every caller looks for.
CHECKED_STATUSES = frozenset({0, -2})


def is_error_status(value: Value, source: Block, target: Block | None = None) -> bool:
    """Whether returning ``value`` behind ``source``, or behind its edge to ``target``, means that an exception is raised."""
    seen: set[tuple[Value, Block]] = set()
    pending = [(value, source, target)]
    while pending:
        current, source, target = pending.pop()
        if (current, source) in seen:
            continue
        seen.add((current, source))
        if _is_error(current) or _is_refuted(current, source, target):
            continue
        if _is_marked(current):
            pending.append((current.operands[0], current.parent, None))
        elif isinstance(current, Instruction) and current.opcode == "phi":
            pending += [(o, b, current.parent) for o, b in zip(current.operands, current.blocks, strict=True)]
        else:
            return False
    return True


def _is_marked(value: Value) -> TypeGuard[Instruction]:
    """``or STATUS, 1``, which the front end writes behind calls that raise: blocks of them LLVM may have merged."""
    return (isinstance(value, Instruction) and value.opcode == "or" and isinstance(value.operands[1], Constant)
            and value.operands[1].integer == 1)


def _is_refuted(status: Value, source: Block, target: Block | None) -> bool:
    """Whether the only way to the end of ``source``, or along its edge, leads past a switch that found ``status`` to be none of
    those that callers look for."""
    if not isinstance(status, Instruction):
        return False
    refuted = {(user.parent, user.blocks[0]) for user in status.users if user.opcode == "switch"
               and user.blocks[0] not in user.blocks[1:]
               and {case.integer for case in user.operands[1:] if isinstance(case, Constant)} >= CHECKED_STATUSES}
    seen: set[Block | None] = set()
    while refuted and source is not None and source not in seen:
        if (source, target) in refuted:
            return True
        seen.add(source)
        source, target = _only_predecessor(source), source
    return False


def _only_predecessor(block: Block) -> Block | None:
    found = [other for other in block.parent.blocks if block in other.successors]
    return found[0] if len(found) == 1 else None


def _is_error(value: Value) -> bool:
    if isinstance(value, Instruction) and isinstance(value.callee, Function):
        return value.callee.always_raises
    if not isinstance(value, Constant) or value.type != I32:
        return False
    return value.integer is not None and value.integer not in NORMAL_STATUSES


def is_normal_return(instruction: Instruction) -> bool:
    return instruction.opcode == "ret" and not any(is_error_status(o, instruction.parent) for o in instruction.operands)


@dataclass(frozen=True, eq=False)
class DominatorTree:
    """A (post-)dominator tree; None stands for the virtual exit, which only the post-dominator tree has."""

    parent: Mapping[Block, Block | None]
    children: Mapping[Block | None, list[Block]]
    _interval: Mapping[Block | None, tuple[int, int]] = field(repr=False)

    def dominates(self, above: Block, below: Block) -> bool:
        """Whether every path from the root to ``below`` meets ``above``; a block dominates itself."""
        first, last = self._interval[above]
        return first <= self._interval[below][0] < last


@dataclass(frozen=True, eq=False)
class ControlFlow:
    """The control-flow graph of ``function``, reachable blocks only."""

    function: Function
    reverse_postorder: list[Block]
    predecessors: dict[Block, list[Block]]      # each once, in reverse postorder
    successors: dict[Block, list[Block]]        # each once, as the terminator names them
    dominators: DominatorTree
    post_dominators: DominatorTree
    cold: frozenset[Block]
    position: dict[Block, int] = field(repr=False)
    _reached: dict[tuple[Block, Block | None], frozenset[Block]] = field(default_factory=dict, repr=False)

    @property
    def immediate_dominator(self) -> Mapping[Block, Block | None]:
        """None for the entry."""
        return self.dominators.parent

    @property
    def dominator_children(self) -> Mapping[Block | None, list[Block]]:
        return self.dominators.children

    @property
    def immediate_post_dominator(self) -> Mapping[Block, Block | None]:
        """None where only the end of the function post-dominates."""
        return self.post_dominators.parent

    def dominates(self, above: Block, below: Block) -> bool:
        return self.dominators.dominates(above, below)

    def precedes(self, first: Instruction, second: Instruction) -> bool:
        """Whether one instruction comes before another on every way to that."""
        if first.parent is second.parent:
            return is_before(first, second)
        return first.parent in self and second.parent in self and self.dominates(first.parent, second.parent)

    def is_from_before(self, value: Value, block: Block) -> bool:
        """Whether a value was there before control comes to a block."""
        if not isinstance(value, Instruction):
            return True
        above = value.parent
        return above is not block and above in self and block in self and self.dominates(above, block)

    def post_dominates(self, above: Block, below: Block) -> bool:
        return self.post_dominators.dominates(above, below)

    def reachable(self, source: Block, target: Block, barred: Block | None = None) -> bool:
        """Whether control may go from the end of ``source`` to the start of ``target`` without coming to ``barred``; from a
        block to itself only round a cycle."""
        key = source, barred
        if key not in self._reached:
            self._reached[key] = frozenset(flood(self.successors[source], self.successors.__getitem__, barred))
        return target in self._reached[key]

    def may_follow(self, first: Instruction, second: Instruction, barred: Block | None = None) -> bool:
        """Whether ``second`` may run behind ``first`` before control comes to ``barred``."""
        return is_before(first, second) or self.reachable(first.parent, second.parent, barred)

    def decided(self, block: Block) -> Iterator[tuple[Value, bool]]:
        """The conditions of branches by which alone control has come to ``block``, the last first, and whether they held."""
        while (above := self.immediate_dominator[block]) is not None:
            branch = above.terminator
            if branch.opcode == "br" and len(set(branch.blocks)) == 2 and self.predecessors[block] == [above]:
                yield branch.operands[0], branch.blocks[0] is block
            block = above

    def __contains__(self, block: Block) -> bool:
        return block in self.position

    def __str__(self) -> str:
        return "\n".join([f"control flow of {self.function.ref}", *map(self._line, self.reverse_postorder)])

    def _line(self, block: Block) -> str:
        targets = ", ".join(target.ref for target in self.successors[block]) or "end"
        notes = [f"idom {above.ref}" for above in [self.immediate_dominator[block]] if above]
        notes += [f"ipdom {below.ref}" for below in [self.immediate_post_dominator[block]] if below]
        notes += ["cold"] * (block in self.cold)
        return f"  {block.ref} -> {targets}" + (f"  ; {', '.join(notes)}" if notes else "")


def analyse(function: Function) -> ControlFlow:
    """The control-flow graph of a definition."""
    order = _reverse_postorder(function.entry, lambda block: block.successors)
    successors = {block: block.successors for block in order}
    predecessors = _inverted(order, successors)
    dominators = _dominator_tree(order, predecessors)
    warm: set[Block] = flood(
        [block for block in order if is_normal_return(block.terminator)], predecessors.__getitem__)
    cold = frozenset(order) - warm
    position = {block: index for index, block in enumerate(order)}
    return ControlFlow(function, order, predecessors, successors, dominators,
                       _post_dominator_tree(order, successors, predecessors), cold, position)


def is_before(first: Instruction, second: Instruction) -> bool:
    """Whether two instructions stand in one block, the first of them first."""
    order = first.parent.instructions
    return first.parent is second.parent and order.index(first) < order.index(second)


def flood(seeds: Iterable[Item], neighbours: Callable[[Item], Iterable[Item]], barred: Item | None = None) -> set[Item]:
    """The seeds and all that is reached from them, but what is ``barred`` and what lies behind it alone."""
    found: set[Item] = set()
    pending = list(seeds)
    while pending:
        item = pending.pop()
        if item is not barred and item not in found:
            found.add(item)
            pending.extend(neighbours(item))
    return found


def warm_post_dominators(cfg: ControlFlow) -> DominatorTree:
    """Post-dominance among warm blocks: what always follows unless an exception is raised."""
    order = [block for block in cfg.reverse_postorder if block not in cfg.cold]
    successors = {block: [s for s in cfg.successors[block] if s not in cfg.cold] for block in order}
    return _post_dominator_tree(order, successors, {block: cfg.predecessors[block] for block in order})


def _reverse_postorder(root: Node, neighbours: Callable[[Node], list[Node]]) -> list[Node]:
    """Depth first, so that what ``neighbours`` names first comes first where there is a choice."""
    order, seen = [], {root}
    stack = [(root, iter(reversed(neighbours(root))))]
    while stack:
        node, rest = stack[-1]
        for following in rest:
            if following not in seen:
                seen.add(following)
                stack.append((following, iter(reversed(neighbours(following)))))
                break
        else:
            order.append(node)
            stack.pop()
    return order[::-1]


def _inverted(order: list[Block], successors: Mapping[Block, list[Block]]) -> dict[Block, list[Block]]:
    predecessors: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order:
        for target in successors[block]:
            predecessors[target].append(block)
    return predecessors


def _post_dominator_tree(order: list[Block], successors: Mapping[Block, list[Block]],
                         predecessors: Mapping[Block, list[Block]]) -> DominatorTree:
    """Dominators of the reversed graph, whose root is the virtual exit."""
    ends = _ends(order, successors, predecessors)
    reversed_order = _reverse_postorder(None, lambda node: ends if node is None else predecessors[node])
    after = {block: [*successors[block], *([None] if block in ends else [])] for block in order}
    return _dominator_tree(reversed_order, {None: [], **after})


def _ends(order: list[Block], successors: Mapping[Block, list[Block]],
          predecessors: Mapping[Block, list[Block]]) -> list[Block]:
    """The blocks that leave the function, and one block of each part that runs forever."""
    ends = [block for block in order if not successors[block]]
    reached = flood(ends, predecessors.__getitem__)
    for block in reversed(order):
        if block not in reached:
            ends.append(block)
            reached |= flood([block], predecessors.__getitem__)
    return ends


def _dominator_tree(order: list[Node], predecessors: Mapping[Node, list[Node]]) -> DominatorTree:
    """The tree of a graph whose nodes stand in reverse postorder, the root first."""
    above = _immediate_dominators(order, predecessors)
    children: dict[Node, list[Node]] = {node: [] for node in order}
    for node in order[1:]:
        children[order[above[node]]].append(node)
    parent = {node: order[above[node]] for node in order[1:]}
    if order[0] is not None:
        parent[order[0]] = None
    return DominatorTree(parent, children, _intervals(order, above))


def _immediate_dominators(order: list[Node], predecessors: Mapping[Node, list[Node]]) -> dict[Node, int]:
    """For each node the position of its immediate dominator; the root is its own."""
    position = {node: index for index, node in enumerate(order)}
    above = [0] + [-1] * (len(order) - 1)
    changed = True
    while changed:
        changed = False
        for index, node in enumerate(order[1:], 1):
            known = [position[other] for other in predecessors[node] if above[position[other]] >= 0]
            nearest = functools.reduce(functools.partial(_nearest_common, above), known)
            changed |= above[index] != nearest
            above[index] = nearest
    return dict(zip(order, above, strict=True))


def _nearest_common(above: list[int], one: int, other: int) -> int:
    while one != other:
        if one > other:
            one = above[one]
        else:
            other = above[other]
    return one


def _intervals(order: list[Node], above: Mapping[Node, int]) -> dict[Node, tuple[int, int]]:
    """Preorder number of each node and the number after its last descendant: a node's interval encloses those below."""
    size = [1] * len(order)
    for index in range(len(order) - 1, 0, -1):
        size[above[order[index]]] += size[index]
    start, following = [0] * len(order), [1] * len(order)
    for index, node in enumerate(order[1:], 1):
        start[index] = following[above[node]]
        following[above[node]] += size[index]
        following[index] = start[index] + 1
    return {node: (start[index], start[index] + size[index]) for index, node in enumerate(order)}
