"""Tasks: what is to be learned, from which windows. `TASKS` names them.

A `Task` is all that a method sees. The test split is not in it, so no method can look.
"""

from __future__ import annotations

from sleepaug.training.tasks.cifar10 import Cifar10
from sleepaug.training.tasks.mario_iggy import MarioIggy
from sleepaug.training.tasks.sinusoids import Sinusoids
from sleepaug.training.tasks.sleep import Sleep
from sleepaug.training.tasks.task import TaskSettings

_TASKS: tuple[type[TaskSettings], ...] = (Sleep, Sinusoids, MarioIggy, Cifar10)
TASKS = {task.name: task for task in _TASKS}
