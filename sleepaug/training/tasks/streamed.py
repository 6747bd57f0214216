"""Windows that are read from the cache batch by batch, where they would not fit into memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from sleepaug.data.stored import StoredWindows

WHOLE = 2**30
"""Bytes of windows up to which all of them are held in memory on a CPU."""

AT_ONCE = 256
"""Windows that are read in one go: a batch at a time, two threads would wait for each other."""

FREE_SHARE = 0.5
"""Of the free memory of a GPU, which windows may take."""


class StreamedWindows:
    """Windows on their way to a device; indexed and split as a Tensor of them would be.

    Parameters
    ----------
    stored : StoredWindows
    device : torch.device
        Where batches are brought to.
    """

    ndim = 3

    def __init__(self, stored: StoredWindows, device: torch.device | str) -> None:
        self.stored, self.device = stored, torch.device(device)

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_windows, n_chans, n_times)."""
        return self.stored.shape

    @property
    def is_cuda(self) -> bool:
        """Whether batches are brought to a GPU."""
        return self.device.type == "cuda"

    def __getitem__(self, index: Tensor | slice | Sequence[int]) -> Tensor:
        """Read some windows: (n, n_chans, n_times), on the device."""
        return self._sent(self._read(index))

    def split(self, size: int) -> Iterator[Tensor]:
        """Read all windows, at most `size` at a time."""
        return self.ahead(torch.arange(len(self)).split(size) if len(self) else ())

    def ahead(self, indices: Sequence[Tensor]) -> Iterator[Tensor]:
        """Read batches, `AT_ONCE` windows while those before them are used; indices on the CPU."""
        if not indices:
            return
        n = max(1, AT_ONCE // len(indices[0]))
        groups = [list(indices[first : first + n]) for first in range(0, len(indices), n)]
        with ThreadPoolExecutor(1, "read windows") as thread:
            coming = thread.submit(self._read, torch.cat(list(groups[0])))
            for group, following in itertools.zip_longest(groups, groups[1:]):
                windows = coming.result()
                if following is not None:
                    coming = thread.submit(self._read, torch.cat(list(following)))
                for batch in windows.split([len(index) for index in group]):
                    yield self._sent(batch)

    def _read(self, index: Tensor | slice | Sequence[int]) -> Tensor:
        if isinstance(index, Tensor):
            index = index.cpu()
        chosen = index if isinstance(index, slice) else np.asarray(index)
        windows = torch.from_numpy(self.stored.read(chosen))
        return windows.pin_memory() if self.is_cuda else windows

    def _sent(self, windows: Tensor) -> Tensor:
        return windows.to(self.device, non_blocking=True)


def fits(stored: StoredWindows, device: torch.device | str) -> bool:
    """Tell whether windows may be held whole on a device."""
    device = torch.device(device)
    if device.type != "cuda":
        return stored.nbytes <= WHOLE
    return stored.nbytes <= FREE_SHARE * torch.cuda.mem_get_info(device)[0]
