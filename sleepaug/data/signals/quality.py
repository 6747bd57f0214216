"""Whether samples can be EEG: flat stretches and impossible amplitudes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sleepaug.data.files.edf import USUAL_MICROVOLTS

PLAUSIBLE_MICROVOLTS = (1.0, 2000.0)
"""Typical amplitudes (median of the standard deviations in 30 s) that EEG can have."""
WRONG_UNITS = ((1e-3, "mV", "uV"), (1e-6, "V", "uV"), (1e3, "uV", "mV"), (1e6, "uV", "V"))
"""Units that are mistaken for each other: the factor, what the header says, what is meant."""
ROUNDING = 4e-6
"""Relative difference of extremes below which a stretch is constant."""


def is_flat(x: np.ndarray) -> np.ndarray:
    """Tell which stretches are constant but for rounding.

    Parameters
    ----------
    x : ndarray of shape (..., n_times)

    Returns
    -------
    ndarray of shape (...), bool
        False where a sample is NaN.

    Examples
    --------
    >>> is_flat(np.array([[3.0, 3.0, 3.0], [3.0, 3.0, 3.1]])).tolist()
    [True, False]
    """
    return is_constant(x.min(axis=-1), x.max(axis=-1))


def is_constant(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which extremes are equal but for rounding."""
    return high - low <= ROUNDING * np.maximum(abs(low), abs(high))


def amplitude_problems(
    x: Sequence[np.ndarray], names: Sequence[str], n_times: int, unit_rule: str = ""
) -> dict[str, str]:
    """Find channels whose typical amplitude cannot be that of EEG in microvolts.

    Parameters
    ----------
    x : sequence of ndarray of shape (n_samples,)
        The signal of each channel in microvolts; NaN where samples are missing.
    names : sequence of str
        Of the channels.
    n_times : int
        Samples of a window.
    unit_rule : str
        See `unit_suggestion`.

    Returns
    -------
    dict of str to str
        For each channel that has a problem, the end of a sentence that begins with its name.
    """
    lowest, highest = PLAUSIBLE_MICROVOLTS
    problems = {}
    for name, signal in zip(names, x, strict=True):
        windows = signal[: len(signal) // n_times * n_times].reshape(-1, n_times)
        incomplete = np.isnan(windows).any(axis=1)
        usable = windows[~is_flat(windows) & ~incomplete]
        if not len(usable):
            problem = (
                "has missing samples in every window"
                if incomplete.all()
                else "is flat (constant), from start to end"
            )
            problems[name] = f"{problem}. Map another to '{name}', or train on other channels."
            continue
        amplitude = float(np.median(usable.std(axis=1)))
        if not lowest <= amplitude <= highest:
            problems[name] = (
                f"has a typical amplitude of {amplitude:.3g} uV (standard deviation in 30 s), EEG "
                f"has {lowest:g} to {highest:g} uV. {unit_suggestion(amplitude, unit_rule)}"
            )
    return problems


def unit_suggestion(amplitude: float, unit_rule: str = "") -> str:
    """Say what may be wrong with the unit of a channel.

    Parameters
    ----------
    amplitude : float
        Its typical amplitude in microvolts, if the header is right.
    unit_rule : str
        How the unit is known where there is no header; see `OpenRecording`.

    Examples
    --------
    >>> unit_suggestion(30_000)
    "Does the file's header say mV where uV is meant? Correct it there."
    """
    lowest, highest = USUAL_MICROVOLTS
    for factor, stated, meant in WRONG_UNITS:
        if lowest <= amplitude * factor <= highest:
            if unit_rule:
                return f"Times {factor:g} it would be EEG: {unit_rule}"
            return f"Does the file's header say {stated} where {meant} is meant? Correct it there."
    if unit_rule:
        return f"Is it an EEG channel, in the right unit? Note: {unit_rule}"
    return "Is it an EEG channel? Correct the unit in the file's header, or map another channel."
