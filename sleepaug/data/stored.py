"""Windows that stay in the files of the cache until they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.support.errors import OutputError


@dataclass(frozen=True)
class StoredWindows:
    """Windows of several nights, each an entry of an index over the files of the cache.

    A subset is another index. Windows are read with ordinary file reads, not through the memory
    map, so that they take memory only in the system's page cache, which all processes share.

    Attributes
    ----------
    files : tuple of Path
        A file of float32 numbers for each night.
    offsets : tuple of int
        Where its windows begin, in bytes.
    window_shape : tuple of int
        (n_chans, n_times).
    night, row : ndarray of shape (n_windows,), int64
        Which night a window is in, and its number there.
    """

    files: tuple[Path, ...]
    offsets: tuple[int, ...]
    window_shape: tuple[int, int]
    night: np.ndarray
    row: np.ndarray

    @classmethod
    def of(cls, nights: Sequence[Any]) -> StoredWindows:
        """Index nights as `np.memmap`, each (n_windows, n_chans, n_times), in their order."""
        sizes = [len(night) for night in nights]
        return cls(
            files=tuple(Path(str(night.filename)) for night in nights),
            offsets=tuple(night.offset for night in nights),
            window_shape=nights[0].shape[1:],
            night=np.repeat(np.arange(len(nights)), sizes),
            row=np.concatenate([np.arange(n) for n in sizes]),
        )

    def __len__(self) -> int:
        return len(self.night)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_windows, n_chans, n_times)."""
        return (len(self), *self.window_shape)

    @property
    def nbytes(self) -> int:
        """Memory that the windows would take."""
        return 4 * int(np.prod(self.shape))

    def __getitem__(self, index: np.ndarray | slice) -> StoredWindows:
        """Return the windows that a mask, a slice or an array of indices chooses, still stored."""
        night, row = self.night[index], self.row[index]
        return StoredWindows(self.files, self.offsets, self.window_shape, night, row)

    def read(self, index: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Read the windows that an index chooses: (n, n_chans, n_times), float32.

        Raises
        ------
        OutputError
            The cache was emptied in the meantime.
        """
        night, row = self.night[index], self.row[index]
        out = np.empty((len(night), *self.window_shape), np.float32)
        size = 4 * int(np.prod(self.window_shape))
        for k in np.unique(night):
            whole = True
            try:
                with self.files[k].open("rb", buffering=0) as file:
                    for i in np.flatnonzero(night == k):
                        file.seek(self.offsets[k] + int(row[i]) * size)
                        whole &= file.readinto(memoryview(out[i]).cast("B")) == size
            except FileNotFoundError:
                whole = False
            if not whole:
                raise OutputError(
                    f"{self.files[k]}: this prepared night is gone, or was cut short. Do not empty "
                    "the cache while it is in use. Run the same command again."
                )
        return out
