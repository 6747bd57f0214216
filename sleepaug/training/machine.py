"""The machine that a run computes on: what its numbers may depend on, and the device of a name."""

from __future__ import annotations

import platform
import shlex
import sys
import time
from typing import Any

import torch

from sleepaug import __version__
from sleepaug.support.errors import ConfigError


def environment(device: torch.device | str) -> dict[str, Any]:
    """Return what the numbers of a run may depend on: versions, machine, command line."""
    from importlib.metadata import version

    packages = ("torch", "numpy", "mne", "braindecode", "scikit-learn", "optuna")
    device = torch.device(device)
    return {
        "command": shlex.join(["sleepaug", *sys.argv[1:]]),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "sleepaug": __version__,
        **{name: version(name) for name in packages},
    }


def pick_device(name: str) -> torch.device:
    """Return the device of a name: "auto" is the GPU where there is one.

    Raises
    ------
    ConfigError
        "cuda" without a GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "run.device: 'cuda' was asked for, but torch finds no GPU. Use auto or cpu.",
            parameters=("device",),
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
