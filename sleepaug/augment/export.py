"""A learned policy for braindecode: as its transforms, or as Python code that makes them.

An AugNet layer that selected a transform becomes that transform, always applied. A policy becomes
one Compose for each subpolicy, and layers that kept several transforms one for each combination;
of these one is to be drawn for each window.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from sleepaug.augment.electrodes import electrode
from sleepaug.augment.learned import NEGLIGIBLE, Learned, LearnedLayer, LearnedTransform
from sleepaug.support.errors import ConfigError

Step = tuple[str, dict[str, Any]]

SHARE = 0.05
"""A transform with a smaller share of its layer is no loss."""

SCALES = {
    "window": "zero mean and unit variance each",
    "recording": "each with a flat median spectrum over its recording",
    "none": "in microvolts",
    None: "scaled in an unknown way",
}
"""What amounts in units of the windows refer to, by `Preprocessing.normalize`."""


def braindecode_step(
    name: str, amount: float, probability: float, sfreq: float, ch_names: Sequence[str]
) -> Step:
    """Return the class of `braindecode.augmentation` and its arguments for one transform.

    Parameters
    ----------
    name : str
        One of the 13 transforms of EEG.
    amount : float
        In the transform's own unit.
    probability : float
        With which it is applied; for the transforms whose amount is a probability the two are
        multiplied.
    sfreq : float
        Hz.
    ch_names : sequence of str
        The channels in their order; braindecode is given their electrodes.

    Returns
    -------
    name : str
    arguments : dict

    Raises
    ------
    ConfigError
        braindecode has no such transform.

    Examples
    --------
    >>> braindecode_step("gaussian_noise", 0.1, 0.5, 100.0, ["C3"])
    ('GaussianNoise', {'probability': 0.5, 'std': 0.1})
    """
    p = {"probability": probability}
    channels = {"ordered_ch_names": [electrode(name) or name for name in ch_names]}
    switch = {"probability": probability * amount}
    makers: dict[str, Step] = {
        "time_reverse": ("TimeReverse", switch),
        "time_masking": ("SmoothTimeMask", {**p, "mask_len_samples": max(1, round(amount))}),
        "gaussian_noise": ("GaussianNoise", {**p, "std": amount}),
        "ft_surrogate": ("FTSurrogate", {**p, "phase_noise_magnitude": amount / (2 * math.pi)}),
        "frequency_shift": ("FrequencyShift", {**p, "sfreq": sfreq, "max_delta_freq": amount}),
        "bandstop_filter": (
            "BandstopFilter",
            {**p, "sfreq": sfreq, "bandwidth": amount, "max_freq": min(30.0, sfreq / 2)},
        ),
        "sign_flip": ("SignFlip", switch),
        "channels_symmetry": ("ChannelsSymmetry", {**switch, **channels}),
        "channels_shuffle": ("ChannelsShuffle", {**p, "p_shuffle": amount}),
        "channels_dropout": ("ChannelsDropout", {**p, "p_drop": amount}),
        **{
            f"rotation_{axis}": (
                f"Sensors{axis.upper()}Rotation",
                {**p, **channels, "max_degrees": amount},
            )
            for axis in "xyz"
        },
    }
    if name not in makers:
        raise ConfigError(f"'{name}' has no counterpart in braindecode.")
    return makers[name]


def braindecode_steps(learned: Learned) -> list[list[Step]]:
    """Return the steps of each Compose that a learned policy becomes.

    Parameters
    ----------
    learned : Learned
        With the method, the channels and the rate.

    Returns
    -------
    list of lists of (class name, arguments)
        One for each subpolicy, or each combination of what AugNet's layers kept.

    Raises
    ------
    ConfigError
        There is nothing that braindecode could apply.
    """
    if learned.channels is None or learned.sfreq is None:
        raise ConfigError("The run's examples are no EEG, so its policy means nothing elsewhere.")
    sfreq, ch_names = learned.sfreq, learned.channels
    if learned.layers is not None:
        return [
            [braindecode_step(e.transform, e.amount, 1.0, sfreq, ch_names) for e in combination]
            for combination in itertools.product(*filter(None, map(_effective, learned.layers)))
        ]
    if learned.policy is not None:
        at_1 = {name: full.amount for name, full in (learned.ranges or {}).items()}
        return [
            [braindecode_step(name, m * at_1[name], p, sfreq, ch_names) for name, p, m in steps]
            for steps in learned.policy
        ]
    raise ConfigError(
        f"Method '{learned.method}' has no policy of EEG transforms that could be exported."
    )


def _effective(layer: LearnedLayer) -> list[LearnedTransform]:
    """Return the transforms that a layer kept, or else the heaviest, if they do anything."""
    chosen = [entry for entry in layer if entry.kept]
    if layer[0].kept is None:
        chosen = [max(layer, key=lambda entry: entry.weight)]
    return [entry for entry in chosen if entry.magnitude > NEGLIGIBLE]


def lost(learned: Learned) -> list[str]:
    """Say what braindecode's transforms cannot express of layers that mix several.

    Examples
    --------
    >>> from sleepaug.augment.learned import LearnedTransform
    >>> noise = LearnedTransform("gaussian_noise", 0.6, 0.5, 0.1, "std")
    >>> reverse = LearnedTransform("time_reverse", 0.4, 0.5, 0.25, "probability")
    >>> print(lost(Learned(layers=[[noise, reverse]]))[0].partition(":")[2])
     only gaussian noise (weight 0.60) is exported; time reverse (0.40) is lost.
    """
    lines = []
    for number, layer in enumerate(learned.layers or (), start=1):
        heaviest = max(layer, key=lambda entry: entry.weight)
        others = [
            f"{e.words} ({e.weight:.2f})"
            for e in layer
            if e is not heaviest and e.kept is None and e.weight >= SHARE
            and e.magnitude > NEGLIGIBLE
        ]  # fmt: skip
        if others:
            main = f"{heaviest.words} (weight {heaviest.weight:.2f})"
            lines.append(
                f"Layer {number} mixes transforms: only {main} is exported; {', '.join(others)} "
                f"{'is' if len(others) == 1 else 'are'} lost."
            )
    return lines


def to_braindecode(learned: Learned) -> list[Any]:
    """Return the learned policy as braindecode `Compose` objects; see `braindecode_steps`."""
    from sleepaug.support.braindecode_import import braindecode

    kinds = braindecode.augmentation
    return [
        kinds.Compose([getattr(kinds, name)(**arguments) for name, arguments in steps])
        for steps in braindecode_steps(learned)
    ]


def to_code(learned: Learned) -> str:
    """Return the same as Python code, to be pasted where braindecode or skorch trains."""
    composes = []
    for steps in braindecode_steps(learned):
        lines = [
            f"    {name}({', '.join(f'{k}={_short(v)!r}' for k, v in arguments.items())}),\n"
            for name, arguments in steps
        ]
        composes.append("Compose([\n" + "".join(lines) + "])")
    used = sorted({name for steps in braindecode_steps(learned) for name, _ in steps})
    code = f"from braindecode.augmentation import {', '.join(['Compose', *used])}\n\n"
    code += f"# Learned by sleepaug, method {learned.method}: windows at {learned.sfreq:g} Hz,\n"
    code += f"# channels {', '.join(learned.channels or ())}, {SCALES[learned.normalize]}.\n"
    code += "".join(f"# {line}\n" for line in lost(learned))
    if len(composes) == 1:
        return code + f"transform = {composes[0]}\n"
    inner = ",\n".join(composes)
    return code + f"# One of these is to be drawn for each window.\nsubpolicies = [\n{inner},\n]\n"


def _short(value: Any) -> Any:
    """Return a number with the four digits that matter."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
