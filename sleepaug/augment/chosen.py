"""Different transforms for different windows of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sleepaug.augment.constants import constant
from sleepaug.augment.fused import gated_sum
from sleepaug.augment.transform import Transform


def apply_chosen(
    x: Tensor, transforms: Sequence[Transform], choice: Tensor, magnitude: Tensor
) -> Tensor:
    """Apply to each window the one transform chosen for it.

    Parameters
    ----------
    x : Tensor of shape (n_windows, ...)
        Windows.
    transforms : sequence of Transform
        Candidates.
    choice : Tensor of shape (n_windows,)
        Index of the transform of each window, or -1 for none.
    magnitude : Tensor of shape (n_windows,)
        Magnitude of that transform, in [0, 1].

    Returns
    -------
    Tensor of shape (n_windows, ...)

    Notes
    -----
    On an accelerator, which would have to be asked what was chosen, all transforms are computed for
    all windows, and those that were not chosen count 0.
    """
    if x.device.type != "cpu":
        numbers = constant(tuple(range(len(transforms))), torch.int64, x.device)
        weights = (choice == numbers[:, None]).to(x.dtype)
        return gated_sum(x, transforms, weights, magnitude.expand_as(weights))
    out = None
    for q in choice.unique().tolist():
        if q < 0:
            continue
        index = (choice == q).nonzero()[:, 0]
        if len(index) == len(x):
            return transforms[q](x, magnitude)
        if out is None:
            out = torch.empty_like(x) if bool((choice >= 0).all()) else x.clone()
        part = transforms[q](x.index_select(0, index), magnitude[index])
        out = out.index_copy_(0, index, part)
    return x if out is None else out
