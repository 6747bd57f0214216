"""What a training learned about its input: as plain data, as a table, as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sleepaug.augment.augmentation import Augmentation
from sleepaug.augment.layers import AugmentationLayer, AugmentationModule
from sleepaug.augment.policy import Policy, Step
from sleepaug.augment.selection import MeasuredLayer
from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import plain
from sleepaug.support.settings import fill

SELECTED = 0.5  # a transform with this share of a layer's weight was selected by it
UNDECIDED = 0.1
END = 0.99  # a magnitude from here on is at the end of its range
NEGLIGIBLE = 0.01  # a magnitude up to this changes nothing that matters


@dataclass(frozen=True)
class LearnedTransform:
    """The state of one candidate of an AugNet layer.

    Attributes
    ----------
    transform : str
        Its name.
    weight : float
        Its share of the layer, in [0, 1].
    magnitude : float
        In [0, 1].
    amount : float
        The magnitude in the unit of the transform.
    unit : str
        Such as "Hz" or "probability".
    kept : bool, optional
        Whether it belongs to the trained model. Only of a layer that measures (`MeasuredLayer`), of
        which several may be kept; in other layers the weight decides.
    """

    transform: str
    weight: float
    magnitude: float
    amount: float
    unit: str
    kept: bool | None = None

    @property
    def words(self) -> str:
        """The name as words, such as "time reverse"."""
        return self.transform.replace("_", " ")

    @property
    def is_chosen(self) -> bool:
        """Whether its layer keeps it or, where nothing was measured, gives it half the weight."""
        return self.weight >= SELECTED if self.kept is None else self.kept


LearnedLayer = Sequence[LearnedTransform]


@dataclass(frozen=True)
class FullAmount:
    """What magnitude 1 of a transform means: an amount in its unit."""

    amount: float
    unit: str


@dataclass(frozen=True)
class Learned:
    """What a training learned about its input; what `policy.json` holds.

    An augmentation has `layers` (AugNet), or `policy` and `ranges`, or none of them (Augerino).

    Attributes
    ----------
    method : str, optional
        Name of the method of training.
    channels : tuple of str, optional
        Of EEG: the channels of the windows, in this order.
    sfreq : float, optional
        Of EEG: the sampling rate of the windows in Hz.
    normalize : {"window", "recording", "none"}, optional
        Of EEG: how the windows were scaled; see `Preprocessing`.
    layers : tuple of tuples of LearnedTransform, optional
        The candidates of each layer, in the order in which layers are applied.
    policy : tuple of tuples of (name, probability, magnitude), optional
        The steps of each subpolicy, in the form that method `fixed` takes.
    ranges : dict of FullAmount, optional
        The amount at magnitude 1 of each transform in the policy.

    Examples
    --------
    >>> from sleepaug.augment import Policy, eeg_transforms
    >>> transforms = eeg_transforms(100.0, ["C3", "C4"])
    >>> policy = Policy([[("sign_flip", 0.8, 1.0), ("gaussian_noise", 1.0, 0.5)]], transforms)
    >>> Learned.of(policy).sentences()
    ['subpolicy 1: sign flip with probability 0.40, then gaussian noise up to 0.1 std with probability 1.00']
    """  # noqa: E501

    method: str | None = None
    channels: tuple[str, ...] | None = None
    sfreq: float | None = None
    normalize: Literal["window", "recording", "none"] | None = None
    layers: tuple[tuple[LearnedTransform, ...], ...] | None = None
    policy: tuple[tuple[Step, ...], ...] | None = None
    ranges: dict[str, FullAmount] | None = None

    @classmethod
    def of(cls, augment: Augmentation, **about: Any) -> Learned:
        """Read an augmentation; `about` are the fields that it does not know, such as `method`."""
        if isinstance(augment, AugmentationModule):
            return cls(layers=tuple(map(_candidates, augment.layers)), **about)
        if isinstance(augment, Policy):
            ranges = {t.name: FullAmount(t.amount_at_1, t.unit) for t in augment.transforms}
            return cls(policy=tuple(map(tuple, augment.subpolicies)), ranges=ranges, **about)
        return cls(**about)

    @classmethod
    def from_json(cls, values: object) -> Learned:
        """Read what `to_json` gave.

        Raises
        ------
        ConfigError
            The values are something else: a line for each problem.
        """
        problems: list[str] = []
        learned = fill(cls, values, "", problems)
        if learned is None:
            raise ConfigError("\n".join(problems))
        return learned

    def to_json(self) -> dict[str, Any]:
        """Return plain data, without the fields that are None."""
        values = {key: value for key, value in plain(self).items() if value is not None}
        if self.layers is not None:
            values["layers"] = [
                [{k: v for k, v in entry.items() if v is not None} for entry in layer]
                for layer in values["layers"]
            ]
        return values

    def problems(self) -> list[str]:
        """Name the transforms of the policy whose ranges are missing."""
        names = {name for steps in self.policy or () for name, _, _ in steps}
        return [f"ranges.{name}: is missing." for name in sorted(names - set(self.ranges or {}))]

    def sentences(self) -> list[str]:
        """Return a sentence for each transform of layers, or for each subpolicy."""
        if self.layers is not None:
            return layer_sentences(self.layers)
        return policy_sentences(self.policy or (), self.ranges or {})


def _candidates(layer: AugmentationLayer | MeasuredLayer) -> tuple[LearnedTransform, ...]:
    """Return the state of a layer's transforms."""
    measured = isinstance(layer, MeasuredLayer)
    states = zip(layer.transforms, layer.weights.tolist(), layer.magnitudes.tolist(), strict=True)
    return tuple(
        LearnedTransform(
            transform.name,
            weight,
            magnitude,
            magnitude * transform.amount_at_1,
            transform.unit,
            weight > 0 if measured else None,
        )
        for transform, weight, magnitude in states
    )


