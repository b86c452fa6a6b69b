"""Gradients on disk: found by a second process, found by none where anything that they were made of is another.

The programs of ``cached/`` run in processes of their own, in a folder of their own.
"""
from __future__ import annotations

import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import njit, types

import dpcompile as dp
from dpcompile.cache import store, surroundings
from dpcompile.cache.fingerprint import Fingerprint, Unknown
from dpcompile.errors import CacheWarning
from dpcompile.operators.entries import LoadedDerivative
from dpcompile.operators.roles import COMBINED, derivative_of
from dpcompile.targets.cpu import CompiledDerivative

#: The processes of one program follow each other.
pytestmark = pytest.mark.xdist_group("cache")

PROGRAMS = Path(__file__).parent / "cached"
POINT = np.array([0.5, 1.5, 2.5])
#: What is changed: in which file, from what to what, which gradient is another then, and which one.
EDITS = (
    ("helpers.py", "np.sin(x) * 2.0", "np.sin(x) * 4.0", "of_other_file", [4.0 * np.cos(0.5), 1.0, 0.0]),
    ("helpers.py", "CONSTANT = 3.0", "CONSTANT = 6.0", "by_module", [6.0, 0.0, 0.0]),
    ("helpers.py", "TABLE = np.array([1.0, 2.0, 3.0])", "TABLE = np.array([1.0, 2.0, 4.0])", "by_array", [1.0, 6.0, 20.0]),
    ("helpers.py", "x * x * 5.0", "x * x * 9.0", "by_jitable", [9.0, 0.0, 0.0]),
    ("helpers.py", "x * x * 11.0", "x * x * 12.0", "by_overload", [12.0, 0.0, 0.0]),
    ("helpers.py", "cotangent * x * 7.0", "cotangent * x * 8.0", "by_rule", [4.0, 0.0, 0.0]),
    ("helpers.py", "CLOSED_OVER = 2.0", "CLOSED_OVER = 5.0", "by_closure", [5.0, 15.0, 25.0]),
    ("kernels.py", "LOCAL = 1.5", "LOCAL = 2.5", "by_global", [2.5, 0.0, 0.0]),
    ("kernels.py", "power=3.0", "power=2.0", "by_default", [1.0, 0.0, 0.0]),
    ("kernels.py", "__pyx_fuse_1jv", "__pyx_fuse_1iv", "of_special",
     [1.0265948409366494, 0.5879930867904164, -0.09358153377874262]),
    ("kernels.py", "@njit(cache=True)\ndef raising(", "@njit(cache=True, error_model='numpy')\ndef raising(", "raising",
     [1.5, 0.5, 0.0]),
)
#: Gradients that change, and what else does.
EDITED = [*(edit[3] for edit in EDITS), "hessian", "vjp", "jvp", "hvp", "autodiff", "of_its_own_memory",
          "sparse_jacobian", "sparse_by_rows", "sparse_hessian"]
#: Those that are no functions of Numba's.
OPERATORS = ["vjp", "jvp", "hvp", "autodiff", "sparse_jacobian", "sparse_by_rows", "sparse_hessian"]


@dataclass
class Project:
    """A copy of the programs, with a cache."""

    folder: Path

    def run(self, *names: str) -> dict:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.folder), *filter(None, sys.path)]),
                       "DPCOMPILE_CACHE_DIR": str(self.cache), "NUMBA_CACHE_DIR": str(self.folder / "of_numba")}
        done = subprocess.run([sys.executable, "program.py", *names], cwd=self.folder, env=environment, capture_output=True,
                              text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def files(self) -> list[Path]:
        return sorted(self.cache.glob(f"*{store.SUFFIX}"))

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, after))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    for file in PROGRAMS.glob("*.py"):
        shutil.copy(file, folder)
    return Project(folder)


@pytest.fixture(scope="module")
def first(project) -> dict:
    return project.run()


@pytest.fixture(scope="module")
def second(project, first) -> dict:
    return project.run()


