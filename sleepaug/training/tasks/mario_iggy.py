"""Mario-Iggy: which of two figures, and which way up, whatever its tilt (Section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sleepaug.augment.image import image_transforms, turn
from sleepaug.models.small import sprite_cnn
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Count
from sleepaug.training.tasks.task import Split, Task, TaskData, TaskSettings

if TYPE_CHECKING:
    from sleepaug.data.signals.preprocessing import Preprocessing

TILT = 45.0  # degrees: the largest tilt of an upright figure
SIZE = 32  # pixels
CLASSES = ("first upright", "first upside down", "second upright", "second upside down")

COLOURS = {  # red, green, blue
    ".": (0.0, 0.0, 0.0),
    "r": (0.85, 0.15, 0.15),
    "y": (0.95, 0.85, 0.25),
    "b": (0.20, 0.35, 0.85),
    "w": (0.95, 0.95, 0.95),
    "g": (0.20, 0.70, 0.30),
    "o": (0.90, 0.55, 0.20),
}
SPRITES = (
    # A sailor with a flag in one hand.
    """
    ................
    .....rrrr.......
    ....rrrrrr...yyy
    ....oooooo...yyy
    ....owoowo...yy.
    ....oooooo...w..
    .....orro....w..
    ...bbbbbb....w..
    ..bbbbbbbbbboo..
    ..bbwwwwbb...w..
    ..oobbbbbb...w..
    ....bbbbbb...w..
    ....bb..bb......
    ....bb..bb......
    ...rrr..rrr.....
    ................
    """,
    # A snail which looks to one side.
    """
    ................
    ..w..w..........
    ..g..g..........
    ..g..g...rrrr...
    ..gggg..rryyrr..
    .ggwggg.ryrryrr.
    .gggggg.yrooryr.
    ..rrggggyrorryr.
    ...ggggggryyyrr.
    ...gggggggrrrr..
    ....gggggggggg..
    .....ggggggggggg
    ......ooooooo.gg
    ................
    ................
    ................
    """,
)


@dataclass(frozen=True)
class MarioIggy(TaskSettings):
    """Two figures of 32 x 32 pixels, each turned by a random angle. The run's seed draws them.

    Upright figures are tilted by up to 45 degrees either way; the others stand on their heads, and
    are tilted by as much.

    Attributes
    ----------
    images : Path, optional
        An .npz file with two images (3, 32, 32) with values in [0, 1], in place of the built-in
        ones.
    n_train, n_valid, n_test : int
        How many of each; the paper has no validation split.
    width : int
        Filters of the trunk's first convolution; 32 in the paper.

    Examples
    --------
    >>> MarioIggy(n_train=8, n_valid=4, n_test=4).load(seed=0).task.train.x.shape
    torch.Size([8, 3, 32, 32])
    """

    name: ClassVar[str] = "mario_iggy"
    images: Path | None = None
    n_train: Count = 10_000
    n_valid: Count = 1_000
    n_test: Count = 5_000
    width: Count = 32

    def load(
        self,
        preprocessing: Preprocessing | None = None,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        **_: object,
    ) -> TaskData:
        """Draw the images of the three splits; they depend on `seed` and `images` alone."""
        figures = sprites() if self.images is None else read_figures(self.images)
        random = torch.Generator().manual_seed(seed)
        train, valid, test = (
            draw_split(figures, n, random, device)
            for n in (self.n_train, self.n_valid, self.n_test)
        )
        transforms = image_transforms()
        return TaskData(
            task=Task(
                train=train,
                valid=valid,
                transforms=transforms,
                make_trunk=lambda: sprite_cnn(len(CLASSES), self.width),
                classes=CLASSES,
            ),
            test=test,
            known={"rotation": TILT},
        )


def sprites() -> Tensor:
    """Return the two built-in figures (2, 3, 32, 32); neither has a symmetry."""
    figures = []
    for text in SPRITES:
        rows = [[COLOURS[c] for c in line] for line in text.split()]
        figures.append(torch.tensor(rows).movedim(-1, 0))
    return F.interpolate(torch.stack(figures), scale_factor=SIZE // 16)


def read_figures(path: Path) -> Tensor:
    """Read two figures (2, 3, 32, 32) from an .npz file.

    Raises
    ------
    ConfigError
        The file cannot be read, or holds something else.
    """
    wanted = f"two images (3, {SIZE}, {SIZE}) with values from 0 to 1"
    try:
        with np.load(path, allow_pickle=False) as file:
            images = [np.asarray(file[key], dtype=np.float32).squeeze() for key in file.files]
    except (OSError, ValueError) as error:
        raise ConfigError(f"task.images: {path} cannot be read as .npz: {error}.") from error
    shapes = [image.shape for image in images]
    if shapes != [(3, SIZE, SIZE)] * 2:
        raise ConfigError(f"task.images: {path} must hold {wanted}, it holds {shapes}.")
    if min(i.min() for i in images) < 0 or max(i.max() for i in images) > 1:
        raise ConfigError(f"task.images: {path} must hold {wanted}.")
    return torch.as_tensor(np.stack(images))


def draw_split(
    figures: Tensor, n: int, random: torch.Generator, device: torch.device | str
) -> Split:
    """Draw `n` examples: a figure, upright or upside down, turned by a random angle."""
    y = torch.randint(len(CLASSES), (n,), generator=random)
    tilt = (2 * torch.rand(n, generator=random) - 1) * TILT
    angle = tilt + 180.0 * (y % 2)
    grid = F.affine_grid(turn(angle), [n, 3, SIZE, SIZE], align_corners=False)
    x = F.grid_sample(figures[y // 2], grid, align_corners=False)
    return Split(x=x.to(device), y=y.to(device))
