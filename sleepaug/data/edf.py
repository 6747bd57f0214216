"""Reading EDF, EDF+ and BDF files: the header, checked against the file, samples and annotations.

The header of a file from elsewhere may lie. Every size it states is compared with the size of the
file before anything is allocated, and only what is asked for is read. Gaps of discontinuous files
(EDF+D) come back as NaN. Source: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sleepaug.data.recording import RecordingError

MICROVOLTS = {"uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6, "nv": 1e-3}
_FIELDS = {"label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8} | {
    "digital_min": 8,
    "digital_max": 8,
    "prefilter": 80,
    "n_samples": 8,
    "reserved": 32,
}


@dataclass(frozen=True)
class Channel:
    """One signal of an EDF file: its header fields and where it lies in a data record."""

    name: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    n_samples: int  # in each data record
    first: int  # sample of the data record at which it begins
    is_annotation: bool


@dataclass(frozen=True)
class Edf:
    """A checked header. `read_edf_header` makes it.

    Attributes
    ----------
    record_onsets : ndarray of shape (n_records,) or None
        Seconds of each data record from the start of the file, where the file has gaps.
    """

    path: Path
    header_bytes: int
    sample_bytes: int
    n_records: int
    record_seconds: float
    start: datetime | None
    start_offset: float
    channels: tuple[Channel, ...]
    record_onsets: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the signals, annotations left out."""
        return [c.name for c in self.channels if not c.is_annotation]

    @property
    def begins(self) -> datetime | None:
        """Local time of the first sample, if the header says one."""
        return self.start and self.start + timedelta(seconds=self.start_offset)

    @property
    def seconds(self) -> float:
        """Length from the first to the last sample, gaps included."""
        if self.record_onsets is not None:
            return float(self.record_onsets[-1] - self.record_onsets[0] + self.record_seconds)
        return self.n_records * self.record_seconds

    def channel(self, name: str) -> Channel:
        """The signal of that name."""
        return next(c for c in self.channels if c.name == name and not c.is_annotation)

    def rate(self, name: str) -> float:
        """Sampling rate of a signal in Hz."""
        return self.channel(name).n_samples / self.record_seconds

    def n_times(self, name: str) -> int:
        """Samples of a signal from start to end, gaps included."""
        return round(self.seconds * self.rate(name))

    def microvolts(self, name: str) -> float:
        """Factor from the unit in the header to microvolts; an error if it is no voltage."""
        unit = self.channel(name).unit
        if unit.lower() in MICROVOLTS:
            return MICROVOLTS[unit.lower()]
        found = f"has the unit {unit!r}" if unit else "has no unit in the file's header"
        raise RecordingError(
            f"{self.path}: channel '{name}' {found}; EEG needs one of uV, mV, V, nV. If it is "
            "EEG, write its unit into the header (EDFbrowser: Tools, Header editor)."
        )

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        """Samples `start` to `stop` of signals that share a rate.

        Returns
        -------
        ndarray of shape (len(names), stop - start), float32
            In microvolts; NaN in gaps.
        """
        chosen = [self.channel(name) for name in names]
        per_record = chosen[0].n_samples
        scale = [self._scale(c) for c in chosen]
        if self.record_onsets is None:
            first, last = start // per_record, math.ceil(stop / per_record)
            block = self._records(chosen, scale, first, last)
            return block[:, start - first * per_record : stop - first * per_record]
        out = np.full((len(names), stop - start), np.nan, np.float32)
        rate = per_record / self.record_seconds
        at = np.rint((self.record_onsets - self.record_onsets[0]) * rate).astype(np.int64)
        first, last = np.searchsorted(at, [start - per_record + 1, stop])
        if last > first:
            block = self._records(chosen, scale, int(first), int(last))
            for i, where in enumerate(at[first:last] - start):
                low, high = max(where, 0), min(where + per_record, stop - start)
                out[:, low:high] = block[
                    :, i * per_record + low - where : i * per_record + high - where
                ]
        return out

    def _scale(self, channel: Channel) -> tuple[float, float]:
        """Gain and offset from digital values to microvolts."""
        (p0, p1), (d0, d1) = channel.physical, channel.digital
        if d0 == d1 or p0 == p1:
            raise RecordingError(
                f"{self.path}: channel '{channel.name}' has equal physical or digital limits in "
                f"the header ({p0:g} and {p1:g}, {d0:g} and {d1:g}), so its samples have no scale. "
                "Correct the header (EDFbrowser: Tools, Header editor)."
            )
        factor = self.microvolts(channel.name)
        gain = (p1 - p0) / (d1 - d0)
        return gain * factor, (p0 - d0 * gain) * factor

    def _records(
        self, chosen: list[Channel], scale: list[tuple[float, float]], first: int, last: int
    ) -> np.ndarray:
        """Data records `first` to `last` of the chosen channels, joined, in microvolts."""
        per_record = sum(c.n_samples for c in self.channels)
        out = np.empty((len(chosen), last - first, chosen[0].n_samples), np.float32)
        with open(self.path, "rb") as file:
            file.seek(self.header_bytes + first * per_record * self.sample_bytes)
            digital = _samples(file, (last - first) * per_record, self.sample_bytes, self.path)
        digital = digital.reshape(last - first, per_record)
        for row, channel, (gain, offset) in zip(out, chosen, scale, strict=True):
            part = digital[:, channel.first : channel.first + channel.n_samples]
            np.multiply(part, np.float32(gain), out=row, casting="unsafe")
            row += np.float32(offset)
        return out.reshape(len(chosen), -1)


