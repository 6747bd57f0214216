"""What a method is given: a task, which is two splits, transforms and a trunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from sleepaug.models.description import Description

if TYPE_CHECKING:
    from sleepaug.augment import Transform


@dataclass(frozen=True)
class Split:
    """Examples and their classes, on the device where they are used.

    Attributes
    ----------
    x : Tensor of shape (n_windows, ...)
        For sleep (n_windows, n_chans, n_times), float32.
    y : Tensor of shape (n_windows,)
        Classes, int64.
    group : ndarray of shape (n_windows,)
        The recording of each window; scores are also given for each group.
    """

    x: Tensor
    y: Tensor
    group: np.ndarray = field(default_factory=lambda: np.zeros(0, str))

    def __len__(self) -> int:
        return len(self.y)

    def batches(self, size: int, *, shuffle: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (x, y) of at most `size` examples; shuffled by torch's generator."""
        if not shuffle:
            yield from zip(self.x.split(size), self.y.split(size), strict=True)
            return
        for index in torch.randperm(len(self), device=self.x.device).split(size):
            yield self.x[index], self.y[index]


@dataclass(frozen=True)
class Task:
    """What a method is given: two splits, the candidate transforms and the trunk.

    Attributes
    ----------
    train, valid : Split
    transforms : dict of Transform
        The candidates that apply to this data, by name.
    make_trunk : callable
        Returns a freshly initialised network, x -> logits (n_windows, n_classes).
    classes : tuple of str
    """

    train: Split
    valid: Split
    transforms: dict[str, Transform]
    make_trunk: Callable[[], nn.Module]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class TaskData:
    """A task together with what the run keeps from the method.

    Attributes
    ----------
    task : Task
    test : Split
    parts : dict
        What is written to `splits.json`: the subjects of each part.
    description : Description
        What is known of the model before its training: its input, network and training set.
    notes : list of str
        What its owner should hear of the task.
    nights : dict
        What was done to each recording, written to `nights.json`.
    known : dict of float
        Transforms and amounts: how invariant the model became to each is measured on the test
        split. For made-up data they are the known invariances, for sleep all transforms at half
        their range.
    """

    task: Task
    test: Split
    parts: dict[str, list[str]] = field(default_factory=dict)
    description: Description = field(default_factory=Description)
    notes: list[str] = field(default_factory=list)
    nights: dict[str, list[str]] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
