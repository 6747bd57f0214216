"""Several models asked about one recording: their probabilities averaged, disagreement marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sleepaug.data.files.open import OpenRecording
from sleepaug.data.stages import UNKNOWN
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.notes import WARNING, is_warning, unmarked
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance
from sleepaug.support.errors import SleepaugError


@dataclass(frozen=True, repr=False)
class SeveralStagers(AnyStager):
    """Models that stage together; each counts as much as the others.

    Attributes
    ----------
    stagers : dict of str to AnyStager
        By a short name.

    Examples
    --------
    >>> import sleepaug
    >>> [source.name for source in sleepaug.load_model("default,spectral").sources]
    ['default', 'spectral']
    """

    stagers: Mapping[str, AnyStager]

    @property
    def facts(self) -> tuple[str, ...]:
        """Name and training set of each."""
        return tuple(f"{one.name} ({one.trained_on_words})" for one in self.sources)

    @property
    def sources(self) -> tuple[ModelSource, ...]:
        """The models, as outputs name them."""
        return tuple(source for stager in self.stagers.values() for source in stager.sources)

    def stage(
        self,
        recording: OpenRecording,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
        context: str | None = None,
    ) -> Hypnogram:
        """Stage an open recording by each model, and average their calibrated probabilities.

        Every model must know the context. A window that some models cannot score is staged by the
        others; `disagree` says where they name different stages. See `predict`.
        """
        nights = {}
        for name, stager in self.stagers.items():
            try:
                nights[name] = stager.stage(
                    recording, map=map, exclude=exclude, reference=reference, context=context
                )
            except SleepaugError as error:
                raise type(error)(f"{name}: {error}", parameters=error.parameters) from error
        first = next(iter(nights.values()))
        each = list(nights.values())
        scored = np.stack([night.scored for night in each])
        total = np.nansum([night.probabilities for night in each], axis=0)
        votes = scored.sum(axis=0)[:, None]
        reasons = [
            "" if votes[k] else "; ".join(dict.fromkeys(night.reason[k] for night in each))
            for k in range(len(first))
        ]
        return replace(
            first,
            probabilities=np.divide(
                total, votes, out=np.full(total.shape, np.nan), where=votes > 0
            ),
            reason=reasons,
            notes=_notes(nights),
            disagree=_disagreement(nights),
            made=Provenance(
                self.sources,
                tuple(dict.fromkeys(text for night in each for text in night.made.channels)),
            ),
        )


def _disagreement(nights: Mapping[str, Hypnogram]) -> list[str]:
    """Name what each model said of a window, where they named different stages; "" elsewhere."""
    stages = np.stack([night.stages for night in nights.values()], axis=1)
    return [
        " ".join(f"{name}={stage}" for name, stage in zip(nights, row, strict=True))
        if len(set(row) - {UNKNOWN}) > 1
        else ""
        for row in stages.tolist()
    ]


def _notes(nights: Mapping[str, Hypnogram]) -> list[str]:
    """Join the notes of all models; of a note that not all have, say whose it is."""
    whose: dict[str, list[str]] = {}
    for name, night in nights.items():
        for note in dict.fromkeys(night.notes):
            whose.setdefault(note, []).append(name)
    notes = [
        note if len(names) == len(nights) else _of(names, note) for note, names in whose.items()
    ]
    return [*notes, f"Probabilities are means over {len(nights)} models: {', '.join(nights)}."]


def _of(names: Sequence[str], note: str) -> str:
    """Begin a note with the models it is from, but leave the word that makes it a warning first."""
    warned = WARNING if is_warning(note) else ""
    return f"{warned}{', '.join(names)}: {unmarked(note)}"
