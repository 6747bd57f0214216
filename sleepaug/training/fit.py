"""Fit: the one training loop. It trains one model with one augmentation, an epoch at a time."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor

from sleepaug.augment import Augmentation, AugmentedModel
from sleepaug.support.settings import Count, NotNegative, Positive, Range
from sleepaug.training.class_weights import balanced_weights
from sleepaug.training.cuda_graph import recorded
from sleepaug.training.metrics import balanced_accuracy
from sleepaug.training.scoring import evaluate
from sleepaug.training.tasks.task import Task


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Source: the paper, A.4 (Adam, learning rate 1e-3, betas 0 and 0.999, batches of 16, at most 300
    epochs, patience 30, classes weighted by inverse frequency; C = 1 copy in training, 4 after).

    Attributes
    ----------
    epochs : int
        Largest number of passes over the training windows.
    batch_size : int
        Windows in a step of the optimizer.
    learning_rate, betas, weight_decay
        Of Adam, for the trunk and the augmentation alike.
    patience : int
        Epochs without a better validation balanced accuracy after which training ends.
    optimizer : {"adam", "adamw", "sgd"}
        SGD takes its momentum from the first of `betas`.
    augmentation_learning_rate, augmentation_weight_decay
        Of what the augmentation learns, where they differ from the trunk's.
    schedule : {"constant", "cosine"}
        Learning rates stay, or fall to 0 along half a cosine over all epochs.
    regularization_drop : int, optional
        Epochs after which the regularization of the augmentation falls to a tenth.
    shuffle : bool
        Draw a new order of the windows in each epoch.
    keep : {"best", "last"}
        Which model training ends with: best on the validation split, or that of the last epoch.
    class_weights : {"balanced", "none"}
        Weight of a stage in the loss: inverse to its share of the training split (0 for a stage
        that split lacks), or 1.
    copies_train, copies_eval : int
        Augmented copies of a window that are averaged, where the augmentation is part of the model.
    cuda_graphs : bool
        On a GPU, record the step of a training or a gradient search once and replay it. Not yet
        tried on a GPU.

    Examples
    --------
    >>> Training(epochs=20, patience=5).learning_rate
    0.001
    """

    epochs: Count = 300
    batch_size: Count = 16
    learning_rate: Positive = 1e-3
    betas: tuple[Annotated[float, Range(0, 0.9999)], Annotated[float, Range(0, 0.9999)]] = (
        0.0,
        0.999,
    )
    weight_decay: NotNegative = 0.0
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    augmentation_learning_rate: Positive | None = None
    augmentation_weight_decay: NotNegative | None = None
    schedule: Literal["constant", "cosine"] = "constant"
    regularization_drop: Count | None = None
    shuffle: bool = True
    keep: Literal["best", "last"] = "best"
    patience: Count = 30
    class_weights: Literal["balanced", "none"] = "balanced"
    copies_train: Count = 1
    copies_eval: Count = 4
    cuda_graphs: bool = False


def make_optimizer(model: AugmentedModel, training: Training) -> torch.optim.Optimizer:
    """Make an optimizer of the augmentation and the trunk, each with its own rate and decay."""
    rate, decay = training.augmentation_learning_rate, training.augmentation_weight_decay
    groups: list[dict[str, Any]] = []
    for part, lr, weight_decay in (
        (model.augment, rate or training.learning_rate, decay),
        (model.trunk, training.learning_rate, None),
    ):
        if parameters := list(part.parameters()):
            decay = training.weight_decay if weight_decay is None else weight_decay
            rates = {"lr": lr, "initial_lr": lr, "weight_decay": decay}
            groups.append({"params": parameters, **rates})
    if training.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=training.betas[0], fused=True)
    kind = torch.optim.Adam if training.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, betas=training.betas, fused=True)


class EpochRow(TypedDict):
    """What a fit logs of an epoch; a loss is None where it is not a finite number.

    `train_loss` and `valid_loss` are cross-entropies, `best_epoch` is that of the best balanced
    accuracy so far, `augmentation` is as `Augmentation.describe` gives it.
    """

    epoch: int
    train_loss: float | None
    valid_loss: float | None
    valid_balanced_accuracy: float
    best_epoch: int
    status: str
    augmentation: dict[str, float]


