"""Opening a recording of any kind for reading by channel and block.

EDF and BDF files are read by `edf.py`, other files by MNE (`raw.py`); `in_memory.py` makes
recordings of arrays and of MNE's epochs.
"""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sleepaug.data.files.check import check_file
from sleepaug.data.files.edf import Edf, is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.in_memory import array_as_raw, epochs_as_raw
from sleepaug.data.files.raw import read_raw
from sleepaug.data.files.text import read_text
from sleepaug.data.recording import Recording
from sleepaug.support.errors import ConfigError, RecordingError

if TYPE_CHECKING:
    from typing import TypeAlias

    import mne

    InMemory: TypeAlias = mne.io.BaseRaw | mne.BaseEpochs | np.ndarray
    AnyRecording: TypeAlias = "str | os.PathLike[str] | Recording | InMemory | Edf | OpenRaw"


class OpenRecording(Protocol):
    """A recording that is open for reading: what `Edf` and `OpenRaw` have in common."""

    @property
    def path(self) -> Path:
        """The file, for messages."""

    @property
    def names(self) -> list[str]:
        """Names of the channels."""

    @property
    def unit_rule(self) -> str:
        """How the unit is known where no file says it, in a sentence; "" of a file."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be decided while opening it, a sentence each."""

    @property
    def seconds(self) -> float:
        """Length, gaps included."""

    @property
    def begins(self) -> datetime | None:
        """Local time of the first sample, if the file says."""

    def problem(self, name: str) -> str:
        """Say why a channel is not to be used; "" if it can be."""

    def rate(self, name: str) -> float:
        """Return the sampling rate of a channel in Hz."""

    def n_times(self, name: str) -> int:
        """Return the number of samples of a channel, gaps included."""

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        """Read samples of channels that share a rate.

        Parameters
        ----------
        names : sequence of str
        start, stop : int
            The first sample, and the one after the last.

        Returns
        -------
        ndarray of shape (len(names), stop - start), float32
            In microvolts; NaN where samples are missing.
        """


KINDS = (
    "a path, a Recording, an mne.io.Raw, an mne.Epochs with epochs of 30 s, or a numpy array with "
    "its sampling_rate and channel_names"
)
"""What `open_recording` takes, in words."""
UNIT_RULE = "say what the array is in, such as unit='uV'; without it that is V."
BASELINE = "A baseline was subtracted from each epoch, so the signal has steps between them."


def check_kind(source: Any, where: str = "") -> None:
    """Raise a TypeError for what is no recording of any kind; `where` ends the sentence on it."""
    if isinstance(source, str | os.PathLike | Recording | np.ndarray | Edf | OpenRaw):
        return
    import mne

    if not isinstance(source, mne.io.BaseRaw | mne.BaseEpochs):
        raise TypeError(
            f"A recording is {KINDS}; got {type(source).__name__}{where}. `predict` also takes a "
            "list or a tuple of these."
        )


