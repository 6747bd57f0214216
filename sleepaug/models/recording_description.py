"""What the file of a recording model says of it: its networks, its features, its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from sleepaug.models.description import ModelFacts, TrainedOn, bound
from sleepaug.support.plain import plain
from sleepaug.support.settings import Range


@dataclass(frozen=True, repr=False)
class RecordingDescription(ModelFacts):
    """What the file of a recording model says of it; the order of the fields is that of the file.

    Attributes
    ----------
    n_hidden : int
        Width of the networks.
    n_networks : int
        Networks whose probabilities are averaged.
    sleepaug : str
        Version of the package that trained the model.
    features : tuple of str
        Names of the features of a window and channel, in this order.
    classes : tuple of str
        Names of the outputs, in this order.
    trained_on : TrainedOn
    temperature : float
        By what the logarithms of the averaged probabilities are divided.
    started_from : str, optional
        Name of the model that it was before it was adapted to these recordings.
    kind : {"recording"}
        Tells the file from that of a model of windows (`Description`).
    """

    n_hidden: Annotated[int, Range(1, 1024)]
    n_networks: Annotated[int, Range(1, 16)]
    sleepaug: str = ""
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    trained_on: TrainedOn = field(default_factory=TrainedOn)
    temperature: Annotated[float, Range(0.3, 3)] = 1.0
    started_from: str | None = None
    kind: Literal["recording"] = "recording"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RecordingDescription:
        """Check what a model file says; see `Description.from_json`."""
        return bound(cls, values)

    def to_json(self) -> dict[str, Any]:
        """Return what the file holds."""
        values = dict(plain(self))
        if self.started_from is None:
            del values["started_from"]
        return values

    @property
    def summary(self) -> str:
        """What the model is, in a few words."""
        adapted = f", adapted from {self.started_from}" if self.started_from else ""
        return f"any EEG channels; {self.n_networks} networks for whole recordings{adapted}"

    def lines(self) -> list[str]:
        """Return the description as text for a terminal."""
        trained_on = self.trained_on
        return [
            "channels: any EEG channels, and EOG and chin EMG",
            f"networks: {self.n_networks} of width {self.n_hidden}, for whole recordings",
            f"trained on: {trained_on.n_windows} windows of {trained_on.n_recordings} recordings "
            f"({trained_on.data} data)",
            *([f"adapted from: {self.started_from}"] if self.started_from else []),
        ]