class TestSecondProcess:
    def test_compiles_nothing(self, first, second):
        other = second["other"]
        for name in first.keys() - {"other"}:
            assert not first[name]["hit"], name
            assert second[name]["hit"], name
            assert second[name]["value"] == first[name]["value"], name
            assert second[name]["warnings"] == first[name]["warnings"], name
        assert other == first["other"]
        assert other["messages"] == ["too large", "too large 3"]

    def test_does_little(self, second):
        """In functions of Python that are called."""
        assert next(iter(second.values()))["calls"] <= 110_000
        assert sum(second[name]["calls"] for name in OPERATORS) <= 40_000 * len(OPERATORS)
        assert statistics.median(outcome["calls"] for name, outcome in second.items() if name != "other") <= 6_000

    @pytest.mark.parametrize("name", OPERATORS)
    def test_one_operator_alone_is_ready_too(self, project, second, name):
        """In a process that has met nothing before."""
        found = project.run(name)[name]
        assert found["hit"] and found["value"] == second[name]["value"]
        assert found["calls"] <= (240_000 if name.startswith("sparse") else 120_000)     # SciPy's sparse matrices are imported

    def test_warns_as_the_first_does(self, second):
        assert second["comparing"]["warnings"][0].startswith("ComparisonWarning: the derivative of comparing by bound is zero")
        assert second["other"]["long_loop"]["warnings"][0].startswith("CheckpointWarning")
        assert np.allclose(second["other"]["long_loop"]["value"], second["long_loop"]["value"], rtol=1e-12, atol=1e-12)

    def test_numba_keeps_no_caller(self, second):
        assert second["other"]["calling"] == 24.0
        assert any("dynamic globals" in text for text in second["other"]["warnings of calling"])

    def test_says_what_is_not_kept(self, second):
        (text,) = second["other"]["warnings of a pointer"]
        assert text.startswith("CacheWarning: grad_of_of_a_pointer is not kept on disk: of_a_pointer")
        assert "cosine" in text


def test_edits(project, second):
    """All at once, and all taken back: what has not changed is found all the while."""
    for file, before, after, _, _ in EDITS:
        project.edit(file, before, after)
    found = project.run(*[name for name in second if name != "other"])
    for name, outcome in found.items():
        assert outcome["hit"] == (name not in EDITED), name
    for _, _, _, name, value in EDITS:
        assert np.allclose(found[name]["value"], value, rtol=1e-12), name
    for file, before, after, _, _ in EDITS:
        project.edit(file, after, before)
    again = project.run(*EDITED)
    for name, outcome in again.items():
        assert outcome["hit"] and outcome["value"] == second[name]["value"], name


def test_damaged_files_are_compiled_anew_and_replaced(project, second):
    """Cut off, changed in one bit, and each under the name of another."""
    names = ["by_global", "by_module", "cube", "vjp", "jvp", "autodiff", "sparse_hessian"]
    contents = [file.read_bytes() for file in project.files]
    damages = (lambda content, other: content[:-1000], lambda content, other: content[:-1000] + b"\0" + content[-999:],
               lambda content, other: other)
    for index, (file, content) in enumerate(zip(project.files, contents, strict=True)):
        damaged = damages[index % 3](content, contents[index - 1])
        file.write_bytes(damaged if damaged != content else content[:-1])
    found, after = project.run(*names), project.run(*names)
    for name in names:
        assert not found[name]["hit"] and after[name]["hit"], name
        assert found[name]["value"] == after[name]["value"] == second[name]["value"], name


