"""From the names in a file to the channels that are wanted.

Names such as ``EEG C3-A2``, ``C3-M2``, ``C3:A2``, ``C3-CLE`` or ``eeg c3`` are read as an electrode
and a reference. `choose` finds the wanted electrodes, makes the wanted reference, and says in a
sentence for each channel what was used. Whatever is not certain is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sleepaug.support.errors import RecordingError, printable

Reference = Literal["as-recorded", "A2", "average", "contralateral"]

TEN_TWENTY = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4"),
    *("T5", "P3", "Pz", "P4", "T6", "O1", "Oz", "O2"),
)
_EARS = ("A1", "A2", "M1", "M2")
_SAME_PLACE = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6", "M1": "A1", "M2": "A2"}
_OTHERS = (  # of the 10-10 system
    *("Fpz", "T7", "T8", "P7", "P8", "Nz", "AFz", "FCz", "CPz", "POz", "F1", "F2", "F5", "F6"),
    *("AF3", "AF4", "AF7", "AF8", "FT7", "FT8", "FC1", "FC2", "FC3", "FC4", "FC5", "FC6"),
    *(
        "C1",
        "C2",
        "C5",
        "C6",
        "TP7",
        "TP8",
        "TP9",
        "TP10",
        "CP1",
        "CP2",
        "CP3",
        "CP4",
        "CP5",
        "CP6",
    ),
    *("P1", "P2", "P5", "P6", "PO3", "PO4", "PO7", "PO8"),
)
_COMMON_REFERENCES = {
    "CLE": "CLE", "LER": "LER", "LE": "LE", "A1A2": "LE", "A1+A2": "LE", "M1M2": "LE",
    "M1+M2": "LE", "REF": "REF", "AVG": "AVG", "AV": "AVG", "AR": "AVG", "AVERAGE": "AVG",
}  # fmt: skip
_ELECTRODES = {name.upper(): name for name in (*TEN_TWENTY, *_EARS, *_OTHERS)}
_REFERENCES = {**_ELECTRODES, **_COMMON_REFERENCES}


def _one_of(words: Mapping[str, str]) -> str:
    """Pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NAME = re.compile(
    rf"(?:EEG[\s:_.-]*)?({_one_of(_ELECTRODES)})(?:[\s:/_-]*({_one_of(_REFERENCES)}))?(?:-\d)?"
)  # the digit at the end tells channels apart whose labels are equal in the file
MIN_FOR_AVERAGE = 8


@dataclass(frozen=True)
class ChannelName:
    """Electrode and reference as read from a name; reference "" where none is given."""

    electrode: str
    reference: str = ""

    @property
    def is_bipolar(self) -> bool:
        """Between two scalp electrodes, so not the EEG at one of them."""
        return self.reference in _ELECTRODES.values() and self.reference not in _EARS

    def stands_for(self, wanted: ChannelName) -> bool:
        """Whether this channel may be used where `wanted` is asked for."""
        if _place(self.electrode) != _place(wanted.electrode):
            return False
        if wanted.reference:
            return _place(self.reference) == _place(wanted.reference)
        return not self.is_bipolar


