"""Loops that are run again in the reverse sweep give the gradients that their tapes give."""
from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
import pytest
from dpcompile.passes import pipeline
from dpcompile.passes.errors import UnsupportedIR
from dpcompile.passes.ir.builder import i64
from dpcompile.passes.transform import outline
from dpcompile.runtime import arena, gates

from tests.passes.machine import I32, I64, PTR, Machine, copies, load, request
from tests.passes.test_differentiate import CASES, Case, text_of


class Fixed:
    """The extent of an array of the test."""

    def __init__(self, size: int):
        self.size = size

    def write(self, builder, data):
        return data, i64(self.size)


class Rerun(Machine):
    """A machine with one derivative."""

    def __init__(self, case: Case, monkeypatch: pytest.MonkeyPatch):
        text = text_of(case.file)
        wanted = request(text, case.entry, case.arguments, "reverse", case.constant)
        usual = pipeline.differentiate(text, wanted)
        if not usual.heaviest:
            pytest.skip("no loop keeps anything")
        arrays = {k: a for k, a in enumerate(case.arguments) if isinstance(a, np.ndarray)}
        monkeypatch.setattr(pipeline, "_extents", lambda arguments, parameters: {
            arguments[k]: Fixed(a.nbytes) for k, a in arrays.items()})
        monkeypatch.setattr(outline, "FIRST_CALL", 1)
        again = pipeline.differentiate(text, replace(wanted, name="again", rerun=usual.heaviest, ungated=usual.ungated))
        self.derivatives = {"reverse": usual, "again": again}
        texts = [d.text for d in self.derivatives.values()]
        self.engine = load(text, *texts, arena.INLINED, gates.definitions("\n".join(texts)), arena.SHARED)
        kinds = [p.kind for p in usual.parameters]
        self.types = [a.type for a in pipeline.read(text).functions[case.entry].arguments]
        self.active = [k for k, kind in enumerate(kinds) if kind == "active"]
        self.duplicated = [k for k, kind in enumerate(kinds) if kind == "duplicated"]
        self.with_shadow = [k for k, kind in enumerate(kinds) if kind in ("duplicated", "scratch")]
        self.directions = sorted([*self.active, *self.duplicated])
        assert [p.kind for p in again.parameters] == kinds

    def gradient(self, name: str, arguments, seeds, limit: int = 1 << 40) -> list:
        given, shadows = copies(arguments), self._seeded(arguments, seeds)
        cotangents = (ctypes.c_double * max(1, len(self.active)))()
        types = [*self.types, *(PTR for _ in shadows), PTR, I64]
        values = [*given, *shadows.values(), ctypes.addressof(cotangents), limit]
        self.status = self._call(self.derivatives[name].symbols["gradient"], I32, types, values)
        return self._collected(shadows, cotangents)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient_is_the_same(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        machine = Rerun(case, monkeypatch)
    except UnsupportedIR as refusal:
        assert "cannot be run again" in str(refusal)
        pytest.skip(str(refusal))
    generator = np.random.default_rng(5)
    seeds = [generator.standard_normal(case.arguments[k].shape).astype(case.arguments[k].dtype) for k in machine.duplicated]
    expected = machine.gradient("reverse", case.arguments, seeds)
    status = machine.status
    for _ in range(2):
        found = machine.gradient("again", case.arguments, seeds)
        assert machine.status == status
        if status in (0, -2):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
