"""Constant tensors, made once a device: the copy that makes one is a wait on a GPU."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache
def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return ``values`` as a tensor (n_values,); do not change it."""
    return torch.tensor(values, dtype=dtype, device=device)


@lru_cache
def identity(n: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the identity matrix (n, n); do not change it."""
    return torch.eye(n, dtype=dtype, device=device)
