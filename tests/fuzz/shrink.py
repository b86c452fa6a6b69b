"""Cut a failing program down to what still fails the same way.

Algorithm: delta debugging (Zeller & Hildebrandt 2002, section 3) on lists of statements, then the same greedy descent
with compound statements replaced by their bodies and expressions by their parts, until nothing more can go.
"""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .program import CELL, Pair, Program
from .reference import differentiate
from .trees import float_fields, mapped
from .worker import Worker

Fails = Callable[[Program], bool]


def shrink(program: Program, worker: Worker) -> Program:
    """The smallest program found whose verdict has the same kind."""
    expected = worker.examine(program).symptom

    def fails(candidate: Program) -> bool:
        return is_valid(candidate) and worker.examine(candidate).symptom == expected

    if not fails(program):
        return program
    before = None
    while before != program.source:
        before = program.source
        for reductions in (without_statements, without_blocks, without_expressions):
            program = descend(program, reductions, fails)
    rounded = replace(program, arguments=tuple(map(rounded_off, program.arguments)))
    return rounded if fails(rounded) else program


def is_valid(program: Program) -> bool:
    try:
        differentiate(program.source, program.arguments, program.single)
    except Exception:
        return False
    return True


def descend(program: Program, reductions: Callable[[ast.Module], Iterator[ast.Module]], fails: Fails) -> Program:
    """Take the first reduction that still fails, again and again."""
    tried = {program.source}
    progress = True
    while progress:
        progress = False
        for tree in reductions(ast.parse(program.source)):
            candidate = replace(program, source=ast.unparse(tree) + "\n")
            if candidate.source in tried:
                continue
            tried.add(candidate.source)
            if fails(candidate):
                program, progress = candidate, True
                break
    return program


def blocks(tree: ast.Module) -> list[list[ast.stmt]]:
    """All lists of statements, outermost first."""
    fields = (getattr(node, name, None) for node in ast.walk(tree) for name in ("body", "orelse"))
    return [statements for statements in fields if isinstance(statements, list) and statements]


def edited(tree: ast.Module, block: int, start: int, stop: int, new: list[ast.stmt]) -> ast.Module:
    """A copy of the tree with some statements of one block replaced."""
    result = copy.deepcopy(tree)
    statements = blocks(result)[block]
    statements[start:stop] = new or ([] if len(statements) > stop - start else [ast.Pass()])
    return result


def without_statements(tree: ast.Module) -> Iterator[ast.Module]:
    """Runs of statements left out, long ones first."""
    for block, statements in enumerate(blocks(tree)):
        length = len(statements)
        while length:
            for start in range(0, len(statements), length):
                if not all(isinstance(s, ast.Pass) for s in statements[start : start + length]):
                    yield edited(tree, block, start, start + length, [])
            length //= 2


def without_blocks(tree: ast.Module) -> Iterator[ast.Module]:
    """An ``if`` or a loop replaced by one of its bodies."""
    for block, statements in enumerate(blocks(tree)):
        for place, statement in enumerate(statements):
            for name in ("body", "orelse") if isinstance(statement, (ast.If, ast.For, ast.While)) else ():
                yield edited(tree, block, place, place + 1, getattr(statement, name))


def without_expressions(tree: ast.Module) -> Iterator[ast.Module]:
    """An expression replaced by one of its parts, or by a number."""
    nodes = list(ast.walk(tree))
    for place, node in enumerate(nodes):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            continue
        for name, value in ast.iter_fields(node):
            for part in parts(value) if replaceable(name, value) else []:
                result = copy.deepcopy(tree)
                setattr(list(ast.walk(result))[place], name, part)
                yield result


def replaceable(name: str, value: Any) -> bool:
    """Whether a field of a node is an expression that a number could stand for: no function, no target."""
    loaded = isinstance(getattr(value, "ctx", None) or ast.Load(), ast.Load)
    return isinstance(value, ast.expr) and not isinstance(value, ast.Constant) and name != "func" and loaded


def parts(expression: ast.expr) -> list[ast.expr]:
    """What may stand for an expression: a number or one of its operands."""
    operands = [child for child in ast.iter_child_nodes(expression) if isinstance(child, ast.expr)]
    return [ast.Constant(0.5), ast.Constant(1), *operands]


def rounded_off(value: Any) -> Any:
    return mapped(leaf_rounded_off, value)


def leaf_rounded_off(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf if isinstance(leaf, int) else type(leaf)(np.round(leaf, 1))
    result = leaf.copy()
    for name in float_fields(leaf) if leaf.dtype.names else (...,):
        result[name] = np.round(result[name], 1)
    return result


def as_test(program: Program, detail: str) -> str:
    """The program as a test to paste."""
    arguments = ", ".join(map(spelled, program.arguments))
    reason = detail.splitlines()[0][:200] if detail else "failed"
    return f'''
def test_seed_{program.seed}() -> None:
    """{reason}"""
    source = """
{textwrap.indent(program.source.strip(), "")}
"""
    arguments = ({arguments})
    program = Program({program.seed}, source, arguments, {program.single}, {program.strided}, {program.options})
    assert examine(program) == Verdict("right")
'''


def spelled(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()}, dtype={'CELL' if value.dtype == CELL else f'np.{value.dtype}'})"
    if isinstance(value, (tuple, list)):
        items = "".join(f"{spelled(item)}, " for item in value)
        return f"[{items}]" if isinstance(value, list) else f"{'Pair' if isinstance(value, Pair) else ''}({items})"
    return f"np.float32({value})" if isinstance(value, np.float32) else repr(value)
