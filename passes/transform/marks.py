"""What was held constant for one derivative is itself again.

Requires: a module whose derivative is written.
Ensures:  no call of ``hold`` is left, so that the next derivative sees through it (see ``rules.scalar``).
"""
from __future__ import annotations

from ..ir.model import Module
from ..rules.scalar import MARKS


def release_held(module: Module) -> None:
    """Puts the operand of each ``hold`` in its place."""
    held = {*MARKS["hold"].symbols, *MARKS["hold"].symbols32}
    for function in module.functions.values():
        for call in [i for i in function.instructions() if i.opcode == "call" and i.callee_name in held]:
            call.replace_uses(call.arguments[0])
            call.erase()
