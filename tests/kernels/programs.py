"""Programs as the literature has them: flow, transport, particles, orbits, rays; each with its loops, switches and exits."""

import math

import numpy as np
from numba import njit

from .record import array, kernel, vector


@njit
def euler_flux(state, gamma):
    density, momentum, energy = state
    velocity = momentum / density
    pressure = (gamma - 1.0) * (energy - 0.5 * momentum * velocity)
    return (momentum, momentum * velocity + pressure, velocity * (energy + pressure)), velocity, pressure


@njit
def star_state(state, velocity, speed, contact, pressure):
    density = state[0] * (speed - velocity) / (speed - contact)
    inner = state[2] / state[0] + (contact - velocity) * (contact + pressure / (state[0] * (speed - velocity)))
    return density, density * contact, density * inner


@njit
def hllc(left, right, gamma):
    flux_left, u_left, p_left = euler_flux(left, gamma)
    flux_right, u_right, p_right = euler_flux(right, gamma)
    c_left, c_right = math.sqrt(gamma * p_left / left[0]), math.sqrt(gamma * p_right / right[0])
    s_left, s_right = min(u_left - c_left, u_right - c_right), max(u_left + c_left, u_right + c_right)
    if s_left >= 0.0:
        return flux_left
    if s_right <= 0.0:
        return flux_right
    m_left, m_right = left[0] * (s_left - u_left), right[0] * (s_right - u_right)
    contact = (p_right - p_left + m_left * u_left - m_right * u_right) / (m_left - m_right)
    if contact >= 0.0:
        return behind_wave(flux_left, star_state(left, u_left, s_left, contact, p_left), left, s_left)
    return behind_wave(flux_right, star_state(right, u_right, s_right, contact, p_right), right, s_right)


@njit
def behind_wave(flux, star, state, speed):
    return (flux[0] + speed * (star[0] - state[0]), flux[1] + speed * (star[1] - state[1]),
            flux[2] + speed * (star[2] - state[2]))


@kernel(lambda: (vector(8), np.array([0.3, -0.2, 0.6, 3.5, 3.9, -3.1, -4.4, 0.3]), 1.4),
        feature="Programs: Riemann solver (HLLC)")
def shock_tube(density, velocity, gamma):
    """Every arm of the solver is taken at one of the interfaces."""
    total = 0.0
    for i in range(density.size - 1):
        j = i + 1
        left = (density[i], density[i] * velocity[i], 2.0 + 0.5 * density[i] * velocity[i] ** 2)
        right = (density[j], density[j] * velocity[j], 1.5 + 0.5 * density[j] * velocity[j] ** 2)
        mass, momentum, energy = hllc(left, right, gamma)
        total += (i + 1.0) * mass + momentum * energy
    return total


@njit
def limited(a, b):
    if a * b <= 0.0:
        return 0.0
    return a if abs(a) < abs(b) else b


@kernel(lambda: (np.array([0.3, 0.5, 1.2, 1.0, 0.4, 0.45, 0.9, 0.8]), 0.3, 5),
        feature="Programs: finite volumes (MUSCL with a limiter)")
def muscl(u, courant, steps):
    n = u.size
    slope, flux = np.empty(n), np.empty(n)
    now = u.copy()
    for _ in range(steps):
        for i in range(n):
            slope[i] = limited(now[i] - now[i - 1], now[(i + 1) % n] - now[i])
        for i in range(n):
            flux[i] = courant * (now[i] + 0.5 * (1.0 - courant) * slope[i]) * now[i]
        for i in range(n):
            now[i] -= flux[i] - flux[i - 1]
    return np.sum(now * now * now)


@kernel(lambda: (array(7, 8), 1.1, 3), writes=(0,), feature="Programs: relaxation (red and black)")
def red_black(u, omega, sweeps):
    for sweep in range(2 * sweeps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1 + (i + sweep) % 2, u.shape[1] - 1, 2):
                u[i, j] += omega * (0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) - u[i, j])
    return np.sum(u[2] * u[3])


@njit
def smooth(u, f, sweeps):
    h = 1.0 / (u.size - 1)
    for _ in range(sweeps):
        for i in range(1, u.size - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] + h * h * f[i] * (1.0 + u[i]))


