"""The 13 transforms of EEG windows (Table 4 of the AugNet paper), and which of them apply."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import partial

from torch import Tensor

from sleepaug.augment.eeg_frequency import bandstop_filter, frequency_shift, ft_surrogate
from sleepaug.augment.eeg_sensors import (
    channels_dropout,
    channels_shuffle,
    channels_symmetry,
    dropout_matrix,
    shuffle_matrix,
    sign_flip,
    sign_matrix,
    symmetry_matrix,
)
from sleepaug.augment.eeg_terms import (
    mask_terms,
    noise_terms,
    reverse_terms,
    shift_terms,
    surrogate_terms,
)
from sleepaug.augment.eeg_time import gaussian_noise, time_masking, time_reverse
from sleepaug.augment.electrodes import POSITIONS, electrode, mirrored
from sleepaug.augment.rotation import Rotation, rotation
from sleepaug.augment.transform import Transform, Transforms
from sleepaug.support.errors import ConfigError
from sleepaug.support.plugins import plugins

TIME_FREQUENCY = (
    "time_reverse",
    "time_masking",
    "gaussian_noise",
    "ft_surrogate",
    "frequency_shift",
)
"""What AugNet's time-frequency layers choose from (the band-stop filter has no gradient)."""

SENSORS = (
    "sign_flip",
    "channels_symmetry",
    "channels_shuffle",
    "channels_dropout",
    "rotation_x",
    "rotation_y",
    "rotation_z",
)
"""What AugNet's sensors layers choose from."""

LOWEST_SFREQ = 10.0
LOW_PASS = 30.0
"""Above this frequency (Hz) the preprocessing leaves nothing for the band-stop filter to remove."""


def eeg_transforms(
    sfreq: float,
    ch_names: Sequence[str],
    *,
    official: bool = False,
    shuffle_estimator: str | None = None,
) -> dict[str, Transform]:
    """Return all 13 transforms of Table 4, in its order, for one sampling rate and montage.

    Transforms that other packages register follow them.

    Parameters
    ----------
    sfreq : float
        Sampling frequency in Hz, at least 10.
    ch_names : sequence of str
        Channel names in the order of the windows' channels.
    official : bool
        Take the ranges of the authors' code where they differ from the paper's: masks of up to 100
        samples instead of 200, and a probability of 1 instead of 1/2 at magnitude 1 for time
        reverse, sign flip and channels symmetry. It also changes the default `shuffle_estimator`.
    shuffle_estimator : {"score", "straight_through"}, optional
        Gradient of the channels shuffle; see `channels_shuffle`. By default "score", and the
        authors' "straight_through" where `official` is set.

    Returns
    -------
    dict of Transform
        ``transforms[name](x, magnitude)`` applies one. See `inapplicable` for those which cannot
        do anything on these channels; calling a rotation without positions raises a ConfigError.

    Raises
    ------
    ConfigError
        The rate is too low, there is no channel, or the estimator is unknown.

    Notes
    -----
    Probability 1/2 is the uniform law over a group of two. Probability 1 would be a deterministic
    flip, which the regularizer rewards although nothing became invariant.

    Examples
    --------
    >>> transforms = eeg_transforms(100.0, ["C3", "C4"])
    >>> transforms["frequency_shift"].amount_at_1, transforms["frequency_shift"].unit
    (5.0, 'Hz')
    """
    if sfreq < LOWEST_SFREQ:
        raise ConfigError(f"sfreq: at least {LOWEST_SFREQ:g} Hz are needed, got {sfreq:g}.")
    if not ch_names:
        raise ConfigError("ch_names: at least one channel is needed, got none.")
    if shuffle_estimator is None:
        shuffle_estimator = "straight_through" if official else "score"
    if shuffle_estimator not in ("straight_through", "score"):
        raise ConfigError(
            "shuffle_estimator: 'straight_through' and 'score' are allowed, "
            f"got {shuffle_estimator!r}."
        )
    transforms = [
        *_of_time_and_frequency(sfreq, official=official),
        *_of_sensors(ch_names, official=official, estimator=shuffle_estimator),
    ]
    named = Transforms((transform.name, transform) for transform in transforms)
    others = plugins("sleepaug.transforms", named)
    named.update((name, make(sfreq, ch_names)) for name, make in others.items())
    return named


def _of_time_and_frequency(sfreq: float, *, official: bool) -> list[Transform]:
    """Return the first six transforms of Table 4."""
    probability, samples = (1.0, 100.0) if official else (0.5, 200.0)
    shift = partial(frequency_shift, sfreq=sfreq)
    bandstop = partial(bandstop_filter, sfreq=sfreq, max_freq=min(LOW_PASS, sfreq / 2))
    return [
        Transform("time_reverse", time_reverse, probability, terms=reverse_terms),
        Transform("time_masking", time_masking, samples, "samples", terms=mask_terms),
        Transform("gaussian_noise", gaussian_noise, 0.2, "std", terms=noise_terms),
        Transform("ft_surrogate", ft_surrogate, 2 * math.pi, "radians", terms=surrogate_terms),
        Transform("frequency_shift", shift, 5.0, "Hz", terms=partial(shift_terms, sfreq=sfreq)),
        Transform("bandstop_filter", bandstop, 2.0, "Hz", differentiable=False),
    ]


