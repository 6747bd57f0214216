"""Methods that have nothing to search for: none and fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sleepaug.augment import Augmentation, Identity, Policy
from sleepaug.config import ConfigError, Fraction, did_you_mean
from sleepaug.tasks import Task


class Given:
    """A search that was over before it began."""

    done = True
    n_steps = 0

    def __init__(self, make: Callable[[], Augmentation]) -> None:
        self.augmentation = make

    def step(self) -> dict[str, Any]:
        raise RuntimeError("There is nothing to search for.")

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


@dataclass(frozen=True)
class Nothing:
    """Train the trunk on the windows as they are."""

    name: ClassVar[str] = "none"

    def search(self, task: Task) -> Given:
        return Given(Identity)


@dataclass(frozen=True)
class Fixed:
    """Train with a policy written by hand.

    Attributes
    ----------
    policy : list of subpolicies
        A subpolicy is a list of (transform, probability, magnitude); each window draws one.
    """

    name: ClassVar[str] = "fixed"
    policy: list[list[tuple[str, Fraction, Fraction]]] = field(
        default_factory=lambda: [[("time_reverse", 0.5, 1.0), ("gaussian_noise", 0.5, 0.5)]]
    )

    def search(self, task: Task) -> Given:
        unknown = [step[0] for sub in self.policy for step in sub if step[0] not in task.transforms]
        if unknown:
            raise ConfigError(
                f"method.policy: no transform '{unknown[0]}' for this data. "
                + did_you_mean(unknown[0], task.transforms)
            )
        return Given(lambda: Policy(self.policy, task.transforms))
