"""Derivatives that a user gives: ``custom_vjp``, ``custom_jvp``, ``register_vjp``, ``register_jvp``, ``stop_gradient`` …

Requires: functions that Numba compiles; rules that are compiled with the code around them.
Ensures:  a function with a rule is an ordinary Numba function whose value is what it was; its derivative is what the rule
          says, at every call, in every mode that the rule covers, and to any order, because rules are differentiated too.
Source:   the spelling and the shapes of JAX (``jax.custom_vjp``, ``jax.custom_jvp``).
"""
from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable, Hashable
from typing import Any

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher
from numba.core.types import WrapperAddressProtocol

from .errors import NotAFunctionError, RuleError
from .frontend import foreign, intercept, late_rules, structure, target
from .frontend.intercept import Wanted
from .frontend.marks import copied
from .frontend.ruled import JvpRule, StopRule, VjpRule, is_own
from .operators.primal import dispatcher_of


class RuledFunction(CPUDispatcher):
    """A Numba function whose derivative is given."""

    def defvjp(self, forward: Callable, backward: Callable) -> None:
        """``forward(*args) → (result, residual)``; ``backward(residual, cotangent) → a tuple, a cotangent an argument``."""
        register_vjp(self, forward, backward)

    def defjvp(self, jvp: Callable) -> Callable:
        """``jvp(primals, tangents) → (result, tangent)``; may be used as a decorator."""
        register_jvp(self, jvp)
        return jvp


def custom_vjp(function: Callable) -> RuledFunction:
    """A function whose derivative in reverse mode ``defvjp`` gives; a decorator."""
    return _ruled(function)


def custom_jvp(function: Callable) -> RuledFunction:
    """A function whose derivative ``defjvp`` gives, in both modes; a decorator."""
    return _ruled(function)


def _ruled(function: Callable) -> RuledFunction:
    if not inspect.isfunction(function) and not isinstance(function, Dispatcher):
        raise NotAFunctionError(f"a rule belongs to a function, not to {function!r}")
    plain = function if isinstance(function, Dispatcher) else numba.njit(function)
    made = numba.njit(**_options(plain))(plain.py_func)
    made.__class__ = RuledFunction
    return made


def _options(dispatcher: Dispatcher) -> dict[str, Any]:
    return {name: value for name, value in dispatcher.targetoptions.items() if name != "nopython"}


def register_vjp(function: Any, forward: Callable, backward: Callable, types: Wanted = None,
                 pushforward: Callable | None = None) -> None:
    """Gives a function that may be somebody else's a derivative in reverse mode; shapes as ``RuledFunction.defvjp``.

    ``function``: a Numba function, a function that Numba knows (``np.linalg.solve``, one with an overload), an operator of
    ``operator``, a method (``np.ndarray.sum``), a function pointer of ctypes or cffi, or an object that gives Numba an address
    (``numba.types.WrapperAddressProtocol``). ``types``: Numba types, or classes of them, that the arguments must have; several
    rules for several types may be given. Arguments are counted by ``forward``: calls with more or fewer keep their own
    derivative.  ``pushforward(residual, tangents) → tangent`` is for forward mode, and is run as it is for each tangent.
    """
    dispatcher = _owner(function, forward, types, is_own(dispatcher_of(forward)))
    known = getattr(dispatcher, target.RULE, None)
    pushed = getattr(known, "pushforward", None)
    if pushforward is not None:
        pushed = dispatcher_of(forward), dispatcher_of(pushforward)
    _set(dispatcher, VjpRule(dispatcher_of(forward), dispatcher_of(backward), getattr(known, "jvp", None), pushed))


def register_jvp(function: Any, jvp: Callable, types: Wanted = None, arity: int | None = None) -> None:
    """Gives a function that may be somebody else's a derivative in forward mode; where it has none in reverse mode, there
    too. Shapes as ``RuledFunction.defjvp``; ``function`` and ``types`` as for ``register_vjp``, ``arity`` where the function
    itself does not tell how many arguments it takes."""
    rule = dispatcher_of(jvp)
    own = is_own(rule)
    dispatcher = _owner(function, function if arity is None else arity, types, own)
    known = getattr(dispatcher, target.RULE, None)
    if not isinstance(known, VjpRule):
        return _set(dispatcher, JvpRule(rule))
    _set(dispatcher, VjpRule(known.forward, known.backward, rule, known.pushforward if own else None))


