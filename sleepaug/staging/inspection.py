"""A look at a recording before anything runs: header, channels, units, bad stretches, hum, notes.

Nothing is filtered and nothing is guessed silently: what a name was taken for stands with how sure
that is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.files.edf import MICROVOLTS, Edf
from sleepaug.data.files.edf_header import read_edf_annotations
from sleepaug.data.files.open import OpenRaw, open_recording
from sleepaug.data.signals.channels import choose, parse_name
from sleepaug.data.signals.montage import montage
from sleepaug.data.signals.night import CLIPPED, DISCONNECTED_MICROVOLTS
from sleepaug.data.signals.preprocessing import MAX_SFREQ, unusable
from sleepaug.data.signals.quality import (
    PLAUSIBLE_MICROVOLTS,
    QualityMonitor,
    is_flat,
    unit_suggestion,
)
from sleepaug.data.stages import WINDOW_SECONDS, is_stage
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.staging.scoring_fit import scoring_fit, scoring_lines
from sleepaug.support.errors import RecordingError, printable
from sleepaug.support.text import ranges

ROLES = (
    ("eog", ("eog", "e1", "e2", "loc", "roc")),
    ("emg", ("emg", "chin", "leg", "tib")),
    ("ecg", ("ecg", "ekg")),
    ("respiration", ("resp", "flow", "abdo", "thor", "nasal", "snore", "spo2", "sao2")),
)
WELCH_SECONDS = 4
HUM_EVERY = 10
"""Hum is looked for in every so many-th epoch."""


def inspect_recording(
    path: Path,
    model: Path | None = None,
    *,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] | None = None,
    reference: str | None = None,
) -> dict[str, Any]:
    """What a recording holds, and what a model would use of it.

    Parameters
    ----------
    path : Path
    model : path, optional
        A run folder or model file; by default the shipped model, if there is one.
    map, exclude, reference
        See `Stager.predict`.

    Returns
    -------
    dict
        Ready for JSON: `file`, `format`, `start`, `hours`, `notes`, `channels` (a list),
        `annotations` and `model`.

    Raises
    ------
    RecordingError
        The file cannot be read.
    """
    recorded = open_recording(path)
    edf = recorded if isinstance(recorded, Edf) else None
    return {
        "file": str(path),
        "format": path.suffix.lower().lstrip(".") + (", with gaps" if edf and _gaps(edf) else ""),
        "start": recorded.begins and recorded.begins.isoformat(),
        "hours": round(recorded.seconds / 3600, 4),
        "notes": list(recorded.notes),
        "channels": _channels(recorded),
        "annotations": _annotations(recorded),
        "scoring": scoring_fit(path, recorded.seconds),
        "model": _model_use(recorded, model, map or {}, reference, exclude),
    }


def _gaps(edf: Edf) -> bool:
    return edf.record_onsets is not None


def role_of(name: str) -> tuple[str, str]:
    """What a channel seems to be by its name, and how sure that is.

    Examples
    --------
    >>> role_of("EEG C3-A2"), role_of("Chin EMG"), role_of("X7")
    (('eeg', 'sure'), ('emg', 'likely'), ('unknown', ''))
    """
    parsed = parse_name(name)
    if parsed is not None:
        return "eeg", "sure" if parsed.reference else "likely"
    words = name.lower()
    for role, parts in ROLES:
        if any(part in words for part in parts):
            return role, "likely"
    return ("eeg", "unsure") if "eeg" in words else ("unknown", "")


def _channels(recorded: Edf | OpenRaw) -> list[dict[str, Any]]:
    """Each channel: what it is called and seems to be, its rate and unit, how its samples look."""
    found = {name: _header(recorded, name) for name in recorded.names}
    voltages: dict[float, list[str]] = {}
    for name, channel in found.items():
        if "problem" not in channel and channel["unit"].lower() in MICROVOLTS:
            voltages.setdefault(recorded.rate(name), []).append(name)
    for names in voltages.values():
        for name, seen in _samples(QualityMonitor(recorded), names).items():
            found[name] |= seen
            found[name] |= _amplitude_problem(found[name])
    return list(found.values())


def _header(recorded: Edf | OpenRaw, name: str) -> dict[str, Any]:
    """What the name and the header say of a channel."""
    role, sure = role_of(name)
    parsed = parse_name(name)
    unit = recorded.channel(name).unit if isinstance(recorded, Edf) else "uV"
    found: dict[str, Any] = {
        "name": printable(name),
        "role": role,
        "sure": sure,
        "electrode": parsed and parsed.electrode,
        "reference": (parsed and parsed.reference) or None,
        "bipolar": bool(parsed and parsed.is_bipolar),
        "rate": round(recorded.rate(name), 6),
        "unit": printable(unit),
    }
    if not 1 <= recorded.rate(name) <= MAX_SFREQ:
        found["problem"] = f"its rate is not between 1 and {MAX_SFREQ:g} Hz: not looked at"
    elif isinstance(recorded, Edf):
        if role == "eeg" and unit.lower() not in MICROVOLTS:
            said = f"the unit is {unit!r}" if unit else "there is no unit in the header"
            found["problem"] = f"{said}, and {recorded.unit_by_amplitude(name)}"
        elif unit.lower() in MICROVOLTS and not recorded.has_scale(name):
            found["problem"] = "equal or impossible limits in the header: its samples have no scale"
    return found


def _samples(watched: QualityMonitor, names: list[str]) -> dict[str, dict[str, Any]]:
    """Robust amplitude, bad stretches and hum of channels that share a rate, in one pass."""
    rate, n = watched.rate(names[0]), watched.n_windows
    flat, missing = (np.zeros((len(names), n), bool) for _ in range(2))
    amplitude = np.zeros((len(names), n))
    hums: list[list[dict[str, float]]] = [[] for _ in names]
    edges = np.rint(np.arange(n + 1) * WINDOW_SECONDS * rate).astype(int)
    for k in range(n):
        x = watched.read(names, edges[k], edges[k + 1])
        missing[:, k], flat[:, k] = np.isnan(x).any(axis=1), is_flat(x)
        amplitude[:, k] = x.std(axis=1)
        if k % HUM_EVERY == 0:
            for good_row in np.flatnonzero(~(missing[:, k] | flat[:, k])):
                hums[good_row].append(_line_noise(x[good_row], rate))
    limits = watched.at_limits(names) if n else np.zeros((len(names), 0))
    found = {}
    for row, name in enumerate(names):
        good = ~(flat[row] | missing[row])
        typical = float(np.median(amplitude[row, good])) if good.any() else None
        found[name] = {
            "amplitude": None if typical is None else round(typical, 3),
            "flat": _epochs(flat[row]),
            "clipped": _epochs(limits[row] >= CLIPPED),
            "disconnected": _epochs(good & (amplitude[row] < DISCONNECTED_MICROVOLTS)),
            "missing": _epochs(missing[row]),
            "line_noise": {
                mains: round(float(np.median([hum[mains] for hum in hums[row]])), 3)
                for mains in (hums[row][0] if hums[row] else ())
            },
        }
    return found


def _amplitude_problem(channel: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with an EEG channel whose amplitude is not that of EEG."""
    lowest, highest = PLAUSIBLE_MICROVOLTS
    typical = channel["amplitude"]
    if channel["role"] != "eeg" or typical is None or lowest <= typical <= highest:
        return {}
    return {
        "problem": f"typical amplitude {typical:.3g} uV, EEG has {lowest:g} to {highest:g}. "
        f"{unit_suggestion(typical)}"
    }


