"""Annotations of EDF+ and BDF+ files. Source: Kemp and Olivan 2003."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sleepaug.data.files.edf import Edf

ENTRY = re.compile(rb"([+-]\d{1,12}(?:\.\d*)?)(?:\x15(\d{1,12}(?:\.\d*)?))?\x14([^\0]*)")
"""Onset, duration and texts of a time-stamped annotation list (TAL)."""


class Annotation(NamedTuple):
    """An annotation: onset and duration in seconds, the onset from the start in the header."""

    onset: float
    duration: float
    text: str


def annotation_bytes(edf: Edf, records: Iterable[int] | None = None) -> list[bytes]:
    """Read the annotation channels, an entry for each data record.

    Parameters
    ----------
    edf : Edf
    records : iterable of int, optional
        Which records; all by default.
    """
    size = edf.sample_bytes
    record_bytes = size * sum(c.n_samples for c in edf.channels)
    texts = []
    with open(edf.path, "rb") as file:
        for k in range(edf.n_records) if records is None else records:
            text = b""
            for channel in (c for c in edf.channels if c.is_annotation):
                file.seek(edf.header_bytes + k * record_bytes + channel.first * size)
                text += file.read(channel.n_samples * size) + b"\0"
            texts.append(text)
    return texts


def read_edf_annotations(edf: Edf) -> list[Annotation]:
    """Read the annotations of an EDF+ or BDF+ file, in the order of their onsets.

    Returns
    -------
    list of Annotation
        A duration that is not given is 0.
    """
    annotations = [
        Annotation(float(onset), float(duration or 0), text.decode("utf-8", "replace").strip())
        for record in annotation_bytes(edf)
        for onset, duration, texts in ENTRY.findall(record)
        for text in texts.split(b"\x14")
        if text.strip()
    ]
    return sorted(annotations, key=lambda annotation: annotation.onset)
