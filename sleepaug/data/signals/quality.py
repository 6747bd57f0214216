"""What only the samples as recorded can tell: whether an amplifier hit its limits, and hum.

Both are gone after the low-pass. `QualityMonitor` stands in for a recording, looks at what is read
through it, and keeps four numbers for each channel and each 30 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sleepaug.data.files.edf import Edf
from sleepaug.data.files.open import OpenRaw
from sleepaug.data.stages import WINDOW_SECONDS

STRIDE = 7
"""Every so many-th sample counts for the power: it is estimated, not summed."""


class QualityMonitor:
    """A recording that remembers the extremes and the power of what was read from it.

    Parameters
    ----------
    recorded : Edf or OpenRaw
        Whose attributes it shows.
    """

    def __init__(self, recorded: Edf | OpenRaw) -> None:
        self.recorded = recorded
        self.n_windows = int(recorded.seconds / WINDOW_SECONDS + 1e-6)
        self._high: dict[str, np.ndarray] = {}
        self._low: dict[str, np.ndarray] = {}
        self._moments: dict[str, np.ndarray] = {}  # count, sum and sum of squares of each window

    def __getattr__(self, name: str) -> Any:
        return getattr(self.recorded, name)

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        """Samples, as the recording gives them."""
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
        """Samples at which windows begin, and where the last one ends."""
        seconds = np.arange(self.n_windows + 1) * WINDOW_SECONDS
        return np.rint(seconds * self.recorded.rate(name)).astype(int)

    def standard_deviation(self, name: str) -> np.ndarray:
        """Of the samples as recorded, in microvolts, shape (n_windows,)."""
        n, total, squares = self._moments[name]
        n = np.maximum(n, 1)
        return np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0))

    def is_flat(self, name: str) -> np.ndarray:
        """Which windows are constant as recorded, shape (n_windows,)."""
        return is_constant(self._low[name], self._high[name])

    def at_limits(self, names: Sequence[str]) -> np.ndarray:
        """Share of each window's samples that lie on flat tops at the night's extremes.

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
        slack = 1e-6 * (np.abs(top) + np.abs(bottom))
        reaches = known & ((high >= top - slack) | (low <= bottom + slack)) & (high - low > slack)
        edges = self._edges(names[0])
        for k in np.flatnonzero(reaches.any(axis=0)):
            rows = np.flatnonzero(reaches[:, k]).tolist()
            x = self.recorded.read([names[row] for row in rows], edges[k], edges[k + 1])
            limit = (x >= top[rows] - slack[rows]) | (x <= bottom[rows] + slack[rows])
            share[rows, k] = (limit[:, 2:] & limit[:, 1:-1] & limit[:, :-2]).mean(axis=1)
        return share


PLAUSIBLE_MICROVOLTS = (1.0, 2000.0)


def is_flat(x: np.ndarray) -> np.ndarray:
    """Whether a stretch is constant, but for rounding, along the last axis; False with NaN."""
    return is_constant(x.min(axis=-1), x.max(axis=-1))


def is_constant(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether extremes are equal but for rounding."""
    return high - low <= 4e-6 * np.maximum(abs(low), abs(high))


def amplitude_problems(
    x: Sequence[np.ndarray], names: Sequence[str], n_times: int
) -> dict[str, str]:
    """What is wrong with channels whose typical amplitude cannot be that of EEG in microvolts."""
    low, high = PLAUSIBLE_MICROVOLTS
    problems = {}
    for name, row in zip(names, x, strict=True):
        cut = row[: len(row) // n_times * n_times].reshape(-1, n_times)
        alive = cut[~is_flat(cut) & ~np.isnan(cut).any(axis=1)]
        if not len(alive):
            gone = np.isnan(cut).any(axis=1).all()
            what = "has missing samples in every window" if gone else "is flat (constant)"
            problems[name] = (
                f"{what}, from start to end. Name another with --map '{name}=NAME', or train on "
                "other --channels."
            )
            continue
        amplitude = float(np.median(alive.std(axis=1)))
        if not low <= amplitude <= high:
            problems[name] = (
                f"has a typical amplitude of {amplitude:.3g} uV (standard deviation in 30 s), EEG "
                f"has {low:g} to {high:g} uV. {unit_suggestion(amplitude)}"
            )
    return problems


def unit_suggestion(amplitude: float) -> str:
    """What may be wrong with the unit of a channel of this amplitude in microvolts."""
    for factor, said, meant in (
        (1e-3, "mV", "uV"),
        (1e-6, "V", "uV"),
        (1e3, "uV", "mV"),
        (1e6, "uV", "V"),
    ):
        if 3 <= amplitude * factor <= 300:
            return f"Does the file's header say {said} where {meant} is meant? Correct it there."
    return "Is it an EEG channel? Correct the unit in the file's header, or map another channel."
