"""Staging by a recording model: any EEG channels, each described, and the whole recording seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.files.open import OpenRecording
from sleepaug.data.signals.features import NAMES
from sleepaug.data.stages import STAGES
from sleepaug.models.familiarity import FAR_WINDOW
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.recording_features import RecordingFeatures, recording_features
from sleepaug.models.recording_model import RecordingModel
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance
from sleepaug.support.errors import ModelError

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

CONTEXTS = ("network", "none")
"""What a recording model can look at: the windows around, or each alone."""
LARGEST_MICROVOLTS = 150.0
"""Amplitude (0.4 to 22 Hz, median over a recording) that EEG can have: N3 of children has 100."""
ONE_STAGE = 0.9
"""Share of the epochs that one stage may have without a warning."""
MOST_REM, HOUR = 0.6, 120
"""Share of REM sleep in a recording of an hour or more (in windows) that brings a warning."""
FEW_WINDOWS = 40
UNLIKE = "unlike any EEG in training"


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
        (night,) = self.stagings(
            recording, map=map, exclude=exclude, reference=reference, contexts=(context,)
        ).values()
        return night

    def stagings(
        self,
        recording: AnyRecording,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
        contexts: Sequence[str] = CONTEXTS,
    ) -> dict[str, Hypnogram]:
        """Stage a recording with each context; see `predict`, also for errors."""
        features = recording_features(recording, map=map, exclude=exclude, reference=reference)
        night, reason = features.night, list(features.night.reason)
        x, notes = self._familiar(features, reason)
        usable = ~np.isnan(x[:, features.is_eeg]).any(axis=2).all(axis=1)
        reason = [
            "" if ok else why or "no EEG channel can be used"
            for ok, why in zip(usable, reason, strict=True)
        ]
        sentence = dict(zip(night.channels, night.used, strict=True))
        used = [
            sentence[name]
            for k, name in enumerate(features.montage.names)
            if not np.isnan(x[:, k]).all()
        ]
        stagings = {}
        for context in contexts:
            probabilities = np.full((len(x), len(STAGES)), np.nan)
            if usable.any():
                whole = self.model.probabilities(
                    x, features.montage.places(), context=context == "network"
                )
                probabilities[usable] = whole[usable]
            stagings[context] = Hypnogram(
                onset=night.onset,
                probabilities=probabilities,
                reason=reason,
                start=night.start,
                notes=[*night.notes, *notes, *_warnings(probabilities), *self._notes(context)],
                spectrum=night.spectrum,
                spectrum_channel=night.spectrum_channel,
                made=Provenance(self.sources, tuple(used)),
            )
        return stagings

    def _familiar(
        self, features: RecordingFeatures, reason: list[str]
    ) -> tuple[np.ndarray, list[str]]:
        """Leave out windows and channels unlike those of training, unless none would be left."""
        x, doubts = features.x.copy(), dict[int, str]()
        names = list(features.montage.names)
        far = np.zeros(x.shape[:2], bool)
        for k in np.flatnonzero(features.is_eeg):
            good = ~np.isnan(x[:, k]).any(axis=1)
            if not good.any():
                continue
            strange = [*_too_large(x[good, k]), *self.model.familiarity.doubts(x[good, k])]
            if strange:
                doubts[int(k)] = " ".join(f"{names[k]} {text}" for text in strange)
            far[good, k] = self.model.familiarity.distance(x[good, k]) > FAR_WINDOW
        x[far] = np.nan
        recorded = np.flatnonzero(features.is_eeg & ~np.isnan(features.x).all(axis=(0, 2)))
        notes = []
        if doubts and len(doubts) < len(recorded):
            x[:, list(doubts)] = np.nan
            notes = [f"Left out: {text}" for text in doubts.values()]
        elif doubts:
            notes = [f"Warning: {text} Do not trust these stages." for text in doubts.values()]
        for row in np.flatnonzero(far.any(axis=1) & np.isnan(x[:, features.is_eeg, 0]).all(axis=1)):
            reason[row] = UNLIKE
        return x, notes

    def _notes(self, context: str) -> list[str]:
        data = self.description.trained_on.data
        notes = [
            f"The model was trained on {data} recordings; its probabilities were not calibrated on "
            "others."
        ]
        if context == "network":
            notes.append("Neighbouring epochs were taken into account (context: network).")
        return notes


def _too_large(features: np.ndarray) -> list[str]:
    """Doubt a channel whose amplitude no EEG has: familiarity, which ignores gains, does not."""
    amplitude = float(np.exp(np.median(features[:, NAMES.index("amplitude")])))
    if amplitude <= LARGEST_MICROVOLTS:
        return []
    return [
        f"has a typical amplitude of {amplitude:.0f} uV, where EEG has at most "
        f"{LARGEST_MICROVOLTS:g}: its gain or unit may be wrong."
    ]


def _warnings(probabilities: np.ndarray) -> list[str]:
    """Say what the hypnogram itself makes doubtful."""
    scored = probabilities[~np.isnan(probabilities).any(axis=1)].argmax(axis=1)
    if not len(scored):
        return []
    if len(scored) < FEW_WINDOWS:
        return [
            f"Warning: {len(scored)} epochs are few: what is typical of the recording is unknown."
        ]
    counts = np.bincount(scored, minlength=len(STAGES))
    stage, n = int(counts.argmax()), int(counts.max())
    rem = counts[STAGES.index("R")] / len(scored)
    if MOST_REM < rem < ONE_STAGE and len(scored) >= HOUR:
        return [
            f"Warning: {rem:.0%} of the epochs are staged R, more than people have. Is it EEG of a "
            "sleeper?"
        ]
    if n < ONE_STAGE * len(scored):
        return []
    return [
        f"Warning: {n} of {len(scored)} epochs are staged {STAGES[stage]}. Recordings of one stage "
        "are rare: look at it before you trust this."
    ]
