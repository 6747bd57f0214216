"""Staging: a trained model and a recording make a hypnogram. Model files are read and written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sleepaug.augment import Augmentation, AugmentedModel, Identity
from sleepaug.config import ConfigError, fill
from sleepaug.data.recording import STAGES, WINDOW_SECONDS
from sleepaug.data.windows import Preprocessing, night_windows
from sleepaug.hypnogram import Hypnogram
from sleepaug.methods import METHODS
from sleepaug.models import make_trunk
from sleepaug.tasks.sleep import applicable
from sleepaug.training import log_probabilities

if TYPE_CHECKING:
    import mne

DEFAULT_MODEL = "default.safetensors"


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

    def predict(
        self,
        recording: mne.io.BaseRaw | Path | str,
        *,
        map: Mapping[str, str] | None = None,
        reference: str | None = None,
    ) -> Hypnogram:
        """Stage a recording.

        Parameters
        ----------
        recording : mne.io.Raw, path
            A night that has the channels of the model.
        map : dict, optional
            Which recorded channel is which, such as ``{"C3": "EEG 4"}``; alternatives are
            separated by ``|``.
        reference : str, optional
            In place of the reference the model was trained with.

        Returns
        -------
        Hypnogram

        Raises
        ------
        RecordingError
            The recording cannot be read, or lacks a channel.
        """
        changes: dict[str, Any] = {"map": {**self.preprocessing.map, **(map or {})}}
        if reference is not None:
            changes["reference"] = reference
        if isinstance(recording, str):
            recording = Path(recording)
        night = night_windows(recording, replace(self.preprocessing, **changes))
        good = np.array([not reason for reason in night.reason], bool)
        probabilities = np.full((len(night.reason), len(STAGES)), np.nan)
        if good.any():
            x = torch.from_numpy(np.ascontiguousarray(night.x[good]))
            device = next(self.model.parameters()).device
            found = log_probabilities(self.model, x.to(device)).exp().cpu().numpy()
            probabilities[good] = found
        return Hypnogram(
            onset=night.onset,
            probabilities=probabilities,
            reason=night.reason,
            start=night.start,
            notes=night.notes,
        )


def save_model(path: Path, model: AugmentedModel, description: Mapping[str, Any]) -> None:
    """Write weights, and in the metadata all that prediction needs; no pickle."""
    part = path.with_name(path.name + ".part")
    weights = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    save_file(weights, part, metadata={"sleepaug": json.dumps(dict(description))})
    os.replace(part, path)


def load_model(path: Path | str | None = None) -> Stager:
    """Load a trained model.

    Parameters
    ----------
    path : path, optional
        A run folder or a model file; without it, the model that ships with the package.

    Returns
    -------
    Stager

    Raises
    ------
    ConfigError
        There is no model, or the file is not one.
    """
    if path is None:
        shipped = files("sleepaug") / "pretrained" / DEFAULT_MODEL
        with as_file(shipped) as file:
            return _load(file)
    path = Path(path)
    if path.is_dir():
        if not (path / "model.safetensors").is_file():
            raise ConfigError(
                f"{path}: holds no model.safetensors. Is the training finished? "
                "The same train command goes on where it was."
            )
        path = path / "model.safetensors"
    return _load(path)


def _load(path: Path) -> Stager:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = (file.metadata() or {}).get("sleepaug")
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such model.") from error
    except (OSError, SafetensorError) as error:
        raise ConfigError(f"{path}: not a model file: {error}.") from error
    try:
        description = json.loads(metadata or "")
        ch_names, sfreq = list(description["channels"]), float(description["sfreq"])
        trunk = make_trunk(
            description["trunk"],
            n_chans=len(ch_names),
            n_times=round(WINDOW_SECONDS * sfreq),
            sfreq=sfreq,
            n_classes=len(STAGES),
            **description["trunk_options"],
        )
        problems: list[str] = []
        preprocessing = fill(Preprocessing, description["preprocessing"], "preprocessing", problems)
        augment: Augmentation = Identity()
        if description["augmentation"]:
            settings = dict(description["augmentation"])
            method = fill(METHODS[settings.pop("name")], settings, "augmentation", problems)
            augment = method.build(applicable(sfreq, ch_names))
        model = AugmentedModel(augment, trunk, n_copies_eval=int(description["copies_eval"]))
        model.load_state_dict(weights)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ConfigError(f"{path}: not a model of sleepaug: {error!r}.") from error
    if problems:
        raise ConfigError(f"{path}: not a model of sleepaug:\n  " + "\n  ".join(problems))
    return Stager(model.eval(), description, preprocessing)
