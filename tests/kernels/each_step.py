"""Programs that make an array in each step: it is another one than all that were there before, unless it is not."""

import math

import numpy as np

from .record import array, kernel, vector


@kernel(lambda: (vector(5), 4), feature="Programs: an array for each step")
def array_for_each_step(start, steps):
    state = start.copy()
    for _ in range(steps):
        following = np.empty_like(state)
        for j in range(state.size):
            following[j] = state[j] * (1.3 - state[j]) + 0.2 * state[j - 1] ** 2
        state = following
    return state.sum()


@kernel(lambda: (vector(5), 5), feature="Programs: states before the last one, an array each")
def leapfrog(start, steps):
    before, now = start, np.sin(start)
    for _ in range(steps):
        after = np.empty_like(now)
        for j in range(now.size):
            after[j] = before[j] * now[j] + 0.3 * math.cos(now[j - 1] * before[j - 1])
        before, now = now, after
    return (before * now).sum()


@kernel(lambda: (vector(4), array(4, 4), 4), feature="Programs: a product of matrix and state in each step")
def power_iteration(start, matrix, steps):
    x = start
    for _ in range(steps):
        y = matrix @ x
        x = y / math.sqrt((y * y).sum())
    return (x * x * x).sum()


@kernel(lambda: (vector(5), 4), feature="Programs: array expressions in each step")
def expressions(x, steps):
    velocity = np.zeros_like(x)
    for _ in range(steps):
        force = -np.sin(x) * (1.0 + x * x)
        velocity = velocity + 0.1 * force
        x = x + 0.1 * velocity
    return (x * velocity).sum()


@kernel(lambda: (vector(5), 4))
def written_again_in_the_same_step(start, steps):
    """What is read of the step's own array is overwritten in the same step."""
    state = start.copy()
    for _ in range(steps):
        following = state * 0.9
        total = 0.0
        for j in range(state.size):
            total += following[j] ** 2 * state[j]
        for j in range(state.size):
            following[j] = math.sin(total) * state[j] + 0.2
        state = following
    return state.sum()


@kernel(lambda: (vector(5), 3))
def over_and_over_in_each_step(start, steps):
    """An array is younger than what was there before the step, not than what the step has read of it."""
    total = 0.0
    for _ in range(steps):
        own = np.empty(start.size)
        for sweep in range(3):
            for j in range(start.size):
                own[j] = math.cos(start[j] * (sweep + 1.0) + 0.1 * total)
            for j in range(start.size):
                total += own[j] ** 2
    return total


@kernel(lambda: (vector(5), 4))
def written_a_step_later(start, steps):
    """The array of the step before is written once more, when the next one is there."""
    state = start.copy()
    for _ in range(steps):
        following = 0.2 * state * state
        for j in range(state.size):
            state[j] = 0.5 * following[j] * state[j]
        following[0] = state[1] * state[0]
        state = following + state
    return state.sum()


@kernel(lambda: (vector(6), 4))
def best_so_far(start, steps):
    """Which step's array is written depends on the numbers."""
    best, state = start.copy(), start.copy()
    for t in range(steps):
        trial = np.empty_like(state)
        for j in range(state.size):
            trial[j] = math.sin(state[j] * (1.0 + t)) * best[j]
        if trial[0] > 0.2:
            best = trial
        for j in range(state.size):
            state[j] = trial[j] * best[j] + 0.1
            best[j] = best[j] * state[j]
    return (best * state).sum()