def _samples(file: BinaryIO, count: int, sample_bytes: int, path: Path) -> np.ndarray:
    """Digital values from an open file: 16-bit (EDF) or 24-bit (BDF), little-endian."""
    raw = np.fromfile(file, np.uint8, count * sample_bytes)
    if len(raw) != count * sample_bytes:
        raise RecordingError(f"{path}: the file became shorter while it was read. Copy it again.")
    if sample_bytes == 2:
        return raw.view("<i2")
    wide = np.zeros((count, 4), np.uint8)
    wide[:, 1:] = raw.reshape(-1, 3)
    return wide.view("<i4")[:, 0] >> 8


def is_edf(path: Path) -> bool:
    """Whether the file's name says EDF or BDF."""
    return path.suffix.lower() in (".edf", ".bdf")


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
        if head[:8] not in (b"0       ", b"\xffBIOSEMI"):
            raise RecordingError(
                f"{path}: not an EDF or BDF file; it begins with {head[:8]!r}. An EDF file begins "
                "with '0' and seven spaces."
            )
        if len(head) < 256:
            raise RecordingError(
                f"{path}: truncated; the file ends inside its header, after {size} of 256 bytes. "
                "Copy it again."
            )
        sample_bytes = 3 if head[:1] == b"\xff" else 2
        n_signals = _number(path, "number of signals", head[252:256], low=1)
        header_bytes = 256 * (1 + int(n_signals))
        if size < header_bytes:
            raise RecordingError(
                f"{path}: truncated; the header describes {int(n_signals)} signals and needs "
                f"{header_bytes} bytes, the file has {size}. Copy it again."
            )
        channels = _channels(path, file.read(header_bytes - 256), int(n_signals))
    record_bytes = sample_bytes * sum(c.n_samples for c in channels)
    stated = int(_number(path, "number of data records", head[236:244], low=-1))
    whole = (size - header_bytes) // record_bytes
    notes = []
    if stated == -1:
        notes.append(f"The header does not say how long the recording is; {whole} records found.")
    elif stated > whole:
        raise RecordingError(
            f"{path}: truncated; the header says {stated} data records of {record_bytes} bytes "
            f"({header_bytes + stated * record_bytes} bytes in all), the file has {size} bytes "
            f"({whole} whole records). Copy it again, or correct the number in the header."
        )
    n_records = whole if stated == -1 else stated
    if n_records < 1:
        raise RecordingError(f"{path}: holds a header but no data. Copy it again.")
    seconds = _number(path, "duration of a data record", head[244:252], low=0)
    if seconds == 0 and not all(c.is_annotation for c in channels):
        raise RecordingError(f"{path}: the header says that a data record lasts 0 s.")
    edf = Edf(
        *(path, header_bytes, sample_bytes, n_records, seconds, _start(head), 0.0, channels),
        notes=tuple(notes),
    )
    return _with_record_onsets(edf, discontinuous=head[192:197] in (b"EDF+D", b"BDF+D"))


def _number(path: Path, what: str, field: bytes, low: float = -math.inf) -> float:
    """A number of the header, with a decimal comma if need be."""
    text = field.decode("latin-1").strip("\0 ")
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= low):
        raise RecordingError(
            f"{path}: damaged header; the {what} reads {text!r}, which is no possible number."
        )
    return value


