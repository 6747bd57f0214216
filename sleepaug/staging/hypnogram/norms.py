"""What healthy adults sleep at an age, by published figures."""

from __future__ import annotations

from dataclasses import dataclass

YOUNGEST, OLDEST = 19, 77
"""Years of the people of Mitterling et al. 2015."""
YOUNG, OLD = 30, 60
"""Their groups: up to 30 years, and over 60."""
SOURCE = (
    "Mitterling et al. 2015, Sleep 38:867 (100 healthy sleepers of 19 to 77 years, one night, "
    "rules of the AASM): the figures that its abstract gives, a median with its range"
)
CHANGES_SOURCE = (
    "Boulos et al. 2019, Lancet Respir Med 7:533 (5273 healthy adults in 169 studies): with each "
    "decade of age total sleep time is 10.1 min shorter, sleep efficiency 2.1 % lower, wake after "
    "sleep onset 9.7 min longer, sleep onset 1.1 min later and N1 0.5 % more; the shares of N2, N3 "
    "and R do not change significantly"
)


@dataclass(frozen=True)
class Norm:
    """A statistic of healthy people: median, and the lowest and highest of the range."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.low:.1f} to {self.high:.1f})"


UP_TO_30 = {
    "TST": Norm(413.5, 345.6, 451.9),
    "SE": Norm(87.0, 71.9, 94.1),
    "N3_percent_TST": Norm(20.7, 15.2, 37.5),
    "R_percent_TST": Norm(15.5, 7.5, 23.6),
}
OVER_60 = {
    "TST": Norm(378.3, 216.0, 440.0),
    "SE": Norm(79.7, 44.5, 90.9),
    "N3_percent_TST": Norm(14.9, 2.4, 35.6),
    "R_percent_TST": Norm(10.3, 1.9, 21.9),
}


def norms_at(age: float | None) -> dict[str, dict[str, Norm]]:
    """Return the published norms for an age, by group and statistic.

    Parameters
    ----------
    age : float or None
        Years.

    Returns
    -------
    dict of str to dict of str to Norm
        The group of that age, or both groups for an age between them; empty where the age is not
        known or nobody of that age was recorded.

    Examples
    --------
    >>> list(norms_at(45)), list(norms_at(25)), list(norms_at(12))
    (['up to 30 years', 'over 60 years'], ['up to 30 years'], [])
    """
    if age is None or not YOUNGEST <= age < OLDEST + 1:
        return {}
    groups = {}
    if age < OLD + 1:
        groups[f"up to {YOUNG} years"] = UP_TO_30
    if age >= YOUNG + 1:
        groups[f"over {OLD} years"] = OVER_60
    return groups