def _line_noise(x: np.ndarray, rate: float) -> dict[str, float]:
    """Amplitude (root mean square, uV) of the mains at 50 and 60 Hz, above what is around it."""
    n = round(WELCH_SECONDS * rate)
    parts = x[: len(x) // n * n].reshape(-1, n)
    taper = np.hanning(n)
    power = (np.abs(np.fft.rfft((parts - parts.mean(1, keepdims=True)) * taper)) ** 2).mean(axis=0)
    power *= 2 / (taper**2).sum() / n
    frequency = np.fft.rfftfreq(n, 1 / rate)
    hum = {}
    for mains in (50, 60):
        if rate / 2 > mains + 2:
            near = np.abs(frequency - mains) <= 1
            around = (np.abs(frequency - mains) <= 4) & ~near
            above = power[near].sum() - np.median(power[around]) * near.sum()
            hum[f"{mains} Hz"] = float(np.sqrt(max(above, 0)))
    return hum


def _epochs(mask: np.ndarray) -> dict[str, Any]:
    """How many epochs, and which, counted from 1."""
    return {"n": int(mask.sum()), "epochs": ranges(np.flatnonzero(mask) + 1)}


def _annotations(recorded: Edf | OpenRaw) -> list[dict[str, Any]]:
    """The different annotations, how often, and whether they name a stage."""
    if isinstance(recorded, Edf):
        texts = [text for _, _, text in read_edf_annotations(recorded)]
    else:
        texts = [str(text) for text in recorded.raw.annotations.description]
    return [
        {"text": printable(text[:80]), "n": n, "stage": is_stage(text)}
        for text, n in Counter(texts).most_common(50)
    ]


def _model_use(
    recorded: Edf | OpenRaw,
    model: Path | None,
    map: Mapping[str, str],
    reference: str | None,
    exclude: Sequence[str] | None,
) -> dict[str, Any] | None:
    """Which channels a model would use, or why it cannot; None where there is no model."""
    from sleepaug.models.cards import find_model, read_card, shipped_models

    if model is None and not shipped_models():
        return None
    path = find_model(model)
    description = read_card(path).description
    if isinstance(description, RecordingDescription):
        return {"file": str(path), "allow_missing": True, **_montage_use(recorded, map, exclude)}
    settings = description.preprocessing.with_overrides(map, reference, exclude)
    allow_missing = description.missing_channels == "zero"
    found: dict[str, Any] = {"file": str(path), "allow_missing": allow_missing}
    try:
        sources = choose(
            [name for name in recorded.names if name not in unusable(recorded, settings)],
            settings.channels,
            settings.map,
            settings.reference,
            allow_missing=allow_missing,
        )
    except RecordingError as error:
        return found | {"problem": str(error)}
    return found | {
        "uses": [source.sentence for source in sources.values()],
        "goes_without": [name for name in settings.channels if name not in sources],
    }


def _montage_use(
    recorded: Edf | OpenRaw, map: Mapping[str, str], exclude: Sequence[str] | None
) -> dict[str, Any]:
    """Which channels a recording model would use."""
    try:
        used = montage(recorded, map, exclude or ())
    except RecordingError as error:
        return {"problem": str(error)}
    pairs = zip(used.names.items(), used.kind, strict=True)
    return {
        "uses": [f"{place}: {name} ({kind})" for (place, name), kind in pairs],
        "goes_without": [],
    }


def inspection_text(found: Mapping[str, Any]) -> str:
    """What `inspect_recording` found, as text."""
    start = found["start"] or "the file does not say when it starts"
    lines = [
        printable(found["file"]),
        f"  {found['format']}, {found['hours']:.2f} h, start: {start}",
        *(f"  {note}" for note in found["notes"]),
        f"  {len(found['channels'])} channels:",
    ]
    for channel in found["channels"]:
        lines += _channel_lines(channel)
    lines.append(f"  {sum(a['n'] for a in found['annotations'])} annotations")
    lines += [
        f"    {a['n']:>5} {a['text']}{' (a stage)' if a['stage'] else ''}"
        for a in found["annotations"][:12]
    ]
    lines += scoring_lines(found["scoring"])
    if (use := found["model"]) is None:
        lines.append("  No model ships with this copy: name one with --model.")
    elif "problem" in use:
        lines.append(f"  The model {printable(use['file'])} cannot be used: {use['problem']}")
    else:
        lines.append(f"  The model {printable(use['file'])} would use")
        lines += [f"    {sentence}" for sentence in use["uses"]]
        if use["goes_without"]:
            lines.append(f"    and go without {', '.join(use['goes_without'])}")
    return "\n".join(lines)


def _channel_lines(channel: Mapping[str, Any]) -> list[str]:
    """A channel in a line, and a line for each thing that is wrong with it."""
    what = channel["role"] + (f" ({channel['sure']})" if channel["sure"] else "")
    if channel["electrode"]:
        what += f" {channel['electrode']}, reference {channel['reference'] or 'not named'}"
    amplitude = channel.get("amplitude")
    shown = "" if amplitude is None else f"{amplitude:.1f} uV"
    unit = channel.get("unit", "uV") or "no unit"
    lines = [f"    {channel['name']:<20} {what:<38} {channel['rate']:g} Hz  {unit:<8}{shown}"]
    lines += [
        f"      {fault}: {channel[fault]['n']} epochs ({channel[fault]['epochs']})"
        for fault in ("flat", "clipped", "disconnected", "missing")
        if channel.get(fault, {}).get("n")
    ]
    hum = {k: v for k, v in channel.get("line_noise", {}).items() if v > 5}
    lines += [f"      {mains} hum: {value:.0f} uV" for mains, value in hum.items()]
    if "problem" in channel:
        lines.append(f"      {channel['problem']}")
    return lines
