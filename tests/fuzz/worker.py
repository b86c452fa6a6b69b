"""A process of its own for examining programs, so that a crash of generated code is a result and not the end."""

from __future__ import annotations

import multiprocessing
import warnings
from multiprocessing.connection import Connection

from .examine import Verdict, examine
from .program import Program


def serve(connection: Connection) -> None:
    """Examine what arrives until the other end closes."""
    warnings.simplefilter("ignore")
    try:
        while True:
            connection.send(examine(connection.recv()))
    except (EOFError, BrokenPipeError):
        pass


# Compiled code is never freed: after so many programs a process has grown large enough.
LIFETIME = 100


class Worker:
    """Examines programs in a process that is replaced when it dies, takes too long or has served long enough."""

    def __init__(self, seconds: float = 120.0) -> None:
        self.seconds = seconds
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other,), daemon=True)
        self.process.start()
        other.close()
        self.left = LIFETIME

    def examine(self, program: Program) -> Verdict:
        if not self.left:
            self.restart()
        self.left -= 1
        self.connection.send(program)
        try:
            if self.connection.poll(self.seconds):
                return self.connection.recv()
            verdict = Verdict("crash", f"no answer within {self.seconds} s")
        except (EOFError, ConnectionResetError):
            self.process.join()
            verdict = Verdict("crash", f"the process died with exit code {self.process.exitcode}")
        self.restart()
        return verdict

    def restart(self) -> None:
        self.close()
        self.start()

    def close(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()