def _set(dispatcher: Dispatcher, rule: JvpRule | VjpRule | StopRule) -> None:
    if _comes_late(dispatcher):
        late_rules.begin_anew()
    setattr(dispatcher, target.RULE, rule)
    if not hasattr(dispatcher, "stands_for"):
        foreign.RULED.add(dispatcher)


def _comes_late(dispatcher: Dispatcher) -> bool:
    """Whether something has been differentiated that calls what gets a rule now."""
    if target.is_mirrored(dispatcher):
        return True
    stands_for = getattr(dispatcher, "stands_for", None)
    return stands_for is not None and not dispatcher.is_own and intercept.was_met(_key(stands_for), dispatcher)


def _owner(function: Any, model: Callable | int, types: Wanted, own: bool) -> Dispatcher:
    """The dispatcher that carries the rule of a function; ``model`` tells its parameters.  A rule of dpcompile's own stays
    where it is: what a user gives stands before it, and begins as its copy."""
    if isinstance(function, Dispatcher):
        if types is not None:
            raise RuleError("a Numba function has one rule for all types; tell them apart inside the rule, by numba.extending")
        return function
    if hasattr(function, "targetoptions"):
        raise RuleError(f"{function.py_func.__name__} is compiled for another machine, where rules of functions are not known")
    key = _key(function)
    found = intercept.find(key, types)
    if found is not None and getattr(found, "is_own", True) == own:
        return found
    made = numba.njit(_standing_for(function, _parameters(model, function)))
    made.stands_for, made.is_own = function, own
    setattr(made, target.RULE, getattr(found, target.RULE, None))
    intercept.add(key, made, types)
    return made


def _key(function: Any) -> Hashable:
    if _is_array_method(function):
        return numba.types.Array, function.__name__
    if intercept.is_pointer(function):
        return intercept.pointer_key(function)
    if not callable(function):
        raise RuleError(f"a rule can be given to a function, not to {function!r}")
    return function


def _is_array_method(function: Any) -> bool:
    return getattr(function, "__objclass__", None) is np.ndarray


def _parameters(model: Callable | int, function: Any) -> list[str]:
    if isinstance(model, int):
        return [f"argument_{index}" for index in range(model)]
    try:
        return list(inspect.signature(getattr(model, "py_func", model)).parameters)
    except (TypeError, ValueError):
        raise RuleError(f"{function!r} does not tell how many arguments it takes; give arity") from None


def _standing_for(function: Any, parameters: list[str]) -> Callable:
    """A function that calls another one; a pointer by a copy of it, because a rule belongs to the object."""
    name, given = _name(function), ", ".join(parameters)
    if _is_array_method(function):
        first, *rest = parameters
        body = f"{first}.{function.__name__}({', '.join(rest)})"
    else:
        body = f"called_function({given})"
    names = {"called_function": _copied_pointer(function) if intercept.is_pointer(function) else function}
    return structure.definition(name, f"def {name}({given}):\n    return {body}\n", names)


def _name(function: Any) -> str:
    return structure.identifier(getattr(function, "__name__", "pointer"), "function")


def _copied_pointer(function: Any) -> Any:
    if isinstance(function, WrapperAddressProtocol):
        return _SameAddress(function)
    if isinstance(function, intercept.PythonPointer):
        address = ctypes.cast(function, ctypes.c_void_p).value
        return ctypes.CFUNCTYPE(function.restype, *(function.argtypes or ()))(address)
    import cffi
    ffi = cffi.FFI()
    return ffi.cast(ffi.typeof(function), function)


class _SameAddress(WrapperAddressProtocol):
    """Another object that gives the same address."""

    def __init__(self, function: WrapperAddressProtocol):
        self.function = function

    def __wrapper_address__(self):
        return self.function.__wrapper_address__()

    def signature(self):
        return self.function.signature()


@numba.njit
def stop_gradient(x):
    """``x``, a number, a copy of an array or a tuple of them, as a constant for every derivative."""
    return copied(x)


_set(stop_gradient, StopRule())


@numba.njit
def hook(g, x):
    """``x``, of an array a copy, whose cotangent passes through the Numba function ``g`` on its way back; forward mode sees
    ``x``."""
    return copied(x)


@numba.njit
def _hook_forward(g, x):
    return copied(x), g


@numba.njit
def _hook_backward(g, cotangent):
    return None, g(cotangent)


@numba.njit
def _hook_jvp(primals, tangents):
    return primals[1], tangents[1]


_set(hook, VjpRule(_hook_forward, _hook_backward, _hook_jvp))
