"""Trunks by name: the networks from windows to logits that a setting may name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.support.errors import ConfigError
from sleepaug.support.plugins import plugins
from sleepaug.support.settings import did_you_mean


def make_trunk(
    name: str, *, n_chans: int, n_times: int, sfreq: float, n_classes: int, **options: Any
) -> nn.Module:
    """Build a trunk by name: one of `TRUNKS`, or any of braindecode's models.

    Parameters
    ----------
    name : str
        Of `TRUNKS`, or a class of ``braindecode.models``.
    n_chans, n_times : int
        Shape of a window.
    sfreq : float
        Sampling frequency in Hz.
    n_classes : int
        Number of stages.
    **options
        Further arguments of the trunk.

    Returns
    -------
    nn.Module
        (n_windows, n_chans, n_times) -> logits (n_windows, n_classes).

    Raises
    ------
    ConfigError
        No trunk has this name, or it cannot be built for this input.

    Examples
    --------
    >>> trunk = make_trunk("chambon2018", n_chans=2, n_times=3000, sfreq=100.0, n_classes=5)
    >>> sum(parameter.numel() for parameter in trunk.parameters())
    4987
    """
    make: Callable[..., nn.Module]
    if name in TRUNKS:
        make = TRUNKS[name]
    else:
        from sleepaug.models.braindecode import braindecode_trunk, networks

        if name not in networks():
            stagers = [network for network in networks() if "Sleep" in network]
            raise ConfigError(
                f"task.trunk: no network is called '{name}'. "
                f"{did_you_mean(name, [*TRUNKS, *stagers])}",
                parameters=("trunk",),
            )
        make = partial(braindecode_trunk, name)
    return make(n_chans=n_chans, n_times=n_times, sfreq=sfreq, n_classes=n_classes, **options)


def _spectral(**options: Any) -> nn.Module:
    from sleepaug.models.spectral import SpectralStager

    return SpectralStager(**options)


TRUNKS: dict[str, Callable[..., nn.Module]] = {"chambon2018": Chambon2018, "spectral": _spectral}
TRUNKS |= plugins("sleepaug.trunks", TRUNKS)
