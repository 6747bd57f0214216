"""How features vary between laboratories, recorders and people: variation drawn in training.

Each is what a change of the signal does to its features, which are logarithms for the most part: a
gain adds the same to all powers, a tilt of the spectrum more to the fast ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sleepaug.data.signals.features import EDGES, NAMES

PIVOT = 8.0
"""Hz: a tilt leaves the power here as it is."""
SHARED = 0.7
"""Of a variation, the part that all channels of a recording share, and the part each has alone."""


@dataclass(frozen=True)
class Variation:
    """Standard deviations of what is drawn; those of `gain` and `tilt` are in natural logarithms
    of amplitude, the others in standard deviations of each feature.

    Attributes
    ----------
    gain, tilt : float
        Of amplitude, and of the slope of the spectrum, for each recording and channel.
    offset : float
        Of every feature, for each recording and channel.
    stage, stage_gain : float
        Of every feature, and of amplitude, for each stage of a recording.
    wake : (float, float)
        Limits of a further gain of wake, in 6 of 10 recordings: some lie awake with little EEG.
    spread : float
        Of how far a feature varies within the recording, as a logarithm.
    drift, noise : float
        Of slow changes of a feature within the recording, and of each window.
    """

    gain: float = 0.6
    tilt: float = 0.4
    offset: float = 0.5
    stage: float = 0.2
    stage_gain: float = 0.3
    wake: tuple[float, float] = (-1.2, 0.2)
    spread: float = 0.3
    drift: float = 0.25
    noise: float = 0.3


Limits = tuple[float, float]
ALL_OF_IT: Limits = (1.0, 1.0)
NOTHING: Limits = (0.0, 0.0)
Amount = float | Tensor
"""In the units of `Variation`; a Tensor of shape (n, 1, 1, 1) has one for each recording."""


def directions() -> np.ndarray:
    """Return how features change with log-amplitude, and with a tilt; shape (2, n_features).

    Powers change by twice the gain; a tilt of 1 is a factor e of amplitude for e times the
    frequency. What amplitude, slow waves and the others do with a tilt was measured on white noise
    between pink and blue.
    """
    gain, tilt = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    centres = dict(
        zip(
            (name for name in NAMES if name.startswith("power ")),
            np.sqrt(np.array(EDGES[:-1]) * np.array(EDGES[1:])),
            strict=True,
        )
    )
    with_tilt = {
        **{"amplitude": -1.2, "range": -1.2, "slow waves": -1.0, "mobility": 0.8, "edge": 0.8},
        **{"crossings": 0.8, "complexity": -0.3, "autocorrelation": -0.3},
    }
    for k, name in enumerate(NAMES):
        if name in centres:
            gain[k], tilt[k] = 2.0, 2 * np.log(centres[name] / PIVOT)
        gain[k] = 1.0 if name in ("amplitude", "range", "slow waves") else gain[k]
        tilt[k] = with_tilt.get(name, tilt[k])
    return np.stack([gain, tilt])


def vary(
    z: Tensor, y: Tensor, variation: Variation, ways: Tensor, share: Limits = ALL_OF_IT
) -> Tensor:
    """Draw variation for a batch of recordings.

    Parameters
    ----------
    z : Tensor of shape (n, n_windows, n_chans, n_features)
        Features in standard deviations.
    y : Tensor of shape (n, n_windows)
        Stages; those below 0 count as the first.
    variation : Variation
    ways : Tensor of shape (2, n_features)
        `directions`, in standard deviations of each feature.
    share : (float, float)
        Limits of the part of all this that a recording gets, 0 to 1.

    Returns
    -------
    Tensor, of the shape of `z`
    """
    gain, tilt = ways.to(z)
    varied = along(z, gain, variation.gain)
    varied = along(varied, tilt, variation.tilt)
    varied = offset(varied, variation.offset)
    varied = _of_stages(varied, y, variation, gain)
    varied = spread(varied, variation.spread)
    varied = drift(varied, variation.drift)
    varied = noise(varied, variation.noise)
    low, high = share
    own = low + (high - low) * torch.rand(len(z), 1, 1, 1)
    return torch.lerp(z, varied, own.to(z))


def along(z: Tensor, direction: Tensor, amount: Amount) -> Tensor:
    """Move the features of each recording and channel along a direction (n_features,)."""
    return z + amount * _shared(z, 1) * direction


def offset(z: Tensor, amount: Amount) -> Tensor:
    """Move each feature of each recording and channel by itself."""
    return z + amount * _drawn(z, 1, z.shape[2], z.shape[3])


def spread(z: Tensor, amount: Amount) -> Tensor:
    """Let each feature vary more or less around its mean over a recording."""
    middle = z.mean(1, keepdim=True)
    n_chans, n_features = z.shape[2:]
    width = amount * SHARED * (_drawn(z, 1, n_chans, n_features) + _drawn(z, 1, n_chans, 1))
    return middle + (z - middle) * width.exp()


def drift(z: Tensor, amount: Amount) -> Tensor:
    """Let each feature of each recording and channel change slowly, over some 40 windows."""
    n, n_windows, n_chans, n_features = z.shape
    knots = torch.randn(n * n_chans, n_features, n_windows // 40 + 2, device=z.device)
    slow = F.interpolate(knots, size=n_windows, mode="linear")
    return z + amount * slow.reshape(n, n_chans, n_features, n_windows).permute(0, 3, 1, 2)


def noise(z: Tensor, amount: Amount) -> Tensor:
    """Change each feature of each window and channel by itself."""
    return z + amount * torch.randn_like(z)


def _of_stages(z: Tensor, y: Tensor, variation: Variation, gain: Tensor) -> Tensor:
    """Vary each stage of a recording by itself, and how loud wake is."""
    n, n_windows, n_chans, n_features = z.shape
    own = (
        variation.stage * SHARED * (_drawn(z, 5, 1, n_features) + _drawn(z, 5, n_chans, n_features))
    )
    own = own + variation.stage_gain * _drawn(z, 5, n_chans, 1) * gain
    stage = y.clamp(min=0)[:, :, None, None].expand(n, n_windows, n_chans, n_features)
    z = z + torch.gather(own, 1, stage)
    low, high = variation.wake
    softer = (low + (high - low) * torch.rand(n, 1, 1, 1)) * (torch.rand(n, 1, 1, 1) < 0.6)
    return z + softer.to(z) * gain * (y == 0)[:, :, None, None]


def _drawn(z: Tensor, *shape: int) -> Tensor:
    """Draw values (n, ...) for the recordings of a batch."""
    return torch.randn(len(z), *shape, device=z.device)


def _shared(z: Tensor, n_values: int) -> Tensor:
    """Draw values of each recording and channel, of which `SHARED` is the recording's."""
    return SHARED * (_drawn(z, 1, 1, n_values) + _drawn(z, 1, z.shape[2], n_values))
