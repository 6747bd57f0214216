"""Fitting the networks of a recording model."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from sleepaug import __version__
from sleepaug.data.signals.features import NAMES
from sleepaug.data.signals.montage import N_PLACE
from sleepaug.data.stages import STAGES
from sleepaug.models.description import TrainedOn
from sleepaug.models.familiarity import Familiarity
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.recording_model import RecordingModel
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.support.seeds import derived_seed
from sleepaug.training.recordings.nights import ScoredNight
from sleepaug.training.recordings.variation import (
    ALL_OF_IT,
    NOTHING,
    Limits,
    Variation,
    directions,
    vary,
)

LENGTHS = {40: 1, 60: 3, 120: 3, 240: 3, 480: 2, 960: 1}
"""Windows of a crop, and how often it is drawn: half hours to whole nights are staged."""
SHORTEST = min(LENGTHS)
"""Windows that one recording at least must have."""
CHANNELS = {1: 0.4, 2: 0.25, 3: 0.2, 4: 0.15}
"""Channels of a crop, and how often it has so many: one EEG channel must do."""
WINDOWS_A_STEP = 3840
SCALED_BY = 80
"""Recordings that the scale of features is learned from."""


@dataclass(frozen=True)
class RecordingTraining:
    """How the networks of a recording model are trained.

    Attributes
    ----------
    steps : int
        Batches for each network.
    n_hidden : int
        Width of a network.
    learning_rate : float
        The highest of a one-cycle schedule (AdamW).
    class_power : float
        A stage of share s weighs ``s ** -class_power`` in the loss.
    smoothing : float
        Share of each label that is spread over all stages.
    opinion_weight : float
        Share of each label that is another stager's opinion, of nights that have one.
    temperature : float
        Of the averaged probabilities. Networks trained on varied nights are less certain than they
        are right; simulated nights, which are easier than real ones, cannot tell by how much, so
        that this was set by real ones (`docs/results.md`).
    seed : int
        Random seed, from which each network's is derived.
    variation : Variation
        What is drawn to stand for other laboratories, recorders and people.
    shares : tuple of (float, float)
        One network is trained with each, and their probabilities are averaged: limits of the part
        of the variation that a recording gets. Some real recordings are nearly as simulated, some
        are not, so that networks of all kinds together were best (`docs/results.md`).
    stage_offsets : tuple of float
        What is added to the logit of each stage (W, N1, N2, N3, R) after training. Networks that
        learned from simulated nights call too much of real ones N3 and REM sleep, and too little W
        and N1.
    """

    steps: int = 400
    n_hidden: int = 48
    learning_rate: float = 3e-3
    class_power: float = 0.4
    smoothing: float = 0.05
    opinion_weight: float = 0.5
    temperature: float = 0.55
    seed: int = 0
    variation: Variation = field(default_factory=Variation)
    shares: tuple[Limits, ...] = 3 * (ALL_OF_IT, (0.0, 1.0), ALL_OF_IT, NOTHING)
    stage_offsets: tuple[float, ...] = (0.4, 0.3, 0.0, -0.4, -0.2)


def fit_recording_model(
    nights: Sequence[ScoredNight], training: RecordingTraining, trained_on: TrainedOn
) -> RecordingModel:
    """Train a recording model.

    Parameters
    ----------
    nights : sequence of ScoredNight
    training : RecordingTraining
    trained_on : TrainedOn
        What the file is to say of the training set.

    Returns
    -------
    RecordingModel
    """
    networks = fit_networks(nights, training)
    eeg = np.concatenate(
        [night.x[::5][:, night.is_eeg].reshape(-1, len(NAMES)) for night in nights]
    )
    familiarity = Familiarity.of(eeg[~np.isnan(eeg).any(axis=1)].astype(float), 0.5 * directions())
    description = RecordingDescription(
        n_hidden=training.n_hidden,
        n_networks=len(networks),
        sleepaug=__version__,
        features=NAMES,
        classes=STAGES,
        trained_on=trained_on,
        temperature=training.temperature,
    )
    return RecordingModel(networks, familiarity, description)


def fit_networks(
    nights: Sequence[ScoredNight], training: RecordingTraining, *, ways: np.ndarray | None = None
) -> tuple[RecordingNetwork, ...]:
    """Train a network for each of `training.shares`, and move the logits of all by the offsets."""
    networks = []
    for k, share in enumerate(training.shares):
        seed = derived_seed(training.seed, "network", trial=k)
        network = fit_network(nights, training, share, seed=seed, ways=ways)
        with torch.no_grad():
            for head in (network.alone, network.among):
                head.bias.add_(torch.tensor(training.stage_offsets))
        networks.append(network)
    return tuple(networks)


def fit_network(
    nights: Sequence[ScoredNight],
    training: RecordingTraining,
    share: Limits,
    *,
    seed: int,
    ways: np.ndarray | None = None,
    start: RecordingNetwork | None = None,
) -> RecordingNetwork:
    """Train one network on random crops of random channels, varied by the share in these limits.

    `ways`, shape (2, n_features), says how the features change with gain and tilt; by default it is
    that of `sleepaug.data.signals.features`. `start` is a network that goes on learning (a copy).
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = _new_network(nights, training.n_hidden) if start is None else copy.deepcopy(start)
    weight = class_weights(nights, training.class_power)
    optimizer = torch.optim.AdamW(network.parameters(), training.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=training.steps, pct_start=0.15
    )
    scaled_ways = torch.from_numpy(directions() if ways is None else ways) / network.sd
    network.train()
    for _ in range(training.steps):
        x, place, y, target = draw_batch(nights, rng, training.opinion_weight)
        present = ~x.isnan().any(dim=-1, keepdim=True)
        z = ((x - network.mean) / network.sd).clamp(-8, 8).nan_to_num()
        z = vary(z, y, training.variation, scaled_ways, share)
        x = torch.where(present, z * network.sd + network.mean, torch.nan)
        loss = torch.zeros(())
        for logits in network.logits(x, place):
            loss = loss + cross_entropy(logits, target, weight, training.smoothing)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return network.eval()


