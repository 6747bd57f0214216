"""Adaptation: a model of recordings goes on learning, from the scored nights of one laboratory.

Its networks know sleep from simulated people; a few scored nights teach them how this laboratory
records and scores. Whether that helps is measured on people who were left out, before a model of
all is made.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from tqdm import tqdm

from sleepaug import __version__
from sleepaug.data.stages import STAGES
from sleepaug.experiments.adaptation_check import Check
from sleepaug.experiments.laboratory import Laboratory
from sleepaug.models.description import TrainedOn
from sleepaug.models.recording_model import RecordingModel
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.models.several import ModelNames
from sleepaug.staging.loading import load_model
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.support.errors import ModelError
from sleepaug.support.seeds import derived_seed
from sleepaug.training.recordings.fit import RecordingTraining, fit_network
from sleepaug.training.recordings.nights import ScoredNight
from sleepaug.training.recordings.variation import NOTHING
from sleepaug.training.seen import fingerprint

LEARNING_ON = RecordingTraining(steps=60, learning_rate=1e-3)
"""How networks learn on: chosen on Sleep-EDF, see "Adapting" in `docs/results.md`."""
STRENGTHS = (0.25, 0.5, 1.0)
"""How far the weights may go from the old ones (0) to those learned (1)."""
N_FOLDS = 5


def cross_validate(stager: RecordingStager, lab: Laboratory, *, progress: bool = False) -> Check:
    """Adapt a model to most of the people, and stage the others, until all have been staged.

    Parameters
    ----------
    stager : RecordingStager
        With the model, which stays as it is.
    lab : Laboratory
    progress : bool
        Show a progress bar on a terminal.
    """
    model = stager.model
    n_folds = min(N_FOLDS, len(lab.people))
    part = {person: k % n_folds for k, person in enumerate(lab.people)}
    fold_of = {night: part[str(lab.windows.subject[lab.of(night)[0][0]])] for night in lab.nights}
    p = {strength: np.empty((len(lab.windows), len(STAGES))) for strength in STRENGTHS}
    plain = replace(model, description=replace(model.description, temperature=1.0))
    with tqdm(
        total=n_folds * len(model.networks), desc="Checking", unit="network",
        disable=not progress or None,
    ) as bar:  # fmt: skip
        for fold in range(n_folds):
            own = [night for name, night in lab.nights.items() if fold_of[name] != fold]
            learned = _learn_on(model.networks, own, fold, bar.update)
            for strength in STRENGTHS:
                adapted = replace(plain, networks=part_way(model.networks, learned, strength))
                for name in (name for name in lab.nights if fold_of[name] == fold):
                    rows, places = lab.of(name)
                    night = lab.nights[name]
                    p[strength][rows] = adapted.probabilities(night.x, night.places)[places]
    return Check.of(lab, p)


def adapt(
    stager: RecordingStager, lab: Laboratory, check: Check, *, progress: bool = False
) -> RecordingModel:
    """Let the networks of a model learn on from all nights of a laboratory.

    Parameters
    ----------
    stager : RecordingStager
        With the model, which stays as it is.
    lab : Laboratory
    check : Check
        How far to go, and the temperature.
    progress : bool
        Show a progress bar on a terminal.

    Examples
    --------
    A folder of recordings with their scorings, as `sleepaug adapt` takes it::

        stager = load_adaptable("default")
        lab = read_laboratory(stager, EvaluationSettings(data="edf", data_dir=Path("scored")))
        check = cross_validate(stager, lab)
        if check.helps:
            model = adapt(stager, lab, check)
            save_recording_model(Path("lab.safetensors"), model)
    """
    old, windows = stager.description, lab.windows
    scorings = {fingerprint(windows, night) for night in lab.nights}
    description = replace(
        old,
        temperature=check.temperature,
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
        learned = _learn_on(stager.model.networks, list(lab.nights.values()), N_FOLDS, bar.update)
    networks = part_way(stager.model.networks, learned, check.strength)
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


def part_way(
    old: Sequence[RecordingNetwork], new: Sequence[RecordingNetwork], strength: float
) -> tuple[RecordingNetwork, ...]:
    """Return networks whose weights lie between the old ones (0) and the new ones (1)."""
    networks = copy.deepcopy(tuple(new))
    with torch.no_grad():
        for network, origin in zip(networks, old, strict=True):
            for weight, first in zip(network.parameters(), origin.parameters(), strict=True):
                weight.copy_(torch.lerp(first, weight, strength))
    return networks