def _channels(path: Path, head: bytes, n: int) -> tuple[Channel, ...]:
    """Signals of the second part of the header, equal labels made different as MNE does."""
    columns, at = {}, 0
    for name, width in _FIELDS.items():
        columns[name] = [head[at + i * width : at + (i + 1) * width] for i in range(n)]
        at += n * width
    labels = [text.decode("latin-1").strip("\0 ") for text in columns["label"]]
    n_equal, seen = Counter(labels), Counter[str]()
    channels, first = [], 0
    for i, label in enumerate(labels):
        n_samples = int(_number(path, f"samples of '{label}'", columns["n_samples"][i], low=1))
        is_annotation = label in ("EDF Annotations", "BDF Annotations")
        limits = [
            0.0 if is_annotation else _number(path, f"{key} of '{label}'", columns[key][i])
            for key in ("physical_min", "physical_max", "digital_min", "digital_max")
        ]
        name = label if n_equal[label] == 1 else f"{label}-{seen[label]}"
        seen[label] += 1
        unit = columns["unit"][i].decode("latin-1").strip("\0 ")
        channels.append(
            Channel(
                name, unit, (limits[0], limits[1]), (limits[2], limits[3]), n_samples, first,
                is_annotation,
            )
        )  # fmt: skip
        first += n_samples
    return tuple(channels)


def _start(head: bytes) -> datetime | None:
    """Start by the clock, or None where the header has no valid date and time."""
    try:
        day, month, year = (int(part) for part in head[168:176].decode("latin-1").split("."))
        hour, minute, second = (int(part) for part in head[176:184].decode("latin-1").split("."))
        start = datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)
    except ValueError:
        return None
    return None if start == datetime(1985, 1, 1) else start  # what EDF+ writes for an unknown one


def _with_record_onsets(edf: Edf, *, discontinuous: bool) -> Edf:
    """`edf` with the time of its first record, and of all records if there may be gaps."""
    if not any(c.is_annotation for c in edf.channels):
        return edf
    onsets: list[float] = []
    for k, text in enumerate(_annotation_bytes(edf, None if discontinuous else 1)):
        first = _TAL.match(text.lstrip(b"\0"))
        onsets.append(float(first[1]) if first else onsets[-1] + edf.record_seconds if k else 0.0)
    expected = onsets[0] + np.arange(len(onsets)) * edf.record_seconds
    if not discontinuous or not edf.names or np.allclose(onsets, expected, rtol=0, atol=1e-3):
        return replace(edf, start_offset=onsets[0])
    steps = np.diff(onsets)
    if steps.min() < edf.record_seconds - 1e-3 or onsets[-1] - onsets[0] > 2 * 86400:
        raise RecordingError(
            f"{edf.path}: discontinuous (EDF+D), and its data records overlap or span more than "
            "two days. Correct their times, or cut the file into parts."
        )
    gaps = steps[steps > edf.record_seconds + 1e-3] - edf.record_seconds
    note = f"{len(gaps)} gap(s) in the recording, {gaps.sum():g} s in all."
    return replace(
        edf,
        start_offset=onsets[0],
        record_onsets=np.array(onsets),
        notes=(*edf.notes, note),
    )


_TAL = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?\x14([^\0]*)")


def _annotation_bytes(edf: Edf, n_records: int | None = None) -> list[bytes]:
    """Text of the annotation channels, an entry for each data record."""
    size = edf.sample_bytes
    record_bytes = size * sum(c.n_samples for c in edf.channels)
    texts = []
    with open(edf.path, "rb") as file:
        for k in range(edf.n_records if n_records is None else n_records):
            text = b""
            for channel in (c for c in edf.channels if c.is_annotation):
                file.seek(edf.header_bytes + k * record_bytes + channel.first * size)
                text += file.read(channel.n_samples * size) + b"\0"
            texts.append(text)
    return texts


def read_edf_annotations(edf: Edf) -> list[tuple[float, float, str]]:
    """Annotations of an EDF+ or BDF+ file.

    Returns
    -------
    list of (onset, duration, text)
        Onset in seconds from the start in the header; a duration that is not given is 0.
    """
    found = []
    for text in _annotation_bytes(edf):
        for onset, duration, words in _TAL.findall(text):
            found += [
                (float(onset), float(duration or 0), word.decode("utf-8", "replace").strip())
                for word in words.split(b"\x14")
                if word.strip()
            ]
    return sorted(found, key=lambda row: row[0])
