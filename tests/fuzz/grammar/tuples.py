"""Tuples and named tuples of numbers, integers, vectors and tuples.

A shape says what a tuple holds: a kind of item, or the shapes of its items. Values of a shape and ways into it follow
from the shape alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..program import LENGTH, Pair
from ..writer import Writer, number, statement

Shape = Any


def is_pair(shape: Shape) -> bool:
    return isinstance(shape, Pair)


def ways(shape: Shape, text: str) -> Iterator[tuple[str, str]]:
    """Each item that is no tuple: its kind and the expression that leads there."""
    if isinstance(shape, str):
        yield shape, text
        return
    names = [f".{name}" for name in Pair._fields] if is_pair(shape) else [f"[{k}]" for k in range(len(shape))]
    for item, name in zip(shape, names, strict=True):
        yield from ways(item, text + name)


def is_uniform(shape: Shape) -> bool:
    """Whether all items are of one type, so that an index may vary."""
    return not isinstance(shape, str) and not is_pair(shape) and len(set(map(repr, shape))) == 1


class Tuples(Writer):
    """Tuples that are made, taken apart, made anew, nested, indexed by variables, given and returned."""

    helpers = """
@njit
def turned(t, u):
    return (t[1], 0.7 * t[0] + 0.2 * u)

@njit
def spread(u, v):
    middle = 0.5 * (u + v)
    return Pair(math.sin(middle), (u - middle, middle))
"""

    def begin(self) -> None:
        if self.chance(0.6):
            shape = self.shape(2)
            self.parameters["t0"] = self.drawn(shape)
            self.scope.tuples.append(("t0", shape))

    def shape(self, depth: int) -> Shape:
        kind = self.choice.randrange(4)
        if kind == 0:
            return (self.item(depth),) * self.choice.randint(2, 3)
        if kind == 1:
            return Pair(self.item(depth), self.item(depth))
        return tuple(self.item(depth) for _ in range(self.choice.randint(1, 3)))

    def item(self, depth: int) -> Shape:
        kinds = ["number", "number", "vector", "integer"]
        return self.shape(depth - 1) if depth > 1 and self.chance(0.3) else self.pick(kinds)

    def drawn(self, shape: Shape) -> Any:
        """An argument of this shape."""
        if not isinstance(shape, str):
            items = [self.drawn(item) for item in shape]
            return Pair(*items) if is_pair(shape) else tuple(items)
        if shape == "vector":
            return self.uniform(LENGTH)
        return float(self.uniform()) if shape == "number" else self.choice.randrange(LENGTH)

    def value(self, shape: Shape) -> str:
        """An expression of this shape."""
        if not isinstance(shape, str):
            known = [name for name, other in self.scope.tuples if repr(other) == repr(shape)]
            if known and self.chance(0.3):
                return self.pick(known)
            items = "".join(f"{self.value(item)}, " for item in shape)
            return f"Pair({items})" if is_pair(shape) else f"({items})"
        if shape == "vector":
            vectors = [text for kind, text in self.items() if kind == "vector"]
            return self.pick([*self.scope.buffers, *vectors])
        return self.bounded() if shape == "number" else f"({self.integer()}) % n"

    def items(self) -> list[tuple[str, str]]:
        """What can be reached in the tuples in scope."""
        return [way for name, shape in self.scope.tuples for way in self.reached(name, shape)]

    def reached(self, name: str, shape: Shape) -> list[tuple[str, str]]:
        found = list(ways(shape, name))
        if is_uniform(shape):
            found += ways(shape[0], f"{name}[({self.integer()}) % {len(shape)}]")
        return found

    @number
    def of_tuples(self) -> list[str]:
        found = {"number": "{}", "vector": f"{{}}[{self.position(LENGTH)}]", "integer": "0.1 * {}"}
        items = self.items()
        return [found[kind].format(text) for kind, text in self.choice.sample(items, min(3, len(items)))]

    @statement(2)
    def make_tuple(self) -> None:
        name, shape = self.fresh("t"), self.shape(2)
        self.line(f"{name} = {self.value(shape)}")
        self.scope.tuples.append((name, shape))

    @statement(2)
    def remake_tuple(self) -> None:
        if not self.scope.tuples:
            return self.make_tuple()
        name, shape = self.pick(self.scope.tuples)
        items = "".join(f"{self.value(item)}, " for item in shape)
        self.line(f"{name} = {'Pair' if is_pair(shape) else ''}({items})")

    @statement(1.5)
    def write_through_tuple(self) -> None:
        vectors = [text for kind, text in self.items() if kind == "vector"]
        if not vectors:
            return self.make_tuple()
        self.line(f"{self.pick(vectors)}[{self.position(LENGTH)}] {self.pick(['=', '+=', '*='])} {self.bounded()}")

    @statement(1)
    def take_apart(self) -> None:
        if not self.scope.tuples:
            return self.make_tuple()
        name, shape = self.pick(self.scope.tuples)
        parts = [self.fresh("part") for _ in shape]
        self.line(f"{', '.join(parts)}{',' if len(parts) == 1 else ''} = {name}")
        for part, item in zip(parts, shape, strict=True):
            self.enter(part, item)

    def enter(self, name: str, shape: Shape) -> None:
        """A name in scope for what has this shape."""
        if not isinstance(shape, str):
            self.scope.tuples.append((name, shape))
        else:
            {"number": self.scope.floats, "vector": self.scope.buffers, "integer": self.scope.integers}[shape].append(name)

    @statement(1)
    def pass_through_call(self) -> None:
        name = self.fresh("t")
        if self.chance(0.5):
            self.line(f"{name} = spread({self.bounded()}, {self.atom()})")
            self.scope.tuples.append((name, Pair("number", ("number", "number"))))
        else:
            self.line(f"{name} = turned(({self.bounded()}, {self.atom()}), {self.atom()})")
            self.scope.tuples.append((name, ("number", "number")))

    @statement(1)
    def for_each_item(self) -> None:
        candidates = [(name, shape) for name, shape in self.scope.tuples if is_uniform(shape)]
        if not candidates:
            return self.make_tuple()
        name, shape = self.pick(candidates)
        item = self.fresh("item")
        self.line(f"for {item} in {name}:")
        with self.repeated(len(shape)):
            self.enter(item, shape[0])
            self.statements(2)

    def finish(self) -> None:
        for kind, text in self.items()[:6]:
            if kind != "integer":
                self.line(f"total += 0.3 * {text}" + ("[1]" if kind == "vector" else ""))
