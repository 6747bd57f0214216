"""CIFAR10: photographs of ten kinds of things (Section 5.1), from the dataset's own files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn

from sleepaug.augment.image import image_transforms
from sleepaug.models.small import preact_resnet18
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Count
from sleepaug.training.tasks.task import Split, Task, TaskData, TaskSettings

if TYPE_CHECKING:
    from sleepaug.data.signals.preprocessing import Preprocessing

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
N_PIXELS = 3 * 32 * 32
TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILE = "test_batch.bin"
INNER, PICKLED = "cifar-10-batches-bin", "cifar-10-batches-py"  # as the archives unpack
DOWNLOAD = "cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # A.3
VALID_SHARE = 0.2


@dataclass(frozen=True)
class Cifar10(TaskSettings):
    """The 60,000 images of CIFAR10, from the binary version of the dataset.

    Attributes
    ----------
    data_dir : Path
        Folder of data_batch_1.bin to data_batch_5.bin and test_batch.bin, or the folder above, as
        the archive unpacks.
    normalize : bool
        Centre and scale the colours before the trunk, by the numbers of A.3.
    width : int
        Filters of the trunk's first stage; 64 in the paper.
    official : bool
        The authors' range of translations.

    Examples
    --------
    >>> Cifar10().problems()
    ['data_dir: the folder of CIFAR10 is needed.']
    """

    name: ClassVar[str] = "cifar10"
    data_dir: Path | None = None
    normalize: bool = False
    width: Count = 64
    official: bool = False

    def problems(self) -> list[str]:
        """Name the folder if it is missing."""
        return [] if self.data_dir else ["data_dir: the folder of CIFAR10 is needed."]

    def load(
        self,
        preprocessing: Preprocessing | None = None,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        **_: object,
    ) -> TaskData:
        """Read the images; a fifth of the training images, drawn by `seed`, validates."""
        assert self.data_dir is not None, "checked by problems()"
        x, y = read_files(self.data_dir, TRAIN_FILES)
        x_test, y_test = read_files(self.data_dir, (TEST_FILE,))
        try:
            train, valid = train_test_split(
                np.arange(len(y)), test_size=VALID_SHARE, stratify=y, random_state=seed
            )
        except ValueError as error:
            raise ConfigError(f"{self.data_dir}: too few images to split: {error}.") from error
        return TaskData(
            task=Task(
                train=_split(x[train], y[train], device),
                valid=_split(x[valid], y[valid], device),
                transforms=image_transforms(official=self.official),
                make_trunk=self.make_trunk,
                classes=CLASSES,
            ),
            test=_split(x_test, y_test, device),
        )

    def make_trunk(self) -> nn.Sequential:
        """Build a ResNet-18, freshly initialised."""
        trunk = preact_resnet18(len(CLASSES), self.width)
        return nn.Sequential(Normalize(), *trunk) if self.normalize else trunk


class Normalize(nn.Module):
    """Centre and scale each colour of images (n, 3, height, width)."""

    def __init__(self) -> None:
        super().__init__()
        for name, values in (("mean", MEAN), ("std", STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        self.mean: torch.Tensor
        self.std: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) / self.std


def read_files(folder: Path, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Read some of the dataset's files.

    Parameters
    ----------
    folder : Path
        Where the files are, or the folder above it.
    names : tuple of str

    Returns
    -------
    x : ndarray of uint8, shape (n, 3, 32, 32)
        Red, green and blue.
    y : ndarray of int64, shape (n,)
        Classes.

    Raises
    ------
    ConfigError
        A file is missing or is not one of CIFAR10's.
    """
    for place in (folder, folder / INNER):
        files = [place / name for name in names]
        if files[0].is_file():
            missing = [file.name for file in files if not file.is_file()]
            if missing:
                raise ConfigError(
                    f"{place}: of the files of CIFAR10, {', '.join(missing)} is missing.",
                    parameters=("data_dir",),
                )
            pixels, classes = zip(*map(read_binary, files), strict=True)
            return np.concatenate(pixels).reshape(-1, 3, 32, 32), np.concatenate(classes)
    pickled = [
        place for place in (folder, folder / PICKLED) if (place / Path(TEST_FILE).stem).is_file()
    ]
    raise ConfigError(
        (
            f"{pickled[0]}: holds the Python version of CIFAR10, which is made of pickles and is "
            "not read."
            if pickled
            else f"{folder}: neither this folder nor '{INNER}' in it has {names[0]}."
        )
        + f" The folder of CIFAR10's binary version is needed: {DOWNLOAD}, unpacked.",
        parameters=("data_dir",),
    )


def read_binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of images, each a byte for its class and 3072 for its pixels.

    Returns
    -------
    pixels : ndarray of uint8, shape (n, 3072)
    classes : ndarray of int64, shape (n,)

    Raises
    ------
    ConfigError
        The file does not hold whole images of classes 0 to 9.
    """
    data = np.fromfile(path, dtype=np.uint8)
    if len(data) == 0 or len(data) % (1 + N_PIXELS):
        raise ConfigError(
            f"{path}: its {len(data)} bytes are not a whole number of images "
            f"({1 + N_PIXELS} bytes each). Download {DOWNLOAD} again."
        )
    rows = data.reshape(-1, 1 + N_PIXELS)
    pixels, classes = rows[:, 1:], rows[:, 0].astype(np.int64)
    if classes.max() >= len(CLASSES):
        raise ConfigError(
            f"{path}: has an image of class {classes.max()}, and CIFAR10 has classes 0 to "
            f"{len(CLASSES) - 1}. Download {DOWNLOAD} again."
        )
    return pixels, classes


def _split(x: np.ndarray, y: np.ndarray, device: torch.device | str) -> Split:
    images = torch.as_tensor(x, device=device).float() / 255
    return Split(x=images, y=torch.as_tensor(y, device=device))
