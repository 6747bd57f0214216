"""Where electrodes of the 10-20 system are, and which lie opposite each other."""

from __future__ import annotations

from collections.abc import Sequence

from sleepaug.data.signals.channel_names import parse_name

POSITIONS: dict[str, tuple[float, float, float]] = {
    "Fp1": (-29.44, 83.92, -6.99),
    "Fpz": (0.11, 88.25, -1.71),
    "Fp2": (29.87, 84.90, -7.08),
    "F7": (-70.26, 42.47, -11.42),
    "F3": (-50.24, 53.11, 42.19),
    "Fz": (0.31, 58.51, 66.46),
    "F4": (51.84, 54.30, 40.81),
    "F8": (73.04, 44.42, -12.00),
    "T7": (-84.16, -16.02, -9.35),
    "C3": (-65.36, -11.63, 64.36),
    "Cz": (0.40, -9.17, 100.24),
    "C4": (67.12, -10.90, 63.58),
    "T8": (85.08, -15.02, -9.49),
    "P7": (-72.43, -73.45, -2.49),
    "P3": (-53.01, -78.79, 55.94),
    "Pz": (0.32, -81.11, 82.61),
    "P4": (55.67, -78.56, 56.56),
    "P8": (73.06, -73.07, -2.54),
    "O1": (-29.41, -112.45, 8.84),
    "Oz": (0.11, -114.89, 14.66),
    "O2": (29.84, -112.16, 8.80),
}
"""Positions in millimetres (x right, y front, z up) on the Colin27 head, as MNE's 10-20 montage."""

OLD_NAMES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}


def electrode(ch_name: str) -> str | None:
    """Return the 10-20 electrode which a channel shows, or None if it has no single one.

    Upper and lower case are alike; a leading ``EEG`` and a reference that is not a scalp
    electrode (ear, mastoid, average) are ignored. A bipolar channel has no single position.

    Examples
    --------
    >>> electrode("EEG C3-CLE"), electrode("T3"), electrode("EEG Fpz-Cz")
    ('C3', 'T7', None)
    """
    name = parse_name(ch_name)
    if name is None or name.is_bipolar:
        return None
    known = OLD_NAMES.get(name.electrode, name.electrode)
    return known if known in POSITIONS else None


def mirrored(ch_names: Sequence[str]) -> tuple[int, ...]:
    """Return for each channel the index of its left-right partner, or its own where it has none.

    Odd numbers are on the left, the next even ones opposite on the right (C3 and C4, O1 and O2).

    Examples
    --------
    >>> mirrored(["C3", "C4", "Fz", "O1"])
    (1, 0, 2, 3)
    """
    electrodes = [electrode(name) for name in ch_names]
    partners = []
    for index, name in enumerate(electrodes):
        partner = None
        if name is not None and name[-1].isdigit():
            number = int(name[-1])
            partner = name[:-1] + str(number + 1 if number % 2 else number - 1)
        alone = electrodes.count(name) == 1 and electrodes.count(partner) == 1
        partners.append(electrodes.index(partner) if partner and alone else index)
    return tuple(partners)
