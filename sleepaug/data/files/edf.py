"""Samples of EDF, EDF+ and BDF files: only the channels and the stretch that are asked for.

Gaps of discontinuous files (EDF+D) come back as NaN. `edf_header.py` makes the `Edf` of a file.
Source: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from sleepaug.support.errors import RecordingError

MICROVOLTS = {"uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6, "nv": 1e-3}
MICROVOLTS["âµv"] = 1.0  # "µV" in UTF-8, read as Latin-1
VERSIONS = (b"0       ", b"\xffBIOSEMI")
"""The first bytes of EDF and of BDF files."""

USUAL_MICROVOLTS = (3.0, 300.0)
"""Typical amplitudes that EEG has: a unit that gives one of these is suggested."""
HUGE = 1e15
"""Microvolts (and steps of one over so many) beyond which limits in a header are damaged."""
LOOK_SECONDS = 600.0
"""So much of a signal without a unit is looked at."""

_LARGE_RECORD = 2**21  # samples; larger data records are not read whole


@dataclass(frozen=True)
class Channel:
    """One signal of an EDF file: its header fields and where it lies in a data record."""

    name: str
    label: str  # as in the file; `name` tells channels with equal labels apart
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    n_samples: int  # in each data record
    first: int  # sample of the data record at which it begins
    is_annotation: bool


@dataclass(frozen=True)
class Edf:
    """An EDF, EDF+ or BDF file whose header was read and checked by `read_edf_header`.

    Attributes
    ----------
    path : Path
    header_bytes, sample_bytes : int
        Bytes of the header, and of a sample: 2 in EDF, 3 in BDF.
    n_records : int
        Data records in the file.
    record_seconds : float
        Length of a data record.
    start : datetime or None
        Local time in the header, if it is known.
    start_offset : float
        Seconds from there to the first sample.
    channels : tuple of Channel
        Signals and annotations, in the order of the file.
    record_onsets : ndarray of shape (n_records,) or None
        Seconds of each data record from the start of the file, where the file has gaps.
    notes : tuple of str
        What had to be decided while reading, a sentence each.
    bads : frozenset of str
        Channels that are marked as bad beside the file.

    Examples
    --------
    >>> import tempfile
    >>> import edfio
    >>> from sleepaug.data.files.edf_header import read_edf_header
    >>> path = Path(tempfile.mkdtemp()) / "night.edf"
    >>> signal = edfio.EdfSignal(np.arange(512.0), 256, label="C3", physical_dimension="uV")
    >>> edfio.Edf([signal]).write(path)
    >>> edf = read_edf_header(path)
    >>> edf.names, edf.rate("C3"), edf.read(["C3"], 100, 103).round(1).tolist()
    (['C3'], 256.0, [[100.0, 101.0, 102.0]])
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
    bads: frozenset[str] = frozenset()
    unit_rule: ClassVar[str] = ""

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
        """Return the signal of that name."""
        return next(c for c in self.channels if c.name == name and not c.is_annotation)

    def rate(self, name: str) -> float:
        """Return the sampling rate of a signal in Hz."""
        return self.channel(name).n_samples / self.record_seconds

    def n_times(self, name: str) -> int:
        """Return the number of samples of a signal from start to end, gaps included."""
        return round(self.seconds * self.rate(name))

    def microvolts(self, name: str) -> float:
        """Return the factor from the unit in the header to microvolts.

        Raises
        ------
        RecordingError
            The unit is no voltage.
        """
        unit = self.channel(name).unit
        if unit.lower() in MICROVOLTS:
            return MICROVOLTS[unit.lower()]
        stated = f"has the unit {unit!r}" if unit else "has no unit in the file's header"
        raise RecordingError(
            f"{self.path}: channel '{name}' {stated}, and {self.unit_by_amplitude(name)}. EEG "
            "needs one of uV, mV, V, nV. If it is EEG, write its unit into the header (EDFbrowser: "
            "Tools, Header editor)."
        )

    def unit_by_amplitude(self, name: str) -> str:
        """Say which unit a signal without a unit of voltage could have, by its first minutes."""
        (p0, p1), (d0, d1) = self.channel(name).physical, self.channel(name).digital
        if not has_limits(self.channel(name)):
            return "its samples have no scale"
        x = self.digital(name, round(LOOK_SECONDS * self.rate(name)))
        amplitude = float(np.std(x)) * abs((p1 - p0) / (d1 - d0))
        lowest, highest = USUAL_MICROVOLTS
        for unit, factor in (("uV", 1.0), ("mV", 1e3), ("V", 1e6)):
            if lowest <= amplitude * factor <= highest:
                return f"by its amplitude it could be {unit} ({amplitude * factor:.0f} uV)"
        return f"its amplitude ({amplitude:.3g}) is that of EEG in no unit"

    def problem(self, name: str) -> str:
        """Say why a signal is not to be used; "" if it can be."""
        if name in self.bads or self.channel(name).label in self.bads:
            return "marked as bad"
        return "" if has_limits(self.channel(name)) else "equal or no limits in the header"

    def has_scale(self, name: str) -> bool:
        """Tell whether a signal in a unit of voltage can be read."""
        try:
            self._scale(self.channel(name))
        except RecordingError:
            return False
        return True

    def read(self, names: Sequence[str], start: int, stop: int) -> np.ndarray:
        """Read samples of signals that share a rate.

        Parameters
        ----------
        names : sequence of str
        start, stop : int
            The first sample, and the one after the last.

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

    def digital(self, name: str, n: int) -> np.ndarray:
        """Read the first `n` samples of a signal as they are in the file, gaps left out."""
        channel = self.channel(name)
        n_records = min(math.ceil(n / channel.n_samples), self.n_records)
        return self._records([channel], [(1.0, 0.0)], 0, n_records)[0, :n]

    def _scale(self, channel: Channel) -> tuple[float, float]:
        """Compute gain and offset from digital values to microvolts."""
        (p0, p1), (d0, d1) = channel.physical, channel.digital
        if not has_limits(channel):
            raise RecordingError(
                f"{self.path}: channel '{channel.name}' has equal or unreadable limits in the "
                f"header ({p0:g} and {p1:g}, {d0:g} and {d1:g}), so its samples have no scale. "
                "Correct the header (EDFbrowser: Tools, Header editor)."
            )
        factor = self.microvolts(channel.name)
        gain = (p1 - p0) / (d1 - d0) * factor
        offset = p0 * factor - d0 * gain
        if not (1 / HUGE < abs(gain) < HUGE and abs(offset) < HUGE):
            raise RecordingError(
                f"{self.path}: channel '{channel.name}' has limits in the header ({p0:g} to {p1:g} "
                f"{channel.unit}) that no EEG has. Correct the header (EDFbrowser: Tools)."
            )
        return gain, offset

    def _records(
        self, chosen: list[Channel], scale: list[tuple[float, float]], first: int, last: int
    ) -> np.ndarray:
        """Read data records `first` to `last` of the chosen channels, joined, in microvolts."""
        per_record = sum(c.n_samples for c in self.channels)
        out = np.empty((len(chosen), last - first, chosen[0].n_samples), np.float32)
        with open(self.path, "rb") as file:
            if per_record > _LARGE_RECORD:
                for row, channel in zip(out, chosen, strict=True):
                    for k in range(last - first):
                        at = (first + k) * per_record + channel.first
                        row[k] = self._digital(file, at, channel.n_samples)
            else:
                digital = self._digital(file, first * per_record, (last - first) * per_record)
                digital = digital.reshape(last - first, per_record)
                for row, channel in zip(out, chosen, strict=True):
                    row[:] = digital[:, channel.first : channel.first + channel.n_samples]
        gain, offset = np.array(scale, np.float32).T[:, :, None, None]
        out *= gain
        out += offset
        return out.reshape(len(chosen), -1)

    def _digital(self, file: BinaryIO, at: int, count: int) -> np.ndarray:
        """Read digital values of an open file: 16-bit (EDF) or 24-bit (BDF), little-endian."""
        file.seek(self.header_bytes + at * self.sample_bytes)
        raw = np.fromfile(file, np.uint8, count * self.sample_bytes)
        if len(raw) != count * self.sample_bytes:
            raise RecordingError(f"{self.path}: became shorter while it was read. Copy it again.")
        if self.sample_bytes == 2:
            return raw.view("<i2")
        wide = np.zeros((count, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        return wide.view("<i4")[:, 0] >> 8


def has_limits(channel: Channel) -> bool:
    """Tell whether the header gives a signal different physical and digital limits."""
    (p0, p1), (d0, d1) = channel.physical, channel.digital
    return all(map(math.isfinite, (p0, p1, d0, d1))) and p0 != p1 and d0 != d1


def is_edf(path: Path) -> bool:
    """Tell whether a file is EDF or BDF by its name, or by its first bytes whatever its name."""
    if path.suffix.lower() in (".edf", ".bdf"):
        return True
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(8) in VERSIONS
