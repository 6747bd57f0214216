"""Another installed package adds a dataset, a trunk and a transform, used from the command line."""

import os
import subprocess
import sys

import pytest

from sleepaug.support.errors import ConfigError
from sleepaug.support.plugins import plugins

CODE = """
from sleepaug.augment import Transform
from sleepaug.data.datasets.edf_folder import edf_folder
from torch import nn

def lab(folder):
    return edf_folder(folder)

def tiny(*, n_chans, n_times, sfreq, n_classes):
    n = n_chans * n_times // 100
    return nn.Sequential(nn.AvgPool1d(100), nn.Flatten(), nn.Linear(n, n_classes))

def gain(sfreq, ch_names):
    return Transform("gain", lambda x, amount: x * (1 + amount)[:, None, None], 0.5, "factor")
"""
ENTRIES = """
[sleepaug.datasets]
lab = other_lab:lab
mass = other_lab:lab
[sleepaug.trunks]
tiny = other_lab:tiny
[sleepaug.transforms]
gain = other_lab:gain
"""


@pytest.fixture
def package(tmp_path):
    """A package as pip leaves it: a module, and its entry points beside it."""
    folder = tmp_path / "site"
    (folder / "other_lab-1.0.dist-info").mkdir(parents=True)
    (folder / "other_lab.py").write_text(CODE)
    (folder / "other_lab-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: other-lab\nVersion: 1.0\n"
    )
    (folder / "other_lab-1.0.dist-info" / "entry_points.txt").write_text(ENTRIES)
    return folder


def test_they_are_used_from_the_command_line(package, nights_of_a_lab, tmp_path):
    path = os.pathsep.join([str(package), *filter(None, sys.path)])
    settings = {
        "task.trunk": "tiny", "task.n_folds": 1, "training.epochs": 1,
        "method.layers": "[[gain, sign_flip]]",
    }  # fmt: skip
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    command = ["train", "--method=augnet", "--data=lab", "--data-dir", nights_of_a_lab]
    command += ["--channels=C3", "--fold=0", "-o", tmp_path / "run", *words]
    done = subprocess.run(
        [sys.executable, "-m", "sleepaug", *map(str, command)],
        capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": path, "SLEEPAUG_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "other_lab:lab is not used: the name 'mass' in sleepaug.datasets is taken" in done.stderr
    assert (tmp_path / "run" / "metrics.json").exists()


@pytest.fixture
def nights_of_a_lab(tmp_path):
    from sleepaug.simulation.night import simulate_night

    folder = tmp_path / "nights"
    folder.mkdir()
    for person in range(3):
        raw = simulate_night(person, hours=0.1, ch_names=["C3"])
        raw.export(folder / f"p{person}.edf", verbose="error")
        (folder / f"p{person}.txt").write_text("W 1 2 3 R 2 W W 1 2 3 R")
    return folder


def test_a_package_that_cannot_be_imported_is_named(package, monkeypatch):
    (package / "other_lab.py").write_text("import no_such_module")
    monkeypatch.syspath_prepend(package)
    tiny = plugins("sleepaug.trunks")["tiny"]
    with pytest.raises(ConfigError, match=r"tiny: the entry point other_lab:tiny .*no_such_module"):
        tiny(n_chans=1)
