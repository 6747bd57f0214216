"""Sinusoids in noise: four frequencies to tell apart, whose invariances are known (Section 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import torch
from torch import nn

from sleepaug.augment import Transform, eeg_transforms
from sleepaug.models.small import perceptron, wave_cnn
from sleepaug.support.settings import Count, NotNegative, Positive
from sleepaug.training.tasks.task import Split, Task, TaskData, TaskSettings

if TYPE_CHECKING:
    from sleepaug.data.signals.preprocessing import Preprocessing

FREQUENCIES = (2.0, 4.0, 6.0, 8.0)  # Hz, one a class
SPREAD = 0.5  # Hz: largest distance of a wave from the frequency of its class
SFREQ, N_TIMES = 100.0, 1000
SIZES = {"train": 400, "valid": 400, "test": 200}  # the paper has no validation split


@dataclass(frozen=True)
class Sinusoids(TaskSettings):
    """Waves of 10 s at 100 Hz; the class is the frequency, up to 0.5 Hz. The run's seed draws them.

    Attributes
    ----------
    trunk : {"cnn", "mlp"}
        The networks of Sections 4.2 (Table 2) and 4.3.
    kernel : int
        Taps of the cnn's first convolution: 3 in the paper, 100 in the authors' code.
    neurons, layers : int
        Size of the mlp.
    phase : {"uniform", "official"}
        Between 0 and 2 pi; or, as in the authors' code, between 0 and 4 pi / frequency radians.
    noise : float
        Standard deviation of the white noise; the waves have amplitude 1.
    ranges : dict of float
        Amounts at magnitude 1 that differ from those of Table 4, by transform.

    Examples
    --------
    >>> data = Sinusoids(kernel=100).load(seed=0)
    >>> data.task.train.x.shape, data.task.classes[0]
    (torch.Size([400, 1, 1000]), '2 Hz')
    """

    name: ClassVar[str] = "sinusoids"
    trunk: Literal["cnn", "mlp"] = "cnn"
    kernel: Count = 3
    neurons: Count = 2
    layers: Count = 1
    phase: Literal["uniform", "official"] = "uniform"
    noise: NotNegative = 0.5
    ranges: dict[str, Positive] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Name transforms of `ranges` that do not exist."""
        known = eeg_transforms(SFREQ, ["Cz"])
        return [f"ranges.{n}: unknown transform." for n in self.ranges if n not in known]

    def load(
        self,
        preprocessing: Preprocessing | None = None,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        **_: object,
    ) -> TaskData:
        """Draw the waves of the three splits; they depend on `seed` alone."""
        draws = np.random.default_rng(seed).spawn(len(SIZES))
        splits = {
            part: self.waves(n, rng, device)
            for (part, n), rng in zip(SIZES.items(), draws, strict=True)
        }
        return TaskData(
            task=Task(
                train=splits["train"],
                valid=splits["valid"],
                transforms=transforms(self.ranges),
                make_trunk=self.make_trunk,
                classes=tuple(f"{frequency:g} Hz" for frequency in FREQUENCIES),
            ),
            test=splits["test"],
            known={"frequency_shift": SPREAD},
        )

    def waves(self, n: int, rng: np.random.Generator, device: torch.device | str) -> Split:
        """Draw `n` waves, as many of each class as of the others, in random order."""
        y = rng.permutation(np.arange(n) % len(FREQUENCIES))
        centre = np.array(FREQUENCIES)[y]
        frequency = centre + rng.uniform(-SPREAD, SPREAD, n)
        widest = 2 * np.pi if self.phase == "uniform" else 4 * np.pi / centre
        angle = 2 * np.pi * frequency[:, None] * np.arange(N_TIMES) / SFREQ
        x = np.sin(angle + rng.uniform(0, widest, n)[:, None])
        x += rng.normal(0, self.noise, x.shape)
        return Split(
            x=torch.as_tensor(x[:, None], dtype=torch.float32, device=device),
            y=torch.as_tensor(y, device=device),
        )

    @property
    def make_trunk(self) -> Callable[[], nn.Module]:
        """A function that builds the trunk, freshly initialised."""
        if self.trunk == "cnn":
            return lambda: wave_cnn(self.kernel, len(FREQUENCIES))
        return lambda: perceptron(N_TIMES, self.neurons, self.layers, len(FREQUENCIES))


def transforms(ranges: dict[str, float]) -> dict[str, Transform]:
    """Return the EEG transforms for one channel without a position, with some ranges replaced."""
    single = eeg_transforms(SFREQ, ["wave"])
    names = (
        "time_reverse",
        "time_masking",
        "gaussian_noise",
        "ft_surrogate",
        "frequency_shift",
        "bandstop_filter",
        "sign_flip",
        "channels_dropout",
    )
    return {k: replace(single[k], amount_at_1=ranges.get(k, single[k].amount_at_1)) for k in names}
