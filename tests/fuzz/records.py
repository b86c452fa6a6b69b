"""What a record and an array of records mean in the reference: arrays of objects, one for each field, which views share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Record:
    """One record: its fields are views of one element each."""

    def __init__(self, fields: dict[str, np.ndarray]) -> None:
        object.__setattr__(self, "fields", fields)

    def __getitem__(self, name: str) -> Any:
        field = self.fields[name]
        return field if field.ndim else field[()]

    def __setitem__(self, name: str, value: Any) -> None:
        self.fields[name][...] = value

    __getattr__, __setattr__ = __getitem__, __setitem__


class Records:
    """An array of records."""

    def __init__(self, fields: dict[str, np.ndarray]) -> None:
        self.fields = fields

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.fields[key]
        kind = Records if isinstance(key, slice) else Record
        return kind({name: field[key, ...] for name, field in self.fields.items()})

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        for name, field in self.fields.items():
            field[key, ...] = value.fields[name]

    def __iter__(self) -> Iterator[Record]:
        return (self[k] for k in range(self.size))

    def __len__(self) -> int:
        return self.size

    @property
    def size(self) -> int:
        return len(next(iter(self.fields.values())))

    def copy(self) -> Records:
        return Records({name: field.copy() for name, field in self.fields.items()})