def _of_sensors(ch_names: Sequence[str], *, official: bool, estimator: str) -> list[Transform]:
    """Return the last seven transforms of Table 4."""
    probability, partners = 1.0 if official else 0.5, mirrored(ch_names)
    symmetry = partial(channels_symmetry, partners=partners)
    symmetry_of = partial(symmetry_matrix, partners=partners)
    shuffle = partial(channels_shuffle, estimator=estimator)
    shuffle_of = partial(shuffle_matrix, estimator=estimator)
    return [
        Transform("sign_flip", sign_flip, probability, matrix=sign_matrix),
        Transform("channels_symmetry", symmetry, probability, matrix=symmetry_of),
        Transform("channels_shuffle", shuffle, 1.0, "fraction", matrix=shuffle_of),
        Transform("channels_dropout", channels_dropout, 1.0, "fraction", matrix=dropout_matrix),
        *(_rotation(axis, ch_names) for axis in "xyz"),
    ]


def _without_position(ch_names: Sequence[str]) -> list[str]:
    """Return the channels which are not a single electrode of the 10-20 system."""
    return [name for name in ch_names if electrode(name) is None]


def _rotation(axis: str, ch_names: Sequence[str]) -> Transform:
    """Return the rotation about ``axis``; without positions, one that says why it cannot rotate."""
    unknown = _without_position(ch_names)
    if not unknown:
        electrodes = tuple(e for e in map(electrode, ch_names) if e is not None)
        apply = partial(rotation, axis=axis, electrodes=electrodes)
        matrix = Rotation(axis, electrodes)
        return Transform(f"rotation_{axis}", apply, 30.0, "degrees", matrix=matrix)

    def refuse(x: Tensor, amount: Tensor) -> Tensor:
        raise ConfigError(
            f"rotation_{axis} needs the position of every channel, and {', '.join(unknown)} is no "
            f"electrode of the 10-20 system ({', '.join(POSITIONS)}). Leave the transform out, or "
            "name the channels after electrodes."
        )

    return Transform(f"rotation_{axis}", refuse, 30.0, "degrees")


def inapplicable(ch_names: Sequence[str]) -> dict[str, str]:
    """Return which transforms can do nothing on these channels, and why.

    Parameters
    ----------
    ch_names : sequence of str
        Channel names in the order of the windows' channels.

    Returns
    -------
    dict of str
        The reason, by the name of the transform.

    Examples
    --------
    >>> inapplicable(["C3", "C4", "F3", "F4", "O1", "O2"])
    {}
    >>> inapplicable(["EEG Fpz-Cz", "EEG Pz-Oz"])["channels_symmetry"]
    'no channel has a left-right partner'
    """
    reasons: dict[str, str] = {}
    one = "one channel has nothing to exchange with"
    if len(ch_names) == 1:
        reasons |= {"channels_symmetry": one, "channels_shuffle": one}
    elif mirrored(ch_names) == tuple(range(len(ch_names))):
        reasons["channels_symmetry"] = "no channel has a left-right partner"
    unknown = _without_position(ch_names)
    for axis in "xyz":
        if len(ch_names) == 1:
            reasons[f"rotation_{axis}"] = "one channel cannot be interpolated from others"
        elif unknown:
            reasons[f"rotation_{axis}"] = f"no 10-20 position is known for {', '.join(unknown)}"
    return reasons


def augnet_layers(names: Collection[str]) -> list[list[str]]:
    """Return the transforms of AugNet's three layers: sensors, then twice time-frequency.

    Parameters
    ----------
    names : collection of str
        Only these are taken, such as the keys of the transforms that apply to the channels (see
        `inapplicable`); a layer left with none is left out.

    Notes
    -----
    Source: Section 5.2.

    Examples
    --------
    >>> augnet_layers(["sign_flip", "time_reverse", "gaussian_noise"])
    [['sign_flip'], ['time_reverse', 'gaussian_noise'], ['time_reverse', 'gaussian_noise']]
    """
    groups = (SENSORS, TIME_FREQUENCY, TIME_FREQUENCY)
    layers = [[name for name in group if name in names] for group in groups]
    return [layer for layer in layers if layer]


def applicable(sfreq: float, ch_names: Sequence[str], ranges: str) -> dict[str, Transform]:
    """Return the transforms of Table 4 that can do something on these channels.

    Parameters
    ----------
    sfreq : float
        Sampling frequency in Hz, at least 10.
    ch_names : sequence of str
        Channel names in the order of the windows' channels.
    ranges : {"paper", "official"}
        What magnitude 1 means; see `eeg_transforms`.
    """
    left_out = inapplicable(ch_names)
    transforms = eeg_transforms(sfreq, ch_names, official=ranges == "official")
    return {name: t for name, t in transforms.items() if name not in left_out}
