"""Which of any recording's channels tell stages: EEG of any place, and eyes and chin beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sleepaug.data.files.edf import MICROVOLTS, Edf
from sleepaug.data.files.open import OpenRecording
from sleepaug.data.signals.channel_names import EARS, parse_name
from sleepaug.data.signals.channels import choose
from sleepaug.data.signals.continuous import MIN_SFREQ, unusable
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.simulation.head import PLACES, SYNONYMS, positions
from sleepaug.support.errors import RecordingError

KINDS = ("eeg", "eog", "emg")
N_PLACE = len(KINDS) + 6
"""Numbers that describe a channel: its kind, and where its electrodes sit on the unit sphere."""
MOST = {"eeg": 8, "eog": 2, "emg": 1}
ORDER = ("C", "F", "O", "Cz", "Fz", "Fp", "P", "AF", "Pz", "Oz")
"""Places that are taken first: of both sides of the middle, the front and the back."""
BOTH_EARS = ("A1", "A2")
NEAR = {**SYNONYMS, "TP9": "M1", "TP10": "M2", "Nz": "Fpz"}
"""Places whose position is taken to be another's."""

EYE = re.compile(r"eog|\b(?:e[12](?:[am][12])?|loc|roc)\b|(?:left|right) horiz", re.IGNORECASE)
_CHIN = re.compile(r"chin|submental|menton", re.IGNORECASE)
MUSCLE = re.compile(rf"emg|{_CHIN.pattern}", re.IGNORECASE)
"""Names of channels of the eyes and of muscles, underscores read as spaces."""
_LEFT = re.compile(
    r"\be(?:og)?[- ]?1|loc|left|gauche|links|izq|\bsin|eog[- ]?(?:l|li|lt|g|sx)\b"
    r"|\b(?:l|li|lt|sx|g)(?:-?eog)?\b",
    re.IGNORECASE,
)
_RIGHT = re.compile(
    r"\be(?:og)?[- ]?2|roc|right|droit|rechts|\bder|\bdex|eog[- ]?(?:r|re|rt|d|dx)\b"
    r"|\b(?:r|re|rt|dx|d)(?:-?eog)?\b",
    re.IGNORECASE,
)
_VERTICAL = re.compile(r"vert|veog|eog[- ]?v\b", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"leg|tib|arm|jambe|bein|gamba|pierna|been\b|plm|[lr]at\b|\b[lr]?ta\b|intercost|abdo|diaphr",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Montage:
    """Channels of a recording that are used, in the order in which they are read.

    Attributes
    ----------
    names : dict of str to str
        What each is called in the results, and its name in the recording.
    kind : tuple of str
        "eeg", "eog" or "emg" for each.
    left_out : dict of str to str
        EEG channels that cannot be used, and why.
    """

    names: dict[str, str]
    kind: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def places(self) -> np.ndarray:
        """Return kind and place of each channel, shape (n_chans, 9); see `channel_place`."""
        return np.stack(
            [channel_place(name, kind) for name, kind in zip(self.names, self.kind, strict=True)]
        )


def channel_place(name: str, kind: str) -> np.ndarray:
    """Describe a channel by its kind and the positions of its electrodes.

    Parameters
    ----------
    name : str
        Such as "C3-M2", "Fpz-Cz", "EOG horizontal"; without a reference, both ears.
    kind : {"eeg", "eog", "emg"}

    Returns
    -------
    ndarray of shape (9,)
        One of three kinds, then x (right), y (nose) and z (up) of the electrode and of its
        reference on the unit sphere; 0 for the chin.

    Examples
    --------
    >>> channel_place("EEG Cz-A2", "eeg")[:6].round(1)
    array([1., 0., 0., 0., 0., 1.], dtype=float32)
    """
    place = np.zeros(N_PLACE, np.float32)
    place[KINDS.index(kind)] = 1
    if kind == "emg":
        return place
    if kind == "eog":
        electrode, reference = _eye_electrodes(name)
    else:
        parsed = parse_name(name)
        if parsed is None:
            raise RecordingError(f"channel '{name}': its place on the head is not known.")
        electrode, reference = parsed.electrode, parsed.reference
    place[3:6] = positions([NEAR.get(electrode, electrode)])[0]
    end = NEAR.get(reference, reference)
    ends = [end] if end in PLACES else list(BOTH_EARS)
    place[6:9] = positions(ends).mean(axis=0)
    return place


def _sides(name: str) -> tuple[bool, bool]:
    """Tell whether the name of an EOG has a word for the left, and one for the right."""
    words = name.replace("_", " ")
    return _LEFT.search(words) is not None, _RIGHT.search(words) is not None


def _eye_electrodes(name: str) -> tuple[str, str]:
    """Find eye and reference in the name of an EOG; horizontal is right minus left."""
    left, right = _sides(name)
    if left == right:
        return "Right Horiz", "Left Horiz"
    words = name.upper().replace("_", " ")
    ear = next((ear for ear in EARS if re.search(rf"[-:/ ]{ear}\b", words)), "")
    return ("Left Horiz" if left else "Right Horiz"), ear


def montage(
    recorded: OpenRecording,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    *,
    eeg_only: bool = False,
) -> Montage:
    """Choose the channels of a recording that tell stages.

    Parameters
    ----------
    recorded : OpenRecording
    map : mapping, optional
        Places such as "C3" or "Fpz-Cz", and recorded names that stand for them.
    exclude : sequence of str
        Recorded channels that are not to be used.
    eeg_only : bool
        Leave eyes and chin out.

    Returns
    -------
    Montage
        At most 8 EEG channels, 2 of the eyes and 1 of the chin; of channels at one place, the one
        against an ear.

    Raises
    ------
    RecordingError
        No EEG channel is known by its name.
    """
    settings = Preprocessing(exclude=tuple(exclude), map=dict(map or {}))
    left_out = unusable(recorded, settings)
    silent = {name: why for name in recorded.names if (why := _unreadable(recorded, name))}
    usable = [name for name in recorded.names if name not in left_out and name not in silent]
    silent = {n: why for n, why in silent.items() if parse_name(n) and n not in left_out}
    mapped = (
        {place: source.channel for place, source in choose(usable, list(map), map).items()}
        if map
        else {}
    )
    eeg = mapped | _by_place([n for n in usable if n not in mapped.values()], set(mapped))
    eeg = dict(sorted(eeg.items(), key=lambda item: _rank(item[0]))[: MOST["eeg"]])
    if not eeg:
        if reasons := left_out | silent:
            listed = "; ".join(f"'{name}' ({why})" for name, why in reasons.items())
            raise RecordingError(
                f"{recorded.path}: no EEG channel can be used; one is enough. Left out: {listed}. "
                "If one of them is EEG, correct its header."
            )
        raise RecordingError(
            f"{recorded.path}: no EEG channel is known by its name; one is enough. The file has: "
            f"{', '.join(recorded.names)}. Say which of them is at which place, as in map C3=NAME.",
            parameters=("map",),
        )
    rest = [n for n in usable if n not in eeg.values() and parse_name(n) is None and not eeg_only]
    others = {"eog": _eyes(rest), "emg": _muscles(rest)}
    others = {kind: channels[: MOST[kind]] for kind, channels in others.items()}
    names = eeg | {name: name for channels in others.values() for name in channels}
    kinds = ["eeg"] * len(eeg) + [kind for kind, channels in others.items() for _ in channels]
    return Montage(names, tuple(kinds), silent)


def _eyes(names: Sequence[str]) -> list[str]:
    """Return channels of the eyes, side to side; of an eye that has several, one against an ear."""
    found: dict[object, str] = {}
    for name in names:
        words = name.replace("_", " ")
        if EYE.search(words) and not _VERTICAL.search(words):
            sides = _sides(name)
            side = sides if any(sides) else name  # of two that name no side, both
            if side not in found or (_against_ear(name) and not _against_ear(found[side])):
                found[side] = name
    return [name for name in names if name in found.values()]


def _against_ear(name: str) -> bool:
    return _eye_electrodes(name)[1] in EARS


def _muscles(names: Sequence[str]) -> list[str]:
    """Return channels of muscles, those first that name the chin; none of limbs or breathing."""
    words = {name: name.replace("_", " ") for name in names}
    found = [n for n in names if MUSCLE.search(words[n]) and not _ELSEWHERE.search(words[n])]
    return sorted(found, key=lambda name: _CHIN.search(words[name]) is None)


def _unreadable(recorded: OpenRecording, name: str) -> str:
    """Say why the header of a channel does not let it be used; "" if it does."""
    if recorded.rate(name) < MIN_SFREQ:
        return f"sampled at {recorded.rate(name):g} Hz"
    unit = recorded.channel(name).unit if isinstance(recorded, Edf) else "uV"
    if unit.lower() in MICROVOLTS:
        return ""
    header = f"the unit is {unit!r}" if unit else "there is no unit in the header"
    if isinstance(recorded, Edf) and parse_name(name) is not None:
        return f"{header}, and {recorded.unit_by_amplitude(name)}"
    return header


def _by_place(names: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Choose a channel for each place; of several at one place, the one against an ear."""
    chosen: dict[str, str] = {}
    electrodes = {parsed.electrode for parsed in map(parse_name, taken) if parsed is not None}
    against: dict[str, str] = {}
    for name in names:
        parsed = parse_name(name)
        if parsed is None or parsed.electrode in EARS or parsed.electrode in electrodes:
            continue
        place = parsed.electrode
        if parsed.is_bipolar:
            place = f"{parsed.electrode}-{parsed.reference}"
        if place not in chosen or (parsed.reference in EARS and against[place] not in EARS):
            chosen[place], against[place] = name, parsed.reference
    return {
        (f"{place}-{against[place]}" if against[place] in EARS else place): name
        for place, name in chosen.items()
    }


def _rank(place: str) -> tuple[bool, int]:
    """Sort monopolar channels first, then in the order of `ORDER`."""
    parsed = parse_name(place)
    if parsed is None:
        return True, len(ORDER)
    row = re.sub(r"\d+$", "", parsed.electrode)
    near = parsed.electrode[-1] in "1234z"
    rank = ORDER.index(row) if row in ORDER and near else len(ORDER)
    return parsed.is_bipolar, rank