@dataclass(frozen=True)
class Source:
    """Where a wanted channel comes from: `channel` minus the mean of `minus`."""

    channel: str
    minus: tuple[str, ...]
    sentence: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Recorded channels to read."""
        return (self.channel, *self.minus)


def parse_name(name: str) -> ChannelName | None:
    """Electrode and reference in the name of an EEG channel.

    Examples
    --------
    >>> parse_name("EEG C3-CLE")
    ChannelName(electrode='C3', reference='CLE')
    >>> parse_name("eeg c3:m2")
    ChannelName(electrode='C3', reference='M2')
    >>> parse_name("EMG1") is None
    True
    """
    found = _NAME.fullmatch(" ".join(name.split()).upper())
    if found is None:
        return None
    return ChannelName(_ELECTRODES[found[1]], _REFERENCES[found[2]] if found[2] else "")


def choose(
    names: Sequence[str],
    wanted: Sequence[str],
    map: Mapping[str, str] | None = None,
    reference: Reference = "as-recorded",
    *,
    allow_missing: bool = False,
) -> dict[str, Source]:
    """Find the wanted channels among the recorded ones.

    Parameters
    ----------
    names : sequence of str
        Channels of the file.
    wanted : sequence of str
        Electrodes such as "C3", or derivations such as "Fpz-Cz".
    map : mapping, optional
        Recorded names for wanted ones; alternatives are separated by ``|`` and tried in order.
        It wins over everything that is found by name.
    reference : "as-recorded", "A2", "average" or "contralateral"
        What the result is measured against.
    allow_missing : bool
        Leave out what no recorded channel stands for, as long as one is found.

    Returns
    -------
    dict of str to Source
        In the order of `wanted`.

    Raises
    ------
    RecordingError
        If a channel is missing or ambiguous, or the reference cannot be made.
    """
    if reference not in get_args(Reference):
        allowed = ", ".join(get_args(Reference))
        raise RecordingError(f"reference: unknown value {reference!r}. Allowed: {allowed}.")
    map = map or {}
    chosen: dict[str, str] = {}
    for want in wanted:
        try:
            chosen[want] = _find(names, want, map)
        except NotFoundError:
            if not allow_missing:
                raise
    if not chosen:
        raise NotFoundError(
            f"none of the channels {', '.join(wanted)} was found; one of them is enough. The file "
            f"has: {', '.join(names) or 'no channel that can be used'}. If one of its channels is "
            f"at one of these places, say so, as in map {wanted[0]}=NAME.",
            parameters=("map",),
        )
    return {
        want: _referenced(
            names,
            want,
            name,
            reference,
            _oddity(want, name) if want in map and want != name else "",
        )
        for want, name in chosen.items()
    }


class NotFoundError(RecordingError):
    """No recorded channel stands for the wanted one."""


def _find(names: Sequence[str], want: str, map: Mapping[str, str]) -> str:
    """Recorded channel for a wanted one."""
    if want in map:
        tried = [alternative.strip() for alternative in map[want].split("|")]
        for alternative in tried:
            for same in (str, _plain):
                if found := [name for name in names if same(name) == same(alternative)]:
                    return _only(found, want)
        raise RecordingError(
            f"channel '{want}' is mapped to {' or '.join(map[want].split('|'))}, which the file "
            f"does not have. It has: {', '.join(names)}."
        )
    target = parse_name(want)
    found = [name for name in names if _plain(name) == _plain(want)]
    if target is not None:
        parsed = [(name, parse_name(name)) for name in names]
        found = [name for name, p in parsed if p is not None and p.stands_for(target)]
    if not found:
        raise NotFoundError(
            f"channel '{want}' not found. The file has: {', '.join(names)}. Say which of them "
            f"stands for it, as in map '{want}=NAME', or train on other channels.",
            parameters=("map", "channels"),
        )
    return _only(_montage(found) or found, want)


def _montage(names: Sequence[str]) -> list[str]:
    """The channel against the ear of the other side, where all others name no reference.

    Recorders such as those of Nox write each electrode as recorded, and the channels of the
    montage beside them (``C3`` and ``C3-M2``).
    """
    parsed = {name: parse_name(name) for name in names}
    against_ear = [
        name
        for name, p in parsed.items()
        if p is not None
        and p.electrode[-1].isdigit()
        and _place(p.reference) == _opposite_ear("", p)
    ]
    bare = [name for name, p in parsed.items() if p is not None and not p.reference]
    return against_ear if len(against_ear) == 1 and len(bare) == len(names) - 1 else []


def _only(found: list[str], want: str) -> str:
    """The single element of `found`."""
    if len(found) == 1:
        return found[0]
    raise RecordingError(
        f"channels {' and '.join(map(repr, found))} both claim the name '{want}'. Choose one, as "
        f"in map '{want}={found[0]}'.",
        parameters=("map",),
    )


def _oddity(want: str, channel: str) -> str:
    """What is odd about taking a channel for a place because the user says so, in a sentence."""
    parsed, target = parse_name(channel), parse_name(want)
    if parsed is None:
        return "" if re.search(r"\beeg|\d$", channel, re.I) else " Its name is not that of an EEG."
    if parsed.is_bipolar and not (target and parsed.stands_for(target)):
        return f" Warning: it is the difference of {parsed.electrode} and {parsed.reference}."
    return ""


def _referenced(
    names: Sequence[str], want: str, channel: str, reference: Reference, oddity: str = ""
) -> Source:
    """The source of `want` with the wanted reference."""
    parsed = parse_name(channel)
    recorded = parsed.reference if parsed is not None else ""
    shown = f"reference {recorded}" if recorded else "its reference is not named"
    if reference == "as-recorded":
        sentence = f"{want}: {channel}, as recorded ({shown}).{oddity}"
        return Source(channel, (), printable(sentence))
    if reference == "average":
        return _average(names, want, channel, recorded)
    ear = "A2" if reference == "A2" else _opposite_ear(want, parsed)
    if _place(recorded) == ear:
        return Source(channel, (), printable(f"{want}: {channel}, recorded against {recorded}."))
    parts = [
        name
        for name, p in ((name, parse_name(name)) for name in names)
        if p is not None and _place(p.electrode) == ear and _place(p.reference) == _place(recorded)
    ]
    if not parts:
        raise RecordingError(
            f"reference {reference}: '{want}' comes from '{channel}' ({shown}), and the file has "
            f"no {ear} channel with that reference to subtract. Use reference as-recorded."
        )
    part = _only(parts, ear)
    sentence = f"{want}: {channel} minus {part} (reference {ear})."
    return Source(channel, (part,), printable(sentence))


def _average(names: Sequence[str], want: str, channel: str, recorded: str) -> Source:
    """`channel` minus the mean of all 10-20 electrodes with the same reference."""
    scalp = [
        name
        for name, p in ((name, parse_name(name)) for name in names)
        if p is not None
        and _place(p.electrode) in TEN_TWENTY
        and _place(p.reference) == _place(recorded)
    ]
    if len(scalp) < MIN_FOR_AVERAGE:
        raise RecordingError(
            f"reference average: the file has {len(scalp)} EEG channels with the reference of "
            f"'{channel}', and an average needs at least {MIN_FOR_AVERAGE}. Use reference "
            "as-recorded."
        )
    sentence = f"{want}: {channel} minus the average of {len(scalp)} EEG channels."
    return Source(channel, tuple(scalp), printable(sentence))


def _opposite_ear(want: str, parsed: ChannelName | None) -> str:
    """A2 for electrodes of the left (odd numbers), A1 for those of the right."""
    name = parse_name(want) or parsed
    digit = name.electrode[-1] if name is not None else ""
    if not digit.isdigit():
        raise RecordingError(
            f"reference contralateral: '{want}' is on neither side of the head. Use reference "
            "as-recorded."
        )
    return "A2" if int(digit) % 2 else "A1"


def _place(electrode: str) -> str:
    """One name for electrodes with two (T7, T3) or that stand for each other (M2, A2)."""
    return _SAME_PLACE.get(electrode, electrode)


def _plain(name: str) -> str:
    """Name without case and repeated spaces."""
    return " ".join(name.split()).lower()
