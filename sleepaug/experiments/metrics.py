"""What `metrics.json` holds: the results of a run, or of several runs put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sleepaug.augment.invariance import MedianInvariance
from sleepaug.support.files import read_json, write_json
from sleepaug.training.metrics import Scores, scores


@dataclass(frozen=True)
class Metrics:
    """The results of a run; of folds or seeds, whose counts are added up; or of variants.

    Attributes
    ----------
    splits : dict of Scores
        Scores of "valid" and "test"; empty for variants of which none is kept.
    status : str, optional
        How the training of a single run ended, such as "finished".
    epochs, best_epoch : int, optional
        Epochs of a single run, and the one whose model was scored.
    invariance : dict of MedianInvariance
        How far the model is invariant to the transforms to which the task is known to be.
    context : {"transitions", "none"}, optional
        The context that predictions of the model use.
    variants : dict of Metrics
        Those of each variant, by its name.
    best : str, optional
        The variant whose model is kept; the other fields are then its results.

    Examples
    --------
    >>> Metrics(status="finished", epochs=20, best_epoch=12).to_json()
    {'status': 'finished', 'epochs': 20, 'best_epoch': 12}
    """

    splits: dict[str, Scores] = field(default_factory=dict)
    status: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    invariance: dict[str, MedianInvariance] = field(default_factory=dict)
    context: str | None = None
    variants: dict[str, Metrics] = field(default_factory=dict)
    best: str | None = None

    @property
    def valid(self) -> Scores:
        """Scores of the validation split."""
        return self.splits["valid"]

    @property
    def test(self) -> Scores:
        """Scores of the test split."""
        return self.splits["test"]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Metrics:
        """Take what `to_json` gave, also in an earlier version: absent fields are empty."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        splits = {part: values[part] for part in ("valid", "test") if part in values}
        variants = {name: cls.from_json(one) for name, one in values.get("variants", {}).items()}
        return cls(**{**known, "splits": splits, "variants": variants})

    def to_json(self) -> dict[str, Any]:
        """Return plain data, without the fields that are empty."""
        values = {
            "variants": {name: one.to_json() for name, one in self.variants.items()},
            "best": self.best,
            "status": self.status,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            **self.splits,
            "invariance": self.invariance,
            "context": self.context,
        }
        return {key: value for key, value in values.items() if value not in (None, {})}

    @classmethod
    def read(cls, path: Path) -> Metrics:
        """Read a `metrics.json`."""
        return cls.from_json(read_json(path))

    def write(self, path: Path) -> None:
        """Write a `metrics.json`."""
        write_json(path, self.to_json())


def pooled(runs: Sequence[Metrics], members: Literal["folds", "seeds"]) -> Metrics:
    """Add up the counts of several runs.

    Parameters
    ----------
    runs : sequence of Metrics
        With the scores of both splits.
    members : {"folds", "seeds"}
        What the runs differ in: the name under which the balanced accuracy of each is kept.

    Returns
    -------
    Metrics
        Scores of both splits, with those of each test night.
    """
    splits = {part: _pooled([run.splits[part] for run in runs]) for part in runs[0].splits}
    for part, total in splits.items():
        total[members] = [run.splits[part]["balanced_accuracy"] for run in runs]
    nights: dict[str, list[Scores]] = {}
    for run in runs:
        for name, one in run.test.get("nights", {}).items():
            nights.setdefault(name, []).append(one)
    splits["test"]["nights"] = {name: _pooled(each) for name, each in nights.items()}
    return Metrics(splits)


def _pooled(parts: Sequence[Scores]) -> Scores:
    """Score the sum of several confusion matrices."""
    confusion = np.sum([part["confusion"] for part in parts], axis=0)
    return scores(confusion, list(parts[0]["recall"]))
