"""Methods: where an augmentation comes from. `METHODS` names them.

A method is a settings dataclass with a `name` and a `search(task, training, seed=...)`. A search
is a Process (see `sleepaug.training.runs`) that can also say what to train with if it ended now.
It knows nothing of clocks, files, devices or the test split.
"""

from __future__ import annotations

from typing import Any

from sleepaug.training.methods.adda import ADDA
from sleepaug.training.methods.autoaugment import AutoAugment, RandomSearch
from sleepaug.training.methods.dada import DADA
from sleepaug.training.methods.fast_aa import FastAutoAugment
from sleepaug.training.methods.faster_aa import FasterAutoAugment
from sleepaug.training.methods.given import AugNet, Fixed, LearnedAffine, NoAugmentation

METHODS: dict[str, Any] = {
    method.name: method
    for method in (
        NoAugmentation,
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