def amount_text(amount: float, unit: str) -> str:
    """Return an amount with its unit, such as "0.52 Hz"."""
    return f"{amount:.3g} {unit}"


def strength(entry: LearnedTransform) -> str:
    """Return the amount of a transform, and whether it could not go further."""
    end = ", the end of its range" if entry.magnitude >= END else ""
    return amount_text(entry.amount, entry.unit) + end


def table(layers: Sequence[LearnedLayer]) -> str:
    """Return weights and amounts of AugNet's layers as text, the heaviest of each layer first."""
    lines = [f"{'layer':<7}{'transform':<20}{'weight':>7}  amount"]
    for number, layer in enumerate(layers, start=1):
        for entry in sorted(layer, key=lambda e: -e.weight):
            amount = amount_text(entry.amount, entry.unit)
            lines.append(f"{number:<7}{entry.words:<20}{entry.weight:>7.3f}  {amount}")
    return "\n".join(lines)


def layer_sentences(layers: Sequence[LearnedLayer]) -> list[str]:
    """Return one sentence for each transform: kept and how far, undecided, or rejected."""
    offered: dict[str, list[LearnedTransform]] = {}
    for layer in layers:
        for entry in layer:
            offered.setdefault(entry.words, []).append(entry)
    effective, others = [], []
    for words, entries in offered.items():
        chosen = [entry for entry in entries if entry.is_chosen]
        strong = [strength(e) for e in chosen if e.magnitude > NEGLIGIBLE]
        heaviest = max(entries, key=lambda entry: entry.weight)
        if strong:
            effective.append(f"{words} up to {' and '.join(strong)}: kept")
        elif chosen:
            others.append(f"{words}: selected, but with nothing to do (amount 0)")
        elif heaviest.weight >= UNDECIDED:
            weight = f"undecided (weight {heaviest.weight:.2f})"
            others.append(f"{words} up to {strength(heaviest)}: {weight}")
        else:
            others.append(f"{words}: rejected")
    return effective + others


def policy_sentences(
    policy: Sequence[Sequence[Step]], ranges: Mapping[str, FullAmount]
) -> list[str]:
    """Return one sentence for each subpolicy.

    Where the amount of a transform is a probability it is multiplied by that of the step.
    """

    def words(name: str, probability: float, magnitude: float) -> str:
        unit, amount = ranges[name].unit, magnitude * ranges[name].amount
        text = name.replace("_", " ")
        if unit == "probability":
            return f"{text} with probability {probability * amount:.2f}"
        end = " (the end of its range)" if magnitude >= END else ""
        return f"{text} up to {amount_text(amount, unit)}{end} with probability {probability:.2f}"

    return [
        f"subpolicy {i}: " + ", then ".join(words(*step) for step in steps)
        for i, steps in enumerate(policy, start=1)
    ]


def kept(augmentation: Mapping[str, float], name: str) -> bool:
    """Tell whether a transform has the largest weight of its layer (several may).

    Parameters
    ----------
    augmentation : dict of float
        What `Augmentation.describe` gives, such as ``{"1.sign_flip.weight": 0.9, ...}``.
    name : str
        Layer and transform, such as ``"1.sign_flip"``.
    """
    weight = augmentation.get(f"{name}.weight")
    if weight is None:
        return f"{name}.amount" in augmentation  # Augerino has no weights
    layer = name.split(".")[0]
    weights = [
        value
        for key, value in augmentation.items()
        if key.startswith(f"{layer}.") and key.endswith("weight")
    ]
    return weight > 0 and weight >= max(weights) - 1e-6
