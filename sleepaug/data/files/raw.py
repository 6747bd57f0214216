"""Recordings as MNE objects: any format that MNE reads, with our checks and messages."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sleepaug.data.files.check import check_file
from sleepaug.data.files.edf import Edf, is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.excerpt import read_excerpt
from sleepaug.data.recording import Recording
from sleepaug.support.errors import RecordingError

if TYPE_CHECKING:
    import mne


def read_raw(path: str | Path, include: Sequence[str] | None = None) -> mne.io.BaseRaw:
    """Open a recording as an MNE object.

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
        if edf.record_onsets is not None or path.suffix.lower() not in (".edf", ".bdf"):
            return _without_mne(edf, include)
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
                "it damaged, or no recording? Otherwise convert it to EDF."
            ) from error
    return _pick(path, raw, include)


def load_raw(recording: Recording, include: Sequence[str] | None = None) -> mne.io.BaseRaw:
    """Open the signals of a recording with its scoring as annotations.

    Parameters
    ----------
    recording : Recording
    include : sequence of str, optional
        Channels to read; all by default.

    Returns
    -------
    mne.io.BaseRaw
        Annotated with W, N1, N2, N3, R and ? only, with the durations as scored; its samples are
        not loaded into memory where the format allows it.

    Raises
    ------
    RecordingError
        The signals or the scoring cannot be read, or a channel does not exist.
    """
    import mne

    raw = read_raw(recording.files[0], include)
    scoring = recording.scoring()
    annotations = mne.Annotations(scoring.onset, scoring.duration, list(scoring.stage))
    return raw.set_annotations(annotations, emit_warning=False, verbose="error")


def _check_included(path: Path, include: Sequence[str] | None, names: Sequence[str]) -> None:
    """Raise a `RecordingError` if a channel of `include` does not exist."""
    missing = [name for name in include or () if name not in names]
    if missing:
        raise RecordingError(
            f"{path}: no channel named {', '.join(map(repr, missing))}. The file has: "
            f"{', '.join(names)}."
        )


def _pick(path: Path, raw: mne.io.BaseRaw, include: Sequence[str] | None) -> mne.io.BaseRaw:
    """Leave the channels of `include`, in their order."""
    _check_included(path, include, raw.ch_names)
    return raw if include is None else raw.pick(list(include), verbose="error")


def _without_mne(edf: Edf, include: Sequence[str] | None) -> mne.io.BaseRaw:
    """Read an EDF file that MNE would join at its gaps, or refuse for its ending; gaps are NaN."""
    import mne

    names = list(include) if include is not None else edf.names
    _check_included(edf.path, names, edf.names)
    rates = {edf.rate(name) for name in names}
    if len(rates) > 1:
        why = "discontinuous (EDF+D)" if edf.record_onsets is not None else "not named .edf"
        raise RecordingError(
            f"{edf.path}: {why}, with several sampling rates "
            f"({', '.join(f'{rate:g}' for rate in sorted(rates))} Hz). Name channels of one rate."
        )
    info = mne.create_info(names, rates.pop(), "eeg")
    volts = edf.read(names, 0, edf.n_times(names[0])) * 1e-6
    return mne.io.RawArray(volts, info, verbose="error")
