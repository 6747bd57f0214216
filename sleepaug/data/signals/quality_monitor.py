"""What a recording looks like before filters, seen while it is read.

The limits of the amplifier and hum are gone after the low-pass. `QualityMonitor` stands in for a
recording, looks at what is read through it, and keeps five numbers for each channel and each 30 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from sleepaug.data.files.open import OpenRecording
from sleepaug.data.signals.quality import is_constant
from sleepaug.data.stages import WINDOW_SECONDS

LIMIT_ROUNDING = 1e-6
"""Relative distance from the night's extreme below which a sample lies at it."""
STRIDE = 7
"""Every so many-th sample counts for the power: it is estimated, not summed."""


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
