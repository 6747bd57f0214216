"""What every stager has in common: it makes a hypnogram of a recording, and says what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource

if TYPE_CHECKING:
    import mne


class AnyStager(Protocol):
    """A model, or several, that stage recordings; `sleepaug.load_model` gives one.

    Attributes
    ----------
    sources : tuple of ModelSource
        The models that have a say.
    """

    @property
    def sources(self) -> tuple[ModelSource, ...]: ...

    def predict(
        self,
        recording: mne.io.BaseRaw | Path | str,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
        context: str | None = None,
    ) -> Hypnogram:
        """Stage a recording; see `Stager.predict`."""
