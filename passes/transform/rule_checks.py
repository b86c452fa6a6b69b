"""Refuses functions with a rule of their own where the rule does not say all that they do.

Requires: a program, analysed, with what its functions write.
Ensures:  no function with a rule writes into an array that it is given; what one returns may lie in memory of its own, as it
          does in the derivative. Calls that tell that a rule's code stands in for a function are gone: they have been asked.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..analysis import handed_back
from ..analysis.call_kinds import replaced_by
from ..errors import UnsupportedIR
from ..ir.call_rule import CallRule
from ..ir.model import Instruction, Module

if TYPE_CHECKING:
    from .program import Program
    from .version import Version


def stood_in_for(call: Instruction, module: Module) -> CallRule:
    """The rule of the function for which code stands in, as a call tells."""
    rule = module.functions[str(replaced_by(call))].rule
    assert rule is not None
    return rule


def check_rules(program: Program, rules: Iterable[CallRule]) -> None:
    """``rules``: those of functions that are called by name."""
    for rule in rules:
        _check_called(program, rule)
    for version in program.all:
        for call in version.stand_ins():
            rule = stood_in_for(call, program.module)
            _check_written(program, rule, rule.symbol, 0)
            _check_result(program, version, call, rule)
            call.erase()


def _check_called(program: Program, rule: CallRule) -> None:
    derived = rule.augmented or rule.pushed
    if derived:
        _check_written(program, rule, rule.symbol, 0)
        _check_written(program, rule, derived, 4 + len(rule.arrays))    # behind what a function for derivatives is given first
    for version in program.transformed:
        for call in version.ruled_calls():
            if call.callee_name == rule.symbol:
                _check_result(program, version, call, rule)


def _check_written(program: Program, rule: CallRule, symbol: str, first: int) -> None:
    """What a rule says of a function holds for its result, not for arguments that it changes."""
    if rule.vouched:
        return
    version = program.named(symbol)
    if any(version.is_written(version.parameters[first + position]) for position in rule.arrays):
        raise UnsupportedIR(f"cannot differentiate {rule.name}, which has a rule of its own and writes into an array that it "
                            f"is given", None,
                            "Let it return what it computes, and hand functions of C that take pointers a copy.")


def _check_result(program: Program, version: Version, call: Instruction, rule: CallRule) -> None:
    """In the derivative a result shares no memory with arguments, which must make no difference."""
    made = program.named(rule.symbol)
    given = handed_back.positions(made.aliasing, made.parameters, rule.arrays)
    if not given:
        return
    returned, arguments = handed_back.returned_and_given(call, rule, given, version.aliasing)
    seen = not version.is_entry and handed_back.are_seen_by_callers(returned, arguments, version.parameters, version.aliasing)
    if seen or any(handed_back.written_behind(call, returned | arguments, version.overwrites())):
        raise UnsupportedIR(f"cannot differentiate {rule.name}, which has a rule of its own and returns an array that it "
                            f"is given, if either is written afterwards", program.module.location_of(call),
                            "Let it return a copy.")
