"""Methods: where an augmentation comes from. `METHODS` names them.

A method is a settings dataclass with a `name` and a `search(task, training, seed=...)`. A search
is a Process (see `sleepaug.runs`) that can also say what to train with if it ended now. It knows
nothing of clocks, files, devices or the test split.
"""

from __future__ import annotations

from typing import Any, Protocol

from sleepaug.augment import Augmentation
from sleepaug.methods.adda import ADDA
from sleepaug.methods.autoaugment import AutoAugment, RandomSearch
from sleepaug.methods.dada import DADA
from sleepaug.methods.fast_aa import FastAutoAugment
from sleepaug.methods.faster_aa import FasterAutoAugment
from sleepaug.methods.given import AugNet, Fixed, LearnedAffine, Nothing
from sleepaug.runs import Process


class Search(Process, Protocol):
    """A Process that looks for an augmentation.

    Attributes
    ----------
    n_steps : int
        Epochs, or trials, done.
    pause : int
        A policy is worth training with every so many of them.
    regularization : float
        Weight of the augmentation's regularizer in the loss of that training.
    pretraining : Process or None
        What has to be done before the first step.
    """

    pause: int
    regularization: float
    pretraining: Process | None

    def augmentation(self) -> Augmentation:
        """What to train with if the search ended now."""
        ...


METHODS: dict[str, Any] = {
    method.name: method
    for method in (
        Nothing,
        Fixed,
        AugNet,
        LearnedAffine,
        RandomSearch,
        AutoAugment,
        FastAutoAugment,
        FasterAutoAugment,
        DADA,
        ADDA,
    )
}
