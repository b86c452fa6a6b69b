"""PyTorch, eager, on one thread."""
from __future__ import annotations

from collections.abc import Callable

import torch

from ..problems import Problem, runge_kutta

TITLE, PACKAGE = "PyTorch", "torch"
torch.set_num_threads(1)


def pullback(problem: Problem) -> Callable:
    def found(u, p, weights):
        u, p = torch.tensor(u, requires_grad=True), torch.tensor(p, requires_grad=True)
        back = torch.autograd.grad(problem.arrays(torch, u, p), (u, p), torch.from_numpy(weights))
        return back[0].numpy(), back[1].numpy()

    return found


def gradient(problem: Problem) -> Callable:
    def found(p):
        p = torch.tensor(p, requires_grad=True)
        u = torch.tensor(problem.start)
        total = u.sum()
        for _ in range(problem.samples):
            for _ in range(problem.substeps):
                u = runge_kutta(lambda u: problem.arrays(torch, u, p), u, problem.h)
            total = total + u.sum()
        return torch.autograd.grad(total, p)[0].numpy()

    return found
