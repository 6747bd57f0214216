"""Sleep staging: scored nights, cut into windows, split by subject, and a trunk for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from torch import nn

from sleepaug.augment import inapplicable
from sleepaug.augment.eeg import applicable
from sleepaug.data.datasets import DATASETS
from sleepaug.data.folds import split
from sleepaug.data.prepare import prepare_stored
from sleepaug.data.recording import Recording
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES
from sleepaug.data.windows import Windows
from sleepaug.models.description import Description, TrainedOn
from sleepaug.models.trunks import make_trunk
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Count, did_you_mean
from sleepaug.training.finetuning import Start
from sleepaug.training.seen import fingerprint
from sleepaug.training.tasks.simulated import simulated_nights
from sleepaug.training.tasks.streamed import StreamedWindows, fits
from sleepaug.training.tasks.task import Split, Task, TaskData, TaskSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Sleep(TaskSettings):
    """Which nights to learn from, and with which network.

    Attributes
    ----------
    data : str
        Name of a dataset: "simulated" (nights are simulated if there is no `data_dir`), "mass",
        "sleep-edf", "dreams", "edf" or "bids".
    data_dir : Path, optional
        Folder of the recordings.
    pattern : str, optional
        Which files of the folder are recordings (dataset "edf" only), such as "**/*_psg.edf".
    codes : str, optional
        What numbers in scorings mean (datasets "edf" and "bids"): "aasm", "yasa", "from-one",
        "dreams", or pairs such as "0=W,1=N1,2=N2,3=N3,4=R".
    trunk : str
        "chambon2018", "spectral" (`SpectralStager`), or a model of braindecode such as
        "SleepStagerBlanco2020".
    trunk_options : dict
        Further arguments of the trunk, such as drop_prob.
    start_from : Path, optional
        A model whose weights the trunk starts from (`sleepaug.training.finetuning`).
    n_folds : int
        Subjects are split into this many test parts; the rest is half train, half valid. 1 leaves
        no test part.
    ranges : {"paper", "official"}
        What magnitude 1 means: Table 4 and, for reverse, flip and symmetry, the probability 0.5;
        or the authors' code, with masks of up to 100 samples and probabilities of up to 1.
    split_seed : int
        Random seed of the train/valid split. It is not the seed of the run, so that runs with
        several seeds see the same subjects.
    n_subjects : int, optional
        How many of the subjects that are not tested are used, drawn at random: half train, half
        valid. All by default; fewer show how much a method gains on few people.

    Examples
    --------
    >>> Sleep(data="mass", data_dir=Path("nights"), n_folds=3).label
    'mass'
    >>> Sleep(data="mass").problems()
    ["data_dir: dataset 'mass' needs its folder."]
    """

    name: ClassVar[str] = "sleep"
    data: str = "simulated"
    data_dir: Path | None = None
    pattern: str | None = None
    codes: str | None = None
    trunk: str = "chambon2018"
    trunk_options: dict[str, Any] = field(default_factory=dict)
    start_from: Path | None = None
    ranges: Literal["paper", "official"] = "paper"
    n_folds: Count = 5
    split_seed: int = 29
    n_subjects: Count | None = None

    @property
    def label(self) -> str:
        """Name of the dataset."""
        return self.data

    def problems(self) -> list[str]:
        """Name settings that do not go together."""
        lines = []
        if self.data not in DATASETS:
            lines.append(f"data: unknown value {self.data!r}. {did_you_mean(self.data, DATASETS)}")
        elif self.data != "simulated" and self.data_dir is None:
            lines.append(f"data_dir: dataset '{self.data}' needs its folder.")
        lines += [
            f"{name}: only dataset {' and '.join(map(repr, datasets))} can have one, not "
            f"'{self.data}'."
            for name, datasets, value in (
                ("pattern", ("edf",), self.pattern),
                ("codes", ("edf", "bids"), self.codes),
            )
            if value is not None and self.data not in datasets
        ]
        return lines

    def recordings(
        self, *, cache_dir: Path | None = None, progress: bool = False
    ) -> list[Recording]:
        """Find the recordings of the dataset; simulated nights are made at first use."""
        folder = self.data_dir
        if folder is None:
            folder = simulated_nights(cache_dir, progress=progress)
        if not folder.is_dir():
            raise ConfigError(
                f"task.data_dir: '{folder}' is not a folder.", parameters=("data_dir",)
            )
        chosen = {"pattern": self.pattern, "codes": self.codes}
        options = {name: value for name, value in chosen.items() if value is not None}
        return DATASETS[self.data](folder, **options)

    def load(
        self,
        preprocessing: Preprocessing | None = None,
        *,
        fold: int = 0,
        seed: int = 0,
        device: torch.device | str = "cpu",
        cache_dir: Path | None = None,
        progress: bool = False,
    ) -> TaskData:
        """Read, cut and split the nights.

        Parameters
        ----------
        preprocessing : Preprocessing, optional
            Default settings if None.
        fold : int
            Which of the `n_folds` test parts.
        seed : int
            Random seed of the run; recorded nights do not depend on it.
        device : torch.device
            Where the windows are stored.
        cache_dir : Path, optional
            Folder of prepared nights.
        progress : bool
            Show a progress bar on a terminal.

        Raises
        ------
        ConfigError, RecordingError
            The folder is missing, or holds no recording that can be used.
        """
        start = None if self.start_from is None else Start.of(self.start_from)
        windows = prepare_stored(
            self.recordings(cache_dir=cache_dir, progress=progress),
            preprocessing or Preprocessing(),
            cache_dir=cache_dir,
            progress=progress,
            on_error="skip",
            allow_missing=start is not None and start.allow_missing,
        )
        parts = split(windows.subject, fold, self.n_folds, self.split_seed, self.n_subjects)
        whole = fits(windows.x, device)
        splits = {part: _part(windows, parts[part], device, whole=whole) for part in PARTS}
        transforms = applicable(windows.sfreq, windows.ch_names, self.ranges)
        make_trunk = self.trunk_maker(windows.ch_names, windows.sfreq, windows.x.shape[-1])
        learned_from = windows.subset(np.isin(windows.subject, parts["train"] + parts["valid"]))
        return TaskData(
            task=Task(
                train=splits["train"],
                valid=splits["valid"],
                transforms=transforms,
                make_trunk=make_trunk if start is None else start.weighted(make_trunk),
                classes=STAGES,
            ),
            test=splits["test"],
            parts=parts,
            description=self._description(learned_from, len(splits["train"]), start),
            notes=_notes(windows, splits),
            nights=windows.notes,
            known={name: t.amount_at_1 / 2 for name, t in transforms.items()},
        )

    def _description(
        self, learned_from: Windows, n_windows: int, start: Start | None
    ) -> Description:
        """Describe the input, the network, and the nights that the model has seen."""
        nights = np.unique(learned_from.recording)
        scorings = {fingerprint(learned_from, night) for night in nights}
        return Description(
            missing_channels="zero" if start is not None and start.allow_missing else "refuse",
            started_from=None if start is None else start.name,
            channels=tuple(learned_from.ch_names),
            sfreq=learned_from.sfreq,
            ranges=self.ranges,
            trunk=self.trunk,
            trunk_options=self.trunk_options,
            trained_on=TrainedOn(
                data=self.data,
                subjects=tuple(sorted({str(name) for name in learned_from.subject})),
                n_windows=n_windows,
                scorings=tuple(sorted(scorings.union(start.scorings if start else ()))),
            ),
        )

    def trunk_maker(
        self, ch_names: Sequence[str], sfreq: float, n_times: int
    ) -> Callable[[], nn.Module]:
        """Return a function that builds the trunk for this input, freshly initialised."""
        return lambda: make_trunk(
            self.trunk,
            n_chans=len(ch_names),
            n_times=n_times,
            sfreq=sfreq,
            n_classes=len(STAGES),
            **self.trunk_options,
        )


def _notes(windows: Windows, splits: Mapping[str, Split]) -> list[str]:
    """Name transforms that do not apply to these channels, and stages that a split lacks."""
    notes = [f"{name}: left out, {why}" for name, why in inapplicable(windows.ch_names).items()]
    for part, one in splits.items():
        counts = np.bincount(one.y.cpu().numpy(), minlength=len(STAGES))
        absent = [s for s, n in zip(STAGES, counts, strict=True) if not n and counts.any()]
        notes += [f"the {part} split has no window of stage {stage}" for stage in absent]
    return notes


def _part(
    windows: Windows, subjects: list[str], device: torch.device | str, *, whole: bool
) -> Split:
    """Return the windows of some subjects: all on the device, or to be read batch by batch."""
    chosen = windows.subset(np.isin(windows.subject, subjects))
    return Split(
        x=torch.as_tensor(chosen.x.read(), device=device)
        if whole
        else StreamedWindows(chosen.x, device),
        y=torch.as_tensor(chosen.y, device=device),
        group=chosen.recording,
    )
