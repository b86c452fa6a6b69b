"""Lists, dictionaries and objects as arguments and results: of numbers, arrays, tuples, and of one another."""

import math

import numpy as np
from numba.typed import Dict, List

from .classes import Body, Pair, Particle, Stack
from .record import kernel, refused, vector


def typed_list(*items):
    return List(items)


def table(**items):
    made = Dict()
    for key, value in items.items():
        made[key] = value
    return made


@kernel(lambda: (vector(3), List(vector(4, 1))), writes=(1,),
        feature="Containers as arguments: a typed list of numbers, written")
def list_of_numbers_given(x, values):
    for k in range(4):
        values[k] = values[k] * values[k - 1] + math.sin(values[k]) * x[k % 3]
    return values[0] * values[3] + values[1] * x[2]


@kernel(lambda: (vector(3), list(vector(4, 1))), feature="Containers as arguments: a reflected list of numbers, that grows")
def reflected_list_given(x, values):
    for k in range(6):
        values.append(values[k] * x[k % 3] + values[-1])
    return values[-1] * values[2]


@kernel(lambda: (vector(3), List([1, 2])), writes=(1,),
        feature="Containers as arguments: a constant list of integers that grows")
def list_of_integers_grown(x, order):
    for k in range(20):
        order.append((order[k] + k) % 3)
    total = 1.0
    for k in order:
        total = 0.9 * total * x[k] + x[k - 1]
    return total


@kernel(lambda: (vector(3), List([0.5, 2.0])), wrt=(0,), writes=(1,),
        feature="Containers as arguments: a constant list that grows")
def constant_list_grown(x, work):
    for k in range(12):
        work.append(work[k] * x[k % 3] + 0.1)
    return work[-1] * work[5]


@kernel(lambda: (1.3, typed_list(vector(3), vector(2, 1))), feature="Containers as arguments: a list of arrays, written")
def list_of_arrays_given(x, levels):
    total = 0.0
    for level in levels:
        level[0] *= level[1] * x
        total += (level * level).sum()
    levels.append(levels[0] * x)
    return total * levels[2][2] + levels[1][0]


@kernel(lambda: (1.3, typed_list(np.asfortranarray(vector(6).reshape(2, 3)), np.asfortranarray(vector(4, 1).reshape(2, 2)))),
        feature="Containers as arguments: a list of matrices in Fortran order")  # fmt: skip
def list_of_matrices_given(x, levels):
    return (levels[0][1] * levels[0][0]).sum() * x + levels[1][1, 0] * levels[1][0, 1]


@kernel(lambda: (1.3, typed_list((0.5, 1.2, 1), (1.5, 0.7, 2))), writes=(1,),
        feature="Containers as arguments: a list of tuples")
def list_of_tuples_given(x, points):
    total = 0.0
    for a, b, n in points:
        total += a * b**n * x
    points[0] = (total, points[1][0], 3)
    return points[0][0] * points[0][1]


@kernel(lambda: (1.3, typed_list(List([0.5, 1.2]), List([0.7]))), feature="Containers as arguments: a list of lists")
def list_of_lists_given(x, rows):
    rows[1].append(rows[0][1] * x)
    rows[0][0] = rows[1][1] * rows[1][0]
    return rows[0][0] * rows[0][1] + rows[1][1]


@kernel(lambda: (1.3, typed_list(Particle(0.5, 1.2), Particle(1.5, 0.7))),
        writes=(1,), feature="Containers as arguments: a list of jitclasses")  # fmt: skip
def list_of_objects_given(x, particles):
    particles[0].push(x * particles[1].energy, 0.1)
    particles[1].position *= particles[0].position
    return particles[0].energy + particles[1].energy


@kernel(lambda: (1.3, table(a=0.5, b=1.2)), writes=(1,),
        feature="Containers as arguments: a dictionary of numbers, written")
def dictionary_given(x, rates):
    rates["a"] = rates["a"] * rates["b"] * x
    for key in rates:
        rates[key] *= x
    return rates["a"] * rates["b"]


