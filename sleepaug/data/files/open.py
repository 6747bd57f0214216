"""Opening a recording of any format for reading by channel and block.

EDF and BDF files are read by `edf.py`, everything else by MNE (`raw.py`).
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sleepaug.data.files.check import check_file
from sleepaug.data.files.edf import Edf, is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.raw import read_raw
from sleepaug.data.files.text import read_text
from sleepaug.support.errors import RecordingError

if TYPE_CHECKING:
    import mne


class OpenRecording(Protocol):
    """A recording that is open for reading: what `Edf` and `OpenRaw` have in common."""

    @property
    def path(self) -> Path:
        """The file, for messages."""

    @property
    def names(self) -> list[str]:
        """Names of the channels."""

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


def open_recording(source: str | Path | mne.io.BaseRaw) -> Edf | OpenRaw:
    """Open a recording for reading by channel and block.

    Parameters
    ----------
    source : path or mne.io.BaseRaw

    Raises
    ------
    RecordingError
        The file cannot be read, or holds annotations only.
    TypeError
        The source is neither.

    Examples
    --------
    >>> import mne, numpy as np
    >>> info = mne.create_info(["C3"], 100.0, "eeg")
    >>> recorded = open_recording(mne.io.RawArray(np.full((1, 500), 2e-6), info, verbose="error"))
    >>> recorded.rate("C3"), recorded.seconds, recorded.read(["C3"], 0, 2).tolist()
    (100.0, 5.0, [[2.0, 2.0]])
    """
    if not isinstance(source, str | Path):
        import mne

        if not isinstance(source, mne.io.BaseRaw):
            raise TypeError(
                "a recording is a path or an mne.io.Raw, one at a time; got "
                f"{type(source).__name__}. Make one of an array in volts with "
                "mne.io.RawArray(x, mne.create_info(names, rate, 'eeg'))."
            )
        return OpenRaw(source)
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

    def __init__(self, raw: mne.io.BaseRaw) -> None:
        self.raw = raw
        self.names = list(raw.ch_names)
        self.path = Path((raw.filenames and raw.filenames[0]) or "recording")
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
