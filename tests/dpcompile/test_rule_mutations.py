"""Each mechanism of rules switched off makes a derivative wrong: so it is needed, and it is seen.

Everything is compiled anew in each test, because mutants must not find what others made.
"""
from __future__ import annotations

import math
from dataclasses import replace

import pytest
from dpcompile.passes import pipeline
from dpcompile.passes.ir.builder import zero
from dpcompile.passes.rules import scalar
from dpcompile.passes.rules.expression import formula
from dpcompile.passes.transform import adjoint, tangent
from dpcompile.passes.transform.adjoint import Adjoints
from numba import njit

import dpcompile as dp
from dpcompile import custom
from dpcompile.custom import VjpRule
from dpcompile.frontend import compile as frontend

RED = AssertionError, dp.errors.DifferentiationError


def check_rule():
    @dp.custom_vjp
    def cube(x):
        return x * x * x

    cube.defvjp(njit(lambda x: (cube(x), x)), njit(lambda x, cotangent: (5 * x * cotangent,)))
    assert dp.grad(njit(lambda x: cube(x) * x))(2.0) == 2 * 10.0 + 8.0


def check_rule_for_tangents():
    @dp.custom_jvp
    def sine(x):
        return math.sin(x)

    sine.defjvp(njit(lambda p, t: (sine(p[0]), 10 * math.cos(p[0]) * t[0])))
    f = njit(lambda x: sine(x))
    assert dp.grad(f)(0.7) == pytest.approx(10 * math.cos(0.7))
    assert dp.grad(dp.grad(f))(0.7) == pytest.approx(-10 * math.sin(0.7))


def check_stop():
    assert dp.grad(njit(lambda x: dp.stop_gradient(x) * x))(3.0) == 3.0


def check_hook():
    halve = njit(lambda cotangent: cotangent / 2)
    assert dp.grad(njit(lambda x: dp.hook(halve, x) * 4))(3.0) == 2.0


def check_zero_factor():
    assert dp.grad(dp.grad(njit(lambda x: math.log(x) ** 2)))(1.0) == 2.0


def dropped(self, call, ruled):
    """The reverse of a rule runs, and nobody takes what it gives."""
    handed_on, self.add = self.add, lambda value, cotangent: None
    try:
        take(self, call, ruled)
    finally:
        self.add = handed_on


take = Adjoints._ruled_call


def see_through(monkeypatch):
    """The mark that stops derivatives lets them through."""
    for symbol in ("dp.stop.f64", "dp.hold.f64"):
        row, precision = scalar._MARKS_BY_SYMBOL[symbol]
        monkeypatch.setitem(scalar._MARKS_BY_SYMBOL, symbol, (replace(row, partials=(formula(1),)), precision))


def skip_hook(monkeypatch):
    rule = custom.hook.__dpcompile_rule__
    custom._set(custom.hook, VjpRule(rule.forward, njit(lambda g, cotangent: (None, cotangent)), rule.jvp))
    monkeypatch.setattr(custom.hook, "__dpcompile_rule__", custom.hook.__dpcompile_rule__)


def select_in_place_of_a_gate(builder, module, kind, first, second):
    """What the next derivative takes for a constant around the zero."""
    nothing = zero(first.type)
    product = builder.binary("fdiv" if kind == "fdiv" else "fmul", first, second)
    return builder.select(builder.compare("oeq", first, nothing), nothing, product)


@pytest.fixture
def hook_as_it_was():
    rule = custom.hook.__dpcompile_rule__
    yield
    custom._set(custom.hook, rule)


MUTATIONS = {
    "the cotangent is dropped": (check_rule, lambda m: m.setattr(Adjoints, "_ruled_call", dropped)),
    "the reverse of the rule is not called": (
        check_rule, lambda m: m.setattr(Adjoints, "_ruled_call", lambda self, call, ruled: None)),
    "the function is differentiated although it has a rule": (
        check_rule, lambda m: m.setattr(frontend, "_link_all", without_rules)),
    "tangents are not taken": (
        check_rule_for_tangents, lambda m: m.setattr(frontend, "tangents_taken", lambda text, tangents: text)),
    "what was held stays so": (check_rule_for_tangents, lambda m: m.setattr(pipeline, "release_held", lambda module: None)),
    "the mark is passed through": (check_stop, see_through),
    "the hook is skipped": (check_hook, skip_hook),
    "a gate is a select": (check_zero_factor, lambda m: [m.setattr(owner, "gated", select_in_place_of_a_gate)
                                                         for owner in (adjoint, tangent)]),
}
link_all = frontend._link_all


def without_rules(*arguments):
    link_all(*arguments)
    return {}


@pytest.mark.usefixtures("hook_as_it_was")
@pytest.mark.parametrize("name", MUTATIONS)
def test_mutant_is_noticed(name, monkeypatch):
    check, apply = MUTATIONS[name]
    check()
    apply(monkeypatch)
    with pytest.raises(RED):
        check()
