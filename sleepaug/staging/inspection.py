"""A look at a recording before anything runs: header, channels, notes, scoring, fit to a model.

Nothing is filtered and nothing is guessed silently: each guess says how sure it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sleepaug.data.files.edf import Edf
from sleepaug.data.files.edf_annotations import read_edf_annotations
from sleepaug.data.files.open import OpenRaw, open_recording
from sleepaug.data.signals.channels import choose
from sleepaug.data.signals.continuous import unusable
from sleepaug.data.signals.montage import montage
from sleepaug.data.stages import is_stage
from sleepaug.models import cards
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.staging.inspected_channels import InspectedChannel, inspect_channels
from sleepaug.staging.scoring_fit import ScoringFit, scoring_fit
from sleepaug.support.errors import RecordingError, printable

MOST_ANNOTATIONS = 50
"""Different annotations that are counted, the most frequent ones."""
MOST_ANNOTATION_LINES = 12
"""Of which so many are shown to a person."""
LONGEST_ANNOTATION = 80
"""Characters; the rest is cut off."""


@dataclass(frozen=True)
class AnnotationCount:
    """An annotation, how often it occurs, and whether it names a stage."""

    text: str
    n: int
    stage: bool


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
    """

    file: str
    allow_missing: bool
    uses: tuple[str, ...] = ()
    goes_without: tuple[str, ...] = ()
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return either the problem or what is used, ready for JSON."""
        model = {"file": self.file, "allow_missing": self.allow_missing}
        if self.problem:
            return model | {"problem": self.problem}
        return model | {"uses": list(self.uses), "goes_without": list(self.goes_without)}

    def lines(self) -> list[str]:
        """Describe it for a person."""
        name = printable(self.file)
        if self.problem:
            return [f"  The model {name} cannot be used: {self.problem}"]
        lines = [f"  The model {name} would use", *(f"    {sentence}" for sentence in self.uses)]
        if self.goes_without:
            lines.append(f"    and go without {', '.join(self.goes_without)}")
        return lines


@dataclass(frozen=True)
class Inspection:
    """What a recording holds.

    Attributes
    ----------
    file, format : str
    start : str or None
        Local time, ISO; None if the file does not say.
    hours : float
    notes : tuple of str
        What was unusual in the file.
    channels : tuple of InspectedChannel
    annotations : tuple of AnnotationCount
        The most frequent first.
    scoring : ScoringFit or None
        The scoring beside the recording, if there is one.
    model : ModelUse or None
        None where no model was named and no default model ships.
    """

    file: str
    format: str
    start: str | None
    hours: float
    notes: tuple[str, ...]
    channels: tuple[InspectedChannel, ...]
    annotations: tuple[AnnotationCount, ...]
    scoring: ScoringFit | None
    model: ModelUse | None

    def to_json(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "file": self.file,
            "format": self.format,
            "start": self.start,
            "hours": self.hours,
            "notes": list(self.notes),
            "channels": [channel.to_json() for channel in self.channels],
            "annotations": [asdict(annotation) for annotation in self.annotations],
            "scoring": self.scoring and self.scoring.to_json(),
            "model": self.model and self.model.to_json(),
        }

    def text(self) -> str:
        """Describe the recording for a person."""
        start = self.start or "the file does not say when it starts"
        lines = [
            printable(self.file),
            f"  {self.format}, {self.hours:.2f} h, start: {start}",
            *(f"  {note}" for note in self.notes),
            f"  {len(self.channels)} channels:",
        ]
        for channel in self.channels:
            lines += channel.lines()
        lines.append(f"  {sum(one.n for one in self.annotations)} annotations")
        lines += [
            f"    {one.n:>5} {one.text}{' (a stage)' if one.stage else ''}"
            for one in self.annotations[:MOST_ANNOTATION_LINES]
        ]
        lines += self.scoring.lines() if self.scoring else ["  No scoring lies beside it."]
        no_model = ["  No default model ships with this copy; name one to see what it would use."]
        return "\n".join(lines + (self.model.lines() if self.model else no_model))


def inspect_recording(
    path: Path,
    model: Path | None = None,
    *,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] | None = None,
    reference: str | None = None,
) -> Inspection:
    """Look at a recording, and at what a model would use of it.

    Parameters
    ----------
    path : Path
    model : path, optional
        A run folder or model file; by default the shipped model, if there is one.
    map, exclude, reference
        See `Stager.predict`.

    Returns
    -------
    Inspection

    Raises
    ------
    RecordingError
        The file cannot be read.
    ConfigError, ModelError
        The map does not fit the model, or there is no such model.

    Examples
    --------
    >>> inspection = inspect_recording(Path("night.edf"))  # doctest: +SKIP
    >>> [channel.name for channel in inspection.channels if channel.problem]  # doctest: +SKIP
    ['EEG F4-A1']
    """
    recorded = open_recording(path)
    has_gaps = isinstance(recorded, Edf) and recorded.record_onsets is not None
    return Inspection(
        file=str(path),
        format=path.suffix.lower().lstrip(".") + (", with gaps" if has_gaps else ""),
        start=recorded.begins.isoformat() if recorded.begins else None,
        hours=round(recorded.seconds / 3600, 4),
        notes=tuple(recorded.notes),
        channels=tuple(inspect_channels(recorded)),
        annotations=_annotations(recorded),
        scoring=scoring_fit(path, recorded.seconds),
        model=_model_use(recorded, model, map, exclude, reference),
    )


def _annotations(recorded: Edf | OpenRaw) -> tuple[AnnotationCount, ...]:
    """Count the different annotations."""
    if isinstance(recorded, Edf):
        texts = [text for _, _, text in read_edf_annotations(recorded)]
    else:
        texts = [str(text) for text in recorded.raw.annotations.description]
    return tuple(
        AnnotationCount(printable(text[:LONGEST_ANNOTATION]), n, is_stage(text))
        for text, n in Counter(texts).most_common(MOST_ANNOTATIONS)
    )


def _model_use(
    recorded: Edf | OpenRaw,
    model: Path | None,
    map: Mapping[str, str] | None,
    exclude: Sequence[str] | None,
    reference: str | None,
) -> ModelUse | None:
    """Find the channels a model would use, or why it cannot; None where there is no model."""
    if model is None and cards.DEFAULT_MODEL not in cards.shipped_models():
        return None
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
