"""What every stager has in common: it makes hypnograms of recordings, and says what it is."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, overload

from sleepaug.data.files.check import check_file
from sleepaug.data.files.open import OpenRecording, check_kind, open_recording
from sleepaug.data.recording import Recording
from sleepaug.models.words import OneLine
from sleepaug.staging.doubtful import with_doubts
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource
from sleepaug.support.errors import SleepaugError, printable

if TYPE_CHECKING:
    from typing import TypeAlias

    from sleepaug.data.files.open import AnyRecording

    SeveralRecordings: TypeAlias = list[AnyRecording] | tuple[AnyRecording, ...]


class Options(TypedDict, total=False):
    """The options of `AnyStager.predict`."""

    map: Mapping[str, str] | None
    exclude: Sequence[str] | None
    reference: str | None
    context: str | None
    sampling_rate: float | None
    channel_names: Sequence[str] | None
    unit: str | None


class AnyStager(OneLine, ABC):
    """A model, or several, that stage recordings; `sleepaug.load_model` gives one.

    Attributes
    ----------
    sources : tuple of ModelSource
        The models that have a say.
    """

    @property
    @abstractmethod
    def sources(self) -> tuple[ModelSource, ...]:
        """The models that have a say, as outputs name them."""

    @abstractmethod
    def stage(
        self,
        recording: OpenRecording,
        *,
        map: Mapping[str, str] | None,
        exclude: Sequence[str] | None,
        reference: str | None,
        context: str | None,
    ) -> Hypnogram:
        """Stage a recording that is open; `predict` does this for any."""

    @overload
    def predict(
        self, recording: SeveralRecordings, **options: Unpack[Options]
    ) -> list[Hypnogram]: ...

    @overload
    def predict(self, recording: AnyRecording, **options: Unpack[Options]) -> Hypnogram: ...

    def predict(
        self,
        recording: AnyRecording | SeveralRecordings,
        *,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
        reference: str | None = None,
        context: str | None = None,
        sampling_rate: float | None = None,
        channel_names: Sequence[str] | None = None,
        unit: str | None = None,
    ) -> Hypnogram | list[Hypnogram]:
        """Stage a recording, or several.

        Parameters
        ----------
        recording : path, mne.io.Raw, mne.Epochs, ndarray, Recording, or a list or tuple of these
            A file, or signals in memory. Epochs last 30 s and follow each other. An array has the
            shape (channels, samples), or (windows, channels, samples) with windows of 30 s.
        map : dict, optional
            Which recorded channel is which, such as ``{"C3": "EEG 4"}``; alternatives are
            separated by ``|``.
        exclude : sequence of str, optional
            Recorded channels that are not to be used.
        reference : str, optional
            In place of the model's own, which is usually as recorded; for the default model "A2",
            "average" or "contralateral", and then eyes and chin are left out.
        context : str, optional
            Whether the epochs around help: "transitions" or "none" for a model of windows,
            "network" or "none" for the default model, nothing for YASA. By default what the model
            is best with.
        sampling_rate : float
            Of an array, in Hz.
        channel_names : sequence of str
            Of an array, such as ``["C3-M2", "EOG left"]``.
        unit : {"V", "mV", "uV"}
            Of an array; volts by default, as in MNE.

        Returns
        -------
        Hypnogram, or list of Hypnogram
            A list for a list or a tuple, in its order.

        Raises
        ------
        RecordingError
            A recording cannot be read, lacks a channel, or is too short.
        ConfigError, ModelError
            An option is not for this model, or not for this recording.
        TypeError
            Something is no recording, or an array has no rate or names.

        Examples
        --------
        >>> import sleepaug
        >>> model, raw = sleepaug.load_model(), sleepaug.simulate_night(1, hours=0.1)
        >>> night = model.predict(raw)
        >>> x = raw.get_data() * 1e6
        >>> same = model.predict(x, sampling_rate=256, channel_names=raw.ch_names, unit="uV")
        >>> (night.stages == same.stages).all()
        np.True_
        """
        if isinstance(recording, list | tuple):
            return self._predict_each(
                recording,
                map=map,
                exclude=exclude,
                reference=reference,
                context=context,
                sampling_rate=sampling_rate,
                channel_names=channel_names,
                unit=unit,
            )
        opened = open_recording(
            recording, sampling_rate=sampling_rate, channel_names=channel_names, unit=unit
        )
        night = self.stage(opened, map=map, exclude=exclude, reference=reference, context=context)
        if isinstance(recording, Recording):
            recording = recording.files[0]
        name = Path(recording).stem if isinstance(recording, str | os.PathLike) else ""
        return with_doubts(replace(night, name=printable(name)))

    def _predict_each(
        self, recordings: SeveralRecordings, **options: Unpack[Options]
    ) -> list[Hypnogram]:
        """Stage several recordings; what is no recording or no file is found before any is."""
        n = len(recordings)
        for k, recording in enumerate(recordings):
            check_kind(recording, f" as element {k} of a list of {n}")
            if isinstance(recording, str | os.PathLike):
                check_file(Path(recording))
        nights = []
        for k, recording in enumerate(recordings):
            try:
                nights.append(self.predict(recording, **options))
            except SleepaugError as error:
                text = f"Element {k} of a list of {n}: {error}"
                raise type(error)(text, parameters=error.parameters) from error
        return nights
