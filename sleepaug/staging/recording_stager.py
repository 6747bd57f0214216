"""Staging by a recording model: any EEG channels, each described, and the whole recording seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.files.open import OpenRecording
from sleepaug.data.stages import STAGES
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.recording_features import recording_features
from sleepaug.models.recording_model import RecordingModel
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance
from sleepaug.staging.recording_view import RecordingView
from sleepaug.support.errors import ModelError

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

CONTEXTS = ("network", "none")
"""What a recording model can look at: the windows around, or each alone."""
FEW_WINDOWS = 40


@dataclass(frozen=True, repr=False)
class RecordingStager(AnyStager):
    """A recording model that stages recordings.

    Attributes
    ----------
    model : RecordingModel
    name, hash : str
        Of the file; see `ModelSource`.

    Examples
    --------
    >>> import sleepaug
    >>> sleepaug.load_model("default").contexts
    ('network', 'none')
    """

    model: RecordingModel
    name: str = ""
    hash: str = ""

    @property
    def facts(self) -> tuple[str, ...]:
        """Name, channels, training set and version."""
        return (self.name, *self.description.facts)

    @property
    def contexts(self) -> tuple[str, ...]:
        """What predictions can look at; the first by default."""
        return CONTEXTS

    @property
    def description(self) -> RecordingDescription:
        """What the model file says of itself."""
        return self.model.description

    @property
    def sources(self) -> tuple[ModelSource, ...]:
        """Itself, as outputs name it."""
        return (ModelSource(self.name, self.hash, self.description.trained_on),)

    def stage(
        self,
        recording: OpenRecording,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
        context: str | None = None,
    ) -> Hypnogram:
        """Stage a recording that is open; see `predict`.

        It has one EEG channel or more, at any place; EOG and chin EMG are used where it has them.
        A window in which no EEG channel can be used, or none looks like EEG, becomes "?".
        """
        context = context or self.contexts[0]
        if context not in self.contexts:
            raise ModelError(
                f"context: this model looks at the epochs around by itself; {context!r} cannot be "
                f"chosen. Allowed: {', '.join(self.contexts)}.",
                parameters=("context",),
            )
        view = self.view(recording, map=map, exclude=exclude, reference=reference)
        return self.stage_view(view, context)

    def stagings(
        self,
        recording: AnyRecording,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
    ) -> dict[str, Hypnogram]:
        """Stage a recording with each context; see `predict`, also for errors."""
        view = self.view(recording, map=map, exclude=exclude, reference=reference)
        return {context: self.stage_view(view, context) for context in self.contexts}

    def view(
        self,
        recording: AnyRecording,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
    ) -> RecordingView:
        """Read what the networks are shown of a recording; see `predict`, also for errors."""
        features = recording_features(recording, map=map, exclude=exclude, reference=reference)
        return RecordingView.of(features, self.model.familiarity)

    def stage_view(self, view: RecordingView, context: str = CONTEXTS[0]) -> Hypnogram:
        """Stage what the networks are shown of a recording."""
        night = view.features.night
        probabilities = np.full((len(view.x), len(STAGES)), np.nan)
        if view.usable.any():
            places = view.features.montage.places()
            whole = self.model.probabilities(view.x, places, context=context == "network")
            probabilities[view.usable] = whole[view.usable]
        return Hypnogram(
            onset=night.onset,
            probabilities=probabilities,
            reason=list(view.reason),
            start=night.start,
            notes=[*night.notes, *view.notes, *_few(probabilities), *self._notes(context)],
            spectrum=night.spectrum,
            spectrum_channel=night.spectrum_channel,
            made=Provenance(self.sources, view.used),
        )

    def _notes(self, context: str) -> list[str]:
        data = self.description.trained_on.data
        notes = [
            f"The model was trained on {data} recordings; its probabilities were not calibrated on "
            "others."
        ]
        if context == "network":
            notes.append("Neighbouring epochs were taken into account (context: network).")
        return notes


def _few(probabilities: np.ndarray) -> list[str]:
    """Warn where too few epochs are staged to know what is typical of the recording."""
    n = int((~np.isnan(probabilities).any(axis=1)).sum())
    if not 0 < n < FEW_WINDOWS:
        return []
    return [f"Warning: {n} epochs are few: what is typical of the recording is unknown."]
