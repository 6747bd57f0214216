"""Methods: where an augmentation comes from. `METHODS` names them.

A `Method` is a settings dataclass with a `name` and a `search(task, training, seed=...)`. Its
`Search` is a Process (see `sleepaug.training.runs`) that can also return the augmentation it has
come to so far. It knows nothing of clocks, files, devices or the test split.
"""

from __future__ import annotations

from sleepaug.training.methods.adda import ADDA
from sleepaug.training.methods.autoaugment import AutoAugment, RandomSearch
from sleepaug.training.methods.dada import DADA
from sleepaug.training.methods.fast_aa import FastAutoAugment
from sleepaug.training.methods.faster_aa import FasterAutoAugment
from sleepaug.training.methods.given import AugNet, Fixed, LearnedAffine, NoAugmentation
from sleepaug.training.methods.search import Method

_METHODS: tuple[type[Method], ...] = (
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
METHODS = {method.name: method for method in _METHODS}
