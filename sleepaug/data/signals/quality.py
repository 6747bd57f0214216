"""Whether samples can be EEG: flat stretches, impossible amplitudes, and limits of the amplifier.

The limits of the amplifier and hum are gone after the low-pass. `QualityMonitor` stands in for a
recording, looks at what is read through it, and keeps four numbers for each channel and each 30 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from sleepaug.data.files.edf import USUAL_MICROVOLTS
from sleepaug.data.files.open import OpenRecording
from sleepaug.data.stages import WINDOW_SECONDS

PLAUSIBLE_MICROVOLTS = (1.0, 2000.0)
"""Typical amplitudes (median of the standard deviations in 30 s) that EEG can have."""
WRONG_UNITS = ((1e-3, "mV", "uV"), (1e-6, "V", "uV"), (1e3, "uV", "mV"), (1e6, "uV", "V"))
"""Units that are mistaken for each other: the factor, what the header says, what is meant."""
ROUNDING = 4e-6
"""Relative difference of extremes below which a stretch is constant."""
LIMIT_ROUNDING = 1e-6
"""Relative distance from the night's extreme below which a sample lies at it."""
STRIDE = 7
"""Every so many-th sample counts for the power: it is estimated, not summed."""


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


class QualityMonitor:
    """A recording that remembers the extremes and the power of what was read from it.

    Parameters
    ----------
    recorded : OpenRecording
        What to read from.

    Attributes
    ----------
    n_windows : int
        Full windows of 30 s.

    Examples
    --------
    >>> import mne
    >>> from sleepaug.data.files.open import open_recording
    >>> volts = np.zeros((1, 6000))
    >>> volts[0, :3000] = np.random.default_rng(0).normal(0, 2e-5, 3000)
    >>> raw = mne.io.RawArray(volts, mne.create_info(["C3"], 100.0, "eeg"), verbose="error")
    >>> monitor = QualityMonitor(open_recording(raw))
    >>> monitor.read(["C3"], 0, 6000).shape
    (1, 6000)
    >>> monitor.is_flat("C3").tolist()
    [False, True]
    """

    def __init__(self, recorded: OpenRecording) -> None:
        self.recorded = recorded
        self.n_windows = int(recorded.seconds / WINDOW_SECONDS + 1e-6)
        self._high: dict[str, np.ndarray] = {}
        self._low: dict[str, np.ndarray] = {}
        self._moments: dict[str, np.ndarray] = {}  # count, sum and sum of squares of each window

    @property
    def path(self) -> Path:
        """The file, for messages."""
        return self.recorded.path

    @property
    def names(self) -> list[str]:
        """Names of the channels."""
        return self.recorded.names

    @property
    def unit_rule(self) -> str:
        """How the unit is known where no file says it."""
        return self.recorded.unit_rule

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be decided while opening it, a sentence each."""
        return self.recorded.notes

    @property
    def seconds(self) -> float:
        """Length, gaps included."""
        return self.recorded.seconds

    @property
    def begins(self) -> datetime | None:
        """Local time of the first sample, if the file says."""
        return self.recorded.begins

    def problem(self, name: str) -> str:
        """Say why a channel is not to be used; "" if it can be."""
        return self.recorded.problem(name)

    def rate(self, name: str) -> float:
        """Return the sampling rate of a channel in Hz."""
        return self.recorded.rate(name)

    def n_times(self, name: str) -> int:
        """Return the number of samples of a channel, gaps included."""
        return self.recorded.n_times(name)

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        """Read samples of channels that share a rate, as the recording gives them."""
        x = self.recorded.read(names, start, stop)
        edges = self._edges(names[0])
        first = max(int(np.searchsorted(edges, start, "right")) - 1, 0)
        last = min(int(np.searchsorted(edges, stop, "left")), self.n_windows)
        if first >= last:
            return x
        begins = np.maximum(edges[first:last] - start, 0)
        inside = x[:, : edges[last] - start]
        thin = inside[:, ::STRIDE].astype(np.float64)
        thin_begins = np.minimum(-(-begins // STRIDE), thin.shape[1] - 1)
        count = np.diff(np.append(thin_begins, thin.shape[1]))
        sums = [np.add.reduceat(v, thin_begins, axis=1) for v in (thin, thin**2)]
        high = np.maximum.reduceat(inside, begins, axis=1)
        low = np.minimum.reduceat(inside, begins, axis=1)
        for row, name in enumerate(names):
            if name not in self._high:
                self._high[name] = np.full(self.n_windows, -np.inf)
                self._low[name] = np.full(self.n_windows, np.inf)
                self._moments[name] = np.zeros((3, self.n_windows))
            part = slice(first, last)
            self._high[name][part] = np.maximum(self._high[name][part], high[row])
            self._low[name][part] = np.minimum(self._low[name][part], low[row])
            self._moments[name][:, part] += [count, sums[0][row], sums[1][row]]
        return x

    def _edges(self, name: str) -> np.ndarray:
        """Return the samples at which windows begin, and that at which the last one ends."""
        seconds = np.arange(self.n_windows + 1) * WINDOW_SECONDS
        return np.rint(seconds * self.recorded.rate(name)).astype(int)

    def standard_deviation(self, name: str) -> np.ndarray:
        """Estimate that of each window as recorded, in microvolts, shape (n_windows,)."""
        count, total, squares = self._moments[name]
        count = np.maximum(count, 1)
        return np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))

    def is_flat(self, name: str) -> np.ndarray:
        """Tell which windows are constant as recorded, shape (n_windows,)."""
        return is_constant(self._low[name], self._high[name])

    def at_limits(self, names: Sequence[str]) -> np.ndarray:
        """Measure which share of each window lies on flat tops at the night's extremes.

        An amplifier or converter that cannot go further writes one value again and again; a brain
        reaches its extreme once. Only the windows that reach an extreme are read again.

        Parameters
        ----------
        names : sequence of str
            Channels that share a rate and were read before.

        Returns
        -------
        ndarray of shape (len(names), n_windows)
        """
        high = np.stack([self._high[name] for name in names])
        low = np.stack([self._low[name] for name in names])
        share = np.zeros(high.shape)
        known = np.isfinite(high) & np.isfinite(low)
        top = np.max(high, axis=1, initial=-np.inf, where=known)[:, None]
        bottom = np.min(low, axis=1, initial=np.inf, where=known)[:, None]
        slack = LIMIT_ROUNDING * (np.abs(top) + np.abs(bottom))
        reaches = known & ((high >= top - slack) | (low <= bottom + slack)) & (high - low > slack)
        edges = self._edges(names[0])
        for k in np.flatnonzero(reaches.any(axis=0)):
            rows = np.flatnonzero(reaches[:, k]).tolist()
            x = self.recorded.read([names[row] for row in rows], edges[k], edges[k + 1])
            limit = (x >= top[rows] - slack[rows]) | (x <= bottom[rows] + slack[rows])
            share[rows, k] = (limit[:, 2:] & limit[:, 1:-1] & limit[:, :-2]).mean(axis=1)
        return share
