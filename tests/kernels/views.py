"""Memory that is seen as numbers of another type: what stays one number, and what is made of parts of the bits of another."""

import numba
import numpy as np

from .record import kernel, refused, vector

PAIR = np.dtype([("first", np.float64), ("second", np.float64)])
HALVES = np.dtype([("first", np.float32), ("second", np.float32)])
MIXED = np.dtype([("x", np.float64), ("w", np.float32), ("more", np.float64, (40,)), ("less", np.float32, (40,))])
UNION = np.dtype({"names": ["number", "half"], "formats": [np.float64, np.float32], "offsets": [0, 4], "itemsize": 8})
OTHER = "memory of float64 that is also used as float32"


@kernel(lambda: (vector(6),), feature="Views: pairs of floats as complex numbers, and back")
def floats_as_complex(x):
    y = x * x
    z = y.view(np.complex128)
    z[1] *= z[0]
    return (z.view(np.float64) * x).sum() * z[2].imag


@kernel(lambda: (vector(6),), feature="Views: floats as records of floats")
def floats_as_records(x):
    y = x * x
    pairs = y.view(PAIR)
    pairs[1].first *= pairs[2].second
    return y[2] * y[3] * pairs[0].first


@kernel(lambda: (vector(4),), feature="Views: floats as integers of their size, and back")
def there_and_back(x):
    y = x * x
    z = y.view(np.int64).view(np.float64)
    z[1] = z[0] * x[2]
    return y.sum() * z[1]


@kernel(lambda: (vector(4),), feature="Views: bytes that hold floats")
def through_bytes(x):
    y = np.frombuffer((x * x).view(np.uint8).copy(), np.float64)
    return y[1] * y[2] * x[0]


@kernel(lambda: (vector(4),), tolerance=1e-6, single=True, feature="Views: parts of a buffer for floats of two types")
def parts_of_a_buffer(x):
    buffer = np.zeros(48, np.uint8)
    wide, narrow = buffer[:32].view(np.float64), buffer[32:].view(np.float32)
    for k in range(4):
        wide[k] = x[k] * x[k]
        narrow[k] = x[k] * x[k - 1]
    return wide[1] * narrow[2] * x[0] + wide[0] * narrow[3]


@kernel(lambda: (vector(4),), feature="Views: parts of the bits that decide only")
def halves_that_decide(x):
    y = x * x
    halves = y.view(np.float32)
    return y[0] * x[1] if halves[1] > 0.0 and y.view(np.int32)[1] > 0 else y[1]


@kernel(lambda: (vector(4),), feature="Views: parts of the bits of constants")
def halves_of_constants(x):
    halves = np.sqrt(np.arange(2, 6)).view(np.float32)
    total = 0.0
    for k in range(4):
        total += x[k] * halves[2 * k + 1]
    return total


@kernel(lambda: (vector(4), 3), feature="Views: numbers overwritten by integers of their size")
def overwritten_by_integers(x, n):
    y = x * x
    y.view(np.int64)[:2] = n
    return y.sum() * x[0]


@kernel(lambda: (vector(3),), tolerance=1e-6, single=True, feature="Views: records with array fields of two types")
def array_fields_of_two_types(x):
    records = np.zeros(3, MIXED)
    for k in range(3):
        records[k].x, records[k].w = x[k] * x[0], x[k]
        for i in range(40):
            records[k].more[i] = x[k] * i
            records[k].less[i] = x[k] * x[k - 1]
    total = 0.0
    for record in records[::2]:
        for i in range(1, 40, 13):
            total += record.more[i] * record.less[i] * record.x * record.w
    return total * (records["x"] * records["w"]).sum()


@refused(lambda: (vector(4),), says=OTHER, feature="Views: part of the bits of a float as a float")
def half_of_a_number(x):
    y = np.empty(4)
    y[0] = x[1] * x[0]
    return y.view(np.float32)[1] * 1.0


@refused(lambda: (vector(4),), says=OTHER, feature="Views: part of the bits of an argument as a float")
def half_of_an_argument(x):
    total = 0.0
    for half in x.view(np.float32):
        total += half
    return total


@refused(lambda: (vector(4, dtype=np.float32),), says="memory of float32 that is also used as float64",
         feature="Views: two floats as one of twice the size")  # fmt: skip
def two_as_one(x):
    y = x * x
    return y.view(np.float64)[1]