class TestStore:
    @pytest.fixture
    def kept(self, tmp_path) -> store.Store:
        made = store._opened.__wrapped__(tmp_path / "cache", os.getuid())
        made.save("name", b"content")
        return made

    def test_gives_back_what_it_was_given(self, kept):
        assert kept.load("name") == b"content"
        assert store.Store(kept.folder).load("name") == b"content"
        assert kept.load("another name") is None
        kept.save("name", b"other content")
        assert kept.load("name") == b"other content"
        kept.remove("name")
        assert kept.load("name") is None

    @pytest.mark.parametrize("damage", [
        lambda content: content[:-1], lambda content: b"", lambda content: content[:30], lambda content: content + b"x",
        lambda content: b"X" + content[1:], lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:]])
    def test_damaged_files(self, kept, damage):
        path = kept._path("name")
        path.write_bytes(damage(path.read_bytes()))
        assert kept.load("name") is None

    def test_a_file_under_another_name_or_key(self, kept, tmp_path):
        shutil.copy(kept._path("name"), kept._path("renamed"))
        assert kept.load("renamed") is None
        (kept.folder / "key").unlink()
        assert store._opened.__wrapped__(kept.folder, os.getuid()).load("name") is None

    def test_planted_code_is_not_unpickled(self, kept, tmp_path):
        class Planted:
            def __reduce__(self):
                return Path.touch, (tmp_path / "was run",)

        foreign = store._opened.__wrapped__(tmp_path / "foreign", os.getuid())
        foreign.save("name", pickle.dumps(Planted()))
        shutil.copy(foreign._path("name"), kept._path("name"))
        assert kept.load("name") is None
        assert not (tmp_path / "was run").exists()

    def test_only_the_owner_may_read_and_write(self, kept):
        assert (kept.folder.stat().st_mode & 0o777, (kept.folder / "key").stat().st_mode & 0o777) == (0o700, 0o600)
        assert kept._path("name").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("open_up", [
        lambda folder: folder.chmod(0o770), lambda folder: folder.chmod(0o702), lambda folder: (folder / "key").chmod(0o640),
        lambda folder: (folder / "key").write_bytes(b"short")])
    def test_folders_that_others_may_change(self, kept, open_up):
        open_up(kept.folder)
        with pytest.raises(store.UnsafeStore):
            store._opened.__wrapped__(kept.folder, os.getuid())

    def test_links(self, kept, tmp_path):
        (tmp_path / "link").symlink_to(kept.folder)
        with pytest.raises(store.UnsafeStore, match="is a link"):
            store._opened.__wrapped__(tmp_path / "link", os.getuid())

    def test_the_last_used_files_stay(self, kept, monkeypatch):
        """Of files of 100 bytes of content, five within a limit for three: what is loaded counts as used."""
        for number in range(3):
            kept.save(f"n{number}", bytes(100))
            os.utime(kept._path(f"n{number}"), (number, number))
        size = kept._path("n0").stat().st_size
        kept.remove("name")
        monkeypatch.setattr(dp.config, "max_cache_bytes", 3 * size)
        assert kept.load("n0") == bytes(100)
        kept.save("n3", bytes(100))
        assert [kept.load(f"n{number}") is not None for number in range(4)] == [True, False, True, True]

    def test_what_is_larger_than_all_may_be_is_not_kept(self, kept, monkeypatch):
        monkeypatch.setattr(dp.config, "max_cache_bytes", 50)
        with pytest.raises(store.UnsafeStore, match="max_cache_bytes"):
            kept.save("name", bytes(100))
        assert kept.load("name") is None
        with pytest.raises(ValueError, match="max_cache_bytes"):
            dp.config.max_cache_bytes = -1

    def test_what_a_stopped_writer_left_is_removed(self, kept):
        old, fresh = kept.folder / f".old{store._PART}", kept.folder / f".fresh{store._PART}"
        for path in (old, fresh):
            path.touch()
        os.utime(old, (1, 1))
        kept.save("name", b"content")
        assert (old.exists(), fresh.exists()) == (False, True)

    def test_processes_that_prune_at_the_same_time(self, kept, monkeypatch):
        """Four of them, each adding files within a limit for a few: no error, whole files only, and no more than may be."""
        program = """
import os, sys
from pathlib import Path
import dpcompile as dp
from dpcompile.cache import store
dp.config.max_cache_bytes = 4000
kept = store._opened(Path(sys.argv[1]), os.getuid())
for number in range(200):
    kept.save(f"n{number % 7}", bytes([number % 7]) * 600)
    assert kept.load(f"n{number * 3 % 7}") in (None, bytes([number * 3 % 7]) * 600)
"""
        running = [subprocess.Popen([sys.executable, "-c", program, str(kept.folder)]) for _ in range(4)]
        assert [process.wait(120) for process in running] == [0] * 4
        monkeypatch.setattr(dp.config, "max_cache_bytes", 4000)
        kept.save("last", b"x")
        assert sum(path.stat().st_size for path in kept.folder.glob(f"*{store.SUFFIX}")) <= 4000

    def test_folders(self, monkeypatch, tmp_path):
        monkeypatch.setattr(numba.core.config, "CACHE_DIR", str(tmp_path))
        monkeypatch.delenv("DPCOMPILE_CACHE_DIR", raising=False)
        assert store.folder() == tmp_path / "dpcompile"
        monkeypatch.setenv("DPCOMPILE_CACHE_DIR", str(tmp_path / "mine"))
        assert store.folder() == tmp_path / "mine"
        monkeypatch.setattr(numba.core.config, "CACHE_DIR", "")
        monkeypatch.delenv("DPCOMPILE_CACHE_DIR")
        assert store.folder().name == "dpcompile"


def digest(value) -> str:
    found = Fingerprint()
    found.add(value)
    return found.digest()


def named(value):
    """A function that names a value."""
    return lambda x: x * value


@njit
def one(x):
    return x * 2.0


@njit
def another(x):
    return x * 3.0


