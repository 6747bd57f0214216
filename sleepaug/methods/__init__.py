"""Methods: where an augmentation comes from. `METHODS` names them.

A method is a settings dataclass with a `name` and a `search(task)`. A search is a Process
(see `sleepaug.runs`) that can also say what to train with if it ended now. It knows nothing of
clocks, files, devices or the test split.
"""

from __future__ import annotations

from typing import Any, Protocol

from sleepaug.augment import Augmentation
from sleepaug.methods.given import AugNet, Fixed, LearnedAffine, Nothing
from sleepaug.runs import Process


class Search(Process, Protocol):
    """A Process that looks for an augmentation; `regularization` weighs its regularizer."""

    regularization: float

    def augmentation(self) -> Augmentation:
        """What to train with if the search ended now."""
        ...


METHODS: dict[str, Any] = {
    method.name: method for method in (Nothing, Fixed, AugNet, LearnedAffine)
}
