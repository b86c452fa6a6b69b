"""Classes: jitclass and structref, with numbers and arrays as fields."""

import math

import numpy as np
from numba import float64, int64
from numba.core import types
from numba.experimental import jitclass, structref
from numba.extending import overload, overload_method

from .record import kernel, vector


@jitclass([("mass", float64), ("position", float64), ("steps", int64)])
class Particle:
    def __init__(self, mass, position):
        self.mass = mass
        self.position = position
        self.steps = 0

    def push(self, force, dt):
        self.position += force / self.mass * dt
        self.steps += 1

    @property
    def energy(self):
        return 0.5 * self.mass * self.position**2

    @property
    def scaled(self):
        return self.position * 2.0

    @scaled.setter
    def scaled(self, value):
        self.position = 0.5 * value

    @staticmethod
    def spring(stiffness, position):
        return -stiffness * math.sin(position)


@jitclass([("values", float64[:]), ("top", int64)])
class Stack:
    def __init__(self, size):
        self.values = np.zeros(size)
        self.top = 0

    def push(self, value):
        if self.top == self.values.size:
            longer = np.zeros(2 * self.top)
            longer[: self.top] = self.values
            self.values = longer
        self.values[self.top] = value
        self.top += 1

    def pop(self):
        self.top -= 1
        return self.values[self.top]


@jitclass([("first", Particle.class_type.instance_type), ("second", Particle.class_type.instance_type), ("k", float64)])
class Pair:
    def __init__(self, first, second, k):
        self.first = first
        self.second = second
        self.k = k

    def step(self, dt):
        force = self.k * (self.second.position - self.first.position)
        self.first.push(force, dt)
        self.second.push(-force, dt)


@kernel(lambda: (vector(3), 4), feature="Classes: jitclass method that mutates a field")
def jitclass_mutated(x, n):
    particle = Particle(x[0], x[1])
    for _ in range(n):
        particle.push(particle.spring(x[2], particle.position), 0.1)
    return particle.energy * particle.steps


@kernel(lambda: (vector(3),), feature="Classes: jitclass properties read and set")
def jitclass_properties(x):
    particle = Particle(x[0], x[1])
    particle.scaled = x[2] * particle.scaled
    particle.mass = particle.energy
    return particle.energy * particle.position


@kernel(lambda: (vector(6),), feature="Classes: jitclass with an array that grows")
def jitclass_with_an_array(x):
    stack = Stack(2)
    for k in range(6):
        stack.push(x[k])
        if k % 3 == 2:
            stack.push(stack.pop() * stack.pop())
    return stack.pop() * stack.pop() + stack.values[0]


@kernel(lambda: (vector(5), 4), feature="Classes: jitclasses in a jitclass")
def jitclass_nested(x, n):
    pair = Pair(Particle(x[0], x[1]), Particle(x[2], x[3]), x[4])
    for _ in range(n):
        pair.step(0.1)
    return pair.first.position * pair.second.energy


@kernel(lambda: (vector(4), 3), feature="Classes: jitclass made in each iteration")
def jitclass_in_a_loop(x, n):
    total = 1.0
    for k in range(n):
        particle = Particle(x[k], total)
        particle.push(x[k + 1], 0.5)
        if k == 1:
            particle = Particle(particle.energy, x[0])
        total = 0.5 * particle.energy + 0.1 * total
    return total


@kernel(lambda: (vector(4),), feature="Classes: one jitclass under two names")
def jitclass_aliased(x):
    one = Particle(x[0], x[1])
    other = one
    if x[2] > 10.0:
        other = Particle(x[2], x[3])
    other.position *= x[2]
    return one.position * other.energy


@kernel(lambda: (vector(4), 3), feature="Classes: a list of jitclasses")
def jitclasses_in_a_list(x, n):
    particles = [Particle(x[0], x[1])]
    for k in range(n):
        particles.append(Particle(particles[k].energy, x[k]))
        particles[k // 2].push(x[k], 0.1)
    total = 0.0
    for particle in particles:
        total += particle.energy
    return total


@structref.register
class BodyType(types.StructRef):
    def preprocess_fields(self, fields):
        return tuple((name, types.unliteral(ty)) for name, ty in fields)


class Body(structref.StructRefProxy):
    def __new__(cls, mass, position):
        return structref.StructRefProxy.__new__(cls, mass, position)


structref.define_proxy(Body, BodyType, ["mass", "position"])


@overload_method(BodyType, "moved")
def _body_moved(self, force):
    def moved(self, force):
        self.position = self.position + force / self.mass
        return self.position

    return moved


@kernel(lambda: (vector(3), 4), feature="Classes: structref with numbers, mutated")
def structref_mutated(x, n):
    body = Body(x[0], x[1])
    for _ in range(n):
        body.position = body.position * x[2] + body.moved(x[2]) * 0.1
        body.mass += 0.1 * body.position
    return body.mass * body.position


@kernel(lambda: (vector(3), vector(3, 1)), feature="Classes: structref with arrays")
def structref_with_arrays(x, y):
    body = Body(x * y, y.copy())
    for k in range(3):
        body.position[k] *= body.mass[k - 1]
        if k == 1:
            body.mass = body.position * x
    return (body.mass * body.position).sum()


@kernel(lambda: (vector(4), 3), feature="Classes: structrefs in a structref")
def structref_nested(x, n):
    inner = Body(x[0], x[1])
    outer = Body(inner, x[2])
    for _ in range(n):
        outer.mass.position = outer.mass.position * outer.position
        outer.position = inner.position * x[3]
    return outer.position * inner.mass


def maximum_of(first, second):
    raise NotImplementedError


@overload(maximum_of)
def _maximum_of(first, second):
    if isinstance(second, types.Float):
        return lambda first, second: first * second if first > second else second * second
    return lambda first, second: first * len(second)


@kernel(lambda: (vector(3),), feature="Functions: @overload")
def overloaded(x):
    return maximum_of(x[0], x[1] * x[2]) * maximum_of(x[1], (1, 2))
