"""Models of braindecode as trunks."""

from __future__ import annotations

from typing import Any

from torch import nn

from sleepaug.support.braindecode_import import braindecode
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import did_you_mean


def braindecode_trunk(
    name: str, *, n_chans: int, n_times: int, sfreq: float, n_classes: int, **options: Any
) -> nn.Module:
    """Build a braindecode model that maps windows to logits.

    Parameters
    ----------
    name : str
        A class of `braindecode.models`, such as ``"SleepStagerBlanco2020"``.
    n_chans, n_times : int
        Shape of a window.
    sfreq : float
        Sampling frequency in Hz.
    n_classes : int
        Number of stages.
    **options
        Further arguments of that class.

    Returns
    -------
    nn.Module
        (n_windows, n_chans, n_times) -> (n_windows, n_classes).

    Raises
    ------
    ConfigError
        The model is unknown, or cannot be built for this input.
    """
    known = [n for n in dir(braindecode.models) if isinstance(getattr(braindecode.models, n), type)]
    if name not in known:
        near = did_you_mean(name, [n for n in known if n.startswith("Sleep")])
        raise ConfigError(f"task.trunk: braindecode has no model '{name}'. {near}")
    shape = {"n_chans": n_chans, "n_times": n_times, "sfreq": sfreq, "n_outputs": n_classes}
    try:
        return getattr(braindecode.models, name)(**shape, **options)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ConfigError(
            f"task.trunk: braindecode's {name} cannot be built for {n_chans} channels, {n_times} "
            f"samples at {sfreq:g} Hz with {options or 'its defaults'}: {error}"
        ) from error
