"""Hypnogram: the stages of one night with their probabilities."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS
from sleepaug.staging.hypnogram.lights import lights_in_seconds
from sleepaug.staging.hypnogram.provenance import Provenance
from sleepaug.staging.hypnogram.statistics import sleep_statistics

DISAGREE = "the models disagree"

if TYPE_CHECKING:
    import mne
    import pandas as pd
    import yasa
    from matplotlib.figure import Figure

    from sleepaug.staging.excerpts import Excerpt


@dataclass(frozen=True, repr=False)
class Hypnogram:
    """The staging of one night.

    Attributes
    ----------
    onset : ndarray of shape (n_windows,)
        Seconds from the start of the recording.
    probabilities : ndarray of shape (n_windows, 5)
        Of W, N1, N2, N3 and R; NaN where the window was not scored.
    reason : sequence of str
        Why a window was not scored; "" where it was.
    start : datetime, optional
        Local time at which the recording starts, without a zone.
    notes : sequence of str
        What was done to the recording: channels used, filters left out.
    spectrum : ndarray of shape (n_windows, n_freqs), optional
        Power of one channel as recorded, every 0.2 Hz from 0 on, in uV^2/Hz, for the picture.
    spectrum_channel : str
        What it is called in the recording.
    defer : float
        Share of the scored windows that a person should look at first, 0 to 1.
    lights_off, lights_on : float, optional
        Seconds from the start of the recording; statistics are of the time between.
    name : str
        Of the night, for titles.
    disagree : sequence of str, optional
        Where several models were asked: what each named in a window, such as "default=N2 yasa=R",
        if they named different stages; "" where they agree.
    made : Provenance
        Models, channels used, command.
    excerpts : sequence of Excerpt
        Signals of epochs to look at first, for the report; see `sleepaug.staging.excerpts`.
    age : float, optional
        Of the person in years.
    by_person : ndarray of shape (n_windows,), str, optional
        Stage that a person gave a window, who may agree with the model; "" where nobody did.

    Examples
    --------
    >>> probabilities = np.full((4, 5), 0.05) + 0.75 * np.eye(5)[[0, 1, 2, 4]]
    >>> night = Hypnogram(30.0 * np.arange(4), probabilities, [""] * 4)
    >>> night.stages.tolist(), night.statistics()["TST"]
    (['W', 'N1', 'N2', 'R'], 1.5)
    """

    onset: np.ndarray
    probabilities: np.ndarray
    reason: Sequence[str]
    start: datetime | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    spectrum: np.ndarray | None = None
    spectrum_channel: str = ""
    defer: float = 0.0
    lights_off: float | None = None
    lights_on: float | None = None
    name: str = ""
    disagree: Sequence[str] | None = None
    made: Provenance = field(default_factory=Provenance)
    by_person: np.ndarray | None = None
    excerpts: Sequence[Excerpt] = ()
    age: float | None = None

    def __len__(self) -> int:
        return len(self.onset)

    def __repr__(self) -> str:
        from sleepaug.staging.hypnogram.words import in_a_line

        return in_a_line(self)

    def _repr_html_(self) -> str:
        from sleepaug.staging.hypnogram.words import in_a_notebook

        return in_a_notebook(self)

    def __getitem__(self, part: slice) -> Hypnogram:
        """Return the windows of a slice, such as ``night[120:240]`` for the second hour.

        Times still count from the start of the recording.
        """
        from sleepaug.staging.hypnogram.cut import windows_of

        return windows_of(self, part)

    @property
    def automatic(self) -> np.ndarray:
        """The likeliest stage of each window, "?" where there is none, shape (n_windows,), str."""
        best = np.nan_to_num(self.probabilities).argmax(axis=1)
        return np.where(self._blank, UNKNOWN, np.array(STAGES)[best])

    @property
    def reviewed(self) -> np.ndarray:
        """Whether a person gave a window its stage, shape (n_windows,), bool."""
        if self.by_person is None:
            return np.zeros(len(self), bool)
        return self.by_person != ""

    @property
    def stages(self) -> np.ndarray:
        """The stage of each window: a person's, else the likeliest, else "?", (n_windows,), str."""
        if self.by_person is None:
            return self.automatic
        return np.where(self.reviewed, self.by_person, self.automatic)

    @property
    def scored(self) -> np.ndarray:
        """Whether a window has a stage, shape (n_windows,), bool."""
        return self.stages != UNKNOWN

    @property
    def confidence(self) -> np.ndarray:
        """Probability of the likeliest stage, NaN where there is none, shape (n_windows,)."""
        return self.probabilities.max(axis=1, initial=-np.inf)

    @property
    def look_first(self) -> np.ndarray:
        """Indices of the least certain of the staged windows, the least certain first.

        As many as the share `defer` asks for, rounded up.
        """
        return self.least_certain(int(np.ceil(self.defer * (~self._blank).sum() - 1e-9)))

    def least_certain(self, n: int) -> np.ndarray:
        """Return the indices of the `n` windows of least confidence, the least certain first."""
        staged = np.flatnonzero(~self._blank)
        return staged[np.argsort(self.confidence[staged], kind="stable")[:n]]

    @property
    def _blank(self) -> np.ndarray:
        """Whether the model gave a window no stage, shape (n_windows,), bool."""
        return np.isnan(self.probabilities).any(axis=1)

    def table(self) -> pd.DataFrame:
        """Return one row for each 30-s epoch.

        Returns
        -------
        DataFrame
            Columns epoch (from 1), onset and duration (s), time (local, ISO), stage, confidence
            (probability of the likeliest stage), p_W, p_N1, p_N2, p_N3, p_R, reason (empty where
            the epoch was scored) and look_first (1 for the least certain, where `defer` asks for
            them). After a review also automatic (the stage of the model) and scorer (of the stage:
            model or person). With several models also disagree (what each named, empty where they
            agree).
        """
        import pandas as pd

        from sleepaug.staging.hypnogram.rows import rows_of

        return pd.DataFrame(rows_of(self))

    def statistics(
        self, *, lights_off: float | str | None = None, lights_on: float | str | None = None
    ) -> dict[str, float | int | None]:
        """Compute sleep statistics from lights off to lights on; see `sleep_statistics`.

        An epoch counts if its middle is between the two. Without lights off they begin with the
        first epoch of the recording, without lights on they end with the last.

        Parameters
        ----------
        lights_off, lights_on : float or str, optional
            Seconds from the start of the recording, or a time of day such as "23:10"; by default
            those of the hypnogram.

        Raises
        ------
        ConfigError, RecordingError
            A time cannot be read, or is not within the recording.
        """
        off, on = lights_in_seconds(self, lights_off, lights_on)
        night = replace(self, lights_off=off, lights_on=on)
        return sleep_statistics(night.stages[night.counted])

    @property
    def counted(self) -> np.ndarray:
        """Whether a window lies between lights off and lights on, shape (n_windows,), bool."""
        middle = self.onset + WINDOW_SECONDS / 2
        low = -np.inf if self.lights_off is None else self.lights_off
        high = np.inf if self.lights_on is None else self.lights_on
        return (middle >= low) & (middle < high)

    def clock(self, seconds: float) -> str:
        """Write a time from the start of the recording as time of day, or as hours from there."""
        since = timedelta(seconds=float(seconds))
        return str(since) if self.start is None else f"{self.start + since:%H:%M:%S}"

    def span(self) -> str:
        """Say of which part of the recording the statistics are."""
        begin = "the start of the recording" if self.lights_off is None else "lights off"
        end = "its end" if self.lights_on is None else "lights on"
        return f"from {begin} to {end}"

    def summary(self) -> str:
        """Count the epochs, the share of each stage and what was not scored, in one line."""
        from sleepaug.staging.hypnogram.words import summary_line

        return summary_line(self)

    def to_annotations(self) -> mne.Annotations:
        """Return annotations such as "Sleep stage N2" of 30 s, for ``raw.set_annotations``."""
        import mne

        names = [f"Sleep stage {stage}" for stage in self.stages]
        return mne.Annotations(self.onset, WINDOW_SECONDS, names)

    def to_yasa(self) -> yasa.Hypnogram:
        """Return a hypnogram of YASA.

        Raises
        ------
        ConfigError
            YASA is not installed.
        """
        from sleepaug.staging.hypnogram.yasa_form import to_yasa

        return to_yasa(self)

    def without_disagreement(self) -> Hypnogram:
        """Leave the windows open in which the models disagree; see `disagree`."""
        differ = np.array([bool(names) for names in self.disagree or [""] * len(self)], bool)
        probabilities = np.where(differ[:, None], np.nan, self.probabilities)
        reason = np.where(differ, DISAGREE, np.asarray(self.reason, object)).tolist()
        return replace(self, probabilities=probabilities, reason=reason)

    def plot(self) -> Figure:
        """Draw the hypnogram over its probabilities over the spectrogram."""
        from sleepaug.staging.hypnogram.plot import draw_hypnogram

        return draw_hypnogram(self)

    @cached_property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        file = io.BytesIO()
        self.plot().savefig(file, format="png", dpi=110)
        return file.getvalue()

    def save(self, path: Path | str, *, overwrite: bool = False) -> None:
        """Write a file of the form that its name says.

        Parameters
        ----------
        path : path
            Ends in .csv (table), .edf (EDF+ annotations), _events.tsv (BIDS, with a sidecar
            .json), .png or .svg (picture), .html (report) or .json (summary).
        overwrite : bool
            Replace a file that exists.

        Raises
        ------
        ConfigError
            There is no form with that ending, or the file already exists.
        OutputError
            The file cannot be written.
        """
        from sleepaug.staging.hypnogram.formats import save

        save(self, Path(path), overwrite=overwrite)
