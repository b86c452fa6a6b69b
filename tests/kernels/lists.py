"""Lists of numbers, arrays and tuples, reflected and typed: their memory moves as they grow."""

import math

import numba
import numpy as np
from numba.typed import List

from .record import kernel, refused, vector


@kernel(lambda: (vector(5), 20), feature="Lists: append in a loop, so that memory moves")
def appended_in_a_loop(x, n):
    values = [x[0]]
    for k in range(n):
        values.append(math.sin(values[k]) * x[k % 5] + 0.5)
    total = 0.0
    for k in range(len(values)):
        total += values[k] * values[len(values) - 1 - k]
    return total


@kernel(lambda: (vector(6),), feature="Lists: append under a condition")
def appended_under_a_condition(x):
    chosen = [1.0]
    for value in x:
        if value > 0.9:
            chosen.append(value * chosen[-1])
    total = 0.0
    for value in chosen:
        total += value**2
    return total


@kernel(lambda: (vector(4),), feature="Lists: literals, items written")
def list_literal_overwritten(x):
    state = [x[0], x[1] * x[2], 1.0]
    for k in range(3):
        state[k] = state[k - 1] * x[k] + state[k]
    return state[0] * state[1] * state[2]


@kernel(lambda: (vector(4), 7), feature="Lists: pop, a stack")
def stack_of_a_list(x, n):
    stack = [x[0], x[1]]
    for k in range(n):
        if k % 3 == 2:
            top = stack.pop()
            stack[-1] = stack[-1] * top
        else:
            stack.append(x[k % 4] * stack[-1])
    return stack.pop() * stack.pop(0)


