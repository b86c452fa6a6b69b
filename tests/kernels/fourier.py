"""Fourier transforms, as rocket-fft gives them to Numba."""

import functools
import math

import numpy as np
import scipy.fft

from .record import array, vector
from .record import kernel as recorded

kernel = functools.partial(recorded, needs="rocket_fft")


def spectrum(*shape):
    return array(*shape) + 1j * array(*shape, seed=1)


@kernel(lambda: (vector(6),), feature="Fourier transforms: np.fft.rfft, irfft, rfftfreq: a spectral derivative")
def spectral_derivative(x):
    frequencies = np.fft.rfftfreq(x.size, 1.0 / x.size)
    slope = np.fft.irfft(1j * frequencies * np.fft.rfft(x), x.size)
    return np.sum(slope * slope * x)


@kernel(lambda: (spectrum(8), 0.1), feature="Fourier transforms: np.fft.fft, ifft, fftfreq: a split step in a loop")
def split_step(u, h):
    phase = np.exp(-1j * h * (2 * math.pi * np.fft.fftfreq(u.size)) ** 2)
    for _ in range(3):
        u = np.fft.ifft(phase * np.fft.fft(u))
        u = u * np.exp(1j * h * np.abs(u) ** 2)
    return u


@kernel(lambda: (vector(7), vector(4)), feature="Fourier transforms: lengths and norms: a convolution")
def convolution_by_spectra(a, b):
    n = a.size + b.size - 1
    return np.fft.irfft(np.fft.rfft(a, n, norm="ortho") * np.fft.rfft(b, n=n, norm="ortho"), n, norm="ortho")


@kernel(lambda: (array(4, 3),), feature="Fourier transforms: np.fft.fft2, ifft2, fftshift, ifftshift")
def low_pass(image):
    shifted = np.fft.fftshift(np.fft.fft2(image))
    shifted[0, :] = 0.0
    return np.fft.ifft2(np.fft.ifftshift(shifted)).real


@kernel(lambda: (array(3, 4),), feature="Fourier transforms: np.fft.rfft2, irfft2")
def filtered_image(image):
    found = np.fft.rfft2(image)
    return np.fft.irfft2(found * found, (3, 4), axes=(0, 1))


@kernel(lambda: (spectrum(2, 3, 4),), feature="Fourier transforms: np.fft.fftn, ifftn, with lengths and axes")
def transforms_of_some_axes(a):
    return np.fft.ifftn(np.fft.fftn(a, (4, 2), axes=(2, 0)) * a.shape[1], axes=(1,))


@kernel(lambda: (array(2, 3, 4),), feature="Fourier transforms: np.fft.rfftn, irfftn")
def power_of_a_block(a):
    found = np.fft.rfftn(a, norm="forward")
    return np.fft.irfftn(found * np.abs(found), a.shape)


@kernel(lambda: (spectrum(4),), feature="Fourier transforms: np.fft.hfft, ihfft")
def hermitian(a):
    signal = np.fft.hfft(a, 7)
    return np.fft.ihfft(signal * signal)


@kernel(lambda: (array(5, 3, order="F"), array(5, 6)), feature="Fourier transforms: any layout, along the first axis")
def strided_columns(a, b):
    return np.fft.fft(a, axis=0) * np.fft.fft(b[:, ::2], axis=0)


@kernel(
    lambda: (vector(6, dtype=np.float32),), single=True, tolerance=2e-4, feature="Fourier transforms: in single precision"
)
def single_spectrum(x):
    return np.abs(np.fft.rfft(x * x)) ** 2


@kernel(lambda: (vector(5), array(3, 4)), feature="Fourier transforms: scipy.fft.dct, idct, dst, idst and in n dimensions")
def trigonometric(x, a):
    smooth = scipy.fft.idct(scipy.fft.dct(x, norm="ortho") * np.arange(5), norm="ortho")
    rough = scipy.fft.idst(scipy.fft.dst(x, 1) ** 2, 1)
    block = scipy.fft.idstn(scipy.fft.dctn(a, 3) ** 2, 4)
    return smooth * rough * np.sum(block)


@kernel(lambda: (spectrum(3, 4),), feature="Fourier transforms: scipy.fft.fft, ifft, hfft2, ihfft2, fftn, with its options")
def transforms_of_scipy(a):
    real = scipy.fft.hfft2(scipy.fft.ifft(a, overwrite_x=False, workers=1), (3, 5))
    return scipy.fft.fftn(scipy.fft.ihfft2(real * real)) * scipy.fft.fftfreq(3)


@kernel(lambda: (vector(5), array(3, 4)), feature="Fourier transforms: np.roll along axes")
def rolled(x, a):
    return np.roll(x, 2) * np.roll(x, -1)[0], np.roll(a, (1, 2), axis=(0, 1)) * a


@kernel(
    lambda: (vector(3), 3),
    raises=(ValueError, lambda: (vector(3), 0)),
    feature="Fourier transforms: a length that there is not",
)
def transform_of_a_length(x, n):
    return np.abs(np.fft.fft(x * x, n)) ** 2
