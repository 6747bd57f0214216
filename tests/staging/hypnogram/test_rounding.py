"""Rounding that keeps a sum."""

from hypothesis import given
from hypothesis import strategies as st

from sleepaug.staging.hypnogram.rounding import rounded_to_sum


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=8).filter(any))
def test_the_sum_stays_and_no_part_is_off_by_a_whole_step(counts):
    shares = [100 * n / sum(counts) for n in counts]
    rounded = rounded_to_sum(shares, 100.0)
    assert round(sum(rounded), 6) == 100
    assert all(abs(a - b) < 0.1 for a, b in zip(shares, rounded, strict=True))
    assert all(f == 0 for n, f in zip(counts, rounded, strict=True) if n == 0)


def test_what_is_round_stays():
    assert rounded_to_sum([12.5, 37.5, 50.0], 100.0) == [12.5, 37.5, 50.0]
    assert rounded_to_sum([], 100.0) == []