class TestFingerprint:
    @pytest.mark.parametrize("value, other", [
        (1, 1.0), (1, True), (0.0, -0.0), (1.0, np.float64(1.0)), (np.float32(1.0), np.float64(1.0)), ("1", 1), (b"1", "1"),
        ((1, (2,)), ((1, 2),)), ((), None), (1j, 1.0), (np.nan, np.inf),
        (np.zeros(2), np.zeros(3)), (np.zeros(2), np.ones(2)), (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros((2, 3)), np.zeros((3, 2)).T), (np.zeros(2), np.zeros((2, 1))), (np.zeros(4)[:2], np.zeros(4)[::2]),
        (np.dtype([("a", float)]), np.dtype([("b", float)])), (np.sin, np.cos), (np.linalg.norm, np.linalg.det),
        (np.random.normal, np.random.uniform), (one, another), (one, one.py_func),
        (types.float64, types.float32), (types.Array(types.float64, 1, "C"), types.Array(types.float64, 1, "A")),
        (types.Array(types.float64, 1, "C"), types.Array(types.float64, 1, "C", readonly=True)),
        (types.Array(types.float64, 1, "C"), types.Array(types.float64, 1, "C", aligned=False)),
        (types.UniTuple(types.float64, 2), types.UniTuple(types.float64, 3)), (types.Omitted(1.0), types.Omitted(2.0)),
        (types.literal(1), types.literal(2)), (types.Dispatcher(one), types.Dispatcher(another)),
        (types.Optional(types.float64), types.float64), (ValueError, TypeError)])
    def test_different_objects(self, value, other):
        assert digest(value) != digest(other)
        assert digest(named(value)) != digest(named(other))
        assert digest(njit(named(value))) != digest(njit(named(other)))
        assert digest(named(value)) == digest(named(value))

    @pytest.mark.parametrize("options", [
        {"fastmath": True}, {"fastmath": {"nnan"}}, {"error_model": "numpy"}, {"parallel": True}, {"boundscheck": True},
        {"inline": "always"}, {"locals": {"y": types.float32}}, {"nogil": True}])
    def test_options_of_callees(self, options):
        assert digest(named(njit(one.py_func))) != digest(named(njit(**options)(one.py_func)))

    def test_explicit_signatures(self):
        assert digest(njit(one.py_func)) != digest(njit("float64(float64)")(one.py_func))

    def test_rules(self):
        def ruled(factor):
            made = dp.custom_vjp(one.py_func)
            made.defvjp(lambda x: (x, x), lambda x, cotangent: (cotangent * factor,))
            return made

        assert len({digest(ruled(2.0)), digest(ruled(3.0)), digest(dp.custom_vjp(one.py_func))}) == 3

    def test_requests(self):
        made = [dp.grad(one), dp.value_and_grad(one), dp.grad(one, (0,)), dp.grad(one, has_aux=True), dp.grad(dp.grad(one)),
                dp.grad(another)]
        assert len(set(map(digest, made))) == len(made)

    @pytest.mark.parametrize("value, says", [
        ({"a": 1}, "a dictionary"), ([1.0], "an object of type builtins.list"), (object(), "builtins.object"),
        (type("Local", (), {}), "the class Local"), (np.array([None]), "the dtype object"),
        (np.ma.zeros(2), "MaskedArray"), (types.FunctionType(types.float64(types.float64)), "the type"),
        (type("Local", (ValueError,), {}), "the class Local")])
    def test_refuses_what_it_does_not_know(self, value, says):
        for reached in (value, named(value), njit(named(value)), njit(named(njit(named(value))))):
            with pytest.raises(Unknown, match=says):
                digest(reached)

    def test_refuses_what_nothing_can_make_again(self):
        with pytest.raises(Unknown, match="nothing can make again"):
            digest(dp.implicit_root(njit(lambda y, x: y * y - x), njit(lambda guess, x: x**0.5)))

    def test_a_function_that_says_that_it_is_another(self):
        def disguised(x):
            return x

        disguised.__module__, disguised.__qualname__ = "numpy", "sin"
        assert digest(disguised) != digest(np.sin)

    def test_recursion(self):
        assert digest(recursive) == digest(recursive)

    def test_surroundings(self, monkeypatch):
        def now() -> str:
            found = Fingerprint()
            surroundings.add(found)
            return found.digest()

        before = now()
        assert now() == before
        monkeypatch.setattr(numba.core.config, "OPT", 1)
        assert now() != before
        monkeypatch.undo()
        monkeypatch.setenv("DPCOMPILE_PREOPT", "1")
        assert now() != before
        monkeypatch.undo()
        monkeypatch.setattr(surroundings, "source", lambda: "edited")
        assert now() != before
        monkeypatch.undo()
        surroundings.source.cache_clear()
        monkeypatch.setattr(surroundings, "_IMPORTED", 0.0)
        with pytest.raises(Unknown, match="has changed since it was imported"):
            now()
        monkeypatch.undo()
        assert not surroundings.is_watched()
        monkeypatch.setenv("DPCOMPILE_DUMP", "adjoint")
        assert surroundings.is_watched()

    def test_a_rule_for_a_function_of_numpy_is_part_of_it(self, registry):
        before = Fingerprint()
        surroundings.add(before)
        dp.register_vjp(np.tan, lambda x: (np.tan(x), x), lambda x, cotangent: (cotangent * 17.0,))
        after = Fingerprint()
        surroundings.add(after)
        assert before.digest() != after.digest()


