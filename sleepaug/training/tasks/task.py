"""A task: two splits, transforms and a trunk, which are all that a method sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from sleepaug.models.description import Description
from sleepaug.training.tasks.streamed import StreamedWindows

if TYPE_CHECKING:
    from sleepaug.augment import Transform
    from sleepaug.data.signals.preprocessing import Preprocessing


@dataclass(frozen=True)
class Split:
    """Examples and their classes, on the device where they are used.

    Attributes
    ----------
    x : Tensor or StreamedWindows of shape (n_windows, ...)
        For sleep (n_windows, n_chans, n_times), float32.
    y : Tensor of shape (n_windows,)
        Classes, int64.
    group : ndarray of shape (n_windows,)
        The recording of each window, for scores by recording; empty where there are none.

    Examples
    --------
    >>> split = Split(torch.randn(5, 2, 300), torch.tensor([0, 1, 2, 1, 0]))
    >>> [len(y) for x, y in split.batches(2)]
    [2, 2, 1]
    """

    x: Any  # a Tensor, or StreamedWindows
    y: Tensor
    group: np.ndarray = field(default_factory=lambda: np.zeros(0, str))

    def __len__(self) -> int:
        return len(self.y)

    def batches(self, size: int, *, shuffle: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (x, y) of at most `size` examples; shuffled by torch's generator."""
        if not shuffle:
            yield from zip(self.x.split(size), self.y.split(size), strict=True)
            return
        order = torch.randperm(len(self), device=self.x.device)
        if isinstance(self.x, StreamedWindows):
            to_read = order.cpu().split(size)  # once: the thread that reads must not ask a GPU
            for x, index in zip(self.x.ahead(to_read), order.split(size), strict=True):
                yield x, self.y[index]
            return
        for index in order.split(size):
            yield self.x[index], self.y[index]


@dataclass(frozen=True)
class Task:
    """All that a method sees: two splits, the candidate transforms and the trunk.

    Attributes
    ----------
    train, valid : Split
    transforms : dict of Transform
        The candidates that apply to this data, by name.
    make_trunk : callable
        Returns a freshly initialised network, x -> logits (n_windows, n_classes).
    classes : tuple of str

    Examples
    --------
    >>> from sleepaug.training.tasks import Sinusoids
    >>> task = Sinusoids().load().task
    >>> len(task.train), task.classes
    (400, ('2 Hz', '4 Hz', '6 Hz', '8 Hz'))
    """

    train: Split
    valid: Split
    transforms: dict[str, Transform]
    make_trunk: Callable[[], nn.Module]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class TaskData:
    """A task, and the data that no method sees.

    Attributes
    ----------
    task : Task
    test : Split
    parts : dict of list of str
        The subjects of train, valid and test, written to `splits.json`.
    description : Description
        The model before its training: its input, network and training set.
    notes : list of str
        Lines about the data for the user, such as transforms that do not apply.
    nights : dict of list of str
        What was done to each recording, written to `nights.json`.
    known : dict of float
        The amount of each transform at which the invariance of the model is measured on the test
        split: for made-up data the known invariances, for sleep all transforms at half their
        range.

    Examples
    --------
    >>> from sleepaug.training.tasks import Sinusoids
    >>> data = Sinusoids().load()
    >>> len(data.test), data.known
    (200, {'frequency_shift': 0.5})
    """

    task: Task
    test: Split
    parts: dict[str, list[str]] = field(default_factory=dict)
    description: Description = field(default_factory=Description)
    notes: list[str] = field(default_factory=list)
    nights: dict[str, list[str]] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)


class TaskSettings(Protocol):
    """Settings of a task: a frozen dataclass whose fields are the options of section `task`.

    Attributes
    ----------
    name : str
        Under which `TASKS` has it.
    """

    name: ClassVar[str]

    @property
    def label(self) -> str:
        """What run folders are named after: the data, or the task."""
        return self.name

    @property
    def n_folds(self) -> int:
        """Into how many test parts the data can be split."""
        return 1

    def load(
        self,
        preprocessing: Preprocessing | None = None,
        *,
        fold: int = 0,
        seed: int = 0,
        device: torch.device | str = "cpu",
        cache_dir: Path | None = None,
        progress: bool = False,
    ) -> TaskData:
        """Read or draw the data, and split them.

        Parameters
        ----------
        preprocessing : Preprocessing, optional
            Of recordings; None for a task without recordings.
        fold : int
            Which of the `n_folds` test parts.
        seed : int
            Random seed of the run, for data that are drawn.
        device : torch.device
            Where the windows are stored.
        cache_dir : Path, optional
            Folder of prepared nights.
        progress : bool
            Show a progress bar on a terminal.
        """
        ...
