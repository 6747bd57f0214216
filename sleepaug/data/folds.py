"""Splits by subject: nobody is in two parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from sleepaug.support.errors import ConfigError


def split(
    subjects: Iterable[str],
    fold: int,
    n_folds: int = 5,
    seed: int = 29,
    n_subjects: int | None = None,
) -> dict[str, list[str]]:
    """Split subjects into those to train on, to validate on and to test on.

    Every subject is tested in exactly one fold. The others are halved at random into train and
    valid: 60 subjects in 5 folds give 24 train, 24 valid, 12 test. The same subjects, in whatever
    order, give the same split on every machine.

    Parameters
    ----------
    subjects : iterable of str
        Repetitions are ignored, so an entry for each window or recording will do.
    fold : int
        From 0 to n_folds - 1.
    n_folds : int
        At most the number of subjects; equal to it, one subject is left out. 1 tests nobody: for
        a last training on everybody, once all choices are made.
    seed : int
        Random seed of the halving.
    n_subjects : int, optional
        How many of those who are not tested are used, at least 2: a measure of how much a method
        gains on few people. More of them contain the fewer, and the tested ones stay. All if None.

    Returns
    -------
    dict
        Sorted subjects under "train", "valid" and "test".

    Raises
    ------
    ConfigError
        If there are too few subjects, or no such fold.

    Notes
    -----
    Source of the proportions and the seed: the official code of AugNet.
    """
    people = sorted({str(subject) for subject in subjects})
    least = 2 if n_folds == 1 else max(n_folds, 3)
    if len(people) < least or n_folds < 1:
        raise ConfigError(
            f"{len(people)} subjects cannot be split into {n_folds} folds of train, valid and "
            f"test. At least {least} subjects and 1 fold are needed: add nights of others, or "
            "lower task.n_folds."
        )
    if not 0 <= fold < n_folds:
        raise ConfigError(f"fold {fold}: expected a whole number from 0 to {n_folds - 1}.")
    test = people[fold::n_folds] if n_folds > 1 else []
    rest = sorted(set(people) - set(test), key=lambda subject: _draw(f"{seed} {fold} {subject}"))
    if n_subjects is not None:
        if not 2 <= n_subjects <= len(rest):
            raise ConfigError(
                f"n_subjects: expected 2 to {len(rest)}, the subjects that fold {fold} does not "
                f"test, got {n_subjects}.",
                parameters=("n_subjects",),
            )
        rest = rest[:n_subjects]
    half = (len(rest) + 1) // 2
    parts = {"train": sorted(rest[:half]), "valid": sorted(rest[half:]), "test": test}
    check_disjoint(parts)
    return parts


def _draw(text: str) -> str:
    """Return a random-looking key that depends on nothing but the text."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_disjoint(split: Mapping[str, Sequence[str]]) -> None:
    """Raise a `ConfigError` if a subject is in two parts."""
    part_of: dict[str, str] = {}
    for part, subjects in split.items():
        for subject in set(subjects):
            if subject in part_of:
                raise ConfigError(
                    f"subject '{subject}' is in both '{part_of[subject]}' and '{part}'. A subject "
                    "may be in one part only, or the score says nothing about new people."
                )
            part_of[subject] = part
