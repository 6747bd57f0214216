"""The wheel on its own: built, installed elsewhere into an empty environment, and put to work."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def call(*command, cwd):
    """Run a command without this repository on its path."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_wheel_stages_a_night_without_the_repository(tmp_path):
    """Needs a package index, and some minutes to download from it."""
    source = tmp_path / "source"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "_build", "demo")
    shutil.copytree(ROOT, source, ignore=unwanted)
    call(sys.executable, "-m", "build", "--outdir", tmp_path / "dist", source, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    assert wheel.stat().st_size < 3e6
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for path in (source / "sleepaug").rglob("*.*"):  # code, models, tables, templates, licences
        assert path.relative_to(source).as_posix() in names
    assert not [name for name in names if name.startswith(("tests", "docs", "benchmarks"))]
    venv.create(tmp_path / "env", with_pip=True)
    bin = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    call(bin / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    work = tmp_path / "ein Ort, où l'on dort"
    work.mkdir()
    sleepaug = bin / "sleepaug"
    where = call(bin / "python", "-c", "import sleepaug; print(sleepaug.__file__)", cwd=work)
    assert str(tmp_path) in where
    call(sleepaug, "simulate", "nights", "--nights", 1, "--hours", 0.2, cwd=work)
    call(sleepaug, "predict", "nights/01-03-0001 PSG.edf", "-o", "out", cwd=work)
    rows = (work / "out" / "01-03-0001 PSG.hypnogram.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 24  # epochs of 30 s
    assert "No problems found" in call(sleepaug, "doctor", cwd=work)
    assert sdist.stat().st_size < 5e6
