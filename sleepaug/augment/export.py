"""A learned policy leaves for braindecode: as its transforms, or as Python code that makes them.

An AugNet layer that selected a transform becomes that transform, always applied. A policy becomes
one Compose for each subpolicy, and layers that kept several transforms one for each combination;
of these one is to be drawn for each window.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sleepaug.augment.learned import NEGLIGIBLE
from sleepaug.support.errors import ConfigError

Step = tuple[str, dict[str, Any]]

SCALES = {
    "window": "zero mean and unit variance each",
    "recording": "each with a flat median spectrum over its recording",
    "none": "in microvolts",
}
"""What amounts in units of the windows refer to, by `Preprocessing.normalize`."""


def braindecode_step(
    name: str, amount: float, probability: float, sfreq: float, ch_names: Sequence[str]
) -> Step:
    """The class of `braindecode.augmentation` and its arguments for one transform.

    Parameters
    ----------
    name : str
        One of the 13 transforms.
    amount : float
        In the transform's own unit.
    probability : float
        With which it is applied; for the transforms whose amount is a probability the two are
        multiplied.
    sfreq : float
        Hz.
    ch_names : sequence of str
        Electrodes in the order of the channels.
    """
    p, channels = {"probability": probability}, {"ordered_ch_names": list(ch_names)}
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


def braindecode_steps(learned: Mapping[str, Any]) -> list[list[Step]]:
    """The steps of each Compose that a learned policy becomes.

    Parameters
    ----------
    learned : dict
        What `policy.json` holds.

    Returns
    -------
    list of lists of (class name, arguments)
        One for each subpolicy, or each combination of what AugNet's layers kept.

    Raises
    ------
    ConfigError
        There is nothing that braindecode could apply.
    """
    if "channels" not in learned:
        raise ConfigError("The run's examples are no EEG, so its policy means nothing elsewhere.")
    sfreq, ch_names = learned["sfreq"], learned["channels"]
    if "layers" in learned:
        return [
            [braindecode_step(e["transform"], e["amount"], 1.0, sfreq, ch_names) for e in one]
            for one in itertools.product(*filter(None, map(_chosen, learned["layers"])))
        ]
    if "policy" in learned:
        at_1 = {name: entry["amount"] for name, entry in learned["ranges"].items()}
        return [
            [braindecode_step(name, m * at_1[name], p, sfreq, ch_names) for name, p, m in steps]
            for steps in learned["policy"]
        ]
    raise ConfigError(
        f"Method '{learned['method']}' has no policy of EEG transforms that could be exported."
    )


def _chosen(layer: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of a layer's transforms those that it kept, or else the heaviest, if they do anything."""
    kept = [entry for entry in layer if entry.get("kept")]
    if "kept" not in layer[0]:
        kept = [max(layer, key=lambda entry: entry["weight"])]
    return [entry for entry in kept if entry["magnitude"] > NEGLIGIBLE]


def to_braindecode(learned: Mapping[str, Any]) -> list[Any]:
    """The learned policy as braindecode `Compose` objects; see `braindecode_steps`."""
    from sleepaug.support.braindecode_import import braindecode

    kinds = braindecode.augmentation
    return [
        kinds.Compose([getattr(kinds, name)(**arguments) for name, arguments in steps])
        for steps in braindecode_steps(learned)
    ]


def to_code(learned: Mapping[str, Any]) -> str:
    """The same as Python code, to be pasted where braindecode or skorch trains."""
    composes = []
    for steps in braindecode_steps(learned):
        lines = [
            f"    {name}({', '.join(f'{k}={_short(v)!r}' for k, v in arguments.items())}),\n"
            for name, arguments in steps
        ]
        composes.append("Compose([\n" + "".join(lines) + "])")
    used = sorted({name for steps in braindecode_steps(learned) for name, _ in steps})
    code = f"from braindecode.augmentation import {', '.join(['Compose', *used])}\n\n"
    made = f"method {learned['method']}: windows at {learned['sfreq']:g} Hz"
    code += f"# Learned by sleepaug, {made},\n"
    code += f"# channels {', '.join(learned['channels'])}, {SCALES[learned['normalize']]}.\n"
    if len(composes) == 1:
        return code + f"transform = {composes[0]}\n"
    inner = ",\n".join(composes)
    return code + f"# One of these is to be drawn for each window.\nsubpolicies = [\n{inner},\n]\n"


def _short(value: Any) -> Any:
    """A number with the four digits that matter."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
