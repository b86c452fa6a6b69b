"""Modules in one file, each behind a line ``; expect: message``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def cases(name: str) -> list[Any]:
    """An expected message and the text of a module, as parameters of a test."""
    parts = re.split(r"^; expect: (.*)\n", (HERE / name).read_text(), flags=re.MULTILINE)
    return [pytest.param(message, text, id=message) for message, text in zip(parts[1::2], parts[2::2], strict=True)]
