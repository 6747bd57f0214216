"""Adaptation: a model of recordings goes on learning, from the scored nights of one laboratory.

Its networks know sleep from simulated people; a few scored nights teach them how this laboratory
records and scores. Whether that helps is measured on people who were left out, before a model of
all is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from sleepaug import __version__
from sleepaug.data.stages import STAGES
from sleepaug.experiments.laboratory import Laboratory
from sleepaug.experiments.report import number
from sleepaug.models.description import TrainedOn
from sleepaug.models.recording_model import RecordingModel
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.models.several import ModelNames
from sleepaug.staging.calibration import fit_temperature, softened
from sleepaug.staging.loading import load_model
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.reliability import reliability
from sleepaug.support.errors import ModelError
from sleepaug.support.seeds import derived_seed
from sleepaug.training.metrics import Scores, scores_by_night
from sleepaug.training.recordings.fit import RecordingTraining, fit_network
from sleepaug.training.recordings.nights import ScoredNight
from sleepaug.training.recordings.variation import NOTHING
from sleepaug.training.seen import fingerprint

LEARNING_ON = RecordingTraining(steps=60, learning_rate=1e-3)
"""How networks learn on: chosen on Sleep-EDF, see "Adapting" in `docs/results.md`."""
N_FOLDS = 5


@dataclass(frozen=True)
class Check:
    """How a model and its adaptation do on people whom neither has met.

    Attributes
    ----------
    before, after : Scores
        Of the model as it is, and of models that were adapted to the other people.
    off : (float, float)
        By how much the certainty is off on average, before and after.
    temperature : float
        With which the adapted probabilities fit best.

    Examples
    --------
    >>> y, night = np.array([0, 2, 2, 2]), np.array(["a", "a", "b", "b"])
    >>> before = scores_by_night(y, np.array([0, 2, 1, 1]), night, STAGES)
    >>> check = Check(before, scores_by_night(y, y, night, STAGES), (0.2, 0.1), 1.0)
    >>> check.helps, check.n_better
    (True, 1)
    """

    before: Scores
    after: Scores
    off: tuple[float, float]
    temperature: float

    @property
    def helps(self) -> bool:
        """Whether kappa rose."""
        return (self.after["cohen_kappa"] or 0.0) > (self.before["cohen_kappa"] or 0.0)

    @property
    def n_better(self) -> int:
        """Nights on which more windows were right than before."""
        pairs = zip(self.before["nights"].values(), self.after["nights"].values(), strict=True)
        return sum((one["accuracy"] or 0) < (other["accuracy"] or 0) for one, other in pairs)

    def text(self) -> str:
        """Write both as a table for a terminal."""
        head = ("", "kappa", "balanced", *STAGES, "certainty off by")
        rows = [head] + [
            (
                name,
                number(scores["cohen_kappa"]),
                number(scores["balanced_accuracy"]),
                *map(number, scores["recall"].values()),
                number(off),
            )
            for name, scores, off in zip(
                ("as it is", "adapted"), (self.before, self.after), self.off, strict=True
            )
        ]
        lines = ["".join(f"{cell:<10}" for cell in row).rstrip() for row in rows]
        n = len(self.after["nights"])
        return "\n".join([*lines, f"Better on {self.n_better} of {n} nights."])

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "before": {**self.before, "calibration_error": self.off[0]},
            "after": {**self.after, "calibration_error": self.off[1]},
            "temperature": self.temperature,
            "helps": self.helps,
        }


def cross_validate(model: RecordingModel, lab: Laboratory, *, progress: bool = False) -> Check:
    """Adapt a model to most of the people, and stage the others, until all have been staged.

    Parameters
    ----------
    model : RecordingModel
    lab : Laboratory
    progress : bool
        Show a progress bar on a terminal.
    """
    n_folds = min(N_FOLDS, len(lab.people))
    part = {person: k % n_folds for k, person in enumerate(lab.people)}
    fold_of = {night: part[str(lab.windows.subject[lab.of(night)[0][0]])] for night in lab.nights}
    p = np.empty((len(lab.windows), len(STAGES)))
    with tqdm(
        total=n_folds * len(model.networks), desc="Checking", unit="network",
        disable=not progress or None,
    ) as bar:  # fmt: skip
        for fold in range(n_folds):
            own = [night for name, night in lab.nights.items() if fold_of[name] != fold]
            networks = _learn_on(model.networks, own, fold, bar.update)
            plain = replace(model.description, temperature=1.0)
            adapted = replace(model, networks=networks, description=plain)
            for name in (name for name in lab.nights if fold_of[name] == fold):
                rows, places = lab.of(name)
                night = lab.nights[name]
                p[rows] = adapted.probabilities(night.x, night.places)[places]
    y, recording = lab.windows.y, lab.windows.recording
    log_p = np.log(np.maximum(p, 1e-12))
    temperature, _ = fit_temperature(log_p, y, recording)
    p = softened(log_p, temperature)
    return Check(
        before=scores_by_night(y, lab.probabilities.argmax(axis=1), recording, STAGES),
        after=scores_by_night(y, p.argmax(axis=1), recording, STAGES),
        off=(reliability(lab.probabilities, y).expected_error, reliability(p, y).expected_error),
        temperature=temperature,
    )


def adapt(
    stager: RecordingStager, lab: Laboratory, temperature: float, *, progress: bool = False
) -> RecordingModel:
    """Let the networks of a model learn on from all nights of a laboratory.

    Parameters
    ----------
    stager : RecordingStager
        With the model, which stays as it is.
    lab : Laboratory
    temperature : float
        Of the new model; `cross_validate` finds it.
    progress : bool
        Show a progress bar on a terminal.

    Examples
    --------
    A folder of recordings with their scorings, as `sleepaug adapt` takes it::

        stager = load_adaptable("default")
        lab = read_laboratory(stager, EvaluationSettings(data="edf", data_dir=Path("scored")))
        check = cross_validate(stager.model, lab)
        if check.helps:
            model = adapt(stager, lab, check.temperature)
            save_recording_model(Path("lab.safetensors"), model)
    """
    old, windows = stager.description, lab.windows
    scorings = {fingerprint(windows, night) for night in lab.nights}
    description = replace(
        old,
        temperature=temperature,
        sleepaug=__version__,
        started_from=stager.name,
        trained_on=TrainedOn(
            data=lab.name,
            subjects=tuple(lab.people),
            n_windows=len(windows),
            scorings=tuple(sorted(scorings.union(old.trained_on.scorings))),
            n_recordings=len(lab.nights),
        ),
    )
    with tqdm(
        total=old.n_networks, desc="Adapting", unit="network", disable=not progress or None
    ) as bar:
        networks = _learn_on(stager.model.networks, list(lab.nights.values()), N_FOLDS, bar.update)
    return replace(stager.model, networks=networks, description=description)


def load_adaptable(name: ModelNames) -> RecordingStager:
    """Load a model that can be adapted; raise a ModelError for one that cannot."""
    stager = load_model(name)
    if not isinstance(stager, RecordingStager):
        raise ModelError(
            f"{name}: this model cannot be adapted. Name one for whole recordings, such as "
            "'default'; models that `train` made are fine-tuned by `sleepaug train --from`.",
            parameters=("model",),
        )
    return stager


def _learn_on(
    networks: Sequence[RecordingNetwork],
    nights: Sequence[ScoredNight],
    fold: int,
    tell: Callable[[], object],
) -> tuple[RecordingNetwork, ...]:
    """Train copies of networks on nights as they are, without variation."""
    learned = []
    for trial, network in enumerate(networks):
        seed = derived_seed(LEARNING_ON.seed, "adaptation", fold=fold, trial=trial)
        learned.append(fit_network(nights, LEARNING_ON, NOTHING, seed=seed, start=network))
        tell()
    return tuple(learned)
