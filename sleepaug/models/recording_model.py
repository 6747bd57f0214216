"""The file of a recording model: several networks, what they were trained on, what is familiar."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from sleepaug.data.signals.features import NAMES
from sleepaug.data.signals.montage import N_PLACE
from sleepaug.data.stages import STAGES
from sleepaug.models.cards import read_description
from sleepaug.models.familiarity import Familiarity
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.support.errors import ModelError
from sleepaug.support.files import write_bytes


@dataclass(frozen=True)
class RecordingModel:
    """Networks that stage a whole recording together.

    Attributes
    ----------
    networks : tuple of RecordingNetwork
        Their probabilities are averaged.
    familiarity : Familiarity
        What windows were like in training.
    description : RecordingDescription
        What the file says of the model.
    """

    networks: tuple[RecordingNetwork, ...]
    familiarity: Familiarity
    description: RecordingDescription

    @torch.no_grad()
    def probabilities(
        self, features: np.ndarray, places: np.ndarray, *, context: bool = True
    ) -> np.ndarray:
        """Return the probability of each stage in each window.

        Parameters
        ----------
        features : ndarray of shape (n_windows, n_chans, n_features)
            NaN where a channel is absent or faulty.
        places : ndarray of shape (n_chans, 9)
            See `sleepaug.data.signals.montage.channel_place`.
        context : bool
            Let the windows around help.

        Returns
        -------
        ndarray of shape (n_windows, 5)
        """
        x, place = (torch.from_numpy(v.astype(np.float32))[None] for v in (features, places))
        total = np.zeros((len(features), len(STAGES)))
        for network in self.networks:
            network.eval()
            log_p = network(x, place) if context else network.logits(x, place)[0].log_softmax(-1)
            total += log_p[0].exp().double().numpy()
        total **= 1 / self.description.temperature
        return total / total.sum(axis=1, keepdims=True)


def save_recording_model(path: Path, model: RecordingModel) -> None:
    """Write networks and familiarity as safetensors, the description in the metadata.

    The weights of the networks are rounded to half precision, so that the file is half as large.
    """
    weights: dict[str, Tensor] = {
        f"network{k}.{name}": value.detach().half().contiguous()
        for k, network in enumerate(model.networks)
        for name, value in network.state_dict().items()
    }
    for name in ("mean", "sd", "precision"):
        value = np.ascontiguousarray(getattr(model.familiarity, name))
        weights[f"familiarity.{name}"] = torch.from_numpy(value)
    text = json.dumps(model.description.to_json())
    write_bytes(path, save(weights, metadata={"sleepaug": text}))


def read_recording_model(path: Path) -> RecordingModel:
    """Read the file of a recording model; see `sleepaug.models.files.read_model`.

    Raises
    ------
    ModelError
        The file is damaged, or its weights are not those of the networks it describes.
    """
    description = read_description(path)
    if not isinstance(description, RecordingDescription):
        raise ModelError(f"{path}: a model of windows; expected one of whole recordings.")
    try:
        with safe_open(path, framework="pt") as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelError(f"{path}: not a model file: {error}.") from error
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise ModelError(f"{path}: its weights are not all finite numbers.")
    networks = [_network(description.n_hidden) for _ in range(description.n_networks)]
    try:
        for k, network in enumerate(networks):
            prefix = f"network{k}."
            own = {
                key.removeprefix(prefix): v for key, v in weights.items() if key.startswith(prefix)
            }
            network.load_state_dict(own)
        familiarity = Familiarity(
            *(weights[f"familiarity.{name}"].numpy() for name in ("mean", "sd", "precision"))
        )
    except (KeyError, RuntimeError) as error:
        raise ModelError(
            f"{path}: its weights are not those of the networks that it describes."
        ) from error
    if familiarity.precision.shape != (len(NAMES), len(NAMES)):
        raise ModelError(f"{path}: describes windows by other features than this version.")
    return RecordingModel(tuple(networks), familiarity, description)


def _network(n_hidden: int) -> RecordingNetwork:
    return RecordingNetwork(n_features=len(NAMES), n_place=N_PLACE, n_hidden=n_hidden).eval()
