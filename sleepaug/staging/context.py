"""Context: neighbouring epochs help to stage an epoch, as they help a scorer.

The probabilities of single epochs are combined with a table of how often a stage follows another
(fitted to real scorings by `benchmarks/fit_transitions.py`) by the forward-backward algorithm.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.support.errors import ConfigError

CONTEXTS = ("transitions", "none")
N_ITERATIONS = 200
"""Of proportional fitting; the shares are then right to 1e-9."""
LEAST_PROBABILITY = 1e-12
"""In place of 0, so that no stage is impossible in any epoch."""


@dataclass(frozen=True)
class Transitions:
    """How stages follow each other.

    Attributes
    ----------
    matrix : ndarray of shape (5, 5)
        Probability of the next stage (column) after a stage (row); rows sum to 1.
    share : ndarray of shape (5,)
        How frequent each stage is; sums to 1.

    Examples
    --------
    >>> Transitions.shipped().matrix.shape
    (5, 5)
    """

    matrix: np.ndarray
    share: np.ndarray

    @classmethod
    def from_counts(cls, counts: np.ndarray) -> Transitions:
        """Estimate from counts (5, 5) of stages (column) after stages (row), one added to each."""
        added = counts + 1.0
        total = added.sum()
        return cls(added / added.sum(axis=1, keepdims=True), added.sum(axis=1) / total)

    def tempered(self, power: float = 0.5) -> Transitions:
        """Keep the pattern of transitions, and make the shares of the stages more equal.

        Parameters
        ----------
        power : float
            To which the shares are raised: 1 leaves them, 0 makes them equal.

        Returns
        -------
        Transitions

        Notes
        -----
        Of all tables of successive stages with the new shares, this is the one with the least
        relative entropy to the old one (iterative proportional fitting; Deming and Stephan 1940).
        """
        share = self.share**power / (self.share**power).sum()
        pairs = self.share[:, None] * self.matrix
        for _ in range(N_ITERATIONS):
            pairs *= (share / pairs.sum(axis=1))[:, None]
            pairs *= share / pairs.sum(axis=0)
        return Transitions(pairs / pairs.sum(axis=1, keepdims=True), share)

    @classmethod
    @cache
    def shipped(cls) -> Transitions:
        """Read the table that ships with the package."""
        text = (files("sleepaug.staging") / "transitions.json").read_text(encoding="utf-8")
        table = json.loads(text)
        return cls(np.array(table["transitions"]), np.array(table["share"]))


def smooth(
    probabilities: np.ndarray, transitions: Transitions, prior: Sequence[float] | None = None
) -> np.ndarray:
    """Return the probabilities of each epoch's stage given all epochs of the night.

    Parameters
    ----------
    probabilities : ndarray of shape (n_windows, 5)
        Of each epoch by itself, in the order of the night; NaN where it was not scored.
    transitions : Transitions
    prior : sequence of 5 numbers, optional
        How frequent the stages were in training; by default equally. A probability divided by it
        is a likelihood, up to a factor.

    Returns
    -------
    ndarray of shape (n_windows, 5)
        Rows sum to 1. Epochs that were not scored are inferred from their neighbours.

    Notes
    -----
    Source: Rabiner 1989, "A tutorial on hidden Markov models", Section III (with scaling); Bourlard
    and Morgan 1994 for scaled likelihoods. Before the first epoch the stages have the shares of
    `transitions`.

    Examples
    --------
    >>> often = Transitions(np.full((5, 5), 0.05) + 0.75 * np.eye(5), np.full(5, 0.2))
    >>> p = np.full((3, 5), 0.02) + 0.9 * np.eye(5)[[2, 2, 2]]
    >>> p[1] = [0.02, 0.5, 0.44, 0.02, 0.02]  # N1, or just as well N2
    >>> smooth(p, often).argmax(axis=1)
    array([2, 2, 2])
    """
    base = np.full(len(STAGES), 1 / len(STAGES)) if prior is None else np.asarray(prior, float)
    possible = np.maximum(probabilities, LEAST_PROBABILITY)
    likelihood = np.where(np.isnan(probabilities), 1.0, possible / base)
    forward = np.empty_like(likelihood)
    backward = np.ones_like(likelihood)
    expected = transitions.share
    for k, seen in enumerate(likelihood):
        forward[k] = expected * seen
        forward[k] /= forward[k].sum()
        expected = forward[k] @ transitions.matrix
    for k in range(len(likelihood) - 2, -1, -1):
        backward[k] = transitions.matrix @ (likelihood[k + 1] * backward[k + 1])
        backward[k] /= backward[k].sum()
    posterior = forward * backward
    return posterior / posterior.sum(axis=1, keepdims=True)


def apply_context(
    name: str, probabilities: np.ndarray, prior: Sequence[float] | None = None
) -> np.ndarray:
    """Smooth probabilities by the shipped table, or leave them; unscored epochs stay unscored.

    Parameters
    ----------
    name : "transitions" or "none"
    probabilities, prior
        See `smooth`. A model without a prior was trained with equal weights of the stages, so that
        it finds rare ones. The shares of the table would undo that (N1 would hardly be found);
        equal shares would give too much N1. So their square roots are taken (`tempered`).

    Returns
    -------
    ndarray of shape (n_windows, 5)

    Raises
    ------
    ConfigError
        There is no such context.
    """
    if name not in CONTEXTS:
        raise ConfigError(f"context: unknown {name!r}. Allowed: {', '.join(CONTEXTS)}.")
    if name == "none" or not len(probabilities):
        return probabilities
    transitions = Transitions.shipped()
    result = smooth(probabilities, transitions if prior else transitions.tempered(), prior)
    result[np.isnan(probabilities).any(axis=1)] = np.nan
    return result