@refused(lambda: (vector(4),), says=OTHER, feature="Views: part of the bits of complex numbers as one")
def half_of_a_complex_number(x):
    z = x * 1j
    return z.view(np.complex64)[3].real * 1.0


@refused(lambda: (vector(4), 2), says=OTHER, feature="Views: memory used again by another type")
def used_again(x, n):
    y = x * x
    total = y[0] * y[n]
    halves = y.view(np.float32)
    for k in range(8):
        halves[k] = n
    return total + halves[n]


@refused(lambda: (vector(4),), says=OTHER, feature="Views: the bits of a float copied as those of floats")
def copied_by_halves(x):
    y = np.empty(8, np.float32)
    y[:] = (x * x).view(np.float32)
    return y.view(np.float64)[1]


@refused(lambda: (vector(4),), says=OTHER, feature="Views: a buffer of floats as floats of another type")
def buffer_of_floats(x):
    return np.frombuffer(x * x, np.float32)[1] * 1.0


@refused(lambda: (vector(4), 4), says="from the middle of a number on", feature="Views: floats that begin within floats")
def begins_within(x, n):
    y = x * x
    return y.view(np.uint8)[n:n + 8].view(np.float64)[0]


@refused(lambda: (vector(4),), says="from the middle of a number on", feature="Views: floats that begin within a float")
def begins_within_by_halves(x):
    y = x * x
    return y.view(np.float32)[1:7].view(np.float64)[0]


@refused(lambda: (vector(4), 3), says="memory of float64 that is also used as int32",
         feature="Views: a part of the bits overwritten")  # fmt: skip
def overwritten_in_part(x, n):
    y = x * x
    y.view(np.int32)[0] = n
    return y[0] * y[1]


@refused(lambda: (vector(4),), says=OTHER, feature="Views: fields that share bytes")
def fields_that_share_bytes(x):
    records = np.zeros(4, UNION)
    total = 0.0
    for k in range(4):
        records[k].number = x[k] * x[k]
    for record in records:
        total += record.half
    return total


@numba.njit
def second_of(halves, depth):
    if depth == 0:
        return halves[1] * 1.0
    return second_of(halves, depth - 1) * halves[1]


@refused(lambda: (vector(4),), says=OTHER, feature="Views: given to a function that is not inlined")
def given_to_recursion(x):
    return second_of((x * x).view(np.float32), 3)


@refused(lambda: (vector(4),), says=OTHER, feature="Views: given to a function with a rule of its own")
def given_to_a_rule(x):
    halves = (x * x).view(np.float32)
    return np.dot(halves, halves) * 1.0


@refused(lambda: (vector(4, dtype=np.float32),), says="memory of float32 that is also used as float64",
         feature="Views: of what a function with a rule of its own gives")  # fmt: skip
def given_by_a_rule(x):
    a = x.reshape(2, 2)
    return (a @ a).view(np.float64)[0, 0]


@refused(lambda: (vector(8),), says=OTHER, feature="Views: read in parallel", parallel=True)
def read_in_parallel(x):
    halves = (x * x).view(np.float32)
    total = 0.0
    for k in numba.prange(16):
        total += halves[k]
    return total


@refused(lambda: (vector(4),), says=OTHER, feature="Views: of what is returned")
def given_back(x):
    y = x * x
    return y.view(np.float32)


@refused(lambda: (vector(4),), says=OTHER, feature="Views: of what is returned, to write into it")
def written_by_halves(x):
    y = np.zeros(4)
    halves = y.view(np.float32)
    for k in range(4):
        halves[2 * k + 1] = x[k]
    return y


@refused(lambda: (vector(4),), says=OTHER, feature="Views: of an argument, returned")
def argument_given_back(x):
    return x.view(np.float32)


@refused(lambda: (np.ones(3, HALVES),), says="memory of float32 that is also used as float64",
         feature="Views: two fields of an argument as one float")  # fmt: skip
def two_fields_as_one(records):
    return records.view(np.float64)[1]


@kernel(lambda: (vector(3),), tolerance=1e-6, single=True, feature="Views: fields of records as an array")
def fields_as_an_array(x):
    records = np.zeros(3, HALVES)
    for k in range(3):
        records[k].first, records[k].second = x[k], x[k] * x[k - 1]
    numbers = records.view(np.float32)
    numbers[1] *= numbers[4]
    return np.float64(numbers[2] * records[0].second) * records[2].first
