"""Methods with nothing to search for: none, fixed, and the two that learn while they train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sleepaug.augment import (
    Augmentation,
    Identity,
    Policy,
    Transform,
    augnet_layers,
)
from sleepaug.augment.augnet import AugerinoSettings, AugNetSettings
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Fraction, did_you_mean
from sleepaug.training.fit import Training
from sleepaug.training.methods.search import Method
from sleepaug.training.tasks.task import Task


class NoSearch:
    """A search that is done from the start.

    Parameters
    ----------
    make : callable
        Returns what to train with.
    regularization : float
        Weight of its regularizer in the loss (lambda of eq. 3).
    """

    done = True
    n_steps = most_steps = 0
    pause = 1
    pretraining = None

    def __init__(self, make: Callable[[], Augmentation], regularization: float = 0.0) -> None:
        self.augmentation = make
        self.regularization = regularization

    def step(self) -> dict[str, Any]:
        raise RuntimeError("There is nothing to search for.")

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


@dataclass(frozen=True)
class NoAugmentation(Method):
    """Train the trunk on the windows as they are.

    Examples
    --------
    >>> from sleepaug.training.tasks import Sinusoids
    >>> NoAugmentation().search(Sinusoids().load().task).augmentation()
    Identity()
    """

    name: ClassVar[str] = "none"

    def search(
        self, task: Task, training: Training | None = None, *, seed: int = 0, fold: int = 0
    ) -> NoSearch:
        return NoSearch(Identity)


@dataclass(frozen=True)
class Fixed(Method):
    """Train with a policy written by hand.

    Attributes
    ----------
    policy : list of subpolicies
        A subpolicy is a list of (transform, probability, magnitude); each window draws one.

    Examples
    --------
    >>> from sleepaug.training.tasks import Sinusoids
    >>> method = Fixed(policy=[[("sign_flip", 0.5, 1.0)]])
    >>> method.search(Sinusoids().load().task).augmentation().to_json()
    [[['sign_flip', 0.5, 1.0]]]
    """

    name: ClassVar[str] = "fixed"
    policy: list[list[tuple[str, Fraction, Fraction]]] = field(
        default_factory=lambda: [[("time_reverse", 0.5, 1.0), ("gaussian_noise", 0.5, 0.5)]]
    )

    def search(
        self, task: Task, training: Training | None = None, *, seed: int = 0, fold: int = 0
    ) -> NoSearch:
        _check_names(self.policy, task.transforms, "method.policy", name_of=lambda step: step[0])
        return NoSearch(lambda: Policy(self.policy, task.transforms))


@dataclass(frozen=True)
class AugNet(AugNetSettings, Method):
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
        Of every transform at the start.
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
        Accuracy that one transform may cost for certain ("robust").

    Examples
    --------
    >>> from sleepaug.training.tasks import Sinusoids
    >>> method = AugNet(layers=[["frequency_shift", "gaussian_noise"]])
    >>> len(method.search(Sinusoids().load().task).augmentation().layers)
    1
    """

    def search(
        self, task: Task, training: Training | None = None, *, seed: int = 0, fold: int = 0
    ) -> NoSearch:
        layers = self.layers
        if layers is None:
            layers = augnet_layers(task.transforms)
        learnable = {
            name: t
            for name, t in task.transforms.items()
            if t.differentiable or self.selection == "robust"
        }
        _check_names(layers, learnable, "method.layers", name_of=lambda name: name)
        return NoSearch(lambda: self.build(task.transforms), self.regularization)


@dataclass(frozen=True)
class LearnedAffine(AugerinoSettings, Method):
    """Augerino: learn the widths of random affine maps of images.

    Attributes
    ----------
    regularization : float
        Weight of ``-||W||`` in the loss; 0.05 is the paper's (A.1).
    half_width : float
        Of all six distributions at the start; pi / 8 is the paper's.

    Examples
    --------
    >>> from sleepaug.training.tasks import MarioIggy
    >>> task = MarioIggy(n_train=8, n_valid=8, n_test=8).load().task
    >>> type(LearnedAffine().search(task).augmentation()).__name__
    'Augerino'
    """

    def search(
        self, task: Task, training: Training | None = None, *, seed: int = 0, fold: int = 0
    ) -> NoSearch:
        if task.train.x.ndim != 4:
            raise ConfigError(
                "method.name: 'augerino' learns affine maps of images, and this task has none. "
                "For EEG use augnet, fixed or none."
            )
        return NoSearch(lambda: self.build(task.transforms), self.regularization)


def _check_names(
    groups: list[list[Any]],
    known: Mapping[str, Transform],
    where: str,
    name_of: Callable[[Any], str],
) -> None:
    """Raise a ConfigError that names all that are not transforms of this task."""
    lines = [
        f"  {where}[{i}][{j}]: unknown transform '{name_of(item)}'. "
        + did_you_mean(name_of(item), known)
        for i, group in enumerate(groups)
        for j, item in enumerate(group)
        if name_of(item) not in known
    ]
    if lines:
        raise ConfigError("These transforms do not apply to this data:\n" + "\n".join(lines))
