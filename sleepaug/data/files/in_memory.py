"""Recordings that are in memory: arrays and the epochs of MNE become an `mne.io.Raw`."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import ConfigError, RecordingError

if TYPE_CHECKING:
    import mne

VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6}
"""Units that samples may have, in volts."""


def array_as_raw(
    x: np.ndarray,
    sampling_rate: float | None,
    channel_names: Sequence[str] | None,
    unit: str | None = None,
) -> mne.io.BaseRaw:
    """Make a recording of samples.

    Parameters
    ----------
    x : ndarray of shape (n_chans, n_times) or (n_windows, n_chans, n_times)
        Windows last 30 s and follow each other. A sample that is missing is NaN, or masked.
    sampling_rate : float
        In Hz.
    channel_names : sequence of str
        Such as "C3-M2", in the order of the channels.
    unit : {"V", "mV", "uV"}, optional
        Of the samples; volts by default, as in MNE.

    Raises
    ------
    TypeError
        The rate or the names are not given, or the array holds no real numbers.
    ConfigError
        The rate, the names or the unit cannot be right.
    RecordingError
        The array has another shape.

    Examples
    --------
    >>> raw = array_as_raw(np.zeros((1, 6000)), 100.0, ["C3-M2"], "uV")
    >>> raw.ch_names, raw.times[-1].item()
    (['C3-M2'], 59.99)
    """
    import mne

    shape = f"An array of shape {x.shape}"
    if x.dtype.kind not in "fiu":
        raise TypeError(
            f"{shape} holds {x.dtype}; samples are real numbers. Several paths are a list."
        )
    if sampling_rate is None or channel_names is None:
        raise TypeError(
            f"{shape} does not say its rate and channels. Pass sampling_rate=HZ and "
            "channel_names=[...] as well, and unit='uV' if it is not in volts."
        )
    if x.ndim not in (2, 3) or not x.size:
        raise RecordingError(
            f"{shape} is no recording. Allowed: (channels, samples), or (windows, channels, "
            f"samples) with windows of {WINDOW_SECONDS:g} s."
        )
    rate = float(sampling_rate) if isinstance(sampling_rate, Real) else np.nan
    if not 0 < rate < np.inf:
        raise ConfigError(f"sampling_rate: expected a number of Hz, got {sampling_rate!r}.")
    factor = VOLTS.get("V" if unit is None else unit)
    if factor is None:
        raise ConfigError(f"unit: expected {', '.join(VOLTS)}, got {unit!r}.")
    names = _checked_names(channel_names, x.shape)
    if x.ndim == 3:
        _check_length(x.shape[0], x.shape[2], rate, shape)
        x = np.concatenate(x, axis=1)
    volts = np.ma.filled(x.astype(np.float64), np.nan) * factor
    info = mne.create_info(names, rate, "eeg")
    return mne.io.RawArray(volts, info, verbose="error")


def _checked_names(channel_names: Sequence[str], shape: tuple[int, ...]) -> list[str]:
    """Return the names of the channels of an array, or raise a ConfigError."""
    names = [channel_names] if isinstance(channel_names, str) else list(channel_names)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ConfigError(f"channel_names: expected different names, got {names!r}.")
    n_chans = shape[-2]
    if len(names) != n_chans:
        turned = " Is it (samples, channels)? Then pass x.T." if shape[-1] == len(names) else ""
        raise ConfigError(
            f"channel_names: {len(names)} for {n_chans} channels of an array of shape {shape}."
            + turned
        )
    return names


def epochs_as_raw(epochs: mne.BaseEpochs) -> mne.io.BaseRaw:
    """Join the epochs of MNE to the recording that they were cut from.

    Parameters
    ----------
    epochs : mne.Epochs
        Of 30 s, in order and without gaps; `EpochsArray` without events counts as such. Bad
        channels, the time of day and stretches annotated as bad stay what they are.

    Raises
    ------
    RecordingError
        The epochs have another length, or do not follow each other.

    Examples
    --------
    >>> import sleepaug, mne
    >>> raw = sleepaug.simulate_night(1, hours=0.05, ch_names=["C3"])
    >>> epochs = mne.make_fixed_length_epochs(raw, 30.0, verbose="error")
    >>> np.allclose(epochs_as_raw(epochs).get_data(), raw.get_data())
    True
    """
    import mne

    if not epochs.preload:  # now those that are to be rejected are dropped
        with mne.use_log_level("error"):
            epochs = epochs.copy().load_data()
    if not len(epochs):
        raise RecordingError("These epochs are none: all were dropped.")
    rate, n_times = float(epochs.info["sfreq"]), len(epochs.times)
    _check_length(len(epochs), n_times, rate, f"{type(epochs).__name__}")
    # Events count samples of the recording before any resampling; MNE has no public name for that.
    recorded_rate = float(epochs._raw_sfreq)
    onset = epochs.events[:, 0] / recorded_rate
    _check_order(onset, recorded_rate, len(epochs.drop_log) - len(epochs))
    x = np.concatenate(epochs.get_data(copy=False, verbose="error"), axis=1)
    first = round((onset[0] + epochs.tmin) * rate)
    raw = mne.io.RawArray(x, epochs.info.copy(), max(first, 0), verbose="error")
    bad = [
        (k * WINDOW_SECONDS + begin - epochs.tmin, duration, text)
        for k, annotations in enumerate(epochs.get_annotations_per_epoch())
        for begin, duration, text, *_ in annotations
        if text.upper().startswith("BAD")
    ]
    if bad:
        raw.set_annotations(mne.Annotations(*zip(*bad, strict=True)), verbose="error")
    return raw


def _check_length(n_windows: int, n_times: int, rate: float, what: str) -> None:
    """Raise a RecordingError where windows are not 30 s long, to a sample in the whole night."""
    wanted = WINDOW_SECONDS * rate
    if n_windows * abs(n_times - wanted) < 1:
        return
    extra = " That is one too many: make them with tmax=30 - 1/rate." * (n_times == wanted + 1)
    raise RecordingError(
        f"{what}: {n_windows} windows of {n_times} samples at {rate:g} Hz last {n_times / rate:g} "
        f"s each; {WINDOW_SECONDS:g} s ({wanted:g} samples) are needed.{extra}"
    )


def _check_order(onset: np.ndarray, rate: float, n_dropped: int) -> None:
    """Raise a RecordingError where epochs do not follow each other every 30 s."""
    steps = np.diff(onset)
    counted = np.array_equal(np.rint(steps * rate), np.ones(len(steps)))  # of EpochsArray
    wrong = np.flatnonzero(abs(steps - WINDOW_SECONDS) > 1.5 / rate)
    if counted or not len(wrong):
        return
    k = int(wrong[0])
    dropped = f" Dropped epochs: {n_dropped}." if n_dropped else ""
    raise RecordingError(
        f"Epoch {k + 1} begins {steps[k]:g} s after epoch {k} (counted from 0); epochs must follow "
        f"each other every {WINDOW_SECONDS:g} s.{dropped} Pass the Raw, or make them with "
        "mne.make_fixed_length_epochs(raw, 30, reject_by_annotation=False)."
    )