@kernel(lambda: (1.3, table(a=vector(3), b=vector(3, 1))), feature="Containers as arguments: a dictionary of arrays")
def dictionary_of_arrays_given(x, arrays):
    arrays["a"][0] *= x
    arrays["c"] = arrays["a"] * arrays["b"]
    return arrays["c"].sum() * x


@kernel(lambda: (1.3, Pair(Particle(0.5, 1.2), Particle(1.5, 0.7), 2.0)), writes=(1,),
        feature="Containers as arguments: nested jitclasses")
def nested_object_given(x, pair):
    for _ in range(3):
        pair.step(0.1 * x)
    return pair.first.position * pair.second.energy * pair.k


def filled_stack():
    stack = Stack(2)
    stack.push(0.5)
    stack.push(1.2)
    return stack


@kernel(lambda: (vector(3), filled_stack()), writes=(1,),
        feature="Containers as arguments: a jitclass whose array is written and replaced")
def object_with_an_array_given(x, stack):
    stack.values[0] *= x[0]
    stack.push(x[1] * stack.values[0])
    stack.push(stack.pop() * stack.values[1])
    return stack.pop() * stack.values[0] * x[2]


@kernel(lambda: (vector(3), Body(1.3, vector(3, 1))), writes=(1,),
        feature="Containers as arguments: a structref with an array")
def structref_given(x, body):
    body.position = body.position * body.mass
    body.position[0] *= x[0]
    return (body.position * x).sum()


@kernel(lambda: (vector(3), Particle(0.5, 1.2)), wrt=(0,), feature="Containers as arguments: a jitclass that is read")
def constant_object_read(x, particle):
    return x * particle.mass * particle.energy


@kernel(lambda: (vector(3), Particle(0.5, 1.2)), wrt=(0,), writes=(1,),
        feature="Containers as arguments: a constant jitclass, written")
def constant_object_written(x, particle):
    particle.push(x[0], 0.1)
    particle.mass *= x[1]
    return particle.energy * x[2]


@kernel(lambda: (1.3, (List([0.5, 1.2]), 0.7)), feature="Containers as arguments: a list in a tuple")
def list_in_a_tuple_given(x, pair):
    values, scale = pair
    values[0] *= scale * x
    return values[0] * values[1] + scale


@kernel(lambda: (1.3, List([0.5, 1.2])), feature="Containers as results: a list of numbers")
def list_returned(x, values):
    made = [x]
    for value in values:
        made.append(made[-1] * value)
    return made


@kernel(lambda: (1.3, vector(3)), feature="Containers as results: a typed list of arrays, in a tuple")
def list_of_arrays_returned(x, v):
    made = List()
    made.append(v * x)
    made.append(made[0][1:] * v[0])
    return made, x * x


@kernel(lambda: (1.3, Particle(0.5, 1.2)), writes=(1,),
        feature="Containers as results: an object that was given")
def object_returned(x, particle):
    particle.push(x, 0.5)
    return particle


@kernel(lambda: (vector(3), 2), feature="Results that may be None")
def array_or_none_returned(x, n):
    return None if n < 0 else x**n * x[0]


@kernel(lambda: (vector(9).reshape(3, 3), 3), feature="Results that may be None: np.linalg.matrix_power")
def matrix_power_returned(a, n):
    return np.linalg.matrix_power(a, n)


@kernel(lambda: (1.3, List([0.5, 1.2]), 1), raises=(IndexError, lambda: (1.3, List([0.5, 1.2]), 7)),
        feature="Containers as arguments: out of range")  # fmt: skip
def list_given_out_of_range(x, values, n):
    values.append(x)
    return values[n] * x


@refused(lambda: (1.3, typed_list(table(a=1.0), table(a=2.0))), says="is given a dictionary",
         feature="Containers as arguments: a list of dictionaries that change")  # fmt: skip
def list_of_dictionaries_given(x, tables):
    tables.append(tables[0])
    return tables[1]["a"] * x


@refused(lambda: (1.3, {1, 2}), says="changes its argument 1", feature="Containers as arguments: a set that changes")
def set_given(x, seen):
    seen.add(3)
    return x * len(seen)
