"""Splits by subject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sleepaug.data.folds import check_disjoint, split
from sleepaug.support.errors import ConfigError


def test_sixty_subjects_as_in_the_paper() -> None:
    people = [f"01-03-{k:04d}" for k in range(60)]
    tested: list[str] = []
    for fold in range(5):
        parts = split(people, fold)
        assert {part: len(who) for part, who in parts.items()} == {
            "train": 24,
            "valid": 24,
            "test": 12,
        }
        tested += parts["test"]
    assert sorted(tested) == people


@given(
    st.sets(st.text(min_size=1, max_size=3), min_size=3, max_size=40),
    st.integers(2, 8),
    st.integers(0, 5),
    st.randoms(),
)
def test_every_split(people: set[str], n_folds: int, seed: int, random) -> None:
    n_folds = min(n_folds, len(people))
    shuffled = sorted(people) * 2
    random.shuffle(shuffled)
    tested: list[str] = []
    for fold in range(n_folds):
        parts = split(shuffled, fold, n_folds, seed)
        assert sorted(who for part in parts.values() for who in part) == sorted(people)
        assert parts == split(people, fold, n_folds, seed)
        assert 0 <= len(parts["train"]) - len(parts["valid"]) <= 1
        tested += parts["test"]
    assert sorted(tested) == sorted(people)


def test_seed_changes_train_and_valid_only() -> None:
    people = [str(k) for k in range(20)]
    a, b = split(people, 0, seed=1), split(people, 0, seed=2)
    assert a["test"] == b["test"]
    assert a["train"] != b["train"]


def test_fewer_subjects_are_part_of_more_and_the_tested_stay() -> None:
    people = [str(k) for k in range(20)]
    everybody = split(people, 1)
    assert split(people, 1, n_subjects=16) == everybody
    fewer = everybody
    for n in (10, 4, 2):
        parts = split(people, 1, n_subjects=n)
        assert parts["test"] == everybody["test"]
        assert len(parts["train"]) == len(parts["valid"]) == n // 2
        assert set(parts["train"]) < set(fewer["train"])
        fewer = parts


@pytest.mark.parametrize("n", [1, 17])
def test_impossible_number_of_subjects(n: int) -> None:
    with pytest.raises(ConfigError, match=f"expected 2 to 16, .* got {n}"):
        split([str(k) for k in range(20)], 1, n_subjects=n)


def test_fixed_for_ever() -> None:
    assert split("abcdef", 0) == {"train": ["b", "e"], "valid": ["c", "d"], "test": ["a", "f"]}


@pytest.mark.parametrize(
    ("people", "n_folds"), [("abcd", 5), ("ab", 2), ("a", 1), ("abc", 0), ("", 5)]
)
def test_too_few(people: str, n_folds: int) -> None:
    with pytest.raises(ConfigError, match=f"{len(people)} subjects .* {n_folds} folds"):
        split(people, 0, n_folds)


def test_one_fold_tests_nobody() -> None:
    parts = split("abcde", 0, 1)
    assert parts["test"] == []
    assert sorted(parts["train"] + parts["valid"]) == list("abcde")
    assert (len(parts["train"]), len(parts["valid"])) == (3, 2)


def test_no_such_fold() -> None:
    with pytest.raises(ConfigError, match="fold 5: expected a whole number from 0 to 4"):
        split("abcdef", 5)


def test_a_subject_in_two_parts() -> None:
    check_disjoint({"train": ["a", "a"], "test": ["b"]})
    with pytest.raises(ConfigError, match="subject 'a' is in both 'train' and 'test'"):
        check_disjoint({"train": ["a"], "valid": ["b"], "test": ["a"]})
