"""What a method is, and the search it starts: the interface to everything that runs one."""

from __future__ import annotations

from typing import ClassVar, Protocol

from sleepaug.augment import Augmentation
from sleepaug.training.fit import Training
from sleepaug.training.runs import Process
from sleepaug.training.tasks.task import Task


class Search(Process, Protocol):
    """A Process that looks for an augmentation.

    Attributes
    ----------
    n_steps : int
        Epochs, or trials, done.
    most_steps : int
        Epochs, or trials, after which it is done.
    pause : int
        A policy is worth training with every so many of them.
    regularization : float
        Weight of the augmentation's regularizer in the loss of that training.
    pretraining : Process or None
        What has to be done before the first step.
    """

    pause: int
    regularization: float

    @property
    def most_steps(self) -> int: ...

    @property
    def pretraining(self) -> Process | None: ...

    def augmentation(self) -> Augmentation:
        """Return what to train with if the search ended now."""
        ...


class Method(Protocol):
    """Settings of a method: a frozen dataclass whose fields are the options of section `method`.

    Attributes
    ----------
    name : str
        Under which `METHODS` has it.
    """

    name: ClassVar[str]

    @property
    def warm_start(self) -> int:
        """Epochs of a shorter training without augmentation that the search starts from, or 0."""
        return 0

    def search(self, task: Task, training: Training, *, seed: int, fold: int = 0) -> Search:
        """Return the search at its start.

        Parameters
        ----------
        task : Task
            All that the method may see: the test split is not in it.
        training : Training
            How models are trained, those of the search too.
        seed : int
            Of everything that the search draws.
        fold : int
            The fold of the data: searches on different folds draw different numbers.
        """
        ...
