"""What dpcompile takes from Numba, llvmlite and SciPy is still where dpcompile looks for it.

Much of it is private to those packages and may move at any release.  The names are collected from the source of
dpcompile, so that nothing here needs to be kept up to date by hand: a failure names what moved.
"""
import ast
import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

import llvmlite
import numba
import numpy as np
import pytest
import scipy
from scipy.optimize._numdiff import group_columns

import dpcompile

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for wing in ("dpcompile", "passes", "runtime") for path in (ROOT / wing).rglob("*.py"))
TREES = {path: ast.parse(path.read_text()) for path in SOURCES}
#: What the tests look into counts too.
TREES_OF_TESTS = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "tests").rglob("*.py"))}
WATCHED = ("numba", "llvmlite", "scipy", "numba_cuda_mlir")
#: Packages of extras: what uses them is watched where they are installed.
OPTIONAL = frozenset({"numba_cuda", "numba_cuda_mlir", "rocket_fft"})


def is_watched(module):
    return module is not None and module.split(".")[0] in WATCHED


def imported_names(tree):
    """The dotted origin of each local name that an import from a watched package binds."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
                      for alias in node.names if is_watched(alias.name)}
        elif isinstance(node, ast.ImportFrom) and not node.level and is_watched(node.module):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def dotted(node):
    """``a.b.c`` as a list of names, or None for anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        prefix = dotted(node.value)
        return prefix and [*prefix, node.attr]
    return None


def used_names():
    """Everything that the source reaches through an import from a watched package, with the file that does."""
    for path, tree in (TREES | TREES_OF_TESTS).items():
        origins = imported_names(tree)
        uses = set(origins.values())
        for node in ast.walk(tree):
            parts = dotted(node) if isinstance(node, ast.Attribute) else None
            if parts and parts[0] in origins:
                uses.add(".".join((origins[parts[0]], *parts[1:])))
        yield from ((use, path.relative_to(ROOT).as_posix()) for use in uses)


def resolve(name):
    """The object of that dotted name: what can be imported is a module, even where a function of its name hides it."""
    parts = name.split(".")
    found, rest = importlib.import_module(parts[0]), parts[1:]
    for position in range(2, len(parts) + 1):
        try:
            found, rest = importlib.import_module(".".join(parts[:position])), parts[position:]
        except ModuleNotFoundError:
            break
    for part in rest:
        found = attribute_of(found, part)
    return found


def attribute_of(owner, name):
    try:
        return getattr(owner, name)
    except RuntimeError:    # a property that wants Numba's runtime to be running
        return inspect.getattr_static(owner, name)


def version_of(name):
    package = importlib.import_module(name.split(".")[0])
    return f"{package.__name__} {package.__version__}"


@pytest.mark.parametrize("name", sorted({name for name, _ in used_names()}))
def test_name_exists(name):
    if name.startswith("numba.cuda"):
        pytest.importorskip("numba_cuda")
    if name.startswith("numba_cuda_mlir"):
        pytest.importorskip("numba_cuda_mlir")
    try:
        resolve(name)
    except (ImportError, AttributeError) as error:
        files = sorted({path for use, path in used_names() if use == name})
        pytest.fail(f"{version_of(name)} has moved or removed {name}, used in {', '.join(files)} ({error})")


@cache
def watched_source():
    """Every word in the Python source of the packages whose private attributes are read."""
    words = set()
    for package in (numba, llvmlite):
        for path in Path(package.__file__).parent.rglob("*.py"):
            if "tests" not in path.parts:
                words |= set(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace")))
    return words


def own_words():
    """Names that dpcompile itself defines: functions, classes, attributes and variables that it assigns."""
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.attr
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def private_reads():
    """Attributes with a leading underscore that dpcompile reads."""
    return {node.attr for tree in TREES.values() for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and re.match(r"_[^_]", node.attr)}


def is_super(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


@cache
def reads():
    """Attributes that dpcompile reads, but for calls of what it overrides."""
    return {node.attr for tree in TREES.values() for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and not is_super(node.value)}


@pytest.mark.parametrize("attribute", sorted(private_reads() - set(own_words())))
def test_private_attribute_exists(attribute):
    assert attribute in watched_source(), (
        f"numba {numba.__version__} and llvmlite {llvmlite.__version__} no longer know the private {attribute}")


def subclasses():
    """Classes of dpcompile that derive from a class of a watched package."""
    for information in pkgutil.walk_packages(dpcompile.__path__, "dpcompile."):
        if information.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(information.name)
        except ModuleNotFoundError as error:
            if error.name not in OPTIONAL:
                raise
            continue
        for value in vars(module).values():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                bases = [base for base in value.__mro__[1:] if is_watched(base.__module__)]
                if bases:
                    yield value, bases


@pytest.mark.parametrize(("derived", "bases"), [pytest.param(*pair, id=pair[0].__name__) for pair in subclasses()])
def test_override_still_overrides(derived, bases):
    """A hook that its base no longer calls would be passed over in silence; what dpcompile itself reads or offers is no
    hook."""
    own = {name for name, value in vars(derived).items() if inspect.isroutine(value) and not name.startswith("__")}
    hooks = own - reads() - set(dpcompile.__all__)
    lost = sorted(name for name in hooks if not any(hasattr(base, name) for base in bases))
    assert not lost, f"{version_of(bases[0].__module__)}: {bases[0].__qualname__} no longer has {', '.join(lost)}"


def test_columns_are_grouped_in_the_order_that_is_given():
    """SciPy's private ``group_columns`` takes a sparse array and gives a group for each column."""
    band = scipy.sparse.csr_array(np.abs(np.subtract.outer(np.arange(9), np.arange(9))) <= 1)
    assert list(group_columns(band, np.arange(9))) == [0, 1, 2] * 3
