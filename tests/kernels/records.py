"""Records and structured arrays: float fields beside integer ones, nested records, array fields."""

import numba
import numpy as np

from .record import kernel, vector

POINT = np.dtype([("x", np.float64), ("id", np.int64), ("w", np.float32)], align=True)
BODY = np.dtype([("mass", np.float64), ("position", np.float64, (3,)), ("kind", np.int32)], align=True)
OUTER = np.dtype([("centre", POINT), ("radius", np.float64)], align=True)


@kernel(lambda: (vector(4),), feature="Records: array of records, local")
def local_records(x):
    points = np.zeros(4, POINT)
    for k in range(4):
        points[k].x = x[k] * x[k - 1]
        points[k].id = 3 - k
    total = 0.0
    for point in points:
        total += point.x * points[point.id].x
    return total


@kernel(lambda: (vector(4),), feature="Records: one field of all records")
def field_of_all(x):
    points = np.zeros(4, POINT)
    points["x"][:] = x * x
    points["x"][1] *= x[0]
    return (points["x"] * x).sum() * points[1]["x"]


@kernel(lambda: (vector(6),), feature="Records: array fields")
def array_fields(x):
    bodies = np.zeros(2, BODY)
    for k in range(2):
        bodies[k].mass = x[k]
        for i in range(3):
            bodies[k].position[i] = x[k] * x[i + 1]
    bodies[0].position[1] *= bodies[1].position[2]
    total = 0.0
    for body in bodies:
        total += body.mass * body.position[0] * body.position[1]
    return total


@kernel(lambda: (vector(3),), feature="Records: records in records")
def nested_records(x):
    spheres = np.zeros(2, OUTER)
    spheres[0].centre.x = x[0] * x[1]
    spheres[1].radius = spheres[0].centre.x * x[2]
    spheres[1].centre.x = spheres[1].radius ** 2
    return spheres[1].centre.x * spheres[0].centre.x


@kernel(lambda: (vector(4),), feature="Records: copied as a whole")
def records_copied(x):
    points = np.zeros(4, POINT)
    for k in range(4):
        points[k].x = x[k]
        points[k].id = k
    points[1] = points[0]
    points[0].x *= x[2]
    other = points.copy()
    other[2].x = points[0].x * points[1].x
    return other[2].x * other[1].x * points[2].x


@kernel(lambda: (vector(4),), tolerance=1e-6, single=True, feature="Records: copied with fields of two precisions")
def records_of_two_precisions_copied(x):
    points = np.zeros(4, POINT)
    for k in range(4):
        points[k].x = x[k]
        points[k].w = x[k] * x[k - 1]
        points[k].id = k
    points[1] = points[0]
    points[0].w *= x[2]
    other = points.copy()
    other[2].x = points[0].w * points[1].w
    other[3] = other[2]
    backwards = other[::-1].copy()
    return other[3].x * other[1].w * points[2].x * backwards[3].w


@numba.njit
def pushed(point, by):
    point.x += by * point.x
    return point.x * 2.0


@kernel(lambda: (vector(4),), feature="Records: given to a callee that writes")
def records_given(x):
    points = np.zeros(4, POINT)
    total = 0.0
    for k in range(4):
        points[k].x = x[k]
        total += pushed(points[k], x[k - 1])
    return total * points[2].x
