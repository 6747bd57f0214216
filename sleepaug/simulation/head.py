"""The head: where electrodes sit, and how sources spread to them.

A spherical head of radius 1, x to the right ear, y to the nose, z up. Brain sources are
patches under the scalp that spread to every electrode as a smooth kernel of the angle
(volume conduction); the eyes are two current dipoles.
"""

from collections.abc import Sequence

import numpy as np

# (inclination from the vertex, azimuth from the nose to the right) in degrees.
# Source: the 10-20 system (Jasper 1958); ears, mastoids and canthi by anatomy; E1 and E2, 1 cm
# below and above the outer canthi, as the AASM manual has them.
ANGLES = {
    "Fp1": (90, -18), "Fp2": (90, 18), "Fpz": (90, 0),
    "F7": (90, -54), "F3": (60, -39), "Fz": (45, 0), "F4": (60, 39), "F8": (90, 54),
    "T3": (90, -90), "C3": (45, -90), "Cz": (0, 0), "C4": (45, 90), "T4": (90, 90),
    "T5": (90, -126), "P3": (60, -141), "Pz": (45, 180), "P4": (60, 141), "T6": (90, 126),
    "O1": (90, -162), "Oz": (90, 180), "O2": (90, 162),
    "AF7": (90, -36), "AF8": (90, 36), "FT7": (90, -72), "FT8": (90, 72),
    "TP7": (90, -108), "TP8": (90, 108), "PO7": (90, -144), "PO8": (90, 144),
    "AFz": (67, 0), "FCz": (22, 0), "CPz": (22, 180), "POz": (67, 180),
    "A1": (118, -98), "A2": (118, 98), "M1": (115, -110), "M2": (115, 110),
    "Left Horiz": (108, -44), "Right Horiz": (104, 44), "E1": (112, -45), "E2": (100, 45),
}  # fmt: skip
# The rest of the 10-10 system (Chatrian et al. 1985) divides the arcs between those: the row
# "F" of 8 steps has F5, F1, F2 and F6 at 1, 3, 5 and 7.
ROWS = {
    "AF": ("AF7", "AFz", "AF8"), "F": ("F7", "Fz", "F8"), "FC": ("FT7", "FCz", "FT8"),
    "C": ("T3", "Cz", "T4"), "CP": ("TP7", "CPz", "TP8"), "P": ("T5", "Pz", "T6"),
    "PO": ("PO7", "POz", "PO8"),
}  # fmt: skip
SYNONYMS = {
    "T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6", "LOC": "E1", "ROC": "E2",
}  # fmt: skip
EYE_SITES = ("Left Horiz", "Right Horiz", "E1", "E2")

SOURCES = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4",
    "T5", "P3", "Pz", "P4", "T6", "O1", "Oz", "O2", "A1", "A2",
)  # fmt: skip
REFERENCES = ("linked-ears", "A2", "average")
# Share of the brain's potential that is left at the canthi, which lie below the brain; set by the
# horizontal EOG of Sleep-EDF in N2 and N3.
ON_THE_FACE = 0.65
EYES = np.array([[-0.32, 0.88, -0.42], [0.32, 0.88, -0.42]])


def unit_vectors() -> dict[str, np.ndarray]:
    """Return the position of every electrode on the unit sphere."""
    inclination, azimuth = np.deg2rad(list(ANGLES.values())).T
    sin = np.sin(inclination)
    xyz = np.stack([sin * np.sin(azimuth), sin * np.cos(azimuth), np.cos(inclination)], 1)
    at = dict(zip(ANGLES, xyz, strict=True))
    for row, (left, middle, right) in ROWS.items():
        for number, side, share in (
            (5, left, 0.75), (3, left, 0.5), (1, left, 0.25),
            (2, right, 0.25), (4, right, 0.5), (6, right, 0.75),
        ):  # fmt: skip
            angle = np.arccos(at[middle] @ at[side])
            arc = np.sin((1 - share) * angle) * at[middle] + np.sin(share * angle) * at[side]
            at.setdefault(f"{row}{number}", arc / np.sin(angle))
    return at


PLACES = unit_vectors()


def positions(names: Sequence[str]) -> np.ndarray:
    """Return the unit vectors (n, 3) of electrodes."""
    return np.stack([PLACES[name] for name in names])


def spread(electrodes: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """Return the gain (n_electrodes, n_centres) of sources of angular `width` (degrees)."""
    angle = np.arccos(np.clip(electrodes @ centres.T, -1, 1))
    return np.exp(-0.5 * (angle / np.deg2rad(width)) ** 2)


EVERYWHERE = positions(list(PLACES))
SHARE = np.where(np.isin(list(PLACES), EYE_SITES), ON_THE_FACE, 1.0)[:, None]


def at_places(centres: np.ndarray, width: float) -> np.ndarray:
    """Return the gain (n_places, n_centres) of brain sources at every electrode of `PLACES`."""
    return SHARE * spread(EVERYWHERE, centres, width)


def referenced(names: Sequence[str], gain: np.ndarray, reference: str) -> np.ndarray:
    """Refer gains (n_all, n_sources) over `PLACES` to the reference; keep the rows of `names`.

    `linked-ears` subtracts the mean of A1 and A2, `A2` the right ear, `average` the mean of
    the 20 scalp electrodes. A name `X-Y` is the bipolar channel X minus Y.
    """
    row = {name: gain[i] for i, name in enumerate(PLACES)}
    if reference == "linked-ears":
        zero = (row["A1"] + row["A2"]) / 2
    elif reference == "A2":
        zero = row["A2"]
    else:
        zero = np.mean([row[name] for name in SOURCES[:20]], 0)
    rows = []
    for name in names:
        plus, _, minus = name.partition("-")
        rows.append(row[plus] - (row[minus] if minus else zero))
    return np.array(rows).reshape(len(names), *gain.shape[1:])


def background_mixing(names: Sequence[str], reference: str) -> np.ndarray:
    """Return the gain (n_names, n_sources) of the brain's background activity.

    Each source spreads widely (30 degrees, the blur of the skull; Nunez and Srinivasan 2006,
    chapter 4). Scaled so that C3 against linked ears has gain 1 for independent sources of
    variance 1.
    """
    everywhere = at_places(positions(SOURCES), 34)
    unit = referenced(["C3"], everywhere, "linked-ears")
    return referenced(names, everywhere, reference) / np.sqrt((unit**2).sum())


def eye_mixing(names: Sequence[str], reference: str) -> np.ndarray:
    """Return the gain (n_names, 2) of a horizontal and a vertical turn of both eyes.

    The cornea is positive: an eye is a dipole pointing where it looks, whose potential falls
    with the square of the distance (Malmivuo and Plonsey 1995, chapter 28). Scaled so that a
    turn of one degree to the right changes right minus left canthus by 16 uV (ibid.: 5-20).
    """
    away = positions(list(PLACES))[:, None] - EYES[None]
    distance = np.linalg.norm(away, axis=2, keepdims=True)
    field = (away / distance**3).sum(1)
    gain = field[:, [0, 2]]
    canthi = referenced(["Right Horiz-Left Horiz"], gain, reference)
    return referenced(names, gain, reference) * 16 / canthi[0, 0]
