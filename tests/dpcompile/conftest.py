"""Derivatives written by hand in the place of the passes."""
import pytest
from dpcompile.passes import pipeline

from tests.dpcompile.handwritten import FIRST, SQUARE, Handwritten


@pytest.fixture
def square_derivative(monkeypatch):
    monkeypatch.setattr(pipeline, "differentiate", Handwritten(SQUARE).differentiate)


@pytest.fixture
def first_derivative(monkeypatch):
    """The derivative of ``x[0] * scale`` that overwrites ``x[0]``; parameter 6 is the array's data."""
    monkeypatch.setattr(pipeline, "differentiate", Handwritten(FIRST, written=(6,)).differentiate)
