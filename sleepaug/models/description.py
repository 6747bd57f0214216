"""What a model file says of its model: input, network, training, scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar, cast

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES
from sleepaug.models.words import OneLine
from sleepaug.support.errors import ModelError
from sleepaug.support.plain import plain
from sleepaug.support.settings import Range, fill

MOST_CHANNELS, LONGEST_NAME, LARGEST_OPTION, LONGEST_PROBLEM = 128, 80, 4096, 300
REQUIRED = (
    "channels", "sfreq", "trunk", "trunk_options", "preprocessing", "augmentation", "copies_eval",
)  # fmt: skip
Described = TypeVar("Described", bound="ModelFacts")
OF_ANY_TASK = ("sleepaug", "classes", "method", "augmentation", "copies_eval", "scores")


@dataclass(frozen=True, repr=False)
class TrainedOn(OneLine):
    """The recordings that a model was trained and selected on.

    Attributes
    ----------
    data : str
        Name of the dataset.
    subjects : tuple of str
        Of the training and validation parts.
    n_windows : int
        Windows of the training part.
    scorings : tuple of str
        Hash of the scoring of each night, also of those a model it started from had seen; see
        `sleepaug.training.seen.fingerprint`.
    n_recordings : int
        Recordings of the training part; 0 where the file does not say.
    """

    data: str = "unknown"
    subjects: tuple[str, ...] = ()
    n_windows: int = 0
    scorings: tuple[str, ...] = ()
    n_recordings: int = 0

    @property
    def facts(self) -> tuple[str, ...]:
        """Itself in words."""
        return (self.in_words(),)

    def in_words(self) -> str:
        """Say it in a few words.

        Examples
        --------
        >>> TrainedOn("simulated", n_windows=1200, n_recordings=10).in_words()
        'simulated data (1200 windows of 10 recordings)'
        """
        windows = f"{self.n_windows} windows" if self.n_windows else ""
        of = f"{self.n_recordings} recordings" if self.n_recordings else ""
        amount = " of ".join(part for part in (windows, of) if part)
        return f"{self.data} data" + (f" ({amount})" if amount else "")


class ModelFacts(OneLine):
    """What the line of any description of a model says."""

    trained_on: TrainedOn
    sleepaug: str

    @property
    def summary(self) -> str:
        """What the model is, in a few words."""
        raise NotImplementedError

    @property
    def facts(self) -> tuple[str, ...]:
        """Channels, training set and version."""
        version = f"sleepaug {self.sleepaug}" if self.sleepaug else ""
        return (self.summary, f"trained on {self.trained_on.in_words()}", version)


def bound(
    cls: type[Described], values: Mapping[str, Any], required: tuple[str, ...] = ()
) -> Described:
    """Make a description from what a file says; keys that only later versions know are left out.

    Raises
    ------
    ModelError
        Values are missing or out of bounds: a line for each.
    """
    names = {field.name for field in dataclasses.fields(cast(Any, cls))}
    problems = [f"{key}: is missing." for key in required if key not in values]
    known = {key: value for key, value in values.items() if key in names}
    description = fill(cls, known, "", problems)
    if problems or description is None:
        raise ModelError("\n  ".join(line[:LONGEST_PROBLEM] for line in problems))
    return description


@dataclass(frozen=True, repr=False)
class Description(ModelFacts):
    """What a model file says of its model.

    A file may come from anybody, so each value has bounds within which neither memory nor time can
    run out. The order of the fields is that of the file.

    Attributes
    ----------
    missing_channels : {"refuse", "zero"}
        What happens to a recording that lacks some of the channels: it is refused, or they are set
        to zero, as a training with channel dropout has taught the model.
    temperature : dict of float
        By what the log-probabilities are divided, for each context ("none", "transitions").
    context : {"transitions", "none"}, optional
        The context that was better on the validation nights: the default of predictions, which is
        "transitions" for models without it.
    prior : tuple of 5 floats, optional
        Share of each stage in the training windows, where they were not weighted by class.
    started_from : str, optional
        Name of the model from whose weights the training started.
    channels : tuple of str
        Channels of the input, in this order; empty for a model that does not stage sleep.
    sfreq : float
        Sampling rate of the input in Hz.
    ranges : {"paper", "official"}, optional
        What magnitude 1 of a transform means; see `sleepaug.augment.eeg`.
    trunk : str
        Name of the network; see `sleepaug.models.trunks.make_trunk`.
    trunk_options : dict
        Further arguments of the network.
    trained_on : TrainedOn
    sleepaug : str
        Version of the package that trained the model.
    classes : tuple of str
        Names of the outputs, in this order.
    preprocessing : Preprocessing
        What is done to a recording before it is staged.
    method : str
        Name of the method of training.
    augmentation : dict, optional
        Settings of the augmentation that is part of the model, with its `name`.
    copies_eval : int
        Augmented copies of a window whose probabilities are averaged, if there is an augmentation.
    scores : dict of float
        Balanced accuracy by part ("valid", "test"), from 0 to 1; None where a part is empty.

    Examples
    --------
    >>> from sleepaug.models.cards import find_model, read_card
    >>> description = read_card(find_model("spectral")).description
    >>> description.sfreq, description.trained_on.data
    (50.0, 'simulated')
    """

    missing_channels: Literal["refuse", "zero"] = "refuse"
    temperature: dict[str, Annotated[float, Range(0.01, 100)]] = field(default_factory=dict)
    context: Literal["transitions", "none"] | None = None
    prior: tuple[Annotated[float, Range(0, 1, above=0)], ...] | None = None
    started_from: str | None = None
    channels: tuple[str, ...] = ()
    sfreq: Annotated[float, Range(1, 1024)] = 100.0
    ranges: Literal["paper", "official"] | None = None
    trunk: str = ""
    trunk_options: dict[str, Any] = field(default_factory=dict)
    trained_on: TrainedOn = field(default_factory=TrainedOn)
    sleepaug: str = ""
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    method: str = ""
    augmentation: dict[str, Any] | None = None
    copies_eval: Annotated[int, Range(1, 1000)] = 1
    scores: dict[str, float | None] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Description:
        """Check what a model file says; keys that only later versions know are left out.

        Raises
        ------
        ModelError
            Values are missing or cannot be those of a model that stages sleep: a line for each.
        """
        return bound(cls, values, REQUIRED)

    def to_json(self) -> dict[str, Any]:
        """Return what the file holds: of a model that does not stage sleep, its training only."""
        values: dict[str, Any] = plain(self)
        if not self.channels:
            return {key: values[key] for key in OF_ANY_TASK}
        for key in ("started_from", "context"):
            if values[key] is None:
                del values[key]
        if not self.trained_on.n_recordings:
            del values["trained_on"]["n_recordings"]
        return values

    @property
    def summary(self) -> str:
        """What the model is, in a few words."""
        return f"{', '.join(self.channels)}; trained with method {self.method}"

    def lines(self) -> list[str]:
        """Return the description as text for a terminal."""
        scores = self.scores.items()
        return [
            f"channels: {', '.join(self.channels)}",
            f"trunk: {self.trunk}, method: {self.method}",
            f"trained on: {self.trained_on.n_windows} windows of {self.trained_on.data} data",
            *(f"balanced accuracy ({part}): {score}" for part, score in scores),
        ]

    def problems(self) -> list[str]:
        """Name what the types of the fields leave open, a line each."""
        lines = []
        if not 0 < len(self.channels) <= MOST_CHANNELS or not all(
            0 < len(name) <= LONGEST_NAME for name in self.channels
        ):
            lines.append(
                f"channels: expected 1 to {MOST_CHANNELS} names of 1 to {LONGEST_NAME} characters, "
                f"got {self.channels!r}."
            )
        if (self.channels, self.sfreq) != (self.preprocessing.channels, self.preprocessing.sfreq):
            lines.append("preprocessing: has other channels or another rate than the model.")
        if self.prior is not None and len(self.prior) != len(STAGES):
            lines.append(f"prior: expected {len(STAGES)} shares, got {self.prior!r}.")
        if self.augmentation and self.ranges is None:
            lines.append("ranges: is missing, and the augmentation needs it.")
        if not all(map(_is_bounded, self.trunk_options.values())):
            lines.append(
                f"trunk_options: expected numbers up to {LARGEST_OPTION} or short texts, "
                f"got {self.trunk_options!r}."
            )
        return lines


def _is_bounded(option: Any) -> bool:
    """Tell whether an option of a trunk can cost neither memory nor time without end."""
    if isinstance(option, str):
        return len(option) <= 100
    if isinstance(option, list):
        return len(option) <= 64 and all(map(_is_bounded, option))
    if option is None or isinstance(option, bool):
        return True
    return isinstance(option, int | float) and abs(option) <= LARGEST_OPTION
