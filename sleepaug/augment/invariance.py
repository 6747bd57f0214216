"""How invariant a model is to a transformation (eq. 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sleepaug.augment import AugmentedModel, Transform
from sleepaug.augment.model import EVALUATION_BATCH
from sleepaug.support.seeds import derived_seed

N_PERMUTATIONS = 20
SMALLEST_BASELINE = 1e-6
"""Where the outputs of examples differ less than this, invariance cannot be measured."""


def invariance(
    model: nn.Module, x: Tensor, transform: Transform, *, magnitude: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Measure how little a model's output changes, against how much examples differ.

    Parameters
    ----------
    model : nn.Module
        x -> logits. Of an `AugmentedModel` the logits are averaged over its transformed copies.
    x : Tensor of shape (n_examples, ...)
        At least two examples.
    transform : Transform
    magnitude : float
        In [0, 1]; every example is transformed with it.
    seed : int
        Of the transform's draws, the model's own draws and the permutations.

    Returns
    -------
    ndarray of shape (n_examples,)
        ``(b - d) / b``, at most 1 (the output does not change at all); 0 where it changes as much
        as from one example to another. NaN where the output is the same for all examples. Single
        values have heavy tails: report the median (`np.nanmedian`), never the mean.

    Notes
    -----
    d is the cosine distance between the logits of an example and of its transformed version, b that
    between its logits and those of another example, averaged over 20 permutations in which none
    stays in its place. Source: eq. 4, after Bouchacourt et al. 2021.
    """
    if len(x) < 2:
        raise ValueError(f"x: at least two examples are needed to compare, got {len(x)}.")
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []), torch.no_grad():
        torch.manual_seed(derived_seed(seed, "invariance"))
        plain = mean_logits(model, x)
        moved = mean_logits(model, transform(x, magnitude))
        baseline = torch.zeros(len(x), device=x.device, dtype=plain.dtype)
        for _ in range(N_PERMUTATIONS):
            baseline += cosine_distance(plain, plain[derangement(len(x)).to(x.device)])
    baseline /= N_PERMUTATIONS
    share = (baseline - cosine_distance(plain, moved)) / baseline
    return torch.where(baseline < SMALLEST_BASELINE, torch.nan, share).cpu().numpy()


class MedianInvariance(TypedDict):
    """The median invariance to a transform by up to an amount in its unit, ready for JSON.

    It is None for a model whose output is the same for all examples.
    """

    median: float | None
    amount: float
    unit: str


def median_invariance(
    model: nn.Module, x: Tensor, transform: Transform, amount: float
) -> MedianInvariance:
    """Measure the median invariance over examples to a transform by up to an amount."""
    values = invariance(model, x, replace(transform, amount_at_1=amount))
    median = None if np.isnan(values).all() else float(np.nanmedian(values))
    return {"median": median, "amount": amount, "unit": transform.unit}


def mean_logits(model: nn.Module, x: Tensor) -> Tensor:
    """Return logits (n_examples, n_classes) in evaluation mode, averaged over any copies."""
    was_training = model.training
    model.eval()
    out = torch.cat([_logits(model, part) for part in x.split(EVALUATION_BATCH)])
    model.train(was_training)
    return out


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    if not isinstance(model, AugmentedModel):
        return model(x)
    if not model.augment.at_inference:
        return model.trunk(x)
    n_copies = model.n_copies_eval
    copies = model.augment(x.repeat(n_copies, *[1] * (x.ndim - 1)))
    return model.trunk(copies).unflatten(0, (n_copies, len(x))).mean(0)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return 1 minus the cosine of the angle between rows: 0 alike, 1 orthogonal, 2 opposite."""
    return 1 - F.cosine_similarity(a.double(), b.double(), dim=-1).to(a.dtype)


def derangement(n: int) -> Tensor:
    """Draw a permutation of n in which nothing stays in its place: one random cycle."""
    cycle = torch.randperm(n)
    out = torch.empty_like(cycle)
    out[cycle] = cycle.roll(-1)
    return out
