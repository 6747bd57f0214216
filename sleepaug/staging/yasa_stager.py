"""Staging by the library YASA, of the channels that the built-in reader finds and checks.

Source: R. Vallat and M. Walker, An open-source, high-performance tool for automated sleep staging,
eLife 2021. Every EEG channel is staged by itself, with the eyes and the chin where the recording
has them, and the probabilities are averaged.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.files.open import OpenRecording
from sleepaug.data.signals.montage import Montage, montage
from sleepaug.data.signals.night import Night, night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.models.description import TrainedOn
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance
from sleepaug.support.errors import ModelError, RecordingError

SFREQ, LOWPASS = 100.0, 40.0
"""YASA works at 100 Hz and passes 0.4 to 30 Hz by itself; more is kept than it can see."""
FEWEST_WINDOWS = 10
LOWEST_RATE = 80.0
"""Hz; of a lower rate YASA's beta band is partly empty."""
MOSTLY = 0.5
"""Share of the windows in which the eyes or the chin must be good to be used at all."""
TRAINED_ON = TrainedOn("National Sleep Research Resource (Vallat and Walker 2021)")
OTHERS = ("eog", "emg")
COLUMNS = ("WAKE", "N1", "N2", "N3", "REM")


@dataclass(frozen=True, repr=False)
class YasaStager(AnyStager):
    """The model of the library YASA.

    Attributes
    ----------
    library : module
        The installed package `yasa`.

    Examples
    --------
    >>> YasaStager.load().facts[0].startswith("yasa ")
    True
    """

    library: Any

    @classmethod
    def load(cls) -> YasaStager:
        """Import the library.

        Raises
        ------
        ModelError
            It is not installed.
        """
        try:
            import yasa
        except ImportError as error:
            raise ModelError(
                f"yasa: the library cannot be imported ({error}). "
                "Run: pip install 'sleepaug[yasa]'",
                parameters=("model",),
            ) from error
        return cls(yasa)

    @property
    def facts(self) -> tuple[str, ...]:
        """Name and training set."""
        return (self.sources[0].name, f"trained on {self.sources[0].trained_on_words}")

    @property
    def sources(self) -> tuple[ModelSource, ...]:
        """The library with its version, and a hash of its classifiers."""
        classifiers = Path(self.library.__file__).parent / "classifiers"
        name = f"yasa {self.library.__version__}"
        return (ModelSource(name, _hash(classifiers), TRAINED_ON),)

    def stage(
        self,
        recording: OpenRecording,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
        context: str | None = None,
    ) -> Hypnogram:
        """Stage a recording that is open, of 5 minutes or more; see `predict`.

        YASA always looks at the windows around, so there is no `context`.
        """
        if context is not None:
            raise ModelError(
                f"context: yasa always looks at the epochs around; {context!r} cannot be chosen.",
                parameters=("context",),
            )
        used = montage(
            recording, map, exclude or (), eeg_only=reference not in (None, "as-recorded")
        )
        settings = Preprocessing(
            channels=tuple(used.names),
            map=used.names,
            exclude=tuple(exclude or ()),
            lowpass=LOWPASS,
            sfreq=SFREQ,
            normalize="none",
        ).with_overrides(reference=reference)
        night = night_windows(recording, settings, allow_missing=True)
        if len(night.x) < FEWEST_WINDOWS:
            raise RecordingError(
                f"{recording.path}: has {len(night.x)} epochs of {WINDOW_SECONDS:g} s; yasa needs "
                f"{FEWEST_WINDOWS}, which are 5 minutes."
            )
        beside = _beside(night, used)
        probabilities = self._vote(night, used, beside)
        staged = ~np.isnan(probabilities).any(axis=1)
        reason = [
            "" if ok else why or "no EEG channel can be used"
            for ok, why in zip(staged, night.reason, strict=True)
        ]
        return Hypnogram(
            onset=night.onset,
            probabilities=probabilities,
            reason=reason,
            start=night.start,
            notes=[*night.notes, *_notes(self.sources[0].name, recording, used, beside)],
            spectrum=night.spectrum,
            spectrum_channel=night.spectrum_channel,
            made=Provenance(self.sources, _used(night, used, beside)),
        )

    def _vote(self, night: Night, used: Montage, beside: Mapping[str, int]) -> np.ndarray:
        """Average the probabilities (n_windows, 5) over the EEG channels good in a window."""
        total = np.zeros((len(night.x), len(STAGES)))
        votes = np.zeros((len(night.x), 1))
        for k in _rows(used, "eeg"):
            good = night.faults[:, k] == ""
            if good.any():
                total[good] += self._stage(night, {"eeg": k, **beside})[good]
                votes[good] += 1
        return np.divide(total, votes, out=np.full_like(total, np.nan), where=votes > 0)

    def _stage(self, night: Night, rows: Mapping[str, int]) -> np.ndarray:
        """Return the probabilities that YASA finds from a channel of each kind."""
        import mne

        volts = [night.x[:, k].ravel() * 1e-6 for k in rows.values()]
        info = mne.create_info(list(rows), SFREQ, list(rows))
        raw = mne.io.RawArray(np.stack(volts), info, verbose="error")
        names = {f"{kind}_name": kind for kind in rows}
        with warnings.catch_warnings():  # of scikit-learn, about the version that saved the model
            warnings.simplefilter("ignore")
            staged = self.library.SleepStaging(raw, **names).predict()
        return staged.proba[list(COLUMNS)].to_numpy()


@cache
def _hash(classifiers: Path) -> str:
    """Hash the files of a folder together."""
    content = hashlib.sha256()
    for file in sorted(classifiers.glob("*.joblib")):
        content.update(file.read_bytes())
    return content.hexdigest()


def _rows(used: Montage, kind: str) -> list[int]:
    return [k for k, other in enumerate(used.kind) if other == kind]


def _beside(night: Night, used: Montage) -> dict[str, int]:
    """Choose one channel of the eyes and one of the chin that are good most of the night."""
    bad = (night.faults != "").mean(axis=0)
    best = {kind: min(_rows(used, kind), key=lambda k: bad[k], default=None) for kind in OTHERS}
    return {kind: k for kind, k in best.items() if k is not None and bad[k] < MOSTLY}


def _used(night: Night, used: Montage, beside: Mapping[str, int]) -> tuple[str, ...]:
    """Name the channels that had a vote, or stood beside one that had, a sentence each."""
    sentence = dict(zip(night.channels, night.used, strict=True))
    votes = [k for k in _rows(used, "eeg") if (night.faults[:, k] == "").any()]
    names = list(used.names)
    return tuple(sentence[names[k]] for k in (*votes, *beside.values()))


def _notes(
    library: str, opened: OpenRecording, used: Montage, beside: Mapping[str, int]
) -> list[str]:
    """Say how it was staged, and warn of a low rate."""
    names = list(used.names)
    others = " and ".join(names[k] for k in beside.values())
    notes = [
        f"Staged by {library}, each EEG channel by itself{f' with {others}' * bool(others)}; "
        "their probabilities were averaged."
    ]
    rate = min(opened.rate(used.names[names[k]]) for k in _rows(used, "eeg"))
    if rate < LOWEST_RATE:
        notes.append(
            f"Warning: the EEG is sampled at {rate:g} Hz; yasa was made for {LOWEST_RATE:g} Hz or "
            "more."
        )
    return notes
