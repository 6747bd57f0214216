"""Staging by a model of windows: each window alone, then a table of how stages follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sleepaug.augment.model import log_probabilities
from sleepaug.data.files.open import OpenRecording
from sleepaug.data.signals.night import night_windows
from sleepaug.data.stages import STAGES
from sleepaug.models.files import SavedModel
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.calibration import softened
from sleepaug.staging.context import CONTEXTS, apply_context
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance
from sleepaug.support.errors import ModelError

FEW_WINDOWS = 60
"""Half an hour: a shorter recording is often of one stage, and then nothing differs from it."""


@dataclass(frozen=True, repr=False)
class Stager(AnyStager, SavedModel):
    """A saved model that stages recordings.

    Attributes
    ----------
    name, hash : str
        Of the file; see `ModelSource`.

    Examples
    --------
    >>> import sleepaug
    >>> stager = sleepaug.load_model("spectral")
    >>> len(stager.predict(sleepaug.simulate_night(1, hours=0.1)))
    12
    """

    name: str = ""
    hash: str = ""

    @property
    def facts(self) -> tuple[str, ...]:
        """Name, channels, training set and version."""
        return (self.name, *self.description.facts)

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

        It must have the channels of the model, or one of them at least if the model was trained to
        go without the others.
        """
        context = context or self.contexts[0]
        settings = self.preprocessing.with_overrides(map, reference, exclude)
        night = night_windows(recording, settings, allow_missing=self.allow_missing)
        good = np.array([not reason for reason in night.reason], bool)
        probabilities = np.full((len(good), len(STAGES)), np.nan)
        if good.any():
            probabilities[good] = softened(
                self.log_probabilities(night.x[good]), self.temperature(context)
            )
        return Hypnogram(
            onset=night.onset,
            probabilities=apply_context(context, probabilities, self.description.prior),
            reason=night.reason,
            start=night.start,
            notes=[*night.notes, *self._notes(context, len(good))],
            spectrum=night.spectrum,
            spectrum_channel=night.spectrum_channel,
            made=Provenance(self.sources, night.used),
        )

    def log_probabilities(self, x: np.ndarray) -> np.ndarray:
        """Return the log-probabilities of the stages of windows, each by itself.

        Parameters
        ----------
        x : ndarray of shape (n_windows, n_chans, n_times), float32
            Scaled as in training.

        Returns
        -------
        ndarray of shape (n_windows, 5), float32

        Raises
        ------
        ModelError
            The model gives numbers that are not finite.
        """
        device = next(self.model.parameters()).device
        windows = torch.from_numpy(np.ascontiguousarray(x)).to(device)
        log_p = log_probabilities(self.model, windows).cpu().numpy()
        if not np.isfinite(log_p).all():
            raise ModelError("The model gives numbers that are not finite: its file is damaged.")
        return log_p

    @property
    def contexts(self) -> tuple[str, ...]:
        """What predictions can look at; first what validated better, or else "transitions"."""
        best = self.description.context or CONTEXTS[0]
        return (best, *(name for name in CONTEXTS if name != best))

    def temperature(self, context: str) -> float:
        """Return what log-probabilities are divided by, so that certainty is like accuracy."""
        return self.description.temperature.get(context, 1.0)

    def _notes(self, context: str, n_windows: int) -> list[str]:
        """Say what was done to the probabilities, and how far to trust them."""
        data = self.description.trained_on.data
        notes = [f"Probabilities are calibrated on the model's validation nights ({data} data)."]
        if context not in self.description.temperature:
            notes = ["Probabilities are not calibrated: the model file has no temperature."]
        if context == "transitions":
            notes.append("Neighbouring epochs were taken into account (context: transitions).")
        if self.preprocessing.normalize == "recording" and n_windows < FEW_WINDOWS:
            notes.append(
                f"Warning: {n_windows} epochs are few. This model judges each by how it differs "
                "from the rest of the recording, so it is often wrong in a recording of one stage."
            )
        return notes
