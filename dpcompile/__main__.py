"""``python -m dpcompile``: the demonstration, and a look at a function of your own.

    python -m dpcompile                              the Lotka–Volterra adjoint
    python -m dpcompile check MODULE:FUNCTION        compares the derivatives with differences
    python -m dpcompile explain MODULE:FUNCTION      shows what the gradient does and keeps

MODULE is an importable name or the path of a file.  The arguments come from ``--args "(1.0, np.ones(3))"``, evaluated
in the module's namespace, else from the module's function ``FUNCTION_args()``.
"""
from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

import dpcompile as dp

from . import demonstration


class UsageError(Exception):
    """What the command line names does not exist."""


def load_module(name: str) -> ModuleType:
    """The module of that name, or of that file."""
    path = Path(name)
    if path.suffix != ".py":
        sys.path.insert(0, "")
        return importlib.import_module(name)
    if not path.is_file():
        raise UsageError(f"there is no file {name}")
    # As when Python runs the file: its neighbours can be imported.
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None and spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_function(target: str) -> tuple[ModuleType, str, Callable]:
    """The function that ``MODULE:FUNCTION`` names, with its module."""
    module_name, colon, name = target.rpartition(":")
    if not colon:
        raise UsageError(f"{target!r} is not of the form MODULE:FUNCTION")
    try:
        module = load_module(module_name)
        return module, name, getattr(module, name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"cannot load {target}: {error}") from error


def arguments_of(module: ModuleType, name: str, function: Callable, expression: str | None) -> tuple:
    """The arguments to differentiate at: from the command line, else from ``FUNCTION_args()``."""
    if expression is not None:
        arguments = eval(expression, {"np": np, **vars(module)})
    elif hasattr(module, f"{name}_args"):
        arguments = getattr(module, f"{name}_args")()
    elif inspect.signature(getattr(function, "py_func", function)).parameters:
        raise UsageError(f"no arguments: give --args or define {name}_args() in {module.__name__}")
    else:
        arguments = ()
    return arguments if isinstance(arguments, tuple) else (arguments,)


def check(function: Callable, arguments: tuple) -> None:
    """Compares both modes with differences; an exception names the worst entry."""
    dp.check_grads(function, arguments)
    print(f"{function.__name__}: forward and reverse derivatives agree with differences")


def explain(function: Callable, arguments: tuple) -> None:
    """Prints what the gradient does and keeps."""
    print(dp.explain(function, *arguments))


def parse(command_line: list[str] | None) -> argparse.Namespace:
    """The command line as a name space; ``action`` is None for the demonstration."""
    parser = argparse.ArgumentParser("python -m dpcompile", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers()
    parser.set_defaults(action=None)
    for action in (check, explain):
        summary = inspect.getdoc(action)
        command = actions.add_parser(action.__name__, help=summary, description=summary)
        command.add_argument("target", metavar="MODULE:FUNCTION")
        command.add_argument("--args", metavar="EXPRESSION", help="a tuple of arguments, evaluated in MODULE")
        command.set_defaults(action=action)
    return parser.parse_args(command_line)


def main(command_line: list[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = parse(command_line)
    if options.action is None:
        demonstration.main()
        return 0
    try:
        module, name, function = load_function(options.target)
        options.action(function, arguments_of(module, name, function, options.args))
    except (UsageError, AssertionError, dp.errors.DifferentiationError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
