"""Augment, forward, aggregate: a trunk whose predictions are averaged over transformed copies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sleepaug.augment.augmentation import Augmentation
from sleepaug.support.errors import ConfigError


class AugmentedModel(nn.Module):
    """An augmentation, a trunk, and the average of the trunk's predictions over copies.

    Parameters
    ----------
    augment : Augmentation
        Of the input.
    trunk : nn.Module
        Any module from (n_examples, ...) to logits or log-probabilities (n_examples, n_classes).
    n_copies_train, n_copies_eval : int
        How many transformed copies of each example are averaged. An augmentation that is not part
        of the model (``at_inference = False``) is left out in evaluation, with its copies.
    chunk_size : int
        In evaluation at most so many copies are in memory at once.

    Notes
    -----
    Nothing is seeded here. For a reproducible evaluation call the model inside
    ``torch.random.fork_rng()`` and a `torch.manual_seed`, or use `log_probabilities`.
    Source: Section 3.2 and Figure 1; predictions are averaged as log-probabilities, as in the
    authors' code.

    Examples
    --------
    >>> from sleepaug.augment import Identity
    >>> trunk = nn.Sequential(nn.Flatten(), nn.Linear(2 * 300, 5))
    >>> model = AugmentedModel(Identity(), trunk)
    >>> model(torch.randn(4, 2, 300)).exp().sum(1).allclose(torch.ones(4))
    True
    """

    def __init__(
        self,
        augment: Augmentation,
        trunk: nn.Module,
        *,
        n_copies_train: int = 1,
        n_copies_eval: int = 4,
        chunk_size: int = 256,
    ) -> None:
        super().__init__()
        if min(n_copies_train, n_copies_eval, chunk_size) < 1:
            raise ConfigError(
                "n_copies_train, n_copies_eval and chunk_size: at least 1 each, got "
                f"{n_copies_train}, {n_copies_eval} and {chunk_size}."
            )
        self.augment = augment
        self.trunk = trunk
        self.n_copies_train = n_copies_train
        self.n_copies_eval = n_copies_eval
        self.chunk_size = chunk_size

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities (n_examples, n_classes) of ``x`` (n_examples, ...)."""
        mean = self.average(x)
        return mean if self._n_copies == 1 else torch.log_softmax(mean, dim=-1)

    @property
    def _n_copies(self) -> int:
        """Copies of each example that are averaged now."""
        if self.training:
            return self.n_copies_train
        return self.n_copies_eval if self.augment.at_inference else 1

    def average(self, x: Tensor) -> Tensor:
        """Return the mean over copies of the log-probabilities, which is not normalised.

        It is an unbiased estimate of the mean over all transformed copies, whatever their number.
        """
        if self.training:
            return self._average(x, self._n_copies)
        if not self.augment.at_inference:
            return torch.log_softmax(self.trunk(x), dim=-1)
        chunks = x.split(max(1, self.chunk_size // self._n_copies))
        return torch.cat([self._average(chunk, self._n_copies) for chunk in chunks])

    def _average(self, x: Tensor, n_copies: int) -> Tensor:
        copies = x if n_copies == 1 else x.repeat(n_copies, *[1] * (x.ndim - 1))
        log_probabilities = torch.log_softmax(self.trunk(self.augment(copies)), dim=-1)
        if n_copies == 1:
            return log_probabilities
        return log_probabilities.unflatten(0, (n_copies, len(x))).mean(0)


EVALUATION_BATCH = 64
EVALUATION_SEED = 29  # predictions draw the same numbers each time


@torch.no_grad()
def log_probabilities(model: nn.Module, x: Tensor) -> Tensor:
    """Return the predictions of a model in evaluation mode, the same at every call.

    Parameters
    ----------
    model : nn.Module
        x -> log-probabilities. What it draws is drawn from a seed of its own; the random stream
        of the caller is not touched.
    x : Tensor of shape (n_windows, ...)

    Returns
    -------
    Tensor of shape (n_windows, n_classes), on the device of x
    """
    was_training = model.training
    model.eval()
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
        torch.manual_seed(EVALUATION_SEED)
        out = torch.cat([model(part) for part in x.split(EVALUATION_BATCH)])
    model.train(was_training)
    return out
