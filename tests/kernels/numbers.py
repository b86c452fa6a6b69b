"""Numbers of every kind: complex values and parts, single precision, casts, booleans as factors."""

import cmath
import math

import numpy as np

from .record import kernel, refused, vector


@kernel(lambda: (0.7, 0.4, 1.3, 0.2), feature="Complex numbers: arithmetic")
def complex_arithmetic(a, b, c, d):
    z, w = complex(a, b), complex(c, d)
    r = z * w + z / w - w.conjugate() * z + 2.0 / z - z * 1.5j
    return r.real, r.imag, abs(r)


@kernel(lambda: (0.7, 0.4, 6), feature="Complex numbers: state of a loop left early")
def complex_iteration(a, b, n):
    z, c = 0j, complex(a, b)
    for _ in range(n):
        z = z * z + 0.3 * c
        if abs(z) > 2.0:
            break
    return z.real * z.imag + abs(z) ** 2


@kernel(lambda: (vector(4), vector(4, 1)), feature="Complex numbers: .real and .imag read and set")
def complex_parts_set(x, y):
    z = np.zeros(4, np.complex128)
    z.real[:] = x * y
    z.imag[1:] = x[:3]
    z[0] = z[1] * z[2]
    z.real[3] *= z.imag[2]
    return np.sum(z.real * z.imag) + abs(z[0])


@kernel(lambda: (vector(4), vector(4, 1)), feature="Complex numbers: angle, abs, conj, exp, sqrt of arrays")
def complex_ufuncs(x, y):
    z = x + 1j * y
    return np.angle(z), np.abs(np.sqrt(z)), np.conj(np.exp(z)).imag


@kernel(lambda: (vector(8), vector(8, 1)), feature="Complex numbers: a Fourier transform by hand")
def fourier_by_hand(x, y):
    z = x + 1j * y
    n = z.size
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            z[i], z[j] = z[j], z[i]
    length = 2
    while length <= n:
        turn = cmath.exp(-2j * math.pi / length)
        for i in range(0, n, length):
            w = 1.0 + 0j
            for k in range(length // 2):
                u, v = z[i + k], z[i + k + length // 2] * w
                z[i + k], z[i + k + length // 2] = u + v, u - v
                w *= turn
        length *= 2
    return np.abs(z)


@kernel(lambda: (vector(4), vector(4, 1)), feature="Complex numbers: in matrices and loops")
def complex_matrix(x, y):
    a = np.zeros((2, 2), np.complex128)
    for i in range(2):
        for j in range(2):
            a[i, j] = complex(x[2 * i + j], y[i + j])
    b = np.zeros((2, 2), np.complex128)
    for i in range(2):
        for j in range(2):
            for k in range(2):
                b[i, j] += a[i, k] * np.conj(a[j, k])
    return (b[0, 0] * b[1, 1] - b[0, 1] * b[1, 0]).real


@kernel(lambda: (vector(4, dtype=np.float32), vector(4, 1, dtype=np.float32)), single=True,
        feature="Complex numbers: complex64")  # fmt: skip
def complex_single(x, y):
    z = (x + np.complex64(1j) * y).astype(np.complex64)
    total = np.complex64(0)
    for value in z:
        total += value * value / (value + np.complex64(2.0))
    return np.float32(total.real * total.imag)


@kernel(lambda: (0.7, 0.4), feature="Complex numbers: compared by parts")
def complex_compared(a, b):
    z = complex(a, b)
    w = z * z
    if w.real > 0.2 and w.imag != 0.0 and w != z:
        z = z * w
    return z.real + cmath.phase(z) * z.imag


@kernel(lambda: (0.7, 0.4), feature="Complex numbers: a complex result")
def complex_result(a, b):
    return complex(a * b, a) * complex(b, -a)


@kernel(lambda: (vector(4), 0.9), feature="Numbers: booleans as factors")
def boolean_factors(x, bound):
    total = 0.0
    for value in x:
        total += (value > bound) * value * value + (value <= bound) * math.sin(value)
    return total


@kernel(lambda: (vector(4),), feature="Numbers: masks as factors")
def mask_factors(x):
    mask = x > 0.9
    return (x * x * mask + x * ~mask).sum() * np.sum(x[mask])


@kernel(lambda: (np.float32(1.3), 0.7, 3), single=True, feature="Numbers: mixed precision in a loop")
def mixed_scalars(a, b, n):
    total = 1.0
    for _ in range(n):
        a = np.float32(a * b)
        total = total * a + np.float64(a) ** 2
    return total


@kernel(lambda: (vector(4), 2), feature="Numbers: casts to integers carry nothing")
def through_integers(x, n):
    total = 0.0
    for value in x:
        bucket = int(value * 10.0)
        total += value * bucket + float(n) * round(value * 3.0)
    return total


@kernel(lambda: (vector(4),), feature="Numbers: arrays cast by astype")
def cast_arrays(x):
    y = x.astype(np.float32).astype(np.float64)
    index = (x * 4.0).astype(np.int64) % 4
    return (x * x).sum() + 0.0 * y[0] + x[index[0]] * x[index[1]]


@refused(lambda: (vector(4),), says="cannot differentiate", feature="Numbers: bits of floats seen as integers and back")
def bits_of_floats(x):
    y = x * 2.0
    bits = y.view(np.int64)
    for k in range(bits.size):
        bits[k] = bits[k] - (1 << 52)
    return y.sum()


@kernel(lambda: (vector(4),), feature="Numbers: bits of floats that decide only")
def bits_that_decide(x):
    y = x * 2.0
    bits = y.view(np.int64)
    total = 0.0
    for k in range(4):
        if bits[k] >> 52 & 1:
            total += y[k] * x[0]
        else:
            total += y[k] ** 2
    return total


@kernel(lambda: (np.array(1.3), vector(3)), feature="Numbers: arrays without axes")
def zero_dimensional(a, x):
    return a[()] * x[0] * a.item() + a.sum()


@kernel(lambda: (np.zeros(0), 1.3), feature="Numbers: arrays without elements")
def empty_array(x, s):
    total = s
    for value in x:
        total *= value
    return total * s + x.sum()
