"""The augmentations that are learned with the trunk and stay in the model, from their settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sleepaug.augment.augerino import Augerino
from sleepaug.augment.eeg import augnet_layers
from sleepaug.augment.layers import AugmentationModule
from sleepaug.augment.selection import MeasuredLayer
from sleepaug.augment.transform import Transform
from sleepaug.support.settings import Fraction, NotNegative, Positive


@dataclass(frozen=True)
class AugNetSettings:
    """Learn, with the trunk, which transforms leave the meaning unchanged, and how far.

    Attributes
    ----------
    layers : list of lists of str, optional
        The transforms each layer chooses from; by default the paper's sensors, time-frequency,
        time-frequency, without those that cannot act on the channels at hand.
    regularization : float
        Lambda of eq. 3.
    regularizer : {"selective", "magnitudes", "none"}
        ``-||w * mu||`` (eq. 3), or the ablations ``-||mu||`` and 0.
    magnitude : float
        Of every transform at the start, in [0, 1].
    temperature : float
        The weights are ``softmax(logits / temperature)``.
    freeze_probabilities : bool
        Do not learn the probability of time reverse, sign flip and channels symmetry (the
        authors' code).
    selection : {"gradient", "robust"}
        "gradient": as in the paper, weights and magnitudes follow the gradient of eq. 3. "robust":
        each transform is taken as far as the validation split does not mind (`MeasuredLayer`); of
        the other options it uses `layers` and `tolerance` only.
    tolerance : float
        Accuracy that one transform may cost for certain, in [0, 1] ("robust").

    Examples
    --------
    >>> from sleepaug.augment import eeg_transforms
    >>> settings = AugNetSettings(layers=[["sign_flip", "rotation_z"], ["frequency_shift"]])
    >>> augment = settings.build(eeg_transforms(100.0, ["C3", "C4"]))
    >>> len(augment.layers)
    2
    """

    name: ClassVar[str] = "augnet"
    layers: list[list[str]] | None = None
    regularization: NotNegative = 0.1
    regularizer: Literal["selective", "magnitudes", "none"] = "selective"
    magnitude: Fraction = 0.1
    temperature: Positive = 0.01
    freeze_probabilities: bool = False
    selection: Literal["gradient", "robust"] = "gradient"
    tolerance: Fraction = 0.0025

    def build(self, transforms: Mapping[str, Transform]) -> AugmentationModule:
        """Build the layers, untrained, from transforms by name."""
        layers = augnet_layers(transforms) if self.layers is None else self.layers
        if self.selection == "robust":
            measured = [
                MeasuredLayer([transforms[n] for n in names], tolerance=self.tolerance)
                for names in layers
            ]
            return AugmentationModule(measured, regularizer="none")
        return AugmentationModule.of(
            transforms,
            layers,
            magnitude=self.magnitude,
            temperature=self.temperature,
            freeze_probabilities=self.freeze_probabilities,
            regularizer=self.regularizer,
        )


@dataclass(frozen=True)
class AugerinoSettings:
    """Augerino: learn the widths of random affine maps of images.

    Attributes
    ----------
    regularization : float
        Weight of ``-||W||`` in the loss; 0.05 is the paper's (A.1).
    half_width : float
        Of all six distributions at the start (radians, for the rotation); pi / 8 is the paper's.

    Examples
    --------
    >>> AugerinoSettings(half_width=0.1).build({}).widths.shape
    torch.Size([6])
    """

    name: ClassVar[str] = "augerino"
    regularization: NotNegative = 0.05
    half_width: Positive = math.pi / 8

    def build(self, transforms: Mapping[str, Transform]) -> Augerino:
        """Build the affine maps, untrained; they need no `transforms`."""
        return Augerino(half_width=self.half_width)


LEARNED: dict[str, type[AugNetSettings | AugerinoSettings]] = {
    cls.name: cls for cls in (AugNetSettings, AugerinoSettings)
}
