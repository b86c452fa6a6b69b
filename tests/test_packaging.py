"""The wheel holds every folder that the source tree holds, and the version is said once."""
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WINGS = {"dpcompile": "dpcompile", "passes": "dpcompile.passes", "runtime": "dpcompile.runtime"}


def folders_with_modules():
    for wing, name in WINGS.items():
        for module in (ROOT / wing).rglob("*.py"):
            yield ".".join((name, *module.parent.relative_to(ROOT / wing).parts))


def test_every_package_is_shipped():
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == set(folders_with_modules())


def test_every_data_file_is_shipped():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    for wing, name in WINGS.items():
        for path in (ROOT / wing).rglob("*.*"):
            if path.suffix not in (".py", ".pyc"):
                package = ".".join((name, *path.parent.relative_to(ROOT / wing).parts))
                assert any(path.match(pattern) for pattern in patterns.get(package, ())), path


def test_passes_stand_alone():
    """``passes/`` is a library in its own right: llvmlite and the standard library only."""
    for module in (ROOT / "passes").rglob("*.py"):
        text = module.read_text()
        assert "import numba" not in text and "from numba" not in text, module
        assert "import dpcompile" not in text and "from dpcompile" not in text, module


def test_the_check_runs_the_readme_command():
    install, test = 'pip install -e ".[test]"', "python -m pytest -n auto"
    check = (ROOT / ".ci" / "run").read_text()
    assert f"{install} && {test}" in (ROOT / "README.md").read_text()
    assert install in check and test in check
