"""Staging: a trained model and a recording make a hypnogram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sleepaug.augment import AugmentedModel
from sleepaug.calibration import calibration, softened
from sleepaug.config import ConfigError
from sleepaug.context import apply_context
from sleepaug.data.night import night_windows
from sleepaug.data.preprocessing import Preprocessing
from sleepaug.data.recording import STAGES, printable
from sleepaug.hypnogram import Hypnogram
from sleepaug.training import log_probabilities

if TYPE_CHECKING:
    import mne

    from sleepaug.tasks import Task
    from sleepaug.training import Training


FEW_WINDOWS = 60
"""Half an hour: with less, what is typical of a recording is likely to be one stage."""


@dataclass(frozen=True)
class Stager:
    """A trained model that stages recordings.

    Attributes
    ----------
    model : AugmentedModel
    description : dict
        What the model file says of itself: channels, rate, preprocessing, training set, scores.
    preprocessing : Preprocessing
        What is done to a recording before it is staged.
    """

    model: AugmentedModel
    description: Mapping[str, Any]
    preprocessing: Preprocessing

    @property
    def may_miss(self) -> bool:
        """Whether the model was trained to go on without some of its channels."""
        return self.description.get("missing_channels") == "zero"

    def predict(
        self,
        recording: mne.io.BaseRaw | Path | str,
        *,
        map: Mapping[str, str] | None = None,
        reference: str | None = None,
        context: str = "transitions",
    ) -> Hypnogram:
        """Stage a recording.

        Parameters
        ----------
        recording : mne.io.Raw, path
            A night that has the channels of the model, or one of them at least if the model was
            trained to go without the others.
        map : dict, optional
            Which recorded channel is which, such as ``{"C3": "EEG 4"}``; alternatives are
            separated by ``|``.
        reference : str, optional
            In place of the reference the model was trained with.
        context : "transitions" or "none"
            Whether neighbouring epochs help; see `sleepaug.context`.

        Returns
        -------
        Hypnogram

        Raises
        ------
        RecordingError
            The recording cannot be read, or lacks a channel.
        """
        settings = self.preprocessing.with_overrides(map, reference)
        if isinstance(recording, str):
            recording = Path(recording)
        night = night_windows(recording, settings, may_miss=self.may_miss)
        good = np.array([not reason for reason in night.reason], bool)
        probabilities = np.full((len(good), len(STAGES)), np.nan)
        if good.any():
            probabilities[good] = softened(
                self.log_probabilities(night.x[good]), self.temperature(context)
            )
        return Hypnogram(
            onset=night.onset,
            probabilities=apply_context(context, probabilities, self.description.get("prior")),
            reason=night.reason,
            start=night.start,
            notes=[*night.notes, *self._notes(context, len(good))],
            spectrum=night.spectrum,
            name=printable(recording.stem) if isinstance(recording, Path) else "",
        )

    def log_probabilities(self, x: np.ndarray) -> np.ndarray:
        """Log-probabilities (n_windows, 5) of scaled windows (n_windows, n_chans, n_times)."""
        device = next(self.model.parameters()).device
        windows = torch.from_numpy(np.ascontiguousarray(x)).to(device)
        found = log_probabilities(self.model, windows).cpu().numpy()
        if not np.isfinite(found).all():
            raise ConfigError("The model gives numbers that are not finite: its file is damaged.")
        return found

    def temperature(self, context: str) -> float:
        """By what the log-probabilities are divided, so that the certainties are right."""
        return float(self.description.get("temperature", {}).get(context, 1.0))

    def _notes(self, context: str, n_windows: int) -> list[str]:
        """What was done to the probabilities, and how far to trust them, in sentences."""
        data = self.description.get("trained_on", {}).get("data", "unknown")
        notes = [f"Probabilities are calibrated on the model's validation nights ({data} data)."]
        if context not in self.description.get("temperature", {}):
            notes = ["Probabilities are not calibrated: the model file has no temperature."]
        if context == "transitions":
            notes.append("Neighbouring epochs were taken into account (--context transitions).")
        if self.preprocessing.normalize == "recording" and n_windows < FEW_WINDOWS:
            notes.append(
                f"Warning: {n_windows} epochs are few: this model judges each by how it differs "
                "from the rest of the recording, and mistakes a recording of one stage."
            )
        return notes


def for_prediction(
    model: AugmentedModel, task: Task, training: Training, learned: Mapping[str, Any]
) -> dict[str, Any]:
    """What the end of a training adds to a model's description.

    Parameters
    ----------
    model : AugmentedModel
    task : Task
        Its validation nights are what the temperatures are fitted to.
    training : Training
    learned : dict
        The augmentation, as `learned.as_data` gives it.

    Returns
    -------
    dict
        `temperature` and `prior` (see `calibration`), and whether `missing_channels` may be zero.
    """
    prior = None
    if training.class_weights == "none":
        counts = np.bincount(task.train.y.cpu().numpy(), minlength=len(STAGES)) + 1
        prior = (counts / counts.sum()).tolist()
    found = log_probabilities(model, task.valid.x).cpu().numpy()
    y, night = task.valid.y.cpu().numpy(), task.valid.group
    return {
        "missing_channels": "zero" if drops_channels(learned) else "refuse",
        **calibration(found, y, night, prior),
    }


def drops_channels(learned: Mapping[str, Any]) -> bool:
    """Whether a training with what `learned.as_data` says has taught to go without channels."""
    steps = [step for subpolicy in learned.get("policy", []) for step in subpolicy]
    if any(name == "channels_dropout" and p > 0 and mu > 0 for name, p, mu in steps):
        return True
    entries = [entry for layer in learned.get("layers", []) for entry in layer]
    return any(
        e["transform"] == "channels_dropout" and e["weight"] > 0.1 and e["magnitude"] > 0.05
        for e in entries
    )
