"""Familiarity: whether a recording looks like the sleep EEG that a model was trained on.

Two questions tell: is each window near those of the training recordings, and does the recording
change from window to window as sleep does? Noise of the right colour passes the first and fails
the second; an ECG, a wrong unit or a disconnected electrode fails the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FAR, FAR_WINDOW = 1.5, 2.5
"""Distances: of a recording's median window, and of a window that is left out."""
MOST_STRANGE = 0.2
"""Share of a recording's windows that may be left out without a doubt about the others."""
STEADY, STEADY_WINDOWS = 0.7, 40
"""A recording that varies less than this, in so many windows at least, is no sleeper's."""
TOLERANCE = 0.25
"""Standard deviations by which any feature may be off without being strange."""


@dataclass(frozen=True)
class Familiarity:
    """What windows of EEG were like in training.

    Attributes
    ----------
    mean, sd : ndarray of shape (n_features,)
        Of single windows and channels.
    precision : ndarray of shape (n_features, n_features)
        Inverse covariance of the scaled features.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> seen = Familiarity.of(rng.normal(0, 1, (2000, 5)), np.ones((1, 5)))
    >>> bool(np.median(seen.distance(rng.normal(0, 1, (100, 5)))) < FAR)
    True
    >>> bool(np.median(seen.distance(rng.normal(9, 1, (100, 5)))) < FAR)
    False
    """

    mean: np.ndarray
    sd: np.ndarray
    precision: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, ways: np.ndarray) -> Familiarity:
        """Learn from the features of training windows.

        Parameters
        ----------
        features : ndarray of shape (n, n_features)
            Of EEG channels only, finite.
        ways : ndarray of shape (n_ways, n_features)
            How features change together for reasons that are of no interest, by one standard
            deviation of each: a gain, a tilt of the spectrum.
        """
        mean, sd = features.mean(0), features.std(0) + 1e-3
        scaled = np.clip((features - mean) / sd, -6, 6)
        covariance = np.cov(scaled.T) + TOLERANCE**2 * np.eye(len(mean))
        for way in ways / sd:
            covariance += np.outer(way, way)
        return cls(mean, sd, np.linalg.inv(covariance))

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Return the distance (n,) of windows: about 1 for those of training.

        Mahalanobis distance, divided by the square root of the number of features.
        """
        scaled = (features - self.mean) / self.sd
        square = np.einsum("ij,jk,ik->i", scaled, self.precision, scaled)
        return np.asarray(np.sqrt(square / len(self.mean)))

    def variety(self, features: np.ndarray) -> float:
        """Return how much windows differ: the 10th to 90th percentile of a feature, in `sd`.

        The median over features; about 2.5 for all windows of all training recordings.
        """
        low, high = np.percentile((features - self.mean) / self.sd, (10, 90), axis=0)
        return float(np.median(high - low))

    def doubts(self, features: np.ndarray) -> list[str]:
        """Say what is strange about the windows (n, n_features) of one channel, a sentence each."""
        lines = []
        distances = self.distance(features)
        distance, strange = float(np.median(distances)), float(np.mean(distances > FAR_WINDOW))
        if distance > FAR:
            lines.append(
                "does not look like EEG of a sleeper: it differs from the training recordings by "
                f"{distance:.1f}, where they differ from each other by 1 and at most {FAR:g} is "
                "expected."
            )
        elif strange > MOST_STRANGE:
            lines.append(f"does not look like EEG of a sleeper in {strange:.0%} of its windows.")
        if len(features) >= STEADY_WINDOWS and (variety := self.variety(features)) < STEADY:
            lines.append(
                f"hardly changes from window to window ({variety:.2f}, where at least {STEADY:g} "
                "is expected): it may be noise, or one stage throughout."
            )
        return lines
