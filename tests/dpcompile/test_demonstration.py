"""``python -m dpcompile``: the demonstration, and the commands on a user's own file."""
import os
import subprocess
import sys

import numpy as np
import pytest

from dpcompile import __main__ as command
from dpcompile import demonstration

KERNELS = '''
import numpy as np
from numba import njit

@njit
def energy(x, n):
    return np.sum(x ** n)

def energy_args():
    return np.array([1.0, 2.0]), 3

@njit
def sign(x):
    return float(int(x))

@njit
def constant():
    return 1.0
'''


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    path = tmp_path / "user_kernels.py"
    path.write_text(KERNELS)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield path
    sys.modules.pop("user_kernels", None)


def test_differences_have_order_eight():
    x = np.array([0.3, -0.7])
    np.testing.assert_allclose(demonstration.differences(lambda y: np.sum(np.sin(y)), x, 0.01), np.cos(x), rtol=1e-13)


def test_descend_finds_the_minimum():
    found, losses = demonstration.descend(lambda x: (np.sum((x - 1) ** 2), 2 * (x - 1)), np.zeros(3), 300)
    np.testing.assert_allclose(found, 1, atol=1e-6)
    assert len(losses) == 300


def test_demonstration(tmp_path, capsys):
    found = demonstration.main(steps=400, path=tmp_path / "plot.png")
    np.testing.assert_allclose(found, demonstration.PARAMETERS, rtol=1e-3)
    printed = capsys.readouterr().out
    assert "ratio" in printed and "tape" in printed


def test_runs_from_any_directory(tmp_path):
    finished = subprocess.run([sys.executable, "-m", "dpcompile"], cwd=tmp_path, capture_output=True, text=True,
                              env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert finished.returncode == 0, finished.stderr
    assert "true value 3" in finished.stdout


@pytest.mark.parametrize("target", ["user_kernels.py:energy", "user_kernels:energy"])
def test_check(kernels, capsys, target):
    assert command.main(["check", target]) == 0
    assert "energy" in capsys.readouterr().out


def test_check_with_arguments(kernels):
    assert command.main(["check", f"{kernels}:energy", "--args", "np.ones(4), 2"]) == 0


def test_explain(kernels, capsys):
    assert command.main(["explain", f"{kernels}:energy"]) == 0
    assert "energy" in capsys.readouterr().out


@pytest.mark.parametrize(("target", "complaint"), [
    ("user_kernels.py", "MODULE:FUNCTION"), ("absent.py:f", "no file"), ("absent_module:f", "absent_module"),
    ("user_kernels.py:absent", "absent"), ("user_kernels.py:sign", "sign_args"),
])
def test_usage_errors(kernels, capsys, target, complaint):
    assert command.main(["check", target]) == 1
    assert complaint in capsys.readouterr().err