def _new_network(nights: Sequence[ScoredNight], n_hidden: int) -> RecordingNetwork:
    """Make a network that knows what is typical of the features of these nights."""
    n_features = nights[0].x.shape[-1]
    network = RecordingNetwork(n_features=n_features, n_place=N_PLACE, n_hidden=n_hidden)
    network.learn_scale([torch.from_numpy(night.x) for night in nights[:SCALED_BY]])
    return network


def class_weights(nights: Sequence[ScoredNight], power: float) -> Tensor:
    """Return the weight of each stage in the loss (5,): its share to the power of minus `power`."""
    y = np.concatenate([night.y for night in nights])
    share = np.bincount(y[y >= 0], minlength=len(STAGES)) + 1.0
    share /= share.sum()
    return torch.from_numpy(share**-power).float()


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Return torch's weighted cross-entropy with label smoothing, for labels that are mixed.

    `logits` and `target` have shape (..., 5). Windows whose target is zero do not count.
    """
    smoothed = (1 - smoothing) * target + smoothing / len(weight) * target.sum(-1, keepdim=True)
    return -(smoothed * weight * logits.log_softmax(-1)).sum() / (target * weight).sum()


def draw_batch(
    nights: Sequence[ScoredNight], rng: np.random.Generator, opinion_weight: float = 0.0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw crops of one length, each with one EEG channel at least.

    Returns
    -------
    x : Tensor of shape (n, n_windows, 4, n_features)
        NaN where a crop has fewer channels.
    place : Tensor of shape (n, 4, 9)
    y : Tensor of shape (n, n_windows)
    target : Tensor of shape (n, n_windows, 5)
        See `ScoredNight.target`.
    """
    lengths = np.array([n for n in LENGTHS if any(len(night.y) >= n for night in nights)])
    shares = np.array([LENGTHS[int(n)] for n in lengths], float)
    n_windows = int(rng.choice(lengths, p=shares / shares.sum()))
    long_enough = [night for night in nights if len(night.y) >= n_windows]
    size = int(np.clip(WINDOWS_A_STEP // n_windows, 4, 64))
    most = max(CHANNELS)
    x = np.full((size, n_windows, most, nights[0].x.shape[-1]), np.nan, np.float32)
    place = np.zeros((size, most, N_PLACE), np.float32)
    y = np.empty((size, n_windows), np.int64)
    target = np.empty((size, n_windows, len(STAGES)), np.float32)
    for row, k in enumerate(rng.integers(0, len(long_enough), size)):
        night = long_enough[k]
        begin = int(rng.integers(0, len(night.y) - n_windows + 1))
        end = begin + n_windows
        eeg = rng.permutation(np.flatnonzero(night.is_eeg))
        rest = rng.permutation(np.setdiff1d(np.arange(len(night.is_eeg)), eeg[:1]))
        n_chans = int(rng.choice(list(CHANNELS), p=list(CHANNELS.values())))
        chosen = np.concatenate([eeg[:1], rest])[:n_chans]
        x[row, :, : len(chosen)] = night.x[begin:end][:, chosen]
        place[row, : len(chosen)] = night.places[chosen]
        y[row] = night.y[begin:end]
        target[row] = night.target(begin, end, opinion_weight)
    as_tensor = torch.from_numpy
    return as_tensor(x), as_tensor(place), as_tensor(y), as_tensor(target)
