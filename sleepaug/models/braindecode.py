"""Models of braindecode as trunks."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from sleepaug.support.braindecode_import import braindecode
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import did_you_mean


def networks() -> dict[str, type[nn.Module]]:
    """Return the classes of `braindecode.models` that are networks, by name."""
    return {n: model for n, model in vars(braindecode.models).items() if _is_network(model)}


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
    known = networks()
    if name not in known:
        near = did_you_mean(name, [n for n in known if "Sleep" in n])
        raise ConfigError(
            f"task.trunk: braindecode has no model '{name}'. {near}", parameters=("trunk",)
        )
    shape = {"n_chans": n_chans, "n_times": n_times, "sfreq": sfreq, "n_outputs": n_classes}
    model, problem = _built(known[name], shape, options)
    if model is not None:
        return model
    if n_chans > 1 and _built(known[name], shape | {"n_chans": 1}, options)[0] is not None:
        advice = "It takes one channel only: train on one, such as C3."
    elif "chs_info" in problem:
        advice = "It needs the positions of the electrodes, which networks are not given here."
    else:
        advice = "Choose another model, or give it what it needs with task.trunk_options."
    raise ConfigError(
        f"task.trunk: braindecode's {name} does not take {n_chans} channel(s) of {n_times} samples "
        f"at {sfreq:g} Hz with {options or 'its defaults'}. {advice} It says: {problem}",
        parameters=("trunk", "channels"),
    )


def _is_network(model: object) -> bool:
    """Tell whether something in `braindecode.models` is a network."""
    return isinstance(model, type) and issubclass(model, nn.Module)


def _built(
    network: type[nn.Module], shape: dict[str, Any], options: dict[str, Any]
) -> tuple[nn.Module | None, str]:
    """Build a network and try it with two windows; None and the reason if that fails."""
    try:
        model = network(**shape, **options)
        was_training = model.training
        with torch.no_grad():
            logits = model.eval()(torch.zeros(2, shape["n_chans"], shape["n_times"]))
        model.train(was_training)
    except Exception as error:  # each network has checks, and errors, of its own
        return None, (str(error).strip() or type(error).__name__).split("\n")[0].rstrip(".") + "."
    expected = (2, shape["n_outputs"])
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != expected:
        got = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        return None, f"two windows give {got}, where {expected} is expected."
    return model, ""
