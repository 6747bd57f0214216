"""Tasks: what is to be learned, from which windows. `TASKS` names them.

A task is all that a method may see. The test split is not in it, so no method can look.
"""

from __future__ import annotations

from typing import Any

from sleepaug.training.tasks.cifar10 import Cifar10
from sleepaug.training.tasks.mario_iggy import MarioIggy
from sleepaug.training.tasks.sinusoids import Sinusoids
from sleepaug.training.tasks.sleep import Sleep

TASKS: dict[str, Any] = {task.name: task for task in (Sleep, Sinusoids, MarioIggy, Cifar10)}
