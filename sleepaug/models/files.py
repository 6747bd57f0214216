"""Model files: weights as safetensors, and in the metadata all that prediction needs; no pickle.

A file may come from anybody: what it says is checked before anything is built, and the shapes of
the network it describes are compared with its weights before either takes any memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from sleepaug.augment import Augmentation, AugmentedModel, Identity
from sleepaug.augment.augnet import LEARNED
from sleepaug.augment.eeg import applicable
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.models.cards import find_model, read_description
from sleepaug.models.description import Description
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.trunks import make_trunk
from sleepaug.support.errors import ModelError, printable
from sleepaug.support.files import write_bytes
from sleepaug.support.settings import fill


def save_model(path: Path, model: AugmentedModel, description: Description) -> None:
    """Write weights, and in the metadata all that prediction needs.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    weights = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    write_bytes(path, save(weights, metadata={"sleepaug": json.dumps(description.to_json())}))


@dataclass(frozen=True)
class SavedModel:
    """A trained model as its file holds it.

    Attributes
    ----------
    model : AugmentedModel
    description : Description
        What the file says of the model: channels, rate, preprocessing, training set, scores.

    Examples
    --------
    >>> saved = read_model("spectral")
    >>> saved.description.trunk, saved.preprocessing.sfreq, saved.allow_missing
    ('spectral', 50.0, True)
    """

    model: AugmentedModel
    description: Description

    @property
    def preprocessing(self) -> Preprocessing:
        """What is done to a recording before it is staged."""
        return self.description.preprocessing

    @property
    def allow_missing(self) -> bool:
        """Whether the model was trained to go on without some of its channels."""
        return self.description.missing_channels == "zero"


def read_model(path: Path | str | None = None) -> SavedModel:
    """Read a model file.

    Parameters
    ----------
    path : path, optional
        A run folder, a model file, or the name of a model that ships with the package; without it,
        the default one.

    Returns
    -------
    SavedModel

    Raises
    ------
    ModelError
        There is no model, or the file is not one.
    """
    path = find_model(path)
    description = read_description(path)
    if isinstance(description, RecordingDescription):
        raise ModelError(
            f"{path}: stages whole recordings; `sleepaug adapt` fine-tunes it. Here, name a model "
            "that `train` made, or 'spectral'."
        )
    try:
        model = _build(path, description)
    except (ValueError, TypeError, KeyError, RuntimeError, ArithmeticError, LookupError) as error:
        reason = printable(str(error))[:500] or type(error).__name__
        raise ModelError(f"{path}: not a model of sleepaug: {reason}") from error
    return SavedModel(model.eval(), description)


def _build(path: Path, description: Description) -> AugmentedModel:
    """Build the network that is described, with the weights of the file."""

    def build() -> AugmentedModel:
        trunk = make_trunk(
            description.trunk,
            n_chans=len(description.channels),
            n_times=round(WINDOW_SECONDS * description.sfreq),
            sfreq=description.sfreq,
            n_classes=len(STAGES),
            **description.trunk_options,
        )
        return AugmentedModel(
            _augmentation(description), trunk, n_copies_eval=description.copies_eval
        )

    with safe_open(path, framework="pt") as file:
        stated = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        with torch.device("meta"):
            expected = {
                key: tuple(value.shape) for key, value in build().trunk.state_dict().items()
            }
        shapes = {k.removeprefix("trunk."): v for k, v in stated.items() if k.startswith("trunk.")}
        if shapes != expected:
            raise ModelError("its weights are not those of the network that it describes.")
        weights = {key: file.get_tensor(key) for key in stated}
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise ModelError("its weights are not all finite numbers.")
    model = build()
    model.load_state_dict(weights)
    return model


def _augmentation(description: Description) -> Augmentation:
    """Build the augmentation that is part of the model, if there is one."""
    if not description.augmentation:
        return Identity()
    settings, problems = dict(description.augmentation), list[str]()
    method = fill(LEARNED[settings.pop("name")], settings, "augmentation", problems)
    if method is None or description.ranges is None:
        raise ModelError("\n  ".join(problems))
    return method.build(applicable(description.sfreq, description.channels, description.ranges))