@njit
def v_cycle(u, f):
    smooth(u, f, 2)
    if u.size > 3:
        h = 1.0 / (u.size - 1)
        coarse = np.zeros(u.size // 2 + 1)
        for i in range(1, coarse.size - 1):
            k = 2 * i
            coarse[i] = f[k] + (u[k - 1] - 2.0 * u[k] + u[k + 1]) / (h * h)
        correction = np.zeros(coarse.size)
        v_cycle(correction, coarse)
        for i in range(u.size - 1):
            u[i] += correction[i // 2] if i % 2 == 0 else 0.5 * (correction[i // 2] + correction[i // 2 + 1])
        smooth(u, f, 1)
    return 0


@kernel(lambda: (vector(9),), feature="Programs: multigrid")
def multigrid(f):
    u = np.zeros(f.size)
    for _ in range(2):
        v_cycle(u, f)
    return np.sum(u * u * f)


@kernel(lambda: (array(4, 5, 9, seed=3), 0.8, 3), feature="Programs: lattice Boltzmann")
def lattice_boltzmann(start, omega, steps):
    cx, cy = (0, 1, 0, -1, 0, 1, -1, -1, 1), (0, 0, 1, 0, -1, 1, 1, -1, -1)
    now, after = start.copy(), np.empty(start.shape)
    for _ in range(steps):
        for i in range(now.shape[0]):
            for j in range(now.shape[1]):
                rho = ux = uy = 0.0
                for k in range(9):
                    rho += now[i, j, k]
                    ux += now[i, j, k] * cx[k]
                    uy += now[i, j, k] * cy[k]
                ux, uy = ux / rho, uy / rho
                for k in range(9):
                    w = 4.0 / 9.0 if k == 0 else 1.0 / 9.0 if k < 5 else 1.0 / 36.0
                    cu = 3.0 * (cx[k] * ux + cy[k] * uy)
                    equilibrium = w * rho * (1.0 + cu + 0.5 * cu * cu - 1.5 * (ux * ux + uy * uy))
                    x, y = (i + cx[k]) % now.shape[0], (j + cy[k]) % now.shape[1]
                    after[x, y, k] = now[i, j, k] + omega * (equilibrium - now[i, j, k])
        now, after = after, now
    return np.sum(now[1, 2] ** 2) + now[0, 0, 3]


@kernel(lambda: (vector(12), vector(12, 1), np.array([0.1, -0.3, 0.2]), 0.2), feature="Programs: particle push (Boris)")
def boris(position, velocity, field, dt):
    x, v = position.reshape(-1, 3).copy(), velocity.reshape(-1, 3).copy()
    for _ in range(4):
        for p in range(x.shape[0]):
            minus = v[p] + 0.5 * dt * np.sin(x[p])
            t = 0.5 * dt * field * (1.0 + x[p, 0])
            prime = minus + np.cross(minus, t)
            s = 2.0 * t / (1.0 + np.sum(t * t))
            v[p] = minus + np.cross(prime, s) + 0.5 * dt * np.sin(x[p])
            x[p] += dt * v[p]
    return np.sum(x * v)


@kernel(lambda: (np.array([0.31, 2.42, 5.73, 7.9, 1.25]), vector(5), 8), feature="Programs: cloud in cell")
def cloud_in_cell(position, weight, cells):
    """Particles are counted into cells, and gather the field of what they deposited."""
    charge = np.zeros(cells)
    for p, x in enumerate(position):
        i, part = int(x), x - int(x)
        charge[i] += weight[p] * (1.0 - part)
        charge[(i + 1) % cells] += weight[p] * part
    field = np.cumsum(charge - charge.mean())
    force = 0.0
    for p, x in enumerate(position):
        i, part = int(x), x - int(x)
        force += weight[p] * (field[i] * (1.0 - part) + field[(i + 1) % cells] * part) ** 2
    return force


@njit
def eccentric(mean, e):
    guess = mean if e < 0.8 else math.pi
    for _ in range(50):
        step = (guess - e * math.sin(guess) - mean) / (1.0 - e * math.cos(guess))
        guess -= step
        if abs(step) < 1e-15:
            break
    return guess


@kernel(lambda: (0.3, 1.2, 0.7, 6), feature="Programs: Kepler's equation")
def orbit(ε, a, λ, n):
    """Names of other letters than ASCII's are names too."""
    total = 0.0
    for k in range(n):
        anomaly = eccentric(λ + 0.4 * k, ε)
        x, y = a * (math.cos(anomaly) - ε), a * math.sqrt(1.0 - ε * ε) * math.sin(anomaly)
        total += math.hypot(x, y) * math.atan2(y, x)
    return total


@njit
def stumpff(z):
    if z > 1e-6:
        return (1.0 - math.cos(math.sqrt(z))) / z, (math.sqrt(z) - math.sin(math.sqrt(z))) / math.sqrt(z) ** 3
    if z < -1e-6:
        return (math.cosh(math.sqrt(-z)) - 1.0) / -z, (math.sinh(math.sqrt(-z)) - math.sqrt(-z)) / math.sqrt(-z) ** 3
    return 0.5, 1.0 / 6.0


@kernel(lambda: (np.array([1.0, 0.1, 0.0]), np.array([-0.2, 1.3, 0.1]), 1.6), tolerance=1e-8,
        feature="Programs: Lambert's problem")
def lambert(start, end, duration):
    """The secant rule on the universal variable, until it moves no more."""
    r1, r2 = np.sqrt(np.sum(start * start)), np.sqrt(np.sum(end * end))
    cosine = np.sum(start * end) / (r1 * r2)
    a = math.sqrt(r1 * r2 * (1.0 + cosine))
    z, before, miss_before = 0.5, 0.1, 0.0
    for k in range(60):
        c, s = stumpff(before if k == 0 else z)
        y = r1 + r2 + a * ((before if k == 0 else z) * s - 1.0) / math.sqrt(c)
        miss = (y / c) ** 1.5 * s + a * math.sqrt(y) - duration
        if k > 0:
            if abs(miss) < 1e-14 or miss == miss_before:
                break
            z, before = z - miss * (z - before) / (miss - miss_before), z
        miss_before = miss
    c, s = stumpff(z)
    y = r1 + r2 + a * (z * s - 1.0) / math.sqrt(c)
    return np.sum((end - (1.0 - y / r1) * start) ** 2) / (a * a * y)


@njit
def slope(y, stiffness):
    return np.array([y[1], -stiffness * y[0] - 0.1 * y[1] ** 3])


@kernel(lambda: (vector(2), 1.7, 0.9), tolerance=1e-8, feature="Programs: Runge-Kutta with step control")
def controlled_steps(start, stiffness, end):
    """Steps that fail are tried again; how many there are is not known beforehand."""
    y, t, h = start.copy(), 0.0, 0.4
    while t < end:
        h = min(h, end - t)
        k1 = slope(y, stiffness)
        k2 = slope(y + 0.5 * h * k1, stiffness)
        k3 = slope(y + 0.75 * h * k2, stiffness)
        after = y + h * (2.0 * k1 + 3.0 * k2 + 4.0 * k3) / 9.0
        error = np.abs(h * (-5.0 * k1 / 72.0 + k2 / 12.0 + k3 / 9.0 - slope(after, stiffness) / 8.0)).max()
        if error > 1e-3:
            h *= 0.5
            continue
        y, t = after, t + h
        if error < 1e-5:
            h *= 2.0
    return np.sum(y * y)


@kernel(lambda: (3.1, 2.4, 0.8), feature="Programs: trajectory with an event")
def thrown(vx, vy, bounce):
    """The ball is followed to the third bounce, whose moment is found inside the step."""
    x, y, bounces, step = 0.0, 0.5, 0, 0.05
    while True:
        next_y = y + step * vy - 0.5 * 9.81 * step * step
        if next_y < 0.0:
            moment = (vy + math.sqrt(vy * vy + 2.0 * 9.81 * y)) / 9.81
            x += vx * moment
            vy = bounce * (9.81 * moment - vy)
            y, bounces = 0.0, bounces + 1
            if bounces == 3:
                return x * x
            continue
        x, y, vy = x + vx * step * (1.0 - 0.01 * vx), next_y, vy - 9.81 * step


@njit
def nearest(origin, direction, spheres):
    best, found = np.inf, -1
    for k in range(spheres.shape[0]):
        centre = origin - spheres[k, :3]
        b = np.sum(direction * centre)
        under = b * b - np.sum(centre * centre) + spheres[k, 3] ** 2
        if under > 0.0:
            distance = -b - math.sqrt(under)
            if 1e-6 < distance < best:
                best, found = distance, k
    return best, found


@kernel(lambda: (np.array([[0.1, 0.2, 5.0, 1.1], [-0.4, -2.4, 3.0, 0.8], [0.3, 9.0, 2.0, 6.0]]),
                 np.array([0.05, 0.1, 1.0])), feature="Programs: ray tracer")
def traced(spheres, direction):
    """A ray is reflected until it meets nothing."""
    origin, ray, light = np.zeros(3), direction / np.sqrt(np.sum(direction ** 2)), 0.0
    for bounce in range(5):
        distance, hit = nearest(origin, ray, spheres)
        if hit < 0:
            return light + ray[1] * ray[2]
        origin = origin + distance * ray
        normal = (origin - spheres[hit, :3]) / spheres[hit, 3]
        ray = ray - 2.0 * np.sum(ray * normal) * normal
        light += distance * (bounce + 1.0) * max(normal[2], -2.0)
    return light


@kernel(lambda: (vector(4), vector(3, 1), 0.1, 12), feature="Programs: rotation of a body (quaternions)")
def tumbling(attitude, spin, dt, steps):
    q, w, inertia = attitude.copy(), spin.copy(), (1.0, 2.0, 3.5)
    for _ in range(steps):
        a, b, c, d = q
        q[0] += -0.5 * dt * (b * w[0] + c * w[1] + d * w[2])
        q[1] += 0.5 * dt * (a * w[0] + c * w[2] - d * w[1])
        q[2] += 0.5 * dt * (a * w[1] - b * w[2] + d * w[0])
        q[3] += 0.5 * dt * (a * w[2] + b * w[1] - c * w[0])
        q /= np.sqrt(np.sum(q * q))
        x, y, z = w[0], w[1], w[2]
        w[0] += dt * (inertia[1] - inertia[2]) / inertia[0] * y * z
        w[1] += dt * (inertia[2] - inertia[0]) / inertia[1] * z * x
        w[2] += dt * (inertia[0] - inertia[1]) / inertia[2] * x * y
    return q[0] * q[1] + q[2] * w[1] - q[3] * w[2]


@njit
def grown(points):
    """A quadtree: children of a node behind one another, leaves hold one point."""
    child = np.full((8 * points.shape[0] + 8, 4), -1)
    held = np.full(child.shape[0], -1)
    box = np.zeros((child.shape[0], 3))
    box[0, 2], used = 2.0, 1
    for p in range(points.shape[0]):
        node, moving = 0, p
        while True:
            if child[node, 0] < 0 and held[node] < 0:
                held[node] = moving
                break
            if child[node, 0] < 0:
                half = 0.5 * box[node, 2]
                for k in range(4):
                    child[node, k] = used
                    box[used] = (box[node, 0] + half * (k % 2), box[node, 1] + half * (k // 2), half)
                    used += 1
                other = held[node]
                held[node] = -1
                held[child[node, quadrant(box[node], points[other])]] = other
            node = child[node, quadrant(box[node], points[moving])]
    return child, held, box, used


@njit
def quadrant(box, point):
    half = 0.5 * box[2]
    return int(point[0] > box[0] + half) + 2 * int(point[1] > box[1] + half)


@kernel(lambda: (array(9, 2), vector(9, 1)), feature="Programs: tree code (Barnes and Hut)")
def barnes_hut(points, mass):
    child, held, box, used = grown(points)
    centre = np.zeros((used, 3))
    for node in range(used - 1, -1, -1):
        if held[node] >= 0:
            centre[node, :2], centre[node, 2] = points[held[node]], mass[held[node]]
        elif child[node, 0] >= 0:
            for k in child[node]:
                centre[node, 2] += centre[k, 2]
                centre[node, :2] += centre[k, 2] * centre[k, :2]
            centre[node, :2] /= centre[node, 2]
    energy, stack = 0.0, np.empty(64, np.int64)
    for p in range(points.shape[0]):
        stack[0], top = 0, 1
        while top > 0:
            top -= 1
            node = stack[top]
            if centre[node, 2] == 0.0 or held[node] == p:
                continue
            distance = np.sqrt(np.sum((centre[node, :2] - points[p]) ** 2) + 0.01)
            if held[node] >= 0 or box[node, 2] < 0.5 * distance:
                energy -= mass[p] * centre[node, 2] / distance
            else:
                for k in child[node]:
                    stack[top] = k
                    top += 1
    return energy


@kernel(lambda: (array(5, 6, seed=2), 2), feature="Programs: eikonal equation (fast sweeping)")
def first_arrival(slowness, rounds):
    rows, columns = slowness.shape
    time = np.full((rows, columns), 1e3)
    time[1, 2] = 0.0
    for sweep in range(4 * rounds):
        for a in range(rows):
            for b in range(columns):
                i, j = a if sweep % 2 == 0 else rows - 1 - a, b if sweep % 4 < 2 else columns - 1 - b
                u = min(time[i - 1, j] if i > 0 else 1e3, time[i + 1, j] if i < rows - 1 else 1e3)
                v = min(time[i, j - 1] if j > 0 else 1e3, time[i, j + 1] if j < columns - 1 else 1e3)
                s = slowness[i, j]
                new = min(u, v) + s if abs(u - v) >= s else 0.5 * (u + v + math.sqrt(2.0 * s * s - (u - v) ** 2))
                if new < time[i, j]:
                    time[i, j] = new
    return time[4, 5] + 0.5 * time[0, 0] + time[3, 1] ** 2
