"""From the recorded channels to those that are wanted.

`choose` finds the wanted electrodes, makes the wanted reference, and says in a sentence for each
channel what was used. Whatever is not certain is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sleepaug.data.signals.channel_names import (
    TEN_TWENTY,
    ChannelName,
    parse_name,
    place_of,
    plain_name,
)
from sleepaug.support.errors import RecordingError, printable

Reference = Literal["as-recorded", "A2", "average", "contralateral"]

MIN_FOR_AVERAGE = 8
"""EEG channels that an average reference needs."""


@dataclass(frozen=True)
class Source:
    """Where a wanted channel comes from: `channel` minus the mean of `minus`.

    Attributes
    ----------
    channel : str
        Recorded channel.
    minus : tuple of str
        Recorded channels whose mean is subtracted; none where it is used as recorded.
    sentence : str
        What was used, for the notes of a night.

    Examples
    --------
    >>> source = choose(["EEG C3-CLE", "EEG A2-CLE"], ["C3"], reference="A2")["C3"]
    >>> source.needs, source.sentence
    (('EEG C3-CLE', 'EEG A2-CLE'), 'C3: EEG C3-CLE minus EEG A2-CLE (reference A2).')
    """

    channel: str
    minus: tuple[str, ...]
    sentence: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Recorded channels to read."""
        return (self.channel, *self.minus)


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

    Examples
    --------
    >>> sources = choose(["EEG C3-M2", "EEG 4"], ["C3", "O1"], {"O1": "EEG 4"})
    >>> [source.channel for source in sources.values()]
    ['EEG C3-M2', 'EEG 4']
    """
    if reference not in get_args(Reference):
        allowed = ", ".join(get_args(Reference))
        raise RecordingError(
            f"reference: unknown value {reference!r}. Allowed: {allowed}.",
            parameters=("reference",),
        )
    map = map or {}
    chosen: dict[str, str] = {}
    for want in wanted:
        if (name := _find(names, want, map)) is not None:
            chosen[want] = name
    missing = [want for want in wanted if want not in chosen]
    if missing and not allow_missing:
        listed = ", ".join(f"'{want}'" for want in missing)
        every = f" All of {', '.join(wanted)} are needed." if len(wanted) > 1 else ""
        raise RecordingError(
            f"channel{'s' * (len(missing) > 1)} {listed} not found.{every} The file has: "
            f"{', '.join(names)}. Say which of them stands for it, as in map '{missing[0]}=NAME', "
            "or train on other channels.",
            parameters=("map", "channels"),
        )
    if not chosen:
        raise RecordingError(
            f"none of the channels {', '.join(wanted)} was found; one of them is enough. The file "
            f"has: {', '.join(names) or 'no channel that can be used'}. If one of its channels is "
            f"at one of these places, say so, as in map {wanted[0]}=NAME.",
            parameters=("map",),
        )
    odd = {w: _oddity(w, name) for w, name in chosen.items() if w in map and w != name}
    return {
        want: _referenced(names, want, name, reference, odd.get(want, ""))
        for want, name in chosen.items()
    }


def _find(names: Sequence[str], want: str, map: Mapping[str, str]) -> str | None:
    """Find the recorded channel for a wanted one; None if there is none."""
    if want in map:
        for alternative in map[want].split("|"):
            for same in (str, plain_name, lambda name: parse_name(name) or name):
                matching = [name for name in names if same(name) == same(alternative.strip())]
                if matching:
                    return _only(matching, want)
        raise RecordingError(
            f"channel '{want}' is mapped to {' or '.join(map[want].split('|'))}, which the file "
            f"does not have. It has: {', '.join(names)}.",
            parameters=("map",),
        )
    target = parse_name(want)
    matching = [name for name in names if plain_name(name) == plain_name(want)]
    if target is not None:
        parsed = [(name, parse_name(name)) for name in names]
        matching = [name for name, p in parsed if p is not None and p.stands_for(target)]
    if not matching:
        return None
    return _only(_against_ear(matching) or matching, want)


def _against_ear(names: Sequence[str]) -> list[str]:
    """Choose the channel against the ear of the other side, if all others name no reference.

    Recorders such as those of Nox write each electrode as recorded, and the channels of the
    montage beside them (``C3`` and ``C3-M2``).
    """
    parsed = {name: parse_name(name) for name in names}
    against_ear = [
        name
        for name, p in parsed.items()
        if p is not None
        and p.electrode[-1].isdigit()
        and place_of(p.reference) == _opposite_ear("", p)
    ]
    bare = [name for name, p in parsed.items() if p is not None and not p.reference]
    return against_ear if len(against_ear) == 1 and len(bare) == len(names) - 1 else []


def _only(channels: list[str], want: str) -> str:
    """Return the single element, or raise a `RecordingError` that names them all."""
    if len(channels) == 1:
        return channels[0]
    raise RecordingError(
        f"channels {' and '.join(map(repr, channels))} both stand for '{want}'. Choose one, as "
        f"in map '{want}={channels[0]}'.",
        parameters=("map",),
    )


def _oddity(want: str, channel: str) -> str:
    """Say what is odd about taking a channel for a place because the user says so."""
    parsed, target = parse_name(channel), parse_name(want)
    if parsed is None:
        return "" if re.search(r"\beeg|\d$", channel, re.I) else " Its name is not that of an EEG."
    if parsed.is_bipolar and not (target and parsed.stands_for(target)):
        return f" Warning: it is the difference of {parsed.electrode} and {parsed.reference}."
    return ""


def _referenced(
    names: Sequence[str], want: str, channel: str, reference: Reference, oddity: str = ""
) -> Source:
    """Make the source of `want` with the wanted reference."""
    parsed = parse_name(channel)
    recorded = parsed.reference if parsed is not None else ""
    shown = f"reference {recorded}" if recorded else "its reference is not named"
    if reference == "as-recorded":
        sentence = f"{want}: {channel}, as recorded ({shown}).{oddity}"
        if want == channel and parsed is None:  # an eye, or the chin
            sentence = f"{channel}, as recorded."
        return Source(channel, (), printable(sentence))
    if reference == "average":
        return _average(names, want, channel, recorded)
    ear = "A2" if reference == "A2" else _opposite_ear(want, parsed)
    if place_of(recorded) == ear:
        return Source(channel, (), printable(f"{want}: {channel}, recorded against {recorded}."))
    ears = [
        name
        for name, p in ((name, parse_name(name)) for name in names)
        if p is not None
        and place_of(p.electrode) == ear
        and place_of(p.reference) == place_of(recorded)
    ]
    if not ears:
        raise RecordingError(
            f"reference {reference}: '{want}' comes from '{channel}' ({shown}), and the file has "
            f"no {ear} channel with that reference to subtract. Use reference as-recorded.",
            parameters=("reference",),
        )
    subtracted = _only(ears, ear)
    sentence = f"{want}: {channel} minus {subtracted} (reference {ear})."
    return Source(channel, (subtracted,), printable(sentence))


def _average(names: Sequence[str], want: str, channel: str, recorded: str) -> Source:
    """Subtract the mean of all 10-20 electrodes that have the reference of `channel`."""
    scalp = [
        name
        for name, p in ((name, parse_name(name)) for name in names)
        if p is not None
        and place_of(p.electrode) in TEN_TWENTY
        and place_of(p.reference) == place_of(recorded)
    ]
    if len(scalp) < MIN_FOR_AVERAGE:
        raise RecordingError(
            f"reference average: the file has {len(scalp)} EEG channels with the reference of "
            f"'{channel}', and an average needs at least {MIN_FOR_AVERAGE}. Use reference "
            "as-recorded.",
            parameters=("reference",),
        )
    sentence = f"{want}: {channel} minus the average of {len(scalp)} EEG channels."
    return Source(channel, tuple(scalp), printable(sentence))


def _opposite_ear(want: str, parsed: ChannelName | None) -> str:
    """Return A2 for electrodes of the left (odd numbers), A1 for those of the right."""
    name = parse_name(want) or parsed
    digit = name.electrode[-1] if name is not None else ""
    if not digit.isdigit():
        raise RecordingError(
            f"reference contralateral: '{want}' is on neither side of the head. Use reference "
            "as-recorded.",
            parameters=("reference",),
        )
    return "A2" if int(digit) % 2 else "A1"
