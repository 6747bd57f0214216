"""CIFAR10: photographs of ten kinds of things (Section 5.1), from the data set's own files."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn

from sleepaug.augment.image import image_transforms
from sleepaug.models.small import preact_resnet18
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Count
from sleepaug.training.tasks.task import Split, Task, TaskData

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
N_PIXELS = 3 * 32 * 32
TRAIN_FILES = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST_FILE = "test_batch"
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # A.3
VALID_SHARE = 0.2


@dataclass(frozen=True)
class Cifar10:
    """The 60,000 images of CIFAR10, in the binary or the Python version.

    Attributes
    ----------
    data_dir : Path
        Folder of data_batch_1.bin to data_batch_5.bin and test_batch.bin, or of the files of the
        Python version, which have no ending; or the folder above, as the archives unpack it.
    normalize : bool
        Centre and scale the colours before the trunk, by the numbers of A.3.
    width : int
        Filters of the trunk's first stage; 64 in the paper.
    official : bool
        The authors' range of translations.
    """

    name: ClassVar[str] = "cifar10"
    data_dir: Path | None = None
    normalize: bool = False
    width: Count = 64
    official: bool = False

    def problems(self) -> list[str]:
        return [] if self.data_dir else ["data_dir: the folder of CIFAR10 is needed: --data-dir."]

    def load(
        self, preprocessing: None = None, *, seed: int, device: torch.device | str = "cpu", **_: Any
    ) -> TaskData:
        """Read the images; a fifth of the training images, drawn by `seed`, validates."""
        assert self.data_dir is not None  # problems() has said so
        x, y = read_files(self.data_dir, TRAIN_FILES)
        x_test, y_test = read_files(self.data_dir, (TEST_FILE,))
        try:
            train, valid = train_test_split(
                np.arange(len(y)), test_size=VALID_SHARE, stratify=y, random_state=seed
            )
        except ValueError as error:
            raise ConfigError(f"{self.data_dir}: too few images to split: {error}") from error
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
        trunk = preact_resnet18(len(CLASSES), self.width)
        return nn.Sequential(Normalize(), *trunk) if self.normalize else trunk


class Normalize(nn.Module):
    """Centre and scale each colour."""

    def __init__(self) -> None:
        super().__init__()
        for name, values in (("mean", MEAN), ("std", STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        self.mean: torch.Tensor
        self.std: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) / self.std


def read_files(folder: Path, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) uint8 and classes (n,) of some of the data set's files.

    Raises
    ------
    ConfigError
        A file is missing or is none of CIFAR10's.
    """
    for place in (folder / inner for inner in FOLDERS):
        for ending, read in ((".bin", read_binary), ("", read_pickled)):
            files = [place / f"{name}{ending}" for name in names]
            if files[0].is_file():
                missing = [file.name for file in files if not file.is_file()]
                if missing:
                    raise ConfigError(f"{place}: {', '.join(missing)} is missing.")
                parts = [read(file) for file in files]
                x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
                return x.reshape(-1, 3, 32, 32), y
    raise ConfigError(
        f"{folder}: no {names[0]}.bin (binary version) nor {names[0]} (Python version) is there or "
        f"in {FOLDERS[1]} or {FOLDERS[2]}. Name the folder of CIFAR10 with --data-dir."
    )


def read_binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3072) and classes (n,) of a file of the binary version."""
    data = np.fromfile(path, dtype=np.uint8)
    if len(data) == 0 or len(data) % (1 + N_PIXELS):
        raise ConfigError(
            f"{path}: {len(data)} bytes are no whole number of images ({1 + N_PIXELS} bytes each)."
        )
    rows = data.reshape(-1, 1 + N_PIXELS)
    return _checked(path, rows[:, 1:], rows[:, 0])


def read_pickled(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3072) and classes (n,) of a file of the Python version.

    It is a pickle, which could run any program; only what such a file needs is let in.
    """
    with path.open("rb") as file:
        try:
            content = Plain(file, encoding="bytes").load()
        except ConfigError:
            raise
        except Exception as error:  # a broken pickle can fail in any way
            raise ConfigError(f"{path}: not a file of CIFAR10: {error!r}.") from error
    if not isinstance(content, Mapping) or not {b"data", b"labels"} <= set(content):
        raise ConfigError(f"{path}: not a file of CIFAR10: it lacks 'data' and 'labels'.")
    return _checked(path, content[b"data"], content[b"labels"])


class Plain(pickle.Unpickler):
    """Reads pickles of NumPy arrays, bytes, text, lists, dicts and numbers, and no others."""

    ALLOWED = frozenset(
        (module, name)
        for module, name in (
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        )
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise ConfigError(
                f"A file of CIFAR10 needs no '{module}.{name}', and this one asks for it: it was "
                "not read. Take the files from the data set's own page."
            )
        return super().find_class(module, name)


def _checked(path: Path, pixels: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = np.asarray(pixels), np.asarray(labels, dtype=np.int64)
    n = len(labels)
    if pixels.dtype != np.uint8 or pixels.shape != (n, N_PIXELS) or n == 0:
        raise ConfigError(
            f"{path}: expected bytes of shape ({n}, {N_PIXELS}), found {pixels.dtype} "
            f"{pixels.shape}."
        )
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise ConfigError(f"{path}: classes must be 0 to {len(CLASSES) - 1}.")
    return pixels, labels


def _split(x: np.ndarray, y: np.ndarray, device: torch.device | str) -> Split:
    images = torch.as_tensor(x, device=device).float() / 255
    return Split(x=images, y=torch.as_tensor(y, device=device))
