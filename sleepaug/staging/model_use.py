"""What a model would use of a recording, and how sure it is of the stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.files.edf import Edf
from sleepaug.data.files.open import OpenRaw
from sleepaug.data.signals.channels import choose
from sleepaug.data.signals.continuous import unusable
from sleepaug.data.signals.montage import montage
from sleepaug.data.stages import STAGES, UNKNOWN
from sleepaug.models import cards
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.staging.loading import load_model
from sleepaug.support.errors import RecordingError, printable


@dataclass(frozen=True)
class ModelUse:
    """What a model would use of a recording.

    Attributes
    ----------
    file : str
        Of the model.
    allow_missing : bool
        Whether it goes on without channels that the recording lacks.
    uses : tuple of str
        A sentence for each channel.
    goes_without : tuple of str
        Channels that are missing.
    problem : str
        Why the model cannot be used; "" if it can.
    stages : dict of str to int
        How many epochs the model gives each stage, "?" where it gives none.
    certainty : float or None
        Mean probability of the stages it gives; None if it gives none.
    warnings : tuple of str
        What makes the stages doubtful.
    """

    file: str
    allow_missing: bool
    uses: tuple[str, ...] = ()
    goes_without: tuple[str, ...] = ()
    problem: str = ""
    stages: Mapping[str, int] = field(default_factory=dict)
    certainty: float | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return either the problem or what is used, ready for JSON."""
        model = {"file": self.file, "allow_missing": self.allow_missing}
        if self.problem:
            return model | {"problem": self.problem}
        return model | {
            "uses": list(self.uses),
            "goes_without": list(self.goes_without),
            "stages": dict(self.stages),
            "certainty": self.certainty,
            "warnings": list(self.warnings),
        }

    def lines(self) -> list[str]:
        """Describe it for a person."""
        name = printable(self.file)
        if self.problem:
            return [f"  The model {name} cannot be used: {self.problem}"]
        lines = [f"  The model {name} would use", *(f"    {sentence}" for sentence in self.uses)]
        if self.goes_without:
            lines.append(f"    and go without {', '.join(self.goes_without)}")
        n, unscored = sum(self.stages.values()), self.stages.get(UNKNOWN, 0)
        sure = "" if self.certainty is None else f", with a mean certainty of {self.certainty:.2f}"
        counts = ", ".join(f"{stage} {count}" for stage, count in self.stages.items() if count)
        lines.append(f"  It stages {n - unscored} of {n} epochs{sure}: {counts}")
        return lines + [f"    {warning}" for warning in self.warnings]


def model_use(
    recorded: Edf | OpenRaw,
    model: Path | None,
    map: Mapping[str, str] | None,
    exclude: Sequence[str] | None,
    reference: str | None,
) -> ModelUse | None:
    """Stage a recording, and find the channels that a model uses, or why it cannot.

    Parameters
    ----------
    recorded : Edf or OpenRaw
    model : path or None
        A run folder or model file; None for the shipped model.
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
    use = _channels_used(recorded, model, map, exclude, reference)
    if use.problem:
        return use
    source = recorded.path if isinstance(recorded, Edf) else recorded.raw
    try:
        night = load_model(model).predict(source, map=map, exclude=exclude, reference=reference)
    except RecordingError as error:
        return replace(use, problem=str(error))
    stages = night.stages.tolist()
    sure = float(np.mean(night.confidence[night.scored])) if night.scored.any() else None
    return replace(
        use,
        stages={stage: stages.count(stage) for stage in (*STAGES, UNKNOWN)},
        certainty=sure and round(sure, 3),
        warnings=tuple(n for n in night.notes if n.startswith(("Warning", "Left out"))),
    )


def _channels_used(
    recorded: Edf | OpenRaw,
    model: Path | None,
    map: Mapping[str, str] | None,
    exclude: Sequence[str] | None,
    reference: str | None,
) -> ModelUse:
    """Find the channels that a model uses, or why it cannot."""
    if model == Path(cards.YASA) and not model.exists():
        return _montage_use(ModelUse(cards.YASA, allow_missing=True), recorded, map, exclude)
    path = cards.find_model(model)
    description = cards.read_card(path).description
    if isinstance(description, RecordingDescription):
        return _montage_use(ModelUse(str(path), allow_missing=True), recorded, map, exclude)
    settings = description.preprocessing.with_overrides(map, reference, exclude)
    use = ModelUse(str(path), allow_missing=description.missing_channels == "zero")
    left_out = unusable(recorded, settings)
    try:
        sources = choose(
            [name for name in recorded.names if name not in left_out],
            settings.channels,
            settings.map,
            settings.reference,
            allow_missing=use.allow_missing,
        )
    except RecordingError as error:
        return replace(use, problem=str(error))
    return replace(
        use,
        uses=tuple(source.sentence for source in sources.values()),
        goes_without=tuple(name for name in settings.channels if name not in sources),
    )


def _montage_use(
    use: ModelUse,
    recorded: Edf | OpenRaw,
    map: Mapping[str, str] | None,
    exclude: Sequence[str] | None,
) -> ModelUse:
    """Add to `use` the channels that a recording model would use."""
    try:
        channels = montage(recorded, map, exclude or ())
    except RecordingError as error:
        return replace(use, problem=str(error))
    pairs = zip(channels.names.items(), channels.kind, strict=True)
    return replace(use, uses=tuple(f"{place}: {name} ({kind})" for (place, name), kind in pairs))
