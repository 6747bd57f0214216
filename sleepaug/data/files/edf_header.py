"""The header of an EDF, EDF+ or BDF file, checked against the file, and its annotations.

The header of a file from elsewhere may lie. Every size it states is compared with the size of the
file before anything is allocated.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from sleepaug.data.files.edf import VERSIONS, Channel, Edf
from sleepaug.data.files.edf_annotations import ENTRY, annotation_bytes
from sleepaug.data.recording import DAY_SECONDS, LONGEST_SECONDS
from sleepaug.support.errors import RecordingError, printable

_FIELDS = {
    "label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8,
    "digital_min": 8, "digital_max": 8, "prefilter": 80, "n_samples": 8, "reserved": 32,
}  # fmt: skip


TIME_ROUNDING = 1e-3
"""Seconds by which the times of data records may be off without a gap."""

WRONG_RECORD = 0.1
"""Share of a data record by which the second one may begin early or late."""
UNMARKED_GAP = 1.0
"""Seconds by which the last data record may, in a file that should have no gaps."""

UNKNOWN_DATE = b"01.01.85"
"""What EDF+ writes for an unknown date, with the time 00.00.00."""


def read_edf_header(path: Path) -> Edf:
    """Read and check the header of an EDF, EDF+ or BDF file.

    Raises
    ------
    RecordingError
        If the file is empty, no EDF, truncated, or its header contradicts itself.
    """
    path = Path(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(256)
        if not head:
            raise RecordingError(f"{path}: the file is empty (0 bytes). Copy it again.")
        if head[:8] not in VERSIONS:
            text = head.isascii() and all(c.isprintable() or c.isspace() for c in head.decode())
            kind = "it holds text" if text else f"it begins with {head[:8]!r}"
            raise RecordingError(
                f"{path}: not an EDF or BDF file; {kind}. An EDF file begins with '0' and seven "
                "spaces."
            )
        if len(head) < 256:
            raise RecordingError(
                f"{path}: truncated; the file ends inside its header, after {size} of 256 bytes. "
                "Copy it again."
            )
        sample_bytes = 3 if head[:1] == b"\xff" else 2
        n_signals = _number(path, "number of signals", head[252:256], low=1, whole=True)
        header_bytes = 256 * (1 + int(n_signals))
        if size < header_bytes:
            raise RecordingError(
                f"{path}: truncated; the header describes {int(n_signals)} signals and needs "
                f"{header_bytes} bytes, the file has {size}. Copy it again."
            )
        channels = _channels(path, file.read(header_bytes - 256), int(n_signals))
    record_bytes = sample_bytes * sum(c.n_samples for c in channels)
    n_records, notes = _n_records(path, head, header_bytes, record_bytes)
    start = _start(head)
    if start is None and head[168:176].strip(b"\0 ") not in (b"", UNKNOWN_DATE):
        date, time = (_decoded(head[k : k + 8]) for k in (168, 176))
        notes.append(f"The header's date and time ({date!r}, {time!r}) cannot be read.")
    elif start is not None and (head[170:171] != b"." or head[178:179] != b"."):
        date, time = (_decoded(head[k : k + 8]) for k in (168, 176))
        notes.append(f"The header's date and time ({date!r}, {time!r}) were read as {start}.")
    seconds = _number(path, "duration of a data record", head[244:252], low=0)
    if seconds == 0 and not all(c.is_annotation for c in channels):
        raise RecordingError(f"{path}: the header says that a data record lasts 0 s.")
    edf = Edf(
        *(path, header_bytes, sample_bytes, n_records, seconds, start, 0.0, channels),
        notes=tuple(notes),
    )
    return _with_record_onsets(edf, discontinuous=head[192:197] in (b"EDF+D", b"BDF+D"))


def _n_records(
    path: Path, head: bytes, header_bytes: int, record_bytes: int
) -> tuple[int, list[str]]:
    """Compare the number of data records in the header with that in the file."""
    size = path.stat().st_size
    whole = (size - header_bytes) // record_bytes
    stated = int(_number(path, "number of data records", head[236:244], low=-1, whole=True))
    notes = []
    if stated == -1:
        notes.append(f"The header does not say how long the recording is; {whole} records found.")
    elif stated > whole:
        raise RecordingError(
            f"{path}: truncated; the header says {stated} data records of {record_bytes} bytes "
            f"({header_bytes + stated * record_bytes} bytes in all), the file has {size} bytes "
            f"({whole} whole records). Copy it again, or correct the number in the header."
        )
    elif stated < whole:
        notes.append(
            f"The header says {stated} data records, the file holds {whole}: the first {stated} "
            "were read."
        )
    n_records = whole if stated == -1 else stated
    if n_records < 1:
        raise RecordingError(f"{path}: holds a header but no data. Copy it again.")
    return n_records, notes


def _number(
    path: Path, name: str, field: bytes, low: float = -math.inf, *, whole: bool = False
) -> float:
    """Read a number of the header, also with a decimal comma."""
    text = field.decode("latin-1").strip("\0 ")
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= low and (value.is_integer() or not whole)):
        raise RecordingError(
            f"{path}: damaged header; the {name} reads {text!r}, which is not a possible number."
        )
    return value


def _decoded(field: bytes) -> str:
    """Decode a field that should be ASCII, and is UTF-8 or Latin-1 in some files."""
    try:
        return field.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return field.decode("latin-1").strip("\0 ")


def _limit(field: bytes) -> float:
    """Read a limit of a signal, NaN where there is no number: the other signals can be read."""
    try:
        return float(field.decode("latin-1").strip("\0 ").replace(",", "."))
    except ValueError:
        return math.nan


def _channels(path: Path, head: bytes, n: int) -> tuple[Channel, ...]:
    """Read the second part of the header; equal labels are made different as MNE does."""
    columns, at = {}, 0
    for name, width in _FIELDS.items():
        columns[name] = [head[at + i * width : at + (i + 1) * width] for i in range(n)]
        at += n * width
    labels = [printable(_decoded(text)) for text in columns["label"]]
    n_equal, seen = Counter(labels), Counter[str]()
    channels, first = [], 0
    for i, label in enumerate(labels):
        field = columns["n_samples"][i]
        n_samples = int(_number(path, f"samples of '{label}'", field, low=1, whole=True))
        is_annotation = label in ("EDF Annotations", "BDF Annotations")
        limits = [
            0.0 if is_annotation else _limit(columns[key][i])
            for key in ("physical_min", "physical_max", "digital_min", "digital_max")
        ]
        name = label if n_equal[label] == 1 else f"{label}-{seen[label]}"
        seen[label] += 1
        unit = _decoded(columns["unit"][i])
        channels.append(
            Channel(
                name, label, unit, (limits[0], limits[1]), (limits[2], limits[3]), n_samples, first,
                is_annotation,
            )
        )  # fmt: skip
        first += n_samples
    return tuple(channels)


def _start(head: bytes) -> datetime | None:
    """Read the start by the clock, None where the header has no valid date and time.

    Programs that do not keep to the standard separate the numbers by other signs than points.
    """
    try:
        day, month, year = (int(part) for part in re.split(rb"[./:-]", head[168:176].strip()))
        hour, minute, second = (int(part) for part in re.split(rb"[./:-]", head[176:184].strip()))
        start = datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)
    except ValueError:
        return None
    return None if start == datetime(1985, 1, 1) else start


def _with_record_onsets(edf: Edf, *, discontinuous: bool) -> Edf:
    """Add the time of the first record, and of all records if there may be gaps."""
    has_times = any(c.is_annotation for c in edf.channels)
    some = None if discontinuous else sorted({0, min(1, edf.n_records - 1), edf.n_records - 1})
    records = annotation_bytes(edf, some) if has_times else []
    first = [ENTRY.match(record.lstrip(b"\0")) for record in records]
    if discontinuous and edf.names and not (records and all(first)):
        raise RecordingError(
            f"{edf.path}: discontinuous (EDF+D), but its data records do not say when they begin. "
            "Correct them, or write the file as EDF+C if it has no gaps."
        )
    onsets = [float(entry[1]) if entry else 0.0 for entry in first] or [0.0]
    if abs(onsets[0]) > DAY_SECONDS:
        raise RecordingError(
            f"{edf.path}: damaged; its first data record says that it begins {onsets[0]:g} s from "
            "the start in the header."
        )
    if some is not None:
        return replace(edf, start_offset=onsets[0], notes=(*edf.notes, *_late(edf, some, first)))
    expected = onsets[0] + np.arange(len(onsets)) * edf.record_seconds
    has_gaps = not np.allclose(onsets, expected, rtol=0, atol=TIME_ROUNDING)
    if not (discontinuous and edf.names and has_gaps):
        return replace(edf, start_offset=onsets[0])
    steps = np.diff(onsets)
    if steps.min() < edf.record_seconds - TIME_ROUNDING or onsets[-1] - onsets[0] > LONGEST_SECONDS:
        raise RecordingError(
            f"{edf.path}: discontinuous (EDF+D), and its data records overlap or span more than "
            "two days. Correct their times, or cut the file into parts."
        )
    gaps = steps[steps > edf.record_seconds + TIME_ROUNDING] - edf.record_seconds
    note = f"{len(gaps)} gap(s) in the recording, {gaps.sum():g} s in all."
    return replace(
        edf,
        start_offset=onsets[0],
        record_onsets=np.array(onsets),
        notes=(*edf.notes, note),
    )


def _late(edf: Edf, records: Sequence[int], times: Sequence[re.Match[bytes] | None]) -> list[str]:
    """Compare the times of some data records with the length that the header gives a record.

    Raises
    ------
    RecordingError
        Already the second record begins much too early or too late.
    """
    notes = []
    for record, time in zip(records, times, strict=False):
        if not (record and times[0] and time):
            continue
        stated = float(time[1]) - float(times[0][1])
        expected = record * edf.record_seconds
        if record == 1 and abs(stated - expected) > WRONG_RECORD * expected:
            raise RecordingError(
                f"{edf.path}: the header says that a data record lasts {edf.record_seconds:g} s, "
                f"but the second one begins {stated:g} s after the first. Correct the header, or "
                "mark the file as discontinuous (EDF+D) if it has gaps."
            )
        if abs(stated - expected) > UNMARKED_GAP:
            notes.append(
                f"Warning: the last data record says that it begins {stated:g} s after the first; "
                f"by the header it is {expected:g} s. Are there gaps that are not marked?"
            )
    return notes
