"""Names of EEG channels: ``EEG C3-A2`` or ``c3:m2`` as an electrode and its reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

TEN_TWENTY = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4"),
    *("T5", "P3", "Pz", "P4", "T6", "O1", "Oz", "O2"),
)
EARS = ("A1", "A2", "M1", "M2")
_SAME_PLACE = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6", "M1": "A1", "M2": "A2"}
_OTHERS = (  # of the 10-10 system
    *("Fpz", "T7", "T8", "P7", "P8", "Nz", "AFz", "FCz", "CPz", "POz", "F1", "F2", "F5", "F6"),
    *("AF3", "AF4", "AF7", "AF8", "FT7", "FT8", "FC1", "FC2", "FC3", "FC4", "FC5", "FC6"),
    *("C1", "C2", "C5", "C6", "TP7", "TP8", "TP9", "TP10"),
    *("CP1", "CP2", "CP3", "CP4", "CP5", "CP6"),
    *("P1", "P2", "P5", "P6", "PO3", "PO4", "PO7", "PO8"),
)
_COMMON_REFERENCES = {
    "CLE": "CLE", "LER": "LER", "LE": "LE", "A1A2": "LE", "A1+A2": "LE", "M1M2": "LE",
    "M1+M2": "LE", "REF": "REF", "AVG": "AVG", "AV": "AVG", "AR": "AVG", "AVERAGE": "AVG",
}  # fmt: skip
_ELECTRODES = {name.upper(): name for name in (*TEN_TWENTY, *EARS, *_OTHERS)}
_REFERENCES = {**_ELECTRODES, **_COMMON_REFERENCES}


def _one_of(words: Mapping[str, str]) -> str:
    """Make a pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NAME = re.compile(
    rf"(?:EEG[\s:_.-]*)?({_one_of(_ELECTRODES)})(?:[\s:/_-]*({_one_of(_REFERENCES)}))?(?:-\d)?"
)  # the digit at the end tells channels apart whose labels are equal in the file


@dataclass(frozen=True)
class ChannelName:
    """An electrode and what it is measured against, as read from the name of a channel.

    Attributes
    ----------
    electrode : str
        Such as "C3".
    reference : str
        An electrode, or a common reference such as "CLE"; "" where the name gives none.

    Examples
    --------
    >>> parse_name("EEG Fpz-Cz").is_bipolar, parse_name("C3-M2").is_bipolar
    (True, False)
    >>> parse_name("T7-M1").stands_for(ChannelName("T3"))
    True
    """

    electrode: str
    reference: str = ""

    @property
    def is_bipolar(self) -> bool:
        """Whether both ends are scalp electrodes, so that it is not the EEG at one of them."""
        return self.reference in _ELECTRODES.values() and self.reference not in EARS

    def stands_for(self, wanted: ChannelName) -> bool:
        """Tell whether this channel may be used where `wanted` is asked for."""
        if place_of(self.electrode) != place_of(wanted.electrode):
            return False
        if wanted.reference:
            return place_of(self.reference) == place_of(wanted.reference)
        return not self.is_bipolar


def parse_name(name: str) -> ChannelName | None:
    """Read the electrode and the reference in the name of an EEG channel.

    Parameters
    ----------
    name : str

    Returns
    -------
    ChannelName or None
        None where the name is not that of an EEG channel.

    Examples
    --------
    >>> parse_name("EEG C3-CLE")
    ChannelName(electrode='C3', reference='CLE')
    >>> parse_name("eeg c3:m2")
    ChannelName(electrode='C3', reference='M2')
    >>> parse_name("EMG1") is None
    True
    """
    match = _NAME.fullmatch(" ".join(name.split()).upper())
    if match is None:
        return None
    return ChannelName(_ELECTRODES[match[1]], _REFERENCES[match[2]] if match[2] else "")


def place_of(electrode: str) -> str:
    """Give one name to electrodes that have two (T7, T3) or stand for each other (M2, A2)."""
    return _SAME_PLACE.get(electrode, electrode)


def plain_name(name: str) -> str:
    """Remove case and repeated spaces from a name, to compare it."""
    return " ".join(name.split()).lower()
