"""Transformations of EEG windows, and the layers and policies which learn or apply them."""

from sleepaug.augment.augerino import Augerino
from sleepaug.augment.augmentation import Augmentation, Identity
from sleepaug.augment.eeg import (
    SENSORS,
    TIME_FREQUENCY,
    augnet_layers,
    eeg_transforms,
    inapplicable,
)
from sleepaug.augment.layers import AugmentationLayer, AugmentationModule
from sleepaug.augment.model import AugmentedModel
from sleepaug.augment.policy import Policy
from sleepaug.augment.relaxed_policy import RelaxedPolicy
from sleepaug.augment.transform import Transform

__all__ = [
    "SENSORS",
    "TIME_FREQUENCY",
    "Augerino",
    "Augmentation",
    "AugmentationLayer",
    "AugmentationModule",
    "AugmentedModel",
    "Identity",
    "Policy",
    "RelaxedPolicy",
    "Transform",
    "augnet_layers",
    "eeg_transforms",
    "inapplicable",
]
