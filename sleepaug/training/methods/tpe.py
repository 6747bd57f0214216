"""Optuna proposes policies: the search space, and proposals as a pure function of the history.

The history is plain data. Each proposal comes from a new study of the whole history, with a sampler
of its own seed, so that a stopped search continues exactly as if it had not been stopped.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from sleepaug.augment.policy import Step

N_SUBPOLICIES, N_STEPS = 5, 2
"""The shape of every searched policy (the paper, 5.2 and A.4)."""

Subpolicy = list[Step]
Trial = tuple[list[Subpolicy], float]
"""Subpolicies that were tried together, and their score: more is better."""

TrialUnit = Literal["subpolicy", "policy"]


def space(names: Sequence[str], n_subpolicies: int) -> dict[str, BaseDistribution]:
    """Return for each step of a proposal its transform, probability and magnitude."""
    variables: dict[str, BaseDistribution] = {}
    for i in range(n_subpolicies):
        for j in range(N_STEPS):
            variables[f"{i}.{j}.transform"] = CategoricalDistribution(list(names))
            variables[f"{i}.{j}.probability"] = FloatDistribution(0.0, 1.0)
            variables[f"{i}.{j}.magnitude"] = FloatDistribution(0.0, 1.0)
    return variables


def propose(
    history: Sequence[Trial],
    names: Sequence[str],
    *,
    sampler: Literal["tpe", "random"],
    unit: TrialUnit,
    seed: int,
) -> list[Subpolicy]:
    """Propose what to try next.

    Parameters
    ----------
    history
        What was tried so far, in order.
    names
        The transforms to choose from.
    sampler
        ``tpe``: tree-structured Parzen estimator, multivariate, after 10 random proposals;
        ``random``: uniform.
    unit
        Whether a proposal is one subpolicy or all of a policy's.
    seed : int
        Of this proposal: the same history and seed give the same proposal.
    """
    n_subpolicies = 1 if unit == "subpolicy" else N_SUBPOLICIES
    distributions = space(names, n_subpolicies)
    with _quiet():
        study = optuna.create_study(direction="maximize", sampler=_sampler(sampler, seed))
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=_values(subpolicies), distributions=distributions, value=score
            )
            for subpolicies, score in history
        ]
    )
    return _subpolicies(study.ask(distributions).params, n_subpolicies)


def best_subpolicies(history: Sequence[Trial], n: int) -> list[Subpolicy]:
    """Return the subpolicies of the best trials, at most `n` trials; ties go to the earlier."""
    ranked = sorted(history, key=lambda trial: -trial[1])
    return [subpolicy for subpolicies, _ in ranked[:n] for subpolicy in subpolicies]


def from_plain(history: Sequence[Sequence[Any]]) -> list[Trial]:
    """Return a history that was saved as lists."""
    return [
        ([[(str(n), float(p), float(m)) for n, p, m in steps] for steps in subpolicies], score)
        for subpolicies, score in history
    ]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from logging each study it makes; the caller's level is restored."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


def _sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _values(subpolicies: Sequence[Subpolicy]) -> dict[str, Any]:
    return {
        f"{i}.{j}.{key}": value
        for i, steps in enumerate(subpolicies)
        for j, step in enumerate(steps)
        for key, value in zip(("transform", "probability", "magnitude"), step, strict=True)
    }


def _subpolicies(values: dict[str, Any], n_subpolicies: int) -> list[Subpolicy]:
    return [
        [
            (
                values[f"{i}.{j}.transform"],
                values[f"{i}.{j}.probability"],
                values[f"{i}.{j}.magnitude"],
            )
            for j in range(N_STEPS)
        ]
        for i in range(n_subpolicies)
    ]


def finite(score: float, worst: float) -> float:
    """Return the score, or `worst` where there is none: Optuna takes no NaN."""
    return score if math.isfinite(score) else worst