def open_recording(
    source: AnyRecording,
    *,
    sampling_rate: float | None = None,
    channel_names: Sequence[str] | None = None,
    unit: str | None = None,
) -> Edf | OpenRaw:
    """Open a recording for reading by channel and block.

    Parameters
    ----------
    source : path, Recording, mne.io.BaseRaw, mne.BaseEpochs or ndarray
        See `in_memory.py` for the last two. What is already open is returned as it is.
    sampling_rate, channel_names, unit
        Of an array only; see `array_as_raw`.

    Raises
    ------
    RecordingError
        The file cannot be read, or holds annotations only; epochs or an array are no recording.
    ConfigError
        The rate, the names or the unit of an array cannot be right, or were given for what states
        its own.
    TypeError
        The source is something else, or an array without its rate and names.

    Examples
    --------
    >>> recorded = open_recording(np.full((1, 500), 2.0), sampling_rate=100.0, channel_names=["C3"],
    ...                           unit="uV")
    >>> recorded.rate("C3"), recorded.seconds, recorded.read(["C3"], 0, 2).tolist()
    (100.0, 5.0, [[2.0, 2.0]])
    """
    check_kind(source)
    if isinstance(source, np.ndarray):
        raw = array_as_raw(source, sampling_rate, channel_names, unit)
        return OpenRaw(raw, "array", UNIT_RULE)
    stated = {"sampling_rate": sampling_rate, "channel_names": channel_names, "unit": unit}
    if given := [name for name, value in stated.items() if value is not None]:
        raise ConfigError(
            f"{', '.join(given)}: for arrays only; a {type(source).__name__} has its own. Leave "
            "it out."
        )
    if isinstance(source, Edf | OpenRaw):
        return source
    if isinstance(source, Recording):
        source = source.files[0]
    if not isinstance(source, str | os.PathLike):
        return _of_mne(source)
    path = Path(source)
    check_file(path)
    if not is_edf(path):
        raw = read_raw(path)
        bads = {*raw.info["bads"], *(n for n in bad_in_bids(path) if n in raw.ch_names)}
        raw.info["bads"] = sorted(bads)
        return OpenRaw(raw)
    edf = read_edf_header(path)
    if not edf.names:
        raise RecordingError(f"{path}: holds annotations only, no signals.")
    return replace(edf, bads=bad_in_bids(path))


def _of_mne(source: mne.io.BaseRaw | mne.BaseEpochs) -> OpenRaw:
    import mne

    if isinstance(source, mne.io.BaseRaw):
        return OpenRaw(source)
    opened = OpenRaw(epochs_as_raw(source), "epochs")
    if source.baseline is not None:
        opened.notes = (BASELINE,)
    return opened


def bad_in_bids(path: Path) -> frozenset[str]:
    """Find the channels that the ``_channels.tsv`` beside a recording of BIDS calls bad."""
    name = path.stem.removesuffix("_eeg")
    table = path.with_name(f"{name}_channels.tsv")
    if name == path.stem or not table.is_file():
        return frozenset()
    rows = csv.DictReader(read_text(table).splitlines(), delimiter="\t")
    return frozenset(row["name"] for row in rows if row.get("status") == "bad" and "name" in row)


class OpenRaw:
    """A recording that MNE has opened, read as an `Edf` is."""

    def __init__(
        self, raw: mne.io.BaseRaw, what: str = "recording", unit_rule: str = "MNE means volts."
    ) -> None:
        file = raw.filenames[0] if raw.filenames else None
        self.raw = raw
        self.names = list(raw.ch_names)
        self.path = Path(file or what)
        self.unit_rule = "" if file else unit_rule
        self.seconds = float(raw.n_times / raw.info["sfreq"])
        self.notes: tuple[str, ...] = ()
        begins = raw.info["meas_date"]
        self.begins = begins and begins.replace(tzinfo=None) + timedelta(seconds=raw.first_time)
        later = raw.first_time if raw.annotations.orig_time is not None else 0.0
        self._gaps = [
            (a["onset"] - later, a["onset"] - later + a["duration"])
            for a in raw.annotations
            if str(a["description"]).upper().startswith("BAD")  # MNE's own mark
        ]

    def problem(self, name: str) -> str:
        """Say why a channel is not to be used; "" if it can be."""
        return "marked as bad" if name in self.raw.info["bads"] else ""

    def rate(self, name: str) -> float:
        """Return the sampling rate in Hz, which all channels share."""
        return float(self.raw.info["sfreq"])

    def n_times(self, name: str) -> int:
        """Return the number of samples of a channel."""
        return int(self.raw.n_times)

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        """Read samples in microvolts, (len(names), stop - start); NaN where they are missing."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            x = self.raw.get_data(list(names), start, stop, verbose="error") * 1e6
        for gap in self._gaps:
            low, high = (round(seconds * self.rate("")) for seconds in gap)
            x[:, max(low - start, 0) : max(high - start, 0)] = np.nan
        x[~np.isfinite(x)] = np.nan
        return x.astype(np.float32)