@njit
def recursive(n, x):
    return x if n == 0 else x * recursive(n - 1, x)


FACTOR = 2.0
FACTORS = np.array([2.0])


@njit(cache=True)
def by_factor(x):
    return x * x * FACTOR


@njit(cache=True)
def by_factors(x):
    return x * x * FACTORS[0]


class TestChanges:
    """Numba freezes globals when it compiles: what was frozen before a change must not be kept as made after it."""

    @pytest.fixture
    def folder(self, monkeypatch, tmp_path) -> Path:
        monkeypatch.setenv("DPCOMPILE_CACHE_DIR", str(tmp_path / "cache"))
        return tmp_path / "cache"

    @staticmethod
    def refused(function, says: str) -> None:
        with pytest.warns(CacheWarning, match=says):
            assert dp.grad(function)(3.0) == 12.0

    def test_a_global(self, folder, monkeypatch):
        assert dp.jvp(by_factor, (3.0,), (1.0,)) == (18.0, 12.0)
        before = set(folder.glob(f"*{store.SUFFIX}"))
        monkeypatch.setitem(globals(), "FACTOR", 5.0)
        self.refused(by_factor, "that by_factor names has changed")
        with pytest.warns(CacheWarning, match="jvp_of_by_factor is not kept on disk.*has changed"):
            assert dp.jvp(by_factor, (np.float32(3.0),), (1.0,)) == (45.0, 30.0)     # Numba compiles it for another type
        assert set(folder.glob(f"*{store.SUFFIX}")) == before

    def test_contents_of_an_array(self, folder, monkeypatch):
        assert dp.jvp(by_factors, (3.0,), (1.0,)) == (18.0, 12.0)
        FACTORS[0] = 5.0
        self.refused(by_factors, "that by_factors names has changed")

    def test_unchanged(self, folder):
        kernel = njit(cache=True)(one.py_func)
        dp.jvp(kernel, (3.0,), (1.0,))
        before = set(folder.glob(f"*{store.SUFFIX}"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert dp.grad(kernel)(3.0) == 2.0
        (file,) = set(folder.glob(f"*{store.SUFFIX}")) - before
        same = njit(cache=True)(one.py_func)
        gradient = dp.grad(same)
        assert gradient(3.0) == 2.0 and gradient.stats.cache_hits
        third = dp.grad(njit(cache=True)(one.py_func))
        assert third(4.0) == 2.0 and third.stats.cache_hits
        gradient.recompile()
        assert gradient(3.0) == 2.0 and file.exists()

    def test_operands_of_other_types(self, folder):
        """What was kept for a whole seed is compiled for a part of one, and both are right."""
        def both(x, y):
            return x * y, x + y

        found = []
        for seed, expected in (((1.0, 2.0), (6.0, 5.0)), ((1.0, 2.0), (6.0, 5.0)), ((1.0, None), (4.0, 3.0))):
            kernel = njit(cache=True)(both)
            assert dp.autodiff(dp.Reverse, kernel, dp.Active(3.0), dp.Active(4.0), seed=seed)[1] == expected
            found.append(derivative_of(kernel, (types.float64,) * 2, (True, True), COMBINED))
        assert list(map(type, found)) == [CompiledDerivative, LoadedDerivative, LoadedDerivative]

    def test_a_folder_that_cannot_be_used(self, folder):
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        with pytest.warns(CacheWarning, match="others than you may write"):
            assert dp.grad(njit(cache=True)(one.py_func))(3.0) == 2.0

    def test_functions_without_a_cache(self, folder):
        assert dp.grad(njit(one.py_func))(3.0) == 2.0
        assert not folder.exists()

