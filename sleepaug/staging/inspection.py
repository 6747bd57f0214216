"""A look at a recording before anything runs: header, channels, notes, scoring, fit to a model.

Each guess says how sure it is. The model stages the recording, so that it is known whether it can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sleepaug.data.files.edf import Edf
from sleepaug.data.files.edf_annotations import read_edf_annotations
from sleepaug.data.files.open import OpenRaw, open_recording
from sleepaug.data.stages import is_stage
from sleepaug.models.several import ModelNames
from sleepaug.staging.channel_inspection import inspect_channels
from sleepaug.staging.inspected_channels import InspectedChannel
from sleepaug.staging.model_use import ModelUse, model_use
from sleepaug.staging.scoring_fit import ScoringFit, scoring_fit
from sleepaug.support.errors import printable

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
            f"  {len(self.channels)} channel{'s' * (len(self.channels) != 1)}:",
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
    model: ModelNames = None,
    *,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] | None = None,
    reference: str | None = None,
    codes: str | None = None,
) -> Inspection:
    """Look at a recording, and at what a model would use of it.

    Parameters
    ----------
    path : Path
    model : path, str, sequence of these, optional
        See `load_model`; by default the shipped model, if there is one.
    map, exclude, reference
        See `Stager.predict`.
    codes : str, optional
        What numbers in the scoring mean; see `sleepaug.data.scorings.codes.parse_codes`.

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
    >>> import tempfile
    >>> from sleepaug.simulation.dataset import simulate_dataset
    >>> from sleepaug.simulation.plan import SimulationSettings
    >>> settings = SimulationSettings(nights=1, seed=0, hours=0.1, ch_names=("C3", "C4"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path] = simulate_dataset(Path(folder), settings)
    ...     inspection = inspect_recording(path)
    >>> [channel.name for channel in inspection.channels if not channel.problem]
    ['EEG C3-CLE', 'EEG C4-CLE']
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
        scoring=scoring_fit(path, recorded.seconds, codes),
        model=model_use(recorded, model, map, exclude, reference),
    )


def _annotations(recorded: Edf | OpenRaw) -> tuple[AnnotationCount, ...]:
    """Count the different annotations."""
    if isinstance(recorded, Edf):
        texts = [text for _, _, text in read_edf_annotations(recorded)]
    else:
        texts = [str(text) for text in recorded.raw.annotations.description]
    return tuple(
        AnnotationCount(printable(text[:LONGEST_ANNOTATION]), n, is_stage(text.partition("@@")[0]))
        for text, n in Counter(texts).most_common(MOST_ANNOTATIONS)
    )