class Fit:
    """The training of one model: a Process whose step is one epoch.

    Parameters
    ----------
    task : Task
    augment : Augmentation
        Applied to each batch in training; after it too, where it is part of the model.
    training : Training
    regularization : float
        Weight of the augmentation's regularizer in the loss (lambda of eq. 3).
    seed : int
        Random seed of the initial weights, the order of windows and all draws: fits with the same
        seed have the same initial weights, whatever their augmentation.

    Attributes
    ----------
    model : AugmentedModel
    n_steps : int
        Epochs done.
    status : str
        ``"running"``, ``"finished"``, ``"early_stopped"`` or ``"diverged"``.

    Examples
    --------
    >>> from sleepaug.augment import Identity
    >>> from sleepaug.training.tasks import Sinusoids
    >>> fit = Fit(Sinusoids().load().task, Identity(), Training(epochs=1), seed=0)
    >>> fit.step()["epoch"], fit.status
    (1, 'finished')
    """

    def __init__(
        self,
        task: Task,
        augment: Augmentation,
        training: Training,
        *,
        regularization: float = 0.0,
        seed: int,
    ) -> None:
        self.task, self.training, self.regularization = task, training, regularization
        device = task.train.x.device
        torch.manual_seed(seed)
        trunk = task.make_trunk()
        self.model = AugmentedModel(
            augment,
            trunk,
            n_copies_train=training.copies_train,
            n_copies_eval=training.copies_eval,
        ).to(device)
        self.optimizer = make_optimizer(self.model, training)
        self.optimizer.register_step_post_hook(lambda *_: self.model.augment.project_())
        self.class_weights = (
            balanced_weights(task.train.y, len(task.classes))
            if training.class_weights == "balanced"
            else torch.ones(len(task.classes), device=device)
        )
        self.n_steps = 0
        self.status = "running"
        self.best_score = -math.inf
        self.best_step = 0
        self.best_state: dict[str, Tensor] = {}

    @property
    def done(self) -> bool:
        return self.status != "running"

    def step(self) -> EpochRow:
        """Train for one epoch, then score the validation split."""
        self.model.train()
        if self.training.schedule == "cosine":
            factor = (1 + math.cos(math.pi * self.n_steps / self.training.epochs)) / 2
            for group in self.optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
        device, augment = self.class_weights.device, self.model.augment
        total = torch.zeros((), device=device)
        size, shuffle = self.training.batch_size, self.training.shuffle
        drop, regularization = self.training.regularization_drop, self.regularization
        if drop is not None and self.n_steps >= drop:
            regularization /= 10
        learn = recorded(
            partial(self._learn, regularization),
            [self.optimizer],
            device,
            wanted=self.training.cuda_graphs,
        )
        for x, y in self.task.train.batches(size, shuffle=shuffle):
            total.add_(learn(x, y), alpha=len(y))
        self.n_steps += 1
        train_loss = float(total) / len(self.task.train)
        score, valid_loss = 0.0, math.nan
        if math.isfinite(train_loss):
            self._measure()
            confusion, valid_loss = evaluate(self.model, self.task.valid, len(self.task.classes))
            score = float(balanced_accuracy(confusion))
        if score > self.best_score and math.isfinite(valid_loss):
            self.best_score, self.best_step = score, self.n_steps
            self.best_state = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        if not math.isfinite(train_loss):
            self.status = "diverged"
        elif self.n_steps >= self.training.epochs:
            self.status = "finished"
        elif self._patience_is_spent:
            self.status = "early_stopped"
        return {
            "epoch": self.n_steps,
            "train_loss": train_loss if math.isfinite(train_loss) else None,
            "valid_loss": valid_loss if math.isfinite(valid_loss) else None,
            "valid_balanced_accuracy": score,
            "best_epoch": self.best_step,
            "status": self.status,
            "augmentation": augment.describe(),
        }

    def _learn(self, regularization: float, x: Tensor, y: Tensor) -> Tensor:
        """Take a step of the optimizer on a batch; return the loss, without the regularizer."""
        value = loss = F.nll_loss(self.model(x), y, weight=self.class_weights)
        if regularization:
            loss = loss + regularization * self.model.augment.regularizer()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return value.detach()

    def _measure(self) -> None:
        """Give the augmentation the validation split, from which the robust selection learns."""
        held_out, trunk = self.task.valid, self.model.trunk
        trunk.eval()
        self.model.augment.measure_(trunk, held_out.x, held_out.y, self.class_weights[held_out.y])

    @property
    def _patience_is_spent(self) -> bool:
        waited = self.n_steps - self.best_step
        return self.training.keep == "best" and waited >= self.training.patience

    def best_model(self) -> AugmentedModel:
        """Return a copy of the model of the best epoch on the validation split (or of the last)."""
        model = copy.deepcopy(self.model)
        if self.training.keep == "best":
            model.load_state_dict(self.best_state)
        return model.eval()

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "n_steps": self.n_steps,
            "status": self.status,
            "best_score": self.best_score,
            "best_step": self.best_step,
            "best_state": self.best_state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name in ("n_steps", "status", "best_score", "best_step", "best_state"):
            setattr(self, name, state[name])
