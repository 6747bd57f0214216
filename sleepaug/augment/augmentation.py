"""What all augmentations share: a random map of a batch, and what training asks of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Augmentation(nn.Module):
    """A random map from a batch to a batch of the same shape; this one changes nothing.

    Attributes
    ----------
    at_inference : bool
        Whether it belongs to the model and is applied to new data too (AugNet, Augerino), or only
        to the training data (a policy).

    Examples
    --------
    A subclass says what happens to ``x`` (n_examples, ...):

    >>> class Halved(Augmentation):
    ...     def forward(self, x):
    ...         return x / 2
    >>> Halved()(torch.ones(1, 2))
    tensor([[0.5000, 0.5000]])
    """

    at_inference: bool = False

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` as it is."""
        return x

    def regularizer(self) -> Tensor:
        """Return what is added to the loss, times the regularization: () and 0 here."""
        return torch.zeros(())

    def describe(self) -> dict[str, float]:
        """Return weights and amounts, in their units, for the log."""
        return {}

    def project_(self) -> None:
        """Bring learned magnitudes back into [0, 1]; to be called after each optimizer step."""

    def measure_(self, trunk: nn.Module, x: Tensor, y: Tensor, weight: Tensor) -> None:
        """Learn from held-out examples after an epoch, where layers do.

        The parameters are those of `MeasuredLayer.measure_`.
        """


class Identity(Augmentation):
    """No augmentation.

    Examples
    --------
    >>> Identity()(torch.arange(3.0))
    tensor([0., 1., 2.])
    """
