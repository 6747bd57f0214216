"""Model files: weights as safetensors, and in the metadata all that prediction needs; no pickle.

A file may come from a stranger: what it says is checked before anything is built, and the shapes of
the network it describes are compared with its weights before either takes any memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save

from sleepaug.augment import Augmentation, AugmentedModel, Identity
from sleepaug.augment.augnet import LEARNED
from sleepaug.augment.eeg import applicable
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.models.cards import find_model, read_description
from sleepaug.models.trunks import make_trunk
from sleepaug.support.errors import ModelError, printable
from sleepaug.support.files import write_bytes
from sleepaug.support.settings import fill

MOST_CHANNELS, HIGHEST_RATE, MOST_COPIES, LARGEST_OPTION = 128, 1024.0, 1000, 4096


def save_model(path: Path, model: AugmentedModel, description: Mapping[str, Any]) -> None:
    """Write weights, and in the metadata all that prediction needs."""
    weights = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    write_bytes(path, save(weights, metadata={"sleepaug": json.dumps(dict(description))}))


@dataclass(frozen=True)
class SavedModel:
    """A trained model as its file holds it.

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
    def allow_missing(self) -> bool:
        """Whether the model was trained to go on without some of its channels."""
        return self.description.get("missing_channels") == "zero"


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
    if description.get("kind") == "recording":
        raise ModelError(
            f"{path}: stages whole recordings and cannot be fine-tuned or taken apart. Name another "
            "model, such as 'spectral'."
        )
    problems = _problems(description)
    preprocessing: Preprocessing | None = None
    if not problems:
        preprocessing = fill(
            Preprocessing, description.get("preprocessing"), "preprocessing", problems
        )
    if preprocessing is not None and (
        list(preprocessing.channels) != description["channels"]
        or preprocessing.sfreq != description["sfreq"]
    ):
        problems.append("preprocessing: has other channels or another rate than the model.")
    if problems or preprocessing is None:
        listed = "\n  ".join(printable(line) for line in problems)
        raise ModelError(f"{path}: not a model of sleepaug:\n  {listed}")
    try:
        model = _build(path, description)
    except (ValueError, TypeError, KeyError, RuntimeError, ArithmeticError, LookupError) as error:
        what = printable(str(error))[:500] or type(error).__name__
        raise ModelError(f"{path}: not a model of sleepaug: {what}") from error
    return SavedModel(model.eval(), description, preprocessing)


def _build(path: Path, description: Mapping[str, Any]) -> AugmentedModel:
    """The network that is described, with the weights of the file."""

    def build() -> AugmentedModel:
        trunk = make_trunk(
            description["trunk"],
            n_chans=len(description["channels"]),
            n_times=round(WINDOW_SECONDS * description["sfreq"]),
            sfreq=float(description["sfreq"]),
            n_classes=len(STAGES),
            **description["trunk_options"],
        )
        return AugmentedModel(
            _augmentation(description), trunk, n_copies_eval=description["copies_eval"]
        )

    with safe_open(path, framework="pt") as file:
        stated = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        with torch.device("meta"):
            expected = {
                key: tuple(value.shape) for key, value in build().trunk.state_dict().items()
            }
        found = {k.removeprefix("trunk."): v for k, v in stated.items() if k.startswith("trunk.")}
        if found != expected:
            raise ModelError("its weights are not those of the network that it describes.")
        weights = {key: file.get_tensor(key) for key in stated}
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise ModelError("its weights are not all finite numbers.")
    model = build()
    model.load_state_dict(weights)
    return model


def _augmentation(description: Mapping[str, Any]) -> Augmentation:
    """The augmentation that is part of the model, if there is one."""
    if not description["augmentation"]:
        return Identity()
    settings, problems = dict(description["augmentation"]), list[str]()
    method = fill(LEARNED[settings.pop("name")], settings, "augmentation", problems)
    if problems:
        raise ModelError("\n  ".join(problems))
    told = (description[key] for key in ("sfreq", "channels", "ranges"))
    return method.build(applicable(*told))


def _problems(told: Mapping[str, Any]) -> list[str]:
    """What is wrong with a description, as far as memory and time are concerned."""
    found = []
    channels: Any = told.get("channels")
    sfreq: Any = told.get("sfreq")
    copies: Any = told.get("copies_eval")
    if not (
        isinstance(channels, list)
        and 0 < len(channels) <= MOST_CHANNELS
        and all(isinstance(name, str) and 0 < len(name) <= 80 for name in channels)
    ):
        found.append(f"channels: expected 1 to {MOST_CHANNELS} names, got {str(channels)[:200]}.")
    if not (_is_number(sfreq) and 1 <= sfreq <= HIGHEST_RATE):
        found.append(f"sfreq: expected 1 to {HIGHEST_RATE:g} Hz, got {str(sfreq)[:200]}.")
    if not (type(copies) is int and 1 <= copies <= MOST_COPIES):
        found.append(f"copies_eval: expected 1 to {MOST_COPIES}, got {str(copies)[:200]}.")
    options = told.get("trunk_options")
    if not isinstance(options, dict) or not all(map(_is_harmless, options.values())):
        found.append(f"trunk_options: expected small numbers or words, got {str(options)[:200]}.")
    if not isinstance(told.get("trunk"), str):
        found.append("trunk: expected a name.")
    if not isinstance(told.get("augmentation"), dict | None):
        found.append("augmentation: expected keys and values, or null.")
    if "augmentation" not in told:
        found.append("augmentation: is not there.")
    if not isinstance(told.get("trained_on", {}), dict):
        found.append("trained_on: expected keys and values.")
    prior = told.get("prior")
    if prior is not None and not (
        isinstance(prior, list)
        and len(prior) == len(STAGES)
        and all(_is_number(p) and 0 < p <= 1 for p in prior)
    ):
        found.append(f"prior: expected {len(STAGES)} shares, got {str(prior)[:200]}.")
    temperature = told.get("temperature", {})
    if not isinstance(temperature, dict) or not all(
        _is_number(t) and 0.01 <= t <= 100 for t in temperature.values()
    ):
        found.append(f"temperature: expected 0.01 to 100 each, got {str(temperature)[:200]}.")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_harmless(value: Any) -> bool:
    """Whether an option of a trunk can cost neither memory nor time without end."""
    if isinstance(value, str):
        return len(value) <= 100
    if isinstance(value, list):
        return len(value) <= 64 and all(map(_is_harmless, value))
    return (
        value is None
        or isinstance(value, bool)
        or (_is_number(value) and abs(value) <= LARGEST_OPTION)
    )
