"""A model scored on a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch.nn.functional as F
from torch import nn

from sleepaug.augment.model import log_probabilities
from sleepaug.training.metrics import Scores, confusion_matrix, scores_by_night
from sleepaug.training.tasks.task import Split


def evaluate(model: nn.Module, split: Split, n_classes: int) -> tuple[np.ndarray, float]:
    """Return confusion matrix (counts, rows are the truth) and mean cross-entropy of a split."""
    predicted = log_probabilities(model, split.x)
    loss = float(F.nll_loss(predicted, split.y))
    y, likeliest = split.y.cpu().numpy(), predicted.argmax(1).cpu().numpy()
    return confusion_matrix(y, likeliest, n_classes), loss


def scores_by_group(model: nn.Module, split: Split, classes: Sequence[str]) -> Scores:
    """Score a model on a split: all windows, and those of each recording under `nights`."""
    y = split.y.cpu().numpy()
    predicted = log_probabilities(model, split.x).argmax(1).cpu().numpy() if len(y) else y
    return scores_by_night(y, predicted, split.group, classes)
