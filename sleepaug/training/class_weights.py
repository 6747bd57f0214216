"""How much each class counts in the loss."""

from __future__ import annotations

import torch
from torch import Tensor


def balanced_weights(y: Tensor, n_classes: int) -> Tensor:
    """Return the weight of each class in the loss: inverse to its share, 0 for an absent class.

    Parameters
    ----------
    y : Tensor of shape (n_windows,)
    n_classes : int

    Returns
    -------
    Tensor of shape (n_classes,)
        Their mean over the windows is 1.

    Examples
    --------
    >>> balanced_weights(torch.tensor([0, 0, 0, 1]), 3)
    tensor([0.6667, 2.0000, 0.0000])
    """
    counts = torch.bincount(y, minlength=n_classes).float()
    weights = torch.where(counts > 0, 1 / counts.clamp(min=1), counts)
    return weights * len(y) / (counts > 0).sum()