@kernel(lambda: (vector(4), 4))
def kept_in_a_list(start, steps):
    """Arrays of steps before come out of a list, and are written there."""
    states = [start.copy()]
    for t in range(steps):
        following = np.empty_like(start)
        for j in range(start.size):
            following[j] = states[t // 2][j] * states[t][j] + 0.3
        states.append(following)
        states[t // 2][0] *= following[1]
    return states[1].sum() + states[-1].sum()


@kernel(lambda: (vector(4), 3, 3))
def loops_within_steps(start, steps, sweeps):
    """A step makes an array for each sweep, and goes on with the last one."""
    state = start
    for _ in range(steps):
        here = state
        for _ in range(sweeps):
            smooth = np.empty_like(here)
            for j in range(here.size):
                smooth[j] = 0.5 * here[j] * here[j - 1] + 0.3 * state[j]
            here = smooth
        state = here * state
    return state.sum()


@kernel(lambda: (vector(6), 5))
def growing(start, steps):
    """Arrays of another size in each step."""
    state = start[:1].copy()
    for t in range(steps):
        longer = np.empty(t + 2)
        for j in range(t + 1):
            longer[j] = state[j] * start[j + 1]
        longer[t + 1] = state[t] + start[t]
        state = longer
    return (state * state).sum()


@kernel(lambda: (vector(5), 6))
def only_in_some_steps(start, steps):
    """Steps without an array of their own go on with the last one."""
    state = start.copy()
    for t in range(steps):
        if t % 3 != 1:
            following = np.zeros(state.size)
            for j in range(state.size - 1):
                following[j] += state[j] * state[j + 1]
            following[-1] += state[0]
            state = following
        else:
            for j in range(state.size):
                state[j] = math.exp(-state[j]) * start[j]
    return state.sum()


@kernel(lambda: (vector(4), 3, 3))
def lives_into_the_next_step(start, steps, sweeps):
    """What the inner loop makes is the state with which the next step begins, and the one before too."""
    state, before = start, start
    for _ in range(steps):
        for _ in range(sweeps):
            smooth = np.empty_like(state)
            for j in range(state.size):
                smooth[j] = math.sin(state[j]) * before[j - 1] + 0.2
            before, state = state, smooth
    return (state * before).sum()


@kernel(lambda: (vector(6), 4))
def shrinking(start, steps):
    """Smaller arrays take the places of larger ones."""
    state = start.copy()
    for t in range(steps):
        shorter = np.empty(start.size - t - 1)
        for j in range(shorter.size):
            shorter[j] = 0.3 * state[j] * state[j + 1] + start[t]
        state = shorter
    return (state * state).sum()


@kernel(lambda: (vector(5), 0.31))
def until_it_is_small(start, bound):
    """The number of steps depends on the numbers, and the loop is left in the midst of a step."""
    state, before = start.copy(), start
    while True:
        following = state * before * 0.8
        if following.max() < bound:
            break
        before, state = state, following
    return (state * before).sum() + following.sum()


@kernel(lambda: (vector(5), 4))
def linear_steps(start, steps):
    """The reverse sweep asks for no number in any of these arrays."""
    state, velocity = start, 0.5 * start
    for _ in range(steps):
        velocity = velocity - 0.1 * state
        state = state + 0.1 * velocity
    return (state * state).sum() * velocity[0]


@kernel(lambda: (vector(5), 3), raises=(ValueError, lambda: (vector(5), 7)))
def raises_in_a_step(start, steps):
    state = start
    for t in range(steps):
        if t == 5:
            raise ValueError("too many steps")
        state = state * (start + 0.1 * t)
    return state.sum()


@kernel(lambda: (vector(5), vector(5, 1), 3), wrt=(0, 1))
def either_of_two(start, other, steps):
    """A pointer that leads into the array of this step or of the last one."""
    state, total = start.copy(), 0.0
    for t in range(steps):
        following = state * other
        chosen = following if t % 2 == 0 else state
        for j in range(chosen.size):
            total += chosen[j] * following[j]
        state = following * math.sin(total)
    return total


@kernel(lambda: (vector(5), 4), feature="Programs: a list for each step that grows")
def list_for_each_step(start, steps):
    state = start.copy()
    for t in range(steps):
        found = [state[0] * state[1]]
        for j in range(3 * start.size + t):
            found.append(found[-1] * 0.5 + math.sin(state[j % start.size]))
        for j in range(state.size):
            state[j] = 0.1 * found[j] * found[-1 - j] + state[j]
    return state.sum()
