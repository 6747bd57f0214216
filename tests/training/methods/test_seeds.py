"""Derived seeds: no two purposes, folds, trials or runs share their random numbers."""

import itertools

from sleepaug.support.seeds import derived_seed
from sleepaug.training.fit import Training
from sleepaug.training.methods.autoaugment import AutoAugment, RandomSearch


def test_no_two_derived_seeds_are_the_same():
    sizes = itertools.product(range(20), ("proposal", "search"), range(5), range(50))
    seeds = [derived_seed(s, purpose, fold=fold, trial=t) for s, purpose, fold, t in sizes]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0
    assert max(seeds) < 2**32


def test_random_proposals_of_other_seeds_folds_and_methods_are_others(tiny_task):
    def proposals(seed, fold, method=RandomSearch):
        search = method(trials=50).search(tiny_task, Training(), seed=seed, fold=fold)
        for _ in range(9):
            search.history.append((search.proposal(), 0.0))
        return {str(subpolicies) for subpolicies, _ in search.history}

    runs = [proposals(0, 0), proposals(1, 0), proposals(0, 1), proposals(0, 0, AutoAugment)]
    assert [len(run) for run in runs] == [9] * 4
    assert not any(a & b for a, b in itertools.combinations(runs, 2))
