"""Whether an adaptation helps: people whom the networks have not met, before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.experiments.laboratory import Laboratory
from sleepaug.experiments.report import number
from sleepaug.staging.calibration import fit_temperature, softened
from sleepaug.staging.reliability import reliability
from sleepaug.training.metrics import Scores, scores_by_night


@dataclass(frozen=True)
class Check:
    """How a model and its adaptation do on people whom neither has met.

    Attributes
    ----------
    before, after : Scores
        Of the model as it is, and of models that were adapted to the other people.
    off : (float, float)
        By how much the certainty is off on average, before and after.
    strength : float
        How far the weights go; the one with the highest kappa: that of `after`.
    temperature : float
        With which the adapted probabilities fit best.

    Examples
    --------
    >>> y, night = np.array([0, 2, 2, 2]), np.array(["a", "a", "b", "b"])
    >>> before = scores_by_night(y, np.array([0, 2, 1, 1]), night, STAGES)
    >>> check = Check(before, scores_by_night(y, y, night, STAGES), (0.2, 0.1), 0.5, 1.0)
    >>> check.helps, check.n_better
    (True, 1)
    """

    before: Scores
    after: Scores
    off: tuple[float, float]
    strength: float
    temperature: float

    @classmethod
    def of(cls, lab: Laboratory, p: Mapping[float, np.ndarray]) -> Check:
        """Score probabilities (n_windows, 5) of each strength; keep that with the highest kappa."""
        y, night = lab.windows.y, lab.windows.recording
        scores = {
            strength: scores_by_night(y, each.argmax(axis=1), night, STAGES)
            for strength, each in p.items()
        }
        strength = max(scores, key=lambda one: scores[one]["cohen_kappa"] or 0.0)
        log_p = np.log(np.maximum(p[strength], 1e-12))
        temperature, _ = fit_temperature(log_p, y, night)
        both = (lab.probabilities, softened(log_p, temperature))
        before, after = (reliability(each, y).expected_error for each in both)
        return cls(
            scores_by_night(y, lab.probabilities.argmax(axis=1), night, STAGES),
            scores[strength],
            (before, after),
            strength,
            temperature,
        )

    @property
    def helps(self) -> bool:
        """Whether kappa rose."""
        return (self.after["cohen_kappa"] or 0.0) > (self.before["cohen_kappa"] or 0.0)

    @property
    def n_better(self) -> int:
        """Nights on which more windows were right than before."""
        pairs = zip(self.before["nights"].values(), self.after["nights"].values(), strict=True)
        return sum((one["accuracy"] or 0) < (other["accuracy"] or 0) for one, other in pairs)

    def text(self) -> str:
        """Write both as a table for a terminal."""
        head = ("", "kappa", "balanced", *STAGES, "certainty off by")
        rows = [head] + [
            (
                name,
                number(scores["cohen_kappa"]),
                number(scores["balanced_accuracy"]),
                *map(number, scores["recall"].values()),
                number(off),
            )
            for name, scores, off in zip(
                ("as it is", "adapted"), (self.before, self.after), self.off, strict=True
            )
        ]
        lines = ["".join(f"{cell:<10}" for cell in row).rstrip() for row in rows]
        better = f"Better on {self.n_better} of {len(self.after['nights'])} nights"
        return "\n".join([*lines, f"{better}, at strength {self.strength:g}."])

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "before": {**self.before, "calibration_error": self.off[0]},
            "after": {**self.after, "calibration_error": self.off[1]},
            "strength": self.strength,
            "temperature": self.temperature,
            "helps": self.helps,
        }
