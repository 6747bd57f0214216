"""Opening a recording of any format MNE reads, with our checks and our messages."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.files.edf import Edf, is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.excerpt import read_excerpt
from sleepaug.support.errors import RecordingError

if TYPE_CHECKING:
    import mne


def open_recording(source: str | Path | mne.io.BaseRaw) -> Edf | OpenRaw:
    """Open a recording for reading by channel and block."""
    if not isinstance(source, str | Path):
        return OpenRaw(source)
    path = Path(source)
    check_file(path)
    if not is_edf(path):
        return OpenRaw(read_raw(path))
    edf = read_edf_header(path)
    if not edf.names:
        raise RecordingError(f"{path}: holds annotations only, no signals.")
    return edf


class OpenRaw:
    """The same face for a recording opened by MNE as `Edf` has."""

    def __init__(self, raw: mne.io.BaseRaw) -> None:
        self.raw = raw
        self.names = list(raw.ch_names)
        self.path = Path((raw.filenames and raw.filenames[0]) or "recording")
        self.seconds = raw.n_times / raw.info["sfreq"]
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
        """Why a channel is not to be used, or nothing."""
        return "marked as bad" if name in self.raw.info["bads"] else ""

    def rate(self, name: str) -> float:
        return float(self.raw.info["sfreq"])

    def n_times(self, name: str) -> int:
        return int(self.raw.n_times)

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            x = self.raw.get_data(list(names), start, stop, verbose="error") * 1e6
        for gap in self._gaps:
            low, high = (round(seconds * self.rate("")) for seconds in gap)
            x[:, max(low - start, 0) : max(high - start, 0)] = np.nan
        x[~np.isfinite(x)] = np.nan
        return x.astype(np.float32)


def read_raw(path: str | Path, include: Sequence[str] | None = None) -> mne.io.BaseRaw:
    """Open a recording.

    Parameters
    ----------
    path : path
        EDF, BDF, BrainVision, FIF, EEGLAB, or whatever else MNE reads by its suffix; or one
        channel of text as in the DREAMS database (``[C3-A1]``, then a number in microvolts a line).
    include : sequence of str, optional
        Channels to read; all by default.

    Returns
    -------
    mne.io.BaseRaw
        Not loaded into memory where the format allows it.

    Raises
    ------
    RecordingError
        If the file is missing, empty, truncated, or cannot be read, or lacks a channel.
    """
    import mne

    path = Path(path)
    check_file(path)
    if is_edf(path):
        edf = read_edf_header(path)
        if not edf.names:
            raise RecordingError(f"{path}: holds annotations only, no signals.")
        if edf.record_onsets is not None:
            return _with_gaps(edf, include)
        _check_included(path, include, edf.names)
    elif path.suffix.lower() == ".txt":
        return _pick(path, read_excerpt(path), include)
    options = {}
    if is_edf(path) and include and all(edf.channel(name).label == name for name in include):
        options["include"] = list(include)  # else MNE would upsample all to the highest rate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # about header fields that we do not use
        try:
            raw = mne.io.read_raw(path, preload=False, verbose="error", **options)
        except Exception as error:  # a parser for each format, each with errors of its own
            raise RecordingError(
                f"{path}: MNE cannot read it ({str(error).strip() or type(error).__name__}). Is "
                "it damaged, or no recording? EDF files are read without MNE."
            ) from error
    return _pick(path, raw, include)


def _check_included(path: Path, include: Sequence[str] | None, names: Sequence[str]) -> None:
    missing = [name for name in include or () if name not in names]
    if missing:
        raise RecordingError(
            f"{path}: no channel named {', '.join(map(repr, missing))}. The file has: "
            f"{', '.join(names)}."
        )


def _pick(path: Path, raw: mne.io.BaseRaw, include: Sequence[str] | None) -> mne.io.BaseRaw:
    _check_included(path, include, raw.ch_names)
    return raw if include is None else raw.pick(list(include), verbose="error")


def _with_gaps(edf: Edf, include: Sequence[str] | None) -> mne.io.BaseRaw:
    """A discontinuous file (EDF+D), which MNE would join; the gaps are NaN."""
    import mne

    names = list(include) if include is not None else edf.names
    _check_included(edf.path, names, edf.names)
    rates = {edf.rate(name) for name in names}
    if len(rates) > 1:
        raise RecordingError(
            f"{edf.path}: discontinuous (EDF+D) with several sampling rates "
            f"({', '.join(f'{rate:g}' for rate in sorted(rates))} Hz). Name channels of one rate."
        )
    info = mne.create_info(names, rates.pop(), "eeg")
    volts = edf.read(names, 0, edf.n_times(names[0])) * 1e-6
    return mne.io.RawArray(volts, info, verbose="error")


def check_file(path: Path) -> None:
    """Raise a `RecordingError` unless `path` is a file that can be read and is not empty."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file.")
    if path.is_dir() and path.suffix.lower() not in (".ds", ".mff"):
        raise RecordingError(f"{path}: is a folder; a recording is a file.")
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                raise RecordingError(f"{path}: the file is empty (0 bytes). Copy it again.")
    except IsADirectoryError:
        return
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}.") from error
