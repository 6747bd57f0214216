"""Search: a process that looks for an augmentation."""

from __future__ import annotations

from typing import Protocol

from sleepaug.augment import Augmentation
from sleepaug.training.runs import Process


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
