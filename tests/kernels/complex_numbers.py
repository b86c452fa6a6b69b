"""Complex arithmetic, whose numbers are pairs of floats side by side."""

import cmath

import numpy as np

from .record import kernel, vector


@kernel(lambda: (0.7, 0.4, 1.3, 0.2))
def complex_power(a, b, c, d):
    power = complex(a, b) ** complex(c, d)
    return power.real, power.imag


@kernel(lambda: (0.7, 0.4))
def complex_power_with_real_exponents(a, b):
    z = complex(a, b)
    power = z**2 + z**4.0 + z**-1.5 + z**1
    return power.real, power.imag


@kernel(lambda: (0.7, 0.4, 1.3, 0.0))
def complex_power_whose_exponent_happens_to_be_real(a, b, c, d):
    power = complex(a, b) ** complex(c, d)
    return power.real + 0.3 * power.imag


@kernel(lambda: (np.float32(0.7), np.float32(0.4)), single=True)
def complex_power_in_single_precision(a, b):
    power = np.complex64(complex(a, b)) ** np.complex64(1.5 + 0.5j)
    return power.real + power.imag


@kernel(lambda: (vector(6), vector(6, 1)))
def complex_array(re, im):
    z = re + 1j * im
    w = np.exp(z) / (z * np.conj(z) + 1.0) + np.sqrt(z)
    return w.real, w.imag, np.abs(w).sum()


@kernel(lambda: (0.7, 0.4))
def complex_functions(a, b):
    z = cmath.log(complex(a, b)) + cmath.tanh(complex(b, a)) - cmath.rect(a, b)
    return abs(z) + cmath.phase(z)
