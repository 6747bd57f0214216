"""Windows, transforms and the random numbers each transform consumes."""

import pytest
import torch

from sleepaug.augment import eeg_transforms

CH_NAMES = ["C3", "C4", "F3", "F4", "O1", "O2"]
NAMES = list(eeg_transforms(100.0, CH_NAMES))


def draw_for(name, x):
    """Random numbers which the transform `name` of the windows `x` can be given."""
    n_windows, n_chans, n_times = x.shape
    shape = {
        "gaussian_noise": None,
        "ft_surrogate": (n_windows, (n_times - 1) // 2),
        "channels_shuffle": (2, n_windows, n_chans),
        "channels_dropout": (n_windows, n_chans),
    }.get(name, (n_windows,))
    return torch.randn_like(x) if shape is None else torch.rand(shape, dtype=x.dtype)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(29)


@pytest.fixture(scope="session")
def transforms():
    return eeg_transforms(100.0, CH_NAMES)
