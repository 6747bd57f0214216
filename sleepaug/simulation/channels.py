"""Names of channels: which electrodes a channel is between, and what kind it is."""

from collections.abc import Sequence

from sleepaug.simulation.head import EYE_SITES, PLACES, SYNONYMS
from sleepaug.support.errors import ConfigError

EEG = (
    "C3", "C4", "Cz", "F3", "F4", "F7", "F8", "O1", "O2", "P3", "P4", "Pz", "T3", "T4", "T5", "T6",
    "Fp1", "Fp2", "Fz", "Oz",
)  # fmt: skip
MASS_CHANNELS = (
    *(f"EEG {name}-CLE" for name in EEG), "EOG Left Horiz", "EOG Right Horiz",
    "EMG Chin1", "EMG Chin2", "EMG Chin3", "ECG ECGI",
)  # fmt: skip
SLEEP_EDF_CHANNELS = ("EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal", "EMG submental")
OTHERS = {name.partition(" ")[2]: name for name in (*MASS_CHANNELS[-4:], *SLEEP_EDF_CHANNELS[2:])}
REFERENCE_SUFFIXES = ("-CLE", "-LER")


def kind(name: str) -> str:
    """Return `eeg`, `eog`, `emg` or `ecg` of a full name."""
    return name.partition(" ")[0].lower()


def site(name: str) -> str:
    """Return the electrode (or `X-Y`) of a full EEG or EOG name, as `head.PLACES` has it.

    Examples
    --------
    >>> site("EEG C3-CLE"), site("EEG T7-M2"), site("EOG horizontal")
    ('C3', 'T3-M2', 'Right Horiz-Left Horiz')
    """
    name = name.partition(" ")[2]
    if name == "horizontal":
        return "Right Horiz-Left Horiz"
    for suffix in REFERENCE_SUFFIXES:
        name = name.removesuffix(suffix)
    return "-".join(SYNONYMS.get(part, part) for part in name.split("-"))


def full_name(name: str) -> str | None:
    """Return a channel's full name, `EEG C3-CLE` for `C3`; None if it is no channel.

    An electrode of the 10-10 system, an ear or mastoid (`A1 A2 M1 M2`), an eye (`E1 E2 LOC
    ROC`, `Left Horiz`, `Right Horiz`) is taken against the reference of the recording; `X-Y` is
    the difference of any two.
    """
    if name in OTHERS or name in OTHERS.values():
        return OTHERS.get(name, name)
    short = name.removeprefix("EEG ").removeprefix("EOG ")
    for suffix in REFERENCE_SUFFIXES:
        short = short.removesuffix(suffix)
    parts = [SYNONYMS.get(part, part) for part in short.split("-")]
    if len(set(parts)) != len(parts) or len(parts) > 2 or not set(parts) <= set(PLACES):
        return None
    prefix = "EOG" if parts[0] in EYE_SITES else "EEG"
    if len(parts) == 2 or prefix == "EOG":
        return f"{prefix} {short}"
    return f"EEG {short}-CLE"


def resolve_channels(ch_names: Sequence[str] | None) -> list[str]:
    """Return full channel names (see `full_name`); None for all of MASS.

    Raises
    ------
    ConfigError
        A name that is no channel, or a channel twice.
    """
    if ch_names is None:
        return list(MASS_CHANNELS)
    names = [full_name(name) for name in ch_names]
    wrong = [name for name, full in zip(ch_names, names, strict=True) if full is None]
    if wrong or len(set(names)) < len(names):
        raise ConfigError(
            f"channels: {', '.join(wrong) or 'a channel twice'} cannot be simulated. Allowed are "
            f"positions of the 10-10 system such as C3 or AF7, the ears and mastoids A1 A2 M1 M2, "
            f"the eyes E1 E2, differences such as Fpz-Cz or E1-M2, and {', '.join(OTHERS)}."
        )
    return [name for name in names if name is not None]
