"""Writes model files, for the tests that need one."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from sleepaug.augment import AugmentedModel, Identity
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.models.trunks import make_trunk
from sleepaug.support.plain import plain

CHANNELS = ("C3", "C4", "F3", "F4", "O1", "O2")


def described(**more: Any) -> dict[str, Any]:
    """What a model file says of itself, with some entries replaced."""
    return {
        "channels": list(CHANNELS),
        "sfreq": 100.0,
        "trunk": "chambon2018",
        "trunk_options": {},
        "preprocessing": plain(Preprocessing()),
        "augmentation": None,
        "copies_eval": 1,
        "method": "fixed",
        "missing_channels": "zero",
        "temperature": {"none": 2.0, "transitions": 3.0},
        "prior": None,
        "trained_on": {"data": "simulated", "n_windows": 7},
        **more,
    }


def write_model(path: Path, **more: Any) -> Path:
    """Write a model of six channels with random weights; `more` replaces what it says of itself."""
    torch.manual_seed(0)
    trunk = make_trunk("chambon2018", n_chans=6, n_times=3000, sfreq=100.0, n_classes=5)
    weights = AugmentedModel(Identity(), trunk).state_dict()
    save_file(weights, path, metadata={"sleepaug": json.dumps(described(**more))})
    return path
