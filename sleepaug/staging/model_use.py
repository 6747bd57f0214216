"""What a model uses of a recording, and how sure it is of the stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from sleepaug.data.files.edf import Edf
from sleepaug.data.files.open import OpenRaw
from sleepaug.data.stages import STAGES, UNKNOWN
from sleepaug.models import cards
from sleepaug.models.several import ModelNames
from sleepaug.staging.hypnogram.notes import is_doubt
from sleepaug.staging.loading import load_model
from sleepaug.support.errors import RecordingError, printable


@dataclass(frozen=True)
class ModelUse:
    """What a model uses of a recording.

    Attributes
    ----------
    model : str
        Name of the model, or of several.
    uses : tuple of str
        A sentence for each channel.
    problem : str
        Why the model cannot be used; "" if it can.
    stages : dict of str to int
        How many epochs the model gives each stage, "?" where it gives none.
    certainty : float or None
        Mean probability of the stages it gives; None if it gives none.
    warnings : tuple of str
        What makes the stages doubtful.
    """

    model: str
    uses: tuple[str, ...] = ()
    problem: str = ""
    stages: Mapping[str, int] = field(default_factory=dict)
    certainty: float | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return either the problem or what is used, ready for JSON."""
        if self.problem:
            return {"model": self.model, "problem": self.problem}
        return {name: value for name, value in asdict(self).items() if name != "problem"}

    def lines(self) -> list[str]:
        """Describe it for a person."""
        name = printable(self.model)
        if self.problem:
            return [f"  The model {name} cannot be used: {self.problem}"]
        n, unscored = sum(self.stages.values()), self.stages.get(UNKNOWN, 0)
        sure = "" if self.certainty is None else f", with a mean certainty of {self.certainty:.2f}"
        counts = ", ".join(f"{stage} {count}" for stage, count in self.stages.items() if count)
        return [
            f"  The model {name} uses",
            *(f"    {sentence}" for sentence in self.uses),
            f"  It stages {n - unscored} of {n} epochs{sure}: {counts}",
            *(f"    {warning}" for warning in self.warnings),
        ]


def model_use(
    recorded: Edf | OpenRaw,
    model: ModelNames,
    map: Mapping[str, str] | None,
    exclude: Sequence[str] | None,
    reference: str | None,
) -> ModelUse | None:
    """Stage a recording, and say what of it the model used, or why it cannot.

    Parameters
    ----------
    recorded : Edf or OpenRaw
    model : path, str, sequence of these, optional
        See `load_model`.
    map, exclude, reference
        See `Stager.predict`.

    Returns
    -------
    ModelUse or None
        None where no model was named and none ships.

    Raises
    ------
    ConfigError, ModelError
        The map does not fit the model, or there is no such model.
    """
    if model is None and cards.DEFAULT_MODEL not in cards.shipped_models():
        return None
    stager = load_model(model)
    name = ", ".join(source.name for source in stager.sources)
    try:
        night = stager.predict(recorded, map=map, exclude=exclude, reference=reference)
    except RecordingError as error:
        return ModelUse(name, problem=str(error))
    stages = night.stages.tolist()
    certainty = float(np.mean(night.confidence[night.scored])) if night.scored.any() else None
    return ModelUse(
        name,
        uses=night.made.channels,
        stages={stage: stages.count(stage) for stage in (*STAGES, UNKNOWN)},
        certainty=None if certainty is None else round(certainty, 3),
        warnings=tuple(filter(is_doubt, night.notes)),
    )