@kernel(lambda: (vector(5),), feature="Lists: insert, remove an item, clear")
def list_insert_and_delete(x):
    values = [x[0]]
    for k in range(1, 5):
        values.insert(k // 2, x[k] * values[0])
    del values[1]
    total = 0.0
    for k in range(len(values)):
        total = total * values[k] + values[k] ** 2
    values.clear()
    values.append(total)
    return values[0] * x[0]


@kernel(lambda: (vector(5), vector(3, 1)), feature="Lists: extend, +, +=, *")
def list_extended_and_joined(x, y):
    left = [value * value for value in x]
    right = [value for value in y]
    left.extend(right)
    left += [x[0] * y[0]]
    both = left + right * 2
    total = 0.0
    for k in range(len(both)):
        total += both[k] * both[(3 * k) % len(both)]
    return total


@kernel(lambda: (vector(7),), feature="Lists: slices read and written")
def list_slices(x):
    values = [value for value in x]
    values[1:4] = [x[0] * x[1], x[2] ** 2]
    part = values[::-2]
    del values[:2]
    total = 0.0
    for k in range(len(part)):
        total += part[k] * values[k]
    return total


@kernel(lambda: (vector(5),), feature="Lists: copy and reverse")
def list_copied_and_reversed(x):
    values = [value * x[0] for value in x]
    other = values.copy()
    other.reverse()
    for k in range(5):
        values[k] *= other[k]
    return values[0] + values[1] * other[3]


@kernel(lambda: (vector(6),), feature="Lists: sort")
def list_sorted(x):
    values = [math.sin(3.0 * value) for value in x]
    values.sort()
    total = 0.0
    for k in range(len(values)):
        total += (k + 1) * values[k] ** 2
    return total


@kernel(lambda: (vector(6),), feature="Lists: min, max, sum, in")
def list_reduced(x):
    values = [value**2 for value in x]
    total = sum(values) * max(values) - min(values)
    if x[0] ** 2 in values:
        total *= x[0]
    return total


@kernel(lambda: (vector(5),), feature="Lists: two names for one list")
def list_aliased(x):
    values = [x[0], x[1], x[2]]
    other = values
    other[0] = values[1] * values[2]
    values.append(other[0] * x[3])
    other.append(values[3] * values[0])
    return other[4] * values[1] + values[0]


@kernel(lambda: (vector(4), 3), feature="Lists: of arrays")
def list_of_arrays_written(x, n):
    levels = [x.copy()]
    for k in range(n):
        fresh = levels[k] * x[k]
        fresh[0] = levels[k // 2][1]
        levels.append(fresh)
        levels[k][2] *= fresh[1]
    total = 0.0
    for level in levels:
        total += level.sum() * level[0]
    return total


@kernel(lambda: (vector(4), 4), feature="Lists: of tuples")
def list_of_tuples(x, n):
    points = [(x[0], x[1], 0)]
    for k in range(n):
        a, b, count = points[-1]
        points.append((a * b, math.sin(a) + x[k], count + 1))
    total = 0.0
    for a, b, count in points:
        total += a * b * count
    return total


@kernel(lambda: (vector(4), 3), feature="Lists: of lists")
def list_of_lists(x, n):
    rows = [[x[0]]]
    for k in range(n):
        row = [value * x[k] for value in rows[k]]
        row.append(x[k] ** 2)
        rows.append(row)
    total = 0.0
    for row in rows:
        for value in row:
            total += value * rows[1][0]
    return total


@numba.njit
def trajectory(x, n):
    states = [x]
    for _ in range(n):
        states.append(states[-1] * (1.5 - states[-1]) + 0.3)
    return states


@kernel(lambda: (vector(3), 4), feature="Lists: returned by a callee")
def list_from_a_callee(x, n):
    total = 0.0
    for value in x:
        states = trajectory(value, n)
        total += states[-1] * states[1]
    return total


@numba.njit(inline="never")
def recorded(history, x, n):
    if n == 0:
        return
    history.append(history[-1] * x[n])
    recorded(history, x, n - 1)


@refused(lambda: (vector(6), 5), says="stored as an integer", feature="Lists: that a recursion appends to")
def list_appended_by_a_callee(x, n):
    history = [x[0]]
    recorded(history, x, n)
    total = 0.0
    for value in history:
        total += value * value
    return total


@kernel(lambda: (vector(5), 3), raises=(IndexError, lambda: (vector(5), 9)), feature="Lists: out of range")
def list_out_of_range(x, n):
    values = [value * value for value in x]
    return values[n] * x[0]


@kernel(lambda: (vector(5), 2), feature="Lists: comprehension with a condition, nested")
def list_comprehensions(x, n):
    odd = [x[i] * x[j] for i in range(5) if i % 2 == 1 for j in range(n)]
    table = [[value + other for value in odd] for other in x]
    total = 0.0
    for row in table:
        total += row[0] * row[-1]
    return total


@kernel(lambda: (vector(5),), feature="Lists: made into arrays")
def list_made_into_an_array(x):
    values = [0.0]
    for value in x:
        values.append(values[-1] + value**2)
    steps = np.array(values)
    return (steps[1:] * steps[:-1]).sum()


@kernel(lambda: (vector(5),), feature="Lists: zip, enumerate, reversed")
def list_iterated(x):
    values = [value**2 for value in x]
    others = [value * x[0] for value in x]
    total = 0.0
    for k, (one, other) in enumerate(zip(values, others)):  # noqa: B905
        total += k * one * other
    for k in range(len(values) - 1, -1, -1):
        total = 0.5 * total + values[k]
    return total


@kernel(lambda: (vector(5), 12), feature="Lists: a list grown anew in each iteration")
def list_local_to_a_loop(x, n):
    total = 1.0
    for k in range(n):
        work = [total]
        for value in x[: k % 5]:
            work.append(value * work[-1])
        if k % 3 == 0:
            continue
        total = 0.3 * work[-1] + 0.1 * work[0]
    return total


@kernel(lambda: (vector(5), 20), feature="Typed lists: append in a loop")
def typed_list_appended(x, n):
    values = List()
    values.append(x[0])
    for k in range(n):
        values.append(math.sin(values[k]) * x[k % 5] + 0.5)
    total = 0.0
    for k in range(len(values)):
        total += values[k] * values[len(values) - 1 - k]
    return total


@kernel(lambda: (vector(5),), feature="Typed lists: items written, iteration, insert, pop, del")
def typed_list_changed(x):
    values = List.empty_list(numba.float64)
    for value in x:
        values.append(value * value)
    values[1] = values[0] * values[2]
    values.insert(1, x[0])
    last = values.pop()
    del values[0]
    total = last
    for value in values:
        total = total * value + last
    return total


@kernel(lambda: (vector(5),), feature="Typed lists: extend, slices, sort, reverse, copy")
def typed_list_methods(x):
    values = List([value * value for value in x])
    values.extend(values)
    part = values[1:4]
    part.reverse()
    copy = part.copy()
    copy.sort()
    part[0] = copy[1] * copy[2]
    return part[0] * part[1] + copy[0] * values[7]


@kernel(lambda: (vector(4), 3), feature="Typed lists: of arrays")
def typed_list_of_arrays(x, n):
    levels = List()
    levels.append(x.copy())
    for k in range(n):
        levels.append(levels[k] * x[k])
        levels[k][2] *= levels[k + 1][1]
    total = 0.0
    for level in levels:
        total += level.sum() * level[0]
    return total


@kernel(lambda: (vector(4), 4), feature="Typed lists: of tuples")
def typed_list_of_tuples(x, n):
    points = List()
    points.append((x[0], x[1], 0))
    for k in range(n):
        a, b, count = points[-1]
        points.append((a * b, math.sin(a) + x[k], count + 1))
    total = 0.0
    for a, b, count in points:
        total += a * b * count
    return total


@kernel(lambda: (vector(4), 3), feature="Typed lists: of typed lists")
def typed_list_of_lists(x, n):
    rows = List()
    for k in range(n):
        row = List()
        for j in range(k + 1):
            row.append(x[j] * x[k])
        rows.append(row)
    rows[1][0] = rows[2][1] ** 2
    return rows[1][0] * rows[0][0] + rows[1][1]


@kernel(lambda: (vector(5), np.array([4, 2, 2, 0])), feature="Lists: of integers, as indices")
def list_of_indices(x, chosen):
    order = [i for i in chosen if i > 0]
    order.append(1)
    total = 1.0
    for i in order:
        total = total * x[i] + x[i - 1]
    return total


@kernel(lambda: (vector(4), vector(4) * 0.5), wrt=(0, 1),
        feature="Lists: of arrays, the last taken out and put in front in a loop")
def list_of_arrays_that_goes_round(x, y):
    arrays = [x.copy(), y.copy(), x * y]
    for i in range(x.size):
        last = arrays.pop()
        last[i] = last[i] * arrays[0][i]
        arrays.insert(0, last)
        if i % 3 == 1:
            arrays[0], arrays[1] = arrays[1], arrays[0]
    total = 0.0
    for array in arrays:
        for value in array:
            total += value * value
    return total
