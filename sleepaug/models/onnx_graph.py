"""Networks as ONNX graphs: from what a stager sees to calibrated probabilities."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sleepaug.models.files import SavedModel
from sleepaug.models.onnx_features import FeatureGraph
from sleepaug.models.recording_model import RecordingModel
from sleepaug.support.errors import ConfigError, ModelError


class WindowGraph(nn.Module):
    """A trunk and its calibration: windows (n_windows, n_chans, n_times) to probabilities.

    Each window is staged by itself. An augmentation that is part of the model is left out: its
    copies are random.

    Parameters
    ----------
    saved : SavedModel
    """

    def __init__(self, saved: SavedModel) -> None:
        super().__init__()
        self.trunk = saved.model.trunk
        self.temperature = saved.description.temperature.get("none", 1.0)

    def forward(self, windows: Tensor) -> Tensor:
        """Return probabilities (n_windows, n_classes)."""
        return torch.softmax(self.trunk(windows) / self.temperature, dim=-1)


class RecordingGraph(nn.Module):
    """A recording model: windows (n_windows, n_channels, n_times) and places to probabilities.

    Parameters
    ----------
    model : RecordingModel
    """

    def __init__(self, model: RecordingModel) -> None:
        super().__init__()
        self.features = FeatureGraph()
        self.networks = nn.ModuleList(model.networks)
        self.temperature = model.description.temperature

    def forward(self, windows: Tensor, places: Tensor) -> Tensor:
        """Return probabilities (n_windows, n_classes); see `RecordingModel.probabilities`."""
        features = self.features(windows)[None]
        each = [network(features, places[None])[0].exp() for network in self.networks]
        total = torch.stack(each).sum(0) ** (1 / self.temperature)
        return total / total.sum(dim=-1, keepdim=True)


def require_onnx() -> None:
    """Raise a ConfigError that says how to install what an export needs, where it is missing."""
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "onnx: the packages for it are not installed. Run: pip install 'sleepaug[onnx]'"
        ) from error


def to_onnx(
    graph: nn.Module,
    inputs: Mapping[str, Tensor],
    free: Mapping[str, Mapping[int, str]],
    metadata: Mapping[str, str],
) -> bytes:
    """Translate a network whose output is called "probabilities".

    Parameters
    ----------
    graph : nn.Module
    inputs : dict of Tensor
        Examples, by name, in the order of the arguments.
    free : dict of dict
        Names of the dimensions that may have any size, by the name of the input and number.
    metadata : dict of str

    Returns
    -------
    bytes
        The content of an ONNX file.

    Raises
    ------
    ConfigError
        The packages for it are not installed.
    ModelError
        The network has operations that ONNX does not.
    """
    require_onnx()
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns of each package that it could use
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                graph.eval(),
                tuple(inputs.values()),
                dynamo=True,
                input_names=list(inputs),
                output_names=["probabilities"],
                dynamic_shapes=tuple(dict(free[name]) for name in inputs),
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        why = str(error.__cause__ or error).strip().partition("\n")[0]
        raise ModelError(f"The network cannot be exported to ONNX: {why}") from error
    finally:
        log.setLevel(level)
    assert program is not None
    program.model.metadata_props.update(metadata)
    return program.model_proto.SerializeToString()
